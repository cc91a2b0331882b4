"""SQLite's connections, one for each thread."""

import gc
import threading
from pathlib import Path

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from transactions.tests.live import PATIENCE

TIMEOUT = 5  # seconds, after which who waits in vain gives up


def begin(connection: BaseDatabaseWrapper) -> None:
    """Begin a transaction as atomic() does; raises OperationalError where the lock is not had in time."""
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def set_timeout(connection: BaseDatabaseWrapper, seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {1_000 * seconds}")


@pytest.mark.django_db(transaction=True)
def test_who_holds_the_lock_does_not_wait_for_who_waits_for_it(tmp_path: Path) -> None:
    options = {"transaction_mode": "IMMEDIATE"}
    database = {"ENGINE": "cashman_project.api.sqlite", "NAME": str(tmp_path / "locked.sqlite3"), "OPTIONS": options}
    connections = ConnectionHandler({"default": database})
    waits, began = threading.Event(), threading.Event()

    def fail_then_wait() -> None:
        connection = connections["default"]
        set_timeout(connection, 0)
        with pytest.raises(OperationalError):
            begin(connection)
        set_timeout(connection, TIMEOUT)
        connection.connection.set_trace_callback(lambda statement: waits.set())
        try:
            begin(connection)
            began.set()
        finally:
            connection.close()

    thread = threading.Thread(target=fail_then_wait)
    gc.disable()
    try:
        begin(connections["default"])
        thread.start()
        assert waits.wait(PATIENCE)
        gc.collect()  # of the failure, too
    finally:
        gc.enable()
        connections["default"].close()
        thread.join()

    assert began.is_set()
