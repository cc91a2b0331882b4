"""The rows of others, which no undo may touch."""

from collections.abc import Iterator

import pytest

from ledgers.models import Change
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User

from .undoing import rows_of


@pytest.fixture
def rows_of_others(bob: User, outsider: User) -> Iterator[None]:
    """Whatever alice undoes, the rows of others stay as they are, also if their revisions have the same numbers."""
    for owner in (bob, outsider):
        category = CategoryFactory.create(owner=owner, name="Food")
        ExpenseFactory.create(owner=owner, category=category, external_id="1")
        ExpenseFactory.create_batch(5, owner=owner)
        Transaction.objects.for_owner(owner).update(notes="theirs")
    before = rows_of(bob), rows_of(outsider), Change.objects.count()
    yield
    assert (rows_of(bob), rows_of(outsider)) == before[:2]
    assert Change.objects.exclude(ledger__in=(bob.pk, outsider.pk)).count() == Change.objects.count() - before[2]
