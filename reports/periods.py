"""Which days a chart or a summary covers, the periods that it shows them by, and the days that came before."""

import datetime
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cashman_project.api.dates import FIRST_DATE
from transactions.calendar import PeriodLength, Week, month_end

from .charts.formats import Period

MONTHS = 12  # that a chart covers if nothing else is asked for, the present one included
MOST_MONTHS = 60  # what is longer is shown by years


class Window(NamedTuple):
    """The days from the first to the last; none if the last one comes before the first."""

    first: datetime.date
    last: datetime.date

    @property
    def days(self) -> int:
        return max((self.last - self.first).days + 1, 0)

    @property
    def is_whole_months(self) -> bool:
        """Whether it has all days of its months, and at least one month."""
        return self.months > 0 and self.first.day == 1 and self.last == month_end(self.last)

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
        if self.is_whole_months:
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
    last = last or month_end(max(today, first or today))
    return Window(first or max(_month_start(_month_number(last) - MONTHS + 1), FIRST_DATE), last)


def parts(window: Window) -> Iterator[Part]:
    """Yield the months of the window, or its years if they are many."""
    by_month = window.unit == "month"
    first = window.first
    while first <= window.last:
        end = month_end(first) if by_month else datetime.date(first.year, 12, 31)
        yield Part(Period(first.year, first.month if by_month else None), Window(first, min(end, window.last)))
        if end >= window.last:
            return
        first = end + datetime.timedelta(days=1)


def split(window: Window, lengths: Mapping[str, PeriodLength]) -> Iterator[tuple[dict[str, str], Window]]:
    """Yield the periods of the window: their keys by the names of the lengths, and their days in the window.

    With two lengths, such as weeks and months, they are the parts that have the same days of both.
    """
    first = window.first
    while first <= window.last:
        last = min(window.last, *(length.last(first) for length in lengths.values()))
        yield {name: length.key(first) for name, length in lengths.items()}, Window(first, last)
        first = last + datetime.timedelta(days=1)


def before(part: Window, whole: Window, length: PeriodLength | None) -> Window | None:
    """Return the days that a part of a window is compared with, as many as the window has before it.

    Months are compared with months if the window has whole months, and otherwise days with days. A week is compared
    with a week, so many weeks before that the window has no day of it. None if the part has no such days: if a month
    is compared with February, it may have no 29th.
    """
    if isinstance(length, Week):
        return _days_before(part, -(-whole.days // 7) * 7)
    return _months_before(part, whole.months) if whole.is_whole_months else _days_before(part, whole.days)


def year_before(part: Window, length: PeriodLength | None) -> Window | None:
    """Return the same days a year before, or of a week the same days in the week of that number.

    None if there are no such days: February may have no 29th, and the year no 53rd week.
    """
    if not isinstance(length, Week):
        return _months_before(part, 12)
    year, week, weekday = part.first.isocalendar()
    try:
        first = datetime.date.fromisocalendar(year - 1, week, weekday)
    except ValueError:
        return None
    return Window(first, first + (part.last - part.first))


def _days_before(part: Window, days: int) -> Window:
    return Window(*(day - datetime.timedelta(days=days) for day in part))


def _months_before(part: Window, months: int) -> Window | None:
    """Return the days with the same numbers, so many months before. Whole months become whole months."""
    start = _month_start(_month_number(part.first) - months)
    days = min(part.first.day - 1, month_end(start).day)  # the first of the next month if this one is too short
    first = start + datetime.timedelta(days=days)
    end = month_end(_month_start(_month_number(part.last) - months))
    last = end if part.is_whole_months else end.replace(day=min(end.day, part.last.day))
    return Window(first, last) if first <= last else None


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
