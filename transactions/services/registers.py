"""The running balance of an account's transactions."""

import datetime
from collections.abc import Sequence
from uuid import UUID

from cashman_project.money.amounts import units_of
from cashman_project.money.sums import MoneySum

from ..models import Account, Transaction

DAY = datetime.timedelta(days=1)


def register_rows(account: Account, rows: Sequence[Transaction]) -> dict[UUID, int]:
    """Return the balance after each of these rows of the account, which follow each other, in ten-thousandths.

    It reads the balance of the day before the newest row, and that day's rows, wherever the page is. The older rows of
    the page follow from the newest one.
    """
    if not rows:
        return {}
    newest_first = sorted(rows, key=lambda row: (row.date, row.pk), reverse=True)
    newest = newest_first[0]
    accounts = Account.objects.filter(owner=account.owner_id, pk=account.pk)
    balance = accounts.balances(account.owner_id, newest.date - DAY)[account.pk]
    same_day = Transaction.objects.filter(
        owner=account.owner_id, account=account.pk, date=newest.date, pk__lte=newest.pk
    )
    balance += units_of(same_day.aggregate(sum=MoneySum("amount"))["sum"])
    after = {}
    for row in newest_first:
        after[row.pk] = balance
        balance -= units_of(row.amount)
    return after
