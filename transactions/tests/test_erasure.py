"""Forgetting people."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from transactions.models import Category, MonthTotal, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.erasure import erase_users
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
