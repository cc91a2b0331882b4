"""What lasts, or can't be undone, takes a password that is typed now, or a sign-in of a moment ago.

So a stolen access token, good for five minutes, becomes no personal token, which may be good for ever.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Page
from cashman_project.api.tests.problems import problem_of, stored
from cashman_project.environment import IdentityProvider
from conftest import client_of
from transactions.tests.factories import IncomeFactory
from users.models import PersonalToken, User
from users.tests.issuer import AUDIENCE, LocalIssuer, signed
from users.tests.tokens import PASSWORD

TOKEN: dict[str, Any] = {"name": "backup", "scope": "read"}
MINUTES = 60
REQUESTS: list[tuple[str, dict[str, Any], int]] = [("/tokens", TOKEN, 201), ("/me/erase", {}, 204)]
each_request = pytest.mark.parametrize(("path", "body", "status"), REQUESTS)


def client_with(token: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def outside_client(issuer: LocalIssuer, **seconds_ago: int) -> APIClient:
    """Return a client of who has signed in at the issuer, by a token with these claims, each so many seconds ago."""
    now = int(time.time())
    return client_with(issuer.token(**{"iat": None} | {name: now - age for name, age in seconds_ago.items()}))


# -- By a password ----------------------------------------------------------------------------


@each_request
def test_a_stolen_access_token_is_not_enough(
    path: str, body: dict[str, Any], status: int, known: User, bob: User
) -> None:
    bob.set_password("another's password")
    bob.save()
    as_alice = client_of(known)
    before = stored()

    for password, code in (
        (None, "null"),
        ("", "blank"),
        (5, "invalid"),
        ("wrong horse", "wrong_password"),
        (PASSWORD.upper(), "wrong_password"),
        ("another's password", "wrong_password"),
        (1_001 * "x", "max_length"),
    ):
        response = as_alice.post(path, json.dumps(body | {"password": password}), content_type="application/json")
        problem_of(response, 400, "invalid", ("password", code))
    problem_of(as_alice.post(path, body), 400, "invalid", ("password", "required"))
    assert stored() == before

    assert as_alice.post(path, body | {"password": PASSWORD}).status_code == status


@each_request
def test_guesses_are_counted_with_those_of_the_login(
    path: str, body: dict[str, Any], status: int, known: User, nobody: APIClient
) -> None:
    as_alice, before = client_of(known), stored()
    for _guess in range(3):
        problem_of(as_alice.post(path, body | {"password": "guess"}), 400, "invalid", ("password", "wrong_password"))
    for _guess in range(2):
        nobody.post("/auth/token", {"username": "alice", "password": "guess"})

    response = as_alice.post(path, body | {"password": PASSWORD})

    problem_of(response, 429, "throttled")
    assert int(response["Retry-After"]) > 0
    assert stored() == before
    problem_of(nobody.post("/auth/token", {"username": "alice", "password": PASSWORD}), 429, "throttled")


def test_a_wrong_body_costs_no_guess(known: User) -> None:
    as_alice = client_of(known)
    for _time in range(10):
        body = TOKEN | {"password": "guess", "scope": "all"}
        problem_of(as_alice.post("/tokens", body), 400, "invalid", ("scope", "invalid_choice"))

    assert as_alice.post("/tokens", TOKEN | {"password": PASSWORD}).status_code == 201


def test_the_password_is_neither_kept_nor_told(known: User) -> None:
    response = client_of(known).post("/tokens", TOKEN | {"password": PASSWORD})

    assert "password" not in response.json()
    assert PASSWORD not in response.content.decode() + str(stored())
    assert "password" not in client_of(known).get("/tokens").json()["results"][0]


def test_a_password_that_is_changed_meanwhile_makes_no_token(known: User, bob: User) -> None:
    """Who locks a thief out, and revokes the tokens, is not left with one that was just being made."""
    as_alice, changed = client_of(known), list[str]()

    def change_first(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if 'FROM "users_user"' in sql and '"users_user"."password" = ' in sql and not changed:
            changed.append(sql)
            known.set_password("staple battery horse")
            known.save()
        return execute(sql, *rest)

    with connection.execute_wrapper(change_first):
        response = as_alice.post("/tokens", TOKEN | {"password": PASSWORD})

    assert changed
    problem_of(response, 400, "invalid", ("password", "wrong_password"))
    assert not PersonalToken.objects.exists()


def test_a_form_asks_for_the_password(known: User) -> None:
    browser = Browser(known)
    form = browser.get("/tokens").main.one("form")
    assert form.one("input", name="password")["type"] == "password"

    page = Page(browser.send(form, name="laptop", scope="read", password="wrong horse"))

    assert (page.status, page.errors()) == (400, {"password": "This is not your password."})
    assert page.main.one("input", name="name")["value"] == "laptop"
    assert page.main.one("input", name="password")["value"] == ""
    assert Page(browser.send(page.main.one("form"), password=PASSWORD)).status == 201
    assert PersonalToken.objects.get().name == "laptop"


@pytest.mark.parametrize("how", ["bearer", "browser"])
def test_who_has_no_password_and_no_outside_token_can_confirm_nothing(how: str, alice: User) -> None:
    client: Any = client_of(alice) if how == "bearer" else Client()
    client.force_login(alice)

    for body, code in ((TOKEN, "required"), (TOKEN | {"password": alice.password}, "wrong_password")):
        response = client.post("/tokens", json.dumps(body), content_type="application/json")
        problem_of(response, 400, "invalid", ("password", code))


# -- By a sign-in at an identity provider -----------------------------------------------------


@each_request
@pytest.mark.parametrize(
    ("ages", "is_fresh"),
    [
        ({"iat": 0}, True),
        ({"iat": 9 * MINUTES}, True),
        ({"iat": 11 * MINUTES}, False),
        ({"iat": 1, "auth_time": 9 * MINUTES}, True),
        ({"iat": 1, "auth_time": 11 * MINUTES}, False),  # a new token of an old sign-in
        ({"iat": 11 * MINUTES, "auth_time": 1}, False),
        ({"auth_time": 9 * MINUTES}, True),
        ({}, False),
    ],
)
def test_a_sign_in_of_a_moment_ago_will_do(
    ages: dict[str, int], is_fresh: bool, path: str, body: dict[str, Any], status: int, issuer: LocalIssuer, bob: User
) -> None:
    client = outside_client(issuer, **ages)
    user = User.objects.get(pk=client.get("/me").json()["id"])
    IncomeFactory.create(owner=user)
    before = stored()

    response: Any = client.post(path, body)

    if is_fresh:
        assert response.status_code == status
        assert User.objects.filter(pk=bob.pk).exists()
        assert User.objects.filter(pk=user.pk).exists() == (path == "/tokens")
    else:
        problem_of(response, 401, "insufficient_user_authentication")
        assert response["WWW-Authenticate"] == (
            'Bearer realm="cashman", error="insufficient_user_authentication", max_age="600"'
        )
        assert stored() == before
        assert client.get("/me").status_code == 200


@pytest.mark.parametrize("timestamp", ['"1"', "true", "null", "[]", "1e400"])
def test_an_auth_time_that_is_no_timestamp_is_no_token(timestamp: str, issuer: LocalIssuer, db: None) -> None:
    claims = json.dumps(issuer.claims())[:-1] + f', "auth_time": {timestamp}}}'
    problem_of(client_with(signed(claims.encode())).post("/tokens", TOKEN), 401, "invalid_token")


@each_request
def test_who_has_a_password_too_needs_it(
    path: str, body: dict[str, Any], status: int, issuer: LocalIssuer, db: None
) -> None:
    client = outside_client(issuer, iat=0)
    user = User.objects.get(pk=client.get("/me").json()["id"])
    user.set_password(PASSWORD)
    user.save()

    problem_of(client.post(path, body), 400, "invalid", ("password", "required"))
    problem_of(client.post(path, body | {"password": "guess"}), 400, "invalid", ("password", "wrong_password"))
    assert client.post(path, body | {"password": PASSWORD}).status_code == status


def test_a_password_that_nobody_has_is_a_wrong_one(issuer: LocalIssuer, db: None) -> None:
    response = outside_client(issuer, iat=0).post("/tokens", TOKEN | {"password": PASSWORD})

    problem_of(response, 400, "invalid", ("password", "wrong_password"))


# -- An identity provider that is not configured any more -------------------------------------


@pytest.mark.parametrize("then", ["none", "another", "longer", "shorter"])
def test_a_personal_token_ends_with_its_users_identity_provider(
    then: str, issuer: LocalIssuer, settings: Settings, alice: User
) -> None:
    token = outside_client(issuer, iat=0).post("/tokens", TOKEN).json()["token"]
    alices = PersonalToken.objects.create(owner=alice, name="backup", scope="read").secret
    configured = settings.OIDC
    assert [client_with(text).get("/me").status_code for text in (token, alices)] == [200, 200]

    urls = {"another": "https://id.example/", "longer": f"{issuer.url}more", "shorter": issuer.url[:-1]}
    settings.OIDC = IdentityProvider(urls[then], AUDIENCE, "", provision=True) if then in urls else None
    response = client_with(token).get("/me")

    problem_of(response, 401, "invalid_token")
    problem_of(client_with(token).get("/incomes"), 401, "invalid_token")
    assert client_with(alices).get("/me").status_code == 200
    settings.OIDC = configured
    assert client_with(token).get("/me").status_code == 200


def test_who_was_given_a_password_here_keeps_their_tokens(issuer: LocalIssuer, settings: Settings, db: None) -> None:
    client = outside_client(issuer, iat=0)
    token = client.post("/tokens", TOKEN).json()["token"]
    user = User.objects.get(pk=client.get("/me").json()["id"])
    user.set_password(PASSWORD)
    user.save()
    settings.OIDC = None

    assert client_with(token).get("/me").status_code == 200
