"""Break the code in small ways, one at a time, and list the breakages that the nearest tests do not notice.

Each mutant runs in a fork of one process that has imported everything and made the test database, and ends at the first
test that fails. Only what functions do, and the values of a module's constants, are changed. `mutants_excused.txt`
names the survivors that no test can or should notice, with the reason for each.

The tests run on SQLite, or on the database of DATABASE_URL. What only one of the two runs is judged there alone: a
reason that begins with "PostgreSQL alone" counts only on SQLite, and one that begins with "SQLite alone" only on
PostgreSQL. An excuse with * in place of a change holds for the whole function.
"""

import ast
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from mmap import mmap
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from tests.mutations import Mutant, install, mutants

LEAST = 90  # percent of the mutants that must be killed
EXCUSED = Path(__file__).with_name("mutants_excused.txt")
MONEY = ["transactions/tests/test_money.py", "transactions/tests/test_money_expressions.py"]
CREATION = ["transactions/tests/test_fast_create.py", "transactions/tests/test_bulk_create.py"]
LISTS = ["transactions/tests/test_pages.py", "transactions/tests/test_fastpath.py"]
SUMS = ["transactions/tests/test_totals.py", "reports/tests/test_api_summary.py"]
SUMMARY = ["reports/tests/test_periods.py", "reports/tests/test_summary_sums.py", "reports/tests/test_api_summary.py"]
FILTERS = ["cashman_project/api/tests/test_strict_parameters.py", "transactions/tests/test_api_transactions.py"]
STATEMENTS = [f"statements/tests/test_{name}.py" for name in ("samples", "formats", "readers")]
# The tests that are nearest to each module.
TESTS = {
    "cashman_project/money/amounts.py": MONEY,
    "cashman_project/money/currencies.py": ["transactions/tests/test_money.py"],
    "cashman_project/money/model_field.py": [*MONEY, "transactions/tests/test_models_transaction.py"],
    "cashman_project/money/serializer_field.py": [
        "transactions/tests/test_money.py",
        "cashman_project/api/tests/test_strict_fields.py",
    ],
    "cashman_project/money/form_field.py": ["transactions/tests/test_money_forms.py"],
    "cashman_project/money/sums.py": ["transactions/tests/test_money_expressions.py", *SUMS],
    "ledgers/writer.py": ["ledgers/tests", "transactions/tests/test_one_writer.py"],
    "ledgers/at_once.py": ["transactions/tests/test_at_once.py"],
    "ledgers/history.py": ["ledgers/tests"],
    "ledgers/turns.py": ["ledgers/tests/test_turns.py"],
    "ledgers/paging.py": ["ledgers/tests"],
    "ledgers/services/changes.py": ["ledgers/tests"],
    "ledgers/services/revisions.py": ["ledgers/tests"],
    "ledgers/services/states.py": ["ledgers/tests"],
    "ledgers/services/retention.py": ["ledgers/tests", "users/tests/test_housekeeping.py"],
    "ledgers/services/undo.py": ["ledgers/tests"],
    "ledgers/querysets.py": ["ledgers/tests", *CREATION, "transactions/tests/test_bulk_change.py"],
    "transactions/querysets.py": [
        *CREATION,
        *SUMS,
        "transactions/tests/test_bulk_change.py",
        "transactions/tests/test_models_category.py",
        "reports/tests/test_api_summary.py",
        "transactions/tests/test_api_expenses.py",
        "transactions/tests/test_api_categories.py",
        "transactions/tests/test_api_transactions.py",
    ],
    "transactions/totals.py": SUMS,
    "transactions/services/fast_create.py": [
        *CREATION,
        "transactions/tests/test_usual_notation.py",
        "transactions/tests/test_at_once.py",
    ],
    "transactions/groupings.py": SUMS,
    "transactions/calendar.py": SUMMARY,
    "reports/services/summary.py": SUMMARY,
    "reports/services/comparison.py": SUMMARY,
    "transactions/services/summary.py": SUMS,
    "transactions/services/categories.py": [
        "transactions/tests/test_api_categories.py",
        "transactions/tests/test_queries.py",
        "transactions/tests/test_races.py",
    ],
    "transactions/services/erasure.py": [
        "transactions/tests/test_erasure.py",
        "users/tests/test_api_erase.py",
        "transactions/tests/test_queries.py",
    ],
    "cashman_project/api/etags.py": ["cashman_project/api/tests/test_etags.py"],
    "cashman_project/api/idempotency.py": [
        "transactions/tests/test_idempotency.py",
        "transactions/tests/test_admin_sent_twice.py",
        "transactions/tests/test_races.py",
        "cashman_project/api/tests/test_pages_sent_twice.py",
        "users/tests/test_housekeeping.py",
    ],
    "cashman_project/api/pagination.py": [
        *LISTS,
        "cashman_project/api/tests/test_strict_parameters.py",
        "cashman_project/api/tests/test_schema.py",
    ],
    "cashman_project/api/filters.py": [*FILTERS, "cashman_project/api/tests/test_dates.py"],
    "transactions/filters.py": [
        *FILTERS,
        "transactions/tests/test_fastpath.py",
        "transactions/tests/test_search.py",
        "cashman_project/api/tests/test_pages_filters.py",
    ],
    "cashman_project/api/fastpath/responses.py": LISTS,
    "cashman_project/api/fastpath/row_json.py": [
        "cashman_project/api/tests/test_row_json.py",
        "cashman_project/api/tests/test_fastpath_checks.py",
        *LISTS,
    ],
    "cashman_project/api/fastpath/owner_query.py": [*LISTS, "transactions/tests/test_queries.py"],
    "cashman_project/api/fastpath/checks.py": ["cashman_project/api/tests/test_fastpath_checks.py"],
    "transactions/services/usual_notation.py": [*CREATION, "transactions/tests/test_usual_notation.py"],
    "statements/formats/amounts.py": ["statements/tests/test_amounts.py", *STATEMENTS],
    "statements/formats/days.py": ["statements/tests/test_days.py", *STATEMENTS],
    "statements/formats/camt.py": STATEMENTS,
    "statements/formats/mt940.py": STATEMENTS,
    "statements/formats/ofx.py": STATEMENTS,
    "statements/formats/qif.py": STATEMENTS,
}


@dataclass
class Result:
    """What became of a module's mutants."""

    path: str
    possible: int = 0
    killed: int = 0
    untouched: int = 0  # neither a function nor a constant differs
    excused: int = 0
    survivors: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def tried(self) -> int:
        return self.killed + len(self.survivors)

    def lines(self) -> list[str]:
        score = f"{self.killed} of {self.tried} killed ({percent(self.killed, self.tried)}), {self.excused} excused"
        lines = [f"{self.path}: {score}, {self.possible} possible"]
        lines += [f"  survived: {survivor}" for survivor in sorted(self.survivors)]
        return [*lines, f"  {self.error}"] if self.error else lines


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"


JUDGED_HERE = {"sqlite": "SQLite alone", "postgresql": "PostgreSQL alone"}


def excuses(path: str) -> dict[str, str]:
    """Return the excused mutants of a module, and the reasons."""
    found: dict[str, str] = {}
    for line in EXCUSED.read_text().splitlines():
        if line.startswith(f"{path}: "):
            mutant, reason = line.rsplit("  # ", 1)
            found[mutant.split(": ", 1)[1]] = reason
    return found


def excusing(mutant: Mutant) -> tuple[str, str]:
    """Return the two names by which the mutant may be excused: its own, and that of all in its function."""
    return mutant.name, f"{mutant.name.partition(': ')[0]}: *"


def is_excused(mutant: Mutant, excuses: Mapping[str, str]) -> bool:
    """Return whether the mutant is excused on the database of the tests."""
    reasons = [excuses[name] for name in excusing(mutant) if name in excuses]
    return any(not reason.startswith(JUDGED_HERE[connections["default"].vendor]) for reason in reasons)


class Mutants:
    """Runs a module's tests as they are, then again with each mutant of a sample."""

    def __init__(self, path: str, number: int) -> None:
        self.number = number
        self.result = Result(path, error="The tests were not run.")
        self.took: dict[str, float] = {}
        self.failed = mmap(-1, 2)  # the position of the test that a fork has failed

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        import hypothesis  # pytest warns of plugins that were imported before it

        items[:] = [item for item in items if not item.get_closest_marker("live")]
        database = settings.DATABASES["default"]
        name = database["TEST"]["NAME"] or f"test_{database['NAME']}"
        database["TEST"]["NAME"] = f"{name}_{self.result.path.replace('/', '_').removesuffix('.py')}"
        for item in items:
            # Any failure will do: nobody reads the smallest example.
            test: Any = getattr(item.obj, "__func__", item.obj)
            while found := getattr(test, "_hypothesis_internal_use_settings", None):
                phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
                test._hypothesis_internal_use_settings = hypothesis.settings(found, phases=phases)
                test = getattr(test, "__wrapped__", None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took[report.nodeid] = self.took.get(report.nodeid, 0) + report.duration

    def run(self, items: list[Any], session: pytest.Session) -> bool:
        """Run the tests until one fails; return whether all passed. The last one leaves the database as it is."""
        for position, item in enumerate(items):
            following = items[(position + 1) % len(items)]
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                self.failed[:] = position.to_bytes(2)
                return False
        return True

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        result, start = self.result, time.monotonic()
        if not self.run(session.items, session):
            result.error = "The tests fail without a mutant."
            return True
        limit = 10 + 4 * int(time.monotonic() - start)
        items = sorted(session.items, key=lambda item: self.took[item.nodeid])
        if self.outcome(lambda: True, items, session, limit):
            result.error = "The tests fail in a fork without a mutant."
            return True
        original = ast.parse(Path(result.path).read_text())
        module = import_module(result.path.removesuffix(".py").replace("/", "."))
        choice = list(mutants(original))
        excused = excuses(result.path)
        stale = excused.keys() - {name for mutant in choice for name in excusing(mutant)}
        result.error = f"excused, but not there: {sorted(stale)}" if stale else ""
        result.possible = len(choice)
        random.Random(12).shuffle(choice)  # the same sample at every run
        for mutant in choice:
            if result.tried == self.number:
                break
            if is_excused(mutant, excused):
                result.excused += 1
                continue
            outcome = self.outcome(partial(install, module, mutant.tree, original), items, session, limit)
            if outcome == 0:
                result.survivors.append(f"{result.path}:{mutant.line} {mutant.name}")
            elif outcome == 1:
                items.insert(0, items.pop(int.from_bytes(self.failed)))  # it may well fail for the next mutant, too
            result.killed += outcome not in (0, 3)
            result.untouched += outcome == 3
            # A test that was ended while it ran may have left rows behind, and these fail every test after it.
            if outcome < 0 and self.outcome(lambda: True, items, session, limit):
                result.error = f"The tests fail without a mutant, after {mutant.name}."
                break
        return True

    def outcome(self, change: Callable[[], bool], items: list[Any], session: pytest.Session, limit: int) -> int:
        """Run the tests in a fork after the change: 0 if all pass, 3 if nothing was changed, else another number."""
        if child := os.fork():
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        outcome = 1
        try:
            signal.alarm(limit)
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            connect_anew()
            if not change():
                outcome = 3
            elif self.run(items, session):
                outcome = 0
        finally:
            os._exit(outcome)


inherited: list[Any] = []  # never closed: that would end the parent's connection


def connect_anew() -> None:
    """Let the fork open a connection of its own to PostgreSQL, which can't be shared. A file can."""
    for connection in connections.all():
        if connection.vendor == "postgresql":
            inherited.append(connection.connection)
            connection.connection = None


def try_module(path: str, number: int) -> Result:
    """Run the module's tests with that many of its mutants. Each module has a process of its own."""
    plugin = Mutants(path, number)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--capture=sys", *TESTS[path]], plugins=[plugin])
    return plugin.result


def main() -> int:
    only, number = os.environ.get("ONLY", ""), int(os.environ.get("LENGTH", "24"))
    paths = [path for path in TESTS if path.startswith(only)]
    killed = tried = errors = 0
    with get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        for result in pool.imap(partial(try_module, number=number), paths, chunksize=1):
            sys.stdout.write("\n".join([*result.lines(), ""]))
            sys.stdout.flush()
            killed, tried = killed + result.killed, tried + result.tried
            errors += bool(result.error)
    sys.stdout.write(f"{killed} of {tried} killed ({percent(killed, tried)}); {LEAST} % must be\n")
    return int(bool(errors) or 100 * killed < LEAST * tried)


if __name__ == "__main__":
    sys.exit(main())
