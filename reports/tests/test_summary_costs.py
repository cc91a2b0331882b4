"""What a summary of many transactions costs, beside the bare SQL that it can't do without."""

import datetime
import time
from collections.abc import Callable

import pytest
from django.db import connection

from reports.services.summary import Span, SummaryQuery, summary_of
from transactions.models import Category, Expense
from transactions.tests.factories import ExpenseFactory
from users.models import User

ROWS = 20_000
YEAR = Span(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))
SQL = """
    SELECT {columns}, SUM(amount), COUNT(*) FROM transactions_transaction
    WHERE owner_id = %s AND date >= %s AND date <= %s GROUP BY {columns}
"""
MOST = 3  # times the bare GROUP BY


def fastest(*works: Callable[[], object]) -> list[float]:
    """Return the seconds of the fastest of some runs of each, in turns, since other processes disturb those least."""
    times: list[list[float]] = [[] for _work in works]
    for _number in range(15):
        for work, found in zip(works, times, strict=True):
            began = time.perf_counter()
            work()
            found.append(time.perf_counter() - began)
    return [min(found) for found in times]


@pytest.mark.parametrize("group_by", [("day",), ("week",), ("week", "category"), ("day", "category")], ids=",".join)
def test_days_and_weeks_cost_little_more_than_their_rows(group_by: tuple[str, ...], alice: User, bob: User) -> None:
    categories = [Category.objects.create(owner=alice, name=f"Category {number}") for number in range(10)]
    ExpenseFactory.create(owner=bob, date=YEAR.first)
    Expense.objects.bulk_create(
        Expense(
            owner=alice,
            description="x",
            amount=number % 997 + 1,
            currency="USD",
            date=datetime.date(2026, 1, 1) + datetime.timedelta(days=number % 365),
            category=categories[number % 10],
        )
        for number in range(ROWS)
    )
    columns = "date, currency, category_id" if "category" in group_by else "date, currency"
    owner = alice.pk if connection.vendor == "postgresql" else alice.pk.hex
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(SQL.format(columns=columns), [owner, *map(str, YEAR)])
            cursor.fetchall()

    summary = summary_of(SummaryQuery(alice, group_by, YEAR, {}))
    assert sum(group.total.count for group in summary.groups) == ROWS
    own, least = fastest(lambda: summary_of(SummaryQuery(alice, group_by, YEAR, {})), bare)
    assert own < MOST * least, f"{own / least:.1f} times the bare GROUP BY"
