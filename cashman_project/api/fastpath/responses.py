"""The two most frequent responses, a page and a row, as JSON that the database writes.

They have the same bytes that the serializers and the renderer would make, for a small part of the work.

The reasons are in docs/adr/0014-json-by-the-database.md.
"""

from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

import orjson
from django.core.exceptions import SuspiciousOperation
from django.db.models import F, OuterRef
from django.http import HttpResponse
from rest_framework.exceptions import NotFound, ValidationError

from cashman_project.db.compiled import Parameter, Statement

from ..owner import owner_of
from ..pagination import PageRequest, Window, read_page_request
from .owner_query import Lines, OwnerQuery
from .row_json import RowJSON, TabbedJSON, TextJSON, row_json

ANCHOR = ("anchor value", "anchor id")  # what a page starts beside; no names of filters


class PageQuery(OwnerQuery):
    """The rows of a page without filters, as the request wants it."""

    def __init__(self, wanted: PageRequest, lines: Lines, **values: Any) -> None:
        super().__init__(lines, **values)
        self.wanted = wanted


def owner_query_for(view: Any) -> OwnerQuery:
    """Return what the view's request asks for, where that is a row or a page without filters, as JSON.

    What is wrong with the request is for others to say: what matters first is who sent it.
    """
    with suppress(NotFound, SuspiciousOperation, ValidationError):
        if view.action == "retrieve":
            return OwnerQuery(_row_lines(view.__class__), id=view.get_key(), limit=1)
        if view.action == "list" and not view.is_filtered():
            wanted = read_page_request(view.request, view)
            window, anchor = wanted.window, _anchor_values(view, wanted)
            lines = _page_lines(view.__class__, window.field, window.descending, bool(anchor))
            return PageQuery(wanted, lines, limit=window.size + 1, **anchor)
    return OwnerQuery()


def page_response(view: Any) -> HttpResponse:
    """Return the page of the view's list that its request asks for; raises ValidationError (400)."""
    query = view.owner_query
    if isinstance(query, PageQuery):
        wanted, lines = query.wanted, query.lines(owner_of(view.request))
    else:
        wanted = read_page_request(view.request, view)
        lines = _filtered_lines(view, wanted)
    field = wanted.window.field
    page = wanted.page(lines, partial(_anchor, view.__class__, field))
    rows = page.rows if _name_of(view.__class__, field) else [line.partition("\t")[0] for line in page.rows]
    head = b'{"next":%s,"previous":%s,"results":[' % (orjson.dumps(page.next), orjson.dumps(page.previous))
    content = head + ",".join(rows).encode() + b"]}"
    return HttpResponse(content, content_type="application/json", headers=page.headers())


def row_content(view: Any) -> bytes:
    """Return the JSON of the owner's row that the view's request asks for; raises NotFound (404)."""
    if not view.owner_query.columns:  # the path names no id
        raise NotFound
    lines: list[str] = view.owner_query.lines(owner_of(view.request))
    if not lines:
        raise NotFound
    return lines[0].encode()


def _anchor_values(view: Any, wanted: PageRequest) -> dict[str, Any]:
    """Return the parameters' values of what the page starts beside."""
    return dict(zip(ANCHOR, wanted.anchor(view.queryset.model), strict=False))


def _filtered_lines(view: Any, wanted: PageRequest) -> list[str]:
    """Return the lines of a page with filters; raises ValidationError (400).

    They have a query of their own: which index is the best depends on how many rows the owner has.
    """
    filters = view.filterset_class
    window, anchor = wanted.window, _anchor_values(view, wanted)
    values = filters.values_of(view.request)
    if filters.are_open(values):
        statement = _filtered_statement(view.__class__, window, bool(anchor), tuple(values))
        return [line for (line,) in statement.rows({"owner": owner_of(view.request).pk, **anchor, **values})]
    rows = window.of(filters.applied(view.get_queryset(), values), *anchor.values())
    return list(_lines(view.__class__, rows, window.field).values_list("line", flat=True))


def _anchor(view: Any, field: str, line: str) -> tuple[Any, str]:
    """Return the value of the ordering's field and the id of a row of a page."""
    row, _tab, unseen = line.partition("\t")
    data = orjson.loads(row)
    return orjson.loads(unseen) if unseen else data[_name_of(view, field)], data["id"]


@lru_cache
def _name_of(view: Any, field: str) -> str:
    """Return the name that the rows have for that field; "" where they don't show it."""
    fields = view.serializer_class().fields
    return next((name for name in fields if fields[name].source == field), "")


@lru_cache
def _page_lines(view: Any, field: str, descending: bool, beyond: bool) -> Lines:
    window = Window(field, descending)
    return Lines(_lines(view, window.ordered(_rows(view), *_beside(view, window, beyond)), field))


@lru_cache(maxsize=500)
def _filtered_statement(view: Any, window: Window, beyond: bool, names: tuple[str, ...]) -> Statement:
    model, filters = view.queryset.model, view.filterset_class
    rows = view.queryset.all().for_owner(Parameter("owner", model._meta.get_field("owner")))
    filtered = filters.applied(rows, filters.parameters(model, names))
    lines = _lines(view, window.of(filtered, *_beside(view, window, beyond)), window.field)
    return Statement(lines.values_list("line"), prepared=False)


def _beside(view: Any, window: Window, beyond: bool) -> list[Parameter]:
    """Return the parameters of what a page starts beside."""
    fields = window.fields(view.queryset.model) if beyond else ()
    return [Parameter(name, field) for name, field in zip(ANCHOR, fields, strict=False)]


@lru_cache
def _row_lines(view: Any) -> Lines:
    rows = _rows(view).filter(pk=Parameter("id", view.queryset.model._meta.pk))
    return Lines(rows.order_by().values(line=_json_of(view)))


def _rows(view: Any) -> Any:
    return view.queryset.all().for_owner(OuterRef("owner"))


def _lines(view: Any, rows: Any, field: str) -> Any:
    """Return the rows as JSON in `line`; after a tab follows the text that they are ordered by where that lacks it."""
    line = _json_of(view)
    return rows.values(line=line if _name_of(view, field) else TabbedJSON(line, TextJSON(F(field))))


@lru_cache
def _json_of(view: Any) -> RowJSON:
    return row_json(view.serializer_class())
