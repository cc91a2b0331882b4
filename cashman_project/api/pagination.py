"""Keyset pagination: a page starts where the one before ended, found by the index, not by counting."""

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


class KeysetPagination(BasePagination):
    """Pages of `page_size` rows in one `ordering` of the view's `orderings`, ties broken by id.

    The view names its orderings as {parameter: field} and a `default_ordering`. A cursor is signed
    together with the path, filters and ordering that it was made for.
    """

    parameters = frozenset({"cursor", "page_size", "ordering"})

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page that the request asks for; raises ValidationError (400)."""
        self.read(request, view)
        rows = self.cut(list(self.window.of(queryset, *self.anchor(queryset.model))))
        self.link(rows, lambda row: (getattr(row, self.window.field), row.pk))
        return rows

    def read(self, request: Request, view: Any) -> None:
        """Take what page the request asks for; raises ValidationError (400)."""
        self.request = request
        sign, field = read_ordering(request, view)
        size = _page_size(request.query_params.get("page_size"))
        self.signer = _signer(f"cursor {request.path.rstrip('/')} {_filters(request)} {sign}{field}")
        self.cursor = self._cursor()
        self.backwards = self.cursor is not None and self.cursor.backwards
        self.window = Window(field, bool(sign) != self.backwards, size)

    def anchor(self, model: type[Model]) -> Sequence[Any]:
        """Return the value of the ordering's field and the id that the page starts beside; nothing for the first."""
        if self.cursor is None:
            return ()
        field, key = self.window.fields(model)
        return field.to_python(self.cursor.value), key.to_python(self.cursor.id)

    def cut(self, rows: list[Any]) -> list[Any]:
        """Return the page's rows in their order, of those that the window let through."""
        self.more = len(rows) > self.window.size
        del rows[self.window.size :]
        if self.backwards:
            rows.reverse()
        return rows

    def link(self, rows: Sequence[Any], anchor_of: Callable[[Any], tuple[Any, Any]]) -> None:
        """Set the links to the neighbours of the page of these rows; `anchor_of` tells the ordering's value and id."""
        forth = rows and (self.more or self.backwards)
        back = rows and self.cursor is not None and (self.more or not self.backwards)
        self.next = self._link(*anchor_of(rows[-1]), backwards=False) if forth else None
        self.previous = self._link(*anchor_of(rows[0]), backwards=True) if back else None

    def headers(self) -> dict[str, str]:
        """Return the header that links to the neighbours (RFC 8288); none where it would be too long for a proxy."""
        links = [f'<{url}>; rel="{name}"' for name, url in (("next", self.next), ("prev", self.previous)) if url]
        value = ", ".join(links)
        return {"Link": value} if 0 < len(value) <= MAX_LINK else {}

    def get_paginated_response(self, data: Any) -> Response:
        content = {"next": self.next, "previous": self.previous, "results": data}
        return Response(content, headers=self.headers())

    def _cursor(self) -> Cursor | None:
        text = self.request.query_params.get("cursor")
        if not text:
            return None
        if "?" in text:  # a link as it was answered
            text = parse_qs(text.partition("?")[2]).get("cursor", [""])[-1]
        try:
            return Cursor(*self.signer.unsign_object(text, serializer=JSON))
        except (signing.BadSignature, UnicodeError):
            message = _("Not a cursor of this list with these filters and this ordering: start again without it.")
            raise ValidationError({"cursor": [message]}, code="invalid_cursor") from None

    def _link(self, value: Any, key: Any, *, backwards: bool) -> str:
        text = value.isoformat() if isinstance(value, datetime.date) else str(value)
        cursor = "cursor=" + self.signer.sign_object([backwards, text, str(key)], serializer=JSON)
        params = [(name, values) for name, values in self.request.query_params.lists() if name != "cursor"]
        query = f"{cursor}&{urlencode(params, doseq=True)}" if params else cursor
        return f"{self.request.build_absolute_uri(self.request.path)}?{query}"

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
