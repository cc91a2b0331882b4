"""Dates and timestamps as text, read strictly: ISO 8601's extended calendar form and RFC 3339, in ASCII digits.

A timestamp may be written as other languages do it: with nanoseconds (Go, Java, .NET), which are cut to microseconds;
without seconds if they are zero (Java's OffsetDateTime); and with an offset without a colon (C).
"""

import datetime
import re

from django.utils.translation import gettext_lazy as _

FIRST_DATE = datetime.date(1900, 1, 1)
LAST_DATE = datetime.date(2200, 12, 31)
INVALID_DATE = _("Not a date: write it as 2026-11-30, from 1900-01-01 to 2200-12-31.")
INVALID_TIMESTAMP = _(
    "Not a timestamp: write it as 2026-11-30T08:15:00Z, with Z or an offset (a plus sign as %2B in a URL)."
)

_DATE = re.compile(r"(19[0-9]{2}|2[01][0-9]{2}|2200)-[0-9]{2}-[0-9]{2}")
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_TIMESTAMP = re.compile(f"{_DATE.pattern}T{_TIME}(Z|[+-][0-9]{{2}}:?[0-5][0-9])")
DATE_PATTERN = f"^{_DATE.pattern}$"
TIMESTAMP_PATTERN = f"^{_TIMESTAMP.pattern}$"


def parse_date(text: str) -> datetime.date:
    """Read "2026-11-30"; raises ValueError for any other form and outside 1900 to 2200."""
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return datetime.date.fromisoformat(text)


def format_timestamp(timestamp: datetime.datetime) -> str:
    """Write an aware timestamp in UTC, with microseconds: "2026-11-30T08:15:00.000000Z"."""
    return timestamp.astimezone(datetime.UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_timestamp(text: str) -> datetime.datetime:
    """Read "2026-11-30T08:15:00+02:00" into UTC; raises ValueError for any other form and outside 1900 to 2200.

    Digits after the microseconds are cut off.
    """
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError(text)
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)  # not every database knows every offset
