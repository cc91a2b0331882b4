"""The summary over HTTP."""

import itertools
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.etags import wants_json
from cashman_project.api.filters import StrictFilterBackend, flag_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Input
from cashman_project.api.views import ApiView
from cashman_project.money.amounts import format_units
from transactions.filters import CATEGORY_FILTERS, TransactionFilterSet
from transactions.groupings import GROUPINGS
from transactions.models import Transaction

from .base_view import CHART_HEADERS
from .serializers import SummaryListSerializer
from .services.comparison import comparison_of
from .services.summary import Group, Span, SummaryQuery, summary_of
from .summary_page import SummaryPage, group_keys, opening, shape_inputs

COMPARISONS = ("previous", "year")
PERIODS = [name for name, grouping in GROUPINGS.items() if grouping.period]
PARAMETERS = [
    OpenApiParameter(
        "group_by",
        enum=[*GROUPINGS, *map(",".join, itertools.permutations(GROUPINGS, 2))],
        description=f"One or two different ones of {', '.join(GROUPINGS)}, comma separated.",
    ),
    OpenApiParameter(
        "fill",
        OpenApiTypes.BOOL,
        default=False,
        description="Whether periods without transactions are there, too. It needs a grouping by date.",
    ),
    OpenApiParameter(
        "compare",
        enum=COMPARISONS,
        description="Adds the sums of as many days before, or of the same days a year before. It needs both dates.",
    ),
    OpenApiParameter(
        "balance",
        OpenApiTypes.BOOL,
        default=False,
        description="Whether each group has the balance at its end. It needs one grouping, by date.",
    ),
]


class SummaryView(ApiView):
    """Sums of income, expense and net by currency, and by day, week, month, quarter, year, category or type."""

    filterset_class = TransactionFilterSet
    query_parameters = frozenset(TransactionFilterSet.base_filters) | {"group_by", "fill", "compare", "balance"}
    repeatable_parameters = CATEGORY_FILTERS
    queryset = Transaction.objects.all()
    filter_backends = [StrictFilterBackend]  # the schema finds the filters here
    pages = error_pages = {"get": "reports/summary.html"}
    groupings = [*GROUPINGS, *map(",".join, itertools.permutations(GROUPINGS, 2))]
    most_on_page = 1_000  # groups: a page of 40,000 would take ten seconds to make
    page: SummaryPage | None = None

    @extend_schema(
        operation_id="get_summary",
        summary="Sum up",
        tags=["summary"],
        filters=True,
        parameters=PARAMETERS,
        responses=SummaryListSerializer,
    )
    def get(self, request: Request) -> Response:
        query = self.query(request)
        comparison = comparison_of(query, query.window) if query.compare and query.window else None
        summary = summary_of(query, comparison)
        groups = summary.groups
        if not wants_json(request):
            self.page = SummaryPage(request, query, summary, self.most_on_page)
            groups = self.page.groups
        results, total = ([_row(query, group) for group in part] for part in (groups, summary.totals))
        headers = None if wants_json(request) else CHART_HEADERS
        return Response({"results": results, "total": total}, headers=headers)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if _is_page(request) and not request.query_params:
            request._request.GET = opening(owner_of(request).today())  # type: ignore[assignment]  # mutable, as a copy is
            request.META["QUERY_STRING"] = request.query_params.urlencode()

    def shape_inputs(self) -> list[Input]:
        return shape_inputs(self.request)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # Any: as in REST framework
        negotiated = super().perform_content_negotiation(request, force)
        if negotiated[0].format == "api":  # its form has a select for each grouping
            self.repeatable_parameters = CATEGORY_FILTERS | {"group_by"}
        return negotiated

    def query(self, request: Request) -> SummaryQuery:
        """Return what the request asks for; raises ValidationError (400)."""
        filters = TransactionFilterSet.values_of(request)
        date = filters.pop("date", None)
        firsts, lasts = ([filters.pop(name, None), date] for name in ("date_after", "date_before"))
        query = SummaryQuery(
            owner_of(request),
            _group_keys(request),
            Span(max(filter(None, firsts), default=None), min(filter(None, lasts), default=None)),
            filters,
            flag_of(request, "fill"),
            _comparison(request.query_params.get("compare", "")),
            flag_of(request, "balance"),
        )
        _check(query)
        return query


def _is_page(request: Request) -> bool:
    return bool(request.accepted_renderer.format == "api")


def _group_keys(request: Request) -> tuple[str, ...]:
    keys = tuple(group_keys(request))
    if not set(keys) <= GROUPINGS.keys() or len(keys) > 2 or len(set(keys)) < len(keys):
        message = _("Give one or two of %(keys)s, comma separated.") % {"keys": ", ".join(GROUPINGS)}
        raise ValidationError({"group_by": [message]}, code="invalid")
    return keys


def _comparison(text: str) -> str:
    if text and text not in COMPARISONS:
        message = _("Give one of %(words)s.") % {"words": ", ".join(COMPARISONS)}
        raise ValidationError({"compare": [message]}, code="invalid_choice")
    return text


def _check(query: SummaryQuery) -> None:
    """Raise ValidationError (400) unless the parameters fit together."""
    names = {"periods": ", ".join(PERIODS)}
    if query.fill and not query.lengths:
        message = _("Only periods can be filled in: group by one of %(periods)s, too.")
        raise ValidationError({"fill": [message % names]}, code="needs_period")
    if query.balance and not (query.lengths and len(query.group_by) == 1):
        message = _("A balance runs from period to period: group by one of %(periods)s alone.")
        raise ValidationError({"balance": [message % names]}, code="needs_period")
    if query.compare and not query.window:
        message = _("Give date_after and date_before, too: they say how many days are compared.")
        raise ValidationError({"compare": [message]}, code="needs_dates")


def _row(query: SummaryQuery, group: Group) -> dict[str, Any]:
    """Return the JSON of a group, or of a total."""
    total = group.total
    row: dict[str, Any] = {
        "currency": total.currency,
        **total.keys,
        "from": group.span.first,
        "to": group.span.last,
        **total.amounts(),
        "count": total.count,
    }
    if query.balance:
        row["balance"] = format_units(group.balance, total.currency)
    if group.previous:
        earlier, window = group.previous
        first, last = window or (None, None)
        row["previous"] = {"from": first, "to": last, **earlier.amounts(), "count": earlier.count}
    return row
