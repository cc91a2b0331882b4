"""Spreadsheets: rows as an .xlsx file (Office Open XML), some at a time.

A number is a number in its cell only if it has at most 15 digits, which is what Excel keeps. All others are text, so no
digit is ever lost. A text is always a text: nothing in it is run as a formula or becomes a link.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from enum import Enum
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple, TypeAlias

import orjson
import xlsxwriter
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from xlsxwriter.exceptions import FileCreateError, FileSizeError

from .dates import FIRST_DATE
from .types import JSON

MOST_ROWS = 1_048_575  # below the names of the columns: what a sheet of Excel has room for
DIGITS = 15  # that Excel keeps of a number
# What a workbook is told, so that it holds one row at a time, and takes texts as they are.
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class Kind(Enum):
    """What the values of a column are, and how wide it is."""

    TEXT = "free text", 28  # that a user may have written
    WORD = "text", 14  # that the service writes
    LONG = "long text", 38  # likewise
    BOOLEAN = "true or false", 10
    INTEGER = "whole number", 10
    DECIMAL = "decimal number", 16  # as text in JSON
    DATE = "date", 12

    @property
    def width(self) -> int:
        return self.value[1]


CellWriter: TypeAlias = Callable[[int, int, Any], None]  # Any: of a row, a column, and a value of the column's kind


class Column(NamedTuple):
    name: str
    kind: Kind


def write_spreadsheet(file: IO[bytes], title: str, columns: Sequence[Column], rows: Iterable[Sequence[JSON]]) -> None:
    """Write a file with one sheet: the names of the columns, which stay in view and filter, and the
    rows.

    Raises ValidationError (400) if a sheet has no room for them, and OSError if they can't be written.
    """
    with TemporaryDirectory() as directory:  # for the rows, which are written before the file is put together
        book = xlsxwriter.Workbook(file, {**OPTIONS, "tmpdir": directory})
        sheet = book.add_worksheet(title)
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, max(column.kind.width, min(len(column.name) + 2, 40)))
            sheet.write_string(0, place, column.name, bold)
        writer = _Writer(book, sheet)
        try:
            number = writer.write(columns, rows)
            sheet.autofilter(0, 0, number, len(columns) - 1)
            book.close()
        except FileCreateError as error:
            raise OSError(*error.args[0].args) from None
        except FileSizeError:
            raise _too_large() from None
        finally:
            with suppress(OSError):  # closing writes what is still in the buffer, which may fail again
                sheet.row_data_fh.close()


class _Writer:
    """Writes the cells of a sheet."""

    def __init__(self, book: xlsxwriter.Workbook, sheet: Any) -> None:  # Any: XlsxWriter has no types
        self.book = book
        self.sheet = sheet
        self.date_format = book.add_format({"num_format": "yyyy-mm-dd"})
        self.right = book.add_format({"align": "right"})
        self.formats: dict[int, object] = {}

    def write(self, columns: Sequence[Column], rows: Iterable[Sequence[JSON]]) -> int:
        """Write the rows below the names of the columns, and return how many there are.

        Raises ValidationError (400) if there are too many.
        """
        writers = [self.of(column.kind) for column in columns]
        number = 0
        for number, row in enumerate(rows, 1):
            if number > MOST_ROWS:
                raise _too_large()
            for place, (write_cell, value) in enumerate(zip(writers, row, strict=True)):
                if value is not None:
                    write_cell(number, place, value)
        return number

    def of(self, kind: Kind) -> CellWriter:
        """Return the function that writes a value of the kind to a row and a column."""
        writers: dict[Kind, CellWriter] = {
            Kind.BOOLEAN: self._boolean,
            Kind.INTEGER: self._integer,
            Kind.DECIMAL: self._decimal,
            Kind.DATE: self._date,
        }
        return writers.get(kind, self._text)

    def _text(self, row: int, place: int, value: JSON) -> None:
        text = orjson.dumps(value).decode() if isinstance(value, list | dict) else str(value)
        if text:
            self.sheet.write_string(row, place, text)

    def _boolean(self, row: int, place: int, value: bool) -> None:
        self.sheet.write_boolean(row, place, value)

    def _integer(self, row: int, place: int, value: int) -> None:
        self.sheet.write_number(row, place, value)

    def _date(self, row: int, place: int, value: str | datetime.date) -> None:
        """Write a date. Excel has none before FIRST_DATE, but sums may be compared with earlier days: they are text."""
        date = datetime.date.fromisoformat(value) if isinstance(value, str) else value
        if date < FIRST_DATE:
            self.sheet.write_string(row, place, date.isoformat(), self.right)
            return
        self.sheet.write_datetime(row, place, date, self.date_format)

    def _decimal(self, row: int, place: int, value: str) -> None:
        """Write a number such as "-50.00", with as many decimals."""
        digits = value.lstrip("-").replace(".", "").strip("0")
        if len(digits) > DIGITS:
            self.sheet.write_string(row, place, value, self.right)
            return
        decimals = len(value.partition(".")[2])
        if decimals not in self.formats:
            form = f"#,##0.{decimals * '0'}".rstrip(".")
            self.formats[decimals] = self.book.add_format({"num_format": form})
        # XlsxWriter writes a Decimal digit by digit.
        self.sheet.write_number(row, place, Decimal(value), self.formats[decimals])


def _too_large() -> ValidationError:
    message = _("A spreadsheet has room for %(most)d rows: filter further, or take CSV.") % {"most": MOST_ROWS}
    return ValidationError([message], code="too_many_rows")
