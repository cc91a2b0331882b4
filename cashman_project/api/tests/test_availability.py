"""The database goes away and comes back, and so does the service."""

import select
import signal
import socket
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.models.signals import pre_migrate
from rest_framework.test import APIClient

from cashman_project.api.tests.test_live import connect, head_of
from cashman_project.api.views import ReadyView
from transactions.tests.live import PATIENCE, running, serve, unchecked

POOLED = connection.settings_dict.get("POOLED", False)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_noticed() -> None:
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert other.is_usable()

    if connection.vendor == "postgresql" and not POOLED:  # a pooler keeps the client's connection
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [other.connection.get_backend_pid()])
        assert select.select([other.connection], [], [], PATIENCE)[0]
        assert not other.is_usable()
        other.close_if_health_check_failed()  # of a connection just made: none is due yet
        assert other.connection is not None
        other.close_if_unusable_or_obsolete()  # at the end of a request
        other.close_if_health_check_failed()  # before the first query of the next
        assert other.connection is None
    with other.cursor() as cursor:
        cursor.execute("SELECT 2")
        assert cursor.fetchone() == (2,)
    other.connection.close()
    assert connection.vendor == "sqlite" or not other.is_usable()


def limits(connection: BaseDatabaseWrapper) -> list[object]:
    """Return how long a statement may take and wait for a lock; SQLite knows the second alone, in milliseconds."""
    postgresql = ["SHOW statement_timeout", "SHOW lock_timeout"]
    found = []
    with connection.cursor() as cursor:
        for query in postgresql if connection.vendor == "postgresql" else ["PRAGMA busy_timeout"]:
            cursor.execute(query)
            found.append(cursor.fetchone()[0])
    return found


@pytest.mark.django_db(transaction=True)
def test_requests_are_limited_and_migrations_are_not() -> None:
    expected: list[list[object]] = [[20_000], [20_000]]
    if connection.vendor == "postgresql":
        expected = [["30s", "5s"], ["30s", "5s"] if POOLED else ["0", "0"]]
    new = connection.copy()
    assert limits(new) == expected[0]
    new.close()

    pre_migrate.send(apps.get_app_config("api"), using="default")

    assert limits(connection) == expected[1]


def test_it_is_ready_once_migrated(nobody: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [["a migration"], []]
    asked: list[list[str]] = []

    def plan(executor: MigrationExecutor, targets: object) -> list[str]:
        asked.append(plans[len(asked)])
        return asked[-1]

    monkeypatch.setattr(ReadyView, "has_tables", False)
    monkeypatch.setattr(MigrationExecutor, "migration_plan", plan)

    assert [nobody.get("/readyz").status_code for _time in range(4)] == [503, 200, 200, 200]
    assert len(asked) == 2


@pytest.mark.live
def test_a_worker_starts_while_the_database_does_not_speak_and_tells_it_as_out_of_reach() -> None:
    """The command that starts the service wants a database; a worker that is replaced later does not."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://cashman@127.0.0.1:{silent.getsockname()[1]}/cashman"
        server = unchecked({"DATABASE_URL": url})
        with running(server):
            answer = server.request("GET", "/readyz")
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
            assert server.request("GET", "/livez").status == 200


@pytest.mark.live
def test_a_request_in_hand_is_answered_before_the_end(tmp_path: Path) -> None:
    user = {"username": "alice", "password": "correct horse battery"}
    rows = 2_000 * [{"description": "in hand", "amount": 1, "notes": 1_900 * "x"}]
    with serve(tmp_path, ALLOW_SIGNUP="on") as server:
        server.request("POST", "/auth/register", user)
        token = server.request("POST", "/auth/token", user).json()["access"]
        for _time in range(2):
            assert server.request("POST", "/incomes", rows, token=token).status == 201
        client = connect(server)
        client.sendall(head_of("GET", "/incomes", f"Authorization: Bearer {token}", "Accept: text/csv"))
        assert client.recv(12) == b"HTTP/1.1 200"

        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Stopping worker")

        with client, client.makefile("rb") as rest:
            assert rest.read().count(b"in hand") == 2 * len(rows)
        assert server.process.wait(PATIENCE) == 0
