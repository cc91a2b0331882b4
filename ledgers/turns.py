"""Turns: of the threads of a process, one at a time writes the ledger of an owner.

A writer that waits for the lock of its ledger holds a database connection, and a process has only a few. So a thread
waits here instead, before it begins a transaction, and meanwhile others use its connection. Writers of other processes
still wait for the ledger's lock, one of each process.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from uuid import UUID

from django.db import connection

from cashman_project.api.errors import Unavailable
from cashman_project.db.connection_pool import POOL

LONGEST_WAIT = 10.0  # seconds
MOST_THREADS = 32  # that have the turn of one owner or wait for it; a process has about a hundred for all


class _Turn:
    """The turn of one owner, and how many threads have it or wait for it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.threads = 0


class Turns:
    """The turns of all owners. An owner whose ledger nobody writes takes no memory."""

    def __init__(self) -> None:
        self._guard = Lock()  # of all turns
        self._turns: dict[UUID, _Turn] = {}

    @contextmanager
    def of(self, owner: UUID) -> Iterator[None]:
        """Have the owner's turn until the block ends. Begin no transaction before; a thread must not nest turns.

        Raises Unavailable (503) after LONGEST_WAIT, or at once if MOST_THREADS are here already.
        """
        with self._guard:
            turn = self._turns.get(owner) or self._turns.setdefault(owner, _Turn())
            if turn.threads == MOST_THREADS:
                raise Unavailable
            turn.threads += 1
        has_turn = False
        try:
            has_turn = turn.lock.acquire(blocking=False)
            if not has_turn:
                with nullcontext() if connection.in_atomic_block else POOL.set_aside():
                    has_turn = turn.lock.acquire(timeout=LONGEST_WAIT)
                if not has_turn:
                    raise Unavailable
            yield
        finally:
            if has_turn:
                turn.lock.release()
            with self._guard:
                turn.threads -= 1
                if not turn.threads:
                    del self._turns[owner]


TURNS = Turns()
