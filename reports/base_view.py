"""What all charts share over HTTP: JSON and a page, and SVG."""

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.etags import tagged_json, tagged_response, wants_json
from cashman_project.api.filters import FilterSet, StrictFilterBackend, flag_of, number_of
from cashman_project.api.middleware.security_headers import CONTENT_POLICY
from cashman_project.api.owner import owner_of
from cashman_project.api.schema import READ_HEADERS
from cashman_project.api.types import FieldsSerializer, JSONObject
from cashman_project.api.views import ApiView
from ledgers.reads import LedgerReads
from reports.services.sums import AnyReport
from transactions.date_links import DateLinks
from transactions.filters import NAME_FILTERS
from transactions.models import Transaction

from . import pictures
from .charts.frame import PHONE, WIDE, Canvas
from .charts.styles import STYLES_SOURCE
from .filters import EXCLUDED, PeriodFilterSet
from .periods import Window, window_of
from .serializers import chart_serializer
from .services.sums import Query
from .tables import table_of

# The styles of a chart stand in it, so that it looks the same wherever it is shown.
CHART_HEADERS = {"Content-Security-Policy": f"{CONTENT_POLICY}; style-src 'self' {STYLES_SOURCE}"}
NARROWEST, WIDEST = 320, 1600  # pixels
WIDTH = OpenApiParameter(
    "width",
    {"type": "integer", "minimum": NARROWEST, "maximum": WIDEST},
    default=WIDE,
    description="The width to draw for, in pixels.",
)


class ChartDates(DateLinks):
    """The links to other dates of a chart, which shows twelve months if nothing else is asked for."""

    def name_without_dates(self) -> str:
        return gettext("Last 12 months")


class SVGRenderer(BaseRenderer):
    """Names the format; the view draws the chart."""

    media_type = "image/svg+xml"
    format = "svg"


class ChartView(LedgerReads, ApiView):
    """A chart's numbers. A subclass names its filters and says what they are and how they are drawn."""

    name: str
    label: str | Promise
    filterset_class: type[FilterSet] = PeriodFilterSet
    further_parameters: frozenset[str] = frozenset()
    repeatable_parameters = frozenset(NAME_FILTERS)
    queryset = Transaction.objects.all()
    filter_backends = [StrictFilterBackend]  # where the schema finds the filters
    charts: "list[type[ChartView]]" = []  # all of them, in their order
    pages = error_pages = {"get": "reports/chart.html"}

    def allowed_parameters(self) -> frozenset[str]:
        further = {EXCLUDED.name} if self.sums_categories() else set()
        return self.further_parameters.union(self.filterset_class.base_filters, further)

    @classmethod
    def sums_categories(cls) -> bool:
        """Return whether the chart sums up transactions by their categories, of which some may be excluded."""
        return "category" in cls.filterset_class.base_filters

    def get(self, request: Request) -> HttpResponseBase:
        report = self.report(self.query(request))
        data = {
            "currency": report.currency,
            "from": report.window.first.isoformat(),
            "to": report.window.last.isoformat(),
            "rows": self.rows(report),
        }
        if wants_json(request):
            return tagged_response(request, data)
        subtitle = self.subtitle(report)
        canvases = Canvas(WIDE, "wide"), Canvas(PHONE, "narrow")
        self.drawings = [mark_safe(self.draw(report, subtitle, canvas)) for canvas in canvases]  # noqa: S308  # escaped
        filters = {name: values for name, values in self.given().items() if name not in self.further_parameters}
        self.table = table_of(data, filters)
        return Response({**data, "rows": data["rows"][: len(self.table.rows)]}, headers=CHART_HEADERS)

    def query(self, request: Request) -> Query:
        """Return what the request asks for; raises ValidationError (400)."""
        owner, filters = owner_of(request), self.filterset_class.values_of(request)
        window = self.window(filters.pop("date_after", None), filters.pop("date_before", None))
        excluded = flag_of(request, EXCLUDED.name)
        return Query(owner, window, filters.pop("currency", owner.currency), filters, excluded)

    def window(self, first: datetime.date | None, last: datetime.date | None) -> Window:
        owner = owner_of(self.request)
        return window_of(first, last, owner.today(), owner.month_start)

    def report(self, query: Query) -> AnyReport:
        raise NotImplementedError

    def rows(self, report: AnyReport) -> list[JSONObject]:
        """Return the rows of the chart's JSON."""
        raise NotImplementedError

    def draw(self, report: AnyReport, subtitle: Sequence[str], canvas: Canvas) -> str:
        """Return the chart's SVG."""
        raise NotImplementedError

    def subtitle(self, report: AnyReport) -> list[str]:
        """Return what is covered: the days, the currency, and what else was filtered by."""
        given = self.given()
        categories = [name for parameter in ("category", "group") for name in given.get(parameter, [])]
        categories += [_without(name) for name in given.get("exclude_category", [])]
        if "uncategorized" in given:
            has_none = given["uncategorized"] == ["true"]
            categories.append(gettext("without a category") if has_none else gettext("with a category"))
        return [*self.subtitle_without_categories(report), *([", ".join(categories)] if categories else [])]

    def subtitle_without_categories(self, report: AnyReport) -> list[str]:
        given = self.given()
        names = [
            given.get(name, []) + [_without(one) for one in given.get(f"exclude_{name}", [])]
            for name in ("account", "tag")
        ]
        return [pictures.window_name(report.window), report.currency, *(", ".join(some) for some in names if some)]

    def given(self) -> dict[str, list[str]]:
        """Return the request's parameters that have a value."""
        lists = self.request.query_params.lists()
        return {name: values for name, texts in lists if (values := [text for text in texts if text])}

    def dates(self) -> DateLinks:
        """Return the links to the chart of other dates."""
        return ChartDates(self.request, self.filterset_class.values_of(self.request))

    def tabs(self) -> list[JSONObject]:
        """Return the links to the charts, which keep the dates and the currency of this one."""
        tabs = []
        for view in self.charts:
            known = view().allowed_parameters() & {"date_after", "date_before", "currency", EXCLUDED.name}
            kept = {name: values for name, values in self.given().items() if name in known}
            url = _with_query(reverse(f"{view.name}-chart"), kept)
            tabs.append({"url": url, "label": view.label, "is_current": view is self.__class__})
        return tabs

    def picture_url(self) -> str:
        return _with_query(reverse(f"{self.name}-svg"), self.given())


if TYPE_CHECKING:
    ViewBase = ChartView  # with which it is mixed
else:
    ViewBase = object


class PictureMixin(ViewBase):
    """The same chart as SVG."""

    renderer_classes = (SVGRenderer,)
    pages: dict[str, str] = {}
    error_pages: dict[str, str] = {}

    def allowed_parameters(self) -> frozenset[str]:
        return super().allowed_parameters() | {"width"}

    def get(self, request: Request) -> HttpResponseBase:
        width = number_of(request, "width", NARROWEST, WIDEST)
        report = self.report(self.query(request))
        content = self.draw(report, self.subtitle(report), Canvas(width or WIDE)).encode()
        return tagged_json(request, content, SVGRenderer.media_type, headers=CHART_HEADERS)


def _without(name: str) -> str:
    return gettext("not %(category)s") % {"category": name}


def _with_query(url: str, parameters: Mapping[str, Sequence[str]]) -> str:
    return f"{url}?{urlencode(parameters, doseq=True)}" if parameters else url


def published(
    view: type[ChartView],
    word: str,
    row: type[FieldsSerializer],
    example: OpenApiExample,
    *parameters: OpenApiParameter,
) -> type[ChartView]:
    """Describe the view of a chart in the schema. Return the view of its picture, described likewise."""
    operation = f"{view.name.replace('-', '_')}_chart"
    parameters += (EXCLUDED,) if view.sums_categories() else ()
    picture: type[ChartView] = type(f"{word}PictureView", (PictureMixin, view), {"__doc__": view.__doc__})
    read = extend_schema(
        operation_id=f"get_{operation}",
        summary=f"Read the chart {view.name}",
        tags=["charts"],
        filters=True,
        parameters=[*READ_HEADERS, *parameters],
        responses=chart_serializer(word, row),
        examples=[example],
    )
    draw = extend_schema(
        operation_id=f"draw_{operation}",
        summary=f"Draw the chart {view.name}",
        tags=["charts"],
        filters=True,
        parameters=[*READ_HEADERS, *parameters, WIDTH],
        responses={(200, SVGRenderer.media_type): OpenApiResponse(OpenApiTypes.STR, "The chart as SVG.")},
    )
    extend_schema_view(get=read)(view)
    extend_schema_view(get=draw)(picture)
    return picture
