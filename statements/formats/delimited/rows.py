"""Rows to lines: what each row is, and the statements that they belong to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from ..limits import TEXT
from ..results import Balance, DecimalMark, Item, Line, Message, Problem, Skipped, Statement, shown
from .dates import looks_like_date, read_date, readings
from .deciding import Decisions
from .evidence import UnreadableAmount, amount_of, cell_of, magnitude
from .layout import Layout
from .moving_in import CONVERTERS, Export, Row, as_written
from .numbers import currency_of
from .preamble import about
from .records import Record
from .words import CLOSING, DEAD_WORDS, OPENING, PENDING_WORDS, TOTALS, folded

BALANCES = frozenset(OPENING + CLOSING)
LONGEST_LABEL = max(map(len, BALANCES))
FOOTER = 100  # rows without money that are searched for balances

NO_DATE = _("Not imported: it has no date.")
NO_AMOUNT = _("Not imported: it has no amount.")
ZERO = _("Not imported: the amount is zero.")
BALANCE = _("Not imported: it is a balance.")
NEVER_BOOKED = _("Not imported: it was never booked (%(status)s).")
BAD_DATE = _("“%(value)s” is not written like the other dates in this file.")
MISSING_DATE = _("The date of this line is missing.")
BAD_AMOUNT = _("“%(value)s” is not written like the other amounts in this file.")
TOO_WIDE = _("This line has more cells than the others. A text with the delimiter in it must be quoted.")


class Unreadable(Exception):
    """A row that should be a line, and can't be read."""

    def __init__(self, column: int, value: str, text: str) -> None:
        super().__init__(text)
        self.column = column
        self.value = value
        self.text = text


class NoLine(Exception):
    """A row that is no movement of money."""

    def __init__(self, text: str, **values: str) -> None:
        super().__init__(text)
        self.message = Message(text, values)


@dataclass(slots=True)
class Account:
    """A statement while its lines are read, and whether its running balances follow one another."""

    statement: Statement
    first: Line | None = None
    last: Line | None = None
    steps: int = 0
    down: int = 0
    up: int = 0

    def add(self, line: Line) -> None:
        before = self.last
        self.last = line
        self.first = self.first or line
        if before is None:
            return
        self.steps += 1
        if before.balance_after is not None and line.balance_after is not None:
            self.down += before.balance_after + line.amount == line.balance_after
            self.up += line.balance_after + before.amount == before.balance_after

    def set_balances(self) -> None:
        """Say the balances at both ends, unless the file says them elsewhere, or they don't follow."""
        earliest, latest = (self.first, self.last) if self.down == self.steps else (self.last, self.first)
        if earliest is None or latest is None or self.steps not in (self.down, self.up):
            return
        if earliest.balance_after is not None and self.statement.opening is None:
            self.statement.opening = Balance(earliest.balance_after - earliest.amount, None)
        if latest.balance_after is not None and self.statement.closing is None:
            self.statement.closing = Balance(latest.balance_after, latest.date)


@dataclass(slots=True)
class Rows:
    """The reader of rows, once it is decided how."""

    layout: Layout
    decisions: Decisions
    accounts: dict[tuple[str | None, str | None], Account] = field(default_factory=dict)
    footer: list[Record] = field(default_factory=list)

    def items(self, records: Iterable[Record | Problem]) -> Iterator[Item]:
        """Yield what each record is, and each statement before its first line."""
        rows = self._joined(records)
        names = {name: index for index, name in enumerate(self.layout.names)}
        export = Export(names, self.decisions.signs.mark, self.decisions.accounts, self._statement)
        converted = CONVERTERS.get(self.layout.profile.name, as_written) if self.layout.profile else as_written
        for item in converted(rows, export):
            if isinstance(item, Line):
                account = self.accounts[(item.statement.account, item.statement.currency)]
                if account.first is None:
                    yield account.statement
                account.add(item)
            yield item
        self._finish()

    def _joined(self, records: Iterable[Record | Problem]) -> Iterator[Row]:
        """Join each line with the records that go on with its text, and rows that are no lines for the same reason."""
        facts = about(self.layout.preamble)
        currency = self.layout.currency or facts.currency
        before: Row | None = None
        for record in records:
            if record.number <= self.layout.header or _is_declaration(record):
                continue
            if isinstance(record, Problem):
                row: Row | None = (record, ())
            elif before and isinstance(before[0], Line) and self._continues(before[0], record):
                before = (_continued(before[0], self._description(record.cells)), before[1])
                continue
            else:
                cells = self._filled_down(record.cells, before)
                item = self._item(Record(record.number, cells), facts.account, currency)
                row = (item, cells) if item else None
            if before and row and (joined := _both(before[0], row[0])):
                before = (joined, row[1])
                continue
            if before:
                yield before
            before = row
        if before:
            yield before

    def _filled_down(self, cells: list[str], before: Row | None) -> list[str]:
        """Return the cells with those of the row above, where the program leaves them out."""
        profile, column = self.layout.profile, self.layout.columns.date
        if not before or not profile or not profile.filled_down or cell_of(cells, column) or not any(cells):
            return cells
        columns = [self.layout.names.index(name) for name in profile.filled_down if name in self.layout.names]
        return [
            cell_of(before[1], index) if index in columns and not cell else cell for index, cell in enumerate(cells)
        ]

    def _item(self, record: Record, account: str | None, currency: str | None) -> Line | Problem | Skipped | None:
        if record.is_empty:
            return None
        try:
            return self._line(record, account, currency)
        except NoLine as reason:
            if len(self.footer) < FOOTER:
                self.footer.append(record)
            return Skipped(record.number, reason.message)
        except Unreadable as error:
            value = shown(error.value)
            message = Message(error.text, {"value": value} if "%(value)s" in error.text else {})
            return Problem(record.number, self.layout.name(error.column), value, message)

    def _line(self, record: Record, account: str | None, currency: str | None) -> Line:
        cells, columns, signs = record.cells, self.layout.columns, self.decisions.signs
        day = self._day(cells)
        if any(cells[self.layout.width :]):
            raise Unreadable(self.layout.width, cells[self.layout.width], TOO_WIDE)
        try:
            found = amount_of(cells, columns, signs)
            balance = _balance(cells, columns.balance, signs.mark)
        except UnreadableAmount as error:
            raise Unreadable(error.column, error.cell, BAD_AMOUNT) from None
        if found is None:
            raise NoLine(NO_AMOUNT)
        amount, written = found
        status = folded(cell_of(cells, columns.status))
        if status in DEAD_WORDS:
            raise NoLine(NEVER_BOOKED, status=cell_of(cells, columns.status))
        if not amount:
            raise NoLine(ZERO)
        description = self._description(cells)
        if len(description) <= LONGEST_LABEL and folded(description) in BALANCES:
            raise NoLine(BALANCE)
        own = currency_of(cell_of(cells, columns.currency)) or written or currency
        statement = self._statement(cell_of(cells, columns.account).strip('"') or account, own)
        counterparty = " ".join(cell_of(cells, columns.counterparty).split())
        kind = cell_of(cells, columns.kind)
        return Line(
            statement=statement,
            number=record.number,
            date=day,
            amount=amount,
            currency=own,
            description=description or " ".join(kind.split()) or counterparty,
            value_date=read_date(cell_of(cells, columns.value_date), self.decisions.value_date_order),
            bank_id=cell_of(cells, columns.bank_id) or None,
            counterparty=counterparty,
            memo=" ".join(cell_of(cells, columns.memo).split()),
            category=cell_of(cells, columns.category),
            tags=_tags(cell_of(cells, columns.tags)),
            transfer_account=cell_of(cells, columns.transfer_account),
            check_number=cell_of(cells, columns.check_number),
            reference=cell_of(cells, columns.reference),
            kind=kind,
            balance_after=balance,
            is_pending=status in PENDING_WORDS,
        )

    def _day(self, cells: list[str]) -> date:
        column = self.layout.columns.date
        assert column is not None
        cell = cell_of(cells, column)
        day = read_date(cell, self.decisions.date_order)
        if day is None and (readings(cell) or looks_like_date(cell)):
            raise Unreadable(column, cell, BAD_DATE)
        if day is None and not cell and self._is_without_day(cells):
            raise Unreadable(column, cell, MISSING_DATE)
        if day is None:
            raise NoLine(NO_DATE)
        return day

    def _is_without_day(self, cells: list[str]) -> bool:
        """Tell whether a row has a text and an amount, and is no total: some banks write a day only once."""
        if folded(cell_of(cells, self.layout.columns.status)) in PENDING_WORDS | DEAD_WORDS:
            return False
        text = folded(self._description(cells) or cell_of(cells, self.layout.columns.counterparty))
        try:
            found = amount_of(cells, self.layout.columns, self.decisions.signs)
        except UnreadableAmount:
            return False
        return bool(found and found[0] and text) and text not in TOTALS | BALANCES

    def _description(self, cells: list[str]) -> str:
        texts: list[str] = []
        for column in self.layout.columns.description:
            text = " ".join(cell_of(cells, column).split())
            if text and not any(text in other for other in texts):
                texts.append(text)
        return " ".join(texts)

    def _continues(self, line: Line, record: Record) -> bool:
        """Tell whether a record has nothing but more of the text of the line before it."""
        if cell_of(record.cells, self.layout.columns.date) or len(line.description) >= TEXT:
            return False
        filled = {index for index, cell in enumerate(record.cells) if cell}
        return bool(filled) and filled <= set(self.layout.columns.description)

    def _statement(self, account: str | None, currency: str | None) -> Statement:
        key = (account or None, currency)
        if key not in self.accounts:
            self.accounts[key] = Account(Statement(*key))
        return self.accounts[key].statement

    def _finish(self) -> None:
        """Fill in the balances, which may stand above the rows, below them, or in each."""
        facts = about(self.footer, about(self.layout.preamble))
        mark, order = self.decisions.signs.mark, self.decisions.date_order
        if len(self.accounts) == 1:
            [account] = self.accounts.values()
            account.statement.opening = facts.balance(facts.opening, mark, order)
            account.statement.closing = facts.balance(facts.closing, mark, order)
        for account in self.accounts.values():
            account.set_balances()


def _balance(cells: list[str], column: int | None, mark: DecimalMark) -> Decimal | None:
    try:
        found = magnitude(cells, column, mark)
    except UnreadableAmount:
        return None  # a note in place of a balance costs no line
    if found is None:
        return None
    return -found[0] if found[1].is_out else found[0]


def _both(one: Item, other: Item) -> Skipped | None:
    if isinstance(one, Skipped) and isinstance(other, Skipped) and one.message == other.message:
        return replace(one, rows=one.rows + 1)
    return None


def _continued(line: Line, text: str) -> Line:
    return replace(line, description=f"{line.description} {text}".strip())


def _tags(cell: str) -> tuple[str, ...]:
    return tuple(tag for tag in (piece.strip() for piece in cell.split(",")) if tag) if cell else ()


def _is_declaration(record: Record | Problem) -> bool:
    return isinstance(record, Record) and record.number == 1 and cell_of(record.cells, 0).startswith("sep=")
