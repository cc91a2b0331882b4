"""Forgetting people."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cashman_project.db.tests.sql import text_of
from conftest import client_of
from ledgers.models import Change, Ledger, Revision
from transactions.models import Category, MonthTotal, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.erasure import erase_users, lock_rows
from users.login_throttle import account_key
from users.models import Attempts, User

WAYS: list[Callable[[User], object]] = [
    lambda user: user.delete(),
    lambda user: User.objects.filter(pk=user.pk).delete(),
    lambda user: erase_users(users=[user]),
]


def test_all_rows_go_in_the_same_few_statements_however_many_they_are(alice: User, bob: User, outsider: User) -> None:
    for owner, entries in ((alice, 1), (bob, 50), (outsider, 1)):
        category = CategoryFactory.create(owner=owner)
        ExpenseFactory.create_batch(entries, owner=owner, category=category)
    lengths = []

    for owner in (alice, bob):
        with CaptureQueriesContext(connection) as queries:
            erase_users(users=[owner])
        lengths.append([len(query["sql"]) for query in queries])

    assert lengths[0] == lengths[1]
    rows = [row for model in (Category, MonthTotal, Transaction) for row in model.objects.all()]
    assert [row.owner for row in rows] == 3 * [outsider]
    assert User.objects.get() == outsider


def test_the_ledgers_are_locked_as_their_writers_do_and_then_the_users(alice: User, bob: User) -> None:
    """Who writes a row locks its ledger first, and at the end of the transaction its owner."""
    for owner in (alice, bob):
        ExpenseFactory.create_batch(2, owner=owner, category=CategoryFactory.create(owner=owner))

    with CaptureQueriesContext(connection) as queries:
        erase_users(users=[alice])

    reads = [text_of(query["sql"]) for query in queries if query["sql"].startswith("SELECT")][:2]
    assert [re.findall(r'FROM "(\w+)"', query) for query in reads] == [
        [model._meta.db_table] for model in (Ledger, User)
    ]
    if connection.features.has_select_for_update:
        assert [query.endswith(" FOR UPDATE") for query in reads] == 2 * [True]
    assert set(Transaction.objects.values_list("owner", "version")) == {(bob.pk, 1)}


def test_who_has_written_nothing_gets_a_ledger_so_that_a_first_write_waits(alice: User) -> None:
    """Otherwise it could lock its new ledger while the erasure has the user. Each would wait for the other."""
    lock_rows.send(sender=User, keys=[alice.pk])
    assert Ledger.objects.filter(pk=alice.pk).exists()

    erase_users(users=[alice])
    assert not Ledger.objects.exists()


@pytest.mark.parametrize("delete", WAYS, ids=["of the user", "of a queryset", "erase_users"])
def test_every_deletion_of_a_user_is_an_erasure(
    delete: Callable[[User], object], alice: User, bob: User, outsider: User
) -> None:
    """A plain deletion by Django would be refused by PostgreSQL, because the user's rows refer to the ledger."""
    for owner in (alice, bob):
        as_owner, category = client_of(owner), CategoryFactory.create(owner=owner)
        row = ExpenseFactory.create(owner=owner, category=category)
        assert as_owner.patch(f"/expenses/{row.pk}", {"notes": "by card"}).status_code == 200
        assert as_owner.post("/auth/token", {"username": owner.username, "password": "wrong"}).status_code == 401
    kept = [model.objects.count() for model in (Transaction, Category, MonthTotal, Ledger, Revision, Change)]

    with CaptureQueriesContext(connection) as queries:
        deleted = delete(alice)

    assert deleted == (3, {"users.User": 1, "users.Session": 1, "ledgers.Ledger": 1})
    assert set(User.objects.all()) == {bob, outsider}
    left = [model.objects.count() for model in (Transaction, Category, MonthTotal, Ledger, Revision, Change)]
    assert [2 * number for number in left] == kept
    assert {row.owner for model in (Transaction, Category, MonthTotal, Ledger) for row in model.objects.all()} == {bob}
    assert set(Attempts.objects.values_list("account", flat=True)) == {account_key("bob")}
    changed = [
        query["sql"].split('"')[1] for query in queries if not query["sql"].startswith(("SELECT", "SAVE", "REL"))
    ]
    assert changed[0] == Ledger._meta.db_table  # which its writers wait for


def test_the_deletion_of_many_users_leaves_the_others(alice: User, bob: User, outsider: User) -> None:
    for owner in (alice, bob, outsider):
        ExpenseFactory.create(owner=owner, category=CategoryFactory.create(owner=owner))

    assert User.objects.exclude(pk=outsider.pk).delete()[1]["users.User"] == 2

    assert set(User.objects.all()) == {outsider}
    assert {row.owner for model in (Transaction, Category) for row in model.objects.all()} == {outsider}
