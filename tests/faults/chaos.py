"""Processes die while clients write. Everything that was acknowledged must be there, and nothing twice.

`python -m tests.faults.chaos` runs on SQLite and on a PostgreSQL server of its own, which it crashes, too. On each,
LENGTH (100) workers are killed with SIGKILL, and PostgreSQL is crashed at every third kill. A client sends each write
with an Idempotency-Key until it is acknowledged. The last line of each database has the figures; the exit status is 1
where one is not as it must be.
"""

import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.faults.common import (
    PERSON,
    Answer,
    Client,
    Cluster,
    Supervised,
    a_cluster,
    a_place_on,
    all_of,
    eventually,
    length,
    verdict,
    workers,
)
from transactions.tests.live import LiveServer

CLIENTS = 8
WORKERS = 4
KILLS_PER_CRASH = 3
WRITES_BETWEEN = 20  # that are acknowledged between two kills, at least
PAUSE = 0.5  # seconds between those and a kill, in the mean
TROUBLE = (OSError, http.client.HTTPException)
EXPECTED = {"201", "409", "503"}  # acknowledged, in progress elsewhere, out of reach


class Writer:
    """A client that writes one thing after another, each until it is acknowledged."""

    def __init__(self, number: int, server: LiveServer, token: str) -> None:
        self.number = number
        self.server = server
        self.client = Client(server, token)
        self.acknowledged: dict[str, tuple[str, str]] = {}  # id and amount by description
        self.answers: Counter[str] = Counter()
        self.cut_off = 0  # requests that got no answer
        self.changed_answers = 0
        self.random = random.Random(number)

    def write_until(self, over: threading.Event) -> None:
        while not over.is_set():
            write = f"{self.number}-{len(self.acknowledged)}"
            count = 3 if self.random.random() < 0.2 else 1
            rows = [
                {"description": f"{write}.{row}", "amount": f"{self.random.randint(1, 10**7) / 100:.2f}"}
                for row in range(count)
            ]
            body = rows if count > 1 else rows[0]
            answer = self.send(body, write)
            if self.random.random() < 0.2 and self.send(body, write).body != answer.body:
                self.changed_answers += 1
            found = json.loads(answer.body)
            for row in found if count > 1 else [found]:
                self.acknowledged[row["description"]] = (row["id"], row["amount"])

    def send(self, body: Any, key: str) -> Answer:
        """Send the write until it is acknowledged; return that answer."""
        while True:
            try:
                answer = self.client.send("POST", "/incomes", body, Idempotency_Key=f"chaos-{key}")
            except TROUBLE:
                self.cut_off += 1
                self.client = Client(self.server, self.client.token)
            else:
                self.answers[str(answer.status)] += 1
                if answer.status == 201:
                    return answer
            time.sleep(0.05)


def disturb(
    server: LiveServer, cluster: Cluster | None, kills: int, acknowledged: Callable[[], int]
) -> tuple[int, int]:
    """Kill that many workers, and crash the cluster now and then, each time after some more writes were acknowledged.

    Return how many workers died and how many crashes the cluster saw.
    """
    killed = crashes = 0
    chance = random.Random(1)
    while killed < kills:
        assert grows(acknowledged, WRITES_BETWEEN)
        time.sleep(chance.uniform(0, 2 * PAUSE))
        assert eventually(lambda: bool(workers(server)))  # it may be being started again
        os.kill(workers(server)[0], signal.SIGKILL)
        killed += 1
        if cluster and killed % KILLS_PER_CRASH == 0:
            cluster.stop("immediate")
            crashes += 1
            time.sleep(chance.uniform(0, 1))
            cluster.start()
    return killed, crashes


def grows(count: Callable[[], int], by: int) -> bool:
    """Wait until the count has grown by that much; return whether it has."""
    enough = count() + by
    return eventually(lambda: count() >= enough)


def chaos(server: LiveServer, cluster: Cluster | None, kills: int) -> int:
    """Let clients write to the server while it is disturbed, and judge what is there; return the exit status."""
    began = time.monotonic()
    supervised = Supervised(server)
    with supervised.running():
        assert server.request("POST", "/auth/register", PERSON).status == 201
        over = threading.Event()
        # One that lasts: a login that is cut off counts as a wrong guess, of which there may be few.
        owner_query = {"name": "chaos", "scope": "read_write", "password": PERSON["password"]}
        token = json.loads(Client(server).send("POST", "/tokens", owner_query).body)["token"]
        writers = [Writer(number, server, token) for number in range(CLIENTS)]

        def disturbed() -> tuple[int, int]:
            try:
                return disturb(server, cluster, kills, lambda: sum(len(writer.acknowledged) for writer in writers))
            finally:
                over.set()

        killed, crashes = all_of(disturbed, *[lambda writer=writer: writer.write_until(over) for writer in writers])[0]
        assert eventually(lambda: is_well(server))
        client = Client(server, token)
        found = list(client.rows("/incomes"))
        [summary] = json.loads(client.send("GET", "/summary").body)["results"]

    acknowledged = {text: row for writer in writers for text, row in writer.acknowledged.items()}
    there = Counter(row["description"] for row in found)
    answers = sum((writer.answers for writer in writers), Counter[str]())
    faults = {
        "lost": len(acknowledged.keys() - there.keys()),
        "twice": sum(count > 1 for count in there.values()),
        "never_acknowledged": len(there.keys() - acknowledged.keys()),
        "different": sum(acknowledged.get(row["description"]) != (row["id"], row["amount"]) for row in found),
        "changed_answers": sum(writer.changed_answers for writer in writers),
        "unexpected_answers": sum(answers[answer] for answer in answers.keys() - EXPECTED),
        "sums_differ": int(sum(Decimal(amount) for _id, amount in acknowledged.values()) != Decimal(summary["income"])),
    }
    return verdict(
        not any(faults.values()) and killed >= kills,
        database="postgresql" if cluster else "sqlite",
        kills=killed,
        crashes=crashes,
        server_restarts=supervised.restarts,
        rows=len(found),
        answers=answers,
        cut_off=sum(writer.cut_off for writer in writers),
        seconds=round(time.monotonic() - began),
        **faults,
    )


def is_well(server: LiveServer) -> bool:
    try:
        return server.request("GET", "/readyz").status == 200
    except TROUBLE:
        return False


def main() -> int:
    settings = {"WORKERS": str(WORKERS), "ALLOW_SIGNUP": "on"}
    kills = length(100)
    with tempfile.TemporaryDirectory() as directory:
        server = LiveServer({**settings, "DATABASE_URL": f"sqlite:///{Path(directory) / 'chaos.sqlite3'}"})
        server.manage("migrate", "--verbosity=0")
        status = chaos(server, None, kills)
    with a_cluster() as cluster, a_place_on(cluster) as place:
        server = LiveServer({**settings, **place})
        server.manage("migrate", "--verbosity=0")
        return chaos(server, cluster, kills) or status


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
