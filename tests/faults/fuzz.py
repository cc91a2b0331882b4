"""schemathesis tries every operation of the OpenAPI document, with all checks and phases.

`python -m tests.faults.fuzz` runs against a server on an SQLite file of its own or, with DATABASE_URL, on a PostgreSQL
database of its own beside that one, round after round, each with another seed, until LENGTH (20,000) cases are through.
fuzz_hooks.py says what is excused, and why. The last line has the figures; the exit status is 1 where there
was a finding.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from django.db import connection

from tests.faults.common import PERSON, a_database, length, migrate, verdict
from transactions.tests.live import LiveServer, running

HERE = Path(__file__).parent
EXCLUDED = "--exclude-checks=positive_data_acceptance,negative_data_rejection"  # fuzz_hooks.py has its own
LEAST_CASES = 4_000  # of a round
EXAMPLES = 100  # of an operation in a round, beside what is always tried; a short run has fewer
CASES = re.compile(r"(\d[\d,]*) generated")


def round_of(server: LiveServer, seed: int, refresh: str) -> tuple[int, bool]:
    """Run schemathesis once; return how many cases it tried, and whether it found nothing."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
    options = [f"{server.url}/schema", "--checks=all", EXCLUDED, f"--seed={seed}", "--workers=1", "--no-color"]
    options.append(f"--max-examples={min(EXAMPLES, length(20_000) // EXAMPLES + 1)}")
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.faults.fuzz_hooks",
        "FUZZ_URL": server.url,
        "FUZZ_REFRESH": refresh,
    }
    done = subprocess.run([*command, *options], env=environment, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, flush=True)
    found = CASES.search(done.stdout)
    return int(found[1].replace(",", "")) if found else 0, done.returncode == 0


def main() -> int:
    began = time.monotonic()
    cases = rounds = findings = 0
    with a_database() as environment, tempfile.TemporaryDirectory() as directory:
        database = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'fuzz.sqlite3'}", **environment}
        server = LiveServer({"WORKERS": "2", "ALLOW_SIGNUP": "on", **database})
        migrate(server)
        with running(server):
            # One for each round, before the first uses up the registrations that an address may make: the passwords
            # that schemathesis guesses lock their login.
            people = [PERSON | {"username": f"fuzz{number}"} for number in range(length(20_000) // LEAST_CASES + 1)]
            registered = [server.request("POST", "/auth/register", person).status for person in people]
            assert set(registered) == {201}
            while cases < length(20_000):
                refresh = server.request("POST", "/auth/token", people[rounds]).json()["refresh"]
                rounds += 1
                tried, passed = round_of(server, rounds, refresh)
                assert tried, "schemathesis did not run"
                cases += tried
                findings += not passed
    figures = {"database": connection.vendor, "cases": cases, "rounds": rounds, "rounds_with_findings": findings}
    return verdict(not findings, **figures, seconds=round(time.monotonic() - began))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
