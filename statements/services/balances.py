"""What a file says of the balances of an account, and whether its lines add up to it."""

import datetime
from collections.abc import Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.api.types import JSONObject
from cashman_project.money.amounts import EXACT, format_amount, validate_balance
from transactions.names import LONGEST_NAME

from ..choices import Verdict
from ..formats.results import Balance, Statement
from .accounts import Target, called
from .lines import PENDING
from .rows import Row

DAY = datetime.timedelta(days=1)
MOST_CHECKS = 1_000  # closing balances of one account that are kept, the last ones


def statement_of(target: Target, statements: Sequence[Statement], rows: Sequence[Row]) -> JSONObject:
    """Return the statement of one account in JSON: its first and its last balance, and what its lines make of it.

    `called` is what the file calls the account. `checks` are the closing balances, by day, which a commit stores.
    `begins` is what the account had at the end of the day before its first line: where a new one begins. `rows` are
    those of the account, and those that can't be read and may be of it.
    """
    of_account = [one for one in statements if one.currency in (None, target.currency)]  # others name other balances
    in_order = sorted(of_account or [Statement(None, None)], key=lambda one: _day(one.opening or one.closing))
    opening, closing = in_order[0].opening, in_order[-1].closing
    difference = None
    if opening and closing:
        moved = EXACT.subtract(closing.amount, opening.amount)
        booked, pending = _sums(rows)
        difference = EXACT.subtract(moved, booked)
        if difference == pending:  # some banks count what they have not booked
            difference = Decimal(0)
    checks = {one.closing.date: one.closing for one in in_order if one.closing and one.closing.date}
    days = [row.date for row in rows if row.date and row.verdict != Verdict.ERROR]
    first = min(days, default=None)
    before = [day for day in (opening and opening.date, first and first - DAY) if day]
    begin = min(before, default=closing.date if closing and not opening else None)
    first_balance = opening.amount if opening else _before(in_order[0], rows) if len(in_order) == 1 else None
    begins = None if first_balance is None else _amount(first_balance, target.currency)
    return {
        "account_id": str(target.id),
        "called": called(statements[0])[:LONGEST_NAME],
        "currency": target.currency,
        "opening": _shown(opening, target.currency),
        "closing": _shown(closing, target.currency),
        "adds_up": None if difference is None else not difference,
        "difference": None if difference is None else _amount(difference, target.currency),
        "begins": begins and begin and {"date": min(max(begin, FIRST_DATE), LAST_DATE).isoformat(), "balance": begins},
        "checks": {
            day.isoformat(): balance
            for day, one in sorted(checks.items())[-MOST_CHECKS:]
            if FIRST_DATE <= day <= LAST_DATE and (balance := _amount(one.amount, target.currency)) is not None
        },
    }


def _before(statement: Statement, rows: Sequence[Row]) -> Decimal | None:
    """Return what the account had before its lines, so that it has the closing balance after them. None if the file
    does not say enough."""
    closing = statement.closing
    if closing is None or closing.date is None or any(row.verdict == Verdict.ERROR for row in rows):
        return None
    if statement.until and statement.until < closing.date:  # there may be lines between, which the file has not
        return None
    booked, _pending = _sums([row for row in rows if row.date and row.date <= closing.date])
    return EXACT.subtract(closing.amount, booked)


def _sums(rows: Sequence[Row]) -> tuple[Decimal, Decimal]:
    """Return the sum of the lines that the bank has booked, and of those that it has not."""
    booked = pending = Decimal(0)
    for row in rows:
        if row.amount is not None and row.message and row.message.text == PENDING:
            pending = EXACT.add(pending, row.amount)
        elif row.amount is not None:
            booked = EXACT.add(booked, row.amount)
    return booked, pending


def _day(balance: Balance | None) -> datetime.date:
    return balance.date if balance and balance.date else datetime.date.min


def _shown(balance: Balance | None, currency: str) -> JSONObject | None:
    if balance is None:
        return None
    return {"balance": _amount(balance.amount, currency), "date": balance.date and balance.date.isoformat()}


def _amount(amount: Decimal, currency: str) -> str | None:
    """Return a balance as JSON has it; None if no account can have it."""
    try:
        validate_balance(amount, currency)
    except ValidationError:
        return None
    return format_amount(amount, currency)
