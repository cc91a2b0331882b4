"""No input costs much more than a harmless one of the same size: every text input x texts that have stopped others.

`python -m tests.faults.hostile` tries LENGTH (all) of the pairs against a server of one process, on an
SQLite file of its own or, with DATABASE_URL, on a PostgreSQL database of its own beside that one. The CPU time of the
server is compared, and of PostgreSQL's processes, if these are on this machine. It prints a table: for each input what
cost it most. The last line has the figures; the exit status is 1 where something cost more than RATIO times what is
harmless, or more than LIMIT.
"""

import http.client
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from tests.faults.common import PERSON, PRODUCTION, a_database, length, migrate, verdict, workers
from tests.faults.hostile_inputs import (
    BODIES,
    TEXTS,
    Input,
    Paths,
    Request,
    bodies_of,
    fitting,
    further_inputs,
    harmless,
    harmless_body,
    inputs_of,
)
from transactions.tests.live import PATIENCE, LiveServer, running

RATIO = 3.0
LIMIT = 1.0  # second
REPEATS = 5  # of what seems to cost too much: the least of the times counts
SETTLED = 0.002  # seconds after an answer, in which its thread ends its work
REFRESHED = 200.0  # seconds: an access token is good for 300
DAY = "2026-11-28"
EXTREME = 4_600  # rows whose notes are as long as they may be, and all the same


@dataclass
class Cell:
    """An input and a kind of text, with what it cost in seconds, and what a harmless text of the same size did."""

    input: str
    kind: str
    size: int
    hostile: Request
    plain: Request
    cost: float = 0.0
    usual: float = 0.0
    status: int = 0

    @property
    def ratio(self) -> float:
        return self.cost / self.usual if self.usual else 0.0

    @property
    def is_red(self) -> bool:
        return self.ratio > RATIO or self.cost > LIMIT


class Meter:
    """A client that tells what a request costs: the CPU time of the server, and of the database's processes."""

    def __init__(self, server: LiveServer, database: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        self.database = database
        [self.worker] = workers(server)
        self.tokens = server.request("POST", "/auth/token", PERSON).json()
        self.refreshed = time.monotonic()

    def send(self, request: Request) -> int:
        """Send the request, and return the status of its answer; 0 where the server just hangs up."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.tokens['access']}"}
        headers |= request.headers
        try:
            self.connection.request(request.method, request.path, request.body, headers)
            response = self.connection.getresponse()
            response.read()
        except (http.client.HTTPException, ConnectionError):
            self.connection.close()
            return 0
        return response.status

    def cost(self, request: Request) -> tuple[float, int]:
        """Return how many seconds of CPU time the request takes, and its status."""
        self._refresh()
        for _time in range(2):  # a connection that the server has closed meanwhile would cost nothing
            before = self._spent()
            if status := self.send(request):
                break
        time.sleep(SETTLED)
        return self._spent() - before, status

    def _refresh(self) -> None:
        if time.monotonic() - self.refreshed > REFRESHED:
            self.connection.close()
            body = json.dumps({"refresh": self.tokens["refresh"]})
            self.connection.request("POST", "/auth/token/refresh", body, {"Content-Type": "application/json"})
            self.tokens = json.loads(self.connection.getresponse().read())
            self.refreshed = time.monotonic()

    def _spent(self) -> float:
        nanoseconds = sum(
            int(task.read_text().split()[0])
            for process in (self.worker, *self._backends())
            for task in Path(f"/proc/{process}/task").glob("*/schedstat")
        )
        return nanoseconds / 1e9

    def _backends(self) -> list[int]:
        """Return the processes of PostgreSQL that serve the database; none for SQLite, or on another machine."""
        if not self.database:
            return []
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [self.database])
            return [pid for (pid,) in cursor.fetchall() if Path(f"/proc/{pid}").exists()]


def cells_of(inputs: list[Input]) -> Iterator[Cell]:
    """Yield every pair of an input and a text that it can hold."""
    for one in inputs:
        for kind, make in TEXTS.items():
            for text in fitting(make, one.size, one.longest):
                hostile, plain = one.request(text), one.request(harmless(text))
                if hostile and plain:
                    yield Cell(one.name, kind, len(text), hostile, plain)


def cells_of_bodies(document: dict[str, Any], paths: Paths) -> Iterator[Cell]:
    """Yield every pair of an operation and a body."""
    for name, (method, path, size) in bodies_of(document, paths).items():
        plain = Request(method, path, harmless_body(method, path, size))
        for kind, make in BODIES.items():
            yield Cell(f"{name} body", kind, size, Request(method, path, make(size)), plain)


def measure(meter: Meter, cells: list[Cell]) -> None:
    """Find out what each cell costs; what seems to be red is tried again, beside what is harmless."""
    usual: dict[tuple[str, int], float] = {}
    for cell in cells:
        key = (cell.input, len(cell.plain.path) + len(cell.plain.body or b"") + len(str(cell.plain.headers)))
        if key not in usual:
            usual[key] = min(meter.cost(cell.plain)[0] for _time in range(1 if cell.size > 1_000_000 else 3))
        cell.usual = usual[key]
        cell.cost, cell.status = meter.cost(cell.hostile)
        for _time in range(REPEATS if cell.cost < LIMIT else 1):
            if cell.is_red:
                cell.cost = min(cell.cost, meter.cost(cell.hostile)[0])


def prepare(server: LiveServer) -> Paths:
    """Make a person with books that are hard to search; return what finds a path with rows of them."""
    assert server.request("POST", "/auth/register", PERSON).status == 201
    token = server.request("POST", "/auth/token", PERSON).json()["access"]
    row = {"description": "a", "amount": 1, "date": "1999-12-31", "notes": 2_000 * "a"}
    for _part in range(2):
        assert server.request("POST", "/incomes", EXTREME // 2 * [row], token=token).status == 201
    for _number in range(60):
        server.request("POST", "/expenses", {"description": "coffee", "amount": 1}, token=token)
    kept, spent = rows_of(server, token, "kept"), rows_of(server, token, "spent")

    def path(method: str, template: str) -> str:
        """Return the path, with rows that stay, or for what ends them with others."""
        resource, *rest = template.strip("/").split("/")
        ends = method.upper() == "DELETE" or rest[-1:] in (["commit"], ["unlink"], ["undo"])
        values = {"date": DAY, "row": "1", "id": (spent if ends else kept).get(resource, ""), "number": "1"}
        return template.format_map(values)

    return path


def rows_of(server: LiveServer, token: str, name: str) -> dict[str, str]:
    """Make a row of each resource; return their ids by the first part of their path."""

    def make(path: str, body: Any, **headers: str) -> Any:
        answer = server.request("POST", path, body, token=token, headers=headers)
        assert answer.status == 201, (path, answer.body)
        return answer.json()

    row = {"description": name, "amount": 1, "date": DAY}
    accounts = [make("/accounts", {"name": f"{name} {number}", "currency": "EUR"})["id"] for number in (1, 2)]
    transfer = {"from": f"{name} 1", "to": f"{name} 2", "amount": 1, "date": DAY}
    personal_token = {"name": name, "scope": "read", "password": PERSON["password"]}
    file = f"date,text,amount\n{DAY},{name},1.50\n".encode()
    expense = make("/expenses", row)["id"]
    return {
        "incomes": make("/incomes", row)["id"],
        "expenses": expense,
        "transactions": expense,
        "categories": make("/categories", {"name": name})["id"],
        "tags": make("/tags", {"name": name})["id"],
        "accounts": accounts[0],
        "transfers": make("/transfers", transfer)["id"],
        "tokens": make("/tokens", personal_token)["id"],
        "imports": make(f"/imports?account={name}%201", file, **{"Content-Type": "text/csv"})["id"],
    }


def table(cells: list[Cell]) -> None:
    """Print what cost each input most."""
    worst: dict[str, Cell] = {}
    for cell in cells:
        present = worst.get(cell.input)
        if present is None or (cell.is_red, cell.ratio) > (present.is_red, present.ratio):
            worst[cell.input] = cell
    print(f"{'input':60} {'what costs most':30} {'size':>8} {'status':>6} {'ms':>9} {'harmless':>9} {'ratio':>6}")
    for cell in sorted(worst.values(), key=lambda cell: -cell.ratio):
        print(
            f"{cell.input[:60]:60} {cell.kind:30} {cell.size:8} {cell.status:6} {cell.cost * 1e3:9.1f} "
            f"{cell.usual * 1e3:9.1f} {cell.ratio:6.1f}{'  RED' if cell.is_red else ''}"
        )


def main() -> int:
    began = time.monotonic()
    with a_database() as environment, tempfile.TemporaryDirectory() as directory:
        database = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'hostile.sqlite3'}", **environment}
        server = LiveServer({**PRODUCTION, "WORKERS": "1", "ALLOW_SIGNUP": "on", **database})
        migrate(server)
        with running(server):
            document = server.request("GET", "/schema").json()
            paths = prepare(server)
            meter = Meter(server, environment.get("DATABASE_URL", "").rpartition("/")[2])
            cells = [*cells_of(inputs_of(document, paths) + further_inputs()), *cells_of_bodies(document, paths)]
            count = len(cells)
            # The dear ones last: what they store would make the others dearer.
            chosen = random.Random(1).sample(cells, min(count, length(count)))
            tried = sorted(chosen, key=lambda cell: cell.size > 10**6)
            print(f"{len(tried)} of {count} pairs", flush=True)
            measure(meter, tried)
    table(tried)
    red = [cell for cell in tried if cell.is_red]
    for cell in red:
        print(f"RED {cell.input}: {cell.kind} of {cell.size}: {cell.cost:.3f} s, {cell.ratio:.1f} times")
    return verdict(
        not red and not any(cell.status >= 500 and cell.status != 503 for cell in tried),
        database=connection.vendor,
        inputs=len({cell.input for cell in cells}),
        pairs=count,
        tried=len(tried),
        red=len(red),
        red_inputs=len({cell.input for cell in red}),
        greatest_ratio=round(max(cell.ratio for cell in tried), 1),
        greatest_ms=round(1_000 * max(cell.cost for cell in tried)),
        statuses=dict(Counter(cell.status for cell in tried)),
        seconds=round(time.monotonic() - began),
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
