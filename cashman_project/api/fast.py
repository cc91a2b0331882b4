"""The two answers that are asked for most, a page and a row, as JSON that the database writes.

They hold the same bytes that the serializers and the renderer would make, at a small part of the work.
"""

from functools import lru_cache, partial
from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.exceptions import NotFound

from .owner import owner_of
from .pagination import PAGE_SIZE, Window
from .sqljson import RowJSON, row_json
from .statements import Parameter, Statement


def page_response(view: Any) -> HttpResponse:
    """Return the page of the view's list that its request asks for; raises ValidationError (400)."""
    request, paginator = view.request, view.paginator
    paginator.read(request, view)
    window, anchor = paginator.window, paginator.anchor(view.queryset.model)
    if view.is_filtered():
        filtered = view.filter_queryset(view.get_queryset())
        statement = _of_page(view.__class__, window, window.of(filtered, *anchor))
    else:
        statement = _page_statement(view.__class__, window, bool(anchor))
    values = {"owner": owner_of(request).pk, **dict(zip(("value", "id"), anchor, strict=False))}
    rows = paginator.cut(statement.rows(values))
    paginator.link(rows, partial(_anchor, view.__class__, window, statement))
    head = b'{"next":%s,"previous":%s,"results":[' % (orjson.dumps(paginator.next), orjson.dumps(paginator.previous))
    content = head + ",".join([row[0] for row in rows]).encode() + b"]}"
    return HttpResponse(content, content_type="application/json")


def row_content(view: Any, key: str) -> bytes:
    """Return the JSON of the owner's row of that key; raises NotFound (404)."""
    rows = _row_statement(view.__class__).rows({"owner": owner_of(view.request).pk, "id": key})
    if not rows:
        raise NotFound
    content: str = rows[0][0]
    return content.encode()


def _anchor(view: Any, window: Window, statement: Statement, row: tuple[Any, ...]) -> tuple[Any, str]:
    """Return the value of the ordering's field and the id of a row of a page."""
    data = orjson.loads(row[0])
    if name := _name_of(view, window.field):
        return data[name], data["id"]
    return statement.converted(row)[1], data["id"]


@lru_cache
def _name_of(view: Any, field: str) -> str:
    """Return the name that the rows have for that field; "" where they don't show it."""
    fields = view.serializer_class().fields
    return next((name for name in fields if fields[name].source == field), "")


@lru_cache(maxsize=500)
def _page_statement(view: Any, window: Window, beyond: bool) -> Statement:
    names = ("value", "id") if beyond else ()
    fields = window.fields(view.queryset.model)
    anchor = [Parameter(name, field) for name, field in zip(names, fields, strict=False)]
    rows = window.of(_rows(view), *anchor)
    return _of_page(view, window, rows, prepared=window.size == PAGE_SIZE)  # no more than a session should keep


@lru_cache
def _row_statement(view: Any) -> Statement:
    rows = _rows(view).filter(pk=Parameter("id", view.queryset.model._meta.pk))
    return Statement(rows.order_by().values_list(_json_of(view)), prepared=True)


def _of_page(view: Any, window: Window, rows: Any, *, prepared: bool = False) -> Statement:
    """Return the statement of a page's rows: the JSON of each, and what it is ordered by where that doesn't say so."""
    unseen = () if _name_of(view, window.field) else (window.field,)
    return Statement(rows.values_list(_json_of(view), *unseen), prepared=prepared)


@lru_cache
def _json_of(view: Any) -> RowJSON:
    return row_json(view.serializer_class())


def _rows(view: Any) -> Any:
    return view.queryset.all().for_owner(Parameter("owner", view.queryset.model._meta.get_field("owner")))
