"""Three clients follow /changes while six write and workers are killed. In the end each has the ledger, byte for byte.

`python -m tests.faults.followers` works on an SQLite file of its own or, with DATABASE_URL, on a PostgreSQL database of
its own beside that one, for LENGTH (30) seconds, and on a busy machine until each kind of writer has written. The last
line has the figures; the exit status is 1 if a copy differs from the ledger, if the order ever went back, if a request
was not answered as it must be, or if a kind of writer never wrote.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.common import (
    PERSON,
    PRODUCTION,
    Answer,
    Client,
    a_database,
    all_of,
    length,
    migrate,
    verdict,
    workers,
)
from transactions.tests.live import LiveServer, running

SECONDS = length(30)
WORKERS = 4
MANY = 8_000  # rows of a bulk write
KEPT = 100  # of those rows that are not deleted again
LIMITS = (7, 100, 1_000)  # changes on a page, of each follower
KILL_EVERY = 3  # seconds
PATIENCE = 120  # seconds more, at most, for each kind of writer to have written
TROUBLE = (OSError, http.client.HTTPException)
REFUSED = {400, 404, 409}  # a category or a row is gone, or a name is taken
COMMAND = """
import random, sys
from django.db import IntegrityError, OperationalError
from transactions.models import Transaction
while True:
    try:
        for row in Transaction.objects.order_by("-revision")[:5]:
            row.notes = str(random.random())
            try:
                row.save()
            except (Transaction.DoesNotExist, IntegrityError):
                pass  # the row, or the category that it had when it was read, is gone
        pks = list(Transaction.objects.order_by("?").values_list("pk", flat=True)[:20])
        Transaction.objects.filter(pk__in=pks).update(notes=str(random.random()))
        Transaction.objects.filter(pk__in=pks[:3]).delete()
        print("x", end="", flush=True)
    except OperationalError:
        pass
"""


class Connected:
    """A client that connects again if it was cut off, and counts its answers."""

    def __init__(self, server: LiveServer, token: str, number: int) -> None:
        self.server = server
        self.client = Client(server, token)
        self.random = random.Random(number)
        self.answers: Counter[int] = Counter()
        self.cut_off = self.writes = 0

    def send(self, method: str, path: str, body: Any = None) -> Answer | None:
        """Send the request once; return its answer, or None if it was cut off."""
        try:
            answer = self.client.send(method, path, body)
        except TROUBLE:
            self.cut_off += 1
            self.client = Client(self.server, self.client.token)
            time.sleep(0.05)
            return None
        self.answers[answer.status] += 1
        self.writes += method != "GET" and answer.status < 300
        return answer

    def some(self, path: str) -> list[str]:
        """Return ids of some rows."""
        ordering = self.random.choice(["created_at", "-created_at"])
        answer = self.send("GET", f"{path}?page_size=20&ordering={ordering}")
        return [row["id"] for row in json.loads(answer.body)["results"]] if answer and answer.status == 200 else []


class Follower(Connected):
    """Keeps a copy of the ledger."""

    def __init__(self, server: LiveServer, token: str, limit: int) -> None:
        super().__init__(server, token, limit)
        self.limit = limit
        self.cursor = ""
        self.rows: dict[tuple[str, str], str] = {}
        self.last: tuple[int, str] = (0, "")
        self.pages = self.steps_back = 0

    def read(self) -> bool:
        """Read a page; return whether anything may follow."""
        answer = self.send("GET", f"/changes?limit={self.limit}&since={self.cursor}")
        if answer is None or answer.status != 200:
            return True
        page = json.loads(answer.body)
        for change in page["changes"]:
            place = (change["revision"], change["id"])
            self.steps_back += place <= self.last
            self.last = place
            key = (change["resource"], change["id"])
            if change["operation"] == "deleted":
                self.rows.pop(key, None)
            else:
                self.rows[key] = json.dumps(change["data"])
        self.cursor = page["cursor"]
        self.pages += 1
        return bool(page["changes"])


def write_single(client: Connected) -> None:
    body = {"type": "INCOME", "description": "one", "amount": client.random.randint(1, 999)}
    client.send("POST", "/transactions", body)


def write_many(client: Connected) -> None:
    """Create many rows, change them, and delete most of them."""
    rows = [{"type": "EXPENSE", "description": str(number), "amount": number + 1} for number in range(MANY)]
    answer = client.send("POST", "/transactions", rows)
    if answer is None or answer.status != 201:
        return
    ids = [row["id"] for row in json.loads(answer.body)]
    client.random.shuffle(ids)
    client.send("PATCH", "/transactions", [{"id": pk, "notes": "changed"} for pk in ids[: MANY // 2]])
    client.send("POST", "/transactions/delete", {"ids": ids[KEPT:]})


def change(client: Connected) -> None:
    for pk in client.some("/transactions"):
        client.send("PATCH", f"/transactions/{pk}", {"amount": client.random.randint(1, 999)})


def categorize(client: Connected) -> None:
    name = f"kind {client.random.randint(1, 5)}"
    client.send("POST", "/categories", {"name": name})
    for pk in client.some("/transactions")[:5]:
        client.send("PATCH", f"/transactions/{pk}", {"category": name})


def delete(client: Connected) -> None:
    for pk in client.some("/transactions")[:2]:
        client.send("DELETE", f"/transactions/{pk}")
    categorize(client)


def rename(client: Connected) -> None:
    for pk in client.some("/categories"):
        client.send("PATCH", f"/categories/{pk}", {"name": f"kind {client.random.randint(1, 5)}"})
    if client.random.random() < 0.1:
        for pk in client.some("/categories")[:1]:
            client.send("DELETE", f"/categories/{pk}?force=true")


WRITERS: list[Callable[[Connected], None]] = [write_single, write_many, change, delete, rename]


class Command:
    """Lets a command of Django write rows too, as the admin does."""

    def __init__(self, server: LiveServer, output: Path) -> None:
        self.server = server
        self.output = output
        self.output.touch()

    @property
    def writes(self) -> int:
        """How often it has written."""
        return self.output.stat().st_size

    def run(self, over: threading.Event) -> None:
        arguments = [sys.executable, "manage.py", "shell", "--verbosity=0", "-c", COMMAND]
        with self.output.open("wb") as output:
            process = subprocess.Popen(arguments, env=self.server.environment, stdout=output)
            over.wait()
            process.terminate()
            process.wait()


def wait(writers: Sequence[Connected | Command], over: threading.Event) -> None:
    """Set `over` after SECONDS and after each writer has written, but not later than after PATIENCE more seconds."""
    end = time.monotonic() + SECONDS
    while (now := time.monotonic()) < end or (now < end + PATIENCE and not all(writer.writes for writer in writers)):
        time.sleep(0.1)
    over.set()


def kill(server: LiveServer, over: threading.Event) -> int:
    """Kill a worker now and then; return how many."""
    killed = 0
    while not over.wait(KILL_EVERY):
        for pid in workers(server)[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
    return killed


def repeated(work: Callable[[], object], over: threading.Event) -> None:
    while not over.is_set():
        work()


def follow(server: LiveServer, database: str, directory: Path) -> int:
    """Let clients write and follow; judge the copies, and return the exit status."""
    assert server.request("POST", "/auth/register", PERSON).status == 201
    asked = {"name": "followers", "scope": "read_write", "password": PERSON["password"]}
    token = json.loads(Client(server).send("POST", "/tokens", asked).body)["token"]
    writers = [Connected(server, token, number) for number in range(len(WRITERS))]
    followers = [Follower(server, token, limit) for limit in LIMITS]
    command = Command(server, directory / "written")
    over = threading.Event()
    tasks: list[Callable[[], Any]] = [lambda: kill(server, over), lambda: command.run(over)]
    kinds: list[Connected | Command] = [*writers, command]
    tasks.append(lambda: wait(kinds, over))
    tasks += [partial(repeated, partial(work, writer), over) for writer, work in zip(writers, WRITERS, strict=True)]
    tasks += [partial(repeated, follower.read, over) for follower in followers]
    killed, *_rest = all_of(*tasks)

    def catch_up(follower: Follower) -> None:
        while follower.read():
            pass

    all_of(*[partial(catch_up, follower) for follower in followers])
    client = Client(server, token)
    ledger = {
        (resource, row["id"]): json.dumps(row)
        for resource in ("transactions", "categories")
        for row in client.rows(f"/{resource}")
    }
    answers = sum((one.answers for one in [*writers, *followers]), Counter[int]())
    faults = {
        "rows_that_differ": [len(ledger.items() ^ follower.rows.items()) for follower in followers],
        "steps_back": [follower.steps_back for follower in followers],
        "unexpected_answers": [answers[status] for status in answers if status >= 400 and status not in REFUSED],
    }
    return verdict(
        not any(any(numbers) for numbers in faults.values()) and all(writer.writes for writer in kinds),
        database=database,
        seconds=SECONDS,
        kills=killed,
        requests_of_writers=[writer.answers.total() for writer in writers],
        writes=[writer.writes for writer in kinds],
        pages=[follower.pages for follower in followers],
        revisions=followers[0].last[0],
        rows=len(ledger),
        answers={str(status): count for status, count in sorted(answers.items())},
        cut_off=sum(one.cut_off for one in [*writers, *followers]),
        **faults,
    )


def main() -> int:
    with a_database() as environment, tempfile.TemporaryDirectory() as directory:
        sqlite = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'followers.sqlite3'}"}
        server = LiveServer({**PRODUCTION, "WORKERS": str(WORKERS), "ALLOW_SIGNUP": "on", **(environment or sqlite)})
        migrate(server)
        with running(server):
            return follow(server, "postgresql" if environment else "sqlite", Path(directory))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
