"""Every way in which a token, ours or the identity provider's, can be wrong, with its exact response.

Both kinds of token are accepted here, and new people become users, so a token is refused only for what is wrong with
it. No token is bob's, so no response may be his.
"""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from cashman_project.api.tests.problems import problem_of, stored
from users.models import User
from users.tests import tokens
from users.tests.issuer import AUDIENCE, DISCOVERY, HEADER, KEYS, LocalIssuer, jwk_of, pem_of, rsa_key, signed
from users.tests.tokens import claims_of

from ..oidc.tokens import LEEWAY, identity_provider_user

REALM = 'Bearer realm="cashman"'
REFUSED = f'{REALM}, error="invalid_token"'
ELSEWHERE = "/elsewhere"

ALG_TWICE = b'{"alg": "none", "kid": "third", "alg": "RS256"}'

# From an issuer and alice, make the value of the Authorization header.
Make = Callable[[LocalIssuer, User], str]


def own(header: Any = None, key: str = "", **changes: Any) -> Make:
    """Return a maker of alice's own token with these changes of its header and claims; None leaves one out."""

    def make(issuer: LocalIssuer, alice: User) -> str:
        claims = changed(claims_of(alice), changes)
        return f"Bearer {tokens.signed(claims, changed(tokens.HEADER, header or {}), key)}"

    return make


def outside(header: Any = None, key: str = "first", **changes: Any) -> Make:
    """Return a function that makes a token of the identity provider with these changes of its header and claims."""

    def make(issuer: LocalIssuer, alice: User) -> str:
        for name, value in (header or {}).items():
            if isinstance(value, str):
                header[name] = value.replace("{issuer}", issuer.url)
        return f"Bearer {signed(issuer.claims(**changes), changed(HEADER, header or {}), rsa_key(key))}"

    return make


def bent(bend: Callable[[list[str]], str], make: Make) -> Make:
    """Return a maker of what `bend` makes of the three parts of a token."""
    return lambda issuer, alice: "Bearer " + bend(make(issuer, alice).removeprefix("Bearer ").split("."))


def changed(members: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (members | changes).items() if value is not None}


def unsigned(alg: object, signature: str = "") -> Make:
    """Return a maker of a token that says to be signed by `alg`, with this signature."""

    def make(issuer: LocalIssuer, alice: User) -> str:
        parts = tokens.signed(claims_of(alice), {"alg": alg, "typ": "JWT"}).split(".")
        return f"Bearer {parts[0]}.{parts[1]}.{signature}"

    return make


def unsigned_outside(alg: object) -> Make:
    return lambda issuer, alice: f"Bearer {signed(issuer.claims(), HEADER | {'alg': alg}).rpartition('.')[0]}."


def by_public_key(text: Callable[[], str], alg: str = "HS256") -> Make:
    """Return a function that makes a token signed with the provider's public key, in some form, as if it were a
    secret."""
    return lambda issuer, alice: f"Bearer {tokens.signed(issuer.claims(), HEADER | {'alg': alg}, text())}"


def of_raw_claims(text: str) -> Make:
    """Return a maker of an outside token whose claims are this text, in which {} stands for good ones."""

    def make(issuer: LocalIssuer, alice: User) -> str:
        return f"Bearer {signed(text.replace('{}', json.dumps(issuer.claims())[1:-1]).encode())}"

    return make


def plain(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def public_pem() -> str:
    return pem_of(rsa_key("first"))


GOOD: dict[str, Make] = {
    "own": own(),
    "own of several audiences": own(aud=["another", "cashman"]),
    "own with another claim": own(colour="red"),
    "outside": outside(),
    "outside of several audiences": outside(aud=["https://another.example", AUDIENCE]),
    "outside of the only key, unnamed": outside({"kid": None}),
    "outside of type at+jwt": outside({"typ": "at+jwt"}),
    "outside of the long form of that": outside({"typ": "application/AT+JWT"}),
    "outside of no type": outside({"typ": None}),
    "outside with azp and scope": outside(azp="a-client", scope="openid profile"),
    "outside with a fraction of a second": outside(exp=2**32 + 0.5, iat=1.5),
    "outside from a clock that is a little ahead": (
        lambda issuer, alice: f"Bearer {issuer.token(iat=int(time.time()) + LEEWAY, nbf=int(time.time()) + LEEWAY)}"
    ),
    "outside of a subject with spaces and accents": outside(sub="Zoë de la Cruz 🐱"),
    "outside of a client by itself": outside(sub="a-client@clients", gty="client-credentials"),
}

HEADERS: dict[str, tuple[Make, str, str]] = {
    "none at all": (lambda issuer, alice: "", "authorization_header_missing", REALM),
    "another scheme": (lambda i, a: own()(i, a).replace("Bearer", "Token"), "invalid_header", REALM),
    "no token": (lambda i, a: "Bearer", "invalid_header", REALM),
    "two tokens": (lambda i, a: f"{own()(i, a)} {outside()(i, a)[7:]}", "invalid_header", REALM),
    "two headers, joined": (lambda i, a: f"{own()(i, a)}, {outside()(i, a)}", "invalid_header", REALM),
    "two headers, joined without a space": (lambda i, a: f"{outside()(i, a)},{own()(i, a)}", "invalid_header", REALM),
    "a quoted token": (lambda i, a: f'Bearer "{outside()(i, a)[7:]}"', "invalid_token", REFUSED),
    "a token and a comma": (lambda i, a: f"{outside()(i, a)},", "invalid_token", REFUSED),
    "a name before the token": (lambda i, a: f"Bearer token={outside()(i, a)[7:]}", "invalid_token", REFUSED),
}

WRONG: dict[str, tuple[Make, str]] = {
    # Algorithms, keys and signatures.
    **{
        f"alg {alg}": (unsigned(alg), "invalid_token")
        for alg in ("none", "None", "NONE", "nOnE", "none ", " none", "", "non\u0435", "none\0", "null")
    },
    **{f"alg as JSON {alg!r}": (unsigned(alg), "invalid_token") for alg in (None, False, 0, [], ["none"], {"a": 1})},
    **{f"outside, alg {alg}": (unsigned_outside(alg), "invalid_token") for alg in ("none", "NONE", "", "RS256")},
    "alg none with a signature": (unsigned("none", "AAAA"), "invalid_token"),
    "alg in lower case": (outside({"alg": "rs256"}), "invalid_token"),
    "alg in a list": (outside({"alg": ["RS256"]}), "invalid_token"),
    "alg RS384": (outside({"alg": "RS384"}), "invalid_token"),
    "alg RS512": (outside({"alg": "RS512"}), "invalid_token"),
    "alg PS256": (outside({"alg": "PS256"}), "invalid_token"),
    "alg ES256": (outside({"alg": "ES256"}), "invalid_token"),
    "no alg": (outside({"alg": None}), "invalid_token"),
    "signed with the public PEM": (by_public_key(public_pem), "invalid_token"),
    "signed with the public PEM, trimmed": (by_public_key(lambda: public_pem().strip()), "invalid_token"),
    "signed with the public JWK": (by_public_key(lambda: json.dumps(jwk_of("first"))), "invalid_token"),
    "signed with the public modulus": (by_public_key(lambda: str(jwk_of("first")["n"])), "invalid_token"),
    "signed with the public PEM, said to be RS256": (by_public_key(public_pem, "RS256"), "invalid_token"),
    "outside, by another key": (outside(key="second"), "invalid_token"),
    "outside, by a weak key of the set": (outside({"kid": "weak"}, key="weak"), "invalid_token"),
    "outside, by a key for encryption of the set": (outside({"kid": "sealing"}, key="sealing"), "invalid_token"),
    "outside, by a name that two keys have": (outside({"kid": "double"}, key="double"), "invalid_token"),
    "own, by another key": (own(key=32 * "x"), "invalid_token"),
    "own claims, by the outside key": (
        lambda issuer, alice: f"Bearer {signed(claims_of(alice))}",
        "invalid_claims",
    ),
    "outside claims, by our own key": (
        lambda issuer, alice: f"Bearer {tokens.signed(issuer.claims(), tokens.HEADER)}",
        "invalid_claims",
    ),
    "own, said to be RS256": (own({"alg": "RS256"}), "invalid_token"),
    "own, said to be RS256 by the issuer's key": (own({"alg": "RS256", "kid": "first"}), "invalid_token"),
    "outside, said to be HS256": (outside({"alg": "HS256"}), "invalid_token"),
    "signature cut off": (bent(lambda parts: f"{parts[0]}.{parts[1]}.", outside()), "invalid_token"),
    "signature cut short": (bent(lambda parts: ".".join(parts)[:-4], outside()), "invalid_token"),
    "signature of another": (
        lambda i, a: f"{outside(colour='red')(i, a).rpartition('.')[0]}.{outside()(i, a).rpartition('.')[2]}",
        "invalid_token",
    ),
    # What a header may ask for.
    "unknown kid": (outside({"kid": "third"}), "invalid_token"),
    "empty kid": (outside({"kid": ""}), "invalid_token"),
    "kid of another case": (outside({"kid": "First"}), "invalid_token"),
    "kid with a path": (outside({"kid": "../../../../dev/null"}), "invalid_token"),
    "kid with a URL": (outside({"kid": "{issuer}elsewhere"}), "invalid_token"),
    "kid with SQL": (outside({"kid": "x' UNION SELECT 'secret' --"}), "invalid_token"),
    "kid with NUL": (outside({"kid": "first\0"}), "invalid_token"),
    "kid with half a character": (outside({"kid": "\ud800"}), "invalid_token"),
    "kid as a number": (outside({"kid": 5}), "invalid_token"),
    "kid as a list": (outside({"kid": ["first"]}), "invalid_token"),
    "kid as an object": (outside({"kid": {"first": 1}}), "invalid_token"),
    "jku elsewhere": (outside({"kid": "third", "jku": "{issuer}elsewhere"}, key="second"), "invalid_token"),
    "x5u elsewhere": (outside({"kid": "third", "x5u": "{issuer}elsewhere"}, key="second"), "invalid_token"),
    "a key of its own": (outside({"kid": "third", "jwk": jwk_of("second")}, key="second"), "invalid_token"),
    "a key of its own under the issuer's name": (outside({"jwk": jwk_of("second")}, key="second"), "invalid_token"),
    "crit": (outside({"crit": ["exp"], "exp": 1}), "invalid_token"),
    "crit of nothing": (outside({"crit": []}), "invalid_token"),
    "crit of b64": (outside({"crit": ["b64"], "b64": True}), "invalid_token"),
    "b64=false": (outside({"b64": False}), "invalid_token"),
    "b64=false, critical": (outside({"b64": False, "crit": ["b64"]}), "invalid_token"),
    "typ of an ID for logout": (outside({"typ": "logout+jwt"}), "invalid_token"),
    "typ of a security event": (outside({"typ": "secevent+jwt"}), "invalid_token"),
    "typ as a number": (outside({"typ": 5}), "invalid_token"),
    "own, crit": (own({"crit": ["x"], "x": 1}), "invalid_token"),
    # Form.
    "detached": (bent(lambda parts: f"{parts[0]}..{parts[2]}", outside()), "invalid_token"),
    "encrypted (five parts)": (bent(lambda parts: ".".join([*parts, "AAAA", "AAAA"]), outside()), "invalid_token"),
    "nested": (lambda i, a: f"Bearer {signed(outside()(i, a)[7:].encode(), HEADER | {'cty': 'JWT'})}", "invalid_token"),
    "padded": (bent(lambda parts: f"{parts[0]}.{parts[1]}.{parts[2]}==", outside()), "invalid_token"),
    "in the other base64": (bent(lambda parts: f"{parts[0]}+/.{parts[1]}.{parts[2]}", outside()), "invalid_token"),
    "with a backslash": (bent(lambda parts: f"{parts[0]}.{parts[1]}.\\n{parts[2]}", outside()), "invalid_token"),
    "with a letter that looks alike": (bent(lambda parts: f"{parts[0]}.{parts[1]}.\xe9", outside()), "invalid_token"),
    "as JSON": (lambda i, a: 'Bearer {"payload":"e30","signatures":[]}', "invalid_token"),
    "header that is no object": (lambda i, a: f"Bearer {signed(i.claims(), ['RS256'])}", "invalid_token"),
    "header nested deep": (lambda i, a: f"Bearer {signed(i.claims(), 5_000 * b'[')}", "invalid_token"),
    "header with alg twice": (
        lambda i, a: f"Bearer {signed(i.claims(), ALG_TWICE)}",
        "invalid_token",
    ),
    "own of 27 KB": (own(colour=20_000 * "x"), "invalid_token"),
    "outside of 27 KB": (outside(colour=20_000 * "x"), "invalid_token"),
    "32 KB of one letter": (lambda i, a: "Bearer " + 32_000 * "a", "invalid_token"),
    "32 KB of dots": (lambda i, a: "Bearer " + 32_000 * ".", "invalid_token"),
    "claims that are no object": (of_raw_claims("[]"), "invalid_token"),
    "claims that are no JSON": (of_raw_claims("{{}"), "invalid_token"),
    "claims nested deep": (of_raw_claims('{{}, "a": ' + 3_000 * "["), "invalid_token"),
    "a number of 5,000 digits": (of_raw_claims('{{}, "exp": ' + 5_000 * "9" + "}"), "invalid_token"),
    # Whom it is by, and for.
    "iss of another": (outside(iss="https://elsewhere.example/"), "invalid_claims"),
    "iss of ours": (outside(iss="cashman"), "invalid_claims"),
    "iss as a list": (outside(iss=["https://elsewhere.example/"]), "invalid_claims"),
    "iss with its slash cut off": (
        lambda issuer, alice: f"Bearer {issuer.token(iss=issuer.url[:-1])}",
        "invalid_claims",
    ),
    "no iss": (outside(iss=None), "invalid_token"),
    "aud of another": (outside(aud="https://elsewhere.example/api"), "invalid_claims"),
    "aud of ours": (outside(aud="cashman"), "invalid_claims"),
    "aud as a list of others": (outside(aud=["a", "b"]), "invalid_claims"),
    "aud as a list with a number": (outside(aud=[AUDIENCE, 5]), "invalid_claims"),
    "aud as a list in a list": (outside(aud=[[AUDIENCE]]), "invalid_claims"),
    "aud as an object": (outside(aud={AUDIENCE: 1}), "invalid_claims"),
    "aud that holds it": (outside(aud=f"{AUDIENCE} x"), "invalid_claims"),
    "aud empty": (outside(aud=[]), "invalid_token"),
    "no aud": (outside(aud=None), "invalid_token"),
    "no aud, but azp": (outside(aud=None, azp=AUDIENCE), "invalid_token"),
    "iss and aud swapped": (
        lambda issuer, alice: f"Bearer {issuer.token(iss=AUDIENCE, aud=issuer.url)}",
        "invalid_claims",
    ),
    "own, aud of the outside": (own(aud=AUDIENCE), "invalid_claims"),
    "own, iss of another": (own(iss="https://elsewhere.example/"), "invalid_claims"),
    # When.
    "expired": (outside(exp=1), "token_expired"),
    "expired long ago": (outside(exp=-(10**30)), "token_expired"),
    "expired at zero": (outside(exp=0), "token_expired"),
    "expired for another": (outside(exp=1, aud="another"), "token_expired"),
    "no exp": (outside(exp=None), "invalid_token"),
    "exp=10**30": (outside(exp=10**30), "invalid_token"),
    "exp=1e30": (outside(exp=1e30), "invalid_token"),
    "exp=1e400": (of_raw_claims('{{}, "exp": 1e400}'), "invalid_token"),
    "exp=-1e400": (of_raw_claims('{{}, "exp": -1e400}'), "invalid_token"),
    "exp=NaN": (outside(exp=float("nan")), "invalid_token"),
    "exp as text": (outside(exp=str(2**32)), "invalid_token"),
    "exp as words": (outside(exp="tomorrow"), "invalid_token"),
    "exp as true": (outside(exp=True), "token_expired"),
    "exp as a list": (outside(exp=[2**32]), "invalid_token"),
    "nbf ahead": (outside(nbf=2**32), "invalid_token"),
    "nbf as text": (outside(nbf="1"), "invalid_token"),
    "nbf as true": (outside(nbf=True), "invalid_token"),
    "nbf as an object": (outside(nbf={}), "invalid_token"),
    "iat ahead": (outside(iat=2**32), "invalid_token"),
    "iat as text": (outside(iat="1"), "invalid_token"),
    "iat=10**30": (outside(iat=10**30), "invalid_token"),
    "iat as a list": (outside(iat=[]), "invalid_token"),
    "own, expired": (own(exp=1), "token_expired"),
    "own, exp=10**30": (own(exp=10**30), "invalid_token"),
    "own, no exp": (own(exp=None), "invalid_token"),
    "own, nbf ahead": (own(nbf=2**33), "invalid_token"),
    # Whom it is about.
    "no sub": (outside(sub=None), "invalid_token"),
    "sub empty": (outside(sub=""), "invalid_token"),
    "sub as a number": (outside(sub=5), "invalid_token"),
    "sub as a list": (outside(sub=["auth0|alice"]), "invalid_token"),
    "sub as an object": (outside(sub={"id": 1}), "invalid_token"),
    "sub as true": (outside(sub=True), "invalid_token"),
    "sub with NUL": (outside(sub="auth0|alice\0"), "invalid_token"),
    "sub with half a character": (outside(sub="\ud800"), "invalid_token"),
    "sub with a line break": (outside(sub="auth0|alice\n"), "invalid_token"),
    "sub turned around by its first character": (outside(sub="\u202eecila"), "invalid_token"),
    "sub of 5,000 characters": (outside(sub=5_000 * "x"), "invalid_token"),
    "jti as a number": (outside(jti=5), "invalid_token"),
    "own, sub equal to a username": (own(sub="alice"), "invalid_token"),
    "own, sub of the outside": (own(sub="auth0|alice"), "invalid_token"),
    # What it is for.
    "refresh as access": (lambda issuer, alice: f"Bearer {RefreshToken.for_user(alice)}", "invalid_token"),
    "refresh as access, by hand": (own(token_type="refresh"), "invalid_token"),
    "no kind": (own(token_type=None), "invalid_token"),
}


@pytest.fixture
def everything(issuer: LocalIssuer, alice: User, bob: User) -> LocalIssuer:
    """An issuer with good keys and bad ones, and a good one elsewhere that it does not speak of."""
    issuer.keys += [jwk_of("weak", rsa_key("weak", 1024)), jwk_of("sealing", use="enc")]
    issuer.keys += [jwk_of("double"), jwk_of("double", rsa_key("sealing"))]
    issuer.answers[ELSEWHERE] = lambda handler: handler.send(json.dumps({"keys": [jwk_of("second")]}).encode())
    return issuer


def get_with(header: str) -> Any:
    """Ask who the user of a header is, and fail if it is bob."""
    client = APIClient(raise_request_exception=False)
    response: Any = client.get("/me", headers={"Authorization": header} if header else {})
    assert b"bob" not in response.content
    return response


def test_the_matrix_is_wide_enough() -> None:
    assert len(WRONG) + len(HEADERS) >= 60
    assert len({make for make, _code in WRONG.values()}) == len(WRONG)


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD.keys())
def test_a_good_token_is_taken(make: Make, everything: LocalIssuer, alice: User) -> None:
    """So what the tests below change is what is wrong with theirs."""
    response = get_with(make(everything, alice))

    assert response.status_code == 200, response.content
    assert (response.json()["username"] == "alice") is (everything.asked == [])


@pytest.mark.parametrize(("make", "code", "challenge"), HEADERS.values(), ids=HEADERS.keys())
def test_a_wrong_header_is_refused(make: Make, code: str, challenge: str, everything: LocalIssuer, alice: User) -> None:
    response = get_with(make(everything, alice))

    problem_of(response, 401, code)
    assert response["WWW-Authenticate"] == challenge


@pytest.mark.parametrize(("make", "code"), WRONG.values(), ids=[ascii(name) for name in WRONG])
def test_a_wrong_token_is_refused(make: Make, code: str, everything: LocalIssuer, alice: User) -> None:
    before = stored()

    response = get_with(make(everything, alice))

    problem_of(response, 401, code)
    assert response["WWW-Authenticate"] == REFUSED
    assert stored() == before
    assert set(everything.asked) <= {DISCOVERY, KEYS}  # never where a token says
    assert everything.asked.count(KEYS) <= 2


@pytest.mark.parametrize("make", WRONG, ids=[ascii(name) for name in WRONG])
def test_a_wrong_token_does_not_refresh_either(make: str, everything: LocalIssuer, alice: User) -> None:
    token = WRONG[make][0](everything, alice).removeprefix("Bearer ")
    if "refresh as access" in make:
        token = str(AccessToken.for_user(alice))

    response: Any = APIClient(raise_request_exception=False).post("/auth/token/refresh", {"refresh": token})

    assert response.status_code == (413 if len(token) > 16_000 else 401), response.content
    assert everything.asked == []


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256", "PS512", "none"])
def test_the_outside_issuer_has_one_algorithm(alg: str, everything: LocalIssuer, db: None) -> None:
    """Truly signed by another one, and even if such a token were picked for this backend."""
    token = jwt.encode(everything.claims(), rsa_key("first") if alg != "none" else "", alg, {"kid": "first"})

    problem_of(get_with(f"Bearer {token}"), 401, "invalid_token")
    with pytest.raises(AuthenticationFailed) as refused:
        identity_provider_user(token)
    assert refused.value.get_codes() == "invalid_token"


def test_an_outside_token_does_not_refresh(everything: LocalIssuer, db: None) -> None:
    response = APIClient(raise_request_exception=False).post("/auth/token/refresh", {"refresh": everything.token()})

    problem_of(response, 401, "invalid_token")
    assert response["WWW-Authenticate"] == REALM
    assert everything.asked == []
