"""What 1,000 idle and 64 busy clients cost PostgreSQL, directly and through PgBouncers: `make bench-poolers`.

It starts a PostgreSQL server of its own. The idle clients are Cashman's: each connection has made a creation and a
page. The busy ones are pgbench's: nine pages for each creation, with as many round trips as Cashman's. First it tells
the memory with each way's idle clients. Then come ROUNDS (5) of SECONDS (5) for each way in turn, with 1,000 idle
clients connected directly, and 1,000 by the PgBouncers.
"""

import os
import re
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg2
from django.db import connections

from tests.faults.common import Cluster, a_cluster
from tests.pooled import pooler

IDLE, BUSY, PROGRAMS = 1_000, 64, 4
ROUNDS = int(os.environ.get("ROUNDS") or 5)
SECONDS = int(os.environ.get("SECONDS") or 5)
SERVICE = {
    "DEBUG": "on",
    "ALLOWED_HOSTS": "testserver",  # as whom Django's client asks
    "DJANGO_SETTINGS_MODULE": "users.tests.cheap_settings",
}
TABLES = """
CREATE SCHEMA busy;
CREATE TABLE busy.ledger (id int PRIMARY KEY, revision int NOT NULL);
CREATE TABLE busy.revision (ledger int, number int, at timestamptz NOT NULL, PRIMARY KEY (ledger, number));
CREATE TABLE busy.row (owner int, id uuid, date date NOT NULL, amount bigint NOT NULL, description text NOT NULL,
    PRIMARY KEY (owner, id));
INSERT INTO busy.ledger SELECT number, 0 FROM generate_series(1, 1000) AS number;
INSERT INTO busy.row SELECT owner, gen_random_uuid(), date '2026-01-01' + number, number, 'coffee and cake'
    FROM generate_series(1, 1000) AS owner, generate_series(1, 200) AS number;
CREATE INDEX ON busy.row (owner, date DESC, id DESC);
ANALYZE busy.row, busy.ledger;
"""
PAGE = "SELECT id, date, amount, description FROM busy.row WHERE owner = {owner} ORDER BY date DESC, id DESC LIMIT 50;"
PAGES = {
    "prepared": rf"""
\if :prepared = 0
SET plan_cache_mode = force_generic_plan\; PREPARE page (int) AS {PAGE.format(owner="$1")}
\set prepared 1
\endif
\set owner random(1, 1000)
EXECUTE page (:owner);
""",
    "not prepared": rf"""
\set owner random(1, 1000)
{PAGE.format(owner=":owner")}
""",
}
CREATION = r"""
\set owner random(1, 1000)
BEGIN\; UPDATE busy.ledger SET revision = revision + 1 WHERE id = :owner RETURNING revision \gset
INSERT INTO busy.row VALUES (:owner, gen_random_uuid(), '2026-11-28', 1, 'tea')\;
    INSERT INTO busy.revision VALUES (:owner, :revision, now())\; COMMIT;
"""


def hold() -> None:
    """Hold as many connections as the argument says, each of which has answered some requests, until stdin ends."""
    django.setup()
    from conftest import client_of  # which needs the settings
    from users.models import User

    client = client_of(User.objects.create_user(f"idle-{secrets.token_hex(4)}"))
    held = []
    for _number in range(int(sys.argv[1])):
        held.append(connections.create_connection("default"))
        connections["default"] = held[-1]
        for answer in (client.post("/expenses", {"description": "tea", "amount": 1}), client.get("/expenses")):
            assert answer.status_code < 300, answer.content
    print("ready", flush=True)
    sys.stdin.read()


@contextmanager
def idle_clients(places: list[dict[str, str]]) -> Iterator[None]:
    """Let the idle clients, evenly on the places, hold their connections until the block ends."""
    holders = []
    for place in places:
        command = [sys.executable, "-c", "from benchmarks.poolers import hold; hold()", str(IDLE // len(places))]
        environment = os.environ | {**SERVICE, **place}
        pipe = subprocess.PIPE
        holders.append(subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL))
    try:
        for holder in holders:
            assert holder.stdout is not None
            if holder.stdout.readline() != b"ready\n":
                raise SystemExit("The idle clients could not connect")
        yield
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()


def per_second(cluster: Cluster, places: list[dict[str, str]], page: str) -> float:
    """Return how many transactions a second the busy clients get, evenly on the places."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "page").write_text(PAGES[page])
        (Path(directory) / "creation").write_text(CREATION)
        programs = []
        for number in range(PROGRAMS):
            place = urlsplit(places[number % len(places)]["DATABASE_URL"])
            options = [f"--client={BUSY // PROGRAMS}", f"--time={SECONDS}", "--no-vacuum", "--define=prepared=0"]
            options += ["--file=page@9", "--file=creation@1", f"--host={place.hostname}", f"--port={place.port}"]
            command = [str(cluster.bin / "pgbench"), *options, f"--username={place.username}", "postgres"]
            programs.append(
                subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            )
        ended = [program.communicate() for program in programs]
    rates = [re.search(r"tps = ([\d.]+) \(without", output) for output, _errors in ended]
    if not all(rates):
        raise SystemExit("\n".join(errors[-500:] for _output, errors in ended))
    return sum(float(rate[1]) for rate in rates if rate)


def tell_memory(way: str, url: str) -> None:
    """Print how many sessions the server has, and the MiB of all its processes: shared memory counts once (PSS)."""
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        sessions = cursor.fetchone()[0] - 1  # type: ignore[index]  # a count has a row
        cursor.execute("SELECT pg_read_file('postmaster.pid', 0, 10)")
        [parent] = re.findall(r"^\d+", cursor.fetchone()[0])  # type: ignore[index]  # so has a function
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    connection.close()
    kilobytes = 0
    for process in [parent, *children]:
        try:
            kilobytes += int(re.findall(r"^Pss: +(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text(), re.M)[0])
        except (FileNotFoundError, ProcessLookupError):  # the session of this function
            continue
    print(f"{way}, {IDLE} idle clients: {sessions} sessions, {kilobytes / 1024:.0f} MiB", flush=True)


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with a_cluster("-c max_connections=1200") as cluster, ExitStack() as poolers:
        connection = psycopg2.connect(cluster.url)
        with connection, connection.cursor() as cursor:
            cursor.execute(TABLES)
        connection.close()
        direct = {"DATABASE_URL": cluster.url, "DISABLE_SERVER_SIDE_CURSORS": "off"}
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, env=os.environ | SERVICE | direct, check=True)
        places = [poolers.enter_context(pooler(cluster.url)) for _number in range(4)]
        ways = {
            "directly": ([direct], "prepared"),
            "directly, not prepared": ([direct], "not prepared"),
            **{f"{count} PgBouncer": (places[:count], "not prepared") for count in (1, 2, 4)},
        }
        for count in (1, 2, 4):
            held = poolers.enter_context(ExitStack())
            held.enter_context(idle_clients(places[:count]))
            per_second(cluster, *ways[f"{count} PgBouncer"])
            tell_memory(f"{count} PgBouncer", cluster.url)
            if count < 4:
                held.close()
        poolers.enter_context(idle_clients([direct]))
        time.sleep(4)  # PgBouncer closes what is idle for two seconds
        tell_memory("directly", cluster.url)
        rates: dict[str, list[float]] = {way: [] for way in ways}
        for _round in range(ROUNDS):
            for way in ways:
                rates[way].append(per_second(cluster, *ways[way]))
        for way, found in rates.items():
            ratios = [rate / base for rate, base in zip(found, rates["directly"], strict=True)]
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            print(f"{way}: {statistics.median(ratios):.2f} of directly ({spread}), {statistics.median(found):.0f}/s")


if __name__ == "__main__":
    main()
