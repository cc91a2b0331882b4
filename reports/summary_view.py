"""The summary over HTTP."""

import itertools

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.etags import wants_json
from cashman_project.api.export import TABLES, is_export, table_response
from cashman_project.api.filters import StrictFilterBackend, flag_of, word_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Input
from cashman_project.api.views import ApiView
from ledgers.reads import LedgerReads
from transactions.filters import NAME_FILTERS
from transactions.groupings import GROUPINGS
from transactions.models import Transaction

from .base_view import CHART_HEADERS
from .filters import EXCLUDED, SummaryFilterSet
from .serializers import SummaryListSerializer
from .services.comparison import comparison_of
from .services.summary import Span, SummaryQuery, summary_of
from .summary_page import SummaryPage, group_keys, opening, shape_inputs
from .summary_tables import VALUES, check_pivot, pivot_of, row_of, table_of

COMPARISONS = ("previous", "year")
PERIODS = [name for name, grouping in GROUPINGS.items() if grouping.period]
PARAMETERS = [
    OpenApiParameter(
        "group_by",
        enum=[*GROUPINGS, *map(",".join, itertools.permutations(GROUPINGS, 2))],
        description=f"One or two different ones of {', '.join(GROUPINGS)}, comma separated. Months, quarters and"
        " years begin on the `month_start` of `/me`, and are named after the month or the year that they begin in.",
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
    EXCLUDED,
    OpenApiParameter(
        "pivot",
        OpenApiTypes.BOOL,
        default=False,
        description="In CSV and xlsx: a row for each first key, a column for each second one. It needs two groupings.",
    ),
    OpenApiParameter("value", enum=VALUES, description="What a pivot table shows; net, if it says nothing."),
]


class SummaryView(LedgerReads, ApiView):
    """Sums of income, expense and net by currency, and by period, category, group, account, tag or type.

    With `group_by=tag`, a transaction counts once for each of its tags, and `total` counts it once.
    """

    filterset_class = SummaryFilterSet
    query_parameters = frozenset(SummaryFilterSet.base_filters) | {parameter.name for parameter in PARAMETERS}
    repeatable_parameters = frozenset(NAME_FILTERS)
    repeatable_on_pages = frozenset({"group_by"})  # whose form has a select for the rows and one for the columns
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
    def get(self, request: Request, **kwargs: object) -> HttpResponseBase:
        query = self.query(request)
        pivot = _pivot(request, query)
        if pivot:
            check_pivot(query)
        comparison = comparison_of(query, query.window) if query.compare and query.window else None
        summary = summary_of(query, comparison)
        if is_export(request):
            table = pivot_of(query, summary, pivot) if pivot else table_of(query, summary)
            return table_response(request, _("summary"), table.columns, table.rows)
        groups = summary.groups
        if not wants_json(request):
            self.page = SummaryPage(request, query, summary, self.most_on_page)
            groups = self.page.groups
        results, total = ([row_of(query, group) for group in part] for part in (groups, summary.totals))
        headers = None if wants_json(request) else CHART_HEADERS
        return Response({"results": results, "total": total}, headers=headers)

    def page_query(self) -> dict[str, str]:
        return opening(owner_of(self.request))

    def shape_inputs(self) -> list[Input]:
        return shape_inputs(self.request)

    def get_renderers(self) -> list[BaseRenderer]:
        return [*super().get_renderers(), *(renderer() for renderer in TABLES)]

    def query(self, request: Request) -> SummaryQuery:
        """Return what the request asks for; raises ValidationError (400)."""
        filters = SummaryFilterSet.values_of(request)
        date = filters.pop("date", None)
        firsts, lasts = ([filters.pop(name, None), date] for name in ("date_after", "date_before"))
        query = SummaryQuery(
            owner_of(request),
            _group_keys(request),
            Span(max(filter(None, firsts), default=None), min(filter(None, lasts), default=None)),
            filters,
            flag_of(request, "fill"),
            word_of(request, "compare", COMPARISONS),
            flag_of(request, "balance"),
            flag_of(request, EXCLUDED.name),
        )
        _check(query)
        return query


def _group_keys(request: Request) -> tuple[str, ...]:
    keys = tuple(group_keys(request))
    if not set(keys) <= GROUPINGS.keys() or len(keys) > 2 or len(set(keys)) < len(keys):
        message = _("Give one or two of %(keys)s, comma separated.") % {"keys": ", ".join(GROUPINGS)}
        raise ValidationError({"group_by": [message]}, code="invalid")
    return keys


def _pivot(request: Request, query: SummaryQuery) -> str:
    """Return what a pivot table is to show; "" if none is asked for. Raises ValidationError (400)."""
    value = word_of(request, "value", VALUES)
    if not flag_of(request, "pivot"):
        if value:
            raise ValidationError({"value": [_("It says what a pivot table shows: give pivot, too.")]}, "needs_pivot")
        return ""
    if not is_export(request):
        raise ValidationError({"pivot": [_("A pivot table comes as .csv or .xlsx.")]}, code="needs_export")
    if len(query.group_by) != 2:
        raise ValidationError({"pivot": [_("A pivot table needs two groupings.")]}, code="needs_two_groupings")
    if query.overlaps:
        message = _("A pivot table adds up its cells, but a transaction counts once for each of its tags.")
        raise ValidationError({"pivot": [message]}, code="not_by_tag")
    if query.compare:
        raise ValidationError({"compare": [_("A pivot table has no room for a comparison.")]}, code="not_in_pivot")
    return value or VALUES[0]


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
