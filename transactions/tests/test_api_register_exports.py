"""The register of an account as a file: each row with the balance after it, as the pages have it."""

import csv
import datetime
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.export import ROWS
from cashman_project.api.tests.problems import problem_of
from transactions.models import Account, Expense
from transactions.tests.factories import AccountFactory, ExpenseFactory, IncomeFactory
from transactions.tests.test_api_exports import lines_of, text_of, walk
from transactions.tests.test_api_spreadsheets import book_of, rows_of
from users.models import User


@pytest.fixture
def account(alice: User, bob: User) -> Account:
    """An account of alice's, whose opening is in the middle of its rows; bob's has the same name."""
    opening = {"opening_date": datetime.date(2026, 11, 2), "opening_balance": Decimal(100)}
    for owner in (bob, alice):
        account: Account = AccountFactory.create(owner=owner, name="A/B: '*", currency="EUR", **opening)
        for number in range(4):
            day = datetime.date(2026, 11, 1 + number // 2)
            ExpenseFactory.create(owner=owner, account=account, currency="EUR", date=day, amount=Decimal(number + 1))
            IncomeFactory.create(owner=owner, account=account, currency="EUR", date=day + datetime.timedelta(2))
    ExpenseFactory.create(owner=alice, currency="EUR")
    return account


@pytest.mark.parametrize("ordering", ["", "?ordering=date", "?ordering=-date"])
def test_it_has_the_rows_and_the_balances_of_the_pages(ordering: str, account: Account, as_alice: APIClient) -> None:
    path = f"/accounts/{account.pk}/register"
    rows = walk(as_alice, f"{path}{ordering}")

    assert len(rows) == 8
    assert lines_of(as_alice, f"{path}.ndjson{ordering}") == rows
    table = list(csv.DictReader(io.StringIO(text_of(as_alice.get(f"{path}.csv{ordering}")), newline="")))
    assert list(table[0]) == list(rows[0])
    assert [row["balance"] for row in table] == [row["balance"] for row in rows]


def test_a_spreadsheet_has_dates_numbers_and_balances(account: Account, as_alice: APIClient) -> None:
    path = f"/accounts/{account.pk}/register"
    rows = walk(as_alice, path)

    cells = rows_of(as_alice, f"{path}.xlsx")

    assert book_of(as_alice, f"{path}.xlsx").sheetnames == ["Register"]
    for row, shown in zip(rows, cells, strict=True):
        assert Decimal(repr(shown["balance"].value)) == Decimal(row["balance"])
        assert (shown["balance"].data_type, shown["balance"].number_format) == ("n", "#,##0.00")
        assert shown["date"].value.date().isoformat() == row["date"]
    accept = as_alice.get(path, headers={"Accept": "text/csv"})
    assert text_of(accept) == text_of(as_alice.get(f"{path}.csv"))


def test_it_is_never_paged_and_takes_as_many_queries_however_long_it_is(
    account: Account, alice: User, as_alice: APIClient
) -> None:
    Expense.objects.bulk_create(
        Expense(
            owner=alice, account=account, description="x", amount=1, currency="EUR", date=datetime.date(2026, 12, 1)
        )
        for _number in range(ROWS + 5)
    )
    for ordering in ("date", "-date"):
        with CaptureQueriesContext(connection) as queries:
            rows = lines_of(as_alice, f"/accounts/{account.pk}/register.ndjson?ordering={ordering}")
        asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]  # behind a pooler, there are two
        assert len(asked) == 4
        assert len(rows) == ROWS + 13
        newest = rows[-1 if ordering == "date" else 0]
        assert newest["balance"] == as_alice.get(f"/accounts/{account.pk}?date=2026-12-01").json()["balance"]


def test_an_empty_register_is_an_empty_table(alice: User, as_alice: APIClient, bob: User) -> None:
    empty = AccountFactory.create(owner=alice)
    AccountFactory.create(owner=bob)
    assert lines_of(as_alice, f"/accounts/{empty.pk}/register.ndjson") == []
    assert len(text_of(as_alice.get(f"/accounts/{empty.pk}/register.csv")).splitlines()) == 1


def test_only_its_owner_reads_it(
    account: Account, as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient, nobody: APIClient
) -> None:
    for suffix in ("csv", "ndjson", "xlsx"):
        path = f"/accounts/{account.pk}/register.{suffix}"
        own: Any = as_alice.get(path)
        assert b"".join(own.streaming_content)
        assert [client.get(path).status_code for client in (as_bob, as_outsider, nobody)] == [404, 404, 401]
        assert as_alice.post(path, {}).status_code == 405


def test_what_it_can_not_take_is_refused(account: Account, as_alice: APIClient) -> None:
    path = f"/accounts/{account.pk}/register"
    for name in ("cursor", "page_size"):
        problem_of(as_alice.get(f"{path}.csv?{name}=7"), 400, "unknown_parameter", (name, "unknown_parameter"))
    problem_of(as_alice.get(f"{path}.csv?ordering=amount"), 400, "invalid", ("ordering", "invalid_choice"))
    assert as_alice.get(f"{path}.ofx").status_code == 404
