"""Keyset pagination: a page starts where the one before it ended, which an index finds without counting.

The reasons are in docs/adr/0005-keyset-pages.md.
"""

import datetime
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

import orjson
from django.core import signing
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, F, Func, Model, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
MAX_LINK = 2_000  # characters of the header: nginx takes 4 KB of headers from a service, if not told otherwise


CURSOR = (
    "Where the page starts: `next` or `previous` of an answer as it is, the whole URL, or the `cursor` in it. "
    "Send it with the same filters and ordering."
)


class Cursor(NamedTuple):
    """The row beside which a page starts: `value` of the ordering's field and the id, as JSON holds them."""

    backwards: bool
    value: str
    id: str


class JSON:
    """How a cursor is written."""

    dumps = staticmethod(orjson.dumps)
    loads = staticmethod(orjson.loads)


class RowComparison(Func):
    """SQL's comparison of rows, (a, b) < (x, y), which an index on (a, b) answers at once."""

    output_field = BooleanField()

    def __init__(self, *expressions: Expression | F, operator: str) -> None:
        super().__init__(*expressions, operator=operator)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **context: Any) -> Any:
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        texts = [sql for sql, _params in compiled]
        half = len(texts) // 2
        sql = f"({', '.join(texts[:half])}) {self.extra['operator']} ({', '.join(texts[half:])})"
        return sql, [param for _sql, params in compiled for param in params]


class Window(NamedTuple):
    """Which rows make a page: in order of a field, as many as its size and one more, which tells that more follow."""

    field: str
    descending: bool
    size: int = PAGE_SIZE

    def of(self, queryset: QuerySet[Any], value: Any = None, key: Any = None) -> QuerySet[Any]:
        """Return the rows in the window, from the start, or beyond the row of that value and key."""
        return self.ordered(queryset, value, key)[: self.size + 1]

    def ordered(self, queryset: QuerySet[Any], value: Any = None, key: Any = None) -> QuerySet[Any]:
        """Return the rows in the window's order, however many, from the start, or beyond that row."""
        sign = "-" if self.descending else ""
        rows = queryset.order_by(f"{sign}{self.field}", f"{sign}pk")
        if key is not None:
            anchor = [
                value if isinstance(value, Expression) else Value(value, field)
                for value, field in zip((value, key), self.fields(queryset.model), strict=True)
            ]
            operator = "<" if self.descending else ">"
            rows = rows.filter(RowComparison(F(self.field), F("pk"), *anchor, operator=operator))
        return rows

    def fields(self, model: type[Model]) -> tuple[Any, Any]:
        """Return the model's field of the ordering, and its key."""
        return model._meta.get_field(self.field), model._meta.pk


class Page(NamedTuple):
    """A page of a list: its rows, and the links to its neighbours."""

    rows: list[Any]
    next: str | None
    previous: str | None

    def headers(self) -> dict[str, str]:
        """Return the header that links to the neighbours (RFC 8288); none where it would be too long for a proxy."""
        links = [f'<{url}>; rel="{name}"' for name, url in (("next", self.next), ("prev", self.previous)) if url]
        value = ", ".join(links)
        return {"Link": value} if 0 < len(value) <= MAX_LINK else {}


class PageRequest(NamedTuple):
    """Which page a request asks for: the window of its rows, and the row that it starts beside, if it is not the first.

    The window of a page before another one runs backwards.
    """

    request: Request
    window: Window
    cursor: Cursor | None
    signer: signing.Signer

    def anchor(self, model: type[Model]) -> Sequence[Any]:
        """Return the value of the ordering's field and the id that the page starts beside; nothing for the first."""
        if self.cursor is None:
            return ()
        field, key = self.window.fields(model)
        return field.to_python(self.cursor.value), key.to_python(self.cursor.id)

    def page(self, rows: list[Any], anchor_of: Callable[[Any], tuple[Any, Any]]) -> Page:
        """Return the page, of the rows that the window let through; `anchor_of` tells a row's ordering value and id."""
        backwards = self.cursor is not None and self.cursor.backwards
        more, rows = len(rows) > self.window.size, rows[: self.window.size]
        if backwards:
            rows.reverse()
        has_next = rows and (more or backwards)
        has_previous = rows and self.cursor is not None and (more or not backwards)
        return Page(
            rows,
            self._link(*anchor_of(rows[-1]), backwards=False) if has_next else None,
            self._link(*anchor_of(rows[0]), backwards=True) if has_previous else None,
        )

    def _link(self, value: Any, key: Any, *, backwards: bool) -> str:
        text = value.isoformat() if isinstance(value, datetime.date) else str(value)
        cursor = "cursor=" + self.signer.sign_object([backwards, text, str(key)], serializer=JSON)
        params = [(name, values) for name, values in self.request.query_params.lists() if name != "cursor"]
        query = f"{cursor}&{urlencode(params, doseq=True)}" if params else cursor
        return f"{self.request.build_absolute_uri(self.request.path)}?{query}"


class KeysetPagination(BasePagination):
    """Pages of `page_size` rows in one `ordering` of the view's `orderings`, ties broken by id.

    The view names its orderings as {parameter: field} and a `default_ordering`. A cursor is signed
    together with the path, filters and ordering that it was made for.
    """

    parameters = frozenset({"cursor", "page_size", "ordering"})
    page: Page

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page that the request asks for; raises ValidationError (400)."""
        wanted = read_page_request(request, view)
        rows = list(wanted.window.of(queryset, *wanted.anchor(queryset.model)))
        self.page = wanted.page(rows, lambda row: (getattr(row, wanted.window.field), row.pk))
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        content = {"next": self.page.next, "previous": self.page.previous, "results": data}
        return Response(content, headers=self.page.headers())

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        next_link = link | {"example": "https://cashman.example/rows?cursor=WyJmYWxzZSJd"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": next_link, "previous": link | {"example": None}, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        orderings = [sign + name for name in view.orderings for sign in ("", "-")]
        return [
            _parameter("cursor", CURSOR, {"type": "string"}),
            _parameter(
                "page_size",
                "How many rows a page has.",
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE},
            ),
            _parameter(
                "ordering",
                "The order of the rows; ties are broken by id.",
                {"type": "string", "enum": orderings, "default": view.default_ordering},
            ),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def read_page_request(request: Request, view: Any) -> PageRequest:
    """Return which page of the view's list the request asks for; raises ValidationError (400)."""
    sign, field = read_ordering(request, view)
    size = _page_size(request.query_params.get("page_size"))
    signer = _signer(f"cursor {request.path.rstrip('/')} {_filters(request)} {sign}{field}")
    cursor = _cursor(request.query_params.get("cursor"), signer)
    backwards = cursor is not None and cursor.backwards
    return PageRequest(request, Window(field, bool(sign) != backwards, size), cursor, signer)


def _cursor(text: str | None, signer: signing.Signer) -> Cursor | None:
    if not text:
        return None
    if "?" in text:  # a link as it was answered
        text = parse_qs(text.partition("?")[2]).get("cursor", [""])[-1]
    try:
        return Cursor(*signer.unsign_object(text, serializer=JSON))
    except (signing.BadSignature, UnicodeError):
        message = _("Not a cursor of this list with these filters and this ordering: start again without it.")
        raise ValidationError({"cursor": [message]}, code="invalid_cursor") from None


def read_ordering(request: Request, view: Any) -> tuple[str, str]:
    """Return the sign ("-" or "") and the field of the view's list's order; raises ValidationError (400)."""
    ordering = request.query_params.get("ordering") or view.default_ordering
    try:
        field = view.orderings[ordering.removeprefix("-")]
    except KeyError:
        message = _("Not an ordering: give one of %(orderings)s, or the same after a minus sign.")
        raise ValidationError(
            {"ordering": [message % {"orderings": ", ".join(view.orderings)}]}, code="invalid_choice"
        ) from None
    return ordering[: ordering.startswith("-")], field


@lru_cache
def _signer(salt: str) -> signing.Signer:
    return signing.Signer(sep=".", salt=salt)


def _page_size(text: str | None) -> int:
    if not text:
        return PAGE_SIZE
    if not (re.fullmatch("[1-9][0-9]{0,2}", text) and int(text) <= MAX_PAGE_SIZE):
        message = _("Not a page size: give a whole number from 1 to %(maximum)d.") % {"maximum": MAX_PAGE_SIZE}
        raise ValidationError({"page_size": [message]}, code="invalid")
    return int(text)


def _filters(request: Request) -> list[tuple[str, str]]:
    """Return the parameters that choose the rows, in one order for all ways to write them."""
    return sorted(
        (name, value)
        for name, values in request.query_params.lists()
        for value in values
        if value and name not in KeysetPagination.parameters
    )
