"""A whole list in one answer: as CSV (RFC 4180) or JSON lines, streamed row by row as the database gives them."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from io import StringIO
from itertools import chain, islice
from typing import Any

import orjson
from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from .filters import check_parameters
from .pagination import read_ordering
from .sqljson import TextJSON, row_json

ROWS = 2_000  # that are fetched, and sent, together
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


def export_response(view: Any) -> StreamingHttpResponse:
    """Return all rows of the view's list that its request asks for; raises ValidationError (400).

    The first rows are read before the answer begins, so that what fails at once fails with a problem.
    """
    request, row = view.request, row_json(view.get_serializer())
    renderer = request.accepted_renderer
    check_parameters(request, view.allowed_parameters() - {"cursor", "page_size"}, view.repeatable_parameters)
    sign, field = read_ordering(request, view)
    queryset = view.filter_queryset(view.get_queryset()).order_by(f"{sign}{field}", f"{sign}pk")
    texts = iter(queryset.values_list(row, flat=True).iterator(chunk_size=ROWS))
    first = list(islice(texts, ROWS))
    chunks = chain([first], iter(lambda: list(islice(texts, ROWS)), []))
    if isinstance(renderer, CSVRenderer):
        escaped = {
            name
            for name, value in zip(row.names, row.get_source_expressions(), strict=True)
            if isinstance(value, TextJSON)
        }
        content = _csv(row.names, escaped, chunks)
    else:
        content = ("".join([f"{text}\n" for text in chunk]) for chunk in chunks)
    name = f"{view.queryset.model._meta.verbose_name_plural}.{renderer.format}"
    return StreamingHttpResponse(
        content,
        content_type=f"{renderer.media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _csv(names: list[str], escaped: set[str], chunks: Iterable[list[str]]) -> Iterator[str]:
    """Yield the rows below a line of names; a text that a spreadsheet would run is kept from it by an apostrophe."""
    cells: list[Callable[[Any], Any]] = [_escape if name in escaped else lambda value: value for name in names]
    head: list[list[Any]] = [names]
    for chunk in chunks:
        lines = StringIO()
        values = (orjson.loads(text).values() for text in chunk)
        rows = [[cell(value) for cell, value in zip(cells, row, strict=True)] for row in values]
        csv.writer(lines).writerows(head + rows)
        head = []
        yield lines.getvalue()


def _escape(text: str | None) -> str | None:
    """Return the text of a cell, with an apostrophe before what a spreadsheet would run or begins with one."""
    return f"'{text}" if text and FORMULA.match(text) else text
