"""Books from before there were revisions: all rows are kept, are in /changes, and are written like any others."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from conftest import client_of
from ledgers.models import Change, Ledger, Revision
from transactions.models import Category, Transaction
from transactions.tests.test_text_migrations import migrate, need_old_tables
from transactions.triggers import differences
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("users", "0011_names_of_fields"), ("transactions", "0008_names_of_fields")]


@pytest.fixture
def old() -> Iterator[Any]:
    """The models of before, while the database is as it was then."""
    need_old_tables()
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    executor.migrate([("ledgers", None)])  # with all that depends on it
    yield migrate(BEFORE)
    migrate(latest)


def test_old_books_keep_everything_and_can_be_followed(old: Any) -> None:
    rows = {}
    for name in ("alice", "bob"):
        user = old.get_model("users", "User").objects.create(username=name, username_key=name, subject=name)
        category = old.get_model("transactions", "Category").objects.create(owner=user, name="Food", key="food")
        transactions = old.get_model("transactions", "Transaction").objects
        rows[name] = transactions.bulk_create(
            old.get_model("transactions", "Transaction")(
                owner=user,
                type="EXPENSE",
                description=f"bread {number}",
                amount=Decimal(-1),
                currency="EUR",
                date=datetime.date(2026, 1, 1 + number),
                category=category if number else None,
            )
            for number in range(3)
        )
    before = list(old.get_model("transactions", "Transaction").objects.order_by("pk").values())

    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())

    new: dict[str, Any] = {"revision": 0, "created_revision": 0}
    new |= {"account_id": None, "transfer_id": None, "split": None, "tags": "[]"}
    assert list(Transaction.objects.order_by("pk").values()) == [values | new for values in before]
    assert set(Category.objects.values_list("revision", "created_revision")) == {(0, 0)}
    assert differences(connection) == []
    assert not any(model.objects.exists() for model in (Revision, Change))
    alice, bob = (User.objects.get(username=name) for name in ("alice", "bob"))
    assert set(Ledger.objects.values_list("pk", "revision")) == {(alice.pk, 0), (bob.pk, 0)}
    client = client_of(alice)
    page = client.get("/changes").json()
    food = Category.objects.for_owner(alice).get()
    assert {row["id"] for row in page["changes"]} == {str(row.pk) for row in [*rows["alice"], food]}
    assert {(row["revision"], row["operation"]) for row in page["changes"]} == {(0, "created")}
    changed, deleted, _kept = (str(row.pk) for row in rows["alice"])
    assert client.patch(f"/expenses/{changed}", {"notes": "x"})["Ledger-Revision"] == "1"
    assert client.delete(f"/expenses/{deleted}")["Ledger-Revision"] == "2"
    following = client.get(f"/changes?since={page['cursor']}").json()["changes"]
    assert [(row["revision"], row["id"], row["operation"]) for row in following] == [
        (1, changed, "updated"),
        (2, deleted, "deleted"),
    ]
    assert client.post("/revisions/2/undo").status_code == 201
    assert Transaction.objects.for_owner(alice).count() == Transaction.objects.for_owner(bob).count() == 3
    assert set(Transaction.objects.for_owner(bob).values_list("revision", "version")) == {(0, 1)}
    assert differences(connection) == []
