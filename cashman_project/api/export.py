"""A whole list in one answer: as CSV (RFC 4180) or JSON lines."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from itertools import islice
from threading import BoundedSemaphore
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from ..db.connection_pool import CONNECTIONS, POOL
from .fastpath.row_json import TextJSON, row_json
from .filters import check_parameters
from .pagination import read_ordering
from .slow_clients import SpooledResponse, no_room, spool, take_place

ROWS = 2_000  # that are fetched, and written, together
# That a process makes at the same time: whatever else is asked for must not wait behind all of them.
TURNS = BoundedSemaphore(max(1, CONNECTIONS // 4))
# What a spreadsheet may run as a formula (OWASP, "CSV Injection"): these signs, in full width and small ones too, also
# after spaces, a byte order mark and other characters that are not seen; and a tab or the end of a line. An apostrophe
# is among them so that whoever takes one from the front of a cell always has the text itself.
SIGNS = "=+@" + "\uff1d\uff0b\uff0d\uff20" + "\ufe66\ufe62\ufe63\ufe6b" + "\u2212-"
UNSEEN = r"\s\0" + "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
FORMULA = re.compile(rf"'|[\t\n\r]|[{UNSEEN}]*[{SIGNS}]")


class CSVRenderer(BaseRenderer):
    """Names the format; `export_response` writes it."""

    media_type = "text/csv"
    format = "csv"


class LinesRenderer(BaseRenderer):
    """Names the format; `export_response` writes it."""

    media_type = "application/x-ndjson"
    format = "ndjson"


def is_export(request: Request) -> bool:
    """Return whether the request asks for a whole list."""
    return isinstance(request.accepted_renderer, CSVRenderer | LinesRenderer)


def export_response(view: Any) -> SpooledResponse:
    """Return all rows of the view's list that its request asks for; raises ValidationError (400).

    They are read to their end first, a part at a time into a file: a client that reads slowly must
    not keep the database waiting, and what fails is a problem. Raises Unavailable (503) if too many
    clients are reading theirs, or there is no room for the file.
    """
    request, row = view.request, row_json(view.get_serializer())
    renderer = request.accepted_renderer
    check_parameters(request, view.allowed_parameters() - {"cursor", "page_size"}, view.repeatable_parameters)
    sign, field = read_ordering(request, view)
    queryset = view.filter_queryset(view.get_queryset()).order_by(f"{sign}{field}", f"{sign}pk")
    texts = iter(queryset.values_list(row, flat=True).iterator(chunk_size=ROWS))
    chunks = iter(lambda: list(islice(texts, ROWS)), [])
    if isinstance(renderer, CSVRenderer):
        escaped = {
            name
            for name, value in zip(row.names, row.get_source_expressions(), strict=True)
            if isinstance(value, TextJSON)
        }
        content = _csv(row.names, escaped, chunks)
    else:
        content = ("".join([f"{text}\n" for text in chunk]) for chunk in chunks)
    place = take_place()
    try:
        file = _spooled(content)
    except BaseException:
        place()
        raise
    return SpooledResponse(
        file,
        place,
        as_attachment=True,
        filename=f"{view.queryset.model._meta.verbose_name_plural}.{renderer.format}",
        content_type=f"{renderer.media_type}; charset=utf-8",
    )


def _spooled(content: Iterable[str]) -> Any:
    """Return a file of the content, to be read from its start, once it is this export's turn.

    Raises Unavailable (503) if there is no room for it.
    """
    if not TURNS.acquire(blocking=False):
        with POOL.set_aside():
            TURNS.acquire()
    file = spool()
    try:
        for text in content:
            file.write(text.encode())
        file.seek(0)
    except OSError as error:
        raise no_room(file, error) from None
    finally:
        TURNS.release()
    return file


def _csv(names: list[str], escaped: set[str], chunks: Iterator[list[str]]) -> Iterator[str]:
    """Yield the rows below a line of names; a text that a spreadsheet would run is kept from it by an apostrophe."""
    cells: list[Callable[[Any], Any]] = [_escape if name in escaped else lambda value: value for name in names]
    rows: Iterable[Iterable[Any]] = [names]
    while rows:
        lines = StringIO()
        csv.writer(lines).writerows(rows)
        yield lines.getvalue()
        values = (orjson.loads(text).values() for text in next(chunks, []))
        rows = [[cell(value) for cell, value in zip(cells, row, strict=True)] for row in values]


def _escape(text: str | None) -> str | None:
    """Return the text of a cell, with an apostrophe before what a spreadsheet would run or begins with one."""
    return f"'{text}" if text and FORMULA.match(text) else text
