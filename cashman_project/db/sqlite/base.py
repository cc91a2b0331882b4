"""Django's SQLite backend, but threads don't wait for each other's leftover cursors, and new files are private."""

import os
from collections.abc import Sequence
from contextlib import suppress
from sqlite3 import Connection

from django.db.backends.sqlite3 import base

from ..types import DatabaseRow
from .values import sqlite_value


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, object]) -> Connection:
        name = str(conn_params["database"])
        if not (self.is_in_memory_db() or name.startswith("file:")):
            _make_private(name)
        connection: Connection = super().get_new_connection(conn_params)
        return connection

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self.undone_savepoints: set[str] = set()  # of the open transaction

    def execute_later(self, sql: str, params: Sequence[object]) -> None:
        """Execute a statement. There is no round trip that could be saved by waiting, as on PostgreSQL."""
        with self.cursor() as cursor:
            values: DatabaseRow = list(map(sqlite_value, params))
            cursor.execute(sql, values)

    def _start_transaction_under_autocommit(self) -> None:
        """Start a transaction. If that fails because the database is locked, leave no cursor behind.

        Django's own cursor stays in a reference cycle with the exception's traceback until some thread of the process
        collects garbage. That thread then waits as long as the cursor's connection is in use. If the connection is
        waiting for a lock that this thread holds, both wait until the lock's timeout.
        """
        self.undone_savepoints.clear()
        with self.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")

    def _savepoint_rollback(self, sid: str) -> None:
        self.undone_savepoints.add(sid)
        super()._savepoint_rollback(sid)  # type: ignore[misc]  # not in the stub


def _make_private(path: str) -> None:
    """Create the file if it doesn't exist, so that only its owner can read it. SQLite gives its log and its index the
    same mode.

    An existing file is not touched, because opening and closing it would drop this process's locks on it.
    """
    with suppress(OSError):  # FileExistsError, or an error that SQLite will meet and report as well
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
