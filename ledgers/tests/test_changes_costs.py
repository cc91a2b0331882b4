"""What a page of /changes costs the database: as little in a huge revision as elsewhere."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from ledgers.resources import RESOURCES
from transactions.models import Transaction
from transactions.tests.factories import ExpenseFactory
from transactions.tests.test_page_costs import plan_of
from users.models import User

from .followers import Follower
from .undoing import one_revision

LIMIT = 10


def nodes_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the nodes of a plan of PostgreSQL."""
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes_of(part))]


def check_reads_little(query: str) -> None:
    """Check that the query reads about as many rows as a page has, from an index that has them in order."""
    plan = plan_of(query)
    if connection.vendor == "sqlite":
        assert re.search(r"_id=\? AND \(revision,(row_)?id\)>\(\?,\?\) AND \(revision,(row_)?id\)<\(", plan[0][3]), plan
        return
    for node in nodes_of(plan[0][0][0]["Plan"]):
        read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        assert read <= 3 * LIMIT, node


@pytest.mark.parametrize("page", [1, 50, 190])
def test_a_page_of_a_huge_revision_reads_few_rows(page: int, alice: User, as_alice: APIClient) -> None:
    """Half of the rows are deleted and half are updated, one after the other or in turn."""
    rows = Transaction.objects.bulk_create(ExpenseFactory.build_batch(2_000, owner=alice))
    follower = Follower(as_alice, limit=1_000)
    follower.catch_up()
    gone = {row.pk for row in (*rows[:500], *rows[1_000::2])}
    with one_revision(alice):
        Transaction.objects.for_owner(alice).filter(pk__in=gone).delete()
        Transaction.objects.for_owner(alice).update(notes="x")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE transactions_transaction, ledgers_change")
    follower.limit = LIMIT
    for _page in range(page - 1):
        follower.read()

    with CaptureQueriesContext(connection) as queries:
        assert follower.read()["more"]

    found = [query["sql"] for query in queries if " > (" in query["sql"] and "<=" in query["sql"]]
    assert len(found) == 1 + len(RESOURCES), found  # what is deleted, and what is there of each resource
    for query in found:
        check_reads_little(query)
