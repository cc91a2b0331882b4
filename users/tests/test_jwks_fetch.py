"""A provider's keys: which keys of a set are used, and how a fetch from a real server ends."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from users.tests.issuer import (
    DISCOVERY,
    KEYS,
    Answer,
    LocalIssuer,
    drip_body,
    drip_headers,
    hang,
    hang_up,
    jwk_of,
    local_issuer,
    number_of,
    rsa_key,
    says,
    speak_otherwise,
)

from ..oidc.jwks_fetch import LARGEST, JWKSError, JWKSet, fetch_jwks

TIMEOUT = 0.3  # seconds
PATIENCE = 60.0
PRIVATE = number_of(rsa_key("first").private_numbers().d)
EC = {"kty": "EC", "crv": "P-256", "kid": "first", "use": "sig", "x": "AQ", "y": "AQ"}

# Changes of a valid key that make it invalid.
UNUSABLE: dict[str, Any] = {
    "a number": 5,
    "null": None,
    "a list": [],
    "empty": {},
    "an elliptic one": EC,
    "an octet string": {"kty": "oct", "k": "AAAA", "kid": "first"},
    "of no type": jwk_of("first", kty=None),
    "of a type that is a list": jwk_of("first", kty=["RSA"]),
    "for encryption": jwk_of("first", use="enc"),
    "for a use that is a list": jwk_of("first", use=["sig"]),
    "for encrypting operations": jwk_of("first", key_ops=["encrypt"]),
    "for operations that are no list": jwk_of("first", key_ops="verify"),
    "for a number of operations": jwk_of("first", key_ops=5),
    "for another algorithm": jwk_of("first", alg="RS512"),
    "for PSS": jwk_of("first", alg="PS256"),
    "for HMAC": jwk_of("first", alg="HS256"),
    "of a name that is a number": jwk_of("first", kid=5),
    "of a name that is a list": jwk_of("first", kid=["first"]),
    "of 1024 bits": jwk_of("first", rsa_key("weak", 1024)),
    "of 2047 bits": jwk_of("first", n="f" + 340 * "_" + "w"),
    "without a modulus": jwk_of("first", n=None),
    "without an exponent": jwk_of("first", e=None),
    "with a number for a modulus": jwk_of("first", n=5),
    "with an empty modulus": jwk_of("first", n=""),
    "with a modulus that is no base64": jwk_of("first", n="!!!"),
    "with an exponent of one": jwk_of("first", e="AQ"),
    "with an even exponent": jwk_of("first", e="Ag"),
    "with a list for an exponent": jwk_of("first", e=[]),
    "private": jwk_of("first", d=PRIVATE),
}
BAD_ANSWERS: dict[str, Answer] = {
    "HTML": says(b"<!doctype html><title>Sign in</title>"),
    "nothing": says(b""),
    "half a set": says(b'{"keys": ['),
    "a list": says([]),
    "null": says(None),
    "text": says("keys"),
    "no set": says({}),
    "an empty set": says({"keys": []}),
    "a set of no keys": says({"keys": [5, None, {}]}),
    "keys that are no list": says({"keys": {"first": jwk_of("first")}}),
    "no UTF-8": says(b'{"keys": "\xff"}'),
    "deep nesting": says(100_000 * b"["),
    "a number of 5,000 digits": says(5_000 * b"9"),
    "an error": says({"keys": [jwk_of("first")]}, 500),
    "not there": says({"keys": [jwk_of("first")]}, 404),
    "not modified": says(b"", 304),
    "a redirect": says({"keys": [jwk_of("first")]}, 302, {"Location": "/elsewhere"}),
    "too much": says(json.dumps({"keys": [jwk_of("first")]}).encode() + LARGEST * b" "),
    "a length that is no number": says({"keys": []}, headers={"Content-Length": "x"}),
    "a long header": says({"keys": [jwk_of("first")]}, headers={"X-Long": 70_000 * "x"}),
    "compressed": says(b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}),
    "no word": hang_up,
    "no HTTP": speak_otherwise,
    "hanging": hang,
    "dripping headers": drip_headers,
    "a dripping body": drip_body,
}


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    with local_issuer() as issuer:
        yield issuer


# -- Sets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("members", [{}, {"use": None}, {"alg": None}, {"key_ops": ["verify", "sign"]}, {"x5t": 5}])
def test_a_key_for_rs256_is_used(members: dict[str, Any]) -> None:
    keys = JWKSet({"keys": [jwk_of("first", **members)]})

    key = keys.find("first")
    assert key is not None
    assert key.public_numbers() == rsa_key("first").public_key().public_numbers()


@pytest.mark.parametrize("jwk", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_key_that_is_none_is_passed_over(jwk: Any) -> None:
    with pytest.raises(JWKSError):
        JWKSet({"keys": [jwk]})

    keys = JWKSet({"keys": [jwk, jwk_of("second")]})
    assert keys.find("first") is None
    assert keys.find("second") is not None


def test_a_name_that_two_keys_share_is_none() -> None:
    keys = JWKSet({"keys": [jwk_of("first"), jwk_of("first", rsa_key("second")), jwk_of("second")]})

    assert keys.find("first") is None
    assert keys.find("second") is not None
    with pytest.raises(JWKSError):
        JWKSet({"keys": [jwk_of("first"), jwk_of("first")]})


def test_a_name_that_a_key_of_another_type_has_too_is_good() -> None:
    """RFC 7517, section 4.5, speaks of this."""
    assert JWKSet({"keys": [EC, jwk_of("first")]}).find("first") is not None


def test_a_token_without_a_name_means_the_only_key() -> None:
    for only in (jwk_of("first"), jwk_of("first", kid=None)):
        assert JWKSet({"keys": [EC, only]}).find(None) is not None
        assert JWKSet({"keys": [only, jwk_of("second")]}).find(None) is None
    assert JWKSet({"keys": [jwk_of("first", kid=None)]}).find("first") is None


# -- Fetches ----------------------------------------------------------------------------------


def test_keys_are_fetched_from_where_they_are_said_to_be(issuer: LocalIssuer) -> None:
    issuer.answers["/keys?policy=1"] = issuer.answers.pop(KEYS)

    keys = fetch_jwks("https://issuer.invalid/", f"{issuer.url}keys?policy=1", PATIENCE)

    assert keys.find("first") is not None
    assert issuer.asked == ["/keys?policy=1"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_keys_are_found_by_discovery(slash: str, issuer: LocalIssuer) -> None:
    url = f"{issuer.url}realms/home{slash}"
    path = "/realms/home/.well-known/openid-configuration"
    issuer.answers[path] = says({"issuer": url, "jwks_uri": f"{issuer.url}keys"})

    assert fetch_jwks(url, "", PATIENCE).find("first") is not None
    assert issuer.asked == [path, KEYS]


@pytest.mark.parametrize(
    "found",
    [
        {"issuer": "{url}x"},
        {"issuer": "https://elsewhere.example/"},
        {"issuer": "{bare}"},
        {"issuer": ["{url}"]},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": 5},
        {"jwks_uri": ""},
        {"jwks_uri": "/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://elsewhere.example/keys"},
        {"jwks_uri": "http://0.0.0.0:{port}/keys"},  # which gets there, but is no name of this machine
        {"jwks_uri": "http://user@127.0.0.1/keys"},
        {"jwks_uri": "http://[/keys"},
        {"jwks_uri": "http://127.0.0.1:99999/keys"},
        {"jwks_uri": "{url}keys\r\nX-Injected: 1"},
    ],
)
def test_what_discovery_finds_must_be_the_issuers(found: dict[str, Any], issuer: LocalIssuer) -> None:
    document = {"issuer": "{url}", "jwks_uri": "{url}keys"} | found
    texts = {"{url}": issuer.url, "{bare}": issuer.url[:-1], "{port}": issuer.url[:-1].rpartition(":")[2]}
    for name, value in document.items():
        for mark, text in texts.items():
            document[name] = value = value.replace(mark, text) if isinstance(value, str) else value
    issuer.answers[DISCOVERY] = says(document)

    with pytest.raises(JWKSError):
        fetch_jwks(issuer.url, "", PATIENCE)
    assert issuer.asked == [DISCOVERY]


@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_bad_answer_is_no_key_set_and_holds_nobody(answer: Answer, path: str, issuer: LocalIssuer) -> None:
    issuer.answers[path] = answer
    issuer.answers["/elsewhere"] = says({"keys": [jwk_of("first")]})

    with pytest.raises(JWKSError):
        fetch_jwks(issuer.url, "", TIMEOUT if answer in (hang, drip_headers, drip_body) else PATIENCE)

    assert "/elsewhere" not in issuer.asked


def test_all_steps_share_one_time(issuer: LocalIssuer) -> None:
    issuer.answers[DISCOVERY] = drip_body  # which is whole, but takes all the time there is

    with pytest.raises(JWKSError, match="timed out"):
        fetch_jwks(issuer.url, "", TIMEOUT)
    assert issuer.asked == [DISCOVERY]


def test_an_issuer_that_refuses_gives_no_keys() -> None:
    with local_issuer() as issuer:
        url = issuer.url

    with pytest.raises(JWKSError, match="refused"):
        fetch_jwks(url, "", PATIENCE)


def test_a_server_that_speaks_no_tls_gives_no_keys(issuer: LocalIssuer) -> None:
    with pytest.raises(JWKSError, match="SSL"):
        fetch_jwks(issuer.url.replace("http:", "https:"), "", PATIENCE)
