"""Which days a chart or a summary covers, the periods that it shows them by, and the days that came before."""

import datetime
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from transactions.calendar import PeriodLength, Week, earlier, later, month_end, starting
from transactions.groupings import MONTH, YEAR

from .charts.formats import Period

MONTHS = 12  # that a chart covers if nothing else is asked for, the present one included
MOST_MONTHS = 60  # what is longer is shown by years


class Window(NamedTuple):
    """The days from the first to the last; none if the last one comes before the first. Its months begin on the day
    `month_start`."""

    first: datetime.date
    last: datetime.date
    month_start: int = 1

    @property
    def days(self) -> int:
        return max((self.last - self.first).days + 1, 0)

    @property
    def is_whole_months(self) -> bool:
        """Whether it has all days of its months, and at least one month."""
        first, last = self._by_calendar
        return self.months > 0 and first.day == 1 and last == month_end(last)

    @property
    def months(self) -> int:
        """The number of months that have a day in it."""
        first, last = self._by_calendar
        return max(_month_number(last) - _month_number(first) + 1, 0) if first <= last else 0

    @property
    def _by_calendar(self) -> tuple[datetime.date, datetime.date]:
        """Days that have the same place in months which begin on the first."""
        return earlier(self.first, self.month_start), earlier(self.last, self.month_start)

    @property
    def unit(self) -> str:
        """What it is shown by, as a grouping of summaries."""
        return "month" if self.months <= MOST_MONTHS else "year"

    @property
    def whole_months(self) -> tuple[Period, Period] | None:
        """The first and the last month, if it covers all their days, and they are months of the calendar."""
        if self.is_whole_months and self.month_start == 1:
            return Period(self.first.year, self.first.month), Period(self.last.year, self.last.month)
        return None


class Part(NamedTuple):
    """A month or a year, as far as it is in a window."""

    period: Period
    window: Window


def window_of(
    first: datetime.date | None, last: datetime.date | None, today: datetime.date, month_start: int = 1
) -> Window:
    """Return the days that are asked for. Without a first or a last day they are twelve months.

    The last day is by default that of the present month, or of the first day's month if this is later.
    """
    last = last or starting(MONTH, month_start).last(max(today, first or today))
    start = _month_start(_month_number(earlier(last, month_start)) - MONTHS + 1)
    return Window(first or max(later(start, month_start), FIRST_DATE), last, month_start)


def month_of(today: datetime.date, month_start: int) -> Window:
    """Return the days of the present month up to today."""
    return Window(later(earlier(today, month_start).replace(day=1), month_start), today, month_start)


def last_month(month: Window) -> tuple[Window, Window]:
    """Return the month before, and of its days those up to the one with the number of the last day of `month`."""
    last = month.first - datetime.timedelta(days=1)
    end = month.last.replace(day=1) - datetime.timedelta(days=1)
    whole = month_of(last, month.month_start)
    return whole, whole._replace(last=end.replace(day=min(month.last.day, end.day)))


def parts(window: Window) -> Iterator[Part]:
    """Yield the months of the window, or its years if they are many."""
    by_month = window.unit == "month"
    length = starting(MONTH if by_month else YEAR, window.month_start)
    first = window.first
    while first <= window.last:
        end, named = length.last(first), earlier(first, window.month_start)
        period = Period(named.year, named.month if by_month else None)
        yield Part(period, window._replace(first=first, last=min(end, window.last)))
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
        yield {name: length.key(first) for name, length in lengths.items()}, window._replace(first=first, last=last)
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
    return part._replace(first=first, last=first + (part.last - part.first))


def _days_before(part: Window, days: int) -> Window:
    step = datetime.timedelta(days=days)
    return part._replace(first=part.first - step, last=part.last - step)


def _months_before(part: Window, months: int) -> Window | None:
    """Return the days with the same numbers, so many months before. Whole months become whole months."""
    start = _month_start(_month_number(part.first) - months)
    days = min(part.first.day - 1, month_end(start).day)  # the first of the next month if this one is too short
    first = start + datetime.timedelta(days=days)
    end = month_end(_month_start(_month_number(part.last) - months))
    is_whole = part.month_start == 1 and part.is_whole_months  # otherwise all months have the number of their last day
    last = end if is_whole else end.replace(day=min(end.day, part.last.day))
    return part._replace(first=first, last=last) if first <= last else None


def year_window(year: int, month_start: int = 1) -> Window:
    last = later(datetime.date(year, 12, 31), month_start)
    return Window(later(datetime.date(year, 1, 1), month_start), min(last, LAST_DATE), month_start)


def year_of(today: datetime.date, month_start: int) -> int:
    """Return the year that today is in. It begins on `month_start` of January."""
    return earlier(today, month_start).year


def key_of(period: Period) -> str:
    """Return the period as summaries write it: "2026-11" or "2026"."""
    return f"{period.year:04}" if period.month is None else f"{period.year:04}-{period.month:02}"


def _month_number(date: datetime.date) -> int:
    return 12 * date.year + date.month - 1


def _month_start(number: int) -> datetime.date:
    year, month = divmod(number, 12)
    return datetime.date(year, month + 1, 1)
