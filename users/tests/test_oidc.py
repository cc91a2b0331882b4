"""Tokens of an identity provider: who gets in, and how they and our own tokens work while the provider can't be
reached."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from cashman_project.environment import IdentityProvider
from conftest import client_of
from transactions.tests.factories import IncomeFactory
from transactions.tests.live import serve
from users.models import User
from users.tests.issuer import (
    AUDIENCE,
    DISCOVERY,
    HEADER,
    KEYS,
    LocalIssuer,
    hang,
    hang_up,
    jwk_of,
    local_issuer,
    rsa_key,
    says,
    signed,
)

CHALLENGE = 'Bearer realm="cashman", error="invalid_token"'


def client_with(token: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


# -- Users ------------------------------------------------------------------------------------


def test_who_comes_first_gets_books_of_its_own(issuer: LocalIssuer, alice: User) -> None:
    IncomeFactory.create(owner=alice)
    client = client_with(issuer.token())

    assert client.get("/secured/ping").json() == {"status": "ok"}
    assert client.post("/incomes", {"description": "salary", "amount": 5000}).status_code == 201

    user = User.objects.get(subject=f"{issuer.url} auth0|alice")
    me = client.get("/me").json()
    assert me == {
        "id": str(user.pk),
        "username": str(user.pk),
        "email": "",
        "currency": "USD",
        "time_zone": "UTC",
        "month_start": 1,
        "language": None,
        "account": None,
    }
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (False, False, False)
    assert [row["description"] for row in client.get("/transactions").json()["results"]] == ["salary"]
    assert len(client_of(alice).get("/transactions").json()["results"]) == 1
    problem_of(APIClient().post("/auth/token", {"username": user.username, "password": "x"}), 401, "bad_credentials")


def test_the_same_person_is_the_same_user(issuer: LocalIssuer, db: None) -> None:
    ids = {client_with(issuer.token(exp=2**32 + n)).get("/me").json()["id"] for n in range(3)}

    assert len(ids) == 1
    assert client_with(issuer.token(sub="auth0|bob")).get("/me").json()["id"] not in ids
    assert client_with(issuer.token(sub="auth0|Alice")).get("/me").json()["id"] not in ids
    assert User.objects.count() == 3


def test_another_issuer_knows_other_people(issuer: LocalIssuer, settings: Settings, db: None) -> None:
    """Whatever its URL and its subjects are, together they never read as those of another."""
    first = client_with(issuer.token()).get("/me").json()["id"]
    with local_issuer() as other:
        settings.OIDC = IdentityProvider(other.url, AUDIENCE, "", provision=True)

        assert client_with(other.token()).get("/me").json()["id"] != first
        problem_of(client_with(issuer.token()).get("/me"), 401, "invalid_claims")  # though it has a key of this name


@pytest.mark.parametrize("claim", ["username", "id", "subject"])
def test_no_subject_becomes_a_user_of_our_own(claim: str, issuer: LocalIssuer, alice: User) -> None:
    IncomeFactory.create(owner=alice)
    subject = {"username": alice.username, "id": str(alice.pk), "subject": alice.subject}[claim]

    client = client_with(issuer.token(sub=subject))

    assert client.get("/me").json()["id"] != str(alice.pk)
    assert client.get("/transactions").json()["results"] == []


def test_nobody_new_is_let_in_unless_settings_say_so(issuer: LocalIssuer, settings: Settings, db: None) -> None:
    known = client_with(issuer.token())
    assert known.get("/secured/ping").status_code == 200
    settings.OIDC = IdentityProvider(issuer.url, AUDIENCE, "", provision=False)

    response = client_with(issuer.token(sub="auth0|bob")).get("/secured/ping")

    problem_of(response, 401, "invalid_token")
    assert response["WWW-Authenticate"] == CHALLENGE
    assert User.objects.count() == 1
    assert known.get("/secured/ping").status_code == 200


@pytest.mark.parametrize("end", ["deactivated", "deleted"])
def test_a_user_who_is_gone_is_refused(end: str, issuer: LocalIssuer, settings: Settings, db: None) -> None:
    client = client_with(issuer.token())
    assert client.get("/secured/ping").status_code == 200

    if end == "deactivated":
        User.objects.update(is_active=False)
    else:
        User.objects.all().delete()
        settings.OIDC = IdentityProvider(issuer.url, AUDIENCE, "", provision=False)

    response = client.get("/secured/ping")
    problem_of(response, 401, "invalid_token")
    assert response["WWW-Authenticate"] == CHALLENGE
    problem_of(client.post("/incomes", {"description": "x", "amount": 1}), 401, "invalid_token")


def test_a_known_user_costs_one_query(
    issuer: LocalIssuer, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_with(issuer.token())
    assert client.get("/secured/ping").status_code == 200

    with django_assert_num_queries(1):
        assert client.get("/secured/ping").status_code == 200


def test_who_comes_first_many_times_at_once_is_one_user(issuer: LocalIssuer, transactional_db: None) -> None:
    assert client_with(issuer.token(sub="auth0|bob")).get("/secured/ping").status_code == 200  # so the keys are there
    clients, rounds = 4, 5
    start = Barrier(clients)

    def first_request(token: str) -> tuple[int, str]:
        try:
            start.wait()
            response = client_with(token).get("/me")
            return response.status_code, response.json().get("id")
        finally:
            connection.close()

    with ThreadPoolExecutor(clients) as pool:
        for number in range(rounds):
            answers = set(pool.map(first_request, clients * [issuer.token(sub=f"auth0|{number}")]))
            assert [status for status, _id in answers] == [200], answers
    assert User.objects.count() == 1 + rounds


def test_the_name_of_a_new_user_is_nobodys_choice(issuer: LocalIssuer, db: None) -> None:
    token = issuer.token(sub="admin", preferred_username="admin", nickname="admin", name="admin", email="a@b.example")

    me = client_with(token).get("/me").json()

    assert UUID(me["username"]) == UUID(me["id"])
    assert me["email"] == ""


# -- Both kinds of token ----------------------------------------------------------------------


def test_both_kinds_are_taken_side_by_side(issuer: LocalIssuer, alice: User) -> None:
    outside, own = client_with(issuer.token()), client_of(alice)

    for _request in range(2):
        assert outside.get("/secured/ping").status_code == 200
        assert own.get("/secured/ping").status_code == 200
    assert issuer.asked == [DISCOVERY, KEYS]


def test_without_an_issuer_its_tokens_are_none(issuer: LocalIssuer, settings: Settings, db: None) -> None:
    settings.OIDC = None

    problem_of(client_with(issuer.token()).get("/secured/ping"), 401, "invalid_token")
    assert issuer.asked == []


# -- An issuer that is away -------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [hang_up, says(b"<!doctype html>"), says({"keys": []}), says([]), says({}, 500)],
    ids=["refusing", "HTML", "an empty set", "a list", "an error"],
)
def test_without_keys_an_outside_token_waits_and_an_own_one_does_not(
    answer: Any, issuer: LocalIssuer, alice: User
) -> None:
    issuer.answers[KEYS] = answer
    client = client_with(issuer.token())

    for path in ("/secured/ping", "/incomes", "/me"):
        response = client.get(path, headers={"Accept-Language": "de"})
        problem_of(response, 503, "unavailable")
        assert response["Retry-After"] == "5"
        assert client_of(alice).get(path).status_code == 200
    assert issuer.asked == [DISCOVERY, KEYS]
    assert User.objects.count() == 1
    problem_of(client_with("a.b.c").get("/me"), 401, "invalid_token")


def test_an_issuer_that_goes_away_later_is_not_missed(issuer: LocalIssuer, db: None) -> None:
    client = client_with(issuer.token())
    assert client.get("/secured/ping").status_code == 200

    issuer.answers = dict.fromkeys([DISCOVERY, KEYS], hang_up)

    assert client.get("/secured/ping").status_code == 200


def test_keys_may_change(issuer: LocalIssuer, db: None) -> None:
    client = client_with(issuer.token())
    assert client.get("/secured/ping").status_code == 200
    issuer.keys = [jwk_of("second")]
    new = client_with(signed(issuer.claims(), HEADER | {"kid": "second"}, rsa_key("second")))

    assert new.get("/secured/ping").status_code == 200
    problem_of(client.get("/secured/ping"), 401, "invalid_token")


@pytest.mark.live
def test_while_the_issuer_hangs_own_requests_are_answered(tmp_path: Path) -> None:
    """On a real server of one process: one of its threads waits for the keys, and none for that one."""
    credentials = {"username": "alice", "password": "correct horse battery"}
    with (
        local_issuer() as issuer,
        serve(tmp_path, ALLOW_SIGNUP="on", OIDC_ISSUER=issuer.url, OIDC_AUDIENCE=AUDIENCE) as server,
        ThreadPoolExecutor(8) as pool,
    ):
        issuer.answers[DISCOVERY] = hang
        assert server.request("POST", "/auth/register", credentials).status == 201
        own = server.request("POST", "/auth/token", credentials).json()["access"]

        waiting = [pool.submit(server.request, "GET", "/secured/ping", token=issuer.token()) for _client in range(8)]
        issuer.arrived.acquire()
        statuses = [server.request("GET", "/secured/ping", token=own).status for _request in range(50)]

        assert statuses == 50 * [200]
        for request in waiting:
            answer = request.result()
            assert (answer.status, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) in (2, 5)
        assert issuer.asked == [DISCOVERY]  # which is still held: nothing was answered after it
