"""SQLite's connections, one for each thread."""

import gc
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from transactions.tests.live import PATIENCE

TIMEOUT = 5  # seconds, after which who waits in vain gives up


def begin(connection: BaseDatabaseWrapper) -> None:
    """Begin a transaction as atomic() does; raises OperationalError if the lock is not free in time."""
    connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def set_timeout(connection: BaseDatabaseWrapper, seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {1_000 * seconds}")


@pytest.mark.django_db(transaction=True)
def test_who_holds_the_lock_does_not_wait_for_who_waits_for_it(tmp_path: Path) -> None:
    options = {"transaction_mode": "IMMEDIATE"}
    database = {"ENGINE": "cashman_project.db.sqlite", "NAME": str(tmp_path / "locked.sqlite3"), "OPTIONS": options}
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


def modes(directory: Path) -> dict[str, int]:
    """Return the permissions of the files by their names."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_file_is_its_owners_alone(mask: int, tmp_path: Path) -> None:
    """So are its log and its index, which hold rows as well."""
    environment = {**os.environ, "DEBUG": "on", "DATABASE_URL": f"sqlite:///{tmp_path / 'new.sqlite3'}"}
    script = (
        "import os, time; from django.db import connection; cursor = connection.cursor();"
        "cursor.execute('CREATE TABLE t (a)'); cursor.execute('INSERT INTO t VALUES (1)'); print('ready', flush=True);"
        "time.sleep(60)"
    )
    command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", script]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True, umask=mask
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert modes(tmp_path) == {f"new.sqlite3{part}": 0o600 for part in ("", "-wal", "-shm")}
    finally:
        process.kill()
        process.communicate()


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_there_keeps_its_mode_and_its_locks(tmp_path: Path) -> None:
    file = tmp_path / "there.sqlite3"
    file.touch(0o640)
    file.chmod(0o640)
    database = {"ENGINE": "cashman_project.db.sqlite", "NAME": str(file), "OPTIONS": {"transaction_mode": "IMMEDIATE"}}
    first, second = (ConnectionHandler({"default": database})["default"] for _connection in range(2))
    try:
        begin(first)
        set_timeout(second, 0)  # connects in the same process, which must not drop the lock of the first
        with pytest.raises(OperationalError):
            begin(second)
    finally:
        first.close()
        second.close()
    assert modes(tmp_path) == {"there.sqlite3": 0o640}
