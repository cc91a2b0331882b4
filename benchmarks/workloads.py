"""The seven workloads: their requests, the comparison of all responses, and their times."""

import json
import os
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any

from .servers import PAGE_SIZE, Cashman, Request, Server, sql

HEAVY, BULK, GONE, EXPORTED = "user0000", "user0010", "user0011", "user0012"
ORDINARY = [f"user{number:04}" for number in range(1, 9)]  # whom W1, W2 and W3 take in turn
SECONDS = 2  # that wrk asks for, each time
CONNECTIONS = 16
TITLES = {
    "W1": "page of 50",
    "W2": "one row",
    "W3": "create, durable",
    "W4": "year by month and category",
    "W5": "last page of the heavy user",
    "W6": "rows in one request",
    "W7": "export of the heavy user",
}
PAGE = Request("GET", "/transactions")

generator = random.Random(6)


def new_row() -> dict[str, str]:
    """Return an expense to create, of the first of the years, so that first pages stay as they are."""
    amount = f"{generator.randrange(1, 500)}.{generator.randrange(100):02}"
    day = f"2024-{generator.randrange(1, 7):02}-{generator.randrange(1, 29):02}"
    category = generator.choice(["Groceries", "Home", "Transport"])
    return {"type": "EXPENSE", "description": "market", "amount": amount, "date": day, "category": category}


def create() -> Request:
    return Request("POST", "/transactions", json.dumps(new_row()))


def create_many(server: Server, count: int) -> Request:
    return Request("POST", server.peer.bulk, json.dumps([new_row() for _ in range(count)]))


@cache
def last_page(server: Server, heavy_rows: int) -> Request:
    """Return the request for the oldest rows: by number, or at the end of a walk along Cashman's cursors."""
    if not isinstance(server.peer, Cashman):
        return Request("GET", f"/transactions?page={heavy_rows // PAGE_SIZE}")
    size, left, path = 500, heavy_rows, "/transactions?page_size=500"
    while left > PAGE_SIZE:
        if left <= size:
            size, path = PAGE_SIZE, path.replace("page_size=500", f"page_size={PAGE_SIZE}")
        page = server.json(HEAVY, Request("GET", path))
        left -= size
        path = re.sub("^http://[^/]+", "", page["next"])
    return Request("GET", path.replace("page_size=500", f"page_size={PAGE_SIZE}"))


# -- All answer the same ----------------------------------------------------------------------


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its amounts and timestamps as values, because they have several notations."""
    values: dict[str, Any] = {
        name: Decimal(row[name]) for name in ("amount", "income", "expense", "net") if name in row
    }
    values |= {name: datetime.fromisoformat(row[name]) for name in ("created_at", "updated_at") if name in row}
    return row | values


def created(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in plain(row).items() if name not in ("id", "created_at", "updated_at")}


def exported(server: Server, user: str) -> list[dict[str, Any]]:
    content = server.ask(user, server.peer.request_export())
    return json.loads(content) if content.startswith(b"[") else [json.loads(line) for line in content.splitlines()]


def answers(server: Server, workload: str, heavy_rows: int) -> list[dict[str, Any]]:
    """Return the rows of a workload in a form that can be compared; a small workload if its size doesn't matter."""
    user = ORDINARY[0]
    match workload:
        case "W1":
            page = server.json(user, PAGE)
            assert server.peer.name == "memory" or page["next"], "no link to the next page"
            return list(map(plain, page["results"]))
        case "W2":
            row = server.json(user, PAGE)["results"][7]
            return [plain(server.json(user, Request("GET", f"/transactions/{row['id']}")))]
        case "W3":
            generator.seed(3)
            content = server.ask(user, create())
            return [created(json.loads(content))] if content else []
        case "W4":
            return list(map(plain, server.json(HEAVY, server.peer.request_summary())["results"]))
        case "W5":
            return list(map(plain, server.json(HEAVY, last_page(server, heavy_rows))["results"]))
        case "W6":
            generator.seed(6)
            rows = map(created, server.json(BULK, create_many(server, 20)))
            return sorted(rows, key=lambda row: (row["amount"], row["date"]))
        case _:
            return list(map(plain, exported(server, EXPORTED)))


def refuses(server: Server) -> None:
    """Raise AssertionError unless the framework hides other users' rows and refuses unknown and deactivated users."""
    if server.peer.name == "memory":
        return
    row = server.json(ORDINARY[0], PAGE)["results"][0]
    for user, path in ((ORDINARY[1], f"/transactions/{row['id']}"), ("", "/transactions"), (GONE, "/transactions")):
        with server.open(user, Request("GET", path)) as response:
            assert response.status in (401, 403, 404), f"{server.peer.title}: {response.status} for {user!r}"


def deactivate(url: str) -> None:
    """Deactivate the user whom everybody has to refuse."""
    sql(url, "UPDATE users_user SET is_active = false WHERE username = %s RETURNING id", GONE)


def keep_totals(url: str, keep: bool) -> None:
    """Turn the triggers of Cashman's month totals on or off: no other framework has them."""
    sql(url, f"ALTER TABLE transactions_transaction {'ENABLE' if keep else 'DISABLE'} TRIGGER USER")


# -- How long it takes ------------------------------------------------------------------------


def measure_rate(server: Server, workload: str) -> float:
    """Return how many seconds one request takes of the server, from what wrk gets answered on some connections."""
    lines = []
    for user in ORDINARY:
        requests = [PAGE]
        if workload == "W2":
            rows = server.json(user, PAGE)["results"]
            requests = [Request("GET", f"/transactions/{row['id']}") for row in rows[:10]]
        elif workload == "W3":
            requests = [create() for _ in range(10)]
        lines += [f"{method}\t{path}\t{server.token_of(user)}\t{body}\n" for method, path, body, _ in requests]
    generator.shuffle(lines)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(lines)
        file.flush()
        script = str(Path(__file__).with_name("requests.lua"))
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script, f"http://127.0.0.1:{server.port}"]
        output = subprocess.run([*command, file.name], capture_output=True, text=True, check=True).stdout
    found = re.search(r"^result (\d+) (\d+) (\d+)$", output, re.MULTILINE)
    assert found, output
    count, microseconds, failed = map(int, found.groups())
    assert count, f"{server.peer.title}: no request of {workload} was answered"
    assert not failed, f"{server.peer.title}: {failed} of {count} requests of {workload} failed"
    return microseconds / count / 1_000_000


def timed(ask: Callable[[], object]) -> float:
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start


def measure_time(server: Server, request: Request, user: str = HEAVY) -> float:
    """Return the seconds that the request takes: the best of two, or of the up to fifty that fit in a second."""
    server.token_of(user)
    taken: list[float] = []
    while len(taken) < 2 or (len(taken) < 50 and sum(taken) < 1):
        taken.append(timed(partial(server.ask, user, request)))
    return min(taken)


def measure_export(server: Server, rows: int) -> tuple[float, float]:
    """Return the seconds of an export, and the largest growth of the framework's processes during it, in MiB."""
    for _time in range(8):  # what the first one loads in each process is no growth
        server.ask(EXPORTED, server.peer.request_export())
    server.token_of(HEAVY)  # nor is a login's hash, which takes 100 MiB
    before = memory(server, "VmRSS")
    for pid in server.processes():
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # resets the peak: proc(5)
    count = 0

    def read() -> None:
        nonlocal count
        with server.open(HEAVY, server.peer.request_export()) as response:
            assert response.status == 200, f"{server.peer.title}: {response.status}"
            while chunk := response.read1(1 << 20):
                count += chunk.count(b'"INCOME"') + chunk.count(b'"EXPENSE"')

    seconds = timed(read)
    # A kind that two chunks share is not counted.
    assert rows - count <= rows / 100, f"{server.peer.title}: {count} of {rows} rows"
    return seconds, (memory(server, "VmHWM") - before) / 1024


def memory(server: Server, name: str) -> int:
    """Return the memory of the framework's processes together in KiB, from a line of their /proc/PID/status."""
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in server.processes() if os.path.exists(f"/proc/{pid}")]
    return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith(f"{name}:"))
