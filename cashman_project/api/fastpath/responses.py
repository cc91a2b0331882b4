"""The two most frequent responses, a page and a row, as JSON that the database writes.

They have the same bytes that the serializers and the renderer would make, for a small part of the work.

The reasons are in docs/adr/0014-json-by-the-database.md.
"""

from contextlib import suppress
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeAlias

import orjson
from django.core.exceptions import SuspiciousOperation
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.exceptions import NotFound, ValidationError

from cashman_project.db.compiled import Parameter, Statement

from ..owner import owner_of
from ..pagination import OrderedBy, PageRequest, Window, read_page_request
from .owner_query import Lines, OwnerQuery
from .row_json import RowJSON, TabbedJSON, TextJSON, row_json

if TYPE_CHECKING:
    from ..viewsets import OwnedModelViewSet

    ViewSet: TypeAlias = type[OwnedModelViewSet]
    Rows: TypeAlias = QuerySet[Model, object]  # of any owned model, or dictionaries with its `line`

CURSOR = ("cursor value", "cursor id")  # parameters of a page's query; no filter has such a name


class PageQuery(OwnerQuery):
    """The query for a page without filters, and the request for that page."""

    page_request: PageRequest


def owner_query_for(view: "OwnedModelViewSet") -> OwnerQuery:
    """Return the query for the row, or the page without filters, that the view's request asks for.

    For a page with filters, it only finds the view's `owner_columns`. It is empty for any other request, also for a
    wrong one. The error comes later, after the user is known.
    """
    if view.action not in ("retrieve", "list"):
        return OwnerQuery()
    extras = view.owner_columns()
    with suppress(NotFound, SuspiciousOperation, ValidationError):
        if view.action == "retrieve":
            return OwnerQuery(_row_lines(view.__class__), extras, id=view.get_key(), limit=1)
        if not view.is_filtered():
            page_request = read_page_request(view.request, view)
            window, cursor = page_request.window, _cursor_values(view, page_request)
            lines = _page_lines(view.__class__, window.order_by, window.descending, bool(cursor))
            query = PageQuery(lines, extras, limit=window.size + 1, **cursor)
            query.page_request = page_request
            return query
    return OwnerQuery(extras=extras)


def page_response(view: "OwnedModelViewSet", query: OwnerQuery) -> HttpResponse:
    """Return the page of the view's list that its request asks for, found by the query if there are no filters.

    Raises ValidationError (400).
    """
    if isinstance(query, PageQuery):
        page_request, lines = query.page_request, query.lines(owner_of(view.request))
    else:
        page_request = read_page_request(view.request, view)
        lines = _filtered_lines(view, page_request)
    order_by = page_request.window.order_by
    page = page_request.page(lines, partial(_cursor_values_of, view.__class__, order_by))
    rows = page.rows if _name_of(view.__class__, order_by) else [line.partition("\t")[0] for line in page.rows]
    head = b'{"next":%s,"previous":%s,"results":[' % (orjson.dumps(page.next), orjson.dumps(page.previous))
    content = head + ",".join(rows).encode() + b"]}"
    return HttpResponse(content, content_type="application/json", headers=page.headers())


def row_content(view: "OwnedModelViewSet", query: OwnerQuery) -> bytes:
    """Return the JSON of the row that the query finds; raises NotFound (404)."""
    if not query.has_lines:  # the path names no id
        raise NotFound
    lines = query.lines(owner_of(view.request))
    if not lines:
        raise NotFound
    return lines[0].encode()


def _cursor_values(view: "OwnedModelViewSet", page_request: PageRequest) -> dict[str, object]:
    """Return the values of the parameters in CURSOR; none for the first page."""
    return dict(zip(CURSOR, page_request.start(view.queryset.model), strict=False))


def _filtered_lines(view: "OwnedModelViewSet", page_request: PageRequest) -> list[str]:
    """Return the lines of a page with filters; raises ValidationError (400).

    They have a query of their own, because the best index depends on how many rows the owner has.
    """
    filters = view.filterset_class
    assert filters is not None  # otherwise there would be an owner query
    window, cursor = page_request.window, _cursor_values(view, page_request)
    values = filters.values_of(view.request)
    if filters.allow_parameters(values):
        statement = _filtered_statement(view.__class__, window, bool(cursor), tuple(values))
        return [line for (line,) in statement.rows({"owner": owner_of(view.request).pk, **cursor, **values})]
    rows = window.of(filters.applied(view.get_queryset(), values), *cursor.values())
    return list(_lines(view.__class__, rows, window).values_list("line", flat=True))


def _cursor_values_of(view: "ViewSet", order_by: OrderedBy, line: str) -> tuple[object, str]:
    """Return a row's value of what the list is ordered by, and its id, for the links to the neighbours of its page.

    They are read from the row's JSON. Columns of their own would have to be cut off every row of the page, while only
    its first and last row need them.
    """
    row, _tab, value = line.partition("\t")
    data = orjson.loads(row)
    return orjson.loads(value) if value else data[_name_of(view, order_by)], data["id"]


@lru_cache
def _name_of(view: "ViewSet", order_by: OrderedBy) -> str:
    """Return the name that the field has in the rows' JSON; "" if it is not there, or is a sort key."""
    fields = view.serializer_class().fields.items()
    return next((name for name, one in fields if one.source == order_by), "")


@lru_cache
def _page_lines(view: "ViewSet", order_by: OrderedBy, descending: bool, has_cursor: bool) -> Lines:
    window = Window(order_by, descending)
    return Lines(_lines(view, window.ordered(_rows(view), *_cursor_parameters(view, window, has_cursor)), window))


@lru_cache(maxsize=500)
def _filtered_statement(view: "ViewSet", window: Window, has_cursor: bool, names: tuple[str, ...]) -> Statement:
    model, filters = view.queryset.model, view.filterset_class
    assert filters is not None
    filtered = filters.applied(_rows(view), filters.parameters(model, names))
    lines = _lines(view, window.of(filtered, *_cursor_parameters(view, window, has_cursor)), window)
    return Statement(lines.values_list("line"), prepared=False)


def _cursor_parameters(view: "ViewSet", window: Window, has_cursor: bool) -> list[Parameter]:
    fields = window.fields(view.queryset.model) if has_cursor else ()
    return [Parameter(name, field) for name, field in zip(CURSOR, fields, strict=False)]


@lru_cache
def _row_lines(view: "ViewSet") -> Lines:
    rows = _rows(view).filter(pk=Parameter("id", view.queryset.model._meta.pk))
    return Lines(rows.order_by().values(line=_json_of(view)))


def _rows(view: "ViewSet") -> "Rows":
    rows: Rows = view.queryset.all().for_owner(Parameter("owner", view.queryset.model._meta.get_field("owner")))
    return rows


def _lines(view: "ViewSet", rows: "Rows", window: Window) -> "Rows":
    """Return the rows as JSON in `line`. If the JSON lacks what they are ordered by, it follows a tab."""
    line = _json_of(view)
    is_in_json = _name_of(view, window.order_by)
    return rows.values(line=line if is_in_json else TabbedJSON(line, TextJSON(window.expression())))


@lru_cache
def _json_of(view: "ViewSet") -> RowJSON:
    return row_json(view.serializer_class())
