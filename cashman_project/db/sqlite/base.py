"""Django's SQLite backend, in which threads don't wait for each other's refuse, and new files are private."""

import os
from contextlib import suppress
from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: Any) -> Any:
        name = str(conn_params["database"])
        if not (self.is_in_memory_db() or name.startswith("file:")):
            _make_private(name)
        return super().get_new_connection(conn_params)

    def _start_transaction_under_autocommit(self) -> None:
        """Start a transaction. If that fails because the database is locked, leave no cursor behind.

        Django's own cursor stays in a reference cycle with the exception's traceback until any thread of the process
        collects garbage. That thread then waits while the cursor's connection is used. If that connection waits for a
        lock that the thread holds, it waits until the lock's timeout.
        """
        with self.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")


def _make_private(path: str) -> None:
    """Make the file, if there is none, for its owner alone to read; SQLite gives its log and its index the same mode.

    A file that is there is not touched: to open and close it would drop this process's locks on it.
    """
    with suppress(OSError):  # FileExistsError; or one that SQLite is about to meet as well, and tells as ever
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
