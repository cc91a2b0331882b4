"""Exports: a whole list in one response, as CSV (RFC 4180) or as JSON lines."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from itertools import islice
from threading import BoundedSemaphore
from typing import IO, TYPE_CHECKING, TypeAlias

import orjson
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from ..db.connection_pool import CONNECTIONS, POOL
from .fastpath.row_json import TextJSON, find_form, readable_fields, row_json
from .filters import check_parameters
from .pagination import read_ordering
from .renderers import json_of
from .slow_clients import SpooledResponse, no_room, spool, take_place
from .types import JSON, OwnedRows, SerializerField

if TYPE_CHECKING:
    from .viewsets import OwnedModelViewSet

Cell: TypeAlias = Callable[[JSON], JSON]  # makes the value of a cell of CSV

ROWS = 2_000  # rows that are fetched, and written, together
# How many exports a process makes at the same time, so that other requests find free database connections.
TURNS = BoundedSemaphore(max(1, CONNECTIONS // 4))
# What a spreadsheet may run as a formula (OWASP, "CSV Injection"): a text that begins with one of these signs, also in
# full width or small, with a tab or with the end of a line. Invisible characters may come first, such as spaces or a
# byte order mark. A text that begins with an apostrophe gets another one, so that removing one always gives the text.
SIGNS = "=+@" + "\uff1d\uff0b\uff0d\uff20" + "\ufe66\ufe62\ufe63\ufe6b" + "\u2212-"
INVISIBLE = r"\s\0" + "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
FORMULA = re.compile(rf"'|[\t\n\r]|[{INVISIBLE}]*[{SIGNS}]")


class CSVRenderer(BaseRenderer):
    """Declares the format; `export_response` writes it."""

    media_type = "text/csv"
    format = "csv"


class LinesRenderer(BaseRenderer):
    """Declares the format; `export_response` writes it."""

    media_type = "application/x-ndjson"
    format = "ndjson"


def is_export(request: Request) -> bool:
    """Return whether the request asks for an export."""
    return isinstance(request.accepted_renderer, CSVRenderer | LinesRenderer)


def export_response(view: "OwnedModelViewSet") -> SpooledResponse:
    """Return the export that the view's request asks for; raises ValidationError (400).

    All rows are first written to a file, some at a time, so that a client that reads slowly does not keep a database
    connection busy, and an error is still a problem. Raises Unavailable (503) if too many clients are reading their
    exports, or there is no room for the file.
    """
    request, renderer = view.request, view.request.accepted_renderer
    check_parameters(request, view.allowed_parameters() - {"cursor", "page_size"}, view.repeatable_parameters)
    sign, field = read_ordering(request, view)
    queryset = view.filter_queryset(view.get_queryset()).order_by(f"{sign}{field}", f"{sign}pk")
    chunks = _texts(view, queryset)
    if isinstance(renderer, CSVRenderer):
        serializer = view.get_serializer()
        assert isinstance(serializer, Serializer)
        content = _csv({name: _cell(field) for name, field in readable_fields(serializer).items()}, chunks)
    else:
        content = ("".join([f"{text}\n" for text in chunk]) for chunk in chunks)
    give_back = take_place()
    try:
        file = _spooled(content)
    except BaseException:
        give_back()
        raise
    return SpooledResponse(
        file,
        give_back,
        filename=f"{view.queryset.model._meta.verbose_name_plural}.{renderer.format}",
        content_type=f"{renderer.media_type}; charset=utf-8",
    )


def _spooled(content: Iterable[str]) -> IO[bytes]:
    """Wait for this export's turn, write the content to a file and return the file, ready to be read.

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


def _texts(view: "OwnedModelViewSet", queryset: OwnedRows) -> Iterator[list[str]]:
    """Yield lists of the JSON of ROWS rows."""
    if view.fastpath:
        values = queryset.values_list(row_json(view.serializer_class()), flat=True)
        texts = iter(values.iterator(chunk_size=ROWS))
        yield from iter(lambda: list(islice(texts, ROWS)), [])
    else:
        rows = iter(queryset.iterator(chunk_size=ROWS))
        for chunk in iter(lambda: list(islice(rows, ROWS)), []):
            yield [json_of(data).decode() for data in view.get_serializer(chunk, many=True).data]


def _csv(cells: dict[str, Cell], chunks: Iterator[list[str]]) -> Iterator[str]:
    """Yield a line with the names of the fields, and then the rows. `cells` has the function of each field."""
    rows: Iterable[Iterable[JSON]] = [cells]
    while rows:
        lines = StringIO()
        csv.writer(lines).writerows(rows)
        yield lines.getvalue()
        values = (orjson.loads(text) for text in next(chunks, []))
        rows = [[cell(row.get(name)) for name, cell in cells.items()] for row in values]


def _cell(field: SerializerField) -> Cell:
    """Return the function that makes a cell of the field's JSON value. Only a free text may need an apostrophe."""
    form = find_form(field)
    return _escape if form is None or isinstance(form, TextJSON) else lambda value: value


def _escape(value: JSON) -> JSON:
    """Return the value of a cell. A text that a spreadsheet could run, or that begins with an apostrophe, gets one."""
    text = orjson.dumps(value).decode() if isinstance(value, list | dict) else value
    return f"'{text}" if isinstance(text, str) and FORMULA.match(text) else text
