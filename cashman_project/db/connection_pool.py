"""The database connections of a process: requests share them, so that more threads than connections can wait."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import local
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

# Of a process. A PostgreSQL server has about a hundred for all.
CONNECTIONS = min(8, 2 * (os.cpu_count() or 1))


class ConnectionPool:
    """Lends the threads that run requests a connection each; who comes when all are lent waits.

    Django keeps a connection for each thread, but most threads of a server wait for clients, and need none.
    """

    def __init__(self, size: int) -> None:
        self._turns: SimpleQueue[None] = SimpleQueue()
        for _number in range(size):
            self._turns.put(None)
        self._idle: list[Any] = []
        self._threads = local()

    def lend(self) -> None:
        """Give the thread a connection, the one that was used last if there is one."""
        self._turns.get()
        if self._idle:
            connection = self._idle.pop()
        else:
            connection = connections.create_connection(DEFAULT_DB_ALIAS)
            connection.inc_thread_sharing()  # from now on any thread may use it, but one at a time
        connections[DEFAULT_DB_ALIAS] = connection
        self._threads.has_lent = True

    def take_back(self) -> None:
        """Take the thread's connection, for the next one."""
        self._threads.has_lent = False
        self._idle.append(connections[DEFAULT_DB_ALIAS])
        del connections[DEFAULT_DB_ALIAS]
        self._turns.put(None)

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Let others have the thread's connection until the block ends; it gets one again then, maybe another.

        A connection that the pool has not lent stays where it is.
        """
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
