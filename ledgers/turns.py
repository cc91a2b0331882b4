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


class Turns:
    """The turns of all owners. An owner whose ledger nobody writes takes no memory."""

    def __init__(self) -> None:
        self._guard = Lock()  # of the two below
        self._turns: dict[UUID, Lock] = {}
        self._threads: dict[UUID, int] = {}  # how many have the turn or wait for it

    @contextmanager
    def of(self, owner: UUID) -> Iterator[None]:
        """Have the owner's turn until the block ends. Begin no transaction before; a thread must not nest turns.

        Raises Unavailable (503) after LONGEST_WAIT, or at once if MOST_THREADS are here already.
        """
        with self._guard:
            if self._threads.get(owner, 0) == MOST_THREADS:
                raise Unavailable
            turn = self._turns.setdefault(owner, Lock())
            self._threads[owner] = self._threads.get(owner, 0) + 1
        has_turn = False
        try:
            has_turn = turn.acquire(blocking=False)
            if not has_turn:
                with nullcontext() if connection.in_atomic_block else POOL.set_aside():
                    has_turn = turn.acquire(timeout=LONGEST_WAIT)
                if not has_turn:
                    raise Unavailable
            yield
        finally:
            if has_turn:
                turn.release()
            with self._guard:
                self._threads[owner] -= 1
                if not self._threads[owner]:
                    del self._turns[owner], self._threads[owner]


TURNS = Turns()
