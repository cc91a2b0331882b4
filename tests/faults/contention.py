"""Many clients write to one SQLite file at the same time, and each one succeeds.

`python -m tests.faults.contention` lets CLIENTS write to a server of WORKERS processes for LENGTH (60) seconds. The
last line has the figures; the exit status is 1 where one is not as it must be.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.common import PERSON, Client, all_of, clients_of, length, verdict
from transactions.tests.live import LiveServer, serve

CLIENTS = 16
WORKERS = 4


def contend(server: LiveServer, seconds: int) -> int:
    """Let the clients write, and judge the answers and the log; return the exit status."""
    clients = clients_of(server, CLIENTS)
    answers: Counter[int] = Counter()
    slowest = 0.0
    end = time.monotonic() + seconds

    def write(client: Client) -> None:
        nonlocal slowest
        while (began := time.monotonic()) < end:
            answers[client.send("POST", "/incomes", {"description": "contended", "amount": 1}).status] += 1
            slowest = max(slowest, time.monotonic() - began)

    all_of(*[lambda client=client: write(client) for client in clients])
    rows = sum(1 for _row in clients[0].rows("/incomes"))
    locked = sum("locked" in line for line in server.log())
    return verdict(
        set(answers) == {201} and rows == answers[201] and not locked,
        seconds=seconds,
        workers=WORKERS,
        clients=CLIENTS,
        answers=answers,
        rows=rows,
        locked=locked,
        slowest_ms=round(slowest * 1_000),
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        database = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'contended.sqlite3'}"}
        LiveServer(database).manage("migrate", "--verbosity=0")
        with serve(Path(directory), WORKERS=str(WORKERS), ALLOW_SIGNUP="on", **database) as server:
            assert server.request("POST", "/auth/register", PERSON).status == 201
            return contend(server, length(60))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
