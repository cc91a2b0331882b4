"""Who follows /changes has the same rows as the ledger, whatever is written between the pages."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import client_of
from ledgers.models import Change, Operation
from ledgers.tests.followers import WRITES, Books, Follower, ledger_of
from transactions.tests.factories import IncomeFactory, UserFactory
from transactions.tests.shares import cases, reached, reaches


@pytest.mark.django_db
@reaches(followed=40, deleted=10, restored=2)
@given(WRITES, st.integers(1, 4))
@settings(max_examples=cases(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_followers_copy_equals_the_ledger(writes: list[tuple[str, int]], limit: int) -> None:
    owner, other = UserFactory.create(), UserFactory.create()
    IncomeFactory.create(owner=other)
    books = Books(owner)
    for number in range(3):
        books.write("create", number)
    client = client_of(owner)
    followers = [Follower(client, limit), Follower(client, 1), Follower(client)]
    for what, number in writes:
        if what == "read":
            followers[number % 3].read()
        else:
            books.write(what, number)
    changes = [change for follower in followers for change in follower.catch_up()]
    ledger = ledger_of(client)
    for follower in followers:
        assert follower.rows == ledger
        assert follower.read()["changes"] == []
    if any(change["operation"] == "deleted" for change in changes):
        reached("deleted")
    if Change.objects.filter(ledger=owner.pk, operation=Operation.CREATED).exists():
        reached("restored")
    if followers[0].rows:
        reached("followed")
