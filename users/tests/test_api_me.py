"""/me: who you are, and what you prefer."""

from collections.abc import Callable
from threading import Lock
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from users.models import User


def test_it_is_the_tokens_user(as_alice: APIClient, as_bob: APIClient, alice: User, bob: User) -> None:
    assert as_alice.get("/me").json() == {
        "id": str(alice.pk),
        "username": "alice",
        "email": "",
        "currency": "USD",
        "time_zone": "UTC",
        "month_start": 1,
        "language": None,
        "account": None,
    }
    assert as_bob.get("/me/").json()["username"] == "bob"


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "JPY"},
        {"currency": "BGN"},
        {"time_zone": "Europe/Berlin"},
        {"language": "de"},
        {"language": "pt-br"},
        {"email": "alice@home.example"},
        {"email": ""},
        {"currency": "EUR", "time_zone": "Asia/Tokyo", "language": "ja"},
        {},
    ],
)
def test_preferences_change_and_nothing_else(
    changes: dict[str, Any], as_alice: APIClient, as_outsider: APIClient, alice: User
) -> None:
    before, others = as_alice.get("/me").json(), as_outsider.get("/me").json()

    response = as_alice.patch("/me", changes)

    assert response.status_code == 200
    assert response.json() == before | changes
    assert as_alice.get("/me").json() == before | changes
    assert as_outsider.get("/me").json() == others


def test_what_was_read_may_be_sent_back_whole(as_alice: APIClient) -> None:
    before = as_alice.get("/me").json()

    assert as_alice.patch("/me", before).json() == before


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("currency", "usd", "invalid_currency"),
        ("currency", "XXX", "invalid_currency"),
        ("currency", "840", "invalid_currency"),
        ("currency", "", "blank"),
        ("currency", None, "null"),
        ("currency", 840, "invalid"),
        ("time_zone", "Berlin", "invalid_time_zone"),
        ("time_zone", "europe/berlin", "invalid_time_zone"),
        ("time_zone", "+01:00", "invalid_time_zone"),
        ("time_zone", "../../etc/passwd", "invalid_time_zone"),
        ("time_zone", " UTC", "invalid_time_zone"),
        ("time_zone", None, "null"),
        ("time_zone", 1, "invalid"),
        ("language", "xx", "invalid_language"),
        ("language", "DE", "invalid_language"),
        ("language", "en-us", "invalid_language"),
        ("language", "", "blank"),
        ("language", ["de"], "invalid"),
        ("email", "alice", "invalid"),
        ("email", 5, "invalid"),
        ("email", None, "null"),
        ("username", "bob", "read_only"),
        ("username", "zoe", "read_only"),
        ("id", "x", "read_only"),
        ("id", None, "read_only"),
        ("password", "correct horse battery", "unknown_field"),
        ("is_staff", True, "unknown_field"),
        ("is_superuser", True, "unknown_field"),
        ("is_active", False, "unknown_field"),
        ("subject", "x", "unknown_field"),
        ("last_login", None, "unknown_field"),
    ],
)
def test_a_wrong_preference_is_refused_by_its_name(
    name: str, value: object, code: str, as_alice: APIClient, bob: User
) -> None:
    before = stored()

    response = as_alice.patch("/me", {"email": "alice@home.example", name: value})

    problem_of(response, 400, code if code == "unknown_field" else "invalid", (name, code))
    assert stored() == before


def test_preferences_are_what_new_rows_begin_with(as_alice: APIClient, alice: User) -> None:
    as_alice.patch("/me", {"currency": "JPY", "time_zone": "Pacific/Kiritimati"})

    row = as_alice.post("/incomes", {"description": "x", "amount": 1200}).json()

    alice.refresh_from_db()
    assert (row["currency"], row["amount"]) == ("JPY", "1200")
    assert row["date"] == alice.today().isoformat()


def test_messages_are_in_the_preferred_language(as_alice: APIClient, as_bob: APIClient) -> None:
    as_alice.patch("/me", {"language": "de"})

    answers = [client.patch("/me", {"currency": None}).json()["errors"][0]["detail"] for client in (as_alice, as_bob)]

    assert answers == ["Dieses Feld darf nicht null sein.", "This field may not be null."]


def test_who_is_erased_while_changing_is_refused(as_alice: APIClient, alice: User) -> None:
    erasing = Lock()  # once: an erasure reads the user, too

    def erase_first(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('SELECT "users_user"') and erasing.acquire(blocking=False):
            alice.delete()
        return execute(sql, *rest)

    with connection.execute_wrapper(erase_first):
        response = as_alice.patch("/me", {"currency": "EUR"})

    problem_of(response, 401, "invalid_token")


def test_a_session_reads_and_changes_its_own(client: APIClient, alice: User) -> None:
    client.force_login(alice)

    assert client.get("/me").json()["username"] == "alice"
    assert client.patch("/me", {"currency": "EUR"}, content_type="application/json").json()["currency"] == "EUR"
    client.logout()
    problem_of(client.get("/me"), 401, "authorization_header_missing")
