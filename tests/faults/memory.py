"""A worker's memory does not grow, however many requests it answers.

`python -m tests.faults.memory` sends LENGTH (50,000) mixed requests to a server of one process, on an SQLite file of
its own or, with DATABASE_URL, on a PostgreSQL database of its own beside that one. The last line has the figures; the
exit status is 1 if the memory grew by more than LIMIT.
"""

import json
import math
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.db import connection

from tests.faults.common import (
    PERSON,
    PRODUCTION,
    Client,
    a_database,
    all_of,
    clients_of,
    length,
    migrate,
    verdict,
    workers,
)
from transactions.tests.live import LiveServer, running

CLIENTS = 4
WARMED_UP = 0.1  # of the requests, after which what is loaded and compiled once is there
LIMIT = 20.0  # MiB
EXPECTED = {200, 201, 204, 304, 400, 401, 404, 409, 412, 415}


def resident(server: LiveServer) -> float:
    """Return the resident memory of the one worker in MiB."""
    [worker] = workers(server)
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def send_mixed(client: Client, count: int, seed: int) -> Counter[int]:
    """Send that many requests of many kinds; return how often which status came back."""
    chance = random.Random(seed)
    answers: Counter[int] = Counter()
    paths: list[str] = []
    for number in range(count):
        text = f"{seed} {number} {chance.random()}"
        body = {"description": text, "amount": f"{chance.randint(1, 10**6) / 100:.2f}", "notes": text}
        path = chance.choice(paths) if paths else "/incomes/nowhere"
        kinds: list[tuple[str, str, Any, dict[str, str]]] = [
            ("POST", "/incomes", body, {}),
            ("POST", "/expenses", body, {"Idempotency-Key": text.replace(" ", "-")}),
            ("GET", "/transactions", None, {}),
            ("GET", f"/transactions?amount_min={number}&ordering=-amount&page_size=9", None, {}),
            ("GET", f"/incomes?search={text.replace(' ', '%20')}", None, {}),
            ("GET", "/summary?group_by=month,category", None, {}),
            ("GET", path, None, {}),
            ("PATCH", path, {"description": text}, {}),
            ("PATCH", path, {"notes": text}, {"If-Match": f'"{text}"'}),
            ("DELETE", path, None, {}),
            ("GET", "/me", None, {"X-Request-ID": text}),
            ("GET", f"/{text.replace(' ', '/')}", None, {}),
            ("POST", "/incomes", {text: 1}, {}),
            ("GET", "/incomes", None, {"Accept-Language": text[:20]}),
            ("GET", f"/incomes?{text.replace(' ', '-')}=1", None, {}),
            ("POST", "/auth/token/refresh", {"refresh": text}, {}),
            ("GET", "/", None, {"Accept": "text/html"}),
        ]
        method, target, data, headers = chance.choice(kinds)
        answer = client.send(method, target, data, **headers)
        answers[answer.status] += 1
        if answer.status == 201:
            paths.append(f"/transactions/{json.loads(answer.body)['id']}")
        elif answer.status == 204:
            paths.remove(path)
    return answers


def main() -> int:
    began = time.monotonic()
    count = length(50_000)
    with a_database() as environment, tempfile.TemporaryDirectory() as directory:
        database = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'memory.sqlite3'}", **environment}
        server = LiveServer({**PRODUCTION, "WORKERS": "1", "ALLOW_SIGNUP": "on", **database})
        migrate(server)
        with running(server):
            assert server.request("POST", "/auth/register", PERSON).status == 201
            clients = clients_of(server, CLIENTS)
            measured = [resident(server)]
            answers: Counter[int] = Counter()
            for share in (WARMED_UP, *[(1 - WARMED_UP) / 4] * 4):
                each = math.ceil(count * share / CLIENTS)
                seed = len(measured) * CLIENTS
                tasks = [
                    lambda client=client, seed=seed + index, each=each: send_mixed(client, each, seed)
                    for index, client in enumerate(clients)
                ]
                answers = sum(all_of(*tasks), answers)
                measured.append(resident(server))
    grown = measured[-1] - measured[1]
    return verdict(
        grown <= LIMIT and set(answers) <= EXPECTED,
        database=connection.vendor,
        requests=answers.total(),
        mib_at_start_and_after_each_part=[round(mib, 1) for mib in measured],
        grown_since_warm_mib=round(grown, 1),
        answers=answers,
        seconds=round(time.monotonic() - began),
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
