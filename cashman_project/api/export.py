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
from .fastpath.row_json import TextJSON, find_form, readable_fields, row_json
from .filters import check_parameters
from .pagination import read_ordering
from .renderers import json_of
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
    request, renderer = view.request, view.request.accepted_renderer
    check_parameters(request, view.allowed_parameters() - {"cursor", "page_size"}, view.repeatable_parameters)
    sign, field = read_ordering(request, view)
    queryset = view.filter_queryset(view.get_queryset()).order_by(f"{sign}{field}", f"{sign}pk")
    chunks = _texts(view, queryset)
    if isinstance(renderer, CSVRenderer):
        fields = readable_fields(view.get_serializer())
        content = _csv({name: _cell(field) for name, field in fields.items()}, chunks)
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


def _texts(view: Any, queryset: Any) -> Iterator[list[str]]:
    """Yield the JSON of the rows, ROWS of them together."""
    if view.fastpath:
        values = queryset.values_list(row_json(view.get_serializer()), flat=True)
        texts = iter(values.iterator(chunk_size=ROWS))
        yield from iter(lambda: list(islice(texts, ROWS)), [])
    else:
        rows = iter(queryset.iterator(chunk_size=ROWS))
        for chunk in iter(lambda: list(islice(rows, ROWS)), []):
            yield [json_of(data).decode() for data in view.get_serializer(chunk, many=True).data]


def _csv(cells: dict[str, Callable[[Any], Any]], chunks: Iterator[list[str]]) -> Iterator[str]:
    """Yield the rows below a line of the names in `cells`, which make what stands in a cell of a JSON value."""
    rows: Iterable[Iterable[Any]] = [cells]
    while rows:
        lines = StringIO()
        csv.writer(lines).writerows(rows)
        yield lines.getvalue()
        values = (orjson.loads(text) for text in next(chunks, []))
        rows = [[cell(row.get(name)) for name, cell in cells.items()] for row in values]


def _cell(field: Any) -> Callable[[Any], Any]:
    """Return what makes a cell of the field's JSON value: what is known to be no free text stays as it is."""
    form = find_form(field)
    return _escape if form is None or isinstance(form, TextJSON) else lambda value: value


def _escape(value: Any) -> Any:
    """Return the value of a cell, a text with an apostrophe before what a spreadsheet would run or begins with one."""
    text = orjson.dumps(value).decode() if isinstance(value, list | dict) else value
    return f"'{text}" if isinstance(text, str) and FORMULA.match(text) else text
