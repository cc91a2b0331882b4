"""Django's PostgreSQL backend with prepared statements, fewer round trips, and keys that begin with the owner.

The reasons are in docs/adr/0033-prepared-statements.md, docs/adr/0041-two-round-trips.md and
docs/adr/0043-keys-with-the-owner.md.
"""

import hashlib
import select
from collections.abc import Sequence

from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg2 import Error, extensions

from .partitions import PARTITIONS, PartitionsSchemaEditor
from .pipeline import Connection, Cursor
from .schema import DatabaseSchemaEditor

# One plan for all values of a statement's parameters. Citus can't plan a join before it knows the owner.
SET_PLAN_CACHE_MODE = """
    SELECT set_config('plan_cache_mode', CASE
        WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN 'auto' ELSE 'force_generic_plan'
    END, false)
"""


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection, with prepared statements.

    `statements` maps SQL that was prepared in this session, with the places of its parameters, to the SQL that executes
    it.
    """

    SchemaEditorClass = PartitionsSchemaEditor if PARTITIONS else DatabaseSchemaEditor
    is_one_server = False  # whether this session is known to be without a pooler and without Citus

    def get_connection_params(self) -> dict[str, object]:
        return {**super().get_connection_params(), "connection_factory": Connection, "cursor_factory": Cursor}

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction. Django calls this hook for its outermost `atomic`."""
        self.undone_savepoints.clear()
        self.connection.begin()

    def _savepoint_rollback(self, sid: str) -> None:
        self.connection.forget_waiting()  # which came after the savepoint, because that was a statement itself
        self.undone_savepoints.add(sid)
        super()._savepoint_rollback(sid)  # type: ignore[misc]  # not in the stub

    def execute_later(self, sql: str, params: Sequence[object]) -> None:
        """Execute a statement of the open transaction together with the next one. Its errors are raised there."""
        self.connection.execute_later(sql, params)

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self.statements: dict[tuple[str, tuple[int, ...]], str] = {}
        self.undone_savepoints: set[str] = set()  # of the open transaction
        if not self.settings_dict.get("POOLED"):
            with self.connection.cursor() as cursor:
                cursor.execute(SET_PLAN_CACHE_MODE)
                self.is_one_server = cursor.fetchone() != ("auto",)

    def is_standby(self) -> bool:
        """Return whether the server was a standby of another one at the end of the last statement.

        The server says so by itself when that changes.
        """
        state: str | None = self.connection.info.parameter_status("in_hot_standby")
        return state == "on"

    def chunked_cursor(self) -> CursorWrapper:
        """Return a cursor that fetches rows in parts. Behind a pooler it does so only in a transaction: outside of one,
        it would need the same session again, so there it fetches all at once.
        """
        if self.settings_dict.get("POOLED") and not self.in_atomic_block:
            return self.cursor()
        return super().chunked_cursor()

    def is_usable(self) -> bool:
        """Return whether the connection is still open. No query may be running on it.

        Without a query, the server sends something only if it closes the connection, or if there is another problem
        that a new connection solves. So the connection is usable if there is nothing to read. Django would run
        "SELECT 1" before the first query of every request.
        """
        try:
            poll = select.poll()
            poll.register(self.connection, select.POLLIN)
            return not poll.poll(0)
        except Error:  # closed on this side
            return False

    def prepared(self, sql: str, places: tuple[int, ...]) -> str:
        """Return SQL that executes `sql` without parsing and planning it each time. `places` are the positions, in the
        parameters that it is executed with, of what each %s stands for.

        Use it for statements with a plan that is good for every owner. Behind a pooler it returns `sql` itself, because
        a pooler may run the next transaction in another session.
        """
        if self.settings_dict.get("POOLED"):
            return sql
        if (sql, places) not in self.statements:
            numbered = sql % tuple(f"${place + 1}" for place in places)
            name = f"cashman_{hashlib.blake2b(numbered.encode(), digest_size=16).hexdigest()}"  # unique for its SQL
            # This cursor is psycopg2's own, which lets wait what waits.
            with self.wrap_database_errors, self.connection.cursor(cursor_factory=extensions.cursor) as cursor:
                if not self.statements:
                    cursor.execute("DEALLOCATE ALL")  # statements of this session from before `statements` was cleared
                cursor.execute(f"PREPARE {name} AS {numbered}")
            self.statements[sql, places] = f"EXECUTE {name} ({', '.join(['%s'] * len(set(places)))})"
        return self.statements[sql, places]
