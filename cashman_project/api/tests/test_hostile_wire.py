"""Requests that no well-meaning client sends, byte by byte, each with what it must be answered."""

import re
import uuid
from typing import Any

import pytest

from cashman_project.api.tests.test_live import exchange
from transactions.tests.live import LiveServer

pytestmark = pytest.mark.live

SERVERS_OWN = ""  # the code of what the server itself refuses, which is no problem of ours

# A request line, and the status and code of its answer.
LINES = [
    (b"GET /incomes%00 HTTP/1.1", 404, "not_found"),
    (b"GET /incomes%ff HTTP/1.1", 404, "not_found"),
    (b"GET /incomes%c0%ae HTTP/1.1", 404, "not_found"),
    (b"GET /incomes%ed%a0%80 HTTP/1.1", 404, "not_found"),
    (b"GET /incomes%20 HTTP/1.1", 404, "not_found"),
    (b"GET /incomes%0d%0aX:%201 HTTP/1.1", 404, "not_found"),
    (b"GET /incomes%3fsearch=x HTTP/1.1", 404, "not_found"),
    (b"GET /incomes%u0041 HTTP/1.1", 404, "not_found"),
    (b"GET /incomes% HTTP/1.1", 404, "not_found"),
    (b"GET //incomes HTTP/1.1", 404, "not_found"),
    (b"GET /incomes// HTTP/1.1", 404, "not_found"),
    (b"GET /./incomes HTTP/1.1", 404, "not_found"),
    (b"GET /../incomes HTTP/1.1", 404, "not_found"),
    (b"GET /incomes/../me HTTP/1.1", 404, "not_found"),
    (b"GET /incomes/%2e%2e/me HTTP/1.1", 404, "not_found"),
    (b"GET /static/../manage.py HTTP/1.1", 404, "not_found"),
    (b"GET /static/%2e%2e/%2e%2e/manage.py HTTP/1.1", 404, "not_found"),
    (b"GET /static/..%5cmanage.py HTTP/1.1", 404, "not_found"),
    (b"GET /incomes;x=1 HTTP/1.1", 404, "not_found"),
    (b"GET /incomes.xml HTTP/1.1", 404, "not_found"),
    (b"GET /incomes.html HTTP/1.1", 404, "not_found"),
    (b"GET /Incomes HTTP/1.1", 404, "not_found"),
    (b"GET /.env HTTP/1.1", 404, "not_found"),
    (b"GET /cashman.sqlite3 HTTP/1.1", 404, "not_found"),
    (b"GET /" + 8_000 * b"a" + b" HTTP/1.1", 404, "not_found"),
    (b"GET * HTTP/1.1", 404, "not_found"),
    (b"OPTIONS * HTTP/1.1", 404, "not_found"),
    (b"TRACE /incomes HTTP/1.1", 405, "method_not_allowed"),
    (b"CONNECT localhost:80 HTTP/1.1", 405, "method_not_allowed"),
    (b"BREW /incomes HTTP/1.1", 405, "method_not_allowed"),
    (b"LINK /me HTTP/1.1", 405, "method_not_allowed"),
    (b"PUT /incomes HTTP/1.1", 405, "method_not_allowed"),
    (b"DELETE /incomes HTTP/1.1", 405, "method_not_allowed"),
    (b"DELETE /me HTTP/1.1", 405, "method_not_allowed"),
    (b"PATCH /ping HTTP/1.1", 405, "method_not_allowed"),
    (b"POST /summary HTTP/1.1", 405, "method_not_allowed"),
    (b"GET /transactions/delete HTTP/1.1", 405, "method_not_allowed"),
    (b"GET /auth/token HTTP/1.1", 405, "method_not_allowed"),
    (b"GET /incomes?search=%00 HTTP/1.1", 400, "invalid"),
    (b"GET /incomes?search=%ff HTTP/1.1", 400, "parse_error"),
    (b"GET /incomes?search=%c0%80 HTTP/1.1", 400, "parse_error"),
    (b"GET /incomes?search=%ed%a0%80 HTTP/1.1", 400, "parse_error"),
    (b"GET /incomes?search=caf%e9 HTTP/1.1", 400, "parse_error"),
    (b"GET /incomes?category=caf%e9 HTTP/1.1", 400, "parse_error"),
    (b"GET /incomes?%ff=1 HTTP/1.1", 400, "parse_error"),
    (b"GET /incomes?%00=1 HTTP/1.1", 400, "unknown_parameter"),
    (b"GET /incomes?=1 HTTP/1.1", 400, "unknown_parameter"),
    (b"GET /incomes?search=a&amp;page_size=1 HTTP/1.1", 400, "unknown_parameter"),
    (b"GET /incomes?search[]=a HTTP/1.1", 400, "unknown_parameter"),
    (b"GET /incomes?page_size=1&page_size=2 HTTP/1.1", 400, "invalid"),
    (b"GET /incomes?cursor=" + 9_000 * b"A" + b" HTTP/1.1", 400, "invalid"),
    (b"GET /incomes?cursor=%5bfalse,%22x%22%5d HTTP/1.1", 400, "invalid"),
    (b"GET /incomes?cursor=..%2f..%2fetc HTTP/1.1", 400, "invalid"),
    (b"GET /incomes HTTP/0.9", 400, SERVERS_OWN),
    (b"GET /incomes HTTP/3.0", 400, SERVERS_OWN),
    (b"GET /incomes", 400, SERVERS_OWN),
    (b"GET /in comes HTTP/1.1", 400, SERVERS_OWN),
    (b"G\0T /incomes HTTP/1.1", 400, SERVERS_OWN),
    (b"GET /" + 70_000 * b"a" + b" HTTP/1.1", 414, SERVERS_OWN),
]
# Headers beside a good token, for a POST with the body {}; without any, that lacks its fields.
HEADS = [
    (b"", 400, "invalid"),
    (b"Host: elsewhere.example", 400, "unknown_host"),
    (b"Host:", 400, "unknown_host"),
    (b"Host: localhost\r\nHost: localhost", 400, "unknown_host"),
    (b"Host: localhost, elsewhere.example", 400, "unknown_host"),
    (b"Host: localhost/incomes", 400, "unknown_host"),
    (b"Host: user@localhost", 400, "unknown_host"),
    (b"Host: [::1", 400, "unknown_host"),
    (b"Host: l\xc3\xb6calhost", 400, "unknown_host"),
    (b"Host: loc\0alhost", 400, SERVERS_OWN),
    (b"Content-Length: -1", 400, SERVERS_OWN),
    (b"Content-Length: +2", 400, SERVERS_OWN),
    (b"Content-Length: x", 400, SERVERS_OWN),
    (b"Content-Length: 2\r\nContent-Length: 3", 400, SERVERS_OWN),
    (b"Content-Length: 18446744073709551616", 400, SERVERS_OWN),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 2", 411, "length_required"),
    (b"Transfer-Encoding: chunked", 411, "length_required"),
    (b"Transfer-Encoding: gzip, chunked", 411, "length_required"),
    (b"Transfer-Encoding: gzip", 400, SERVERS_OWN),
    (b"Transfer-Encoding: identity", 400, SERVERS_OWN),
    (b"Transfer-Encoding: xchunked", 400, SERVERS_OWN),
    (b"X Y: 1", 400, SERVERS_OWN),
    (b": 1", 400, SERVERS_OWN),
    (b"X\0: 1", 400, SERVERS_OWN),
    (b" folded: 1", 400, SERVERS_OWN),
    (b"no colon", 400, SERVERS_OWN),
    (b"\r\n".join(200 * [b"X: 1"]), 431, SERVERS_OWN),
    (b"Authorization: Bearer x", 401, "invalid_header"),
    (b"Content-Encoding: gzip", 415, "unsupported_media_type"),
    (b"Content-Encoding: br", 415, "unsupported_media_type"),
    (b"Content-Encoding: Identity", 400, "invalid"),
    (b"Content-Encoding:", 400, "invalid"),
    (b"Content-Type: text/plain", 415, "unsupported_media_type"),
    (b"Content-Type: application/json; charset=utf-7", 415, "unsupported_media_type"),
    (b"Content-Type: \xff", 415, "unsupported_media_type"),
    (b"Accept: application/pdf", 406, "not_acceptable"),
    (b"Accept: \xff", 400, "invalid"),  # which the server hands on as an empty one
    (b"Accept:", 400, "invalid"),
    (b"Accept: a/b; c*=d''%20", 406, "not_acceptable"),
    (b"Cookie: sessionid=a\0b", 400, SERVERS_OWN),
    (b"Cookie: sessionid=%00", 400, "invalid"),
    (b"Idempotency-Key: \xff", 400, "invalid"),
    (b"Idempotency-Key: a b", 400, "invalid"),
    (b"Idempotency-Key:", 400, "invalid"),
    (b"Idempotency-Key: " + 256 * b"x", 400, "invalid"),
    (b"Idempotency-Key: a\r\nIdempotency-Key: \t", 400, "invalid"),
    (b"Expect: 200-maybe", 400, "invalid"),
    (b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings, close\r\nHTTP2-Settings: AAMAAABk", 400, "invalid"),
    (b"Upgrade: websocket\r\nConnection: Upgrade, close", 400, "invalid"),
    (b"X-HTTP-Method-Override: GET", 400, "invalid"),
    (b"Prefer: return=minimal, \xff", 400, "invalid"),
    (b"X-Request-ID: a\xffb", 400, "invalid"),
    (b"X: " + 32_000 * b"x", 400, "invalid"),
    (b"X: " + 70_000 * b"x", 431, "headers_too_large"),
    (b"\r\n".join(50 * [b"X: " + 1_000 * b"x"]), 431, "headers_too_large"),
    (b"Cookie: a=" + 8_000 * b"x", 400, "invalid"),
    (b"Cookie: a=" + 9_000 * b"x", 431, "headers_too_large"),
    (b"\r\n".join(10 * [b"Cookie: a=" + 1_000 * b"x"]), 431, "headers_too_large"),
]


@pytest.fixture(scope="module")
def token(live: LiveServer) -> bytes:
    """An access token of a new user."""
    user = {"username": uuid.uuid4().hex, "password": "correct horse battery"}
    assert live.request("POST", "/auth/register", user).status == 201
    return str(live.request("POST", "/auth/token", user).json()["access"]).encode()


def names(cases: list[Any]) -> list[str]:
    return [f"{case[:40]!r} of {len(case)}" for case, *_rest in cases]


def assert_answer(server: LiveServer, request: bytes, status: int, code: str) -> None:
    answered, head, body = exchange(server, request)
    found = re.search(rb'"code":"(\w+)"', body)
    assert (answered, found[1].decode() if found else SERVERS_OWN) == (status, code)
    assert not code or "content-type: application/problem+json" in head


@pytest.mark.parametrize(("line", "status", "code"), LINES, ids=names(LINES))
def test_a_request_line(line: bytes, status: int, code: str, live: LiveServer, token: bytes) -> None:
    head = [line, b"Host: localhost", b"Authorization: Bearer " + token, b"Connection: close", b"", b""]

    assert_answer(live, b"\r\n".join(head), status, code)


@pytest.mark.parametrize(("header", "status", "code"), HEADS, ids=names(HEADS))
def test_a_header(header: bytes, status: int, code: str, live: LiveServer, token: bytes) -> None:
    defaults = {
        b"host": b"Host: localhost",
        b"content-length": b"Content-Length: 2",
        b"content-type": b"Content-Type: application/json",
        b"connection": b"Connection: close",
        b"authorization": b"Authorization: Bearer " + token,
    }
    given = {line.partition(b":")[0].lower() for line in header.split(b"\r\n")}
    if b"transfer-encoding" in given:
        given.add(b"content-length")
    if b"authorization" in given:  # twice
        given.remove(b"authorization")
    rest = [line for name, line in defaults.items() if name not in given]

    request = b"\r\n".join([b"POST /incomes HTTP/1.1", *([header] if header else []), *rest, b"", b"{}"])

    assert_answer(live, request, status, code)
