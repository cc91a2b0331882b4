"""Pages of revisions and versions, which have no ids: a page starts after a number."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.pagination import CURSOR, MAX_PAGE_SIZE, PAGE_SIZE, OrderedBy, read_page_request
from cashman_project.api.types import JSONObject

RowT = TypeVar("RowT")


class Numbers:
    """The order of a list by the numbers of revisions, the newest ones first unless the request says otherwise."""

    queryset = None

    def __init__(self, name: str) -> None:
        self.orderings: Mapping[str, OrderedBy] = {name: name}
        self.default_ordering = f"-{name}"


def page_parameters(name: str) -> list[OpenApiParameter]:
    """Return the parameters of a list that is ordered by the number of this name."""
    size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
    return [
        OpenApiParameter("cursor", OpenApiTypes.STR, description=CURSOR),
        OpenApiParameter("page_size", size, description="How many rows a page has."),
        OpenApiParameter("ordering", enum=[name, f"-{name}"], default=f"-{name}", description="The order of the rows."),
    ]


def numbered_page(
    request: Request, name: str, find: Callable[[int, int | None, bool], list[RowT]], show: Callable[[RowT], JSONObject]
) -> Response:
    """Return the page that the request asks for, of a list that is ordered by the number of this name.

    `find` gets how many rows to return, the number that they come after, and whether they are `descending`. Raises
    ValidationError (400).
    """
    page_request = read_page_request(request, Numbers(name))
    window, cursor = page_request.window, page_request.cursor
    rows = find(window.size + 1, int(cursor.value) if cursor else None, window.descending)

    def number_of(row: RowT) -> tuple[object, object]:
        number = getattr(row, name)
        return number, number

    page = page_request.page(rows, number_of)
    content = {"next": page.next, "previous": page.previous, "results": [show(row) for row in page.rows]}
    return Response(content, headers=page.headers())
