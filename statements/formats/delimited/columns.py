"""Which column has what: by its name, by what the user says, and by what is in it if it has no known name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from .dates import readings
from .numbers import currency_of, number
from .words import direction_of, folded, meaning

# The day on which the account changed comes first. Each of the others is better than none.
DATES = ("booking", "date", "value_date", "started")
AMOUNTS = ("net", "amount", "gross")
NAMED = (
    "value_date", "debit", "credit", "direction", "currency", "balance", "fee", "counterparty", "bank_id", "account",
    "category", "tags", "memo", "kind", "status", "check_number", "reference",
)  # fmt: skip
MONEY = ("amount", "debit", "credit", "balance", "fee")


@dataclass(frozen=True, slots=True)
class Columns:
    """The number of the column, from 0, that has each thing. None: no column has it."""

    date: int | None = None
    value_date: int | None = None
    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    direction: int | None = None
    fee: int | None = None
    balance: int | None = None
    currency: int | None = None
    counterparty: int | None = None
    bank_id: int | None = None
    account: int | None = None
    transfer_account: int | None = None
    category: int | None = None
    tags: int | None = None
    memo: int | None = None
    kind: int | None = None
    status: int | None = None
    check_number: int | None = None
    reference: int | None = None
    description: tuple[int, ...] = ()

    @property
    def money(self) -> list[int]:
        """The columns whose numbers show how this file writes numbers."""
        return [column for name in MONEY if (column := getattr(self, name)) is not None]

    @property
    def is_complete(self) -> bool:
        return self.date is not None and (self.amount is not None or self.debit is not None or self.credit is not None)


MEANINGS = tuple(field.name for field in fields(Columns))
SINGLES = tuple(name for name in MEANINGS if name != "description")


@dataclass(slots=True)
class Cells:
    """What some cells of a column are."""

    filled: int = 0
    dates: int = 0
    numbers: int = 0
    amounts: int = 0  # numbers with a sign, decimals or a currency, which codes and counters have not
    currencies: int = 0
    directions: int = 0
    letters: int = 0  # characters of texts
    distinct: set[str] = field(default_factory=set)

    def add(self, cell: str) -> None:
        if not cell:
            return
        self.filled += 1
        self.distinct.add(cell)
        found = None
        if readings(cell):
            self.dates += 1
        elif found := number(cell):
            self.numbers += 1
            self.amounts += bool(found.sign or found.currency or not found.digits.isdigit())
        elif len(cell) <= 4 and currency_of(cell):
            self.currencies += 1
        else:
            self.letters += len(cell)
        self.directions += direction_of(cell) is not None


def sample(rows: Sequence[Sequence[str]]) -> list[Cells]:
    """Look at some rows, column by column."""
    columns: list[Cells] = []
    for row in rows:
        while len(columns) < len(row):
            columns.append(Cells())
        for column, cell in zip(columns, row, strict=False):
            column.add(cell)
    return columns


def by_name(names: Sequence[str], cells: Sequence[Cells]) -> Columns:
    """Choose the columns by the words of their names, unless what is in them is something else."""
    found: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        meant = _meaning_with_content(name, cells[index] if index < len(cells) else Cells())
        if meant:
            found.setdefault(meant, []).append(index)
    dates = [column for name in DATES for column in found.get(name, ())]
    amounts = [column for name in AMOUNTS for column in found.get(name, ())]
    chosen: dict[str, int | None] = {name: found[name][0] for name in NAMED if name in found}
    if "currency" in found and amounts:
        chosen["currency"] = min(found["currency"], key=lambda column: abs(column - amounts[0] - 0.5))
    if dates and chosen.get("value_date") == dates[0]:
        del chosen["value_date"]
    if "account" in found:
        # One's own account stands in every row. The first that does not is that of somebody else.
        rows = max((column.filled for column in cells), default=0)
        own = [column for column in found["account"] if column < len(cells) and cells[column].filled == rows]
        chosen["account"] = own[0] if own else None
    names_of_accounts = [column for column in found.get("account_name", ()) if column < len(cells)]
    if not chosen.get("account") and names_of_accounts and len(cells[names_of_accounts[0]].distinct) > 1:
        chosen["account"] = names_of_accounts[0]  # a name is only of use if it tells accounts apart
    if "net" in found:
        chosen.pop("fee", None)
    chosen |= {"date": dates[0] if dates else None, "amount": amounts[0] if amounts else None}
    return changed(Columns(description=tuple(found.get("description", ()))), chosen)


def _meaning_with_content(name: str, cells: Cells) -> str | None:
    meant = meaning(name)
    if folded(name).split(" ")[:1] == ["valuta"]:  # the value date in German, the currency in Swedish and Italian
        return "currency" if cells.currencies else "value_date"
    if not cells.filled:
        return meant
    if meant in ("booking", "date", "started", "value_date") and not cells.dates:
        return None
    if meant in ("net", "amount", "gross", "debit", "credit", "balance", "fee") and not cells.numbers:
        return None
    if meant in ("direction", "kind"):
        return "direction" if cells.directions == cells.filled else "kind"
    if meant == "currency" and not cells.currencies:
        return None
    return meant


def by_content(columns: Columns, cells: Sequence[Cells], rows: int) -> Columns:
    """Add the columns that are plain by what is in them, where names have not told."""
    taken = {getattr(columns, name) for name in SINGLES} | set(columns.description)
    free = [index for index in range(len(cells)) if index not in taken]
    full = [index for index in free if cells[index].filled >= rows * 0.9]
    added: dict[str, int] = {}
    dates = [index for index in full if cells[index].dates == cells[index].filled]
    for name in ("date", "value_date"):
        if getattr(columns, name) is None and dates and (name == "date" or not columns.is_complete):
            added[name] = dates.pop(0)
    if columns.currency is None:
        codes = [index for index in full if cells[index].currencies == cells[index].filled]
        if codes:
            added["currency"] = codes[0]
    if columns.direction is None:
        # Without a name that says so, only a column with both directions is one.
        words = [index for index in full if {direction_of(cell) for cell in cells[index].distinct} == {True, False}]
        if words:
            added["direction"] = words[0]
    if columns.account is None and not columns.is_complete:
        accounts = [
            index for index in full if all(map(is_iban, cells[index].distinct)) and len(cells[index].distinct) < 9
        ]
        if accounts:
            added["account"] = accounts[0]
    description = columns.description
    if not description and columns.counterparty is None:
        texts = [index for index in free if cells[index].letters and index not in added.values()]
        longest = max((cells[index].letters for index in texts), default=0)
        description = tuple(index for index in texts if cells[index].letters * 4 >= longest)
    return changed(replace(columns, description=description), added)


def numeric(columns: Columns, cells: Sequence[Cells]) -> list[int]:
    """Return the columns that may be the amount, if no name has told which one is."""
    taken = {getattr(columns, name) for name in SINGLES}
    found = [index for index, column in enumerate(cells) if column.numbers and column.numbers == column.filled]
    found = [index for index in found if index not in taken]
    # Numbers of accounts and rows are numbers too, but none of them has a sign or decimals.
    return [index for index in found if cells[index].amounts] or found


def is_iban(cell: str) -> bool:
    cell = cell.replace(" ", "")
    return 15 <= len(cell) <= 34 and cell.isalnum() and cell[:2].isalpha() and cell[2:4].isdigit() and cell.isascii()


def by_mapping(
    columns: Columns, names: Sequence[str], mapping: Mapping[str, tuple[str, ...]]
) -> tuple[Columns, list[tuple[str, str]]]:
    """Put the user's columns in, and return those that the file has not: what they were to be, and their name."""
    chosen: dict[str, int] = {}
    missing: list[tuple[str, str]] = []
    for name, wanted in mapping.items():
        indexes = [find(names, column) for column in wanted]
        missing += [(name, column) for column, index in zip(wanted, indexes, strict=True) if index is None]
        known = tuple(index for index in indexes if index is not None)
        if name == "description":
            columns = replace(columns, description=known)
        elif known:
            chosen[name] = known[0]
    if "amount" in chosen:
        columns = replace(columns, debit=None, credit=None)
    elif "debit" in chosen or "credit" in chosen:
        columns = replace(columns, amount=None)
    used = set(chosen.values())
    if "description" not in mapping:
        columns = replace(columns, description=tuple(index for index in columns.description if index not in used))
    changes: dict[str, int | None] = {name: None for name in SINGLES if getattr(columns, name) in used}
    return changed(columns, changes | chosen), missing


def changed(columns: Columns, changes: Mapping[str, int | None]) -> Columns:
    """Return the columns with some of them changed, but not those of the description."""
    values: dict[str, Any] = dict(changes)  # mypy can't tell that the description is not in it
    return replace(columns, **values)


def find(names: Sequence[str], column: str) -> int | None:
    """Return the number of the column of this name, or of this number, counted from 1 there and from 0 here."""
    for index, name in enumerate(names):
        if name == column.strip() or (name and folded(name) == folded(column)):
            return index
    return int(column) - 1 if column.isascii() and column.isdigit() and 1 <= int(column) <= len(names) else None
