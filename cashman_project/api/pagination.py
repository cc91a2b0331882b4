"""Keyset pagination: a page starts at the row where the page before it ended, so no rows are counted or skipped over.

The reasons are in docs/adr/0005-keyset-pages.md.
"""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar
from urllib.parse import parse_qs, urlencode

import orjson
from django.core import signing
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, CharField, Expression, F, Field, Func, Model, QuerySet, TextField, Value
from django.db.models.expressions import OrderBy
from django.db.models.sql.compiler import SQLCompiler
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.db.types import SQL, AnyField

from .types import JSON, JSONObject

ModelT = TypeVar("ModelT", bound=Model)
RowT = TypeVar("RowT")  # a row of the database, or the line of text that the database writes for it

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
MAX_LINK = 2_000  # characters of the header: by default, nginx takes 4 KB of headers from a service

CURSOR = (
    "Where the page starts: `next` or `previous` of a response, as the whole URL, or the `cursor` in it. "
    "Send it with the same filters and ordering."
)


class SortKey(Func):
    """A text that rows are ordered by, if none of their columns will do. It is never NULL, and is compared by code
    points. No index has it, so a page reads all rows that match the filters."""

    output_field = TextField()
    label: str | Promise = ""  # what people call it, if not as the field that the parameter is named after
    is_number = False  # whether people first want the greatest ones, and not those that begin with A


OrderedBy: TypeAlias = str | SortKey  # the name of a field, or an expression


class OrderedView(Protocol):
    """A view of a list: its rows, its orderings as {parameter: what it is ordered by}, and the parameter of the default
    one."""

    queryset: Any  # of any model, or None
    orderings: Mapping[str, OrderedBy]
    default_ordering: str


class Cursor(NamedTuple):
    """The row that a page starts after: its value of what the list is ordered by, and its id, as JSON has them.

    A page that is read `backwards` ends before the row.
    """

    backwards: bool
    value: str
    id: str


class CursorSerializer:
    """Writes cursors as JSON, for Django's signer."""

    dumps = staticmethod(orjson.dumps)
    loads = staticmethod(orjson.loads)


class RowComparison(Func):
    """SQL's comparison of rows, (a, b) < (x, y), which uses an index on (a, b)."""

    output_field = BooleanField()

    def __init__(self, *expressions: Expression | F, operator: str) -> None:
        super().__init__(*expressions, operator=operator)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: object, **context: object) -> SQL:
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        texts = [sql for sql, _params in compiled]
        half = len(texts) // 2
        sql = f"({', '.join(texts[:half])}) {self.extra['operator']} ({', '.join(texts[half:])})"
        return sql, [param for _sql, params in compiled for param in params]


class Window(NamedTuple):
    """The rows that a page needs: in the order of a field or a sort key, as many as its size, and one more to see if
    others follow.

    Ties are broken by id.
    """

    order_by: OrderedBy
    descending: bool
    size: int = PAGE_SIZE

    def of(self, queryset: QuerySet[ModelT, RowT], value: object = None, key: object = None) -> QuerySet[ModelT, RowT]:
        """Return the rows of the window: the first ones, or those after the row with that value and id."""
        return self.ordered(queryset, value, key)[: self.size + 1]

    def ordered(
        self, queryset: QuerySet[ModelT, RowT], value: object = None, key: object = None
    ) -> QuerySet[ModelT, RowT]:
        """Return all rows in the window's order, or all those after the row with that value and id."""
        sorted_by = self.expression()
        rows = queryset.order_by(*[OrderBy(one, descending=self.descending) for one in (sorted_by, F("pk"))])
        if key is not None:
            cursor = [
                value if isinstance(value, Expression) else Value(value, field)
                for value, field in zip((value, key), self.fields(queryset.model), strict=True)
            ]
            operator = "<" if self.descending else ">"
            rows = rows.filter(RowComparison(sorted_by, F("pk"), *cursor, operator=operator))
        return rows

    def expression(self) -> SortKey | F:
        """Return what the rows are ordered by."""
        return self.order_by if isinstance(self.order_by, SortKey) else F(self.order_by)

    def fields(self, model: type[Model]) -> "tuple[AnyField, AnyField]":
        """Return the field of what the model's rows are ordered by, and their primary key."""
        return field_of(model, self.order_by), model._meta.pk


def field_of(model: type[Model], key: OrderedBy) -> AnyField:
    """Return the field of what the model's rows are ordered by."""
    field = key.output_field if isinstance(key, SortKey) else model._meta.get_field(key)
    assert isinstance(field, Field)
    return field


def starts_descending(model: type[Model], key: OrderedBy) -> bool:
    """Return whether people first want the last rows of an ordering: the newest and the largest. Texts start with A."""
    return key.is_number if isinstance(key, SortKey) else not isinstance(field_of(model, key), CharField | TextField)


class Page(NamedTuple, Generic[RowT]):
    """A page of a list: its rows, and the links to the next and the previous page."""

    rows: list[RowT]
    next: str | None
    previous: str | None

    def headers(self) -> dict[str, str]:
        """Return the Link header (RFC 8288); no header if it would be too long for a proxy."""
        links = [f'<{url}>; rel="{name}"' for name, url in (("next", self.next), ("prev", self.previous)) if url]
        value = ", ".join(links)
        return {"Link": value} if 0 < len(value) <= MAX_LINK else {}


class PageRequest(NamedTuple):
    """The page that a request asks for: the window of its rows, and its cursor; None for the first page.

    If the page is read backwards, the window's order is the reverse of the list's.
    """

    request: Request
    window: Window
    cursor: Cursor | None
    signer: signing.Signer

    def start(self, model: type[Model]) -> Sequence[object]:
        """Return the cursor's value of what the list is ordered by and its id, as Python has them; nothing for the
        first page."""
        if self.cursor is None:
            return ()
        field, key = self.window.fields(model)
        return field.to_python(self.cursor.value), key.to_python(self.cursor.id)

    def page(self, rows: list[RowT], cursor_values: Callable[[RowT], tuple[object, object]]) -> Page[RowT]:
        """Return the page of the rows that the window has found.

        `cursor_values` returns a row's value of what the list is ordered by, and its id.
        """
        backwards = self.cursor is not None and self.cursor.backwards
        more, rows = len(rows) > self.window.size, rows[: self.window.size]
        if backwards:
            rows.reverse()
        has_next = rows and (more or backwards)
        has_previous = rows and self.cursor is not None and (more or not backwards)
        return Page(
            rows,
            self._link(*cursor_values(rows[-1]), backwards=False) if has_next else None,
            self._link(*cursor_values(rows[0]), backwards=True) if has_previous else None,
        )

    def _link(self, value: object, key: object, *, backwards: bool) -> str:
        text = value.isoformat() if isinstance(value, datetime.date) else str(value)
        cursor = "cursor=" + self.signer.sign_object([backwards, text, str(key)], serializer=CursorSerializer)
        params = [(name, values) for name, values in self.request.query_params.lists() if name != "cursor"]
        query = f"{cursor}&{urlencode(params, doseq=True)}" if params else cursor
        return f"{self.request.build_absolute_uri(self.request.path)}?{query}"


class KeysetPagination(BasePagination):
    """Pages of `page_size` rows in one `ordering` of the view's `orderings`. Ties are broken by id.

    A cursor is signed together with the path, the filters and the ordering that it was made for. The REST framework
    calls `paginate_queryset` and then `get_paginated_response`. `page` passes the links from the first to the second,
    and nothing else reads it. All the rest are functions of a PageRequest.
    """

    parameters = frozenset({"cursor", "page_size", "ordering"})
    page: Page[Any]  # Any: of rows of the view's model

    # Only an OrderedView has these pages, while the base class takes every view.
    def paginate_queryset(self, queryset: QuerySet[ModelT, RowT], request: Request, view: Any = None) -> list[RowT]:
        """Return the rows of the page that the request asks for; raises ValidationError (400)."""
        page_request = read_page_request(request, view)
        window, name = page_request.window, str(page_request.window.order_by)
        if isinstance(window.order_by, SortKey):
            name, queryset = "sort_key", queryset.annotate(sort_key=window.order_by)
        rows = list(window.of(queryset, *page_request.start(queryset.model)))
        self.page = page_request.page(rows, attrgetter(name, "pk"))
        return self.page.rows

    def get_paginated_response(self, data: JSON) -> Response:
        content = {"next": self.page.next, "previous": self.page.previous, "results": data}
        return Response(content, headers=self.page.headers())

    def get_paginated_response_schema(self, schema: JSONObject) -> JSONObject:
        link = {"type": "string", "format": "uri", "nullable": True}
        next_link = link | {"example": "https://cashman.example/rows?cursor=WyJmYWxzZSJd"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": next_link, "previous": link | {"example": None}, "results": schema},
        }

    # As above.
    def get_schema_operation_parameters(self, view: Any) -> list[JSONObject]:
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


def _parameter(name: str, description: str, schema: JSONObject) -> JSONObject:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def read_page_request(request: Request, view: OrderedView) -> PageRequest:
    """Return the page of the view's list that the request asks for; raises ValidationError (400)."""
    sign, field = read_ordering(request, view)
    size = _page_size(request.query_params.get("page_size"))
    signer = _signer(f"cursor {request.path.rstrip('/')} {_filters(request)} {sign}{field}")
    cursor = _cursor(request.query_params.get("cursor"), signer)
    backwards = cursor is not None and cursor.backwards
    return PageRequest(request, Window(field, bool(sign) != backwards, size), cursor, signer)


def _cursor(text: str | None, signer: signing.Signer) -> Cursor | None:
    if not text:
        return None
    if "?" in text:  # the whole URL of a link
        text = parse_qs(text.partition("?")[2]).get("cursor", [""])[-1]
    try:
        return Cursor(*signer.unsign_object(text, serializer=CursorSerializer))
    except (signing.BadSignature, UnicodeError):
        message = _("Not a cursor of this list with these filters and this ordering: start again without it.")
        raise ValidationError({"cursor": [message]}, code="invalid_cursor") from None


def read_ordering(request: Request, view: OrderedView) -> tuple[str, OrderedBy]:
    """Return the sign ("-" or "") and what the list is ordered by; raises ValidationError (400)."""
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
    """Return the query's filters, sorted, so that their order in the URL does not matter."""
    return sorted(
        (name, value)
        for name, values in request.query_params.lists()
        for value in values
        if value and name not in KeysetPagination.parameters
    )
