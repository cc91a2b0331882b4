"""How the service starts: where it listens, and what is told if its surroundings lack something."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from transactions.tests.live import LiveServer, migrated, running
from transactions.tests.test_demo_in_production import PRODUCTION, manage

# Each comes to the database in its own way: one of ours, one of Django's, and those that start a server.
COMMANDS = [["serve"], ["run"], ["migrate"], ["changepassword", "alice"], ["sweep"]]


# -- Where it listens -------------------------------------------------------------------------


def can_connect(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.live
@pytest.mark.parametrize(
    ("environment", "hosts"),
    [
        ({}, {"127.0.0.1"}),
        (PRODUCTION, {"127.0.0.1"}),
        (PRODUCTION | {"HOST": "0.0.0.0"}, {"127.0.0.1", "127.0.0.2"}),  # noqa: S104  # for a moment
    ],
)
def test_it_listens_where_host_says(tmp_path: Path, environment: dict[str, str], hosts: set[str]) -> None:
    server = LiveServer({**environment, "DATABASE_URL": migrated(tmp_path)})
    with running(server):
        assert {host for host in ("127.0.0.1", "127.0.0.2") if can_connect(host, server.port)} == hosts


def test_the_image_listens_to_others() -> None:
    image = (settings.BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^    HOST=0\.0\.0\.0$", image, re.MULTILINE)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1", "Address already in use. Set PORT to another one."),
        ("192.0.2.1", "Cannot assign requested address. Set HOST to another one."),
    ],
)
def test_a_place_that_can_not_be_had_is_named(tmp_path: Path, host: str, reason: str) -> None:
    database = f"sqlite:///{tmp_path / 'live.sqlite3'}"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = manage(PRODUCTION | {"DATABASE_URL": database, "HOST": host, "PORT": port}, "serve")

    assert (done.returncode, done.stderr) == (1, f"CommandError: Port {port} of {host} can't be used: {reason}\n")


# -- What is lacking around it ----------------------------------------------------------------


@pytest.fixture(scope="module")
def closed() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_database_out_of_reach_is_told_in_one_line(command: list[str], closed: int) -> None:
    url = f"postgres://cashman:hunter2@127.0.0.1:{closed}/books"
    done = manage({"DEBUG": "on", "DATABASE_URL": url}, *command)

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Database postgres://cashman@127.0.0.1:{closed}/books can't be used: ")
    assert "Connection refused" in line
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["serve", "sweep"])
def test_a_file_that_can_not_be_opened_is_told_in_one_line(command: str) -> None:
    done = manage({"DEBUG": "on", "DATABASE_URL": "sqlite:////proc/books.sqlite3"}, command)

    assert done.returncode == 1
    assert done.stderr == "Database sqlite:////proc/books.sqlite3 can't be used: unable to open database file\n"


@pytest.mark.parametrize(
    "command", [["createsuperuser", "--no-input", "--username=x", "--email=x@x.example"], ["sweep"]]
)
def test_a_database_without_tables_says_what_to_run(tmp_path: Path, command: list[str]) -> None:
    database = tmp_path / "empty.sqlite3"
    done = manage({"DEBUG": "on", "DATABASE_URL": f"sqlite:///{database}"}, *command)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"Database sqlite:///{database} lacks tables: run python manage.py migrate (no such table: "
    )
    assert "Traceback" not in done.stderr


def test_a_file_that_can_not_be_written_is_told_in_one_line() -> None:
    done = manage({"DEBUG": "on"}, "spectacular", "--file=/proc/schema.yaml")

    assert (done.returncode, done.stderr) == (1, "/proc/schema.yaml: No such file or directory\n")


def test_a_traceback_is_there_for_who_asks_for_it() -> None:
    done = manage({"DEBUG": "on", "DATABASE_URL": "sqlite:////proc/books.sqlite3"}, "sweep", "--traceback")

    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")


def test_a_mistake_in_the_code_keeps_its_traceback(tmp_path: Path) -> None:
    code = "from django.db import connection; connection.cursor().execute('SELEKT')"
    done = manage({"DEBUG": "on", "DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}"}, "shell", "-c", code)

    assert done.returncode == 1
    assert "Traceback" in done.stderr


# -- make run ---------------------------------------------------------------------------------


@pytest.mark.live
def test_make_run_is_one_process(tmp_path: Path) -> None:
    """It migrates, makes the demo, and becomes the server, by the name that `make` started."""
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path / 'demo.sqlite3'}"}
    server = LiveServer(environment, [sys.executable, "manage.py", "run"])
    with running(server):
        children = subprocess.run(
            ["ps", "-o", "ppid=", "-p", ",".join(map(str, server.worker_pids))],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        assert {int(pid) for pid in children.stdout.split()} == {server.process.pid}
        assert server.request("GET", "/readyz").status == 200
        assert server.request("POST", "/auth/token", {"username": "demo", "password": "demo"}).status == 200
    recipe = (settings.BASE_DIR / "Makefile").read_text("utf-8").partition("\nrun:")[2].partition("\n\n")[0]
    assert recipe.count("manage.py") == 1
