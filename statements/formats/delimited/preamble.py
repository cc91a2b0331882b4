"""What stands above and below the rows: the account, its currency, and its balances."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ..results import Balance, DateOrder, DecimalMark
from .columns import is_iban
from .dates import read_date, readings
from .numbers import Number, currency_of, decimal_of, number
from .records import Record
from .words import ACCOUNT, CLOSING, CURRENCY, OPENING, folded

_LABEL = re.compile(r"[^:]{2,60}:")
_ACCOUNT = re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2,4}){3,8}|[0-9][0-9 .\-/xX*]{3,40}[0-9xX]|[0-9]{4,40}")
_DAY = re.compile(r"\d{1,4}[./\-]\d{1,2}[./\-]\d{2,4}")
_PIECES = re.compile(r"[|;]")


@dataclass(slots=True)
class About:
    """What a file says of its account outside of its rows."""

    account: str | None = None
    currency: str | None = None
    opening: Number | None = None
    closing: Number | None = None
    closing_day: str | None = None

    def balance(self, found: Number | None, mark: DecimalMark, order: DateOrder | None) -> Balance | None:
        amount = decimal_of(found.digits, mark) if found else None
        if found is None or amount is None:
            return None
        day: date | None = None
        if found is self.closing and self.closing_day:
            day = read_date(self.closing_day, order)
        return Balance(_signed(found, amount), day)


def about(records: Sequence[Record], known: About | None = None) -> About:
    """Read labels and what stands beside or below them."""
    found = known or About()
    for label, value in _pairs(records):
        name = folded(label)
        money = _money(value)
        if money and money.currency and found.currency is None:
            found.currency = money.currency
        if money and found.opening is None and name.startswith(tuple(OPENING)):
            found.opening = money
        elif money and found.closing is None and name.startswith(tuple(CLOSING)):
            found.closing = money
            day = _DAY.search(label)
            found.closing_day = day[0] if day else found.closing_day
        elif found.currency is None and name in CURRENCY and currency_of(value):
            found.currency = currency_of(value)
        elif found.account is None and ":" not in value and _is_account(name):
            found.account = _account(value)
    for record in records:
        _read_period(found, [cell for cell in record.cells if cell])
    if found.account is None:
        alone = (cell for record in records for cell in record.cells[:1] if cell.isdigit() and 8 <= len(cell) <= 34)
        found.account = next(alone, None)
    return found


def _read_period(found: About, cells: Sequence[str]) -> None:
    """Take the last day of a period as that of the closing balance, and an amount behind a day as that balance."""
    days = [day for cell in cells for day in _DAY.findall(cell[:200])]
    if len(days) > 1 and found.closing_day is None:
        found.closing_day = days[-1]
    if found.closing is None and len(cells) > 1 and readings(cells[-2]):
        money = number(cells[-1])
        if money and money.currency:
            found.closing, found.closing_day = money, cells[-2]
            found.currency = found.currency or money.currency


def _is_account(name: str) -> bool:
    return any(name == word or name.endswith(" " + word) or name.startswith(word + " ") for word in ACCOUNT)


def _money(value: str) -> Number | None:
    found = number(value)
    return found if found and (not found.digits.isdigit() or found.currency) else None


def _account(value: str) -> str | None:
    match = _ACCOUNT.search(value[:100])
    if match is None:
        return None
    account = match[0].strip()
    return account.replace(" ", "") if is_iban(account) else account


def _pairs(records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    """Yield each label with its value: "Currency : INR", two cells side by side, or two rows."""
    for index, record in enumerate(records):
        filled = [cell.strip("#").strip() for cell in record.cells if cell.strip("# ")]
        # The day of a balance may stand between its label and the amount.
        values = [cell for cell in filled if not readings(cell)]
        for cell, after in zip(values, [*values, ""][1:], strict=False):
            for piece in _PIECES.split(cell[:400]):
                label, colon, value = piece.partition(":")
                if colon and value.strip():
                    yield label.strip(), value.strip()
            if after:
                yield cell.rstrip(": "), _with_unit(values, after)
        if len(filled) == 1 and not filled[0].partition(":")[2].strip():
            below = next((later for later in records[index + 1 : index + 3] if not later.is_empty), None)
            if below:
                lone = [cell for cell in below.cells if cell]
                if len(lone) == 1:
                    yield filled[0].rstrip(": "), lone[0]


def _with_unit(filled: list[str], after: str) -> str:
    """Return an amount with the currency that stands in the cell behind it."""
    index = filled.index(after)
    unit = filled[index + 1] if index + 1 < len(filled) else ""
    return f"{after} {unit}" if len(unit) == 3 and currency_of(unit) and number(after) else after


def _signed(found: Number, amount: Decimal) -> Decimal:
    return -amount if found.sign == "-" or found.is_out else amount
