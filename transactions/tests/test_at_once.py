"""A row that is created in one round trip is as every other: its columns, its revision, and what it waits for."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from cashman_project.api.origin import API, Origin
from conftest import client_of
from ledgers import at_once
from ledgers.models import Ledger, Revision
from ledgers.writer import writing
from transactions.models import Category, Transaction
from transactions.serializers import ExpenseSerializer
from transactions.services.fast_create import create_one
from transactions.tests.factories import CategoryFactory
from transactions.tests.live import PATIENCE
from transactions.tests.server import need_one_server
from users.models import User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no round trips"),
]

BODY = {"description": "Café", "amount": "3.50", "date": "2026-11-01"}
OWN = {"id", "created_at", "updated_at", "revision", "created_revision"}  # which no two rows share
WAITING = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture(autouse=True)
def one_server(transactional_db: None) -> None:
    need_one_server()


@pytest.fixture
def food(alice: User, bob: User) -> Category:
    CategoryFactory.create(owner=bob, name="Fun")
    food: Category = CategoryFactory.create(owner=alice, name="Food")
    return food


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What each call of `insert_at_once` has returned."""
    returned: list[Any] = []
    insert = at_once.insert_at_once

    def watched(*args: Any) -> Any:  # Any: its own
        returned.append(insert(*args))
        return returned[-1]

    monkeypatch.setattr("transactions.services.fast_create.insert_at_once", watched)
    return returned


def last_of(owner: User) -> int:
    return Ledger.objects.get(pk=owner.pk).revision


def columns_of(row_id: str) -> dict[str, Any]:
    values: Any = Transaction.objects.values().get(pk=row_id)
    return {name: value for name, value in values.items() if name not in OWN}


@pytest.mark.parametrize("more", [{}, {"category": "fOOD", "notes": "x\\y'", "external_id": "a"}], ids=["bare", "all"])
def test_the_row_and_its_revision_are_as_if_the_transaction_had_more(
    more: dict[str, str], alice: User, food: Category, calls: list[Any]
) -> None:
    client, before = client_of(alice), last_of(alice)

    alone = client.post("/expenses", BODY | more)
    Transaction.objects.for_owner(alice).filter(pk=alone.json()["id"]).update(external_id=None)
    with_key = client.post("/expenses", BODY | more, headers={"Idempotency-Key": "a"})

    assert (alone.status_code, with_key.status_code, len(calls)) == (201, 201, 1)
    assert alone["Ledger-Revision"] == str(before + 1)
    assert with_key["Ledger-Revision"] == str(before + 3) == str(last_of(alice))
    mine, other = alone.json(), with_key.json()
    assert {**mine, **{name: other[name] for name in ("id", "created_at", "updated_at")}} == other
    changed = {"version": 1, "external_id": more.get("external_id")}
    assert columns_of(mine["id"]) | changed == columns_of(other["id"])
    row = Transaction.objects.get(pk=mine["id"])
    assert row.created_revision == before + 1
    revisions: Any = Revision.objects.filter(ledger=alice.pk, number__gt=before).order_by("number").values()
    first, _update, last = revisions
    assert first["counts"] == {"transactions": {"created": 1}}
    assert first["request_id"]
    assert first["at"] >= row.created_at
    assert {**first, **{name: last[name] for name in ("number", "at", "request_id")}} == last


def test_an_unknown_category_and_another_owners_write_nothing(alice: User, food: Category, calls: list[Any]) -> None:
    before = last_of(alice)
    for name in ("Fun", "Nothing"):
        assert client_of(alice).post("/expenses", BODY | {"category": name}).status_code == 400
    assert calls == [None, None]
    assert last_of(alice) == before
    assert not Transaction.objects.exists()


def test_an_owner_without_a_ledger_gets_one(carol_without_ledger: User, calls: list[Any]) -> None:
    answer = client_of(carol_without_ledger).post("/expenses", BODY)
    assert (answer.status_code, answer["Ledger-Revision"], calls) == (201, "1", [None])


@pytest.fixture
def carol_without_ledger(alice: User) -> User:
    Ledger.objects.filter(pk=alice.pk).delete()
    return alice


def test_a_taken_external_id_uses_no_revision(alice: User, food: Category) -> None:
    client = client_of(alice)
    assert client.post("/expenses", BODY | {"external_id": "a"}).status_code == 201
    before = last_of(alice)
    assert client.post("/expenses", BODY | {"external_id": "a"}).status_code in (400, 409)
    assert last_of(alice) == before
    assert client.post("/expenses", BODY).status_code == 201


def test_it_waits_for_a_rename_and_answers_the_new_name(alice: User, food: Category, calls: list[Any]) -> None:
    answers: list[Any] = []
    client = client_of(alice)

    def post() -> None:
        answers.append(client.post("/expenses", BODY | {"category": "food"}))
        connection.close()

    with writing(alice.pk) as write:
        write.lock()
        Category.objects.filter(owner=alice.pk, pk=food.pk).update(name="FOOD")
        thread = threading.Thread(target=post)
        thread.start()
        waited = threading.Event()
        while not answers:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees one state of the statistics
                cursor.execute(WAITING)
                if cursor.fetchone() == (1,):
                    break
            waited.wait(0.01)
    thread.join(PATIENCE)

    [answer] = answers
    assert (answer.status_code, answer.json()["category"], len(calls)) == (201, "FOOD", 1)
    assert calls[0] is not None
    assert int(answer["Ledger-Revision"]) == last_of(alice) == write.revision + 1


def test_a_table_that_was_altered_meanwhile_is_no_error(alice: User, food: Category, calls: list[Any]) -> None:
    client = client_of(alice)
    assert client.post("/expenses", BODY | {"category": "food"}).status_code == 201
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE transactions_category ALTER COLUMN name TYPE varchar(101)")
    try:
        answers = [client.post("/expenses", BODY | {"category": "food"}).status_code for _number in range(2)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE transactions_category ALTER COLUMN name TYPE varchar(100)")
    assert answers == [201, 201]
    assert [call is None for call in calls] == [False, True, False]
    assert Transaction.objects.count() == 3


def test_it_is_not_used_in_an_open_transaction(alice: User, food: Category, calls: list[Any]) -> None:
    with transaction.atomic():
        assert client_of(alice).post("/expenses", BODY).status_code == 201
        transaction.set_rollback(True)
    assert calls == []
    assert not Transaction.objects.exists()


def test_it_returns_the_row_and_the_revision(alice: User, food: Category) -> None:
    origin = Origin(API, alice.pk)
    created = create_one(owner=alice, origin=origin, serializer=ExpenseSerializer, data=BODY | {"category": "food"})
    assert created is not None
    row, revision = created
    assert (row["category"], revision) == ("Food", last_of(alice))
    assert create_one(owner=alice, origin=origin, serializer=ExpenseSerializer, data=BODY | {"amount": "x"}) is None
