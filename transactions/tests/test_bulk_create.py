"""An array on POST: all of its rows, or none."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from conftest import client_of
from transactions.models import Category, Transaction
from transactions.serializers import TransactionSerializer
from transactions.services.fast_create import create_fast
from transactions.tests.factories import CategoryFactory, IncomeFactory
from transactions.tests.shares import reached, reaches
from users.models import User

PATHS = ["/incomes", "/expenses", "/transactions"]
MAX_ROWS = 10_000


def row(path: str = "/transactions", **changes: Any) -> dict[str, Any]:
    """Return what is enough for a new row."""
    return ({"type": "EXPENSE"} if path == "/transactions" else {}) | {"description": "pizza", "amount": 50} | changes


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("id", "created_at", "updated_at")}


@pytest.mark.parametrize("path", PATHS)
def test_the_rows_are_answered_in_their_order_and_stored(path: str, as_alice: APIClient, alice: User) -> None:
    names = [f"row {number}" for number in (3, 1, 2)]

    response = as_alice.post(path, [row(path, description=name) for name in names])

    assert response.status_code == 201
    assert "Location" not in response
    assert "ETag" not in response
    assert [one["description"] for one in response.json()] == names
    for one in response.json():
        assert as_alice.get(f"{path}/{one['id']}").json() == one
    assert Transaction.objects.for_owner(alice).count() == 3


def test_the_rows_are_those_that_single_requests_make(as_alice: APIClient, as_bob: APIClient) -> None:
    for client in (as_alice, as_bob):
        client.post("/categories", {"name": "École"})
    rows = [
        row(),
        row(amount="12.50", currency="EUR", date="2026-11-01", notes="with Ada", external_id="bank-4711"),
        row(type="INCOME", amount=9, category="éCOLE"),
        row(amount=-1200, currency="JPY", category=None, description="  trimmed  "),
    ]

    many = as_alice.post("/transactions", rows).json()
    single = [as_bob.post("/transactions", one).json() for one in rows]

    assert [without_id(one) for one in many] == [without_id(one) for one in single]


def test_who_prefers_no_answer_gets_none(as_alice: APIClient, alice: User) -> None:
    response = as_alice.post("/incomes", [row("")] * 2, headers={"Prefer": "return=minimal"})

    assert (response.status_code, response.content) == (204, b"")
    assert response["Preference-Applied"] == "return=minimal"
    assert "Location" not in response
    assert Transaction.objects.for_owner(alice).count() == 2


def test_a_browser_gets_a_page(as_alice: APIClient) -> None:
    made = as_alice.post("/incomes", [row("")], headers={"Accept": "text/html"})
    refused = as_alice.post("/incomes", [{}], headers={"Accept": "text/html"})

    assert (made.status_code, made["Content-Type"]) == (201, "text/html; charset=utf-8")
    assert (refused.status_code, refused["Content-Type"]) == (400, "text/html; charset=utf-8")


# -- All or nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "faults"),
    [
        ({"amount": 0}, [("2.amount", "zero")]),
        ({"amount": -1, "type": "INCOME"}, [("2.amount", "negative")]),
        ({"amount": 1, "description": "", "colour": 1}, [("2.colour", "unknown_field"), ("2.description", "blank")]),
        ({"id": "01a20000-0000-7000-8000-000000000000"}, [("2.id", "read_only")]),
        ({"category": "Yachts"}, [("2.category", "does_not_exist")]),
        ({"category": "half \ud800"}, [("2.category", "surrogate_characters_not_allowed")]),
        ({"category": "\x00"}, [("2.category", "null_characters_not_allowed")]),
        ({"category": 5}, [("2.category", "invalid")]),
        ({"category": ["Food"]}, [("2.category", "invalid")]),
        ({"external_id": 5}, [("2.external_id", "invalid")]),
    ],
)
def test_a_faulty_row_is_named_by_its_index_and_nothing_is_stored(
    bad: dict[str, Any], faults: list[tuple[str, str]], as_alice: APIClient, alice: User
) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    before = stored()

    response = as_alice.post("/transactions", json.dumps([row(), row(), row() | bad]), content_type="application/json")

    problem_of(response, 400, "invalid", *faults)
    assert stored() == before


@pytest.mark.parametrize("other", [None, 5, "x", True, [], [row()], 1.5])
def test_what_is_no_object_is_named_too(other: Any, as_alice: APIClient, alice: User) -> None:
    response = as_alice.post("/transactions", [row(), other])

    problem = response.json()
    assert (response.status_code, [fault["field"] for fault in problem["errors"]]) == (400, ["1"])
    assert not Transaction.objects.exists()


def test_the_faults_of_all_rows_come_at_once_but_of_no_more_than_twenty(as_alice: APIClient) -> None:
    few = as_alice.post("/transactions", [row(amount=0), row(), row(date="x")])
    many = as_alice.post("/transactions", MAX_ROWS * [{"description": ""}])

    problem_of(few, 400, "invalid", ("0.amount", "zero"), ("2.date", "invalid"))
    assert {fault["field"].partition(".")[0] for fault in many.json()["errors"]} == {str(n) for n in range(20)}


def test_an_array_has_a_row_at_least_and_ten_thousand_at_most(as_alice: APIClient) -> None:
    problem_of(as_alice.post("/transactions", []), 400, "invalid", (None, "empty"))
    too_many = as_alice.post("/transactions", (MAX_ROWS + 1) * [row()], headers={"Prefer": "return=minimal"})
    problem_of(too_many, 400, "invalid", (None, "max_length"))
    assert not Transaction.objects.exists()


def test_categories_come_one_by_one(as_alice: APIClient) -> None:
    problem_of(as_alice.post("/categories", [{"name": "Food"}]), 400, "invalid", (None, "invalid"))


# -- External ids -----------------------------------------------------------------------------


def test_an_external_id_that_is_taken_is_named_by_its_index(as_alice: APIClient, alice: User, bob: User) -> None:
    IncomeFactory.create(owner=alice, external_id="bank-1")
    IncomeFactory.create(owner=alice, external_id="bank-2")
    IncomeFactory.create(owner=bob, external_id="bank-3")
    ids = ["bank-3", "bank-2", None, "bank-4", "bank-1"]
    rows = [row(external_id=external_id) for external_id in ids]

    taken = as_alice.post("/expenses", [{k: v for k, v in one.items() if k != "type"} for one in rows])

    problem_of(taken, 409, "conflict", ("1.external_id", "conflict"), ("4.external_id", "conflict"))
    assert Transaction.objects.for_owner(alice).count() == 2
    assert as_alice.post("/transactions", [rows[0], rows[2], rows[3]]).status_code == 201


def test_many_rows_find_the_categories_and_external_ids_of_their_owner_alone(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    CategoryFactory.create(owner=bob, name="Kites")
    IncomeFactory.create(owner=bob, external_id="bank-1")
    rows = [row(category="KITES", external_id=f"bank-{number}") for number in (1, 2)]

    refused = as_alice.post("/transactions", rows)
    problem_of(refused, 400, "invalid", ("0.category", "does_not_exist"), ("1.category", "does_not_exist"))
    own = CategoryFactory.create(owner=alice, name="kites")

    created = create_fast(owner=alice, serializer=TransactionSerializer, data=rows)
    assert created is not None  # what is bob's is in nobody's way
    assert [one["category"] for one in created] == ["kites", "kites"]
    assert set(Transaction.objects.for_owner(alice).values_list("category", flat=True)) == {own.pk}


@pytest.mark.parametrize("path", ["/transactions", "/transactions/bulk"])
@pytest.mark.parametrize("changes", [{}, {"category": "Food"}, {"description": " trimmed "}])
def test_the_only_row_of_an_array_is_named_by_its_index(
    changes: dict[str, Any], path: str, as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient, alice: User
) -> None:
    """However the row is written: a single row, which is sent without an array, has no index."""
    for client in (as_alice, as_bob):
        client.post("/categories", {"name": "Food"})
    IncomeFactory.create(owner=alice, external_id="bank-1")
    before = stored()
    one = row(external_id="bank-1", **changes)

    problem_of(as_alice.post(path, [one]), 409, "conflict", ("0.external_id", "conflict"))
    problem_of(as_alice.post("/transactions", one), 409, "conflict", ("external_id", "conflict"))

    assert stored() == before
    assert as_bob.post(path, [one]).status_code == 201
    assert as_outsider.post(path, [one | {"category": None}]).status_code == 201


def test_an_external_id_that_is_given_twice_is_named_where_it_comes_again(as_alice: APIClient) -> None:
    rows = [row(external_id=external_id) for external_id in ("a-1", None, "a-2", None, "a-1", "a-1")]

    response = as_alice.post("/transactions", rows)

    problem_of(response, 409, "conflict", ("4.external_id", "conflict"), ("5.external_id", "conflict"))
    assert not Transaction.objects.exists()


# -- The same as one by one -------------------------------------------------------------------

GOOD: dict[str, list[Any]] = {
    "type": ["INCOME", "EXPENSE"],
    "description": ["pizza", " x ", 200 * "x", "é", "a\\tb"],
    "amount": [1, "12", "7", 99_999_999_999],
    "currency": ["USD", "JPY", "KWD"],
    "date": ["2026-11-01", "1900-01-01"],
    "category": ["Food", "food ", "", None],
    "notes": ["", "two\nlines", " x "],
    "external_id": ["bank-1", "a\\b", None],
}
BAD: dict[str, list[Any]] = {
    "type": ["income", None],
    "description": ["", " ", "a\nb", 201 * "x", "\x00", 5, None, True],
    "amount": [0, "1.00005", "1e3", None, 100_000_000_000, "x", True],
    "currency": ["usd", "", None],
    "date": ["1899-12-31", "", None, 20261101],
    "category": ["Yachts", 5],
    "notes": ["\x00", None, 5],
    "external_id": ["", 256 * "x", 5],
    "version": [1],
    "colour": ["red"],
}
NEEDED = ("type", "description", "amount")


@st.composite
def rows_to_send(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a row that is good, but for one or two fields in every second case."""
    names = [name for name in GOOD if name in NEEDED or draw(st.booleans())]
    faults = draw(st.lists(st.sampled_from(list(BAD)), min_size=1, max_size=2)) if draw(st.booleans()) else []
    good = {name: draw(st.sampled_from(GOOD[name])) for name in names}
    return good | {name: draw(st.sampled_from(BAD[name])) for name in faults}


@reaches(created=20, refused=20)
@given(sent=rows_to_send())
def test_a_row_among_many_is_judged_as_one_alone(sent: dict[str, Any], alice: User) -> None:
    Transaction.objects.all().delete()  # the external id is free again
    Category.objects.get_or_create(owner=alice, name="Food")
    client = client_of(alice)

    alone = client.post("/transactions", sent)
    Transaction.objects.all().delete()
    among = client.post("/transactions", [row(), sent])

    assert among.status_code == alone.status_code
    if alone.status_code == 201:
        reached("created")
        assert without_id(among.json()[1]) == without_id(alone.json())
    else:
        reached("refused")
        faults = [fault | {"field": f"1.{fault['field']}"} for fault in alone.json()["errors"]]
        assert among.json()["errors"] == faults


# -- What it costs ----------------------------------------------------------------------------


def test_the_number_of_queries_is_constant(as_alice: APIClient, alice: User) -> None:
    for number in range(30):
        CategoryFactory.create(owner=alice, name=f"Kind {number}")
    counts = []
    for size in (2, 600):
        rows = [row(category=f"kind {n % 30}", external_id=f"e-{size}-{n}") for n in range(size)]
        with CaptureQueriesContext(connection) as queries:
            assert as_alice.post("/transactions", rows).status_code == 201
        counts.append(len(queries))

    (few, many) = counts
    assert few == many
    if connection.vendor == "sqlite":  # PostgreSQL's COPY is no query for Django to count
        [insert] = [query["sql"] for query in queries if 'INSERT INTO "transactions_transaction"' in query["sql"]]
        assert insert.count(b'"e-600-'.hex().upper()) == 600  # all rows are one parameter, of bytes


def test_amounts_are_exact(as_alice: APIClient, alice: User) -> None:
    body = '[{"description": "x", "amount": 99999999999.99}, {"description": "x", "amount": 0.1}]'

    answer = as_alice.post("/expenses", body, content_type="application/json").json()

    assert [one["amount"] for one in answer] == ["-99999999999.99", "-0.10"]
    amounts = Transaction.objects.for_owner(alice).values_list("amount", flat=True)
    assert set(amounts) == {Decimal("-99999999999.99"), Decimal("-0.10")}
