"""Clients that send a byte a second, or never read, hold nobody else up, and leave nothing behind.

`python -m tests.faults.slow_clients` holds, for LENGTH (20) seconds each, 200 of both kinds before the nginx of
compose.yaml, 64 of both before a server alone, and 8 readers of a large export at 20 KB a second before either. It
works on an SQLite file of its own or, with DATABASE_URL, on a PostgreSQL database of its own beside that one. Meanwhile
somebody else asks for other things, one after another. The last line of each has the figures; the exit status is 1
where one is not as it must be.
"""

import http.client
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from cashman_project.db.connection_pool import CONNECTIONS
from tests.faults.common import (
    PERSON,
    PRODUCTION,
    Client,
    a_database,
    all_of,
    eventually,
    length,
    migrate,
    verdict,
    workers,
)
from transactions.tests.live import PATIENCE, LiveServer, running

LIMIT = 2.0  # seconds that anybody else may wait
SECONDS = length(20)
READERS, RATE = 8, 20_000  # bytes a second
EXPORTED = min(200_000, 10_000 * SECONDS)  # rows
AT_ONCE = 32  # exports that a process makes, holds or lets wait
TURNS = 5 * PATIENCE  # seconds, since they are made one after another
BUFFER = 4_096  # bytes that a client's socket takes before it reads them
CREATION = {"description": "coffee", "amount": 3}


def details_of(number: int) -> dict[str, str]:
    return PERSON | {"username": f"{PERSON['username']}{number}"}


def log_in(server: LiveServer, number: int) -> Client:
    """Return a client of a new person."""
    assert server.request("POST", "/auth/register", details_of(number)).status == 201
    return Client(server, server.request("POST", "/auth/token", details_of(number)).json()["access"])


@contextmanager
def nginx(server: LiveServer) -> Iterator[int]:
    """Run the proxy of compose.yaml before the server; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="cashman-nginx-") as directory:
        for name in ("nginx.conf", "server.conf"):
            text = (settings.BASE_DIR / "nginx" / name).read_text(encoding="utf-8")
            text = text.replace("web:5000", f"127.0.0.1:{server.port}").replace(
                "listen 8080", f"listen 127.0.0.1:{port}"
            )
            Path(directory, name).write_text(text.replace("/tmp/", f"{directory}/"), encoding="utf-8")
        command = [shutil.which("nginx") or "/usr/sbin/nginx", "-e", "stderr", "-c", f"{directory}/nginx.conf"]
        if os.geteuid() == 0:
            command += ["-g", "user root;"]  # whose directory it is
        process = subprocess.Popen(command)
        try:
            assert eventually(lambda: answers(port))
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE)


def answers(port: int) -> bool:
    try:
        return ask(port, "GET", "/livez", "") == 200
    except OSError:
        return False


def ask(port: int, method: str, path: str, token: str, body: str = "") -> int:
    """Send one request over a connection of its own; return the status of the answer, read to its end."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as client:
        client.request(method, path, body, headers_of(token) | ({"Content-Type": "application/json"} if body else {}))
        response = client.getresponse()
        response.read()
        return response.status


def headers_of(token: str) -> dict[str, str]:
    return {"Accept": "*/*", **({"Authorization": f"Bearer {token}"} if token else {})}


def begin(port: int, token: str, method: str, path: str, *headers: str, buffer: int = BUFFER) -> socket.socket:
    """Send the head of a request over a connection that takes in no more than `buffer` before it is read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(TURNS)
    client.connect(("127.0.0.1", port))
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}", *headers]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    return client


@contextmanager
def crowd(port: int, count: int, token: str, held: dict[str, int]) -> Iterator[None]:
    """Hold `count` clients that send a byte a second, and `count` that never read their export.

    `held` tells in the end how many of the first were still sending, and how many of the others had an answer to read.
    """
    over = threading.Event()
    with ExitStack() as stack:
        kind = ("Content-Type: application/json", "Content-Length: 5000")
        slow = [stack.enter_context(closing(begin(port, token, "POST", "/incomes", *kind))) for _n in range(count)]
        deaf = [stack.enter_context(closing(begin(port, token, "GET", "/expenses.ndjson"))) for _n in range(count)]

        def send() -> None:
            while not over.wait(1):
                for client in slow:
                    with suppress(OSError):  # it was answered by a 503
                        client.sendall(b" ")

        sending = threading.Thread(target=send)
        sending.start()
        try:
            yield
            held["senders"] = count - sum(map(has_answer, slow))
            held["exports"] = sum(map(has_answer, deaf))
        finally:
            over.set()
            sending.join()


def has_answer(client: socket.socket) -> bool:
    """Return whether an answer, or the end of the connection, is there to be read."""
    return bool(select.select([client], [], [], 0)[0])


@contextmanager
def slow_readers(port: int, token: str, held: dict[str, int]) -> Iterator[None]:
    """Hold READERS clients that read an export at RATE; `held` tells how many bytes each of them got."""
    over = threading.Event()

    def read(number: int) -> None:
        with closing(begin(port, token, "GET", "/incomes.ndjson", buffer=4 * RATE)) as client:
            began = time.monotonic()
            assert (status := client.recv(15).split()[1]) == b"200", status
            while not over.wait(0.05):
                if held[str(number)] < (time.monotonic() - began) * RATE:
                    held[str(number)] += len(client.recv(RATE // 10))

    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        yield
        eventually(lambda: all(held.values()), TURNS)
    finally:
        over.set()
        for reader in readers:
            reader.join()


def others(port: int, token: str) -> tuple[dict[str, float], dict[str, Counter[int]]]:
    """Ask for other things for SECONDS; return the slowest seconds and the statuses of each kind."""
    slowest: dict[str, float] = defaultdict(float)
    statuses: dict[str, Counter[int]] = defaultdict(Counter)
    end = time.monotonic() + SECONDS
    body = '{"description": "coffee", "amount": 3}'
    while time.monotonic() < end:
        for method, path in (("GET", "/livez"), ("GET", "/"), ("GET", "/incomes"), ("POST", "/incomes")):
            began = time.monotonic()
            status = ask(port, method, path, token, body if method == "POST" else "")
            kind = f"{method} {path}"
            slowest[kind] = round(max(slowest[kind], time.monotonic() - began), 3)
            statuses[kind][status] += 1
        time.sleep(0.05)
    return dict(slowest), dict(statuses)


def left_behind(server: LiveServer) -> dict[str, int]:
    """Return what the workers hold: threads, files without a name, and sockets but for those of the pool, which keeps
    a connection to the database once it needed one.
    """
    held: Counter[str] = Counter(threads=0, sockets=-sessions()["all"], files=0)
    for worker in workers(server):
        held["threads"] += len(list(Path(f"/proc/{worker}/task").iterdir()))
        for link in Path(f"/proc/{worker}/fd").iterdir():
            try:
                target = str(link.readlink())
            except FileNotFoundError:  # it has just been closed
                continue
            held["sockets"] += target.startswith("socket:")
            held["files"] += target.endswith("(deleted)")
    return dict(held)


def is_quiet(server: LiveServer, token: str) -> bool:
    """Return whether no export is made any more for whoever has asked and gone: AT_ONCE of them are answered."""
    exports = [lambda: ask(server.port, "GET", "/expenses.ndjson", token)] * AT_ONCE
    return set(all_of(*exports)) == {200}


def sessions() -> dict[str, int]:
    """Return how many sessions the workers have at the database, and how many of these work or hold a transaction."""
    if connection.vendor != "postgresql":
        return {"all": 0, "busy": 0}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE state IS DISTINCT FROM 'idle')"
            " FROM pg_stat_activity WHERE datname LIKE 'races_%'"
        )
        every, busy = cursor.fetchone()
        return {"all": int(every), "busy": int(busy)}


def scene(name: str, server: LiveServer, port: int, client: Client, slow: Any, held: dict[str, int]) -> int:
    """Judge what the others saw while the slow clients were there, and what those left behind."""
    is_proxied = port != server.port
    with slow:
        slowest, statuses = others(port, client.token)
    wanted = {"POST /incomes": {201} if is_proxied else {201, 503}}
    right = all(set(found) <= wanted.get(kind, {200}) for kind, found in statuses.items())
    return verdict(
        right and max(slowest.values()) <= LIMIT and all(held.values()),
        scene=name,
        database=connection.vendor,
        slowest_seconds=slowest,
        statuses=statuses,
        held=held,
    )


def main() -> int:
    with a_database() as environment, tempfile.TemporaryDirectory() as directory:
        database = {"DATABASE_URL": f"sqlite:///{Path(directory) / 'slow.sqlite3'}", **environment}
        # One proxy, from which on the address of the others is not that of the slow.
        server = LiveServer({**PRODUCTION, "WORKERS": "2", "ALLOW_SIGNUP": "on", "NUM_PROXIES": "1", **database})
        migrate(server)
        with running(server):
            other, slow = log_in(server, 1), log_in(server, 2)
            for _part in range(EXPORTED // 10_000):
                assert slow.send("POST", "/incomes", 10_000 * [CREATION]).status == 201
            for _part in range(2):  # some megabytes, which no buffers of sockets hold
                assert slow.send("POST", "/expenses", 2_000 * [CREATION | {"notes": 2_000 * "x"}]).status == 201
            all_of(*[lambda: ask(server.port, "GET", "/incomes", other.token) for _time in range(8)])
            before = left_behind(server)
            status = 0

            def hold(where: str, port: int, count: int) -> int:
                held: dict[str, int] = {}
                crowded = crowd(port, count, slow.token, held)
                failed = scene(f"{count} of each, {where}", server, port, other, crowded, held)
                assert eventually(lambda: is_quiet(server, other.token), TURNS)
                got = dict.fromkeys(map(str, range(READERS)), 0)
                readers = slow_readers(port, slow.token, got)
                name = f"{READERS} exports of {EXPORTED} rows, {where}"
                return failed | scene(name, server, port, other, readers, got)

            with nginx(server) as port:
                status |= hold("at nginx", port, 200)
            status |= hold("alone", server.port, 64)
            for person in (other, slow):
                person.connection.close()

            def is_clean() -> bool:
                held = left_behind(server)
                found = sessions()
                return (
                    found["busy"] == 0
                    and found["all"] <= len(workers(server)) * CONNECTIONS
                    and all(held[kind] <= before[kind] for kind in held)
                )

            clean = eventually(is_clean, 2 * PATIENCE)  # the threads end when they have had nothing to do for 30 s
            after = left_behind(server)
            return status | verdict(clean, before=before, after=after, sessions=sessions())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    sys.exit(main())
