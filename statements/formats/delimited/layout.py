"""Where the rows of a file begin, and what its columns are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_noop as _

from ..results import Options, UnreadableFile, shown
from .columns import AMOUNTS, DATES, MEANINGS, Cells, Columns, by_content, by_mapping, by_name, find, sample
from .dates import readings
from .numbers import currency_in, number
from .preamble import about
from .profiles import Profile, profile_of
from .records import Record
from .words import meaning

PREAMBLE = 100  # records in which the names of the columns are looked for
NO_SUCH_COLUMN = _("The file has no column “%(column)s” for %(name)s. It has: %(names)s.")
NO_SUCH_MEANING = _("“%(name)s” is not a meaning that a column can have. Use one of: %(names)s.")
NO_HEADER = _("Line %(line)d, which should have the names of the columns, is not there or empty.")


@dataclass(frozen=True, slots=True)
class Layout:
    """The names and meanings of the columns, and what stands above them."""

    header: int  # its line; 0: there is none
    names: list[str]
    columns: Columns
    cells: list[Cells]  # a sample of what is in the columns
    preamble: list[Record]
    width: int  # how many cells a row has at most
    profile: Profile | None = None

    @property
    def currency(self) -> str | None:
        """The currency in the name of a column of amounts, such as "Amount (EUR)"."""
        columns = (self.columns.amount, self.columns.debit, self.columns.credit, self.columns.balance)
        names = (self.names[column] for column in columns if column is not None and column < len(self.names))
        return next(filter(None, map(currency_in, names)), None)

    def name(self, column: int | None) -> str:
        """Return what a column is called, for people: its name, or its number from 1."""
        if column is None:
            return ""
        name = self.names[column] if column < len(self.names) else ""
        return name or str(column + 1)


def find_layout(head: Sequence[Record], options: Options) -> Layout:
    """Return the layout of a file that begins with these records. Raises UnreadableFile if the options don't fit."""
    mapping = dict(options.columns)
    if options.amount_column is not None:
        mapping["amount"] = (options.amount_column,)
    for name in mapping:
        if name not in MEANINGS:
            raise UnreadableFile(NO_SUCH_MEANING, name=shown(name), names=", ".join(MEANINGS))
    index = _header(head, options.header, mapping)
    below = [record.cells for record in head[0 if index is None else index + 1 :]]
    rows = [cells for cells in below if is_movement(cells)] or [cells for cells in below if any(cells)]
    names = [] if index is None else [name.lstrip("#").strip() for name in head[index].cells]
    width = max(len(names), max(map(len, rows[:1]), default=0))
    cells = sample(rows)
    profile = profile_of(names)
    columns = profile.place(names) if profile else by_content(by_name(names, cells), cells, len(rows))
    preamble = list(head[:index]) if index is not None else []
    stated = about(preamble).account
    has_account = columns.account is not None and columns.account < len(cells)
    accounts = cells[columns.account or 0].distinct if has_account else set[str]()
    if stated and stated not in accounts:
        columns = replace(columns, account=None)  # it has the accounts of others
    columns, missing = by_mapping(columns, names or [""] * width, mapping)
    for name, column in missing:
        raise UnreadableFile(
            NO_SUCH_COLUMN, column=shown(column), name=name, names=shown(", ".join(filter(None, names)))
        )
    first = head[index].number if index is not None else 0
    return Layout(first, names, columns, cells, preamble, width, profile)


def is_movement(cells: Sequence[str]) -> bool:
    """Tell whether a row has a day and a number, as those with money have."""
    return any(map(readings, cells)) and any(number(cell) and not readings(cell) for cell in cells)


def _header(head: Sequence[Record], line: int | None, mapping: Mapping[str, tuple[str, ...]]) -> int | None:
    if line == 0:
        return None
    if line is not None:
        for index, record in enumerate(head):
            if record.number == line and not record.is_empty:
                return index
        raise UnreadableFile(NO_HEADER, line=line)
    named = [column for wanted in mapping.values() for column in wanted if not column.isdigit()]
    for index, record in enumerate(head[:PREAMBLE]):
        if named and all(find(record.cells, column) is not None for column in named):
            return index
    best, most = None, 0
    for index, record in enumerate(head[:PREAMBLE]):
        known = {meant for cell in record.cells if cell and (meant := meaning(cell))}
        if (
            known & {*DATES}
            and known & {*AMOUNTS, "debit", "credit"}
            and len(known) > most
            and not is_movement(record.cells)
        ):
            best, most = index, len(known)
    return best if best is not None else _unknown_header(head)


def _unknown_header(head: Sequence[Record]) -> int | None:
    """Return the record right above the first row with money, if it has as many cells and all are texts."""
    for index, record in enumerate(head[:PREAMBLE]):
        if profile_of([name.lstrip("#").strip() for name in record.cells]):
            return index
        if is_movement(record.cells):
            above = head[index - 1].cells if index else []
            texts = [cell for cell in above if cell]
            if len(above) != len(record.cells) or len(texts) < 2 or len(set(texts)) < len(texts):
                return None
            return None if any(readings(cell) or number(cell) for cell in texts) else index - 1
    return None
