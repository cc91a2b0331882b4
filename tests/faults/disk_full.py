"""The disk of the SQLite file is full: writes get a 503, reads work, and everything works again when there is room.

`python -m tests.faults.disk_full` needs to be root, to mount a small disk in memory. The last line has the figures; the
exit status is 1 where one is not as it must be.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.faults.common import PERSON, Client, verdict, workers
from transactions.tests.live import LiveServer, running

SIZE = 8  # MiB of the disk
REFUSALS = 50  # that are waited for
BODY = [{"description": "ballast", "amount": 1, "notes": 1_900 * "x"} for _row in range(50)]


def fill_and_empty(server: LiveServer, disk: Path) -> int:
    """Write until the disk is full, go on, make room and write again; return the exit status."""
    client = Client(server)
    started = workers(server)
    paths = ("/incomes", "/summary", "/transactions?search=ballast", "/readyz")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes((SIZE - 4) << 20))

    before: Counter[int] = Counter()
    after: Counter[int] = Counter()
    reads: Counter[int] = Counter()
    while before[503] < REFUSALS:
        before[client.send("POST", "/incomes", BODY if not before[503] else BODY[0]).status] += 1
        if before[503]:
            reads.update(client.send("GET", path).status for path in paths)
    ballast.unlink()
    for number in range(REFUSALS):
        answer = client.send("POST", "/incomes", BODY[0], Idempotency_Key=f"after-{number}")
        after[answer.status] += 1

    [summary] = json.loads(client.send("GET", "/summary").body)["results"]
    with closing(sqlite3.connect(disk / "full.sqlite3")) as database:
        [[integrity]] = database.execute("PRAGMA integrity_check")
        [[stored]] = database.execute("SELECT COUNT(*) FROM transactions_transaction")
    return verdict(
        set(before) <= {201, 503}
        and set(reads) == {200}
        and set(after) == {201}
        and (integrity, summary["count"], workers(server)) == ("ok", stored, started),
        until_full=before,
        reads_meanwhile=reads,
        with_room_again=after,
        rows=stored,
        integrity_check=integrity,
        workers_replaced=len(set(started) - set(workers(server))),
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "cashman", directory], check=True)
        try:
            database = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'full.sqlite3'}"}
            server = LiveServer({"WORKERS": "2", "ALLOW_SIGNUP": "on", **database})
            server.manage("migrate", "--verbosity=0")
            with running(server):
                assert server.request("POST", "/auth/register", PERSON).status == 201
                return fill_and_empty(server, Path(directory))
        finally:
            subprocess.run(["umount", directory], check=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
