"""The read replica: which threads read from it, and whether it works.

The reasons are in docs/adr/0044-reads-from-a-replica.md.
"""

import threading
import time
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

ALIAS = "replica"
PAUSE = 5.0  # seconds for which a replica that has failed is left alone


class Reading(threading.local):
    """Which database the request of this thread reads its owner's rows from."""

    alias = DEFAULT_DB_ALIAS
    is_barred = False  # whether this request may not read from the replica, because it has failed it


READING = Reading()


class Replica:
    """Lends a connection to the replica to each thread that reads from it, and remembers a failure for a while.

    A thread that reads from the replica has a connection to the primary as well. So there are never more connections to
    the replica than to the primary.
    """

    def __init__(self) -> None:
        self._idle: list[BaseDatabaseWrapper] = []
        self._retry_at = 0.0  # on the clock `time.monotonic`; 0 if it works

    @cached_property
    def is_configured(self) -> bool:
        return ALIAS in settings.DATABASES

    def lend(self) -> bool:
        """Let the thread read from the replica until `take_back`. Return False if it may not, or not yet again.

        Raises OperationalError if the replica can't be reached.
        """
        now = time.monotonic()
        if READING.is_barred or now < self._retry_at:
            return False
        if self._retry_at:
            self._retry_at = now + PAUSE  # while this thread tries, no other one does
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = connections.create_connection(ALIAS)
            connection.inc_thread_sharing()  # from now on any thread may use it, one at a time
        connections[ALIAS] = connection
        READING.alias = ALIAS
        connection.close_if_unusable_or_obsolete()
        connection.ensure_connection()
        return True

    def works(self) -> bool:
        """Return whether the server was a standby at the end of the thread's last statement; note a failure if not.

        A standby that was promoted takes writes that the primary does not know of.
        """
        connection: Any = connections[ALIAS]  # Any: of our PostgreSQL backend
        is_standby: bool = connection.is_standby()
        self._retry_at = 0.0 if is_standby else time.monotonic() + PAUSE
        return is_standby

    def fail(self) -> None:
        """Note that the replica has failed the thread, which reads from the primary now."""
        self._retry_at = time.monotonic() + PAUSE
        connections[ALIAS].close()
        self.take_back()

    @property
    def has_failed(self) -> bool:
        """Whether a statement of this thread has failed on the replica."""
        return READING.alias == ALIAS and connections[ALIAS].errors_occurred

    def take_back(self) -> None:
        """Let the thread read from the primary again."""
        if READING.alias == ALIAS:
            READING.alias = DEFAULT_DB_ALIAS
            self._idle.append(connections[ALIAS])
            del connections[ALIAS]


REPLICA = Replica()
