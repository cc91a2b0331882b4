"""The database connections of a process. Requests share them, so there can be more waiting threads than connections."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import local

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .replica import REPLICA

# For each process. A PostgreSQL server has about a hundred for all of them.
CONNECTIONS = min(8, 2 * (os.cpu_count() or 1))


class ConnectionPool:
    """Lends one connection to each thread that runs a request. If all are lent, the thread waits.

    Django keeps a connection for each thread. But most threads of a server wait for clients and need none.
    """

    def __init__(self, size: int) -> None:
        self._turns: SimpleQueue[None] = SimpleQueue()
        for _number in range(size):
            self._turns.put(None)
        self._idle: list[BaseDatabaseWrapper] = []
        self._threads = local()

    def lend(self) -> None:
        """Give the thread a connection: the one that was returned last, or a new one."""
        self._turns.get()
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = connections.create_connection(DEFAULT_DB_ALIAS)
            connection.inc_thread_sharing()  # from now on any thread may use it, one at a time
        connections[DEFAULT_DB_ALIAS] = connection
        self._threads.has_lent = True

    def take_back(self) -> None:
        """Take the thread's connection back, for the next thread."""
        self._threads.has_lent = False
        self._idle.append(connections[DEFAULT_DB_ALIAS])
        del connections[DEFAULT_DB_ALIAS]
        self._turns.put(None)

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Let others use the thread's connection until the block ends. Then the thread gets a connection again, which
        may be a different one.

        A connection that the pool has not lent is left alone. After it has waited, the thread reads from the primary.
        """
        REPLICA.take_back()
        if not getattr(self._threads, "has_lent", False):
            yield
            return
        self.take_back()
        try:
            yield
        finally:
            self.lend()
            connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()


POOL = ConnectionPool(CONNECTIONS)
