"""What the hot requests cost, without a clock: the Python calls of each, and the memory of an export."""

import datetime
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections
from rest_framework.test import APIClient

from cashman_project.db.connection_pool import POOL
from cashman_project.wsgi import application
from transactions.models import Expense, Transaction
from transactions.tests.factories import CategoryFactory
from transactions.tests.server import need_one_server
from users.models import User
from users.sessions import start_session

REVIEWED = Path(__file__).with_name("call_counts.txt")
TOLERANCE = 1.05
WARM_UPS = 5  # requests that fill what is kept from one request to the next
NEW = {"description": "coffee", "amount": "3.50", "currency": "EUR", "date": "2026-11-21"}


@pytest.fixture
def expense(alice: User, bob: User) -> Transaction:
    """One of the rows of alice, who has sixty, as bob has."""
    for owner in (bob, alice):
        category = CategoryFactory.create(owner=owner, name="Food")
        rows = Expense.objects.bulk_create(
            Expense(
                owner=owner,
                description=f"purchase {number}",
                amount=Decimal(number) / 100,
                currency="EUR",
                date=datetime.date(2026, 1, 1) + datetime.timedelta(days=number),
                category=category,
            )
            for number in range(1, 61)
        )
    return rows[0]


def request(token: str, method: str, path: str, body: Any = None) -> Callable[[], bytes]:
    """Return a function that sends the request as a server would."""
    path, _mark, query = path.partition("?")
    content = json.dumps(body).encode() if body else b""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(content)),
        "CONTENT_TYPE": "application/json" if body else "",
        "wsgi.url_scheme": "http",
    }

    def send() -> bytes:
        statuses: list[str] = []
        start: Any = lambda status, headers, info=None: statuses.append(status)  # noqa: E731
        response: Any = application(environ | {"wsgi.input": BytesIO(content)}, start)
        answer = b"".join(response)
        response.close()
        assert statuses[0][:2] == "20", answer
        return answer

    return send


def calls_of(send: Callable[[], bytes]) -> int:
    """Return how many functions are called for a request, after some to warm up."""
    for _number in range(WARM_UPS):
        send()
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        send()
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def own_connections(transactional_db: None) -> Iterator[None]:
    """The application has connections of its own, which are closed in the end; the test's is put back."""
    ours = connections[DEFAULT_DB_ALIAS]
    yield
    POOL.lend()
    connection.close()
    POOL.take_back()
    connections[DEFAULT_DB_ALIAS] = ours


@pytest.mark.usefixtures("own_connections")
def test_a_hot_request_makes_no_more_calls_than_were_reviewed(expense: Expense, alice: User) -> None:
    need_one_server()
    token = str(start_session(alice).access_token)
    hot = {
        "page": request(token, "GET", "/transactions"),
        "filtered page": request(token, "GET", "/expenses?date_after=2026-01-02&category=Food"),
        "row": request(token, "GET", f"/expenses/{expense.pk}"),
        "creation": request(token, "POST", "/expenses", NEW),
        "categorized creation": request(token, "POST", "/expenses", NEW | {"category": "food"}),
        "summary": request(token, "GET", "/summary?group_by=month,category&date_after=2026-01-01"),
        "creation of 100": request(token, "POST", "/expenses", 100 * [NEW]),
    }
    found = {f"{connection.vendor} {name}": calls_of(send) for name, send in hot.items()}

    lines = (line.split(": ") for line in REVIEWED.read_text().splitlines())
    reviewed = {name: int(number) for name, number in lines}
    assert found.keys() <= reviewed.keys()
    over = {name: number for name, number in found.items() if number > TOLERANCE * reviewed[name]}
    assert not over, f"{REVIEWED.name} allows {TOLERANCE:.0%} of {reviewed}; found {found}"


def test_an_export_holds_a_part_of_its_rows_at_a_time(alice: User, bob: User, as_alice: APIClient) -> None:
    """The peak of five times the rows is less than two MiB above that of a fifth of them."""
    peaks = []
    for count in (2_000, 8_000):
        for owner, number in ((alice, count), (bob, 10)):
            Expense.objects.bulk_create(
                Expense(owner=owner, description="x" * 100, amount=1, currency="EUR", date=datetime.date(2026, 1, 1))
                for _number in range(number)
            )
        for suffix in ("csv", "ndjson", "xlsx"):
            tracemalloc.start()
            response: Any = as_alice.get(f"/expenses.{suffix}")
            length = sum(len(chunk) for chunk in response.streaming_content)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert length > (20 if suffix == "xlsx" else 200) * count

    small, large = max(peaks[:3]), max(peaks[3:])
    assert large - small < 2 * 2**20, peaks
