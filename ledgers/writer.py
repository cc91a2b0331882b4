"""The one writer of a ledger: whoever writes an owner's rows locks the owner's ledger, and gets its next revision.

So the writes of one ledger happen one after another, in the order of their revisions. Writers of different ledgers
never wait for each other. Whoever writes several ledgers locks them in the order of their owners' ids.

The reasons are in docs/adr/0042-one-writer.md.
"""

import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from types import TracebackType
from typing import Any
from uuid import UUID

import orjson
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils import timezone

from cashman_project.api.origin import Origin
from cashman_project.db.compiled import database_values, execute_later, execute_prepared
from cashman_project.db.types import DatabaseRow

LEDGERS, REVISIONS = "ledgers_ledger", "ledgers_revision"
CREATED, UPDATED, DELETED = "created", "updated", "deleted"
ADD = f"INSERT INTO {LEDGERS} (id, revision, kept_from) VALUES (%s, 0, 0) ON CONFLICT DO NOTHING"  # noqa: S608  # no input
NEXT = f"UPDATE {LEDGERS} SET revision = revision + 1 WHERE id = %s"  # noqa: S608  # no input
LOCK = f"{NEXT} RETURNING revision, has_rules"
GIVE_BACK = f"UPDATE {LEDGERS} SET revision = revision - 1 WHERE id = %s"  # noqa: S608  # no input
INTO_REVISIONS = f"INSERT INTO {REVISIONS} (ledger_id, number, at, by_id, via, token, request_id, undoes, counts)"
REVISION = f"{INTO_REVISIONS} VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"


class Write:
    """A write of one ledger, in one database transaction. It becomes one revision if it writes any row.

    `revision` is the number of the revision; 0 until the ledger is locked. From then on, `has_rules` says whether the
    owner has rules for new rows. `counts` has the number of rows, by resource and by what was done to them.
    """

    def __init__(self, owner: UUID, origin: Origin, using: str) -> None:
        self.connection: Any = connections[using]  # of one of our two backends
        self.owner = owner
        self.origin = origin
        self.revision = 0
        self.has_rules = False
        self.savepoints: Set[str] = frozenset()  # in which the ledger was locked
        self.undoes: int | None = None
        self.counts: dict[str, Counter[str]] = {}

    def lock(self) -> int:
        """Lock the ledger, if this write has not done so; return the number of the revision."""
        while not self._is_locked():
            rows = self._rows(LOCK, [self.owner])
            self._locked(*(rows[0] if rows else self._add()))
        return self.revision

    def lock_and_read(self, select: str, params: Sequence[object]) -> DatabaseRow:
        """Lock the ledger as `lock` does; return the columns of the one row that `select` finds then, or None for each
        of them if it finds none. On PostgreSQL both take one round trip."""
        while True:
            if not self._is_locked():
                execute_later(self.connection, NEXT, [self.owner], prepared=True)
            if rows := self._rows(_read_with(select), [*params, self.owner]):
                self._locked(*rows[0][:2])
                return rows[0][2:]
            self._add()

    def _locked(self, revision: int, has_rules: bool) -> None:
        self.has_rules = bool(has_rules)  # SQLite has numbers
        self.revision, self.savepoints = revision, frozenset(filter(None, self.connection.savepoint_ids))

    def _is_locked(self) -> bool:
        """Return whether the ledger is locked. If a savepoint around the lock was rolled back, nothing was written."""
        if self.savepoints and not self.savepoints.isdisjoint(self.connection.undone_savepoints):
            self.revision, self.savepoints, self.counts = 0, frozenset(), {}
        return bool(self.revision)

    def _rows(self, sql: str, params: Sequence[object]) -> list[DatabaseRow]:
        with self.connection.cursor() as cursor:
            execute_prepared(cursor, sql, database_values(self.connection, params))
            rows: list[DatabaseRow] = cursor.fetchall()
            return rows

    def _add(self) -> tuple[int, bool]:
        """Make the ledger of an owner who has written nothing yet; return 0, its revision, and that it has no rules."""
        execute_later(self.connection, ADD, [self.owner])
        return 0, False

    def count(self, resource: str, operation: str, number: int) -> None:
        """Add to the number of rows that were written."""
        if number:
            self.counts.setdefault(resource, Counter())[operation] += number

    def finish(self) -> None:
        """Store the revision. If no row was written, give its number back."""
        if not self._is_locked():
            return
        if not self.counts:
            execute_later(self.connection, GIVE_BACK, [self.owner])
            self.revision -= 1
            return
        row = [self.owner, self.revision, *self.description()]
        execute_later(self.connection, REVISION, row, prepared=True)

    def description(self) -> DatabaseRow:
        """Return the columns of the revision, but for its ledger and its number."""
        origin = self.origin
        by = None if origin.by == self.owner else origin.by
        counts = orjson.dumps(self.counts).decode()
        return timezone.now(), by, origin.via, origin.token, origin.request_id, self.undoes, counts


@lru_cache
def _read_with(select: str) -> str:
    """Return SQL that reads the revision of a ledger, whether it has rules, and the one row that `select` finds."""
    found = f"{LEDGERS} LEFT JOIN ({select}) AS found ON TRUE"
    return f"SELECT {LEDGERS}.revision, {LEDGERS}.has_rules, found.* FROM {found} WHERE {LEDGERS}.id = %s"  # noqa: S608  # no input


class _Open(threading.local):
    """The writes that this thread has begun, by database and owner."""

    def __init__(self) -> None:
        self.writes: dict[tuple[str, UUID], Write] = {}


_open = _Open()
COMMAND = Origin()


class writing:  # used as a function, as Django's `atomic` is
    """Begin a write of the owner's ledger, in a database transaction. Within another write of it, continue that one.

    The ledger is locked by `lock`: lock it before anything else is read or written. The querysets of owned rows do so
    when they write. With `in_transaction`, the caller has begun a transaction, which an error rolls back.
    """

    def __init__(
        self, owner: UUID, origin: Origin = COMMAND, using: str = DEFAULT_DB_ALIAS, *, in_transaction: bool = False
    ) -> None:
        self.key = using, owner
        self.origin = origin
        self.begins = not in_transaction
        self.write: Write | None = None  # which this has begun

    def __enter__(self) -> Write:
        if current := _open.writes.get(self.key):
            return current
        using, owner = self.key
        if self.begins:
            self.atomic = transaction.atomic(using)
            self.atomic.__enter__()
        self.write = _open.writes[self.key] = Write(owner, self.origin, using)
        return self.write

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.write is None:
            return
        del _open.writes[self.key]
        try:
            if kind is None:
                self.write.finish()
        except BaseException:
            kind, error, traceback = sys.exc_info()
            raise
        finally:
            if self.begins:
                self.atomic.__exit__(kind, error, traceback)


@contextmanager
def writing_each(owners: Iterable[UUID], using: str) -> Iterator[dict[UUID, Write]]:
    """Begin writes of several ledgers in one database transaction, or continue them, and lock the ledgers."""
    with ExitStack() as stack:
        writes = {owner: stack.enter_context(writing(owner, using=using)) for owner in sorted(owners)}
        for write in writes.values():
            write.lock()
        yield writes
