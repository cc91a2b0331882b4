"""Forgetting people."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

from cashman_project.db.tests.sql import text_of
from ledgers.models import Ledger
from transactions.models import Category, MonthTotal, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.erasure import erase_users, lock_rows
from users.models import User


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
