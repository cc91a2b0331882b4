"""POST /revisions/{n}/undo."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from ledgers.models import Revision
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory, PersonalTokenFactory
from users.models import User

ROW = {"description": "pizza", "amount": "4.20", "external_id": "a"}


def sent(client: APIClient, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Send JSON, or nothing."""
    content = "" if body is None else json.dumps(body)
    return client.generic(method, path, content, content_type="application/json", headers=headers)


def undo(client: APIClient, number: object, body: Any = None, **headers: str) -> Any:
    return sent(client, "POST", f"/revisions/{number}/undo", body, **headers)


def revision_of(response: Any) -> int:
    assert response.status_code < 300, response.content
    return int(response.headers["Ledger-Revision"])


@pytest.fixture(autouse=True)
def rows_of_bob(bob: User) -> Any:
    """Bob's revisions have the same numbers as alice's, and stay."""
    ExpenseFactory.create_batch(9, owner=bob)
    yield
    assert Revision.objects.filter(ledger=bob.pk).count() == 9
    assert set(Transaction.objects.for_owner(bob).values_list("version", flat=True)) == {1}


def test_a_deletion_is_undone(as_alice: APIClient) -> None:
    row = sent(as_alice, "POST", "/expenses", ROW).json()
    deletion = revision_of(sent(as_alice, "DELETE", f"/expenses/{row['id']}"))

    response = undo(as_alice, deletion)

    assert response.status_code == 201
    number = deletion + 1
    answer = response.json()
    assert {**answer, "at": "", "request_id": ""} == {
        "number": number,
        "at": "",
        "by": None,
        "via": "undo",
        "token": "",
        "request_id": "",
        "undoes": deletion,
        "counts": {"transactions": {"created": 1}},
    }
    assert answer["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["Ledger-Revision"] == str(number)
    assert response.headers["Location"] == f"http://testserver/revisions/{number}"
    shown = as_alice.get(response.headers["Location"]).json()
    assert {name: shown[name] for name in answer} == answer
    again = as_alice.get(f"/expenses/{row['id']}").json()
    assert again == row | {"version": 2, "updated_at": again["updated_at"]}
    feed = as_alice.get("/changes").json()["changes"]
    assert [change["data"] for change in feed] == [again]


def test_an_undo_is_undone_through_each_door(as_alice: APIClient) -> None:
    row = sent(as_alice, "POST", "/expenses", ROW).json()
    path = f"/expenses/{row['id']}"
    number = revision_of(sent(as_alice, "PATCH", path, {"amount": "4.80"}))

    for expected in ("-4.20", "-4.80", "-4.20"):
        number = revision_of(undo(as_alice, number, {}))
        assert as_alice.get(path).json()["amount"] == expected
    assert as_alice.get(path).json()["version"] == 5


@pytest.mark.parametrize("body", [None, {}, {"force": False}])
def test_changed_since(body: Any, as_alice: APIClient, alice: User) -> None:
    row = sent(as_alice, "POST", "/expenses", ROW).json()
    path = f"/expenses/{row['id']}"
    number = revision_of(sent(as_alice, "PATCH", path, {"amount": "4.80"}))
    sent(as_alice, "PATCH", path, {"notes": "x"})
    before = stored()

    problem = problem_of(undo(as_alice, number, body), 409, "changed_since")

    assert (problem["ids"], problem["count"]) == ([row["id"]], 1)
    assert stored() == before
    assert undo(as_alice, number, {"force": True}).status_code == 201
    assert as_alice.get(path).json()["amount"] == "-4.20"


def test_the_other_conflicts(as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Fun")
    row = ExpenseFactory.create(owner=alice, category=category, external_id="a")
    deletion = revision_of(sent(as_alice, "DELETE", f"/expenses/{row.pk}"))
    category_deletion = revision_of(sent(as_alice, "DELETE", f"/categories/{category.pk}"))

    problem = problem_of(undo(as_alice, deletion), 409, "reference_gone")
    assert [problem[name] for name in ("field", "id", "revision", "count")] == [
        "category",
        str(category.pk),
        category_deletion,
        1,
    ]
    other = IncomeFactory.create(owner=alice, external_id="a")
    problem = problem_of(undo(as_alice, deletion, {"force": True}), 409, "taken")
    assert [problem[name] for name in ("field", "value", "id", "count")] == ["external_id", "a", str(other.pk), 1]
    restored = revision_of(undo(as_alice, category_deletion))
    Transaction.objects.filter(owner=alice).update(category=category.pk)
    problem = problem_of(undo(as_alice, restored), 409, "in_use")
    assert (problem["resource"], problem["count"]) == ("transactions", 1)
    problem_of(undo(as_alice, category_deletion), 409, "changed_since")
    problem_of(undo(as_alice, category_deletion, {"force": True}), 409, "nothing_to_undo")


def test_a_key_undoes_once(as_alice: APIClient, alice: User) -> None:
    ExpenseFactory.create(owner=alice)

    first, second = (undo(as_alice, 1, {}, **{"Idempotency-Key": "k"}) for _time in range(2))

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert first.headers["Ledger-Revision"] == second.headers["Ledger-Revision"] == "2"
    assert second.headers["Idempotency-Replayed"] == "true"
    assert Revision.objects.filter(ledger=alice.pk).count() == 2
    problem_of(undo(as_alice, 2, {}, **{"Idempotency-Key": "k"}), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "code", "error"),
    [
        ({"forced": True}, "unknown_field", ("forced", "unknown_field")),
        ({"force": "true"}, "invalid", ("force", "invalid")),
        ({"force": None}, "invalid", ("force", "null")),
        ([], "invalid", (None, "invalid")),
    ],
)
def test_a_wrong_body_undoes_nothing(body: Any, code: str, error: Any, as_alice: APIClient, alice: User) -> None:
    ExpenseFactory.create(owner=alice)

    problem_of(undo(as_alice, 1, body), 400, code, error)

    assert Transaction.objects.for_owner(alice).exists()


@pytest.mark.parametrize("number", ["0", "2", "9", "999999999999999999", "9" * 19, "1" * 5000, "-1", "x", "１"])
def test_there_is_no_such_revision(number: str, as_alice: APIClient, as_outsider: APIClient, alice: User) -> None:
    ExpenseFactory.create(owner=alice)

    problem_of(undo(as_alice, number), 404, "not_found")
    problem_of(undo(as_outsider, number), 404, "not_found")
    problem_of(undo(as_outsider, 1), 404, "not_found")


def test_a_history_that_is_gone(as_alice: APIClient, alice: User) -> None:
    ExpenseFactory.create(owner=alice)
    Revision.objects.filter(ledger=alice.pk).delete()

    problem_of(undo(as_alice, 1), 410, "history_expired")


def test_a_revision_that_is_too_large_is_refused_before_anything_of_it_is_read(
    as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledgers.services.undo.MOST_UNDONE", 3)
    rows = [{"type": "EXPENSE", "description": "x", "amount": 1} for _number in range(4)]
    small, large = (revision_of(sent(as_alice, "POST", "/transactions", part)) for part in (rows[1:], rows))
    before = stored()

    for body in ({}, {"force": True}):
        with CaptureQueriesContext(connection) as queries:
            problem = problem_of(undo(as_alice, large, body), 409, "too_large")
        assert problem["limit"] == 3
        assert problem["detail"] == "This changed more than 3 rows, which is too many to undo."
        assert not [query for query in queries if 'FROM "transactions' in query["sql"]]
    assert stored() == before
    assert undo(as_alice, small).status_code == 201


def test_a_new_name_of_a_category_that_many_rows_have_is_undone(
    as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its deletion is too large, because each of them gets it back."""
    monkeypatch.setattr("ledgers.services.undo.MOST_UNDONE", 3)
    category = CategoryFactory.create(owner=alice, name="Food")
    ExpenseFactory.create_batch(4, owner=alice, category=category)
    path = f"/categories/{category.pk}"

    assert undo(as_alice, revision_of(sent(as_alice, "PATCH", path, {"name": "Meals"}))).status_code == 201
    assert as_alice.get(path).json()["name"] == "Food"
    deletion = revision_of(sent(as_alice, "DELETE", f"{path}?force=true"))
    problem_of(undo(as_alice, deletion), 409, "too_large")


def test_a_category_that_too_many_rows_have_since_is_not_taken_back(
    as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledgers.services.undo.MOST_UNDONE", 3)
    number = revision_of(sent(as_alice, "POST", "/categories", {"name": "Food"}))
    category = Category.objects.get(owner=alice)
    rows = ExpenseFactory.create_batch(4, owner=alice, category=category)
    before = stored()

    problem_of(undo(as_alice, number), 409, "in_use")
    problem = problem_of(undo(as_alice, number, {"force": True}), 409, "too_large")

    assert problem["limit"] == 3
    assert problem["detail"] == "More than 3 rows refer to these rows, which is too many to unlink."
    assert stored() == before
    rows[0].delete()
    assert undo(as_alice, number, {"force": True}).status_code == 201
    assert not Category.objects.filter(owner=alice).exists()


def test_a_token_that_may_write_is_named(alice: User) -> None:
    ExpenseFactory.create(owner=alice)
    client = APIClient()
    token = PersonalTokenFactory.create(owner=alice, name="bank")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.secret}")

    assert undo(client, 1).json()["token"] == "bank"


def test_a_token_that_may_only_read_undoes_nothing(alice: User) -> None:
    ExpenseFactory.create(owner=alice)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {PersonalTokenFactory.create(owner=alice, scope='read').secret}")

    problem_of(undo(client, 1), 403, "permission_denied")
    assert Transaction.objects.for_owner(alice).exists()
