"""A write of a ledger: what it locks, and what becomes of it if a part of it is rolled back."""

from contextlib import suppress

import pytest
from django.db import transaction

from ledgers.models import Ledger, Revision
from ledgers.writer import writing
from transactions.models import Transaction
from transactions.tests.factories import ExpenseFactory
from users.models import User


@pytest.mark.parametrize("goes_on", [True, False], ids=["and goes on", "and ends"])
@pytest.mark.django_db(transaction=True)
def test_a_write_whose_lock_was_rolled_back_locks_again(goes_on: bool, alice: User, bob: User) -> None:
    """Otherwise the next write would get the same number."""
    ExpenseFactory.create(owner=bob)
    with writing(alice.pk):
        with suppress(KeyError), transaction.atomic():
            ExpenseFactory.create(owner=alice)
            raise KeyError
        if goes_on:
            ExpenseFactory.create(owner=alice)
    ExpenseFactory.create(owner=alice)

    numbers = [1, 2] if goes_on else [1]
    assert list(Transaction.objects.for_owner(alice).order_by("id").values_list("revision", flat=True)) == numbers
    stored = Revision.objects.filter(ledger=alice.pk).order_by("number")
    assert list(stored.values_list("number", "counts")) == [(n, {"transactions": {"created": 1}}) for n in numbers]
    assert Ledger.objects.get(pk=alice.pk).revision == numbers[-1]


def test_a_write_keeps_its_lock_if_a_later_part_is_rolled_back(alice: User, bob: User) -> None:
    ExpenseFactory.create(owner=bob)
    with writing(alice.pk) as write:
        ExpenseFactory.create(owner=alice)
        number = write.revision
        with suppress(KeyError), transaction.atomic():
            ExpenseFactory.create(owner=alice)
            raise KeyError
        assert write.lock() == number

    assert Transaction.objects.for_owner(alice).count() == 1
