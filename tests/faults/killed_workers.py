"""Workers are killed, one a second and then all at once; the server goes on.

`python -m tests.faults.killed_workers` kills a worker a second, at random, for LENGTH (60) seconds, and then all at the
same moment, ROUNDS times. It uses an SQLite file of its own. The last line has the figures; the exit status is 1 if the
server has ended, or if it took longer to answer again than LIMIT seconds or than twice what its first start took.
"""

import http.client
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.faults.common import PRODUCTION, length, verdict, workers
from transactions.tests.live import PATIENCE, LiveServer, running

LIMIT = 2.0  # seconds
ROUNDS = 5


def is_well(server: LiveServer) -> bool:
    try:
        return server.request("GET", "/readyz").status == 200
    except (OSError, http.client.HTTPException):
        return False


def seconds_until(answer: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not answer() and time.monotonic() - began < PATIENCE:
        time.sleep(0.02)
    return time.monotonic() - began


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def main() -> int:
    seconds = length(60)
    with tempfile.TemporaryDirectory() as directory:
        database = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'killed.sqlite3'}"}
        server = LiveServer({**PRODUCTION, "WORKERS": "2", **database})
        server.manage("migrate", "--verbosity=0")
        first = time.monotonic()
        with running(server):
            first = time.monotonic() - first
            for _second in range(seconds):
                kill(random.sample(found := workers(server), min(1, len(found))))
                time.sleep(1)
            after_each = seconds_until(lambda: is_well(server))
            after_all = []
            for _round in range(ROUNDS):
                kill(workers(server))
                after_all.append(round(seconds_until(lambda: is_well(server)), 2))
            is_there = server.process.poll() is None
    return verdict(
        is_there and max(after_each, *after_all) <= max(LIMIT, 2 * first),
        kills=seconds,
        first_start_seconds=round(first, 2),
        seconds_after_the_last_of_single_kills=round(after_each, 2),
        seconds_after_all_at_once=after_all,
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
