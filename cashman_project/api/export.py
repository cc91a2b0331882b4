"""Exports: a whole list or table in one response, as CSV (RFC 4180), as a spreadsheet, or as JSON lines."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from io import StringIO
from itertools import islice
from threading import BoundedSemaphore
from typing import IO, TYPE_CHECKING

import orjson
from django.db import connections, transaction
from django.utils.text import capfirst
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from ..db.connection_pool import CONNECTIONS, POOL
from ..db.replica import READING
from .fastpath.row_json import RowJSON, TextJSON, find_form, readable_fields, row_json
from .filters import check_parameters
from .pagination import Window, read_ordering
from .renderers import json_of
from .slow_clients import SpooledResponse, no_room, spool, take_place
from .spreadsheet import Column, Kind, write_spreadsheet
from .types import JSON, OwnedRows, SerializerField

if TYPE_CHECKING:
    from .viewsets import OwnedModelViewSet

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
    """Declares the format; `spooled_response` writes it."""

    media_type = "text/csv"
    format = "csv"


class SpreadsheetRenderer(BaseRenderer):
    """Declares the format; `spooled_response` writes it."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    format = "xlsx"
    charset = None


class LinesRenderer(BaseRenderer):
    """Declares the format; `export_response` writes it."""

    media_type = "application/x-ndjson"
    format = "ndjson"


TABLES = (CSVRenderer, SpreadsheetRenderer)
LISTS = (CSVRenderer, LinesRenderer, SpreadsheetRenderer)


def is_export(request: Request) -> bool:
    """Return whether the request asks for an export."""
    return isinstance(request.accepted_renderer, LISTS)


def export_response(view: "OwnedModelViewSet") -> SpooledResponse:
    """Return the export of a list that the view's request asks for; raises ValidationError (400)."""
    request = view.request
    check_parameters(request, view.allowed_parameters() - {"cursor", "page_size"}, view.repeatable_parameters)
    sign, key = read_ordering(request, view)
    queryset = Window(key, bool(sign)).ordered(view.filter_queryset(view.get_queryset()))
    chunks = _texts(view, queryset)
    name = str(view.queryset.model._meta.verbose_name_plural)
    if isinstance(request.accepted_renderer, LinesRenderer):

        def write(file: IO[bytes]) -> None:
            for chunk in chunks:
                file.write("".join([f"{text}\n" for text in chunk]).encode())

        return spooled_response(request, name, write)
    serializer = view.get_serializer()
    assert isinstance(serializer, Serializer)
    fields = readable_fields(serializer)
    rows = ([row.get(name) for name in fields] for chunk in chunks for row in map(orjson.loads, chunk))
    return table_response(request, name, [Column(name, _kind(field)) for name, field in fields.items()], rows)


def table_response(
    request: Request, name: str, columns: Sequence[Column], rows: Iterable[Sequence[JSON]]
) -> SpooledResponse:
    """Return the rows in the format that the request asks for, one of TABLES. `name` is that of the file and the sheet.

    Raises ValidationError (400) if a spreadsheet has no room for the rows.
    """

    def write(file: IO[bytes]) -> None:
        if isinstance(request.accepted_renderer, SpreadsheetRenderer):
            write_spreadsheet(file, capfirst(name), columns, rows)
        else:
            for text in _csv(columns, iter(rows)):
                file.write(text.encode())

    return spooled_response(request, name, write)


def spooled_response(request: Request, name: str, write: Callable[[IO[bytes]], None]) -> SpooledResponse:
    """Return what `write` writes to a file.

    Everything is written before it is sent, so that a client that reads slowly does not keep a database connection
    busy, and an error is still a problem. Raises Unavailable (503) if too many clients are reading their exports, or
    there is no room for the file.
    """
    renderer = request.accepted_renderer
    give_back = take_place()
    try:
        file = _spooled(write)
    except BaseException:
        give_back()
        raise
    charset = f"; charset={renderer.charset}" if renderer.charset else ""
    content_type = f"{renderer.media_type}{charset}"
    return SpooledResponse(file, give_back, filename=f"{name}.{renderer.format}", content_type=content_type)


def _spooled(write: Callable[[IO[bytes]], None]) -> IO[bytes]:
    """Wait for this export's turn, write a file and return it, ready to be read.

    Raises Unavailable (503) if there is no room for it.
    """
    if not TURNS.acquire(blocking=False):
        with POOL.set_aside():
            TURNS.acquire()
    file = spool()
    try:
        is_pooled = connections[READING.alias].settings_dict.get("POOLED")  # see chunked_cursor
        with transaction.atomic(READING.alias) if is_pooled else nullcontext():
            write(file)
        file.seek(0)
    except OSError as error:
        raise no_room(file, error) from None
    except BaseException:
        file.close()
        raise
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


def _csv(columns: Sequence[Column], rows: Iterator[Sequence[JSON]]) -> Iterator[str]:
    """Yield a line with the names of the columns, and then the rows, some at a time."""
    free = [place for place, column in enumerate(columns) if column.kind == Kind.TEXT]
    chunk: Iterable[Sequence[JSON]] = [[_escape(name) for name, _kind in columns]]
    while chunk:
        lines = StringIO()
        csv.writer(lines).writerows(chunk)
        yield lines.getvalue()
        chunk = [_escaped(row, free) for row in islice(rows, ROWS)]


def _kind(field: SerializerField) -> Kind:
    """Return what the field's values are. Only a free text may need an apostrophe in CSV."""
    form = find_form(field)
    if form is None or isinstance(form, TextJSON | RowJSON):
        return Kind.TEXT
    if isinstance(field, serializers.DateTimeField | serializers.UUIDField):
        return Kind.LONG
    if isinstance(field, serializers.DateField):
        return Kind.DATE
    if isinstance(field, serializers.BooleanField):
        return Kind.BOOLEAN
    if isinstance(field, serializers.IntegerField):
        return Kind.INTEGER
    return Kind.DECIMAL if getattr(field, "is_decimal", False) else Kind.WORD


def _escaped(row: Sequence[JSON], free: Iterable[int]) -> Sequence[JSON]:
    """Return the row, whose cells at these places are free texts, for CSV."""
    values = list(row)
    for place in free:
        values[place] = _escape(values[place])
    return values


def _escape(value: JSON) -> JSON:
    """Return the value of a cell. A text that a spreadsheet could run, or that begins with an apostrophe, gets one."""
    text = orjson.dumps(value).decode() if isinstance(value, list | dict) else value
    return f"'{text}" if isinstance(text, str) and FORMULA.match(text) else text
