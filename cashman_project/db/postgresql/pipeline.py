"""A connection that saves round trips: what needs no answer waits for the next statement, and is sent with it.

BEGIN never needs an answer. Neither does a statement that `execute_later` gets, and COMMIT is sent with these. So a
transaction that reads once and then writes takes two round trips. The reasons are in
docs/adr/0041-two-round-trips.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from psycopg2 import Error, errors, extensions
from psycopg2.sql import Composable

# What Citus says without the code of the error: constraints that a COPY violates, and a lost worker.
UNCODED = {
    "violates unique constraint": errors.UniqueViolation,
    "violates foreign key constraint": errors.ForeignKeyViolation,
    "violates check constraint": errors.CheckViolation,
    "failure on connection": errors.ConnectionFailure,
    "failed to COPY": errors.ConnectionFailure,
    "failed to complete COPY": errors.ConnectionFailure,
}


Vars: TypeAlias = Sequence[object] | Mapping[str, object] | None  # the parameters of a statement


class Connection(extensions.connection):
    """A connection of psycopg2 in autocommit mode, which sends BEGIN, COMMIT and ROLLBACK itself.

    psycopg2 would send BEGIN in a round trip of its own.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: the arguments of psycopg2's own
        super().__init__(*args, **kwargs)
        self.waiting: list[bytes] = []
        self.begins = False  # whether the first of these is BEGIN
        self._writer = extensions.connection.cursor(self)  # which writes their SQL

    def begin(self) -> None:
        """Begin a transaction with the next statement."""
        self.waiting, self.begins = [b"BEGIN"], True

    def execute_later(self, sql: str, params: Sequence[object]) -> None:
        """Execute the statement together with the next one, or before COMMIT. Its errors are raised there."""
        self.waiting.append(self._writer.mogrify(sql, params))

    def take_waiting(self) -> list[bytes]:
        """Return the statements that wait, and forget them: the caller sends them."""
        waiting, self.waiting, self.begins = self.waiting, [], False
        return waiting

    def forget_waiting(self) -> None:
        """Drop the statements that wait, except for BEGIN."""
        del self.waiting[int(self.begins) :]

    def commit(self) -> None:
        """Commit the transaction, if one has begun."""
        if self.begins and len(self.waiting) == 1:  # nothing was sent
            self.take_waiting()
        elif self.waiting or self._is_open():
            self._send(b"; ".join([*self.take_waiting(), b"COMMIT"]))

    def rollback(self) -> None:
        """Roll the transaction back, if one has begun."""
        self.take_waiting()
        if self._is_open():  # also if the connection is lost: then this raises InterfaceError, as psycopg2 does
            self._send(b"ROLLBACK")

    def _is_open(self) -> bool:
        return self.get_transaction_status() != extensions.TRANSACTION_STATUS_IDLE

    def _send(self, sql: bytes) -> None:
        with self.cursor() as cursor:
            cursor.execute(sql)


class Cursor(extensions.cursor):
    """A cursor that sends what waits on its connection before each statement, in the same round trip if it can."""

    connection: Connection

    def execute(self, query: str | bytes | Composable, vars: Vars = None) -> None:  # psycopg2's name
        if self.connection.waiting:
            if self.name is not None:  # DECLARE has to be sent alone
                self._send_waiting()
            else:
                statement = self.mogrify(query, vars)  # first: what it refuses, such as a NUL, must lose nothing
                query, vars = b"; ".join([*self.connection.take_waiting(), statement]), None
        try:
            super().execute(query, vars)
        except errors.InternalError_ as error:
            raise _coded(error) from None

    def executemany(self, query: str | bytes | Composable, vars_list: Iterable[Vars]) -> None:
        self._send_waiting()
        super().executemany(query, vars_list)

    # psycopg2 has a type of its own for the file.
    def copy_expert(self, sql: str | bytes | Composable, file: Any, size: int = 8192) -> None:
        self._send_waiting()
        try:
            super().copy_expert(sql, file, size)
        except errors.InternalError_ as error:
            raise _coded(error) from None

    def _send_waiting(self) -> None:
        if waiting := self.connection.take_waiting():
            with extensions.connection.cursor(self.connection, cursor_factory=extensions.cursor) as cursor:
                cursor.execute(b"; ".join(waiting))


def _coded(error: errors.InternalError_) -> Error:
    """Return the error that Citus means."""
    text = str(error)
    return next((meant(text) for said, meant in UNCODED.items() if said in text), error)
