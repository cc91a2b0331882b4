"""Months that begin on any day, in plain steps, to compare with."""

import datetime

from hypothesis import strategies as st

STARTS = st.sampled_from([1, 2, 15, 25, 28]) | st.integers(1, 28)


def named_day(day: datetime.date, month_start: int) -> datetime.date:
    """Return a day of the calendar's month that the owner's month of this day is named after: it begins in it."""
    first = day.replace(day=1)
    return first if day.day >= month_start else (first - datetime.timedelta(days=1)).replace(day=1)
