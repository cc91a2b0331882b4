"""/auth/token, /auth/token/refresh and /auth/logout: how a login begins, goes on and ends."""

import datetime
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jwt
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from transactions.models import Transaction
from transactions.tests.test_races import at_once
from users.erasure import erase_users
from users.models import PersonalToken, Session, User
from users.sessions import start_session
from users.tests.tokens import PASSWORD, claims_of, signed

CHALLENGE = 'Bearer realm="cashman"'
ROUNDS = 50
CLIENTS = 8


def log_in(client: APIClient) -> dict[str, str]:
    pair: dict[str, str] = client.post("/auth/token", {"username": "alice", "password": PASSWORD}).json()
    return pair


def refreshed(client: APIClient, refresh: object) -> Any:
    return client.post("/auth/token/refresh", {"refresh": str(refresh)})


def with_token(token: object) -> Any:
    return APIClient(raise_request_exception=False).get("/me", headers={"Authorization": f"Bearer {token}"})


# -- Beginning --------------------------------------------------------------------------------


def test_a_pair_of_tokens_is_given_for_name_and_password(known: User, nobody: APIClient) -> None:
    response = nobody.post("/auth/token", {"username": "alice", "password": PASSWORD})

    assert response.status_code == 200
    assert list(response.json()) == ["access", "refresh"]
    assert response["Cache-Control"] == "no-store"
    assert with_token(response.json()["access"]).json()["username"] == "alice"
    again = refreshed(nobody, response.json()["refresh"])
    assert list(again.json()) == ["access", "refresh"]
    assert with_token(again.json()["access"]).json()["username"] == "alice"


@pytest.mark.parametrize("username", ["alice", "alìce", "nobody", "al ice", "a\u200blice", 10_000 * "x"])
def test_wrong_credentials_are_answered_all_alike(username: str, known: User, nobody: APIClient) -> None:
    password = PASSWORD if username != "alice" else PASSWORD + " "

    response = nobody.post("/auth/token", {"username": username, "password": password})

    problem = problem_of(response, 401, "bad_credentials")
    assert problem["detail"] == "No active user has this name and password."
    assert response["WWW-Authenticate"] == CHALLENGE
    assert not Session.objects.exists()


def test_a_deactivated_user_gets_no_tokens(known: User, nobody: APIClient) -> None:
    User.objects.update(is_active=False)

    problem_of(nobody.post("/auth/token", {"username": "alice", "password": PASSWORD}), 401, "bad_credentials")


@pytest.mark.parametrize(
    ("path", "body", "field", "code"),
    [
        ("/auth/token", {"username": "alice"}, "password", "required"),
        ("/auth/token", {"password": "x"}, "username", "required"),
        ("/auth/token", {"username": ["alice"], "password": "x"}, "username", "invalid"),
        ("/auth/token", {"username": "alice", "password": 5}, "password", "invalid"),
        ("/auth/token", {"username": "alice", "password": None}, "password", "null"),
        ("/auth/token", {"username": "alice", "password": ""}, "password", "blank"),
        ("/auth/token", {"username": "alice", "password": 1_001 * "x"}, "password", "max_length"),
        ("/auth/token", {"username": "a\0", "password": "x"}, "username", "null_characters_not_allowed"),
        ("/auth/token", {"username": "a", "password": "\0"}, "password", "null_characters_not_allowed"),
        ("/auth/token", {"username": "\ud800", "password": "x"}, "username", "surrogate_characters_not_allowed"),
        ("/auth/token", {"username": "a", "password": "x", "otp": "1"}, "otp", "unknown_field"),
        *(
            (path, body, field, code)
            for path in ("/auth/token/refresh", "/auth/logout")
            for body, field, code in (
                ({}, "refresh", "required"),
                ({"refresh": 5}, "refresh", "invalid"),
                ({"refresh": None}, "refresh", "null"),
                ({"refresh": ""}, "refresh", "blank"),
                ({"refresh": "x", "access": "x"}, "access", "unknown_field"),
            )
        ),
    ],
)
def test_a_wrong_body_is_refused_by_its_field(
    path: str, body: dict[str, Any], field: str, code: str, known: User, nobody: APIClient
) -> None:
    response = nobody.post(path, json.dumps(body), content_type="application/json")

    problem_of(response, 400, code if code == "unknown_field" else "invalid", (field, code))


@pytest.mark.parametrize("path", ["/auth/token/refresh", "/auth/logout"])
def test_a_token_of_megabytes_is_refused_unread(path: str, alice: User, nobody: APIClient) -> None:
    """It is good but for that: nobody makes the service read so much."""
    token = signed(claims_of(alice, "refresh") | {"colour": 1_000_000 * "x"})

    problem_of(nobody.post(path, {"refresh": token}), 413, "too_large")


@pytest.mark.django_db(transaction=True)
def test_who_is_erased_while_logging_in_gets_no_tokens(known: User, nobody: APIClient) -> None:
    def erase_first(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "users_session"'):
            erase_users(users=[known])
        return execute(sql, *rest)

    with connection.execute_wrapper(erase_first):
        response = nobody.post("/auth/token", {"username": "alice", "password": PASSWORD})

    problem_of(response, 401, "bad_credentials")


def test_a_login_sweeps_the_owners_expired_ones(known: User, bob: User, nobody: APIClient) -> None:
    for owner in (known, bob):
        start_session(owner)
    Session.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))

    for _time in range(2):
        log_in(nobody)

    assert Counter(Session.objects.values_list("owner__username", flat=True)) == {"alice": 2, "bob": 1}


# -- Going on ---------------------------------------------------------------------------------


def test_a_session_lasts_as_long_as_it_is_refreshed(alice: User, nobody: APIClient) -> None:
    refresh = str(start_session(alice))
    before = Session.objects.get()
    Session.objects.update(expires_at=timezone.now())

    for _time in range(3):
        pair = refreshed(nobody, refresh).json()
        assert pair["refresh"] != refresh
        refresh = pair["refresh"]

    after = Session.objects.get()
    assert (after.pk, after.owner, after.created_at) == (before.pk, alice, before.created_at)
    assert after.jti == RefreshToken(refresh)["jti"] != before.jti  # type: ignore[arg-type]  # a token's text
    assert after.expires_at - timezone.now() > datetime.timedelta(days=13)
    assert with_token(pair["access"]).status_code == 200


def pass_leeway(seconds: float = 10) -> None:
    """Let so much time pass since the last refresh of each login."""
    timestamp = timezone.now() - datetime.timedelta(seconds=seconds)
    Session.objects.update(issued_at=timestamp)


def test_a_refresh_token_gets_the_same_pair_again_for_ten_seconds(alice: User, bob: User, nobody: APIClient) -> None:
    """So that a lost answer costs nobody their login."""
    refresh, bobs = start_session(alice), start_session(bob)
    first = refreshed(nobody, refresh)
    row = Session.objects.filter(owner=alice).values().get()

    again = [refreshed(nobody, refresh) for _time in range(3)]

    assert [answer.content for answer in again] == 3 * [first.content]
    assert Session.objects.filter(owner=alice).values().get() == row
    assert with_token(first.json()["access"]).json()["username"] == "alice"
    claims = [jwt.decode(first.json()[kind], options={"verify_signature": False}) for kind in ("access", "refresh")]
    assert claims[0]["jti"] != claims[1]["jti"] != refresh["jti"]
    assert [claim["exp"] - claim["iat"] for claim in claims] == [300, 14 * 86_400]
    pass_leeway(5)
    assert refreshed(nobody, refresh).status_code == 200
    pass_leeway(10)
    problem_of(refreshed(nobody, refresh), 401, "invalid_token")
    assert [session.owner for session in Session.objects.all()] == [bob]
    assert refreshed(nobody, bobs).status_code == 200


def test_no_token_is_stored_in_the_clear(alice: User, nobody: APIClient) -> None:
    pair = refreshed(nobody, start_session(alice)).json()

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM users_session")
        row = str(cursor.fetchall())
    for token in pair.values():
        assert [part for part in token.split(".") if part in row] == []


def test_the_token_before_the_last_one_is_not_good_again(alice: User, nobody: APIClient) -> None:
    """Whoever has sent its successor has got the answer."""
    first = start_session(alice)
    second = refreshed(nobody, first).json()["refresh"]
    third = refreshed(nobody, second)
    assert refreshed(nobody, second).content == third.content

    problem_of(refreshed(nobody, first), 401, "invalid_token")
    problem_of(refreshed(nobody, third.json()["refresh"]), 401, "invalid_token")


def test_who_has_logged_out_gets_no_pair_again(alice: User, nobody: APIClient) -> None:
    refresh = start_session(alice)
    pair = refreshed(nobody, refresh).json()
    nobody.post("/auth/logout", {"refresh": pair["refresh"]})

    problem_of(refreshed(nobody, refresh), 401, "invalid_token")


@pytest.mark.parametrize(("leeway", "passed"), [(0, -1), (60, 30)])  # as the clock of another machine may have it
def test_the_leeway_is_a_setting(leeway: int, passed: int, alice: User, nobody: APIClient, settings: Any) -> None:
    settings.REFRESH_LEEWAY = leeway
    refresh = start_session(alice)
    refreshed(nobody, refresh)
    pass_leeway(passed)

    assert refreshed(nobody, refresh).status_code == (200 if leeway else 401)


def test_a_refresh_token_used_twice_ends_its_session_alone(alice: User, bob: User, nobody: APIClient) -> None:
    stolen, other, bobs = start_session(alice), start_session(alice), start_session(bob)
    pair = refreshed(nobody, stolen).json()
    assert with_token(stolen.access_token).status_code == 200
    pass_leeway()

    response = refreshed(nobody, stolen)

    problem_of(response, 401, "invalid_token")
    assert response["WWW-Authenticate"] == CHALLENGE
    for token in (stolen.access_token, pair["access"]):
        problem_of(with_token(token), 401, "invalid_token")
    problem_of(refreshed(nobody, pair["refresh"]), 401, "invalid_token")
    for refresh in (other, bobs):
        assert with_token(refresh.access_token).status_code == 200
        assert refreshed(nobody, refresh).status_code == 200


def test_an_expired_refresh_token_is_told_as_such_and_ends_nothing(alice: User, nobody: APIClient) -> None:
    claims = claims_of(alice, "refresh")

    for path in ("/auth/token/refresh", "/auth/logout"):
        problem_of(nobody.post(path, {"refresh": signed(claims | {"exp": 1})}), 401, "token_expired")
    assert refreshed(nobody, signed(claims)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_parallel_refreshes_all_get_the_same_pair(alice: User, settings: Any) -> None:
    settings.REFRESH_LEEWAY = 60  # however slow the machine is
    clients = [APIClient(raise_request_exception=False) for _client in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _round in range(ROUNDS):
            refresh = start_session(alice)
            answers = at_once(pool, *[partial(refreshed, client, refresh) for client in clients])

            assert [answer.status_code for answer in answers] == CLIENTS * [200]
            [content] = {answer.content for answer in answers}
    assert Session.objects.count() == ROUNDS
    assert refreshed(clients[0], json.loads(content)["refresh"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_without_a_leeway_one_of_parallel_refreshes_wins(alice: User, settings: Any) -> None:
    settings.REFRESH_LEEWAY = 0
    clients = [APIClient(raise_request_exception=False) for _client in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _round in range(ROUNDS):
            refresh = start_session(alice)
            answers = at_once(pool, *[partial(refreshed, client, refresh) for client in clients])

            assert Counter(answer.status_code for answer in answers) == {200: 1, 401: CLIENTS - 1}
            assert {answer.json()["code"] for answer in answers if answer.status_code == 401} == {"invalid_token"}
    assert not Session.objects.exists()


# -- Ending -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rotated", [False, True])
def test_logging_out_ends_the_session_alone(rotated: bool, alice: User, bob: User, nobody: APIClient) -> None:
    refresh, other, bobs = start_session(alice), start_session(alice), start_session(bob)
    tokens = [str(refresh)]
    if rotated:  # an older token says as well whose login it is
        tokens.append(refreshed(nobody, refresh).json()["refresh"])

    response = nobody.post("/auth/logout", {"refresh": tokens[0]})

    assert (response.status_code, response.content) == (204, b"")
    problem_of(with_token(refresh.access_token), 401, "invalid_token")
    for token in tokens:
        problem_of(refreshed(nobody, token), 401, "invalid_token")
        problem_of(nobody.post("/auth/logout", {"refresh": token}), 401, "invalid_token")
    assert [with_token(one.access_token).status_code for one in (other, bobs)] == [200, 200]


def test_an_access_token_is_no_refresh_token(alice: User, nobody: APIClient) -> None:
    refresh = start_session(alice)

    for path in ("/auth/token/refresh", "/auth/logout"):
        problem_of(nobody.post(path, {"refresh": str(refresh.access_token)}), 401, "invalid_token")
    assert refreshed(nobody, refresh).status_code == 200


@pytest.mark.parametrize("end", ["deactivated", "deleted", "erased"])
def test_every_credential_ends_with_its_user(end: str, alice: User, bob: User, nobody: APIClient) -> None:
    as_alice, refresh = client_of(alice), str(start_session(alice))
    script, browser = APIClient(raise_request_exception=False), Client()
    secret = PersonalToken.objects.create(owner=alice, name="backup", scope="read_write").secret
    script.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    browser.force_login(alice)
    assert [client.get("/me").status_code for client in (as_alice, script, browser)] == [200, 200, 200]

    if end == "deactivated":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    elif end == "deleted":
        alice.delete()
    else:
        erase_users(users=[alice])

    income = json.dumps({"description": "x", "amount": 1})
    for client, code in (
        (as_alice, "invalid_token"),
        (script, "invalid_token"),
        (browser, "authorization_header_missing"),
    ):
        response = client.get("/me")
        problem_of(response, 401, code)
        assert response["WWW-Authenticate"] == CHALLENGE + ("" if client is browser else ', error="invalid_token"')
        problem_of(client.post("/incomes", income, content_type="application/json"), 401, code)
    for path in ("/auth/token/refresh", "/auth/logout"):
        problem_of(nobody.post(path, {"refresh": refresh}), 401, "invalid_token")
    assert not Transaction.objects.exists()
    assert client_of(bob).get("/me").status_code == 200
