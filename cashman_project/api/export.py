"""Exports: a whole list or table in one response, as CSV (RFC 4180), as a spreadsheet, or as JSON lines."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
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
from .types import JSON, FieldsSerializer, JSONObject, OwnedRows, SerializerField

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


class ExportRenderer(BaseRenderer):
    """The format of an export."""

    schema: JSONObject = {"type": "string"}  # in OpenAPI


class OwnOrderRenderer(ExportRenderer):
    """A format of lists of one resource, which has an order of its own. It writes the rows itself."""

    def write(self, file: IO[bytes], view: "OwnedModelViewSet", queryset: OwnedRows) -> None:
        """Write the rows of the view's list."""
        raise NotImplementedError


class CSVRenderer(ExportRenderer):
    """Declares the format; `spooled_response` writes it."""

    media_type = "text/csv"
    format = "csv"


class SpreadsheetRenderer(ExportRenderer):
    """Declares the format; `spooled_response` writes it."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    format = "xlsx"
    charset = None
    schema = {"type": "string", "format": "binary"}


class LinesRenderer(ExportRenderer):
    """Declares the format; `export_response` writes it."""

    media_type = "application/x-ndjson"
    format = "ndjson"


TABLES = (CSVRenderer, SpreadsheetRenderer)
LISTS = (CSVRenderer, LinesRenderer, SpreadsheetRenderer)


def is_export(request: Request) -> bool:
    """Return whether the request asks for an export."""
    return isinstance(request.accepted_renderer, ExportRenderer)


def export_response(view: "OwnedModelViewSet") -> SpooledResponse:
    """Return the export of a list that the view's request asks for; raises ValidationError (400)."""
    request = view.request
    renderer, name = request.accepted_renderer, str(view.queryset.model._meta.verbose_name_plural)
    allowed = view.allowed_parameters() - {"cursor", "page_size"}
    if isinstance(renderer, OwnOrderRenderer):
        check_parameters(request, allowed - {"ordering"}, view.repeatable_parameters)
        queryset = view.filter_queryset(view.get_queryset())
        return spooled_response(request, name, lambda file: renderer.write(file, view, queryset))
    check_parameters(request, allowed, view.repeatable_parameters)
    sign, key = read_ordering(request, view)
    queryset = Window(key, bool(sign)).ordered(view.filter_queryset(view.get_queryset()))
    serializer = view.get_serializer()
    assert isinstance(serializer, Serializer)
    return rows_response(request, name, columns_of(serializer), _texts(view, queryset))


def rows_response(
    request: Request, name: str, columns: Sequence[Column], chunks: Iterable[Sequence[str]], title: str = ""
) -> SpooledResponse:
    """Return the rows, whose JSON comes in chunks, in the format that the request asks for, one of LISTS.

    Raises ValidationError (400) as `table_response` does.
    """
    if isinstance(request.accepted_renderer, LinesRenderer):

        def write(file: IO[bytes]) -> None:
            for chunk in chunks:
                file.write("".join([f"{text}\n" for text in chunk]).encode())

        return spooled_response(request, name, write)
    return table_response(request, name, columns, cells_of(columns, chunks), title)


def columns_of(serializer: FieldsSerializer) -> list[Column]:
    """Return a column for each field of the serializer's rows."""
    return [Column(name, _kind(field)) for name, field in readable_fields(serializer).items()]


def cells_of(columns: Sequence[Column], chunks: Iterable[Sequence[str]]) -> Iterator[list[JSON]]:
    """Yield the rows of a table, whose JSON comes in chunks."""
    names = [column.name for column in columns]
    return ([row.get(name) for name in names] for chunk in chunks for row in map(orjson.loads, chunk))


def table_response(
    request: Request, name: str, columns: Sequence[Column], rows: Iterable[Sequence[JSON]], title: str = ""
) -> SpooledResponse:
    """Return the rows in the format that the request asks for, one of TABLES. `name` is that of the file, and of the
    sheet unless it has a title of its own. Not every text may be a title.

    Raises ValidationError (400) if a spreadsheet has no room for the rows.
    """

    def write(file: IO[bytes]) -> None:
        if isinstance(request.accepted_renderer, SpreadsheetRenderer):
            write_spreadsheet(file, capfirst(title or name), columns, rows)
        else:
            for text in csv_texts(columns, iter(rows)):
                file.write(text.encode())

    return spooled_response(request, name, write)


def one_query(using: str) -> AbstractContextManager[None]:
    """Return what an export of one query runs in: a transaction if its connection is pooled (see chunked_cursor)."""
    is_pooled = connections[using].settings_dict.get("POOLED")
    return transaction.atomic(using) if is_pooled else nullcontext()


def spooled_response(
    request: Request,
    name: str,
    write: Callable[[IO[bytes]], None],
    reading: Callable[[str], AbstractContextManager[None]] = one_query,
) -> SpooledResponse:
    """Return what `write` writes to a file. It runs in what `reading` returns for the database that it reads from.

    Everything is written before it is sent, so that a client that reads slowly does not keep a database connection
    busy, and an error is still a problem. Raises Unavailable (503) if too many clients are reading their exports, or
    there is no room for the file.
    """
    renderer = request.accepted_renderer
    give_back = take_place()
    try:
        file = _spooled(write, reading)
    except BaseException:
        give_back()
        raise
    charset = f"; charset={renderer.charset}" if renderer.charset else ""
    content_type = f"{renderer.media_type}{charset}"
    return SpooledResponse(file, give_back, filename=f"{name}.{renderer.format}", content_type=content_type)


def _spooled(write: Callable[[IO[bytes]], None], reading: Callable[[str], AbstractContextManager[None]]) -> IO[bytes]:
    """Wait for this export's turn, write a file and return it, ready to be read.

    Raises Unavailable (503) if there is no room for it.
    """
    if not TURNS.acquire(blocking=False):
        with POOL.set_aside():
            TURNS.acquire()
    file = spool()
    try:
        with reading(READING.alias):
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


def rows_of(view: "OwnedModelViewSet", queryset: OwnedRows) -> Iterator[JSONObject]:
    """Yield the rows as JSON has them."""
    return (row for chunk in _texts(view, queryset) for row in map(orjson.loads, chunk))


def database_texts(serializer: FieldsSerializer, queryset: OwnedRows) -> Iterator[list[str]]:
    """Yield lists of the JSON of ROWS rows, which the database writes."""
    texts = iter(queryset.values_list(row_json(serializer), flat=True).iterator(chunk_size=ROWS))
    return iter(lambda: list(islice(texts, ROWS)), [])


def _texts(view: "OwnedModelViewSet", queryset: OwnedRows) -> Iterator[list[str]]:
    """Yield lists of the JSON of ROWS rows."""
    if view.fastpath:
        yield from database_texts(view.serializer_class(), queryset)
    else:
        rows = iter(queryset.iterator(chunk_size=ROWS))
        for chunk in iter(lambda: list(islice(rows, ROWS)), []):
            yield [json_of(data).decode() for data in view.get_serializer(chunk, many=True).data]


def csv_texts(columns: Sequence[Column], rows: Iterator[Sequence[JSON]]) -> Iterator[str]:
    """Yield a line with the names of the columns, and then the rows, some at a time."""
    writers = {Kind.TEXT: _escape, Kind.BOOLEAN: _word}
    special = [(place, writers[column.kind]) for place, column in enumerate(columns) if column.kind in writers]
    chunk: Iterable[Sequence[JSON]] = [[_escape(name) for name, _kind in columns]]
    while chunk:
        lines = StringIO()
        csv.writer(lines).writerows(chunk)
        yield lines.getvalue()
        chunk = [_cells(row, special) for row in islice(rows, ROWS)]


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


def _cells(row: Sequence[JSON], special: Iterable[tuple[int, Callable[[JSON], JSON]]]) -> Sequence[JSON]:
    """Return the row for CSV. The cells at the special places are not what the row has there."""
    values = list(row)
    for place, write in special:
        values[place] = write(values[place])
    return values


def _word(value: JSON) -> JSON:
    """Return true or false as JSON writes them."""
    words: Mapping[object, str] = {True: "true", False: "false"}
    return words.get(value, value)


def _escape(value: JSON) -> JSON:
    """Return the value of a cell. A text that a spreadsheet could run, or that begins with an apostrophe, gets one."""
    text = orjson.dumps(value).decode() if isinstance(value, list | dict) else value
    return f"'{text}" if isinstance(text, str) and FORMULA.match(text) else text
