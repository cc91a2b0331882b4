"""/transactions: incomes and expenses in one list, and the filters that all lists have."""

import datetime
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.db.tests.sql import statements
from transactions.filters import TransactionFilterSet
from transactions.models import Transaction
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

FIELDS = [
    *(
        "id",
        "type",
        "description",
        "amount",
        "currency",
        "date",
        "category",
        "account",
        "tags",
        "notes",
        "external_id",
        "transfer",
        "split",
    ),
    *("version", "created_at", "updated_at"),
]
PATHS = {"/transactions": None, "/incomes": "INCOME", "/expenses": "EXPENSE"}


# -- Filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("query", books.FILTERS)
@pytest.mark.parametrize("path", PATHS)
def test_a_filter_leaves_what_it_says(
    path: str, query: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    books.fill(alice)
    books.fill(bob)
    wanted = set(books.FILTERS[query].split())

    answer = as_alice.get(f"{path}?{query}")

    assert answer.status_code == 200, answer.content
    rows = {row["description"]: row["type"] for row in answer.json()["results"]}
    assert rows.keys() == {name for name in wanted if PATHS[path] in (None, type_of(name))}
    assert len(rows) == len(answer.json()["results"])
    strangers = as_outsider.get(f"{path}?{query}")
    assert strangers.json().get("results", []) == []
    names_a_row = re.search(r"(category|group|account|tag)=.", query)
    assert strangers.status_code == (400 if names_a_row else 200)


def type_of(name: str) -> str:
    amount = next(line.split()[1] for line in books.ROWS.splitlines() if line.startswith(name))
    return "EXPENSE" if amount.startswith("-") else "INCOME"


def test_every_filter_is_in_the_table() -> None:
    tried = {part.partition("=")[0] for query in books.FILTERS for part in query.split("&")} - {""}
    assert tried == set(TransactionFilterSet.base_filters)


@pytest.mark.parametrize(
    ("ordering", "names"),
    [
        ("date", "gift salary pizza concert bonus refund sushi lottery"),
        ("-date", "lottery sushi refund bonus concert pizza salary gift"),
        ("", "lottery sushi refund bonus concert pizza salary gift"),
        ("amount", "sushi concert pizza lottery gift bonus refund salary"),
        ("-amount", "salary refund bonus gift lottery pizza concert sushi"),
        ("created_at", "salary bonus refund pizza concert sushi lottery gift"),
        ("-created_at", "gift lottery sushi concert pizza refund bonus salary"),
    ],
)
def test_an_ordering_sorts_by_its_field_and_then_by_id(
    ordering: str, names: str, alice: User, as_alice: APIClient
) -> None:
    books.fill(alice)
    for path, kind in PATHS.items():
        rows = as_alice.get(path, {"ordering": ordering}).json()["results"]
        wanted = [name for name in names.split() if kind in (None, type_of(name))]
        assert [row["description"] for row in rows] == wanted


# -- What a row is ----------------------------------------------------------------------------


def test_a_row_has_these_fields_in_this_order(as_alice: APIClient, as_outsider: APIClient) -> None:
    created = as_alice.post("/transactions", {"type": "EXPENSE", "description": "pizza", "amount": "50.00"})

    assert created.status_code == 201
    row = created.json()
    assert list(row) == FIELDS
    assert row | {"type": "EXPENSE", "amount": "-50.00", "currency": "USD", "version": 1} == row
    assert row | {"category": None, "account": None, "tags": []} == row
    assert row | {"notes": "", "external_id": None, "transfer": None, "split": None} == row
    assert row["created_at"] == row["updated_at"]
    assert as_alice.get("/transactions").json()["results"] == [row]
    for path in (f"/transactions/{row['id']}", f"/transactions/{row['id']}/", f"/expenses/{row['id']}"):
        assert as_alice.get(path).json() == row
        assert as_outsider.get(path).status_code == 404
    assert as_alice.get(f"/incomes/{row['id']}").status_code == 404
    assert created["Location"] == f"http://testserver/transactions/{row['id']}"


def test_the_type_is_asked_for_here(as_alice: APIClient) -> None:
    refused = as_alice.post("/transactions", {"description": "x", "amount": 1})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "type")
    for kind, amount in (("INCOME", "1.00"), ("EXPENSE", "-1.00")):
        created = as_alice.post("/transactions", {"type": kind, "description": "x", "amount": 1})
        assert (created.json()["type"], created.json()["amount"]) == (kind, amount)


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1200"), ("USD", "1200.00"), ("KWD", "1200.000")])
def test_an_amount_has_its_currencys_digits(currency: str, amount: str, as_alice: APIClient) -> None:
    created = as_alice.post("/incomes", {"description": "x", "amount": 1200, "currency": currency})
    assert created.json()["amount"] == amount
    assert as_alice.get("/transactions").json()["results"][0]["amount"] == amount


# -- What a user prefers ----------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("currency", ["JPY", "HRK"])
def test_a_currency_left_out_is_the_users(path: str, currency: str, alice: User, as_alice: APIClient) -> None:
    assert as_alice.patch("/me", {"currency": currency}).status_code == 200
    body: dict[str, Any] = {"description": "x", "amount": 7, "type": PATHS[path] or "INCOME"}

    assert as_alice.post(path, body).json()["currency"] == currency
    assert as_alice.post(path, body | {"currency": "EUR"}).json()["currency"] == "EUR"


def test_a_date_left_out_is_today_where_the_user_is(alice: User, as_alice: APIClient) -> None:
    """In the Line Islands it is a day later than in Hawaii, so that the server's own day is wrong in one of them."""
    for zone in ("Pacific/Kiritimati", "Pacific/Honolulu"):
        assert as_alice.patch("/me", {"time_zone": zone}).status_code == 200
        before = datetime.datetime.now(ZoneInfo(zone)).date()
        date = datetime.date.fromisoformat(as_alice.post("/incomes", {"description": "x", "amount": 1}).json()["date"])
        assert before <= date <= datetime.datetime.now(ZoneInfo(zone)).date()


# -- Changes ----------------------------------------------------------------------------------


@pytest.fixture
def pizza(alice: User) -> Transaction:
    fun = CategoryFactory.create(owner=alice, name="Fun")
    row: Transaction = ExpenseFactory.create(owner=alice, category=fun, notes="with Ada", external_id="bank-1")
    return row


@pytest.mark.parametrize("path", ["/transactions", "/expenses"])
def test_a_put_leaves_the_optional_fields_that_it_does_not_name(
    path: str, pizza: Transaction, as_alice: APIClient
) -> None:
    before = as_alice.get(f"{path}/{pizza.pk}").json()

    answer = as_alice.put(f"{path}/{pizza.pk}", {"description": "calzone", "amount": 60})

    assert answer.status_code == 200, answer.content
    changed = {"description": "calzone", "amount": "-60.00", "version": 2, "updated_at": answer.json()["updated_at"]}
    assert answer.json() == before | changed == as_alice.get(f"{path}/{pizza.pk}").json()
    assert answer.json()["updated_at"] > before["updated_at"]


@pytest.mark.parametrize("body", [{}, {"description": "x"}, {"amount": "1.00"}])
def test_a_put_asks_for_what_a_creation_asks_for(body: dict[str, Any], pizza: Transaction, as_alice: APIClient) -> None:
    refused = as_alice.put(f"/expenses/{pizza.pk}", body)
    assert refused.status_code == 400
    assert {fault["field"] for fault in refused.json()["errors"]} == {"description", "amount"} - body.keys()


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ({"description": "calzone"}, {"description", "description_folded"}),
        ({"amount": "7.00"}, {"amount"}),
        ({"category": None, "date": "2026-11-30"}, {"category_id", "date"}),
        ({"type": "EXPENSE", "notes": ""}, {"notes", "notes_folded"}),
    ],
)
def test_a_patch_writes_what_it_was_given_alone(
    body: dict[str, Any], columns: set[str], pizza: Transaction, as_alice: APIClient
) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = as_alice.patch(f"/transactions/{pizza.pk}", body)

    assert answer.status_code == 200, answer.content
    [update] = [sql for sql in statements(queries) if sql.startswith('UPDATE "transactions')]
    written = {part.split('"')[1] for part in update.partition(" SET ")[2].partition(" WHERE ")[0].split(", ")}
    assert written == columns | {"version", "updated_at", "revision"}
    assert answer.json()["version"] == 2


def test_an_empty_patch_changes_nothing(pizza: Transaction, as_alice: APIClient) -> None:
    before = as_alice.get(f"/transactions/{pizza.pk}").json()
    assert as_alice.patch(f"/transactions/{pizza.pk}", {}).json() == before
    assert as_alice.get(f"/transactions/{pizza.pk}").json() == before


def test_a_category_is_named_in_any_case_and_unlinked_by_null(pizza: Transaction, as_alice: APIClient) -> None:
    path = f"/expenses/{pizza.pk}"
    assert as_alice.patch(path, {"category": None}).json()["category"] is None
    assert as_alice.patch(path, {"category": "fUN"}).json()["category"] == "Fun"
    created = as_alice.post("/incomes", {"description": "refund", "amount": 1, "category": "FUN"})
    assert created.json()["category"] == "Fun"


def test_a_deleted_row_is_gone_from_every_list(pizza: Transaction, alice: User, as_alice: APIClient) -> None:
    kept = IncomeFactory.create(owner=alice)
    assert as_alice.delete(f"/expenses/{pizza.pk}").status_code == 204
    for method in ("get", "delete"):
        for path in (f"/transactions/{pizza.pk}", f"/expenses/{pizza.pk}"):
            assert getattr(as_alice, method)(path).status_code == 404
    assert [row["id"] for row in as_alice.get("/transactions").json()["results"]] == [str(kept.pk)]


def test_the_size_of_an_expense_is_compared_exactly(as_alice: APIClient, alice: User, as_outsider: APIClient) -> None:
    IncomeFactory.create(owner=alice, currency="JPY", amount=99_999_999_999)
    ExpenseFactory.create(owner=alice, currency="JPY", amount=99_999_999_999)

    for parameters, found in (
        ({"amount_min": "99999999999.0000000000000000001"}, 0),
        ({"amount_max": "99999999998.9999999999999999999"}, 0),
        ({"amount_min": "99999999999", "amount_max": "99999999999"}, 2),
    ):
        assert len(as_alice.get("/transactions", parameters).json()["results"]) == found
        assert as_outsider.get("/transactions", parameters).json()["results"] == []
