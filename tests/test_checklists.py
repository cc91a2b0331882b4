"""The checklists of CONTRIBUTING.md are complete: following them works, and a step that was left out is told.

This is tried in copies of the project, on SQLite, with the edits of `checklist_edits.py`. One copy has all steps, one
lacks those that a system check tells by the last column, and one lacks those that a test tells.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

from tests.checklist_edits import LABELS, PAYEE, PAYEE_FILTER, WEEKDAY, Edits

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
APPS = ["cashman_project", "ledgers", "moving", "reports", "statements", "transactions", "users"]
COPIED = [*APPS, "conftest.py", "manage.py", "pytest.ini"]
EDITS = {
    "Add a field": PAYEE,
    "Add a filter": PAYEE_FILTER,
    "Add a resource": LABELS,
    "Add a grouping to the summary": WEEKDAY,
}
WORDS = dict(zip(EDITS, ["payee", "payee", "label", "weekday"], strict=True))
MIGRATIONS = "transactions/migrations/"
MIGRATED = "transactions/tests/test_architecture.py::test_no_migration_is_missing"
SHORT = "transactions/tests/test_architecture.py::test_files_stay_short"
PATHS = "transactions/urls.py"
REQUESTS = "tests/checklist_requests.py"


class Step(NamedTuple):
    """A row of a checklist: the files to edit, and what tells that they were not."""

    number: int
    files: list[str]
    checks: list[str]
    tests: list[str]

    def is_about(self, path: str) -> bool:
        return any(path == name or (name.endswith("/") and path.startswith(name)) for name in self.files)


def steps(heading: str) -> list[Step]:
    """Return the steps of the checklist."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+)\. .*? \| ([^|]+) \| ([^|]*)\|$", section, re.MULTILINE)
    named = re.compile("`([^`]+)`")
    return [
        Step(int(number), named.findall(files), re.findall(r"\w+\.E\d{3}", told), named.findall(told))
        for number, files, told in rows
    ]


CHECKLISTS = {heading: steps(heading) for heading in EDITS}
STEPS = [(heading, step) for heading, listed in CHECKLISTS.items() for step in listed]
TESTS = sorted({test for _heading, step in STEPS for test in step.tests if "::" in test})


def edit(tree: Path, edits: Edits) -> None:
    """Make the edits of the tree."""
    for name, pairs in edits.items():
        path = tree / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for place, new in pairs:
            assert not text or text.count(place) == 1, f"{name} has not once {place!r}: see checklist_edits.py"
            text = text.replace(place, new + place) if text else new
        path.write_text(text, encoding="utf-8")


def copy(tree: Path, done: Callable[[Step], bool]) -> Path:
    """Return a copy of the project in which the steps were done for which that is true."""
    skipped = shutil.ignore_patterns("*.sqlite3*", "e2e")  # compiled modules stay: they are much of the time
    for name in COPIED:
        source = ROOT / name
        shutil.copytree(source, tree / name, ignore=skipped) if source.is_dir() else shutil.copy(source, tree / name)
    (tree / "docs").mkdir()
    for name in ("docs/api.md", "docs/moving.md"):
        shutil.copy(ROOT / name, tree / name)
    shutil.copy(ROOT / REQUESTS, tree / "transactions/tests/test_checklist_requests.py")
    for heading, edits in EDITS.items():
        made = [step for step in CHECKLISTS[heading] if done(step)]
        edit(tree, {name: pairs for name, pairs in edits.items() if any(step.is_about(name) for step in made)})
    return tree


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the tree."""
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TZ")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=environment | {"DEBUG": "on"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def failures(tree: Path, tests: list[str]) -> dict[str, str]:
    """Run the tests in the tree; return what each that failed says."""
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist", "--junitxml=found.xml"]
    done = run(tree, "-m", "pytest", *options, *tests)
    assert (tree / "found.xml").exists(), done.stdout + done.stderr
    found: dict[str, str] = {}
    cases = list(ElementTree.parse(tree / "found.xml").getroot().iter("testcase"))  # noqa: S314  # our own
    assert len(cases) >= len([test for test in tests if "::" in test]), done.stdout
    for case in cases:
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        for part in (*case.iter("failure"), *case.iter("error")):
            found[name] = found.get(name, "") + str(part.get("message")) + str(part.text)
    return found


@pytest.mark.parametrize("heading", EDITS)
def test_a_checklist_has_a_step_for_each_file_and_no_other(heading: str) -> None:
    listed = CHECKLISTS[heading]
    assert [step.number for step in listed] == list(range(1, len(listed) + 1))
    edited = {*EDITS[heading], *([MIGRATIONS] if EDITS[heading] in (PAYEE, LABELS) else [])}
    assert [name for name in sorted(edited) if not any(step.is_about(name) for step in listed)] == []
    for step in listed:
        assert all((ROOT / name).exists() for name in step.files)
        assert step.checks or step.tests or step.number <= 3, f"nothing tells that step {step.number} was left out"


def test_a_field_costs_eight_files_and_forty_lines() -> None:
    code = [name for name in PAYEE if name.endswith(".py")]
    lines = sum(new.count("\n") or 1 for name in code for _place, new in PAYEE[name])
    assert len({*PAYEE, MIGRATIONS}) <= 8
    assert lines + 20 <= 40  # the migration has 19


def test_following_the_checklists_works(tmp_path: Path) -> None:
    tree = copy(tmp_path, lambda step: True)
    made = run(tree, "manage.py", "makemigrations", "transactions", "-n", "new")
    assert made.returncode == 0, made.stderr
    checked = run(tree, "manage.py", "check", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr

    assert failures(tree, [*TESTS, SHORT, "transactions/tests/test_checklist_requests.py"]) == {}


def test_a_step_that_a_check_tells_is_told_at_the_start(tmp_path: Path) -> None:
    tree = copy(tmp_path, lambda step: not step.checks)
    lines = run(tree, "manage.py", "check").stderr.splitlines()

    for heading, step in STEPS:
        for check in step.checks:
            assert [line for line in lines if f"({check})" in line and WORDS[heading] in line.lower()], (heading, step)


@pytest.mark.parametrize("is_path", [False, True], ids=["all but the path", "the path"])
def test_a_step_that_a_test_tells_makes_it_fail(is_path: bool, tmp_path: Path) -> None:
    """A path is left out alone: a resource without one is missing nowhere else."""

    def is_left_out(step: Step) -> bool:
        return bool(step.tests) and step.is_about(PATHS) == is_path

    tree = copy(tmp_path, lambda step: not is_left_out(step))
    told = [(test, WORDS[heading]) for heading, step in STEPS for test in step.tests if is_left_out(step)]
    named = {test for test, _word in told if "::" in test}
    # But for the test of the migrations, they have tables that are made of the models.
    found = failures(tree, ["--no-migrations", *sorted(named - {MIGRATED})]) | (
        failures(tree, [MIGRATED]) if MIGRATED in named else {}
    )

    assert named
    for test, word in told:
        assert test not in named or word in found.get(test, "").lower(), test
