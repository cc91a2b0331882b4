"""Idempotency-Key: a request that is sent again is answered again, and happens once."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from cashman_project.api import idempotency
from cashman_project.api.models import IdempotencyKey
from cashman_project.api.tests.problems import problem_of, stored
from transactions.models import Category, Transaction
from transactions.tests.factories import IncomeFactory
from users.erasure import erase_users
from users.models import User

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
INCOME = {"description": "salary", "amount": 5000}
REQUESTS: list[tuple[str, Any]] = [
    ("/incomes", INCOME),
    ("/expenses", INCOME),
    ("/transactions", {"type": "EXPENSE", **INCOME}),
    ("/categories", {"name": "Food"}),
    ("/incomes", [INCOME, INCOME]),
    ("/expenses", [INCOME, INCOME]),
    ("/transactions", [{"type": "INCOME", **INCOME}, {"type": "EXPENSE", **INCOME}]),
]
LEFT_OUT = {"Idempotency-Replayed", "Content-Length"}


def rows_of(user: User) -> int:
    return sum(model.objects.for_owner(user).count() for model in (Transaction, Category))


def headers_of(response: Any) -> dict[str, str]:
    own = ("Idempotency-Replayed", "X-Request-ID")
    return {name: value for name, value in response.headers.items() if name not in own}


def age(hours: float) -> None:
    """Make the keys that there are so old."""
    IdempotencyKey.objects.update(created_at=timezone.now() - datetime.timedelta(hours=hours))


@pytest.mark.parametrize("prefer", ["", "return=minimal"])
@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_a_repeated_request_is_answered_again_and_happens_once(
    path: str, body: Any, prefer: str, as_alice: APIClient, alice: User
) -> None:
    headers = KEY | {"Prefer": prefer}
    first = as_alice.post(path, body, headers=headers)
    count = rows_of(alice)

    again = [as_alice.post(address, body, headers=headers) for address in (path, path + "/", path)]

    assert first.status_code == (204 if prefer else 201)
    assert "Idempotency-Replayed" not in first
    assert rows_of(alice) == count == (len(body) if isinstance(body, list) else 1)
    for response in again:
        assert (response.status_code, response.content) == (first.status_code, first.content)
        assert response["Idempotency-Replayed"] == "true"
        assert headers_of(response) == headers_of(first)


def test_the_answer_is_the_first_ones_whatever_became_of_the_row(as_alice: APIClient, alice: User) -> None:
    first = as_alice.post("/incomes", INCOME, headers=KEY)
    as_alice.patch(first["Location"], {"amount": 1})
    changed = as_alice.post("/incomes", INCOME, headers=KEY)
    as_alice.delete(first["Location"])
    deleted = as_alice.post("/incomes", INCOME, headers=KEY | {"Prefer": "return=minimal"})

    assert (changed.status_code, changed.content) == (201, first.content)
    assert (deleted.status_code, deleted.content) == (201, first.content)
    assert rows_of(alice) == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/incomes", INCOME | {"amount": 5001}),
        ("/incomes", {"amount": 5000, "description": "salary"}),
        ("/expenses", INCOME),
        ("/incomes", [INCOME]),
        ("/categories", {"name": "Food"}),
        ("/transactions/delete", {"ids": ["01a20000-0000-7000-8000-000000000000"]}),
    ],
)
def test_a_key_belongs_to_one_request(path: str, body: Any, as_alice: APIClient) -> None:
    as_alice.post("/incomes", INCOME, headers=KEY)
    before = stored()

    response = as_alice.post(path, body, headers=KEY)

    problem_of(response, 422, "idempotency_key_reused")
    assert "Idempotency-Replayed" not in response
    assert stored() == before
    assert as_alice.post("/incomes", INCOME, headers=KEY)["Idempotency-Replayed"] == "true"


def test_a_key_belongs_to_one_owner(as_alice: APIClient, as_bob: APIClient, alice: User, bob: User) -> None:
    alices = as_alice.post("/incomes", INCOME, headers=KEY)
    bobs = as_bob.post("/incomes", INCOME, headers=KEY)
    others = as_bob.post("/expenses", INCOME, headers=KEY)

    assert (bobs.status_code, "Idempotency-Replayed" in bobs) == (201, False)
    assert alices.json()["id"] != bobs.json()["id"]
    problem_of(others, 422, "idempotency_key_reused")
    assert (rows_of(alice), rows_of(bob)) == (1, 1)


def test_what_failed_is_tried_anew(as_alice: APIClient, alice: User) -> None:
    body = INCOME | {"category": "Work", "external_id": "bank-4711"}
    IncomeFactory.create(owner=alice, external_id="bank-4711")

    problem_of(as_alice.post("/incomes", body, headers=KEY), 400, "invalid", ("category", "does_not_exist"))
    as_alice.post("/categories", {"name": "Work"})
    problem_of(as_alice.post("/incomes", body, headers=KEY), 409, "conflict", ("external_id", "conflict"))
    assert IdempotencyKey.objects.count() == 0

    Transaction.objects.all().delete()
    created = as_alice.post("/incomes", body, headers=KEY)
    assert (created.status_code, "Idempotency-Replayed" in created) == (201, False)
    assert as_alice.post("/incomes", body, headers=KEY).content == created.content


@pytest.mark.parametrize("key", ["!", "~", 255 * "x", '"quoted"', "a,b", "back\\slash", "%20"])
def test_a_key_is_any_visible_ascii(key: str, as_alice: APIClient) -> None:
    first, second = (as_alice.post("/incomes", INCOME, headers={"Idempotency-Key": key}) for _time in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content


@pytest.mark.parametrize("key", ["", " ", "a b", 256 * "x", "\x7f", "é", "\xff", "a\tb", "\x00"])
def test_any_other_key_is_refused(key: str, as_alice: APIClient, alice: User) -> None:
    for body in (INCOME, {}, [INCOME]):
        response = as_alice.post("/incomes", body, headers={"Idempotency-Key": key})
        problem_of(response, 400, "invalid", ("Idempotency-Key", "invalid"))
    assert (rows_of(alice), IdempotencyKey.objects.count()) == (0, 0)


@pytest.mark.parametrize("form", ["multipart", "urlencoded"])
def test_a_form_has_no_key(form: str, alice: User) -> None:
    session = APIClient(raise_request_exception=False)
    session.force_login(alice)
    how: dict[str, Any] = (
        {"data": INCOME, "format": "multipart"}
        if form == "multipart"
        else {"data": "description=salary&amount=5000", "content_type": "application/x-www-form-urlencoded"}
    )

    response: Any = session.post("/incomes", headers=KEY, **how)

    problem_of(response, 400, "invalid", ("Idempotency-Key", "invalid"))
    assert rows_of(alice) == 0


def test_a_session_in_json_may_have_one_and_read_the_answer_as_a_page(alice: User) -> None:
    session = APIClient(raise_request_exception=False)
    session.force_login(alice)

    first = session.post("/incomes", INCOME, headers=KEY)
    page = session.post("/incomes", INCOME, headers=KEY | {"Accept": "text/html"})

    assert (page.status_code, page["Content-Type"]) == (201, "text/html; charset=utf-8")
    assert first.json()["id"] in page.content.decode()
    assert rows_of(alice) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/register", {"username": "zoe", "password": "correct horse battery"}),
        ("/auth/token", {"username": "alice", "password": "correct horse battery"}),
    ],
)
def test_answers_with_secrets_are_never_kept(
    path: str, body: dict[str, str], nobody: APIClient, alice: User, settings: Any
) -> None:
    settings.ALLOW_SIGNUP = True
    alice.set_password("correct horse battery")
    alice.save()

    answers = [nobody.post(path, body, headers=KEY) for _time in range(2)]

    assert answers[0].status_code < 300
    assert "Idempotency-Replayed" not in answers[1]
    assert answers[1].content != answers[0].content
    assert IdempotencyKey.objects.count() == 0


# -- A day later ------------------------------------------------------------------------------


def test_a_key_counts_for_a_day(as_alice: APIClient, alice: User) -> None:
    first = as_alice.post("/incomes", INCOME, headers=KEY)
    age(23.9)
    assert as_alice.post("/incomes", INCOME, headers=KEY).content == first.content
    age(24.1)

    second = as_alice.post("/expenses", INCOME, headers=KEY)

    assert (second.status_code, "Idempotency-Replayed" in second) == (201, False)
    assert rows_of(alice) == 2
    assert as_alice.post("/expenses", INCOME, headers=KEY).content == second.content


def test_an_expired_key_whose_request_fails_is_free_still(as_alice: APIClient) -> None:
    as_alice.post("/incomes", INCOME, headers=KEY)
    age(25)

    problem_of(as_alice.post("/categories", {}, headers=KEY), 400, "invalid", ("name", "required"))
    assert as_alice.post("/categories", {"name": "Food"}, headers=KEY).status_code == 201


def test_a_request_takes_expired_keys_of_its_owner_along(as_alice: APIClient, as_bob: APIClient, bob: User) -> None:
    for client in (as_alice, as_bob):
        for number in range(3):
            client.post("/incomes", INCOME, headers={"Idempotency-Key": f"key-{number}"})
    age(25)

    as_alice.post("/incomes", INCOME, headers={"Idempotency-Key": "key-1"})

    assert {(row.owner.username, row.key) for row in IdempotencyKey.objects.select_related("owner")} == {
        ("alice", "key-1"),
        *(("bob", f"key-{number}") for number in range(3)),
    }


def test_it_takes_no_more_than_a_few(as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "SWEPT", 2)
    IdempotencyKey.objects.bulk_create([IdempotencyKey(owner=alice, key=f"key-{number}") for number in range(5)])
    age(25)

    as_alice.post("/incomes", INCOME, headers=KEY)

    assert IdempotencyKey.objects.count() == 1 + 5 - 2


def test_erased_people_leave_no_key(as_alice: APIClient, as_bob: APIClient, alice: User) -> None:
    for client in (as_alice, as_bob):
        client.post("/incomes", INCOME, headers=KEY)

    erase_users(users=[alice])

    assert [row.owner.username for row in IdempotencyKey.objects.select_related("owner")] == ["bob"]


# -- What it costs ----------------------------------------------------------------------------


def test_without_a_key_nobody_asks_for_one(as_alice: APIClient) -> None:
    with CaptureQueriesContext(connection) as queries:
        as_alice.post("/incomes", INCOME)

    assert queries.captured_queries
    assert [query["sql"] for query in queries if "idempotency" in query["sql"]] == []
