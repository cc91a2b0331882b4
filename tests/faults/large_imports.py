"""Others are served while somebody brings in a large file, and the worker's memory stays small.

`python -m tests.faults.large_imports` sends a CSV of LENGTH (99,000) lines to a server with the default number of
workers, on an SQLite file of its own or, with DATABASE_URL, on a PostgreSQL database of its own beside that one. It
plans, commits and undoes the import, twice. Meanwhile, another user lists, creates and changes rows, each every EACH
seconds. On PostgreSQL, the import is also compared ROUNDS (2) times with COPY of the same rows into a table with the
same indexes. The last line has the figures; the exit status is 1 if somebody else was refused or waited longer than
PATIENT, or if a worker grew by more than LIMIT. On SQLite, which has one writer, writes may wait longer, but must
succeed. A run with fewer lines judges no times, because they would tell more of the machine than of the import.
"""

import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg2
from django.db import connection

from tests.faults.common import PERSON, PRODUCTION, Client, a_database, length, migrate, verdict, workers
from transactions.tests.live import LiveServer, running

EACH = 0.05  # seconds
PATIENT = 2.0  # seconds
LINES = 99_000
LIMIT = 150.0  # MiB above an idle worker
LONGEST = 600  # seconds that one request may take
TICKS = os.sysconf("SC_CLK_TCK")
OWNER = {**PERSON, "username": "importer"}
TABLE = "transactions_transaction"
ROUNDS = 2
WORKERS = "2"  # the default


def content(lines: int) -> bytes:
    """Return a CSV file with that many lines of about 200 bytes, over 20 years."""
    text = StringIO("Date,Payee,Description,Memo,Category,Amount\r\n")
    text.seek(0, os.SEEK_END)
    for number in range(lines):
        day = f"{2005 + number * 20 // lines}-{1 + number * 240 // lines % 12:02}-{1 + number % 28:02}"
        payee = f"Shop {number * 7919 % 5_000} Märkte"
        what = f"card payment {number:08} terminal {number * 104729 % 100_000:05} reference " + f"{number:x}" * 14
        memo = f"order {number:09} of customer {number * 31337 % 10**6:06}"
        amount = f"{'' if number % 10 == 0 else '-'}{number % 900 + 1}.{number % 100:02}"
        text.write(f"{day},{payee},{what[:140]},{memo},Kind {number % 12},{amount}\r\n")
    return text.getvalue().encode()


class Processes:
    """What the server's workers use, and the database's sessions if they run on this machine."""

    def __init__(self, server: LiveServer, database: str) -> None:
        self.server, self.database = server, database

    def cpu(self) -> float:
        """Return the seconds that they have run so far."""
        return sum(map(_seconds, [*workers(self.server), *self._sessions()]))

    def peaks(self) -> list[float]:
        """Return the greatest resident memory of each worker since `forget`, in MiB."""
        found = []
        for pid in workers(self.server):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            found.append(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")))
        return found

    def forget(self) -> None:
        for pid in workers(self.server):
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def _sessions(self) -> list[int]:
        if connection.vendor != "postgresql":
            return []
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [self.database])
            return [pid for (pid,) in cursor.fetchall()]


def _seconds(pid: int) -> float:
    """Return how long a process has run; 0 if it is on another machine, or has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


class Others:
    """Another user's clients: `slowest` has how long the slowest of each kind of request took, `statuses` what came."""

    def __init__(self, server: LiveServer) -> None:
        first = Client(server)
        self.clients = {kind: Client(server, first.token) for kind in ("list", "create", "change")}
        row = json.loads(first.send("POST", "/expenses", {"description": "x", "amount": 1}).body)["id"]
        self.requests: dict[str, tuple[str, str, Any]] = {
            "list": ("GET", "/transactions", None),
            "create": ("POST", "/transactions", {"type": "EXPENSE", "description": "x", "amount": 1}),
            "change": ("PATCH", f"/transactions/{row}", {"notes": "x"}),
        }
        self.slowest: dict[str, dict[str, float]] = defaultdict(dict)
        self.statuses: Counter[int] = Counter()

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        """Let them send until the block ends."""
        over = threading.Event()
        threads = [threading.Thread(target=self._send, args=(kind, phase, over)) for kind in self.requests]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _send(self, kind: str, phase: str, over: threading.Event) -> None:
        slowest = self.slowest[phase]
        while not over.is_set():
            began = time.monotonic()
            self.statuses[self.clients[kind].send(*self.requests[kind]).status] += 1
            took = time.monotonic() - began
            slowest[kind] = max(round(took, 3), slowest.get(kind, 0.0))
            over.wait(max(EACH - took, 0))


class Importer:
    """The user who brings the file in, in three steps. `path` is that of the import."""

    def __init__(self, server: LiveServer, file: bytes) -> None:
        assert server.request("POST", "/auth/register", OWNER).status == 201
        self.token = server.request("POST", "/auth/token", OWNER).json()["access"]
        self.port, self.file = server.port, file
        self.path = ""
        self._send("POST", "/accounts", b'{"name": "Bank", "currency": "EUR"}', "application/json")

    def plan(self) -> None:
        made = self._send("POST", "/imports?account=Bank&create_categories=true", self.file, "text/csv")
        self.path = f"/imports/{made['id']}"

    def commit(self) -> None:
        self._send("POST", f"{self.path}/commit", b"{}", "application/json")

    def undo(self) -> None:
        self._send("DELETE", self.path, None, "application/json")

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/json",
            "Content-Type": content_type,
        }
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST)) as client:
            client.request(method, path, body, headers)
            response = client.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        assert response.status in (200, 201), answer
        return answer


Figures = dict[str, float]


def timed(processes: Processes, work: Callable[[], None]) -> Figures:
    """Do the work; return the seconds that it took, of the clock and of processors."""
    cpu, began = processes.cpu(), time.monotonic()
    work()
    return {"wall": round(time.monotonic() - began, 2), "cpu": round(processes.cpu() - cpu, 2)}


def compared(url: str, processes: Processes, importer: Importer) -> dict[str, float]:
    """Return how many times as long as COPY of its rows an import takes, by clock and by processors, on average."""
    sums: dict[str, float] = defaultdict(float)
    with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
        session.autocommit = True
        pid = session.info.backend_pid
        for _round in range(ROUNDS):
            planned, committed = timed(processes, importer.plan), timed(processes, importer.commit)
            rows = StringIO()
            cursor.copy_expert(f"COPY (SELECT * FROM {TABLE} WHERE account_id IS NOT NULL ORDER BY id) TO STDOUT", rows)
            rows.seek(0)
            cursor.execute(f"DROP TABLE IF EXISTS copied; CREATE TABLE copied (LIKE {TABLE} INCLUDING ALL)")
            began, cpu = time.monotonic(), _seconds(pid) + time.thread_time()
            cursor.copy_expert("COPY copied FROM STDIN", rows)
            sums["copy wall"] += time.monotonic() - began
            sums["copy cpu"] += _seconds(pid) + time.thread_time() - cpu
            for unit in ("wall", "cpu"):
                sums[f"plan {unit}"] += planned[unit]
                sums[f"commit {unit}"] += committed[unit]
            importer.undo()
            cursor.execute(f"VACUUM {TABLE}")
    return {
        f"{name}_{unit}": round(sum(sums[f"{step} {unit}"] for step in steps) / sums[f"copy {unit}"], 2)
        for name, steps in (("commit", ["commit"]), ("plan_and_commit", ["plan", "commit"]))
        for unit in ("wall", "cpu")
    } | {f"copy_{unit}_s": round(sums[f"copy {unit}"] / ROUNDS, 2) for unit in ("wall", "cpu")}


def main() -> int:
    lines = length(LINES)
    file = content(lines)
    with a_database() as environment, tempfile.TemporaryDirectory() as directory:
        database = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'large.sqlite3'}", **environment}
        url = database["DATABASE_URL"]
        server = LiveServer({**PRODUCTION, "WORKERS": WORKERS, "ALLOW_SIGNUP": "on", **database})
        migrate(server)
        with running(server):
            assert server.request("POST", "/auth/register", PERSON).status == 201
            importer, others = Importer(server, file), Others(server)
            processes = Processes(server, url.rpartition("/")[2])
            with others.during("idle"):
                time.sleep(3)
            processes.forget()
            idle = max(processes.peaks())
            steps: dict[str, list[Figures]] = defaultdict(list)
            for _round in range(ROUNDS):
                for step in (importer.plan, importer.commit, importer.undo):
                    processes.forget()
                    with others.during(step.__name__):
                        figures = timed(processes, step)
                    steps[step.__name__].append({**figures, "mib": round(max(processes.peaks()) - idle, 1)})
            ratios = compared(url, processes, importer) if connection.vendor == "postgresql" else {}
    judged = ("list",) if connection.vendor == "sqlite" else tuple(others.requests)
    grown = max(figures["mib"] for each in steps.values() for figures in each)
    slowest = max(kinds[kind] for kinds in others.slowest.values() for kind in judged)
    return verdict(
        (slowest <= PATIENT or lines < LINES) and set(others.statuses) <= {200, 201} and grown <= LIMIT,
        database=connection.vendor,
        bytes=len(file),
        steps=steps,
        others_slowest_s=others.slowest,
        others_statuses=others.statuses,
        grown_mib=grown,
        times_copy=ratios,
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
