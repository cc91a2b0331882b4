"""PATCH of /transactions with an array, and POST of /transactions/delete: all of the rows, or none."""

from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import FieldError
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from cashman_project.db.tests.sql import statements
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

NOBODYS_ID = "01a20000-0000-7000-8000-000000000000"


@pytest.fixture
def ids(alice: User) -> list[str]:
    """Three rows: two expenses around an income."""
    category = CategoryFactory.create(owner=alice, name="Food")
    factories = (ExpenseFactory, IncomeFactory, ExpenseFactory)
    return [
        str(factory.create(owner=alice, category=category, external_id=f"bank-{number}").pk)
        for number, factory in enumerate(factories)
    ]


def one(pk: str) -> dict[str, Any]:
    """Return the row's values."""
    return dict(Transaction.objects.filter(pk=pk).values().get())


# -- PATCH ------------------------------------------------------------------------------------


def test_each_row_gets_its_own_changes_and_no_others(as_alice: APIClient, alice: User, ids: list[str]) -> None:
    CategoryFactory.create(owner=alice, name="Fun")
    before = [one(pk) for pk in ids]

    response = as_alice.patch(
        "/transactions",
        [
            {"id": ids[2], "amount": 7},
            {"id": ids[0], "category": "fun", "notes": "with Ada"},
            {"id": ids[1], "category": None, "external_id": None, "date": "2026-01-01"},
        ],
    )

    assert response.status_code == 200
    assert [row["id"] for row in response.json()] == [ids[2], ids[0], ids[1]]
    assert [as_alice.get(f"/transactions/{row['id']}").json() for row in response.json()] == response.json()
    assert [(row["amount"], row["category"], row["version"]) for row in response.json()] == [
        ("-7.00", "Food", 2),
        ("-50.00", "Fun", 2),
        ("5000.00", None, 2),
    ]
    for old, changed in zip(
        before,
        [{"category_id", "notes", "notes_folded"}, {"category_id", "external_id", "date"}, {"amount"}],
        strict=True,
    ):
        new = one(str(old["id"]))
        assert {name for name in old if old[name] != new[name]} == changed | {"version", "updated_at", "revision"}


def test_what_was_read_can_be_sent_back_whole(as_alice: APIClient, ids: list[str]) -> None:
    rows = as_alice.get("/transactions").json()["results"]

    response = as_alice.patch("/transactions", [row | {"notes": "seen"} for row in rows])

    assert [row["notes"] for row in response.json()] == 3 * ["seen"]


def test_a_row_without_changes_stays_as_it_is(as_alice: APIClient, ids: list[str]) -> None:
    response = as_alice.patch("/transactions", [{"id": ids[0]}, {"id": ids[1].upper(), "amount": 1}])

    assert [row["version"] for row in response.json()] == [1, 2]


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"amount": 0}, "1.amount", "zero"),
        ({"amount": -1}, "1.amount", "negative"),  # of the income's own type
        ({"currency": "JPY", "amount": "0.5"}, "1.amount", "too_many_decimals"),
        ({"type": "GIFT"}, "1.type", "invalid_choice"),
        ({"version": 7}, "1.version", "read_only"),
        ({"colour": 1}, "1.colour", "unknown_field"),
        ({"category": "Yachts"}, "1.category", "does_not_exist"),
        ({"id": NOBODYS_ID}, "1.id", "does_not_exist"),
        ({"id": "x"}, "1.id", "invalid"),
        ({"id": 5}, "1.id", "invalid"),
        ({"id": None}, "1.id", "invalid"),
        ({"id": ["x"]}, "1.id", "invalid"),
    ],
)
def test_a_faulty_row_is_named_by_its_index_and_nothing_is_changed(
    change: dict[str, Any], field: str, code: str, as_alice: APIClient, ids: list[str]
) -> None:
    before = stored()

    response = as_alice.patch("/transactions", [{"id": ids[0], "amount": 1}, {"id": ids[1]} | change])

    problem_of(response, 400, "unknown_field" if code == "unknown_field" else "invalid", (field, code))
    assert stored() == before


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, None, "not_a_list"),
        ("x", None, "not_a_list"),
        ([], None, "empty"),
        (10_001 * [{"id": 36 * "x"}], None, "max_length"),
        ([{"amount": 1}], "0.id", "invalid"),
        ([5], "0.id", "invalid"),
    ],
)
def test_a_change_of_many_is_an_array_of_objects_with_ids(
    body: Any, field: str | None, code: str, as_alice: APIClient
) -> None:
    problem_of(as_alice.patch("/transactions", body), 400, "invalid", (field, code))


def test_a_row_is_named_once(as_alice: APIClient, ids: list[str]) -> None:
    before = stored()
    rows = [{"id": ids[0], "amount": 1}, {"id": ids[1], "amount": 1}, {"id": ids[0].upper(), "notes": "x"}]

    problem_of(as_alice.patch("/transactions", rows), 400, "invalid", ("2.id", "duplicate"))
    assert stored() == before


def test_no_more_than_twenty_unknown_rows_are_named(as_alice: APIClient) -> None:
    unknown = [{"id": str(UUID(int=number))} for number in range(1, 100)]

    faults = as_alice.patch("/transactions", unknown).json()["errors"]

    assert [fault["field"] for fault in faults] == [f"{number}.id" for number in range(20)]


def test_external_ids_stay_unique(as_alice: APIClient, ids: list[str]) -> None:
    before = stored()
    for rows, field in (
        ([{"id": ids[0], "notes": "x"}, {"id": ids[1], "external_id": "bank-0"}], "1.external_id"),
        ([{"id": ids[0], "external_id": "new"}, {"id": ids[1], "external_id": "new"}], "1.external_id"),
    ):
        response = as_alice.patch("/transactions", rows)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (409, field)
    assert stored() == before
    own = [{"id": pk, "external_id": f"bank-{number}"} for number, pk in enumerate(ids)]
    assert as_alice.patch("/transactions", own).status_code == 200


@pytest.mark.parametrize("order", [1, -1])
def test_rows_exchange_their_external_ids(order: int, as_alice: APIClient, as_bob: APIClient, ids: list[str]) -> None:
    assert as_bob.post("/incomes", {"description": "x", "amount": 1, "external_id": "bank-1"}).status_code == 201
    rows: list[dict[str, Any]] = [
        {"id": ids[0], "external_id": "bank-1"},
        {"id": ids[1], "external_id": "bank-2", "notes": "moved"},
        {"id": ids[2], "external_id": "bank-0"},
    ]

    response = as_alice.patch("/transactions", rows[::order])

    assert response.status_code == 200
    assert [one(pk)["external_id"] for pk in ids] == ["bank-1", "bank-2", "bank-0"]
    given_away = [{"id": ids[0], "external_id": None}, {"id": ids[1], "external_id": "bank-1"}]
    assert [row["external_id"] for row in as_alice.patch("/transactions", given_away).json()] == [None, "bank-1"]


def test_what_stays_as_it_is_is_not_written(as_alice: APIClient, ids: list[str]) -> None:
    rows = as_alice.get("/transactions").json()["results"]
    before = stored()

    same = as_alice.patch("/transactions", [row | {"amount": row["amount"].lstrip("-")} for row in rows])
    assert same.json() == rows
    for row in rows:
        assert (
            as_alice.patch(f"/transactions/{row['id']}", {"notes": row["notes"], "amount": row["amount"]}).json() == row
        )
        assert as_alice.put(f"/transactions/{row['id']}", row).json() == row
    assert stored() == before

    one_of_them = as_alice.patch("/transactions", [{"id": ids[0], "notes": "new"}, {"id": ids[1], "notes": ""}])
    assert [row["version"] for row in one_of_them.json()] == [2, 1]


def test_many_rows_have_no_tag_to_match(as_alice: APIClient, ids: list[str]) -> None:
    body = [{"id": ids[0], "amount": 1}]
    tag = as_alice.get(f"/transactions/{ids[0]}")["ETag"]

    problem_of(as_alice.patch("/transactions", body, headers={"If-Match": tag}), 412, "precondition_failed")
    page = as_alice.patch("/transactions", body, headers={"If-Match": tag, "Accept": "text/html"})
    assert (page.status_code, page["Content-Type"]) == (412, "text/html; charset=utf-8")
    assert as_alice.patch("/transactions", body, headers={"If-Match": "*"}).status_code == 200


@pytest.mark.parametrize("path", ["/incomes", "/expenses", "/categories"])
def test_only_transactions_are_changed_together(path: str, as_alice: APIClient) -> None:
    problem_of(as_alice.patch(path, []), 405, "method_not_allowed")
    assert as_alice.post(f"{path}/delete", {"ids": []}).status_code in (404, 405)


def test_what_many_changes_cost_follows_the_fields_not_the_rows(as_alice: APIClient, alice: User) -> None:
    counts = []
    for size in (2, 90):
        rows = ExpenseFactory.create_batch(size, owner=alice)
        two: list[dict[str, Any]] = [{"amount": 1}, {"notes": "x"}]
        changes = [{"id": str(row.pk)} | two[number % 2] for number, row in enumerate(rows)]
        with CaptureQueriesContext(connection) as queries:
            assert as_alice.patch("/transactions", changes).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_change_writes_the_given_fields_alone(many: bool, as_alice: APIClient, ids: list[str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        if many:
            as_alice.patch("/transactions", [{"id": ids[0], "notes": "x"}])
        else:
            as_alice.patch(f"/transactions/{ids[0]}", {"notes": "x"})

    [update] = [sql for sql in statements(queries) if sql.startswith('UPDATE "transactions')]
    written = update.partition(" SET ")[2].partition(" WHERE ")[0]
    columns = {name for name in one(ids[0]) if f'"{name}" =' in written} - {"id"}
    assert columns == {"notes", "notes_folded", "version", "updated_at", "revision"}


def test_an_expression_is_written_to_no_row_of_many(alice: User, ids: list[str]) -> None:
    row = Transaction.objects.get(pk=ids[0])
    row.external_id = F("description")
    with pytest.raises(FieldError, match="give it a value"):
        Transaction.objects.bulk_update([row], ["external_id"])


# -- Delete -----------------------------------------------------------------------------------


def test_the_named_rows_are_deleted(as_alice: APIClient, alice: User, bob: User, ids: list[str]) -> None:
    ExpenseFactory.create(owner=bob)

    tag = as_alice.get(f"/transactions/{ids[0]}")["ETag"]
    refused = as_alice.post("/transactions/delete", {"ids": ids[:2]}, headers={"If-Match": tag})
    problem_of(refused, 412, "precondition_failed")
    assert Transaction.objects.for_owner(alice).count() == 3

    response = as_alice.post("/transactions/delete", {"ids": ids[:2]}, headers={"If-Match": "*"})

    assert (response.status_code, response.content) == (204, b"")
    assert [str(row.pk) for row in Transaction.objects.for_owner(alice)] == ids[2:]
    assert Transaction.objects.for_owner(bob).count() == 1


@pytest.mark.parametrize(
    ("other", "field", "code"),
    [
        ([NOBODYS_ID], "ids.1", "does_not_exist"),
        (["{own}"], "ids.1", "duplicate"),
        (["x"], "ids.1", "invalid"),
        ([None], "ids.1", "invalid"),
        ([5, {}], "ids.1", "invalid"),
        (9_999 * ["x"], "ids.1", "invalid"),
        (10_000 * ["x"], "ids", "max_length"),
    ],
)
def test_one_that_is_none_is_named_and_nothing_is_deleted(
    other: list[Any], field: str, code: str, as_alice: APIClient, ids: list[str]
) -> None:
    before = stored()

    response = as_alice.post("/transactions/delete", {"ids": [ids[0], *(ids[0] if x == "{own}" else x for x in other)]})

    assert response.status_code == 400
    faults = response.json()["errors"]
    assert (faults[0]["field"], faults[0]["code"]) == (field, code)
    assert len(faults) <= 20
    assert stored() == before


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "ids", "required"),
        ({"ids": []}, "ids", "empty"),
        ({"ids": None}, "ids", "null"),
        ({"ids": "x"}, "ids", "not_a_list"),
        ({"ids": {"a": 1}}, "ids", "not_a_list"),
        ([NOBODYS_ID], None, "invalid"),
    ],
)
def test_the_ids_are_an_array(body: Any, field: str | None, code: str, as_alice: APIClient) -> None:
    problem_of(as_alice.post("/transactions/delete", body), 400, "invalid", (field, code))


def test_a_deletion_with_a_key_is_answered_again(as_alice: APIClient, ids: list[str]) -> None:
    headers = {"Idempotency-Key": "deletion-1"}

    first, again = (as_alice.post("/transactions/delete", {"ids": ids}, headers=headers) for _time in range(2))

    assert (first.status_code, again.status_code) == (204, 204)
    assert again["Idempotency-Replayed"] == "true"
    problem_of(
        as_alice.post("/transactions/delete", {"ids": ids}),
        400,
        "invalid",
        *[(f"ids.{number}", "does_not_exist") for number in range(3)],
    )


def test_deleting_many_costs_what_one_costs(as_alice: APIClient, alice: User) -> None:
    counts = []
    for size in (1, 90):
        rows = ExpenseFactory.create_batch(size, owner=alice)
        with CaptureQueriesContext(connection) as queries:
            assert as_alice.post("/transactions/delete", {"ids": [str(row.pk) for row in rows]}).status_code == 204
        counts.append(len(queries))

    assert counts[0] == counts[1]
