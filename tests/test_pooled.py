"""Behind PgBouncer in transaction mode, nothing outlives its transaction in a session of the database."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from rest_framework.test import APIClient

from cashman_project.api.checks import check_pooler
from tests.pooled import pooler
from transactions.models import Expense
from transactions.tests.factories import ExpenseFactory
from users.models import User

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no poolers")


@pytest.fixture
def is_pooled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "POOLED", True)


def check(environment: dict[str, str]) -> str:
    """Return what the checks of a start say."""
    command = [sys.executable, "manage.py", "check", "--database=default"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ | environment, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "message"),
    [("", "set DISABLE_SERVER_SIDE_CURSORS to on"), ("ignore_startup_parameters = options", "(api.E009)")],
)
def test_a_start_through_a_pooler_needs_the_setting(line: str, message: str) -> None:
    with pooler(os.environ["DATABASE_URL"], line) as environment:
        assert "no issues" in check(environment)
        assert message in check(environment | {"DISABLE_SERVER_SIDE_CURSORS": "off"})


@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
def test_a_start_tells_which_limit_the_pooler_lacks(db: None, is_pooled: None, limit: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1000; SET LOCAL lock_timeout = 1000")
        assert check_pooler(["default"]) == []
        cursor.execute(f"SET LOCAL {limit} = 0")
    assert [found.id for found in check_pooler(["default"])] == ["api.W002"]


def cursors() -> int:
    """Return how many cursors the database's session holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_cursors WHERE name LIKE '_django%'")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_rows_are_fetched_in_parts_only_in_a_transaction(alice: User, is_pooled: None) -> None:
    ExpenseFactory.create_batch(3, owner=alice)
    rows = Expense.objects.for_owner(alice)

    outside = rows.iterator(chunk_size=1)
    next(outside)
    assert cursors() == 0
    with transaction.atomic():
        inside = rows.iterator(chunk_size=1)
        next(inside)
        assert cursors() == 1
        assert len(list(inside)) == 2
        assert cursors() == 0
    assert len(list(outside)) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson"])
def test_an_export_is_fetched_in_parts(alice: User, as_alice: APIClient, is_pooled: None, accept: str) -> None:
    ExpenseFactory.create_batch(3, owner=alice)
    fetched_in_parts: list[bool] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        fetched_in_parts.append(context["cursor"].name is not None)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        response = as_alice.get("/expenses", headers={"Accept": accept})

    assert response.status_code == 200
    assert len(b"".join(response.streaming_content).splitlines()) >= 3  # type: ignore[attr-defined]
    assert fetched_in_parts.count(True) == 1
    assert cursors() == 0
