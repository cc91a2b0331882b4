"""Logs: one line for each request, found by its id, and nothing in them of what people keep here."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from rest_framework.request import Request
from rest_framework.test import APIClient

from cashman_project.api.logs import JSONFormatter, TextFormatter
from cashman_project.api.tests.test_production import production, run
from cashman_project.api.views import PingView
from transactions.models import Income
from transactions.tests.live import LiveServer, migrated, running, unchecked
from users.models import User

REQUEST_LINE = ["time", "level", "logger", "request_id", "method", "path", "status", "duration_ms", "user"]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Any:
    """Return a function that gives the lines logged since the last call, as production writes them."""

    def lines() -> list[dict[str, Any]]:
        records = [json.loads(JSONFormatter().format(record)) for record in caplog.records]
        caplog.clear()
        return records

    caplog.set_level(logging.INFO)
    return lines


def test_a_request_is_one_line(as_alice: APIClient, alice: User, logged: Any) -> None:
    body = {"description": "plum velvet settee", "amount": 8317.25, "notes": "nobody's business"}
    created = as_alice.post("/incomes", body)
    as_alice.get("/incomes?search=velvet")

    text = json.dumps(lines := logged())
    assert [list(line) for line in lines] == 2 * [REQUEST_LINE]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/incomes", 201),
        ("GET", "/incomes", 200),
    ]
    assert {line["user"] for line in lines} == {str(alice.pk)}
    assert lines[0]["request_id"] == created["X-Request-ID"] != lines[1]["request_id"]
    for secret in ("velvet", "8317", "nobody", "Bearer", "alice"):
        assert secret not in text


def test_who_is_not_known_is_not_asked_for(nobody: APIClient, logged: Any) -> None:
    """A line never costs a query: the session of a request that needed none stays unread."""
    nobody.cookies["sessionid"] = "abcdefghijklmnop"
    nobody.get("/ping")
    nobody.get("/incomes")
    nobody.get("/nowhere")
    nobody.get("/livez")

    assert [(line["path"], line["status"], line["user"]) for line in logged()] == [
        ("/ping", 200, None),
        ("/incomes", 401, None),
        ("/nowhere", 404, None),
        ("/livez", 200, None),
    ]


@pytest.mark.parametrize("given", ["a", "7f0c-42/x:y", 128 * "~", "!"])
def test_a_requests_own_id_is_kept(given: str, nobody: APIClient, logged: Any) -> None:
    answer = nobody.get("/ping", headers={"X-Request-ID": given})

    assert answer["X-Request-ID"] == logged()[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", 129 * "x", "a b", "é", "a\x7f", "a\tb", "\x80", "ａ"])
def test_another_id_is_replaced(given: str, nobody: APIClient, logged: Any) -> None:
    answer = nobody.get("/nowhere", HTTP_X_REQUEST_ID=given)

    assert len(answer["X-Request-ID"]) == 32
    assert answer["X-Request-ID"] == logged()[0]["request_id"]


def test_a_crash_is_logged_without_the_row(
    as_alice: APIClient, alice: User, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database quotes the refused value in its error, and so may code that turns it into another error."""

    def get(view: PingView, request: Request) -> None:
        try:
            row = Income(owner=alice, description="plum velvet settee", amount=0, date="2026-11-01")
            Income.objects.bulk_create([row])
        except IntegrityError as error:
            raise RuntimeError(f"plum velvet settee: {error}") from error

    monkeypatch.setattr(PingView, "get", get)

    answer = as_alice.get("/ping")

    crash, line = logged()
    assert (answer.status_code, line["status"]) == (500, 500)
    assert crash["level"] == "ERROR"
    assert crash["request_id"] == line["request_id"] == answer["X-Request-ID"]
    assert crash["trace"][-1] == "RuntimeError"
    assert "IntegrityError" in crash["trace"]
    assert any(step.endswith("in get") and "test_logs.py" in step for step in crash["trace"])
    if connection.vendor == "postgresql":
        assert "CheckViolation 23514" in crash["trace"]
    assert "velvet" not in json.dumps([crash, line])


def test_what_the_database_suffers_from_is_told_once(
    nobody: APIClient, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(view: PingView, request: Request) -> None:
        raise OperationalError("database or disk is full\nDETAIL: velvet")

    monkeypatch.setattr(PingView, "get", get)

    answer = nobody.get("/ping")

    warning, line = logged()
    assert warning["message"] == "Database: database or disk is full"
    assert (warning["level"], warning["request_id"]) == ("WARNING", answer["X-Request-ID"])
    assert (line["status"], line["request_id"]) == (503, answer["X-Request-ID"])


def test_a_trace_shows_what_led_to_it_in_order() -> None:
    try:
        try:
            raise KeyError("velvet")
        except KeyError:
            raise ValueError("velvet") from None
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "Lost %s", ("it",), sys.exc_info())

    line = json.loads(JSONFormatter().format(record))

    assert line["message"] == "Lost it"
    assert line["trace"][-1] == "ValueError"
    assert len(line["trace"]) == 2


@pytest.mark.live
def test_a_served_request_is_one_line_of_json(tmp_path: Path) -> None:
    environment = production(tmp_path)
    run(environment, "manage.py", "makesecrets")
    server = unchecked(environment | {"HTTPS": "off", "DATABASE_URL": migrated(tmp_path)})

    with running(server):
        server.request("GET", "/nowhere?q=velvet", headers={"X-Request-ID": "from-the-proxy"})
        line = json.loads(server.wait_for(r"^\{.*from-the-proxy.*\}$")[0])

    assert list(line) == REQUEST_LINE
    assert (line["level"], line["path"], line["status"]) == ("INFO", "/nowhere", 404)


@pytest.mark.parametrize(
    "path",
    [
        "/x%0A[INFO]%20GET%20/incomes%20200",
        "/x%0D%0A[ERROR]%20x",
        "/x%1B[2J%1B]0;x%07",
        "/x%00%7F%C2%85%C2%9B31m",
        "/x%E2%80%A8[INFO]",
        "/x%E2%80%AE[INFO]",
    ],
)
def test_a_line_of_text_cannot_be_forged(path: str, nobody: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    """With DEBUG, lines are text for a terminal, which runs what escape characters say."""
    caplog.set_level(logging.INFO)
    nobody.get(path)

    [record] = caplog.records
    text = TextFormatter("[%(levelname)s] %(message)s").format(record)
    assert text.startswith("[INFO] GET /x\\")
    assert text.endswith(" ms")
    assert text.isprintable()


def test_a_traceback_in_text_cannot_be_forged_either() -> None:
    try:
        raise ValueError("x\n[INFO] GET /incomes 200\x1b[2J")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "Lost %s", ("é\n",), sys.exc_info())

    first, *rest = TextFormatter("[%(levelname)s] %(message)s").format(record).split("\n")

    assert first == "[ERROR] Lost é\\n"
    assert len(rest) > 2
    assert all(line.startswith("    ") and line.isprintable() for line in rest)


@pytest.mark.live
def test_lines_are_text_that_cannot_be_forged_where_debug_is_on(live: LiveServer) -> None:
    live.request("GET", "/forged%0A[INFO]%20GET%20/incomes%20200%1B[2J")

    assert live.wait_for("forged")[0]
    assert not [line for line in live.log() if line.startswith("[INFO] GET /incomes 200")]
