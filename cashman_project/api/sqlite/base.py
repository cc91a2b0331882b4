"""Django's SQLite backend, in which threads don't wait for each other's refuse."""

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self) -> None:
        """Start a transaction; leave no cursor behind where that fails because the database is locked.

        Django's own stays in the cycle of the exception's traceback until the garbage of the process is
        collected, by any of its threads. That one waits then while the cursor's own connection is used;
        and where that waits for a lock that this thread holds, for as long as locks are waited for.
        """
        with self.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
