"""Clients race against a real server with several processes. Nothing may be lost, and nothing may happen twice.

`python -m tests.faults.races` works on an SQLite file of its own or, with DATABASE_URL, on a PostgreSQL database of its
own beside that one: LENGTH (500) changes of each client, and two keys for five of them. The last line has the figures;
the exit status is 1 where one is not as it must be.
"""

import json
import os
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.common import PERSON, Answer, Client, a_database, all_of, clients_of, length, migrate
from transactions.tests.live import PATIENCE, LiveServer, serve

INCREMENTS = length(500)
KEYS, DUPLICATES = INCREMENTS * 2 // 5, 24
CLIENTS = 8
CHANGES = INCREMENTS
WORKERS = 4


def one_key_from_many_clients(server: LiveServer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Send each of KEYS requests DUPLICATES times at once; return (what was counted, what it must be)."""
    barrier = threading.Barrier(DUPLICATES)
    clients = clients_of(server, DUPLICATES)
    answers: list[list[Answer]] = [[] for _key in range(KEYS)]

    def send(client: Client) -> None:
        for number in range(KEYS):
            barrier.wait(PATIENCE)
            body = {"description": f"key {number}", "amount": 1}
            answers[number].append(client.send("POST", "/incomes", body, Idempotency_Key=f"race-{number}"))

    all_of(*[lambda client=client: send(client) for client in clients])

    found = Counter(row["description"] for row in clients[0].rows("/incomes"))
    counted = {
        "keys": KEYS,
        "requests": sum(map(len, answers)),
        "rows": sum(found.values()),
        "keys_with_one_row": sum(found[f"key {number}"] == 1 for number in range(KEYS)),
        "keys_with_identical_201s": sum(
            {(answer.status, answer.body) for answer in given} == {(201, given[0].body)} for given in answers
        ),
        "replayed": sum("idempotency-replayed" in answer.headers for given in answers for answer in given),
    }
    wanted = dict.fromkeys(counted, KEYS) | {"requests": KEYS * DUPLICATES, "replayed": KEYS * (DUPLICATES - 1)}
    return counted, wanted


def increments_with_if_match(server: LiveServer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let each of CLIENTS add one INCREMENTS times to the same amount; return (what was counted, what it must be)."""
    clients = clients_of(server, CLIENTS)
    path = created(clients[0])
    refused: Counter[int] = Counter()

    def increment(client: Client) -> None:
        for _time in range(INCREMENTS):
            while True:
                read = client.send("GET", path)
                amount = int(json.loads(read.body)["amount"].partition(".")[0]) + 1
                answer = client.send("PATCH", path, {"amount": amount}, If_Match=read.headers["etag"])
                if answer.status == 200:
                    break
                refused[answer.status] += 1

    all_of(*[lambda client=client: increment(client) for client in clients])

    row = json.loads(clients[0].send("GET", path).body)
    done = CLIENTS * INCREMENTS
    print(f"  {refused[412]} stale changes were refused")
    counted = {"increments": done, "amount": row["amount"], "version": row["version"], "refused": sorted(refused)}
    return counted, counted | {"amount": f"{done + 1}.00", "version": done + 1, "refused": [412]}


def changes_of_different_fields(server: LiveServer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let two clients change another field each CHANGES times; return (what was counted, what it must be)."""
    clients = clients_of(server, 2)
    path = created(clients[0])

    def change(client: Client, field: str) -> int:
        answers = (client.send("PATCH", path, {field: f"{field} {number}"}) for number in range(CHANGES))
        return sum(
            answer.status == 200 and json.loads(answer.body)[field] == f"{field} {number}"
            for number, answer in enumerate(answers)
        )

    kept = all_of(lambda: change(clients[0], "description"), lambda: change(clients[1], "notes"))

    row = json.loads(clients[0].send("GET", path).body)
    counted = {"kept": kept, **{name: row[name] for name in ("description", "notes", "version")}}
    last = CHANGES - 1
    wanted = {"kept": 2 * [CHANGES], "description": f"description {last}", "notes": f"notes {last}"}
    return counted, wanted | {"version": 2 * CHANGES + 1}


def created(client: Client) -> str:
    """Return the path of a new income of 1."""
    body = {"description": "race", "amount": 1, "date": "2026-11-01"}
    return f"/incomes/{json.loads(client.send('POST', '/incomes', body).body)['id']}"


def main() -> int:
    """Run the races; return how many of them were lost."""
    with a_database() as environment, tempfile.TemporaryDirectory() as directory:
        settings = {"WORKERS": str(WORKERS), "ALLOW_SIGNUP": "on", **environment}
        if environment:
            migrate(LiveServer(settings))
        with serve(Path(directory), **settings) as server:
            assert server.request("POST", "/auth/register", PERSON).status == 201
            results = {}
            for race in (one_key_from_many_clients, increments_with_if_match, changes_of_different_fields):
                counted, wanted = race(server)
                results[race.__name__] = counted
                print(f"{race.__name__}: {'as it must be' if counted == wanted else f'NOT AS IT MUST BE: {wanted}'}")
                results[race.__name__]["passed"] = counted == wanted
    print(json.dumps({"database": "postgresql" if environment else "sqlite", "workers": WORKERS, **results}))
    return sum(not result["passed"] for result in results.values())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main() > 0)
