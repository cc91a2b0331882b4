"""A real server in a process of its own, for the tests that need a wire: `serve` starts one."""

import http.client
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

PATIENCE = 60  # seconds of silence, after which a server is given up
unmarked: list[str] = []  # the test that runs, if it has no marker that says that it starts a server


@dataclass(frozen=True)
class Answer:
    """What came back: the headers' names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class LiveServer:
    """`command` on a free port of 127.0.0.1 (`url`), with `environment` in place of the tests' own."""

    def __init__(
        self, environment: Mapping[str, str], command: Sequence[str] = (sys.executable, "manage.py", "serve")
    ) -> None:
        self.command = command
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "DEBUG": "on", "WORKERS": "1", **environment, "PORT": str(self.port)}

    def manage(self, *arguments: str) -> str:
        """Run manage.py with the server's environment; return what it prints. Raises CalledProcessError."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def start(self) -> None:
        """Return once every worker has started and /readyz answers, whatever it says."""
        assert not unmarked, f"{unmarked} starts a server: mark it with pytest.mark.live"
        self._lines: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            self.command,
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()
        self.worker_pids = [
            int(self.wait_for(r"Spawning worker-\d+ with PID: (\d+)")[1])
            for _worker in range(int(self.environment["WORKERS"]))
        ]
        for _worker in self.worker_pids:
            self.wait_for_worker()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the server with that signal, and whatever is left of it by force; return its exit status."""
        self.process.send_signal(how)
        try:
            return self.process.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self._reader.join()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for the next matching line of the server's log; raises AssertionError if there is none."""
        seen: list[str] = []
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                line = ""
            if not line:
                raise AssertionError(f"No {pattern!r} in the log:\n{''.join(seen)}")
            if match := re.search(pattern, line):
                return match
            seen.append(line)

    def log(self) -> list[str]:
        """Return the lines of the server's log that are there and that nobody has waited for."""
        return [self._lines.get() for _line in range(self._lines.qsize())]

    def wait_for_worker(self) -> None:
        """Wait until one more worker has started and answers."""
        self.wait_for(r"Started worker-\d+")
        deadline = time.monotonic() + PATIENCE
        while True:  # it says so just before it listens
            try:
                self.request("GET", "/readyz")
            except ConnectionError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def request(
        self, method: str, path: str, data: Any = None, *, token: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request over a connection of its own, `data` as JSON or as the bytes it is; return the answer."""
        sent = {"Accept": "application/json", **(headers or {})}
        body = None
        if data is not None:
            body = data if isinstance(data, bytes) else json.dumps(data).encode()
            sent.setdefault("Content-Type", "application/json")
        if token:
            sent["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())
        finally:
            connection.close()

    def _read_log(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as log:
            for line in log:
                self._lines.put(line)
        self._lines.put("")


def unchecked(environment: Mapping[str, str]) -> LiveServer:
    """Return a server that starts its workers at once, without the checks of `manage.py serve`, which take as long."""
    from cashman_project.api.slow_clients import READERS, SENDERS  # needs settings, which some scripts come without
    from cashman_project.db.connection_pool import CONNECTIONS

    server = LiveServer(environment)
    numbers = (server.port, server.environment["WORKERS"], CONNECTIONS + SENDERS + READERS)
    server.command = [sys.executable, "-m", "cashman_project.server", "127.0.0.1", *map(str, numbers)]
    return server


@contextmanager
def running(server: LiveServer) -> Iterator[None]:
    """Run the server until the block ends, or until it is stopped in there."""
    try:
        server.start()
        yield
    finally:
        server.stop()


@cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as directory:
        file = Path(directory) / "live.sqlite3"
        LiveServer({"DATABASE_URL": f"sqlite:///{file}"}).manage("migrate", "--verbosity=0")
        return file.read_bytes()


def migrated(directory: Path, name: str = "live.sqlite3") -> str:
    """Put a new, migrated SQLite file into `directory`; return its DATABASE_URL. One is migrated, and then copied."""
    file = directory / name
    file.write_bytes(_migrated_file())
    return f"sqlite:///{file}"


@contextmanager
def serve(directory: Path, **environment: str) -> Iterator[LiveServer]:
    """Serve a new, migrated SQLite file in `directory`, or what `environment` says, until the block ends."""
    database = environment.get("DATABASE_URL") or migrated(directory)
    server = unchecked({**environment, "DATABASE_URL": database})
    with running(server):
        yield server
