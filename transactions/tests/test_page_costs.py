"""What a page costs the database: as much at the end of a list as at its start."""

import datetime
import random
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.db.postgresql.citus import has_citus
from cashman_project.db.tests.sql import text_of
from transactions.choices import TransactionType
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory
from users.models import User

MOMENT = datetime.datetime(2026, 11, 1, 8, 15, tzinfo=datetime.UTC)


def fill(owner: User, rows_wanted: int) -> None:
    """Give the owner transactions of several years, created in no order."""
    chance = random.Random(2026)
    categories: list[Category | None] = [None, *(CategoryFactory.create(owner=owner, name=name) for name in "abcd")]
    rows = []
    for _row in range(rows_wanted):
        kind = chance.choice(TransactionType.values)
        size = Decimal(chance.randint(1, 1_000_000)) / 100
        date = datetime.date(2020, 1, 1) + datetime.timedelta(days=chance.randint(0, 2_000))
        row = Transaction(owner=owner, type=kind, description="x", currency="USD", date=date)
        row.amount, row.category = size if kind == TransactionType.INCOME else -size, chance.choice(categories)
        row.created_at = MOMENT + datetime.timedelta(seconds=chance.randint(0, 1_000_000))
        rows.append(row)
    Transaction.objects.bulk_create(rows, batch_size=2_000)


def query_of(client: APIClient, url: str) -> str:
    """Return the query that the page's rows come from."""
    with CaptureQueriesContext(connection) as queries:
        page = client.get(url).json()
    assert page["results"]
    [query] = [query["sql"] for query in queries if 'FROM "transactions_transaction"' in text_of(query["sql"])]
    return str(query)


def plan_of(query: str) -> Any:
    if has_citus(connection):
        pytest.skip("on Citus a worker makes the plan, which is a PostgreSQL")
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {query}")
        return cursor.fetchall()


def pages_read(query: str) -> int:
    """Return how many of its pages PostgreSQL looks at."""
    plan_of(query)  # the first run may read more, of the catalogue
    plan = plan_of(query)[0][0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def check_cost(first: str, last: str, index: str) -> None:
    if connection.vendor == "postgresql":
        assert pages_read(last) <= 1.3 * pages_read(first)
        assert pages_read(last) < 200  # a walk over the whole list reads thousands
        return
    table = Transaction._meta.db_table
    for query in (first, last):
        steps = [step for *_numbers, step in plan_of(query)]
        assert any(re.match(rf"SEARCH (U0|{table}) USING INDEX {index} \(owner_id=\?", step) for step in steps), steps
        assert not any("TEMP B-TREE" in step for step in steps), steps
    assert any(",id)" in step and "(?,?))" in step for step in steps), steps


def test_the_last_page_costs_what_the_first_does(alice: User, bob: User, as_alice: APIClient) -> None:
    fill(alice, 8_000)
    fill(bob, 2_000)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE transactions_transaction")

    for query, index in {
        "/transactions?": "transaction_date",
        "/transactions?ordering=date": "transaction_date",
        "/transactions?ordering=amount": "transaction_amount",
        "/transactions?ordering=-amount": "transaction_amount",
        "/transactions?ordering=created_at": "transaction_created",
        "/transactions?ordering=-created_at": "transaction_created",
        "/transactions?category=a": "transaction_category",
        "/incomes?": "transaction_type",
        "/expenses?": "transaction_type",
        "/expenses?ordering=date": "transaction_type",
    }.items():
        url = last = f"{query}&page_size=500"
        while following := as_alice.get(url).json()["next"]:
            url, last = following, url
        check_cost(query_of(as_alice, f"{query}&page_size=50"), query_of(as_alice, last.replace("=500", "=50")), index)


@pytest.mark.parametrize("size", [50, 500])
def test_who_has_many_rows_reads_a_page_by_the_index_where_most_have_few(
    size: int, alice: User, bob: User, as_alice: APIClient
) -> None:
    """PostgreSQL plans for a usual owner, and could take all that they have for less than a page."""
    fill(alice, 4_000)
    fill(bob, 10)
    others = User.objects.bulk_create(User(username=f"other {number}", subject=f"s{number}") for number in range(400))
    Transaction.objects.bulk_create(
        Transaction(owner=owner, type="INCOME", description="x", amount=1, currency="USD", date=MOMENT.date())
        for owner in others * 5
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE transactions_transaction, transactions_category")
    for path in ("/transactions?", "/transactions?ordering=amount", "/transactions?ordering=-created_at", "/expenses?"):
        plan = str(plan_of(query_of(as_alice, f"{path}&page_size={size}")))
        assert "transaction_" in plan
        assert not re.search("'(Incremental )?Sort'|TEMP B-TREE", plan), plan
