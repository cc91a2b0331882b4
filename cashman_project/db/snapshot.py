"""Several reads that all see the database as it was when the first one began."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

REPEATABLE_READ = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@contextmanager
def snapshot(using: str) -> Iterator[None]:
    """Let the queries of the block see one state of the database. Nobody waits for it, and nothing may be written.

    Within a transaction that has begun already, its queries see what that one sees.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(using):
            connection.cursor().execute(REPEATABLE_READ)
            yield
    else:  # Django's `atomic` would take SQLite's lock for writers
        connection.cursor().execute("BEGIN")
        try:
            yield
        finally:
            connection.cursor().execute("ROLLBACK")
