"""A standby answers reads, lags, stops and is promoted. No client ever reads less than what was acknowledged.

`python -m tests.faults.replica` makes a PostgreSQL server and a standby of it (streaming replication), and lets two
Cashman servers of several processes use both, as two hosts would. For LENGTH (20) seconds each, clients write with one
server and read with the other

- while the standby follows as fast as it can, after a check of which database each path reads from;
- while it lags by five seconds;
- while it stops and comes back, again and again;
- while it, now synchronous, is promoted because the primary has crashed.

The last line has the figures. The exit status is 1 if a read was older than a write that was acknowledged before, if a
write was lost or was carried out twice, if a standby was the reason of an error, or if it never answered.
"""

import http.client
import json
import os
import random
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from tests.faults.common import (
    PERSON,
    PRODUCTION,
    Client,
    Cluster,
    a_cluster,
    a_standby,
    all_of,
    eventually,
    length,
    verdict,
)
from transactions.tests.live import LiveServer, running

SECONDS = length(20)
WORKERS = 2  # of each server
PEOPLE = 3  # each with one client that writes and two that read
LAG = 5  # seconds
DOWN = 1.5  # seconds for which there is no primary
WAIT = 7  # seconds in which the standby answers again, at most
SLOW = 5.0  # seconds of a read, at most, while the standby is broken
TROUBLE = (OSError, http.client.HTTPException)
OF_LEDGERS = ("transactions_", "ledgers_revision", "ledgers_change")  # tables of which a read may show rows
NO_REVISION = "transactions_rejectedtransfer"  # whose rows no revision tells of, so that the primary is asked


class Seen(NamedTuple):
    """What was acknowledged: the last revision, the last row, and the number of rows."""

    revision: int = 0
    row: str = ""
    rows: int = 0


class Person:
    """Somebody whose one client writes while two others read: one with a login, one with a personal access token."""

    def __init__(self, number: int, servers: list[LiveServer]) -> None:
        person = {**PERSON, "username": f"person{number}"}
        assert servers[0].request("POST", "/auth/register", person).status == 201
        login = json.loads(servers[0].request("POST", "/auth/token", person).body)["access"]
        made = {"name": "reader", "scope": "read", "password": person["password"]}
        personal = json.loads(servers[0].request("POST", "/tokens", made, token=login).body)["token"]
        made |= {"name": "writer", "scope": "read_write"}
        self.writer = json.loads(servers[0].request("POST", "/tokens", made, token=login).body)["token"]
        self.tokens = [login, personal]
        self.servers = servers
        self.seen = Seen()
        self.keys: list[str] = []  # of the writes that were acknowledged
        self.answers: Counter[str] = Counter()
        self.stale: list[str] = []
        self.slowest = 0.0
        self.refused: list[float] = []  # when a request was answered 503

    def write(self, over: threading.Event) -> None:
        """Create rows, each until it is acknowledged."""
        client = Client(self.servers[0], self.writer)
        while not over.is_set():
            key = secrets.token_hex(8)
            while True:
                answer = client.send("POST", "/incomes", {"description": key, "amount": 1}, Idempotency_Key=key)
                self._count("POST", answer.status)
                if answer.status == 201:
                    break
                time.sleep(0.05)
            self.keys.append(key)
            revision = int(answer.headers["ledger-revision"])
            self.seen = Seen(revision, json.loads(answer.body)["id"], self.seen.rows + 1)
            time.sleep(0.02)

    def read(self, number: int, over: threading.Event) -> None:
        """Read in all kinds of ways. Note what lacks something that was acknowledged before the request was sent."""
        client = Client(self.servers[1], self.tokens[number])
        choose = random.Random(number)
        while not over.is_set():
            if not self.seen.rows:
                time.sleep(0.01)
                continue
            name, path, is_new = choose.choice(READS)
            seen = self.seen
            began = time.monotonic()
            headers = {"Min_Revision": str(seen.revision)} if choose.random() < 0.3 else {}
            if name in ACCEPTED:
                headers["Accept"] = ACCEPTED[name]
            answer = client.send("GET", path.format(seen=seen), **headers)
            self.slowest = max(self.slowest, time.monotonic() - began)
            self._count("GET", answer.status)
            if answer.status != 503:
                told = int(answer.headers.get("ledger-revision", 0))
                if answer.status != 200 or told < seen.revision or not is_new(answer.body, seen):
                    self.stale.append(f"{name} {answer.status} {told} {seen} {answer.body[:200]!r}")

    def _count(self, method: str, status: int) -> None:
        self.answers[f"{method} {status}"] += 1
        if status == 503:
            self.refused.append(time.monotonic())


CHECKED = "2026-11-30"  # the day of a check of an account
ACCEPTED = {"page": "text/html", "export": "*/*"}
READS: list[tuple[str, str, Callable[[bytes, Seen], bool]]] = [
    ("row", "/incomes/{seen.row}", lambda body, seen: json.loads(body)["id"] == seen.row),
    ("list", "/incomes?page_size=5", lambda body, seen: json.loads(body)["results"][0]["id"] >= seen.row),
    (
        "filtered",
        "/incomes?page_size=5&amount_min=1",
        lambda body, seen: json.loads(body)["results"][0]["id"] >= seen.row,
    ),
    ("summary", "/summary", lambda body, seen: bool(json.loads(body)["total"][0]["count"] >= seen.rows)),
    ("export", "/incomes.ndjson", lambda body, seen: body.count(b"\n") >= seen.rows),
    (
        "revisions",
        "/revisions?page_size=1",
        lambda body, seen: json.loads(body)["results"][0]["number"] >= seen.revision,
    ),
    ("page", "/incomes/{seen.row}", lambda body, seen: seen.row.encode() in body),
]


def paths_of(server: LiveServer, person: Person) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each path that reads a ledger, with the headers of a request: the documented ones, exports and pages."""
    ids = {
        name: json.loads(server.request("GET", f"/{name}", token=person.writer).body)["results"][0]["id"]
        for name in ("incomes", "expenses", "transactions", "categories", "accounts", "tags", "transfers", "rules")
    }
    html = {"Accept": "text/html"}
    accepted = {"Accept": "application/vnd.oai.openapi+json"}
    document = json.loads(server.request("GET", "/schema", headers=accepted).body)
    for path, methods in document["paths"].items():
        names = {parameter["name"] for parameter in methods.get("get", {}).get("parameters", [])}
        if "Min-Revision" in names:
            path = path.format(id=ids.get(path.split("/")[1], ""), number=1, date=CHECKED)
            if path.endswith(".svg") or path == "/charts/category":
                path += "?category=Food" if "/category" in path else ""
            yield path, {"Accept": "image/svg+xml"} if ".svg" in path else {}
            if ".svg" not in path:
                yield path, html
    yield "/incomes?search=x&ordering=amount", {}
    yield "/summary?group_by=category,month", {}
    yield "/summary?group_by=day&compare=year&date_after=2026-01-01&date_before=2026-01-31", {}
    for path in ("/incomes.csv", "/expenses.xlsx", "/transactions.ndjson", "/categories.csv", "/summary.csv"):
        yield path, {"Accept": "*/*"}


def misrouted(server: LiveServer, person: Person, primary: Cluster, standby: Cluster) -> tuple[int, list[str]]:
    """Return how many paths read a ledger, and those that did not do so on the standby alone, or failed."""
    token = person.writer
    row = {"description": "routed", "amount": 1, "category": "Food"}
    rows: dict[str, list[dict[str, object]]] = {
        "/categories": [{"name": "Food"}],
        "/tags": [{"name": "trip"}],
        "/rules": [{"when": {"words": ["x"]}, "set": {"category": "Food"}}],
        "/accounts": [{"name": "Bank"}, {"name": "Cash"}],
        "/transfers": [{"from": "Bank", "to": "Cash", "amount": 1}],
        "/incomes": [row],
        "/expenses": [row],
    }
    for path, bodies in rows.items():
        for body in bodies:
            made = server.request("POST", path, body, token=token)
            assert made.status == 201, made.body
            if path == "/accounts":
                check = f"/accounts/{json.loads(made.body)['id']}/checks/{CHECKED}"
                assert server.request("PUT", check, {"balance": 1}, token=token).status in (200, 201)
    assert eventually(lambda: caught_up(primary, standby))
    for database in (primary, standby):
        database.run("ALTER SYSTEM SET log_statement = 'all'")
        database.run("SELECT pg_reload_conf()")
    paths = list(paths_of(server, person))
    wrong = []
    for path, headers in [*paths, *paths]:  # the second time all statements are prepared
        marks = [database.log.stat().st_size for database in (primary, standby)]
        answer = server.request("GET", path, token=token, headers=headers)
        at_primary, at_standby = (
            database.log.read_text()[mark:] for database, mark in zip((primary, standby), marks, strict=True)
        )
        at_primary = at_primary.replace(NO_REVISION, "")
        if answer.status != 200 or "ledgers_ledger" not in at_standby or any(name in at_primary for name in OF_LEDGERS):
            wrong.append(f"{path} {headers} {answer.status}")
    for database in (primary, standby):
        database.run("ALTER SYSTEM RESET log_statement")
        database.run("SELECT pg_reload_conf()")
    return len(paths), wrong


def caught_up(primary: Cluster, standby: Cluster) -> bool:
    [[sent]] = primary.run("SELECT pg_current_wal_lsn()")
    [[done]] = standby.run(f"SELECT pg_last_wal_replay_lsn() >= '{sent}'")
    return bool(done)


def transactions_at(database: Cluster) -> int:
    """Return how many transactions the server has counted."""
    [[count]] = database.run("SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'")
    return int(count)


class Trial:
    """What the clients did in one phase, and what they were answered."""

    def __init__(self, people: list[Person], meanwhile: Callable[[threading.Event], Any]) -> None:
        for person in people:
            person.answers, person.refused, person.slowest = Counter(), [], 0.0
        over = threading.Event()
        tasks: list[Callable[[], Any]] = []
        for person in people:
            tasks += [partial(person.write, over), partial(person.read, 0, over), partial(person.read, 1, over)]

        def steer() -> Any:
            try:
                return meanwhile(over)
            finally:
                over.set()

        *_rest, self.result = all_of(*tasks, steer)
        answers = sum((person.answers for person in people), Counter[str]())
        self.answers = dict(sorted(answers.items()))
        self.slowest = max(person.slowest for person in people)
        self.refused = sorted(moment for person in people for moment in person.refused)


def stop_and_start(standby: Cluster, over: threading.Event) -> None:
    deadline = time.monotonic() + SECONDS
    for mode in ("immediate", "fast") * SECONDS:
        standby.stop(mode)
        over.wait(2)
        standby.start()
        over.wait(2)
        if time.monotonic() > deadline:
            return


def promote(primary: Cluster, standby: Cluster, over: threading.Event) -> None:
    over.wait(SECONDS / 2)
    primary.stop("immediate")
    over.wait(DOWN)
    standby.promote()
    over.wait(SECONDS / 2 + 2)


def work(servers: list[LiveServer], primary: Cluster, standby: Cluster) -> int:
    """Let clients write and read while the databases change; judge what they read, and return the exit status."""
    people = [Person(number, servers) for number in range(PEOPLE)]
    paths, wrong = misrouted(servers[0], people[0], primary, standby)

    before = transactions_at(standby)
    follows = Trial(people, lambda over: over.wait(SECONDS))
    answered = [transactions_at(standby) - before]

    standby.run(f"ALTER SYSTEM SET recovery_min_apply_delay = '{LAG}s'")
    standby.run("SELECT pg_reload_conf()")
    lags = Trial(people, lambda over: over.wait(SECONDS))
    standby.run("ALTER SYSTEM RESET recovery_min_apply_delay")
    standby.run("SELECT pg_reload_conf()")

    breaks = Trial(people, partial(stop_and_start, standby))
    before = transactions_at(standby)
    again = Trial(people, lambda over: over.wait(WAIT))
    answered.append(transactions_at(standby) - before)

    primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
    primary.run("SELECT pg_reload_conf()")
    synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    assert eventually(lambda: primary.run(synchronous) == [(1,)])
    promoted = Trial(people, partial(promote, primary, standby))

    lost = repeated = 0
    for person in people:
        stored = Counter(row["description"] for row in Client(servers[1], person.writer).rows("/incomes"))
        lost += len(set(person.keys) - stored.keys())
        repeated += sum(count - 1 for count in stored.values())
    unexpected = {
        status
        for trial in (follows, lags, breaks, again)
        for status in trial.answers
        if status not in ("GET 200", "POST 201")
    } | (promoted.answers.keys() - {"GET 200", "POST 201", "GET 503", "POST 503"})
    stale = [text for person in people for text in person.stale]
    for text in [*wrong, *stale][:20]:
        print(text, file=sys.stderr)
    gone = promoted.refused[-1] - promoted.refused[0] if promoted.refused else 0.0
    return verdict(
        not (wrong or stale or lost or repeated or unexpected)
        and min(answered) > 0
        and max(trial.slowest for trial in (follows, lags, breaks, again)) < SLOW,
        seconds=SECONDS,
        paths=paths,
        paths_misrouted=len(wrong),
        follows=follows.answers,
        lags=lags.answers,
        stops=breaks.answers,
        promoted=promoted.answers,
        transactions_of_the_standby=answered,
        slowest_read_ms={
            name: round(trial.slowest * 1_000)
            for name, trial in (("follows", follows), ("lags", lags), ("stops", breaks), ("promoted", promoted))
        },
        seconds_without_a_primary=DOWN,
        seconds_of_503s=round(gone, 1),
        older_reads=len(stale),
        writes=sum(len(person.keys) for person in people),
        lost_writes=lost,
        repeated_writes=repeated,
        unexpected_answers=sorted(unexpected),
    )


def main() -> int:
    with a_cluster() as primary, a_standby(primary) as standby:
        url = f"postgres://cashman@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/postgres"
        settings = {**PRODUCTION, "WORKERS": str(WORKERS), "ALLOW_SIGNUP": "on", "DATABASE_URL": url}
        settings["DATABASE_REPLICA_URL"] = standby.url
        servers = [LiveServer(settings), LiveServer(settings)]
        servers[0].manage("migrate", "--verbosity=0")
        with running(servers[0]), running(servers[1]):
            return work(servers, primary, standby)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
