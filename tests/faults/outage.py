"""PostgreSQL stops and starts under a server that keeps its connections, and the server needs no restart.

`python -m tests.faults.outage` stops a PostgreSQL server of its own LENGTH (20) times, in turn

- between two requests: none is answered with an error, as if nothing had been;
- while requests come: each is answered 503 with Retry-After, and once the database is back the very next ones succeed.

The last line has the figures; the exit status is 1 where one is not as it must be.
"""

import json
import os
import sys
import time
from collections import Counter

from tests.faults.common import PERSON, Client, Cluster, a_cluster, a_place_on, all_of, clients_of, length, verdict
from transactions.tests.live import LiveServer, running

CLIENTS = 8  # each with a connection that it keeps
WORKERS = 2
REQUESTS = 5  # of each client to each path, all at once, so that every thread of the server has a connection
MODES = ("fast", "immediate")


class Outage:
    """Clients of a server, and what they were answered: the statuses, and how long each answer took at most."""

    def __init__(self, server: LiveServer) -> None:
        self.clients = clients_of(server, CLIENTS)
        self.written = 0

    def ask(self) -> tuple[Counter[str], float]:
        """Let every client read and write; return how often which answer came, and the seconds of the slowest."""
        answers: Counter[str] = Counter()
        slowest = 0.0

        def send(client: Client) -> None:
            nonlocal slowest
            for _request in range(REQUESTS):
                for method, path, data in (
                    ("GET", "/incomes", None),
                    ("POST", "/incomes", {"description": "in spite of all", "amount": 1}),
                    ("GET", "/readyz", None),
                ):
                    began = time.monotonic()
                    answer = client.send(method, path, data)
                    slowest = max(slowest, time.monotonic() - began)
                    answers[f"{answer.status} {answer.headers.get('retry-after', '')}".strip()] += 1
                    self.written += answer.status == 201

        all_of(*[lambda client=client: send(client) for client in self.clients])
        return answers, slowest


def outages(server: LiveServer, cluster: Cluster, count: int) -> int:
    """Stop and start the database that often, and judge the answers; return the exit status."""
    began = time.monotonic()
    outage = Outage(server)
    between: Counter[str] = Counter()
    down: Counter[str] = Counter()
    afterwards: Counter[str] = Counter()
    refused = recovered = 0.0
    before, _slowest = outage.ask()
    for number in range(count):
        cluster.stop(MODES[number // 2 % 2])
        if number % 2:
            answers, slowest = outage.ask()
            down += answers
            refused = max(refused, slowest)
        cluster.start()
        answers, slowest = outage.ask()
        if number % 2:
            afterwards += answers
            recovered = max(recovered, slowest)
        else:
            between += answers

    [summary] = json.loads(outage.clients[0].send("GET", "/summary").body)["results"]
    fine = {"200", "201"}
    return verdict(
        set(before) == set(between) == set(afterwards) == fine
        and set(down) == {"503 1"}
        and summary["count"] == outage.written,
        database="postgresql",
        stops=count,
        restarted_between_requests=between,
        while_down=down,
        the_very_next=afterwards,
        slowest_503_ms=round(refused * 1_000),
        slowest_of_the_very_next_ms=round(recovered * 1_000),
        rows=summary["count"],
        seconds=round(time.monotonic() - began),
    )


def main() -> int:
    with a_cluster() as cluster, a_place_on(cluster) as place:
        server = LiveServer({"WORKERS": str(WORKERS), "ALLOW_SIGNUP": "on", **place})
        server.manage("migrate", "--verbosity=0")
        with running(server):
            assert server.request("POST", "/auth/register", PERSON).status == 201
            return outages(server, cluster, length(20))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
