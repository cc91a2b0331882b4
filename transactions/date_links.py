"""Links to the same page with other dates: this month, last year, one month back or ahead."""

import datetime
from functools import cached_property
from typing import NamedTuple

from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from rest_framework.request import Request

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.api.filters import flag_of
from cashman_project.api.owner import owner_of
from cashman_project.api.types import Validated
from cashman_project.locales import current_formats

from .calendar import PeriodLength, earlier, later, starting
from .groupings import MONTH, YEAR
from .services.categories import excluded_names

DATES = ("date", "date_after", "date_before")
LONGEST_MONTH = 31


class Span(NamedTuple):
    """A whole month or a whole year, of months that begin on the day `month_start`."""

    first: datetime.date
    last: datetime.date
    month_start: int = 1

    @property
    def is_year(self) -> bool:
        return (self.last - self.first).days > LONGEST_MONTH

    @property
    def name(self) -> str:
        if self.is_year:
            return f"{self.first.year:04}"
        if self.month_start == 1:
            return date_format(self.first, "YEAR_MONTH_FORMAT")
        return current_formats().days(self.first, self.last)

    def shifted(self, step: int) -> "Span | None":
        """Return the month, or the year, that comes so many after this one; None if no date may be there."""
        if self.is_year:
            year, month = self.first.year + step, 1
        else:
            year, month = divmod(self.first.year * 12 + self.first.month - 1 + step, 12)
            month += 1
        if not FIRST_DATE.year <= year <= LAST_DATE.year:
            return None
        return year_of(year, self.month_start) if self.is_year else month_of(year, month, self.month_start)


def month_of(year: int, month: int, month_start: int = 1) -> Span:
    return _span(MONTH, datetime.date(year, month, 1), month_start)


def year_of(year: int, month_start: int = 1) -> Span:
    return _span(YEAR, datetime.date(year, 1, 1), month_start)


def _span(length: PeriodLength, date: datetime.date, month_start: int) -> Span:
    first = later(date, month_start)
    return Span(first, starting(length, month_start).last(first), month_start)


class Link(NamedTuple):
    label: str
    url: str
    is_current: bool = False


class Chip(NamedTuple):
    """A filter that is set, and the URL of the list without it."""

    label: str
    value: str
    url: str


class Excluded(NamedTuple):
    """The categories that the sums of a page leave out, or count because that was asked for, by their names, and the
    URL of the page that does the other."""

    names: str
    counted: bool
    url: str


class DateLinks:
    """The links of the page of a request. `values` has the values of its filters."""

    def __init__(self, request: Request, values: Validated) -> None:
        self.request = request
        self.values = values
        owner = owner_of(request)
        self.today, self.month_start = owner.today(), owner.month_start

    def url(self, *without: str, **changes: str) -> str:
        """Return the URL of the page, at its beginning, without some parameters and with others."""
        query = self.request.query_params.copy()
        for name in ("cursor", *without, *changes):
            query.pop(name, None)
        query.update(changes)
        return url_of(self.request.path, query)

    @cached_property
    def excluded(self) -> Excluded | None:
        """None if there are none, or if the filters name categories, which are counted then."""
        if self.values.keys() & {"category", "uncategorized"}:
            return None
        names = excluded_names(owner_of(self.request))
        counted = flag_of(self.request, "excluded")
        return (
            Excluded(names, counted, self.url("excluded") if counted else self.url(excluded="true")) if names else None
        )

    def last_day(self, span: Span) -> datetime.date:
        """Return the last day that a link to the span asks for."""
        return span.last

    @property
    def dates(self) -> tuple[datetime.date | None, datetime.date | None]:
        """The first and the last day that the page shows, if it has a filter for them."""
        return self.values.get("date_after"), self.values.get("date_before")

    @cached_property
    def span(self) -> Span | None:
        """The month or the year that the page shows; None for any other dates."""
        first, last = self.dates
        if not (first and last) or "date" in self.values:
            return None
        spans = self._spans_of(first)
        return next((span for span in spans if span.first == first and last in (span.last, self.last_day(span))), None)

    def _spans_of(self, date: datetime.date) -> tuple[Span, Span]:
        """Return the month and the year that the date is in."""
        named = earlier(date, self.month_start)
        return month_of(named.year, named.month, self.month_start), year_of(named.year, self.month_start)

    def link(self, span: Span, label: str = "") -> Link:
        last = self.last_day(span)
        url = self.url(*DATES, date_after=span.first.isoformat(), date_before=last.isoformat())
        return Link(label or span.name, url, (span.first, last) == self.dates and "date" not in self.values)

    @property
    def presets(self) -> list[Link]:
        month, year = self._spans_of(self.today)
        spans = (
            (month, _("This month")),
            (month.shifted(-1), _("Last month")),
            (year, _("This year")),
            (year.shifted(-1), _("Last year")),
        )
        links = [self.link(span, label) for span, label in spans if span]
        has_dates = bool(self.values.keys() & set(DATES))
        return [*links, Link(self.name_without_dates(), self.url(*DATES), not has_dates)]

    def name_without_dates(self) -> str:
        """Return the name of what the page shows if no dates are asked for."""
        return pgettext("dates", "All")

    @property
    def before(self) -> Link | None:
        """The link to the month, or the year, before the one that is shown."""
        return self._neighbour(-1)

    @property
    def after(self) -> Link | None:
        return self._neighbour(1)

    def _neighbour(self, step: int) -> Link | None:
        span = self.span.shifted(step) if self.span else None
        return self.link(span) if span else None

    @property
    def span_chip(self) -> Chip | None:
        return Chip("", self.span_name(self.span), self.url(*DATES)) if self.span else None

    def span_name(self, span: Span) -> str:
        return span.name


def url_of(path: str, query: QueryDict) -> str:
    return f"{path}?{query.urlencode()}" if query else path
