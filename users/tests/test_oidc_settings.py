"""The settings of an identity provider, and which wrong ones stop the start."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.conf import settings

from cashman_project import environment
from cashman_project.environment import IdentityProvider

NAMES = {
    "AUTH0_DOMAIN": "domain",
    "API_AUDIENCE": "api_audience",
    "OIDC_ISSUER": "issuer",
    "OIDC_AUDIENCE": "audience",
    "OIDC_JWKS_URL": "keys_url",
}
AUTH0 = {"AUTH0_DOMAIN": "tenant.eu.auth0.com", "API_AUDIENCE": "https://cashman.example/api"}
OIDC = {"OIDC_ISSUER": "https://id.example/realms/home", "OIDC_AUDIENCE": "cashman"}
MISSING = "missing; an identity provider needs"
BOTH = "AUTH0_DOMAIN, OIDC_ISSUER: set AUTH0_DOMAIN and API_AUDIENCE, or OIDC_*, not both"


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return the errors that are found from here on."""
    monkeypatch.setattr(environment, "errors", [])
    return environment.told


def issuer_of(variables: dict[str, str], provision: bool = False) -> IdentityProvider | None:
    texts = {argument: variables.get(name, "") for name, argument in NAMES.items()}
    return environment.identity_provider(**texts, provision=provision)


@pytest.mark.parametrize(
    ("variables", "issuer"),
    [
        ({}, None),
        (
            AUTH0,
            IdentityProvider(
                "https://tenant.eu.auth0.com/",
                "https://cashman.example/api",
                "https://tenant.eu.auth0.com/.well-known/jwks.json",
                False,
            ),
        ),
        (
            AUTH0 | {"AUTH0_DOMAIN": "ID.Cashman.example"},
            IdentityProvider(
                "https://id.cashman.example/",
                "https://cashman.example/api",
                "https://id.cashman.example/.well-known/jwks.json",
                False,
            ),
        ),
        (OIDC, IdentityProvider("https://id.example/realms/home", "cashman", "", False)),
        (OIDC | {"OIDC_ISSUER": "https://id.example/"}, IdentityProvider("https://id.example/", "cashman", "", False)),
        (
            OIDC | {"OIDC_JWKS_URL": "https://keys.example/v1?p=home"},
            IdentityProvider("https://id.example/realms/home", "cashman", "https://keys.example/v1?p=home", False),
        ),
        (
            OIDC | {"OIDC_ISSUER": "http://localhost:8080/a"},
            IdentityProvider("http://localhost:8080/a", "cashman", "", False),
        ),
        (
            OIDC | {"OIDC_ISSUER": "http://127.0.0.1:8080"},
            IdentityProvider("http://127.0.0.1:8080", "cashman", "", False),
        ),
        (OIDC | {"OIDC_ISSUER": "http://[::1]:8080"}, IdentityProvider("http://[::1]:8080", "cashman", "", False)),
    ],
)
def test_what_names_an_issuer(
    variables: dict[str, str], issuer: IdentityProvider | None, faults: Callable[[], list[str]]
) -> None:
    assert issuer_of(variables) == issuer
    assert faults() == []


def test_people_are_let_in_at_first_sight_if_asked_for(faults: Callable[[], list[str]]) -> None:
    for variables in (AUTH0, OIDC):
        issuer = issuer_of(variables, provision=True)
        assert issuer is not None
        assert issuer.provision
    assert faults() == []


@pytest.mark.parametrize(
    ("variables", "provision", "fault"),
    [
        ({"AUTH0_DOMAIN": "a.example"}, False, f"API_AUDIENCE: {MISSING} AUTH0_DOMAIN and API_AUDIENCE"),
        ({"API_AUDIENCE": "x"}, False, f"AUTH0_DOMAIN: {MISSING} AUTH0_DOMAIN and API_AUDIENCE"),
        ({"OIDC_ISSUER": "https://id.example"}, False, f"OIDC_AUDIENCE: {MISSING} OIDC_ISSUER and OIDC_AUDIENCE"),
        ({"OIDC_AUDIENCE": "x"}, False, f"OIDC_ISSUER: {MISSING} OIDC_ISSUER and OIDC_AUDIENCE"),
        (
            {"OIDC_JWKS_URL": "https://id.example/keys"},
            False,
            f"OIDC_ISSUER, OIDC_AUDIENCE: {MISSING} OIDC_ISSUER and OIDC_AUDIENCE",
        ),
        ({}, True, f"OIDC_ISSUER, OIDC_AUDIENCE: {MISSING} OIDC_ISSUER and OIDC_AUDIENCE"),
        (AUTH0 | OIDC, False, BOTH),
        ({"AUTH0_DOMAIN": "a.example"} | OIDC, False, BOTH),
        (AUTH0 | {"OIDC_JWKS_URL": "https://id.example/keys"}, False, BOTH),
    ],
)
def test_half_an_issuer_or_two_stop_the_start(
    variables: dict[str, str], provision: bool, fault: str, faults: Callable[[], list[str]]
) -> None:
    assert issuer_of(variables, provision) is None
    assert faults() == [fault]


@pytest.mark.parametrize("name", ["OIDC_ISSUER", "OIDC_JWKS_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "id.example",
        "http://id.example/",
        "http://localhost.id.example/",
        "http://128.0.0.1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://",
        "https:///keys",
        "https://user@id.example/",
        "https://id.example/#keys",
        "https://id.example/a b",
        "https://id.example/\n",
        "https://id.example:0/",
        "https://id.example:99999/",
        "https://id.example:x/",
        "https://[id.example/",
        "https://ïd.example/",
        "https:\\\\id.example\\",
    ],
)
def test_a_url_that_is_not_safe_stops_the_start(name: str, url: str, faults: Callable[[], list[str]]) -> None:
    issuer_of(OIDC | {name: url})

    assert len(faults()) == 1
    assert faults()[0].startswith(f"{name}: {url!r} ")


@pytest.mark.parametrize(
    ("variables", "start"),
    [
        (OIDC | {"OIDC_ISSUER": "https://id.example/?a=b"}, "OIDC_ISSUER: 'https://id.example/?a=b' has a query"),
        (AUTH0 | {"AUTH0_DOMAIN": "https://a.example/"}, "AUTH0_DOMAIN: 'https://a.example/' is not a host name"),
        (AUTH0 | {"AUTH0_DOMAIN": "a.example/x"}, "AUTH0_DOMAIN: 'a.example/x' is not a host name"),
        (AUTH0 | {"AUTH0_DOMAIN": "tenant"}, "AUTH0_DOMAIN: 'tenant' is not a host name"),
        (AUTH0 | {"AUTH0_DOMAIN": "a.example:443"}, "AUTH0_DOMAIN: 'a.example:443' is not a host name"),
    ],
)
def test_a_name_that_is_none_stops_the_start(
    variables: dict[str, str], start: str, faults: Callable[[], list[str]]
) -> None:
    issuer_of(variables)

    assert len(faults()) == 1
    assert faults()[0].startswith(start)


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "DEBUG": "on", **dict.fromkeys([*NAMES, "OIDC_PROVISION"], ""), **variables}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_environment_alone_sets_it() -> None:
    done = manage("shell", "-v0", "-c", "from django.conf import settings; print(settings.OIDC)", **AUTH0)
    assert done.stdout.strip() == (
        "IdentityProvider(url='https://tenant.eu.auth0.com/', audience='https://cashman.example/api', "
        "keys_url='https://tenant.eu.auth0.com/.well-known/jwks.json', provision=False)"
    )

    wrong = manage("check", AUTH0_DOMAIN="tenant.eu.auth0.com", OIDC_PROVISION="perhaps")
    assert wrong.returncode == 1
    assert f"(api.E001) API_AUDIENCE: {MISSING} AUTH0_DOMAIN and API_AUDIENCE" in wrong.stderr
    assert "(api.E001) OIDC_PROVISION: 'perhaps' is neither on nor off" in wrong.stderr
