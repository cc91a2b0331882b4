"""Days, weeks, months, quarters and years: which one a date is in, and the dates that it has."""

import datetime
from abc import ABC, abstractmethod
from calendar import monthrange
from dataclasses import dataclass

from cashman_project.api.dates import FIRST_DATE, LAST_DATE


class PeriodLength(ABC):
    """How long the periods of a grouping are. A period is known by its key, such as "2026-11"."""

    @abstractmethod
    def key(self, date: datetime.date) -> str:
        """Return the key of the period that the date is in."""

    @abstractmethod
    def first(self, key: str) -> datetime.date:
        """Return the first date of the period with this key."""

    @abstractmethod
    def last(self, date: datetime.date) -> datetime.date:
        """Return the last date of the period that the date is in."""


class Day(PeriodLength):
    """A day, such as "2026-11-20"."""

    def key(self, date: datetime.date) -> str:
        return date.isoformat()

    def first(self, key: str) -> datetime.date:
        return datetime.date.fromisoformat(key)

    def last(self, date: datetime.date) -> datetime.date:
        return date


class Week(PeriodLength):
    """A week of ISO 8601, such as "2026-W47": from Monday to Sunday, of the year that most of its days are in."""

    def key(self, date: datetime.date) -> str:
        year, week, _weekday = date.isocalendar()
        return f"{year:04}-W{week:02}"

    def first(self, key: str) -> datetime.date:
        return datetime.date.fromisoformat(f"{key}-1")

    def last(self, date: datetime.date) -> datetime.date:
        return date + datetime.timedelta(days=6 - date.weekday())


class Month(PeriodLength):
    """A month, such as "2026-11"."""

    def key(self, date: datetime.date) -> str:
        return date.isoformat()[:7]

    def first(self, key: str) -> datetime.date:
        return datetime.date.fromisoformat(f"{key}-01")

    def last(self, date: datetime.date) -> datetime.date:
        return month_end(date)


class Quarter(PeriodLength):
    """A quarter of a year, such as "2026-Q4"."""

    def key(self, date: datetime.date) -> str:
        return f"{date.year:04}-Q{(date.month + 2) // 3}"

    def first(self, key: str) -> datetime.date:
        return datetime.date(int(key[:4]), 3 * int(key[6:]) - 2, 1)

    def last(self, date: datetime.date) -> datetime.date:
        return month_end(date.replace(month=(date.month + 2) // 3 * 3, day=1))


class Year(PeriodLength):
    """A year, such as "2026"."""

    def key(self, date: datetime.date) -> str:
        return f"{date.year:04}"

    def first(self, key: str) -> datetime.date:
        return datetime.date(int(key), 1, 1)

    def last(self, date: datetime.date) -> datetime.date:
        return datetime.date(date.year, 12, 31)


@dataclass(frozen=True)
class Later(PeriodLength):
    """Periods that begin some days later than the ones of a calendar. Each has the key of the one that it begins in.

    All months have the day that theirs begin on. So a period has as many days as the one of the calendar.
    """

    length: PeriodLength
    month_start: int

    def key(self, date: datetime.date) -> str:
        return self.length.key(earlier(date, self.month_start))

    def first(self, key: str) -> datetime.date:
        return max(later(self.length.first(key), self.month_start), FIRST_DATE)

    def last(self, date: datetime.date) -> datetime.date:
        last = later(self.length.last(earlier(date, self.month_start)), self.month_start)
        return max(date, min(last, LAST_DATE))


def starting(length: PeriodLength, month_start: int) -> PeriodLength:
    """Return the months, quarters or years of somebody whose months begin on that day."""
    return length if month_start == 1 else Later(length, month_start)


def earlier(date: datetime.date, month_start: int) -> datetime.date:
    """Return a date whose month, by the calendar, is the date's month if months begin on `month_start`."""
    return date - datetime.timedelta(days=month_start - 1)


def later(date: datetime.date, month_start: int) -> datetime.date:
    """Return the date that `earlier` makes this one of."""
    return date + datetime.timedelta(days=month_start - 1)


def month_end(date: datetime.date) -> datetime.date:
    """Return the last date of the month that the date is in."""
    return date.replace(day=monthrange(date.year, date.month)[1])
