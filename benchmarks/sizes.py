"""What rows take on PostgreSQL's disk, and what requests take of processors: `make bench-sizes`.

It starts a PostgreSQL server of its own, and sends requests to the service in this process: OWNERS create, change and
read rows in turn, as many people would. At the end it prints the bytes of a row of each table, beside those of its
indexes, and the processor time of each kind of request, here and in PostgreSQL. `benchmarks/capacity.py` reckons with
these figures.
"""

import itertools
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.test import Client

from tests.faults.common import a_cluster

OWNERS = 100
ROUNDS = int(os.environ.get("ROUNDS") or 50)  # in each of which each owner creates BATCH rows in one request
BATCH = 20
SINGLES, CHANGED, READS = 2_000, 20, 300
WORDS = ["bakery", "bicycle repair", "bus ticket", "market", "monthly rent", "pharmacy", "refund", "books", "cinema"]
CATEGORIES = ["Eating out", "Groceries", "Health", "Holidays", "Home", "Rent", "Salary", "Transport", "Work", "Other"]
SERVICE = {
    "DEBUG": "off",
    "SECRET_KEY": secrets.token_hex(32),
    "JWT_SIGNING_KEY": secrets.token_hex(32),
    "HTTPS": "off",
    "ALLOWED_HOSTS": "testserver",  # as whom Django's client asks
    "DJANGO_SETTINGS_MODULE": "users.tests.cheap_settings",
}
TICK = os.sysconf("SC_CLK_TCK")
SIZES = """
    SELECT relname, pg_table_size(oid), pg_indexes_size(oid), (xpath('/row/c/text()',
        query_to_xml(format('SELECT count(*) AS c FROM %I', relname), false, true, '')))[1]::text::bigint
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 + 3 DESC, 1
"""

generator = Random(16)


def a_row(day: date) -> dict[str, Any]:
    """Return the body of a transaction, as people write them: one in five has notes, most have a category."""
    income = generator.random() < 0.1
    row: dict[str, Any] = {"type": "INCOME" if income else "EXPENSE", "date": day.isoformat()}
    row |= {"description": f"{generator.choice(WORDS)} {generator.randrange(1_000)}"}
    row |= {"amount": f"{generator.randrange(100, 50_000) / 100:.2f}"}
    if generator.random() < 0.2:
        row["notes"] = f"paid by card, slip {generator.randrange(100_000)}"
    if generator.random() < 0.9:
        row["category"] = generator.choice(CATEGORIES)
    return row


def written() -> int:
    """Return how many bytes PostgreSQL has written to its log (WAL)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'")
        return int(cursor.fetchone()[0])


def backend_seconds() -> float:
    """Return the processor time that PostgreSQL's process of our session has taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICK


def measure(name: str, requests: Iterable[tuple[Client, str, str, Any]]) -> None:
    """Send the requests (client, method, path, body), and print what one of them takes."""
    count, wal, here, there = 0, written(), time.process_time(), backend_seconds()
    for client, method, path, body in requests:
        response = getattr(client, method)(path, body)
        assert response.status_code < 300, response.content
        count += 1
    here, there, wal = time.process_time() - here, backend_seconds() - there, written() - wal
    print(f"{name:24} {1_000 * here / count:6.2f} ms here {1_000 * there / count:6.2f} ms in PostgreSQL", end="")
    print(f" {wal / count:8.0f} bytes of WAL {len(response.content):8} bytes of response", flush=True)


def fill_and_measure() -> None:
    from conftest import client_of  # which needs the settings
    from users.models import User

    users = [User.objects.create_user(f"user{number:04}", password=secrets.token_hex()) for number in range(OWNERS)]
    clients = [client_of(user) for user in users]
    for client in clients:
        for name in CATEGORIES:
            assert client.post("/categories", {"name": name}).status_code == 201
    first = date(2025, 1, 1)
    last = first + timedelta(days=364)
    days = [first + timedelta(days=364 * number // ROUNDS) for number in range(ROUNDS)]
    batches = ((client, [a_row(day) for _row in range(BATCH)]) for day in days for client in clients)
    measure(f"create {BATCH} rows", ((client, "post", "/transactions", rows) for client, rows in batches))
    turns = itertools.cycle(clients)
    measure("create a row", ((next(turns), "post", "/transactions", a_row(last)) for _number in range(SINGLES)))
    newest = f"/transactions?page_size={CHANGED}"
    ids = [(client, row["id"]) for client in clients for row in client.get(newest).json()["results"]]
    changes = ((client, "patch", f"/transactions/{pk}", {"amount": generator.randrange(1, 99)}) for client, pk in ids)
    measure("change a row", changes)
    measure("one row, JSON", ((client, "get", f"/transactions/{pk}", None) for client, pk in ids[:READS]))
    people = [Client(headers={"Accept": "text/html"}) for _user in users]
    for person, user in zip(people, users, strict=True):
        person.force_login(user)
    for name, readers, path in (
        ("page of 50, JSON", clients, "/transactions?page_size=50"),
        ("year by month, JSON", clients, "/summary?group_by=month"),
        ("changes, JSON", clients, "/changes?limit=100"),
        ("dashboard, HTML", people, "/"),
        ("list of expenses, HTML", people, "/expenses"),
        ("year by month, HTML", people, "/summary?group_by=month"),
    ):
        measure(name, ((reader, "get", path, None) for reader in itertools.islice(itertools.cycle(readers), READS)))


def run() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    fill_and_measure()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(SIZES)
        print("\nbytes of a row in the table, and in its indexes")
        for table, size, indexes, rows in cursor.fetchall():
            if rows:
                print(f"{table:32} {size / rows:8.0f} {indexes / rows:8.0f}   {rows:8} rows")


def main() -> None:
    with a_cluster("-c shared_buffers=256MB -c synchronous_commit=off") as cluster:
        command = [sys.executable, "-c", "from benchmarks.sizes import run; run()"]
        subprocess.run(command, env=os.environ | SERVICE | {"DATABASE_URL": cluster.url}, check=True)


if __name__ == "__main__":
    main()
