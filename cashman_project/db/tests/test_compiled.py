"""SQL that is run again and again: PostgreSQL parses and plans it once a session."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from transactions.models import Expense
from transactions.tests.factories import CategoryFactory
from users.models import User

from ..compiled import Parameter, Statement
from ..postgresql.citus import has_citus
from ..retry import in_transaction

PREPARES = connection.vendor == "postgresql" and not connection.settings_dict.get("POOLED")


def names_of(name: str) -> list[str]:
    field: Any = User._meta.get_field("username")
    statement = Statement(User.objects.filter(username=Parameter("name", field)).values_list("username"))
    return [row[0] for row in statement.rows({"name": name})]


@pytest.mark.django_db(transaction=True)
def test_it_is_prepared_in_each_session_anew(alice: User, bob: User) -> None:
    for _session in range(2):
        connection.close()
        for _time in range(2):
            assert (names_of("alice"), names_of("o'brien %s")) == (["alice"], [])
        assert kept() == (1 if PREPARES else 0)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_prepared_behind_a_pooler(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "POOLED", True)

    assert names_of("alice") == ["alice"]

    assert kept() == 0


@pytest.mark.django_db(transaction=True)
def test_it_is_planned_once_whatever_becomes_of_the_first_transaction(alice: User) -> None:
    connection.close()
    with transaction.atomic():
        assert names_of("alice") == ["alice"]
        transaction.set_rollback(True)

    for _time in range(3):
        assert names_of("alice") == ["alice"]

    if PREPARES:
        with connection.cursor() as cursor:
            cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements")
            # Citus can't plan for every owner, so there each one has a plan of its own.
            assert cursor.fetchall() == [(0, 4) if has_citus(connection) else (4, 0)]


def widen(length: int, column: str = "users_user.username") -> None:
    """Give the names that room, as a migration does while the service runs; SQLite's have any."""
    table, _dot, name = column.partition(".")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ALTER {name} TYPE varchar({length})")


@pytest.fixture
def room(transactional_db: None) -> Iterator[None]:
    """Begin with a session that has prepared nothing, and give the names their room again."""
    connection.close()
    yield
    widen(150)
    widen(100, "transactions_category.name")


def test_it_is_prepared_anew_where_a_migration_has_altered_what_it_returns(room: None, alice: User) -> None:
    assert names_of("alice") == ["alice"]
    before = kept()
    for length in (151, 152):
        widen(length)
        for _time in range(3):
            assert names_of("alice") == ["alice"]
        assert kept() == before


def test_a_write_is_run_once_more_then(room: None, alice: User) -> None:
    def write() -> list[str]:
        User.objects.create_user("anne")
        return names_of("anne")

    assert names_of("alice") == ["alice"]
    widen(151)
    assert in_transaction(write) == ["anne"]
    assert User.objects.filter(username="anne").count() == 1


@pytest.mark.parametrize("key", ["", "one"])
def test_a_creation_that_names_its_category_goes_on_then(
    key: str, room: None, alice: User, as_alice: APIClient
) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    for length in (100, 101):
        widen(length, "transactions_category.name")
        headers = {"Idempotency-Key": f"{key}-{length}"} if key else {}
        response = as_alice.post(
            "/expenses", {"description": "pizza", "amount": 8, "category": "food"}, headers=headers
        )
        assert (response.status_code, response.json()["category"]) == (201, "Food")
    assert Expense.objects.for_owner(alice).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_name_is_never_that_of_another_statement(alice: User) -> None:
    """Fails if the service would get wrong results behind a pooler in transaction mode that the settings don't
    mention."""
    if connection.vendor == "sqlite":
        assert names_of("alice") == ["alice"]
        return
    found = []
    for queries in (["SELECT 1", "SELECT 2"], ["SELECT 2", "SELECT 1"]):
        connection.close()
        connection.ensure_connection()
        found.append({query: connection.prepared(query, ()) for query in queries})  # type: ignore[attr-defined]
    assert found[0] == found[1]
    assert len(set(found[0].values())) == 2


def kept() -> int:
    """Return how many prepared statements the database's session holds."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_prepared_statements")
        return int(cursor.fetchone()[0])
