"""How many owners a machine carries, and what is full first: `make bench-capacity`.

This measures nothing. It reckons with what `make bench-sizes` and the others measured (COSTS and below), and with
ASSUMPTIONS, each of which a variable of the environment changes: `make bench-capacity ROWS=300 YEARS=10`.
docs/scale.md has the result and says what is guessed.
"""

import os
from typing import NamedTuple

ASSUMPTIONS = {
    "READS": (10, "reads of an owner on a day"),
    "PAGES": (0.5, "share of them that are pages for browsers, the rest is JSON"),
    "ROWS": (1_000, "transactions that an owner creates in a year"),
    "CHANGED": (0.2, "changes of a transaction in its life"),
    "YEARS": (5, "years that are kept"),
    "CATEGORIES": (20, "categories of an owner"),
    "SIGN_INS": (0.1, "passwords that an owner types on a day"),
    "PEAK": (5, "requests in the busiest second, in those of an average one"),
    "BUSY": (0.5, "share of a processor that may be busy then"),
    "CORES": (16, "cores of a database machine"),
    "DISK": (2_000, "GB of data on a database machine"),
    "SHARDS": (32, "shards of Citus, and so its workers at most"),
    "POOLER": (10_000, "statements a second through one PgBouncer (a guess)"),
}


class Cost(NamedTuple):
    """What a request takes: processor milliseconds in the service and in PostgreSQL, and statements."""

    service: float
    database: float
    statements: float


# From `make bench-sizes`. A sign-in hashes the password; what it takes in PostgreSQL is a guess.
JSON = Cost(1.1, 0.5, 1)
PAGE = Cost(31, 3.4, 7)
CREATION = Cost(1.3, 0.65, 4)
CHANGE = Cost(7.5, 2, 9)
SIGN_IN = Cost(250, 2, 8)
CITUS = 0.8  # milliseconds that Citus adds to a statement (docs/scale.md). All of it counts as the coordinator's.
# Bytes in the tables and their indexes, from `make bench-sizes`.
ROW, REVISION, BEFORE, MONTH_TOTAL, CATEGORY, OWNER = 990, 230, 700, 210, 380, 5_500
WAL = 2_300  # bytes of PostgreSQL's log for a creation or a change
SESSION = 2.9  # MiB of PostgreSQL's memory for each session: docs/scale.md
THREADS = 8  # sessions of a worker process
SHARD = 124  # seconds of `manage.py shard` for a million transactions
DAY = 24 * 60 * 60
OWNERS = (10**5, 10**6, 10**7)


def main() -> None:
    given = {name: float(os.environ.get(name) or default) for name, (default, _text) in ASSUMPTIONS.items()}
    print("Assumptions")
    for name, (_default, text) in ASSUMPTIONS.items():
        print(f"  {name:10} {given[name]:10,g}  {text}")

    # Of one owner: requests in the busiest second, and bytes in the end.
    second = given["PEAK"] / DAY
    creations = given["ROWS"] / 365
    rates = {
        JSON: given["READS"] * (1 - given["PAGES"]) * second,
        PAGE: given["READS"] * given["PAGES"] * second,
        CREATION: creations * second,
        CHANGE: creations * given["CHANGED"] * second,
        SIGN_IN: given["SIGN_INS"] * second,
    }
    requests = sum(rates.values())
    cores = 1 / 1_000 / given["BUSY"]  # for each millisecond in a second
    service = sum(rate * cost.service for cost, rate in rates.items()) * cores
    database = sum(rate * cost.database for cost, rate in rates.items()) * cores
    statements = sum(rate * cost.statements for cost, rate in rates.items())
    citus = statements * CITUS * cores
    rows = given["ROWS"] * given["YEARS"]
    totals = min(given["CATEGORIES"] * 12 * given["YEARS"], rows)  # if each month has each category
    data = (
        OWNER
        + given["CATEGORIES"] * CATEGORY
        + totals * MONTH_TOTAL
        + rows * (ROW + REVISION + given["CHANGED"] * (BEFORE + REVISION))
    )
    log = creations * (1 + given["CHANGED"]) * WAL  # on a day

    print("\nAn owner")
    print(
        f"  {data / 1e6:.1f} MB of data after {given['YEARS']:g} years, {log / 1e3:.1f} kB of PostgreSQL's log on a day"
    )
    print(f"  {requests * 1e6:.0f} requests a second for a million owners, at the peak")

    limits = {
        "a worker process of Cashman (one core)": 1 / service,
        f"PostgreSQL's 100 connections, as {100 // THREADS} worker processes": 100 // THREADS / service,
        "a database machine, by its disk": given["DISK"] * 1e9 / data,
        "a database machine, by its cores": given["CORES"] / database,
        "a PgBouncer": given["POOLER"] / statements,
        f"the {given['SHARDS']:g} workers of Citus, by their disks": given["SHARDS"] * given["DISK"] * 1e9 / data,
        "a coordinator of Citus, by its cores": given["CORES"] / citus,
    }
    print("\nFull at so many owners")
    for what, owners in sorted(limits.items(), key=lambda item: item[1]):
        print(f"  {owners:12,.0f}  {what}")

    print("\nNeeded for so many owners" + "".join(f"{owners:15,}" for owners in OWNERS))
    needs = {
        "requests a second, peak": requests,
        "statements a second": statements,
        "cores for Cashman": service,
        "connections without a pooler": service * THREADS,
        "their memory, GB": service * THREADS * SESSION / 1024,
        "PgBouncers": statements / given["POOLER"],
        "cores of PostgreSQL": database,
        "data, TB": data / 1e12,
        "log on a day, GB": log / 1e9,
        "machines with the data": max(data / given["DISK"] / 1e9, database / given["CORES"]),
        "cores of a coordinator": citus,
        "hours of `shard`, if filled": rows / 1e6 * SHARD / 3600,
    }
    for what, each in needs.items():
        print(f"  {what:28}" + "".join(f"{each * owners:15,.1f}" for owners in OWNERS))


if __name__ == "__main__":
    main()
