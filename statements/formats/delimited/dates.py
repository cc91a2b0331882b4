"""Dates as statements write them. Which piece is the day is decided from a whole column, never from one cell."""

import re
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from ..results import DateOrder
from .months import MONTHS

LONGEST = 60


ORDERS: tuple[DateOrder, ...] = ("DMY", "MDY", "YMD")

_TIME = r"(?:[T ,]+\d{1,2}[:.hH]\d{2}\b.*|T.*|Z)?"
_NUMERIC = re.compile(
    rf"(?P<first>\d{{1,4}})(?P<mark>[./\-]\s?|年\s?)(?P<second>\d{{1,2}})(?:[./\-]\s?|月\s?)'?(?P<third>\d{{1,4}})[.日]?{_TIME}"
)
_COMPACT = re.compile(rf"(\d{{8}}){_TIME}")
_DAY_NAME_YEAR = re.compile(
    rf"(?:[^\W\d_]{{2,12}}\.?,?\s)?(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º)?[.\s\-/]*(?:de\s)?(?P<name>[^\W\d_]{{3,14}})[.\s\-/,']*(?:de\s)?"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TIME}"
)
_NAME_DAY_YEAR = re.compile(
    rf"(?P<name>[^\W\d_]{{3,14}})[.\s\-/]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[,\s\-/]+(?P<year>\d{{4}}){_TIME}"
)
_YEAR_NAME_DAY = re.compile(rf"(?P<year>\d{{4}})[.\s\-/]+(?P<name>[^\W\d_]{{3,14}})[.\s\-/]+(?P<day>\d{{1,2}}){_TIME}")


@lru_cache(maxsize=4096)
def readings(text: str) -> dict[DateOrder, date]:
    """Return the days that `text` can mean, by the order of its pieces. Empty if it is no date."""
    text = text.strip()
    if not 6 <= len(text) <= LONGEST or not any(character.isdigit() for character in text):
        return {}
    if match := _NUMERIC.fullmatch(text):
        return _numeric(match["first"], match["second"], match["third"], match["mark"].strip())
    if match := _COMPACT.fullmatch(text):
        return _compact(match[1])
    for pattern in (_DAY_NAME_YEAR, _NAME_DAY_YEAR, _YEAR_NAME_DAY):
        match = pattern.fullmatch(text)
        month = MONTHS.get(match["name"].lower()) if match else None
        if match and month:
            day = _day(match["year"], str(month), match["day"])
            return dict.fromkeys(ORDERS, day) if day else {}
    return {}


@lru_cache(maxsize=4096)
def is_ambiguous(text: str) -> bool:
    """Return whether `text` can mean several days."""
    return len(set(readings(text).values())) > 1


def looks_like_date(text: str) -> bool:
    """Return whether `text` is written as a date, though it may be none, such as 31/02/2026."""
    text = text.strip()
    return len(text) <= LONGEST and bool(_NUMERIC.fullmatch(text))


def read_date(text: str, order: DateOrder | None) -> date | None:
    """Return the day that `text` means. Without an order, only if it means but one."""
    days = readings(text)
    if order is not None:
        return days.get(order)
    distinct = set(days.values())
    return distinct.pop() if len(distinct) == 1 else None


def _numeric(first: str, second: str, third: str, mark: str) -> dict[DateOrder, date]:
    if len(first) == 4 or mark == "年":
        # The year's place is plain, and nobody writes year, day, month.
        day = _day(first, second, third) if len(third) <= 2 else None
        return dict.fromkeys(ORDERS, day) if day else {}
    if len(first) > 2 or len(third) in (1, 3):
        return {}
    possible: dict[DateOrder, date | None] = {"DMY": _day(third, second, first), "MDY": _day(third, first, second)}
    if len(first) == 2 and len(third) == 2 and mark != ".":
        possible["YMD"] = _day(first, second, third)
    return {order: day for order, day in possible.items() if day}


def _compact(text: str) -> dict[DateOrder, date]:
    possible: dict[DateOrder, date | None] = {
        "YMD": _day(text[:4], text[4:6], text[6:]),
        "DMY": _day(text[4:], text[2:4], text[:2]),
        "MDY": _day(text[4:], text[:2], text[2:4]),
    }
    return {order: day for order, day in possible.items() if day}


def _day(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if len(year) <= 2:
        number += 1900 if number >= 70 else 2000
    if not 1950 <= number <= 2149:
        return None
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


@dataclass
class DateColumn:
    """What the cells of a column of dates say about the order of their pieces."""

    dates: int = 0
    readable: dict[DateOrder, int] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)
    firsts: set[str] = field(default_factory=set)
    lasts: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)

    def add(self, text: str) -> None:
        days = readings(text)
        if not days:
            return
        self.dates += 1
        for order in days:
            self.readable[order] = self.readable.get(order, 0) + 1
        if is_ambiguous(text):
            if len(self.differing) < 3:
                self.differing.append(text.strip())
            self.forms.add("".join("0" if character.isdigit() else character for character in text.strip()[:10]))
            self.firsts.add(text.strip()[:2])
            self.lasts.add(text.strip()[:8][-2:])

    def orders(self) -> list[DateOrder]:
        """Return the orders that read every date. More than one only if they read some date differently.

        If none reads all dates, the column mixes orders, so each that reads some of them is returned.
        """
        complete = [order for order in ORDERS if self.readable.get(order) == self.dates]
        if not complete:
            return [order for order in ORDERS if self.readable.get(order)]
        if not self.differing:
            return complete[:1]
        if "DMY" in complete and all("." in form for form in self.forms):
            return ["DMY"]  # nobody writes the month first with points
        if "YMD" in complete and len(complete) > 1 and len(self.firsts) != len(self.lasts):
            # A statement has many days and few years, so the year is where fewer different numbers are.
            year_first = len(self.firsts) < len(self.lasts)
            complete = [order for order in complete if (order == "YMD") == year_first]
        return complete

    def has_form_of(self, other: "DateColumn") -> bool:
        """Tell whether both columns write dates with the same marks and digits, so that one order holds for both."""
        return bool(self.forms & other.forms)
