"""The running balance of an account's transactions."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from uuid import UUID

import orjson

from cashman_project.money.amounts import format_units, units_of
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


def with_balances(account: Account, chunks: Iterable[Sequence[str]], *, descending: bool) -> Iterator[list[str]]:
    """Yield the chunks of the JSON of all rows of the account, each with the balance after it.

    The rows are in the order of their dates and ids. Only the balance of the first one's day is read.
    """
    balance: int | None = None  # after the row, or before it if they ascend
    for chunk in chunks:
        texts = []
        for text in chunk:
            row = orjson.loads(text)
            if balance is None:
                day = datetime.date.fromisoformat(row["date"])
                accounts = Account.objects.filter(owner=account.owner_id, pk=account.pk)
                balance = accounts.balances(account.owner_id, day if descending else day - DAY)[account.pk]
            units = units_of(Decimal(row["amount"]))
            after = balance if descending else balance + units
            balance = balance - units if descending else after
            shown = format_units(after, account.currency)
            texts.append(f'{text[:-1]},"balance":"{shown}"}}')
        yield texts
