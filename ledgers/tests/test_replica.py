"""Reads from a replica. Here, a second connection to the same database stands in for a standby that is up to date.

tests/faults/replica.py has a real one, which lags, stops and is promoted.
"""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from cashman_project.db.connection_pool import ConnectionPool
from cashman_project.db.postgresql.base import DatabaseWrapper
from cashman_project.db.replica import ALIAS, READING, REPLICA
from ledgers.models import Ledger
from ledgers.router import LedgerRouter
from transactions.models import Category, MonthTotal, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import PersonalToken, User

OF_LEDGERS = {"ledgers.ledger", "ledgers.revision", "ledgers.change", "transactions.monthtotal"} | {
    f"transactions.{name}"
    for name in ("transaction", "income", "expense", "category", "account", "balancecheck", "rule", "tag", "transfer")
}
PATHS = ["/expenses", "/expenses?search=a", "/expenses.csv", "/categories", "/summary", "/changes", "/revisions"]


pytestmark = pytest.mark.django_db(transaction=True, databases=["default", ALIAS])


@pytest.fixture(scope="module", autouse=True)
def mirror(django_db_setup: None) -> Iterator[None]:
    """Have a second name for the database."""
    assert not REPLICA.is_configured  # which is kept for the tests of other modules, where there is no second name
    options = {"ENGINE": "cashman_project.db.postgresql", "TEST": {"MIRROR": "default"}}
    connections.settings[ALIAS] = {**connections.settings["default"], **options}
    yield
    del connections.settings[ALIAS]


@pytest.fixture
def replica(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Configure a replica that answers as the primary does, since it is the same."""
    settings.DATABASE_ROUTERS = ["ledgers.router.LedgerRouter"]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "cashman_project.api.middleware.replica.ReplicaMiddleware"]
    monkeypatch.setattr(REPLICA, "is_configured", True)
    monkeypatch.setattr(REPLICA, "_idle", [])
    monkeypatch.setattr(REPLICA, "_retry_at", 0.0)
    yield
    for idle in REPLICA._idle:
        idle.close()


@pytest.fixture
def standby(replica: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the replica say that it is a standby."""
    if connection.vendor != "postgresql":
        pytest.skip("a replica needs PostgreSQL")
    monkeypatch.setattr(DatabaseWrapper, "is_standby", lambda self: True)


@pytest.fixture
def rows(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        ExpenseFactory.create(owner=owner, description="cake", category=CategoryFactory.create(owner=owner))


def read(client: APIClient, path: str) -> None:
    list(client.get(path))  # an export is a file, which has to be read


def statements(send: Callable[[], object]) -> tuple[str, str]:
    """Return the SQL that the primary and the replica get while it is sent."""
    logged = [connection, *REPLICA._idle]
    for one in logged:
        one.force_debug_cursor = True
        one.queries_log.clear()
    send()
    found = ["\n".join(_unprepared(one, query["sql"]) for query in one.queries_log) for one in logged]
    for one in logged:
        one.force_debug_cursor = False
    return found[0], "\n".join(found[1:])


def _unprepared(one: Any, sql: str) -> str:
    """Return the SQL of the prepared statement that is executed, if one is."""
    names: dict[str, str] = {
        call.partition("(")[0]: text for (text, _places), call in getattr(one, "statements", {}).items()
    }
    return names.get(sql.partition("(")[0]) or sql


# -- Which database ---------------------------------------------------------------------------


def test_the_router_names_the_replica_for_the_rows_of_ledgers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(READING, "alias", ALIAS)
    router = LedgerRouter()
    assert {model._meta.label_lower for model in apps.get_models() if router.db_for_read(model) == ALIAS} == OF_LEDGERS
    assert {router.db_for_write(model) for model in (Ledger, Category, MonthTotal, User)} == {"default"}
    assert [router.allow_migrate(alias, "users") for alias in ("default", ALIAS)] == [True, False]


@pytest.mark.usefixtures("standby", "rows")
def test_a_read_asks_the_primary_for_the_user_and_the_replica_for_the_rows(as_alice: APIClient, alice: User) -> None:
    for path in (*PATHS, f"/expenses/{Transaction.objects.get(owner=alice).pk}"):
        read(as_alice, path)
        primary, replica = statements(partial(read, as_alice, path))
        assert primary.count("\n") == 0, primary
        assert "users_session" in primary
        assert "ledgers_ledger" in primary
        assert "transactions_" not in primary
        assert "ledgers_ledger" in replica


@pytest.mark.usefixtures("standby", "rows")
def test_pages_of_a_browser_session_read_rows_from_the_replica_alone(alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    browser.get("/", headers={"Accept": "text/html"})
    for path in ("/", "/expenses", "/categories", "/summary", "/charts/flow", "/revisions", "/revisions/1"):
        primary, replica = statements(partial(browser.get, path, headers={"Accept": "text/html"}))
        assert "transactions_" not in primary, path
        assert "ledgers_ledger" in replica


@pytest.mark.usefixtures("standby", "rows")
def test_nobody_reads_anothers_rows(as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient) -> None:
    for client, count in ((as_alice, 1), (as_bob, 1), (as_outsider, 0)):
        assert [len(client.get("/expenses").json()["results"]) for _time in range(2)] == [count, count]
    row = as_alice.get("/expenses").json()["results"][0]["id"]
    assert as_bob.get(f"/expenses/{row}").status_code == 404


@pytest.mark.usefixtures("standby", "rows")
def test_what_is_no_read_of_a_ledger_stays_at_the_primary(as_alice: APIClient, as_staff: Client) -> None:
    as_alice.get("/expenses")
    body = {"description": "tea", "amount": 1}
    for send in (
        lambda: as_alice.get("/me"),
        lambda: as_alice.get("/tokens"),
        lambda: as_alice.post("/expenses", body),
        lambda: as_staff.get("/admin/transactions/expense/"),
    ):
        assert statements(send)[1] == ""
    assert PersonalToken.objects.count() == 0


@pytest.mark.usefixtures("standby", "rows")
def test_a_thread_that_has_waited_reads_from_the_primary() -> None:
    REPLICA.lend()
    assert Transaction.objects.all().db == ALIAS
    with ConnectionPool(1).set_aside():
        assert Transaction.objects.all().db == "default"
    assert READING.alias == "default"


# -- A replica that does not work -------------------------------------------------------------


@pytest.mark.usefixtures("replica", "rows")
def test_a_replica_that_cant_be_reached_is_left_alone_for_a_while(
    as_alice: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        place = {"HOST": "127.0.0.1", "PORT": server.getsockname()[1], "OPTIONS": {"connect_timeout": 1}}
        monkeypatch.setitem(connections.settings, ALIAS, {**connections.settings[ALIAS], "USER": "x", **place})
        for path in PATHS:
            response = as_alice.get(path)
            list(response)
            assert (response.status_code, response.headers["Ledger-Revision"]) == (200, "2"), path
        server.accept()[0].close()
        with pytest.raises(TimeoutError):
            server.accept()  # nobody has tried again
        monkeypatch.setattr(REPLICA, "_retry_at", 1e-9)
        assert as_alice.get("/summary").status_code == 200
        server.accept()[0].close()


@pytest.mark.usefixtures("replica", "rows")
def test_a_server_that_was_promoted_is_no_replica(as_alice: APIClient) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("a replica needs PostgreSQL")
    primary, _replica = statements(lambda: as_alice.get("/expenses"))
    assert "transactions_" in primary
    assert REPLICA._retry_at
    assert statements(lambda: as_alice.get("/summary"))[1] == ""


@pytest.mark.usefixtures("standby", "rows")
def test_a_read_that_the_replica_fails_is_repeated_at_the_primary(
    as_alice: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.settings_dict.get("POOLED"):
        pytest.skip("no pooler may stand before a replica")
    works = REPLICA.works

    def works_for_the_last_time() -> bool:
        found = works()
        pid = connections[ALIAS].connection.info.backend_pid
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return found

    monkeypatch.setattr(REPLICA, "works", works_for_the_last_time)
    for path in ("/summary", "/expenses.csv", "/expenses?search=cake", "/changes"):
        monkeypatch.setattr(REPLICA, "_retry_at", 0.0)
        response = as_alice.get(path)
        list(response)
        assert (response.status_code, response.headers["Ledger-Revision"]) == (200, "2"), path
        assert REPLICA._retry_at
    assert (READING.alias, READING.is_barred) == ("default", False)
