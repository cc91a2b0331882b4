"""Text to records of cells, with the number of the line where each begins, and a clear error for quotes gone wrong."""

import csv
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from ..encodings import lines
from ..limits import LINES_OF_FILE, TEXT, TOO_MANY_ROWS
from ..results import Delimiter, Message, Problem, UnreadableFile, shown

CELLS = 200  # of one record
LINES = 100  # of one record, whose cells may have line ends
CONTROLS = dict.fromkeys([*range(1, 32), 127], " ")

NUL = _("Line %(line)d has a NUL character, so the file is not text. Cashman reads CSV, OFX, QIF, CAMT and MT940.")
OPEN_QUOTE = _(
    'The cell that begins with a quotation mark (") on line %(line)d is never closed. Close it, or write "" for a '
    "quotation mark within a cell."
)
STRAY_QUOTE = _(
    'This line has text behind a closing quotation mark ("). Write "" for a quotation mark within a quoted cell.'
)
MANY_CELLS = _("Line %(line)d has more than %(most)d cells. No statement has so many columns.")
LONG_CELL = _("A cell of line %(line)d has more than %(most)d characters.")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the file."""

    number: int  # its first line
    cells: list[str]

    @property
    def is_empty(self) -> bool:
        return not any(map(str.strip, self.cells))


class _Lines:
    """The lines of a file for Python's csv, which asks for as many as a record has."""

    def __init__(self, found: Iterator[tuple[int, str]]) -> None:
        self.lines = found
        self.number = 0
        self.record = 1  # the first line of the record that is being read
        self.text = ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, self.text = next(self.lines)
        if self.number - self.record >= LINES:
            raise UnreadableFile(OPEN_QUOTE, line=self.record)
        if self.number > LINES_OF_FILE:
            raise UnreadableFile(TOO_MANY_ROWS, most=LINES_OF_FILE)
        if "\0" in self.text:
            raise UnreadableFile(NUL, line=self.number)
        return self.text + "\n"


def records(source: BinaryIO, encoding: str, delimiter: Delimiter) -> Generator[Record | Problem, None, None]:
    """Yield the records of a file, and a problem for each line that is none."""
    with closing(lines(source, encoding)) as found:
        yield from _records(_Lines(found), delimiter)


def _records(taken: _Lines, delimiter: Delimiter) -> Iterator[Record | Problem]:
    reader = csv.reader(taken, delimiter=delimiter, strict=True)
    while True:
        taken.record = taken.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # csv has no codes for its errors. This one it raises at the end of the file only.
            if "unexpected end of data" in str(error):
                raise UnreadableFile(OPEN_QUOTE, line=taken.record) from None
            yield Problem(taken.record, "", shown(taken.text), Message(STRAY_QUOTE))
            continue
        if len(cells) > CELLS:
            raise UnreadableFile(MANY_CELLS, line=taken.record, most=CELLS)
        if taken.number > taken.record and any(len(cell) > TEXT for cell in cells):
            raise UnreadableFile(LONG_CELL, line=taken.record, most=TEXT)
        is_plain = taken.number == taken.record and '="' not in taken.text and taken.text.isprintable()  # as nearly all
        yield Record(taken.record, [*map(str.strip if is_plain else cleaned, cells)])


def cleaned(cell: str) -> str:
    """Return what is in a cell: without the outer blanks, and without the formula that keeps Excel from reading it."""
    cell = cell.strip()
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        cell = cell[2:-1].strip()
    return cell if cell.isprintable() else cell.translate(CONTROLS)
