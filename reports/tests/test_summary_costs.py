"""What a summary of many transactions costs, beside the bare SQL that it can't do without."""

import datetime
import time
from collections.abc import Callable
from functools import partial

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
GROUPINGS = [("day",), ("week",), ("week", "category"), ("day", "category"), ("month",), ("quarter", "category")]
MOST = 3  # times the bare GROUP BY


def ratio(work: Callable[[], object], bare: Callable[[], object]) -> float:
    """Return how many times the fastest run of `bare` that of `work` takes.

    They run in turns, since other processes disturb the fastest runs least, and not more often than it takes to show
    that the work is fast enough.
    """
    times: list[list[float]] = [[], []]
    for _number in range(15):
        for run, found in zip((work, bare), times, strict=True):
            began = time.perf_counter()
            run()
            found.append(time.perf_counter() - began)
        if len(times[0]) >= 3 and min(times[0]) < MOST * min(times[1]):
            break
    return min(times[0]) / min(times[1])


def test_days_and_weeks_cost_little_more_than_their_rows(alice: User, bob: User) -> None:
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
    alice.month_start = 25  # so that months are no longer those of the month totals
    owner = alice.pk if connection.vendor == "postgresql" else alice.pk.hex
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    def bare(columns: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(SQL.format(columns=columns), [owner, *map(str, YEAR)])
            cursor.fetchall()

    for group_by in GROUPINGS:
        columns = "date, currency, category_id" if "category" in group_by else "date, currency"
        query = SummaryQuery(alice, group_by, YEAR, {})
        assert sum(group.total.count for group in summary_of(query).groups) == ROWS
        times = ratio(partial(summary_of, query), partial(bare, columns))
        assert times < MOST, f"{group_by} takes {times:.1f} times the bare GROUP BY"
