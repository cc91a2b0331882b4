"""The frameworks, how each is served, and how requests are sent to it."""

import base64
import datetime
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import jwt
import psycopg2

from .cluster import PASSWORD, ROOT, free_port

WORKERS = 2
THREADS = min(8, 2 * (os.cpu_count() or 1))  # as many as Cashman has
ALL = frozenset({"W1", "W2", "W3", "W4", "W5", "W6", "W7"})
YEAR = 2025
PAGE_SIZE = 50
RENEWAL = 150  # seconds after which Cashman's tokens, which are valid for five minutes, are renewed


class Request(NamedTuple):
    method: str
    path: str
    body: str = ""
    accept: str = "application/json"


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    interface: str  # of the application: wsgi or asgi; "own" if the framework has its own server
    target: str
    urls: str = ""  # a Django peer's routes
    workloads: frozenset[str] = ALL
    bulk: str = "/transactions"

    def request_summary(self) -> Request:
        return Request("GET", f"/transactions/summary?year={YEAR}")

    def request_export(self) -> Request:
        return Request("GET", "/transactions/export")

    def command(self, port: int) -> list[str]:
        """Return what serves the peer on the port, with WORKERS processes."""
        address = ["--host", "127.0.0.1", "--port", str(port)]
        if self.interface == "own":
            program = ["-m", "django", "runbolt", "--processes", str(WORKERS), "--no-admin"]
        else:
            program = ["-m", "granian", "--interface", self.interface, "--http", "1", "--no-ws", "--loop", "uvloop"]
            program += ["--workers", str(WORKERS), "--log-level", "warning"]
            if self.interface == "wsgi":
                program += ["--blocking-threads", str(THREADS)]
            address.append(self.target)
        return [sys.executable, *program, *address]


class Cashman(Peer):
    def request_summary(self) -> Request:
        return Request("GET", f"/summary?group_by=month,category&date_after={YEAR}-01-01&date_before={YEAR}-12-31")

    def request_export(self) -> Request:
        return Request("GET", "/transactions", accept="application/x-ndjson")

    def command(self, port: int) -> list[str]:
        return [str(ROOT / ".venv/bin/python"), "manage.py", "serve"]


class Gunicorn(Peer):
    def command(self, port: int) -> list[str]:
        # At one socket for both, one process often takes all the connections, and the other has nothing to do.
        program = ["-m", "gunicorn", "--reuse-port", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
        return [sys.executable, *program, "--workers", str(WORKERS), "--threads", str(THREADS), self.target]


CASHMAN = Cashman("cashman", "Cashman", "wsgi", "cashman_project.wsgi:application")
DJANGO = "benchmarks.peers.wsgi:application"
PEERS = [
    Gunicorn("drf", "naive DRF", "wsgi", DJANGO, "benchmarks.peers.drf"),
    Peer("drf_granian", "DRF on granian", "wsgi", DJANGO, "benchmarks.peers.drf_atomic"),
    Peer("ninja", "django-ninja", "wsgi", DJANGO, "benchmarks.peers.ninja_api", bulk="/transactions/bulk"),
    Peer("bolt", "django-bolt", "own", "", "benchmarks.peers.bolt", workloads=ALL - {"W6"}),
    Peer("fastapi", "FastAPI", "asgi", "benchmarks.peers.fastapi_app:app", bulk="/transactions/bulk"),
    Peer("flask", "Flask", "wsgi", "benchmarks.peers.flask_app:app", bulk="/transactions/bulk"),
    Peer("memory", "in memory", "wsgi", "benchmarks.peers.memory:app", workloads=frozenset({"W1", "W3"})),
    Peer(
        "bare", "bare WSGI", "wsgi", "benchmarks.peers.bare:application", workloads=frozenset({"W1", "W2", "W3", "W6"})
    ),
]


def environment_for(peer: Peer, environment: dict[str, str], seed: str) -> dict[str, str]:
    """Return the environment of the framework's process; `seed` is the owner whose rows the one in memory starts
    with."""
    if isinstance(peer, Cashman):
        return environment
    settings = {"DJANGO_SETTINGS_MODULE": "benchmarks.peers.settings", "PEER_URLS": peer.urls, "SEED": seed}
    return environment | settings


class Server:
    """A running framework. `ask` raises AssertionError if the response is not a success."""

    def __init__(self, peer: Peer, environment: dict[str, str], subjects: dict[str, str]) -> None:
        self.peer, self.subjects, self.key = peer, subjects, environment["PEERS_KEY"]
        self.port = free_port()
        seed = subjects["user0001"]
        settings = environment_for(peer, environment, seed) | {"PORT": str(self.port), "WORKERS": str(WORKERS)}
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process; shown where the peer doesn't start
        self.process = subprocess.Popen(
            peer.command(self.port), cwd=ROOT, env=settings, stdout=self.log, stderr=self.log
        )
        self.tokens: dict[str, tuple[float, str]] = {}

    def wait(self) -> None:
        """Wait until the framework answers; raises SystemExit if it doesn't within a minute."""
        for _ in range(600):
            try:
                http.client.HTTPConnection("127.0.0.1", self.port).request("GET", "/ping")
            except ConnectionRefusedError:
                time.sleep(0.1)
                if self.process.poll() is not None:
                    break
            else:
                return
        self.log.seek(0)
        raise SystemExit(f"{self.peer.title} does not start: {self.log.read()[-2000:].decode(errors='replace')}")

    def token_of(self, user: str) -> str:
        """Return a token of the user: Cashman's by a login, the others' signed with their key."""
        made, token = self.tokens.get(user, (-RENEWAL, ""))
        if time.monotonic() - made > RENEWAL:
            if isinstance(self.peer, Cashman):
                body = json.dumps({"username": user, "password": PASSWORD})
                token = json.loads(self.ask("", Request("POST", "/auth/token", body)))["access"]
            else:
                token = signed(self.subjects[user], self.key)
            self.tokens[user] = (time.monotonic(), token)
        return token

    def open(self, user: str, request: Request) -> http.client.HTTPResponse:
        """Return the response to the user's request (without a user if `user` is empty), before its body is read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Accept": request.accept, "Content-Type": "application/json"}
        if user:
            headers["Authorization"] = f"Bearer {self.token_of(user)}"
        connection.request(request.method, request.path, request.body or None, headers)
        return connection.getresponse()

    def ask(self, user: str, request: Request) -> bytes:
        with self.open(user, request) as response:
            content = response.read()
        assert response.status < 300, f"{self.peer.title}: {response.status} to {request[:2]}: {content[:500]!r}"
        return content

    def json(self, user: str, request: Request) -> Any:
        return json.loads(self.ask(user, request))

    def processes(self) -> list[int]:
        """Return the ids of the peer's processes."""
        found, open_ = [], [self.process.pid]
        while open_:
            found.append(pid := open_.pop())
            with open(f"/proc/{pid}/task/{pid}/children") as children:
                open_ += map(int, children.read().split())
        return found


def signed(subject: str, key: str) -> str:
    """Return a token for the subject that every framework accepts, valid for a day."""
    expiry = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    claims = {"sub": subject, "exp": expiry, "jti": base64.b16encode(os.urandom(16)).decode(), "token_type": "access"}
    return jwt.encode(claims, key, "HS256")


@contextmanager
def serving(environment: dict[str, str], peers: list[Peer]) -> Iterator[dict[str, Server]]:
    """Yield a running server of each peer, by its name."""
    servers = [Server(peer, environment, subjects_of(environment["DATABASE_URL"])) for peer in peers]
    try:
        for server in servers:
            server.wait()
        yield {server.peer.name: server for server in servers}
    finally:
        for server in servers:
            server.process.send_signal(signal.SIGTERM)
        for server in servers:
            try:
                server.process.wait(10)
            except subprocess.TimeoutExpired:
                server.process.kill()


@cache
def subjects_of(url: str) -> dict[str, str]:
    """Return the token subject of each user, by name."""
    return dict(sql(url, "SELECT username, subject FROM users_user"))


def sql(url: str, statement: str, *parameters: str) -> list[Any]:
    """Run a statement in the database, commit, and return its rows, tuples, if it has any."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[Any] = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows
