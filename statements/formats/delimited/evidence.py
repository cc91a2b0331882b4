"""What all rows together say: the order of dates, the decimal mark, which way money without a sign went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ..results import DecimalMark
from .columns import Columns
from .dates import DateColumn, is_ambiguous, readings
from .numbers import Marks, Number, decimal_of, number
from .records import Record
from .words import DEAD_WORDS, direction_of, folded

ACCOUNTS = 1000
KEPT = 500  # rows whose balances are followed
Place = tuple[int, str]  # a line of the file and what a cell there has


@dataclass(slots=True)
class Evidence:
    """Counts over all rows that have a date."""

    dates: DateColumn = field(default_factory=DateColumn)
    value_dates: DateColumn = field(default_factory=DateColumn)
    first_date: Place | None = None
    marks: Marks = field(default_factory=Marks)
    minus: int = 0  # amounts with a minus sign, or marked as money out
    unsigned: int = 0
    first_unsigned: Place | None = None
    agreeing: int = 0  # amounts whose sign is what their direction says: minus for out, none for in
    disagreeing: int = 0
    first_disagreeing: Place | None = None
    debits: int = 0
    negative_debits: int = 0
    first_negative_debit: Place | None = None
    first_fee: Place | None = None
    rows: int = 0
    accounts: set[str] = field(default_factory=set)
    kept: list[Sequence[str]] = field(default_factory=list)

    def add(self, record: Record, columns: Columns) -> None:
        cells = record.cells
        day = cell_of(cells, columns.date)
        if not readings(day):
            return
        self.rows += 1
        self.dates.add(day)
        if self.first_date is None and is_ambiguous(day):
            self.first_date = (record.number, day)
        self.value_dates.add(cell_of(cells, columns.value_date))
        for column in columns.money:
            self.marks.add(record.number, cell_of(cells, column))
        self._add_amount(record.number, cells, columns)
        self._add_debit(record.number, cell_of(cells, columns.debit))
        fee = number(cell_of(cells, columns.fee))
        if fee and self.first_fee is None and fee.digits.strip("0.,"):
            self.first_fee = (record.number, cell_of(cells, columns.fee))
        if len(self.accounts) < ACCOUNTS:
            self.accounts.add(cell_of(cells, columns.account))
        if len(self.kept) < KEPT and folded(cell_of(cells, columns.status)) not in DEAD_WORDS:
            self.kept.append(cells)

    def _add_amount(self, line: int, cells: Sequence[str], columns: Columns) -> None:
        cell = cell_of(cells, columns.amount)
        found = number(cell)
        if found is None or not found.digits.strip("0.,"):
            return
        is_minus = found.sign == "-" or found.is_out is True
        self.minus += is_minus
        if not found.sign and found.is_out is None:
            self.unsigned += 1
            self.first_unsigned = self.first_unsigned or (line, cell)
        is_out = direction_of(cell_of(cells, columns.direction))
        if is_out is not None:
            self.agreeing += is_out == is_minus
            self.disagreeing += is_out != is_minus
            if is_out != is_minus and self.first_disagreeing is None:
                self.first_disagreeing = (line, cell)

    def _add_debit(self, line: int, cell: str) -> None:
        found = number(cell)
        if found is None or not found.digits.strip("0.,"):
            return
        self.debits += 1
        if found.sign == "-":
            self.negative_debits += 1
            self.first_negative_debit = self.first_negative_debit or (line, cell)


def cell_of(cells: Sequence[str], column: int | None) -> str:
    """Return a cell of a row, which may be shorter than others."""
    return cells[column] if column is not None and column < len(cells) else ""


@dataclass(frozen=True, slots=True)
class Signs:
    """How the amounts of a file are to be read."""

    mark: DecimalMark = "."
    by_direction: bool = False  # a column says which way money went
    by_pair: bool = False  # money out and money in have columns of their own
    unsigned_is_out: bool = False
    negative_debit_is_in: bool = False
    fee_is_extra: bool = False


class UnreadableAmount(Exception):
    """A cell that should have an amount, and is none."""

    def __init__(self, column: int, cell: str) -> None:
        super().__init__(column, cell)
        self.column = column
        self.cell = cell


def amount_of(cells: Sequence[str], columns: Columns, signs: Signs) -> tuple[Decimal, str | None] | None:
    """Return the amount of a row, negative if money went out, and the currency written at it. None if it has none.

    Raises UnreadableAmount.
    """
    if signs.by_pair:
        debit = magnitude(cells, columns.debit, signs.mark)
        credit = magnitude(cells, columns.credit, signs.mark)
        if debit is None and credit is None:
            return None
        total = Decimal(0)
        if credit:
            total += credit[0]
        if debit:
            total += -debit[0] if signs.negative_debit_is_in else -abs(debit[0])
        return total, (debit and debit[1].currency) or (credit and credit[1].currency) or None
    single = magnitude(cells, columns.amount, signs.mark)
    if single is None:
        return None
    value, found = single
    is_out = direction_of(cell_of(cells, columns.direction)) if signs.by_direction else found.is_out
    if is_out is not None:
        value = -value if is_out else value
    elif signs.unsigned_is_out and found.sign != "+":
        value = -value
    if signs.fee_is_extra and (fee := magnitude(cells, columns.fee, signs.mark)):
        value -= abs(fee[0])
    return value, found.currency


def magnitude(cells: Sequence[str], column: int | None, mark: DecimalMark) -> tuple[Decimal, Number] | None:
    """Return a number with the sign that is written at it. None if the cell is empty. Raises UnreadableAmount."""
    cell = cell_of(cells, column)
    if column is None or not cell.strip("-\u2013 "):
        return None
    found = number(cell)
    value = decimal_of(found.digits, mark) if found else None
    if found is None or value is None:
        raise UnreadableAmount(column, cell)
    return -value if found.sign == "-" else value, found


def balances_follow(rows: Iterable[Sequence[str]], columns: Columns, signs: Signs) -> bool:
    """Tell whether each balance is the one before it and the amount, from the first row on or from the last."""
    steps = down = up = 0
    before: dict[str, tuple[Decimal, Decimal]] = {}
    for cells in rows:
        try:
            amount = amount_of(cells, columns, signs)
            balance = magnitude(cells, columns.balance, signs.mark)
        except UnreadableAmount:
            return False
        if amount is None or balance is None:
            continue
        key = cell_of(cells, columns.currency) + "\0" + cell_of(cells, columns.account)
        if key in before:
            earlier_amount, earlier_balance = before[key]
            steps += 1
            down += earlier_balance + amount[0] == balance[0]
            up += balance[0] + earlier_amount == earlier_balance
        before[key] = (amount[0], balance[0])
    return steps > 0 and steps in (down, up)
