"""What only a real server on a real wire can show."""

import os
import select
import signal
import socket
import subprocess
import uuid
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings

from cashman_project.api.tests.problems import MEMBERS
from cashman_project.wsgi import Request
from transactions.tests.live import PATIENCE, Answer, LiveServer, running, serve, unchecked
from users.models import User
from users.sessions import start_session

pytestmark = pytest.mark.live

LARGE = 6_000_000


@pytest.fixture(scope="module")
def token(live: LiveServer) -> str:
    """An access token of a new user."""
    user = {"username": uuid.uuid4().hex, "password": "correct horse battery"}
    assert live.request("POST", "/auth/register", user).status == 201
    access: str = live.request("POST", "/auth/token", user).json()["access"]
    return access


def connect(server: LiveServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def head_of(method: str, path: str, *headers: str) -> bytes:
    """Return the head of a request, which asks for the connection to end with the answer."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", "")).encode(
        "latin-1"
    )


def received(connection: socket.socket) -> tuple[int, str, bytes]:
    """Return the status, the head and the body of an answer that the server ended by closing; a reset raises."""
    with connection, connection.makefile("rb") as stream:
        head, _blank, body = stream.read().partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode("latin-1").lower(), body


def exchange(server: LiveServer, request: bytes) -> tuple[int, str, bytes]:
    connection = connect(server)
    connection.sendall(request)
    return received(connection)


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert list(answer.json()) == MEMBERS
    assert answer.json()["code"] == code


def test_a_body_without_its_length_is_refused(live: LiveServer, token: str) -> None:
    body = b'{"description": "x", "amount": 1}'
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)

    for method, path in (("POST", "/incomes"), ("PATCH", "/me"), ("POST", "/nope")):
        head = head_of(
            method,
            path,
            f"Authorization: Bearer {token}",
            "Content-Type: application/json",
            "Transfer-Encoding: chunked",
        )
        status, answer_head, answer = exchange(live, head + chunks)
        assert status == 411
        assert "content-type: application/problem+json" in answer_head
        assert b'"code":"length_required"' in answer
    assert live.request("GET", "/incomes", token=token).json()["results"] == []


def test_only_http_1_is_spoken(live: LiveServer) -> None:
    """Over HTTP/2 a body may come without its length, and be taken for none."""
    with connect(live) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

        assert connection.recv(1_000) == b""


def test_who_sends_a_large_body_gets_an_answer(live: LiveServer, token: str) -> None:
    head = head_of("POST", "/incomes", f"Authorization: Bearer {token}", f"Content-Length: {LARGE}")

    status, _head, body = exchange(live, head + LARGE * b"x")

    assert status == 413
    assert b'"code":"too_large"' in body


def test_who_reads_while_it_sends_a_large_body_gets_an_answer_too(live: LiveServer, token: str) -> None:
    connection = connect(live)
    connection.sendall(head_of("POST", "/incomes", f"Authorization: Bearer {token}", f"Content-Length: {LARGE}"))

    rest = LARGE
    while rest and not select.select([connection], [], [], 0)[0]:
        rest -= connection.send(min(rest, 100_000) * b"x")

    status, _head, body = received(connection)
    assert status == 413
    assert b'"code":"too_large"' in body


def test_a_connection_is_kept_whether_a_body_was_needed_or_not(live: LiveServer, token: str) -> None:
    """Who keeps it for the next request must not lose that."""
    for method, path, status in [("POST", "/incomes", 401), ("POST", "/nope", 404), ("GET", "/ping", 200)]:
        head = head_of(method, path, "Content-Length: 2")
        answered, _head, body = exchange(live, head.replace(b"Connection: close\r\n", b"") + b"{}" + head + b"{}")
        assert answered == status
        assert body.count(b"HTTP/1.1 %d " % status) == 1  # after the first answer, the second
    kept = live.request("POST", "/categories", {"name": "Food"}, token=token)
    assert (kept.status, kept.headers.get("connection")) == (201, None)


def test_an_answer_tells_its_length(live: LiveServer, token: str) -> None:
    """In chunks a client can't show how much is still to come, and one of HTTP/1.0 would miss a lost end."""
    paths = ("/incomes", "/nope", "/livez", "/admin/login/", "/admin/", "/auth/token", "/static/pages/pages.css")
    for path in paths:
        for accept in ("application/json", "text/html"):
            headers = (f"Authorization: Bearer {token}", f"Accept: {accept}")
            _status, head, body = exchange(live, head_of("GET", path, *headers))
            assert f"content-length: {len(body)}\r\n" in f"{head}\r\n"
            _status, head, _body = exchange(live, head_of("HEAD", path, *headers))
            assert "content-length: " in head
    _status, head, _body = exchange(live, head_of("OPTIONS", "/incomes", f"Authorization: Bearer {token}"))
    assert "content-length" not in head


def test_an_answer_to_head_has_no_body(live: LiveServer, token: str) -> None:
    for path, expected in (
        ("/incomes", 200),
        ("/nope", 404),
        ("/livez", 200),
        ("/incomes/5", 404),
        ("/auth/token", 405),
    ):
        status, _head, body = exchange(live, head_of("HEAD", path, f"Authorization: Bearer {token}"))
        assert (status, body) == (expected, b"")


@pytest.mark.parametrize(
    "name", ["Accept", "Accept-Language", "Authorization", "Cookie", "Origin", "Prefer", "User-Agent"]
)
@pytest.mark.parametrize("value", ["\xff\xfe", "é", "\x80", 5_000 * "x", "\t", '"\\000', "=;,", "%00"])
def test_no_bytes_of_a_header_crash_it(name: str, value: str, live: LiveServer) -> None:
    status, head, _body = exchange(live, head_of("GET", "/secured/ping", f"{name}: {value}"))

    assert status in ((401, 406) if name == "Accept" else (401,))
    assert "server: granian" in head


def test_connections_that_are_kept_open_hold_nobody_up(live: LiveServer) -> None:
    kept = [connect(live) for _connection in range(40)]
    for connection in kept:
        connection.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in connection.recv(10_000)

    assert live.request("GET", "/livez").status == 200

    for connection in kept:
        connection.close()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Type: application/json; charset*=foo''%20", 200),
        ("Accept: application/json; x*=foo''%20", 200),
        ("Accept: text/html; x*=foo''%20", 200),
        ("Content-Type: application/json; charset=rot13", 415),
        ("Content-Type: application/json; charset=utf-16", 415),
        ("Content-Type: application/json; charset=nonsense", 415),
        ("Content-Type: application/json; charset=UTF8", 200),
    ],
)
def test_no_parameter_of_a_media_type_crashes_it_or_is_taken_for_the_urls(
    header: str, status: int, live: LiveServer, token: str
) -> None:
    head = head_of("GET", "/incomes?search=%41", f"Authorization: Bearer {token}", header)

    assert exchange(live, head)[0] == status


def test_a_body_of_a_malformed_type_is_refused(live: LiveServer, token: str) -> None:
    malformed = "Content-Type: application/json; charset*=foo''%20"
    head = head_of("POST", "/incomes", f"Authorization: Bearer {token}", malformed, "Content-Length: 2")

    status, _head, body = exchange(live, head + b"{}")

    assert status == 415
    assert b'"code":"unsupported_media_type"' in body


def test_a_long_content_type_is_not_read() -> None:
    """Each parameter takes time: tens of thousands of semicolons took as much as fifty requests."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": BytesIO()}
    for length, expected in ((255, "application/json"), (256, "malformed")):
        request = Request(environ | {"CONTENT_TYPE": "application/json".ljust(length, ";")})
        assert request.content_type == expected


def test_a_path_that_is_no_utf8_is_read_at_once() -> None:
    """Django reads it fault by fault, and each takes an exception."""
    environ = {"REQUEST_METHOD": "GET", "wsgi.input": BytesIO()}

    assert Request(environ | {"PATH_INFO": "/caf\xc3\xa9/"}).path == "/caf\u00e9/"
    assert Request(environ | {"PATH_INFO": "/a\xed\xa0\x80\xff%/"}).path == "/a\ufffd\ufffd\ufffd\ufffd%/"


def test_a_taken_port_stops_the_start(live: LiveServer) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        live.manage("serve")

    assert f"Port {live.port} of 127.0.0.1 can't be used" in refusal.value.stderr


def test_a_probe_is_answered_whatever_the_host(live: LiveServer) -> None:
    for path in ("/livez", "/readyz", "/livez/"):
        assert live.request("GET", path, headers={"Host": "10.0.0.7"}).json() == {"status": "ok"}
    assert_problem(live.request("GET", "/ping", headers={"Host": "10.0.0.7"}), 400, "unknown_host")


def test_a_killed_worker_is_replaced_and_the_end_is_clean(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        [killed] = server.worker_pids
        os.kill(killed, signal.SIGKILL)
        server.wait_for("Respawning worker-1")
        successor = int(server.wait_for(r"Spawning worker-1 with PID: (\d+)")[1])
        server.wait_for_worker()

        assert successor != killed
        assert server.request("GET", "/readyz").json() == {"status": "ok"}
        assert server.stop() == 0
        with pytest.raises(ConnectionRefusedError):
            server.request("GET", "/livez")


def test_a_database_out_of_reach_is_told_as_such(alice: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed_port = taken.getsockname()[1]
    url = f"postgres://cashman@127.0.0.1:{closed_port}/cashman"
    token = str(start_session(alice).access_token)

    # As a worker is started that replaces another: who starts the service by its command is told at once.
    server = unchecked({"DATABASE_URL": url, "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY})
    with running(server):
        for method, path, data in (
            ("GET", "/readyz", None),
            ("GET", "/incomes", None),
            ("POST", "/incomes", {"description": "x", "amount": 1}),
            ("GET", "/secured/ping", None),
            ("POST", "/auth/token", {"username": "alice", "password": "x"}),
        ):
            answer = server.request(method, path, data, token=token)
            assert_problem(answer, 503, "unavailable")
            assert answer.headers["retry-after"] == "1"
        page = server.request("GET", "/incomes", token=token, headers={"Accept": "text/html"})
        assert (page.status, page.headers["retry-after"]) == (503, "1")
        session = server.request("GET", "/admin/", headers={"Cookie": "sessionid=abcdefghijklmnop"})
        assert (session.status, session.headers["content-type"]) == (503, "text/html; charset=utf-8")
        for path in ("/livez", "/ping", "/", "/schema"):
            assert server.request("GET", path, headers={"Accept": "*/*"}).status == 200
