"""The reader of CSV: it looks at all rows first, decides or asks, and then gives line after line."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from ..results import Delimiter, Item, Options, Question, UnreadableFile
from .deciding import Decisions, decide, find_amount
from .detection import chosen_encoding
from .dialect import find_delimiter
from .evidence import Evidence
from .layout import Layout, find_layout, is_movement
from .records import Record, records
from .rows import Rows

HEAD = 300  # records that the layout is found in

EMPTY = _("The file is empty.")
NO_CELLS = _("No line has more than one cell. Cells of CSV are separated by a comma, a semicolon, a tab or a bar (|).")
NO_DATES = _("No column has dates. A statement has the day of each line, such as 2026-01-31.")
NO_AMOUNTS = _("No column has amounts. Say which one it is, or which two for money out and money in.")
NO_ROWS = _("Line %(line)d has the names of the columns, but below it no row has a date and an amount.")


def read_csv(source: BinaryIO, options: Options) -> Iterator[Item]:
    """Yield what is in a file. If something must be asked first, only the questions come. Raises UnreadableFile."""
    encoding = chosen_encoding(source, options)
    if isinstance(encoding, Question):
        yield encoding
        return
    delimiter = options.delimiter or find_delimiter(source, encoding)
    if delimiter is None:
        source.seek(0)
        raise UnreadableFile(EMPTY if not source.read(1000).strip() else NO_CELLS)
    layout, question = _layout(source, encoding, delimiter, options)
    if question:
        yield question
        return
    evidence = _evidence(source, encoding, delimiter, layout)
    decisions = _checked(decide(evidence, layout, options), evidence, layout)
    if decisions.questions:
        yield from decisions.questions
        return
    yield from Rows(layout, decisions).items(records(source, encoding, delimiter))


def _layout(source: BinaryIO, encoding: str, delimiter: Delimiter, options: Options) -> tuple[Layout, Question | None]:
    with closing(records(source, encoding, delimiter)) as found:
        head = [item for item in islice(found, HEAD) if isinstance(item, Record)]
    layout = find_layout(head, options)
    rows = [record.cells for record in head if record.number > layout.header and is_movement(record.cells)]
    columns, question = find_amount(layout, rows)
    layout = replace(layout, columns=columns)
    if question:
        return layout, question
    if not columns.is_complete:
        if layout.header and not rows:
            raise UnreadableFile(NO_ROWS, line=layout.header)
        raise UnreadableFile(NO_AMOUNTS if any(cells.dates for cells in layout.cells) else NO_DATES)
    return layout, None


def _evidence(source: BinaryIO, encoding: str, delimiter: Delimiter, layout: Layout) -> Evidence:
    evidence = Evidence()
    for record in records(source, encoding, delimiter):
        if isinstance(record, Record) and record.number > layout.header:
            evidence.add(record, layout.columns)
    return evidence


def _checked(decisions: Decisions, evidence: Evidence, layout: Layout) -> Decisions:
    if not evidence.rows:
        raise UnreadableFile(NO_ROWS if layout.header else NO_DATES, line=layout.header or None)
    return decisions
