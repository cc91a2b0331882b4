"""The totals of the months: what keeps them, and what reads them. test_totals.py checks the sums."""

import datetime
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.db.postgresql.citus import has_citus
from conftest import client_of
from ledgers.writer import writing
from transactions.models import Expense, MonthTotal, Transaction
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from transactions.tests.live import PATIENCE
from transactions.tests.test_races_of_writes import at_once
from transactions.triggers import install, remove
from users.erasure import erase_users
from users.models import User

from ..totals import NO_CATEGORY, Total

Held = dict[tuple[Any, ...], tuple[int, int, int]]


def held(owner: User) -> Held:
    """Return the owner's totals by their keys."""
    rows = MonthTotal.objects.for_owner(owner).order_by("pk")
    return {(row.date, row.currency, row.type, row.category_id): (row.high, row.low, row.count) for row in rows}


def sums(model: Any, owner: User) -> list[Total]:
    """Return the sums of all groups that a total is of, by the transactions or by the totals."""
    return [total for key in ("month", "category") for total in model.objects.for_owner(owner).totals(key, "type")]


# -- What keeps them --------------------------------------------------------------------------


def test_a_total_is_there_while_its_transactions_are(alice: User, bob: User) -> None:
    """Fails if a migration has altered a table on SQLite and not installed the triggers again."""
    day, food = datetime.date(2026, 11, 30), CategoryFactory.create(owner=alice)
    ExpenseFactory.create(owner=bob, date=day)
    key = (datetime.date(2026, 11, 1), "USD", "EXPENSE")

    first = ExpenseFactory.create(owner=alice, amount=100_001, date=day)
    second = ExpenseFactory.create(owner=alice, amount=2, date=day.replace(day=1))
    assert held(alice) == {(*key, NO_CATEGORY): (-1, -30_000, 2)}

    Expense.objects.filter(pk=first.pk).update(category=food)
    assert held(alice) == {(*key, NO_CATEGORY): (0, -20_000, 1), (*key, food.pk): (-1, -10_000, 1)}

    Transaction.objects.for_owner(alice).delete()
    assert held(alice) == {}
    assert held(bob) == {(*key, NO_CATEGORY): (0, -500_000, 1)}
    assert second.date.month == 11


def test_rows_that_are_ignored_count_once(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        common = {"owner": owner, "description": "x", "currency": "USD", "date": datetime.date(2026, 11, 1)}
        for amount in (1, 2):
            rows = [Expense(amount=amount, external_id=name, **common) for name in (None, "once")]
            Expense.objects.bulk_create(rows, ignore_conflicts=True)

    assert [count for _high, _low, count in held(alice).values()] == [3]
    assert sums(MonthTotal, alice) == sums(Transaction, alice)


def test_a_change_of_text_alone_writes_and_locks_no_total(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    # The number of rows that this connection has written, or the transactions that have written or locked the total.
    query = {
        "sqlite": "SELECT TOTAL_CHANGES()",
        "postgresql": "SELECT ARRAY_AGG((ctid, xmin, xmax)::text) FROM transactions_monthtotal",
    }[connection.vendor]

    def traces() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]

    before = traces()
    row.description, row.date = "changed", row.date.replace(day=28)
    row.save()
    # The row, its change, the ledger and its revision.
    assert traces() == (before + 4 if connection.vendor == "sqlite" else before)

    row.amount = 51
    row.save()
    assert traces() not in (before, before + 8 if connection.vendor == "sqlite" else before)


@pytest.mark.django_db(transaction=True)
def test_the_triggers_can_be_made_anew_and_count_what_is_there(alice: User, bob: User) -> None:
    def run(operation: Any) -> None:
        with connection.schema_editor() as editor:
            operation(None, editor)

    books.fill(alice)
    expected = held(alice)
    assert len(expected) == 8
    try:
        run(remove)
        books.fill(bob)
        Transaction.objects.for_owner(alice).filter(currency="USD").delete()
        assert (held(alice), held(bob)) == (expected, {})
    finally:
        run(install)
        run(install)  # as a later migration does

    for owner in (alice, bob):
        assert sums(MonthTotal, owner) == sums(Transaction, owner) != []
    Transaction.objects.for_owner(bob).delete()
    assert held(bob) == {}


@pytest.mark.django_db(transaction=True)
def test_triggers_that_a_migration_dropped_come_back_after_it(alice: User, bob: User) -> None:
    with connection.schema_editor() as editor:
        remove(None, editor)
    books.fill(alice)
    assert held(alice) == {}

    call_command("migrate", verbosity=0)

    books.fill(bob)
    for owner in (alice, bob):
        assert sums(MonthTotal, owner) == sums(Transaction, owner) != []


def test_a_dump_that_is_loaded_counts_once(alice: User, bob: User, tmp_path: Path) -> None:
    books.fill(alice)
    books.fill(bob)
    expected, dump = held(alice), StringIO()
    call_command("dumpdata", "users.user", "transactions", stdout=dump)
    objects = json.loads(dump.getvalue())
    assert len([row for row in objects if row["model"] == "transactions.monthtotal"]) == 2 * len(expected)

    before = sorted(objects, key=lambda row: row["model"] != "transactions.monthtotal")
    for name, rows in (("after", objects), ("before", before)):  # the totals after their transactions, or before
        erase_users(users=User.objects.all())
        assert not MonthTotal.objects.exists()
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(rows))
        call_command("loaddata", file, verbosity=0)
        assert held(alice) == expected


# -- What reads them --------------------------------------------------------------------------


@contextmanager
def read_tables() -> Iterator[set[str]]:
    """Yield the set that will hold the tables of the ledger's money that are read in the block."""
    tables: set[str] = set()
    with CaptureQueriesContext(connection) as queries:
        yield tables
    names = {model._meta.db_table for model in (MonthTotal, Transaction)}
    tables |= {name for name in names for query in queries if f'FROM "{name}"' in query["sql"]}


WHOLE = [
    "",
    "date_after=2026-11-01",
    "date_before=2026-10-31",
    "date_before=2024-02-29",
    "date_before=2025-02-28",
    "date_after=2026-10-01&date_before=2026-11-30&category=Food&type=EXPENSE&currency=JPY&uncategorized=false",
    "date_after=&search=",
    "uncategorized=true",
    "date_after=2200-12-01&date_before=2200-12-31",
]
PARTIAL = [
    "date=2026-11-01",
    "date_after=2026-11-02",
    "date_after=2026-10-01&date_before=2026-11-29",
    "amount_min=0",
    "amount_max=5",
    "external_id=bank-1",
    "updated_after=2026-11-01T08:20:00Z",
    "search=i",
]


@pytest.mark.parametrize("query", WHOLE)
def test_totals_are_read_where_they_know_what_is_asked_for(
    query: str, alice: User, bob: User, as_alice: APIClient, as_bob: APIClient
) -> None:
    books.fill(alice)
    path = f"/summary?group_by=month,category&{query}"

    with read_tables() as tables:
        answer = as_alice.get(path)

    assert tables == {MonthTotal._meta.db_table}
    assert answer.status_code == 200
    assert answer.content == as_alice.get(f"{path}&amount_min=0").content
    CategoryFactory.create(owner=bob, name="Food")
    assert as_bob.get(path).json() == {"results": [], "total": []}


@pytest.mark.parametrize("query", PARTIAL)
def test_transactions_are_read_for_the_rest(query: str, alice: User, as_alice: APIClient) -> None:
    books.fill(alice)
    with read_tables() as tables:
        assert as_alice.get(f"/summary?{query}").status_code == 200
    assert tables == {Transaction._meta.db_table}


@pytest.mark.parametrize("query", ["date_before=2026-10-30", "date_before=2024-02-28&group_by=category,type"])
def test_everything_up_to_a_day_is_read_from_totals_and_from_the_days_of_its_month(
    query: str, alice: User, bob: User, as_alice: APIClient, as_bob: APIClient
) -> None:
    books.fill(alice)
    with read_tables() as tables:
        answer = as_alice.get(f"/summary?{query}")

    assert tables == {MonthTotal._meta.db_table, Transaction._meta.db_table}
    assert answer.content == as_alice.get(f"/summary?{query}&amount_min=0").content
    assert as_bob.get(f"/summary?{query}").json() == {"results": [], "total": []}


# -- Writes that meet -------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_writers_that_meet_leave_the_totals_right(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        for name in ("Food", "Fun"):
            CategoryFactory.create(owner=owner, name=name)

    def write(owner: User, order: int) -> set[int]:
        client, statuses = client_of(owner), set[int]()

        def send(method: str, path: str, body: Any = None) -> Any:
            answer = client.generic(method, path, json.dumps(body), content_type="application/json")
            statuses.add(answer.status_code)
            return answer.json() if answer.content else None

        days = [f"2026-{month:02}-15" for month in range(1, 13)][::order]
        for number in range(1, 9):
            rows = [
                {"type": kind, "description": "x", "amount": number, "date": day, "category": category}
                for day in days
                for kind, category in (("INCOME", None), ("EXPENSE", "Food"))
            ]
            made = send("POST", "/transactions", rows)
            one = send("POST", "/incomes", {"description": "x", "amount": number, "date": days[number]})
            send("PATCH", f"/incomes/{one['id']}", {"date": days[-number], "category": "Fun"})
            send("PATCH", "/transactions", [{"id": row["id"], "category": "Fun"} for row in made[::2]])
            send("POST", "/transactions/delete", {"ids": [row["id"] for row in made[1::3]]})
            send("DELETE", f"/incomes/{one['id']}")
        return statuses

    everybody = [(alice, 1), (alice, -1), (bob, 1), (bob, -1)]
    answered = at_once([partial(write, owner, order) for owner, order in everybody])

    assert answered == 4 * [{200, 201, 204}]
    for owner in (alice, bob):
        assert sums(MonthTotal, owner) == sums(Transaction, owner)
        assert sum(count for _high, _low, count in held(owner).values()) == 2 * 8 * 16


def erase(owner: User) -> None:
    """Erase the owner, in a thread of its own."""
    try:
        erase_users(users=[owner])
    finally:
        connection.close()


WAITING = (  # in a transaction pg_stat_activity stays as it was first seen
    "SELECT PG_STAT_CLEAR_SNAPSHOT(); SELECT COUNT(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE NOT granted AND datname = CURRENT_DATABASE()"
)
WAITING_ON_CITUS = "SELECT COUNT(DISTINCT waiting_gpid) FROM citus_lock_waits"  # at a worker
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = CURRENT_DATABASE()"


def number(query: str) -> int:
    """Return what PostgreSQL says; nothing waits for a row, or for another, on SQLite."""
    if connection.vendor == "sqlite":
        return 2 if query == WAITING else 0
    if query == WAITING and has_citus(connection):
        query = WAITING_ON_CITUS
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_two_statements_about_the_same_totals_do_not_lock_each_other_out(alice: User, bob: User) -> None:
    """One waits for the ledger that a write has locked, and the other one for its turn."""
    days = [datetime.date(2026, month, 1) for month in range(1, 13)]
    old = [ExpenseFactory.create(owner=alice, date=day) for day in days]
    new = [{"type": "EXPENSE", "description": "x", "amount": 1, "date": str(day)} for day in days]
    broken = number(DEADLOCKS)

    def post(path: str, body: Any) -> int:
        try:
            return client_of(alice).post(path, body).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            ExpenseFactory.create(owner=alice, date=days[5])
            ExpenseFactory.create(owner=bob, date=days[5])
            answers = [
                pool.submit(post, "/transactions/delete", {"ids": [str(row.pk) for row in old]}),
                pool.submit(post, "/transactions", new),
            ]
            deadline = time.monotonic() + PATIENCE
            while number(WAITING) < 1:
                assert time.monotonic() < deadline
        assert [answer.result() for answer in answers] == [204, 201]

    assert number(DEADLOCKS) == broken
    assert sums(MonthTotal, alice) == sums(Transaction, alice)
    assert len(held(alice)) == 12


@pytest.mark.django_db(transaction=True)
def test_an_erasure_locks_the_totals_in_the_same_order(alice: User, bob: User) -> None:
    """The totals are there in the opposite order, in which a bare DELETE would lock them."""
    days = [datetime.date(2026, month, 1) for month in range(1, 13)]
    for day in reversed(days):
        ExpenseFactory.create(owner=alice, date=day)
    new = [{"type": "EXPENSE", "description": "x", "amount": 1, "date": str(day)} for day in days]
    client, broken = client_of(alice), number(DEADLOCKS)

    def post() -> int:
        try:
            return client.post("/transactions", new).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            ExpenseFactory.create(owner=alice, date=days[5])
            erasure, answer = pool.submit(erase, alice), pool.submit(post)
            deadline = time.monotonic() + PATIENCE
            while number(WAITING) < 2:
                assert time.monotonic() < deadline
        erasure.result()
        assert answer.result() in (201, 401, 409)  # before it, or after it

    assert number(DEADLOCKS) == broken
    assert list(User.objects.all()) == [bob]
    assert not MonthTotal.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_erasure_waits_for_a_change_that_has_begun(alice: User, bob: User) -> None:
    row, broken = ExpenseFactory.create(owner=alice, date=datetime.date(2026, 5, 1)), number(DEADLOCKS)

    with ThreadPoolExecutor(1) as pool:
        with writing(alice.pk) as write:
            write.lock()
            [locked] = Expense.objects.for_owner(alice).select_for_update().filter(pk=row.pk)
            erasure = pool.submit(erase, alice)
            deadline = time.monotonic() + PATIENCE
            while number(WAITING) < 1:
                assert time.monotonic() < deadline
            Expense.objects.filter(pk=locked.pk).update(date=datetime.date(2026, 6, 1))
        erasure.result()

    assert number(DEADLOCKS) == broken
    assert list(User.objects.all()) == [bob]
    assert not MonthTotal.objects.exists()
