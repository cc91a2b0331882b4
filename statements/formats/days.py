"""Days as statements write them. A day is taken as it is written: no time zone ever moves it."""

import datetime
import re
from collections.abc import Iterable

from django.utils.translation import gettext_noop as _

from .results import NO_READING, Choice, DateOrder, Message, Question, shown

COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[^0-9].*|[0-9]{2,8}.*)?", re.DOTALL)
ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T+Z-].*)?", re.DOTALL)
# Three numbers; an apostrophe before the year means that it is after 1999, and blanks stand for zeros.
NUMBERS = re.compile(r"([0-9]{1,4}) ?([/.-]) ?([0-9]{1,2}) ?([/.'-]) ?([0-9]{1,4})")
LONGEST = 20  # characters of three numbers
ORDERS: tuple[DateOrder, DateOrder] = ("DMY", "MDY")
PIVOT = 69  # years of two digits from here on are before 2000
AMBIGUOUS = _("Which day is “%(value)s”?")
NOT_A_DAY = _("“%(value)s” is not a day. It must be one of the calendar, such as %(example)s.")
MISSING_DAY = _("The date is missing.")


def compact_day(text: str) -> datetime.date | None:
    """Read 20260105, with or without a time after it. None if it is no day."""
    return matched_day(COMPACT, text)


def iso_day(text: str) -> datetime.date | None:
    """Read 2026-01-05, with or without a time or a zone after it. None if it is no day."""
    return matched_day(ISO, text)


def matched_day(pattern: re.Pattern[str], text: str) -> datetime.date | None:
    match = pattern.fullmatch(text)
    return day_of(*map(int, match.groups())) if match else None


def day_of(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


class NotADay(ValueError):
    """The text is no day."""


class AmbiguousDay(ValueError):
    """The text has two readings."""


def readings(text: str) -> dict[DateOrder, datetime.date]:
    """Return which day three numbers are in each order. A year of four digits at the start leaves no doubt."""
    match = NUMBERS.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None:
        return {}
    first, second, last = int(match[1]), int(match[3]), int(match[5])
    if len(match[1]) > 2:
        found = day_of(first, second, last)
        return dict.fromkeys(("DMY", "MDY", "YMD"), found) if found else {}
    year = full_year(match[5], is_late=match[4] == "'")
    days: dict[DateOrder, datetime.date | None] = {
        "DMY": day_of(year, second, first),
        "MDY": day_of(year, first, second),
        "YMD": day_of(full_year(match[1]), second, last),
    }
    return {order: day for order, day in days.items() if day is not None}


def full_year(digits: str, *, is_late: bool = False) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if is_late or year < PIVOT else 1900)


class Days:
    """Reads the days of one file, which all have the same order."""

    def __init__(self, order: DateOrder | None, texts: Iterable[str]) -> None:
        self.order = order or common_order(texts)

    def read(self, text: str) -> datetime.date:
        """Return a day. Raises NotADay or AmbiguousDay."""
        found = readings(text)
        if not found.keys() & ({*ORDERS} if self.order is None else {self.order}):
            raise NotADay(text)
        if self.order is None:
            raise AmbiguousDay(text)
        return found[self.order]


def common_order(texts: Iterable[str]) -> DateOrder | None:
    """Return the order in which all of these days can be read. None if both can, and differ, or if none can."""
    possible, differ = set(ORDERS), False
    for text in texts:
        found = readings(text)
        if found.keys() & {*ORDERS}:
            possible &= found.keys()
            differ = differ or found.get("DMY") != found.get("MDY")
    if len(possible) == 2 and not differ:
        return "DMY"
    return possible.pop() if len(possible) == 1 else None


def order_question(text: str, number: int) -> Question:
    """Return the question which order the days have, with one of them. If no order fits all days, it may have one
    reading only."""
    found = readings(text)
    choices = tuple(Choice(order, str(found.get(order, NO_READING))) for order in ORDERS)
    return Question("date_order", Message(AMBIGUOUS, {"value": shown(text)}), number, text, choices)
