"""`manage.py recount`: whether the month totals are what the transactions sum up to, and what to do if not."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from transactions.models import MonthTotal, Transaction
from transactions.tests import books
from transactions.tests.factories import ExpenseFactory
from transactions.tests.test_month_totals import held, sums
from transactions.triggers import remove
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

DAMAGES = {
    "a wrong sum": "UPDATE transactions_monthtotal SET low = low + 1 WHERE currency = 'USD'",
    "a wrong number": "UPDATE transactions_monthtotal SET count = count + 1 WHERE currency = 'USD'",
    "a total that is gone": "DELETE FROM transactions_monthtotal WHERE currency = 'USD'",
    "a total of nothing": "UPDATE transactions_monthtotal SET date = '1999-01-01' WHERE currency = 'USD'",
}


def recount(*arguments: str) -> str:
    out = StringIO()
    call_command("recount", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def _books(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        books.fill(owner)


def test_right_totals_are_left_as_they_are(alice: User) -> None:
    before = held(alice)
    assert recount() == recount("--check") == "The month totals are right.\n"
    assert held(alice) == before != {}


@pytest.mark.parametrize("damage", DAMAGES)
def test_wrong_totals_are_found_and_counted_anew(damage: str, alice: User, bob: User) -> None:
    before = held(alice), held(bob)
    with connection.cursor() as cursor:
        cursor.execute(DAMAGES[damage])
    damaged = held(alice)
    assert damaged != before[0]

    with pytest.raises(CommandError, match=r"^\d+ month totals? (is|are) wrong: manage.py recount"):
        recount("--check")
    assert held(alice) == damaged
    told = recount()

    assert "USD" in told
    assert "JPY" not in told
    assert told.splitlines()[-1].endswith("wrong: all have been counted again.")
    assert (held(alice), held(bob)) == before
    assert recount("--check") == "The month totals are right.\n"


def test_triggers_that_are_gone_are_made_anew_with_the_totals(alice: User, bob: User) -> None:
    """As after a migration that altered the table on SQLite and did not install them again."""
    with connection.schema_editor() as editor:
        remove(None, editor)
    ExpenseFactory.create(owner=alice)

    assert "1 month total was wrong" in recount()

    ExpenseFactory.create(owner=bob)
    Transaction.objects.for_owner(alice).filter(currency="USD").delete()
    for owner in (alice, bob):
        assert sums(MonthTotal, owner) == sums(Transaction, owner) != []


def test_no_more_than_twenty_are_named(alice: User) -> None:
    with connection.cursor() as cursor:
        for month in range(1, 13):
            for day in (1, 2, 3):
                ExpenseFactory.create(owner=alice, date=f"20{day}0-{month:02}-01")
        cursor.execute("DELETE FROM transactions_monthtotal")
    lines = recount().splitlines()
    assert len(lines) == 22
    assert lines[20].startswith("... and ")
