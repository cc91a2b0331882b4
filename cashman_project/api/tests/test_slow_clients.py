"""Clients that send slowly, stop halfway or never read hold nobody else up, also without a proxy that buffers."""

import json
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from transactions.tests.live import PATIENCE, LiveServer, serve

from ..slow_clients import READERS, SENDERS, SMALL

pytestmark = pytest.mark.live

NEW = {"description": "coffee", "amount": 3}
ROWS, NOTES = 1_400, 2_000 * "x"  # of an export that no buffers of sockets hold


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of one process, with an SQLite file of its own."""
    with serve(tmp_path_factory.mktemp("slow"), ALLOW_SIGNUP="on") as server:
        yield server


def sign_up(server: LiveServer) -> str:
    """Return an access token of a new user."""
    user = {"username": uuid.uuid4().hex, "password": "correct horse battery"}
    assert server.request("POST", "/auth/register", user).status == 201
    access: str = server.request("POST", "/auth/token", user).json()["access"]
    return access


@pytest.fixture(scope="module")
def alice(server: LiveServer) -> str:
    return sign_up(server)


@pytest.fixture(scope="module")
def outsider(server: LiveServer) -> str:
    return sign_up(server)


@pytest.fixture(scope="module")
def rich(server: LiveServer) -> str:
    """Whose export is large."""
    token = sign_up(server)
    rows = ROWS * [NEW | {"notes": NOTES}]
    for _time in range(2):
        assert server.request("POST", "/incomes", rows, token=token).status == 201
    return token


def head_of(method: str, path: str, token: str, *headers: str) -> bytes:
    lines = (f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", *headers)
    return "\r\n".join((*lines, "", "")).encode()


def connect(server: LiveServer, buffer: int = 0) -> socket.socket:
    """Return a connection that takes in as few bytes as `buffer` says before somebody reads them."""
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", server.port))
    return connection


def status_of(connection: socket.socket) -> int:
    """Return the status of the answer that begins next."""
    return int(connection.recv(15).split()[1])


@contextmanager
def slow_bodies(server: LiveServer, token: str, count: int) -> Iterator[list[socket.socket]]:
    """Hold that many requests whose body has begun to come."""
    with ExitStack() as stack:
        connections = []
        for _number in range(count):
            connection = stack.enter_context(closing(connect(server)))
            length = f"Content-Length: {len(json.dumps(NEW))}"
            connection.sendall(head_of("POST", "/incomes", token, "Content-Type: application/json", length) + b"{")
            connections.append(connection)
        yield connections


@contextmanager
def unread_exports(server: LiveServer, token: str, count: int) -> Iterator[Counter[int]]:
    """Hold that many exports of which only the status is read."""
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(connect(server, 4_096))) for _number in range(count)]
        for connection in connections:
            connection.sendall(head_of("GET", "/incomes.ndjson", token))
        yield Counter(status_of(connection) for connection in connections)


def temporary_files(server: LiveServer) -> int:
    """Return how many files without a name the worker has open."""
    [worker] = server.worker_pids
    count = 0
    for link in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(FileNotFoundError):  # it has just been closed
            count += str(link.readlink()).endswith("(deleted)")
    return count


def export(server: LiveServer, token: str) -> int:
    """Return the status of a whole export."""
    return server.request("GET", "/incomes.ndjson", token=token, headers={"Accept": "*/*"}).status


def eventually(answer: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not (done := answer()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return done


# -- Bodies that end early --------------------------------------------------------------------

JSON = json.dumps(NEW).encode()
FORM = b"description=coffee&amount=3"
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="description"\r\n\r\ncoffee\r\n'
    b'--x\r\nContent-Disposition: form-data; name="amount"\r\n\r\n3\r\n--x--\r\n'
)
BODIES = {
    "JSON": ("application/json", JSON),
    "a form": ("application/x-www-form-urlencoded", FORM),
    "a form with files": ("multipart/form-data; boundary=x", MULTIPART),
    "a large body": ("application/json", json.dumps(NEW | {"notes": "x"}).encode() + 2 * SMALL * b" "),
    "no type": ("", JSON),
}


@pytest.mark.parametrize("media_type", BODIES)
@pytest.mark.parametrize(("method", "path"), [("POST", "/incomes"), ("PATCH", "/me"), ("POST", "/api-auth/login/")])
def test_a_body_that_is_cut_off_is_refused_and_changes_nothing(
    method: str, path: str, media_type: str, server: LiveServer, alice: str, outsider: str
) -> None:
    """What came of it may be valid by itself."""
    content_type, body = BODIES[media_type]
    headers = (f"Content-Type: {content_type}", f"Content-Length: {len(body) + 500}", "Accept: application/json")
    with closing(connect(server)) as connection:
        connection.sendall(head_of(method, path, alice, *headers) + body)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            head, _blank, answer = stream.read().partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    problem = json.loads(answer)
    assert problem["code"] == "incomplete_body"
    assert f"{len(body)} of the {len(body) + 500} bytes" in problem["detail"]
    for token in (alice, outsider):
        assert server.request("GET", "/incomes", token=token).json()["results"] == []


def test_a_large_body_that_comes_whole_is_taken(server: LiveServer) -> None:
    token = sign_up(server)

    answer = server.request("POST", "/incomes", 1_500 * [NEW | {"notes": NOTES}], token=token)

    assert answer.status == 201
    assert [row["notes"] for row in answer.json()] == 1_500 * [NOTES]


# -- Clients that wait ------------------------------------------------------------------------


def test_slow_bodies_leave_threads_for_everybody_else(server: LiveServer, alice: str, outsider: str) -> None:
    token = sign_up(server)
    with slow_bodies(server, token, SENDERS) as slow:
        for path in ("/livez", "/readyz", "/incomes", "/"):
            assert server.request("GET", path, token=alice).status == 200
        refused = server.request("POST", "/incomes", NEW, token=alice)
        assert (refused.status, refused.json()["code"]) == (503, "unavailable")
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["connection"] == "close"

        slow.pop().close()  # one place is enough
        assert eventually(lambda: server.request("POST", "/expenses", NEW, token=alice).status == 201)
        for connection in slow:  # and whoever is slow gets an answer in the end
            connection.sendall(json.dumps(NEW).encode()[1:])
            assert status_of(connection) == 201
    assert len(server.request("GET", "/incomes?page_size=500", token=token).json()["results"]) == SENDERS - 1
    for other in (alice, outsider):
        assert server.request("GET", "/incomes", token=other).json()["results"] == []


def test_unread_exports_leave_threads_and_the_database_to_everybody_else(
    server: LiveServer, alice: str, rich: str
) -> None:
    with unread_exports(server, rich, READERS + 2) as statuses:
        assert statuses == {200: READERS, 503: 2}
        assert temporary_files(server) == READERS
        for path in ("/livez", "/readyz", "/incomes", "/static/pages/pages.css"):
            assert server.request("GET", path, token=alice).status == 200
        for _time in range(20):  # no cursor is open, which would hold up the writes of others
            assert server.request("POST", "/incomes", NEW, token=alice).status == 201

    assert eventually(lambda: not temporary_files(server))
    assert export(server, alice) == 200  # their places are free again
    with unread_exports(server, rich, READERS) as statuses:
        assert statuses == {200: READERS}


def test_exports_whose_clients_have_gone_leave_nothing_behind(server: LiveServer, rich: str) -> None:
    """Some wait for their turn when it happens, some are being made, and some are being sent."""
    for _number in range(READERS):
        with closing(connect(server, 4_096)) as connection:
            connection.sendall(head_of("GET", "/incomes.ndjson", rich))

    def are_free() -> bool:
        with unread_exports(server, rich, READERS) as statuses:
            return statuses == {200: READERS}

    assert eventually(are_free)


def test_the_write_ahead_log_is_bounded_while_an_export_is_not_read(server: LiveServer, alice: str) -> None:
    """A reader that stays keeps SQLite from using the log's file from its start again."""
    token = sign_up(server)
    for _part in range(5):  # in parts as small as an export's, they are more than all buffers hold
        assert server.request("POST", "/incomes", 10_000 * [NEW], token=token).status == 201
    log = Path(server.environment["DATABASE_URL"].removeprefix("sqlite:///") + "-wal")
    sizes = []
    with unread_exports(server, token, 1):
        for _round in range(12):
            assert server.request("POST", "/expenses", 500 * [NEW | {"notes": NOTES}], token=alice).status == 201
            sizes.append(log.stat().st_size)

    assert sizes[-1] <= 1.5 * sizes[5], sizes


def test_a_slow_reader_gets_all_of_an_export(server: LiveServer, rich: str) -> None:
    with closing(connect(server, 4_096)) as connection, connection.makefile("rb") as stream:
        connection.sendall(head_of("GET", "/incomes.ndjson", rich, "Connection: close"))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += stream.readline()
        assert server.request("POST", "/incomes", NEW, token=rich).status == 201  # after the export was made
        rows: list[Any] = [json.loads(line) for line in stream.read().splitlines()]

    assert b"content-length: " in head.lower()
    assert len(rows) == 2 * ROWS
