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
        """Start a transaction; leave no cursor behind where that fails because the database is locked.

        Django's own stays in the cycle of the exception's traceback until the garbage of the process is
        collected, by any of its threads. That one waits then while the cursor's own connection is used;
        and where that waits for a lock that this thread holds, for as long as locks are waited for.
        """
        with self.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")


def _make_private(path: str) -> None:
    """Make the file, if there is none, for its owner alone to read; SQLite gives its log and its index the same mode.

    A file that is there is not touched: to open and close it would drop this process's locks on it.
    """
    with suppress(OSError):  # FileExistsError; or one that SQLite is about to meet as well, and tells as ever
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
