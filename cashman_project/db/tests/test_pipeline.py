"""Statements that wait for the next one, and errors in between: nothing is lost, and nothing leaves its transaction."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.db import DatabaseError, IntegrityError, InternalError, OperationalError, connection, transaction

from cashman_project.db.compiled import execute_later
from cashman_project.db.constraint_errors import is_foreign_key_violation

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


@pytest.mark.skipif(connection.vendor != "postgresql", reason="raises errors as PostgreSQL does")
@pytest.mark.parametrize(
    ("message", "meant"),
    [
        ('duplicate key value violates unique constraint "texts_pkey_102008"', IntegrityError),
        ('insert or update on table "texts_102008" violates foreign key constraint "texts_fk_102008"', IntegrityError),
        ("failure on connection marked as essential: 127.0.0.1:5432", OperationalError),
        ("something else", InternalError),
    ],
)
@pytest.mark.parametrize("is_copy", [False, True], ids=["statement", "copy"])
def test_what_citus_says_without_a_code_is_the_error_that_it_means(
    message: str, meant: type[DatabaseError], *, is_copy: bool
) -> None:
    raising = f"BEGIN RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = '{message}'; END"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {raising} $$;"
            " CREATE TRIGGER refuse BEFORE INSERT ON texts FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        with pytest.raises(meant) as raised, connection.wrap_database_errors:
            cursor.copy_expert("COPY texts FROM STDIN", StringIO("x\n")) if is_copy else cursor.execute(INSERT, ["x"])
        cursor.execute("DROP FUNCTION refuse CASCADE")
    assert type(raised.value) is meant
    if "foreign" in message:
        assert is_foreign_key_violation(raised.value)
