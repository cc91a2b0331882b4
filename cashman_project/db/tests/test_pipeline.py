"""Statements that wait for the next one, and errors in between: nothing is lost, and nothing leaves its transaction."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, transaction

from cashman_project.db.compiled import execute_later

pytestmark = pytest.mark.django_db(transaction=True)
INSERT = "INSERT INTO texts VALUES (%s)"


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE texts (text varchar(9) NOT NULL)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE texts")


def texts() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM texts")
        return [text for (text,) in cursor.fetchall()]


def refused() -> None:
    """Execute a statement that the driver refuses, before any database sees it."""
    with connection.cursor() as cursor, pytest.raises((ValueError, UnicodeEncodeError)):
        cursor.execute("SELECT %s", ["\ud800" if connection.vendor == "sqlite" else "\0"])


def test_refused_statement_leaves_what_waits() -> None:
    with transaction.atomic():
        execute_later(connection, INSERT, ["waits"])
        refused()
    assert texts() == ["waits"]


def test_refused_statement_leaves_transaction() -> None:
    with transaction.atomic():
        refused()
        with connection.cursor() as cursor:
            cursor.execute(INSERT, ["never"])
        transaction.set_rollback(True)
    assert texts() == []


def test_lost_connection_is_told_and_replaced() -> None:
    if connection.vendor == "postgresql":
        with pytest.raises(OperationalError):
            _write_on_lost_connection()
    assert texts() == []


def _write_on_lost_connection() -> None:
    with transaction.atomic():
        other = connection.copy()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            [pid] = cursor.fetchall()
        execute_later(connection, INSERT, ["never"])
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", pid)
        other.close()
