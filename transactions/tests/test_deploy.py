"""docs/deploy.md says what is so: what it runs in a container runs here, less the container."""

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

from cashman_project.environment import database
from transactions.tests.live import PATIENCE, LiveServer, migrated, running, unchecked
from transactions.tests.test_docs import BLOCK, EXAMPLE, ROOT

pytestmark = pytest.mark.live

PAGE = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
PAST_POOLER = os.environ.get("PAST_POOLER")  # from tests/pooled.py
DATABASE: dict[str, Any] = database(PAST_POOLER) if PAST_POOLER else settings.DATABASES["default"]
ON_SQLITE = connection.vendor == "sqlite"
IN_CONTAINER = re.compile(r"docker (?:compose exec (?:-T )?(?:web|db)|exec (?:--interactive )?cashman) ")
OF_CONTAINER = re.compile(r"docker (?:compose )?(stop|restart|up)\b")
PASSWORD = "correct horse battery"


def blocks(heading: str) -> list[list[str]]:
    """Return the commands of each block of examples below a heading of the page."""
    section = re.search(rf"^#+ {heading}\n(.*?)^#", PAGE, re.DOTALL | re.MULTILINE)
    assert section, heading
    return [[example[1].rstrip("\n") for example in EXAMPLE.finditer(block[1])] for block in BLOCK.finditer(section[1])]


class Machine:
    """Where Cashman is deployed: a directory whose data/ is a container's /data, a database, and a server."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.stack = stack
        (directory / "data").mkdir(parents=True)
        self.database = f"drill_{uuid4().hex}"
        self.environment = {**os.environ, "PATH": f"{_tools()}:{os.environ['PATH']}", "ALLOW_SIGNUP": "on"}
        if ON_SQLITE:
            self.environment["DATABASE_URL"] = migrated(directory / "data", "cashman.sqlite3")
        else:
            url = urlsplit(self.environment["DATABASE_URL"])
            self.environment["DATABASE_URL"] = url._replace(path=f"/{self.database}").geturl()
            variables = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
            self.environment |= {name: str(DATABASE[key]) for name, key in variables.items() if DATABASE[key]}

    def run(self, command: str) -> None:
        """Do what a command of the page does; raises CalledProcessError."""
        if match := OF_CONTAINER.match(command):
            if match[1] in ("stop", "restart"):
                self.server.stop()
            if match[1] in ("up", "restart"):
                self.start()
            return
        subprocess.run(["bash", "-c", self.local(command)], cwd=self.directory, env=self.environment, check=True)  # noqa: S607

    def local(self, command: str) -> str:
        """Return the command as it is without a container around it, for the database that this machine has."""
        assert IN_CONTAINER.match(command), command
        command = IN_CONTAINER.sub("", command).replace("/data/", "data/").replace(" --username=cashman", "")
        return re.sub(r"(?<=[ =])cashman(?= |$)", self.database, command)

    def migrate(self) -> None:
        LiveServer(self.environment).manage("migrate", "--verbosity=0")

    def start(self) -> None:
        self.server = unchecked(self.environment)
        self.stack.enter_context(running(self.server))

    def count(self) -> int:
        """Return how many transactions alice has."""
        results = self.get("/summary")["results"]
        return int(results[0]["count"]) if results else 0

    def entries(self) -> list[dict[str, Any]]:
        """Return alice's transactions, the oldest first."""
        found: list[dict[str, Any]] = []
        path = "/transactions?ordering=created_at&page_size=500"
        while path:
            page = self.get(path)
            found += page["results"]
            path = (page["next"] or "").removeprefix(self.server.url)
        return found

    def get(self, path: str) -> Any:
        answer = self.server.request("GET", path, token=self.token())
        assert answer.status == 200, answer.body
        return answer.json()

    def token(self) -> str:
        answer = self.server.request("POST", "/auth/token", {"username": "alice", "password": PASSWORD})
        assert answer.status == 200, answer.body
        return str(answer.json()["access"])


def _tools() -> str:
    """Return the directories of this Python, and of the newest of PostgreSQL's tools as Debian has them."""
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return ":".join(str(path) for path in [Path(sys.executable).parent, *tools[-1:]])


@contextmanager
def deployed(directory: Path) -> Iterator[Machine]:
    """Set up a new machine in its own directory until the block ends."""
    with ExitStack() as stack:
        machine = Machine(directory, stack)
        if not ON_SQLITE:
            stack.callback(machine.run, "docker compose exec db dropdb --force --if-exists cashman")
            machine.run("docker compose exec db createdb cashman")
            machine.migrate()
        machine.start()
        yield machine


def test_a_backup_made_while_writing_holds_one_moment_and_restores_elsewhere(tmp_path: Path) -> None:
    backup, restore = blocks("SQLite" if ON_SQLITE else "PostgreSQL")
    with deployed(tmp_path / "here") as here, deployed(tmp_path / "there") as there:
        copy = "backup.sqlite3" if ON_SQLITE else "cashman.dump"

        def restored() -> list[dict[str, Any]]:
            (here.directory / copy).replace(there.directory / copy)
            for command in restore:
                there.run(command)
            return there.entries()

        assert here.server.request("POST", "/auth/register", {"username": "alice", "password": PASSWORD}).status == 201
        with writer(here) as written:
            before = after = 0
            while before == after:  # until a row came in while the backup was made
                before = here.count()
                for command in backup:
                    here.run(command)
                after = here.count()
            last = next(written)
            while last <= after:
                last = next(written)
        entries = here.entries()

        held = restored()

        assert before <= len(held) <= after < last <= len(entries)
        assert held == entries[: len(held)]
        assert [entry["description"] for entry in held] == [f"Row {n}" for n in range(1, len(held) + 1)]

        for command in backup:
            here.run(command)
        assert restored() == entries
        rest = ("dumpdata", "--exclude=users.session")  # `restored` has signed in
        assert there.server.manage(*rest) == here.server.manage(*rest)


@contextmanager
def writer(machine: Machine) -> Iterator[Iterator[int]]:
    """Write to the machine in a process of its own until the block ends; yields the acknowledged rows' numbers."""
    command = [sys.executable, "-m", "transactions.tests.writer", str(machine.server.port), machine.token()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            numbers = map(int, process.stdout)
            next(numbers)
            yield numbers
        finally:
            process.terminate()


def test_the_first_user_a_forgotten_password_and_a_locked_door(tmp_path: Path) -> None:
    [create], [change], [unlock] = blocks("Users")
    credentials = {"username": "alice", "password": PASSWORD}
    with deployed(tmp_path) as machine:
        answer(machine, create, ["Username", "alice"], ["Email", ""], ["Password", "mislaid 1"], ["again", "mislaid 1"])
        statuses = [machine.server.request("POST", "/auth/token", credentials).status for _time in range(6)]
        assert statuses == [401, 401, 401, 401, 401, 429]

        answer(machine, change.replace("NAME", "alice"), ["Password", PASSWORD], ["again", PASSWORD])
        assert machine.server.request("POST", "/auth/token", credentials).status == 429
        answer(machine, unlock.replace("NAME", "alice"))
        assert machine.get("/me")["username"] == "alice"
        assert '"is_superuser": true' in machine.server.manage("dumpdata", "users.user")


def answer(machine: Machine, command: str, *dialogue: list[str]) -> None:
    """Run a command of the page at a terminal; wait for each prompt and type its reply."""
    terminal, inside = pty.openpty()
    shell = ["bash", "-c", machine.local(command)]
    with (
        open(terminal, "r+b", buffering=0) as screen,
        subprocess.Popen(
            shell, cwd=ROOT, env=machine.environment, stdin=inside, stdout=inside, stderr=inside, start_new_session=True
        ) as process,
    ):
        os.close(inside)
        for prompt, reply in dialogue:
            seen = ""
            while not re.search(rf"{prompt}.*: $", seen):
                assert select.select([screen], [], [], PATIENCE)[0], seen
                seen += screen.read(1024).decode()
            screen.write(f"{reply}\n".encode())
        assert process.wait() == 0
