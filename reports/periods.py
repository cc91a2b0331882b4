"""Which days a chart covers, and the months or years that it shows them by."""

import datetime
from calendar import monthrange
from collections.abc import Iterator
from typing import NamedTuple

from cashman_project.api.dates import FIRST_DATE

from .charts.formats import Period

MONTHS = 12  # that a chart covers if nothing else is asked for, the present one included
MOST_MONTHS = 60  # what is longer is shown by years


class Window(NamedTuple):
    """The days from the first to the last; none if the last one comes before the first."""

    first: datetime.date
    last: datetime.date

    @property
    def months(self) -> int:
        """The number of months that have a day in it."""
        return max(_month_number(self.last) - _month_number(self.first) + 1, 0) if self.first <= self.last else 0

    @property
    def unit(self) -> str:
        """What it is shown by, as a grouping of summaries."""
        return "month" if self.months <= MOST_MONTHS else "year"

    @property
    def whole_months(self) -> tuple[Period, Period] | None:
        """The first and the last month, if it covers all their days."""
        if self.months and self.first.day == 1 and self.last == _month_end(self.last):
            return Period(self.first.year, self.first.month), Period(self.last.year, self.last.month)
        return None


class Part(NamedTuple):
    """A month or a year, as far as it is in a window."""

    period: Period
    window: Window


def window_of(first: datetime.date | None, last: datetime.date | None, today: datetime.date) -> Window:
    """Return the days that are asked for. Without a first or a last day they are twelve months.

    The last day is by default that of the present month, or of the first day's month if this is later.
    """
    last = last or _month_end(max(today, first or today))
    return Window(first or max(_month_start(_month_number(last) - MONTHS + 1), FIRST_DATE), last)


def parts(window: Window) -> Iterator[Part]:
    """Yield the months of the window, or its years if they are many."""
    by_month = window.unit == "month"
    first = window.first
    while first <= window.last:
        end = _month_end(first) if by_month else datetime.date(first.year, 12, 31)
        yield Part(Period(first.year, first.month if by_month else None), Window(first, min(end, window.last)))
        if end >= window.last:
            return
        first = end + datetime.timedelta(days=1)


def year_window(year: int) -> Window:
    return Window(datetime.date(year, 1, 1), datetime.date(year, 12, 31))


def key_of(period: Period) -> str:
    """Return the period as summaries write it: "2026-11" or "2026"."""
    return f"{period.year:04}" if period.month is None else f"{period.year:04}-{period.month:02}"


def _month_number(date: datetime.date) -> int:
    return 12 * date.year + date.month - 1


def _month_start(number: int) -> datetime.date:
    year, month = divmod(number, 12)
    return datetime.date(year, month + 1, 1)


def _month_end(date: datetime.date) -> datetime.date:
    return date.replace(day=monthrange(date.year, date.month)[1])
