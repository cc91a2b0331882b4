"""How large a request may be: refused by what it says of itself, before anybody reads it."""

import json
from typing import Any

import pytest
from django.core.handlers import wsgi
from django.test import Client
from rest_framework.test import APIClient

from cashman_project.api.limits import CREDENTIALS, EXPORT, FILE, ROW, ROWS
from cashman_project.api.tests.problems import problem_of, stored
from cashman_project.api.tests.routes import routes
from cashman_project.api.tests.test_live import connect, head_of, received
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory
from transactions.tests.live import LiveServer
from users.models import User

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# Which routes take more than one row, or less.
LIMITS = {
    **dict.fromkeys(("/auth/register", "/auth/token", "/auth/token/refresh", "/auth/logout"), CREDENTIALS),
    **dict.fromkeys(("/auth/password", "/me", "/me/erase", "/tokens", "/tokens/1"), CREDENTIALS),
    **dict.fromkeys(("/api-auth/login/", "/api-auth/language/", "/admin/login/"), CREDENTIALS),
    "/me/import": EXPORT,
}
ARRAYS = {
    ("POST", "/incomes"),
    ("POST", "/expenses"),
    ("POST", "/transactions"),
    ("PATCH", "/transactions"),
    *(("POST", f"/{name}/bulk") for name in ("incomes", "expenses", "transactions")),
    ("POST", "/transactions/delete"),
}


class Unreadable:
    """A body that nobody may read before it is refused; what is thrown away may be read, in pieces."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def read(self, size: int = -1) -> bytes:
        self.asked.append(size)
        return b""

    readline = read


def send(client: Any, method: str, path: str, length: int, content_type: str = JSON) -> tuple[Any, list[int]]:
    """Send a request that says how long its body is; return the response and what was read of it."""
    body = Unreadable()
    extra: Any = {"CONTENT_LENGTH": str(length), "wsgi.input": body}
    return client.generic(method, path, content_type=content_type, **extra), body.asked


@pytest.mark.parametrize("content_type", [JSON, FORM, "multipart/form-data; boundary=x"])
def test_every_route_has_its_limit(content_type: str, nobody: APIClient, db: None) -> None:
    found = 0
    for path in set(routes()) - {"/livez", "/readyz"}:  # which read none
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            many = content_type == JSON and (method, path.removesuffix(".json")) in ARRAYS
            limit = ROWS if many else FILE if (method, path) == ("POST", "/imports") else LIMITS.get(path, ROW)
            response, read = send(nobody, method, path, limit + 1, content_type)
            assert response.status_code == 413, (method, path)
            assert set(read) <= {65_536, limit + 1}, (method, path)  # thrown away, never all at once
            fits, _read = send(nobody, method, path, limit, content_type)
            assert fits.status_code != 413, (method, path)
            found += 1
    assert found > 150


def test_who_sends_many_rows_is_asked_for_before_they_are_read(nobody: APIClient, as_outsider: APIClient) -> None:
    for method, path in ARRAYS:
        response, read = send(nobody, method, path, 4_900_000)
        problem_of(response, 401, "authorization_header_missing")
        assert read == [], (method, path)
        _response, read = send(as_outsider, method, path, 4_900_000)
        assert read, (method, path)


def test_one_row_is_small_where_many_are_taken(as_alice: APIClient) -> None:
    before = stored()
    row = {"description": "x", "amount": 1, "notes": ROW * "x"}

    problem_of(as_alice.post("/incomes", row), 413, "too_large")
    problem_of(as_alice.post("/incomes", {"description": "x", "amount": 1, "rows": [row]}), 413, "too_large")
    problem_of(as_alice.post("/incomes", [row]), 400, "invalid", ("0.notes", "max_length"))
    assert stored() == before
    body = ROW * " " + json.dumps([{"description": "x", "amount": 1}])
    assert as_alice.generic("POST", "/incomes", body, content_type=JSON).status_code == 201


def test_the_largest_row_fits(as_alice: APIClient, alice: User) -> None:
    """Every field as long as it may be, in characters that take the most bytes, in JSON and by a form."""
    CategoryFactory.create(owner=alice, name=100 * "\U0001f600")
    row = {
        "description": 200 * "\U0001f600",
        "amount": "99999999999.99",
        "currency": "USD",
        "date": "2026-11-30",
        "category": 100 * "\U0001f600",
        "notes": 2_000 * "\U0001f600",
        "external_id": 255 * "\U0001f600",
    }
    browser = Client()
    browser.force_login(alice)

    assert as_alice.generic("POST", "/incomes", json.dumps(row), content_type=JSON).status_code == 201
    row["external_id"] = 254 * "\U0001f600"
    assert browser.post("/incomes", row, headers={"Accept": "text/html"}).status_code == 303
    assert Transaction.objects.for_owner(alice).count() == 2


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"X-Any": 32_000 * "x"}, 200, ""),
        ({"X-Any": 33_000 * "x"}, 431, "headers_too_large"),
        ({f"X-{number}": 1_000 * "x" for number in range(40)}, 431, "headers_too_large"),
        ({33_000 * "x": ""}, 431, "headers_too_large"),
        ({"Accept": 33_000 * ","}, 431, "headers_too_large"),
        ({"Cookie": f"a={8_000 * 'x'}"}, 200, ""),
        ({"Cookie": f"a={9_000 * 'x'}"}, 431, "headers_too_large"),
        ({"Cookie": 9_000 * '"'}, 431, "headers_too_large"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_headers_have_a_limit(headers: dict[str, str], status: int, code: str, nobody: APIClient) -> None:
    response = nobody.get("/ping", headers=headers)

    assert response.status_code == status
    if code:
        problem_of(response, status, code)


def test_cookies_that_are_refused_are_not_parsed(nobody: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(text: str) -> dict[str, str]:
        parsed.append(text)
        return {}

    monkeypatch.setattr(wsgi, "parse_cookie", parse)

    nobody.get("/incomes", headers={"Cookie": 9_000 * "a"})
    assert parsed == []
    nobody.get("/incomes", headers={"Cookie": "a=1"})
    assert parsed


@pytest.mark.live
@pytest.mark.parametrize(
    ("method", "path", "length", "status"),
    [
        ("POST", "/auth/token", 20_000, 413),
        ("POST", "/auth/token", 4_900_000, 413),
        ("POST", "/auth/register", 20_000_000, 413),
        ("POST", "/categories", 1_000_000, 413),
        ("POST", "/api-auth/login/", 1_000_000, 413),
        ("POST", "/admin/login/", 1_000_000, 413),
    ],
)
def test_who_is_still_sending_reads_why(method: str, path: str, length: int, status: int, live: LiveServer) -> None:
    connection = connect(live)
    connection.sendall(head_of(method, path, f"Content-Length: {length}", f"Content-Type: {FORM}"))
    for _piece in range(length // 10_000):
        connection.sendall(10_000 * b"x")

    answered, _head, body = received(connection)

    assert answered == status
    if "admin" not in path:
        assert b'"code":"too_large"' in body
