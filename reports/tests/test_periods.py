"""Which days a chart covers, and what it shows them by."""

import datetime
import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.tests.shares import reached, reaches

from ..charts.formats import Period
from ..periods import Window, parts, window_of

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("first", "last", "window"),
    [
        (None, None, (date(2025, 12, 1), date(2026, 11, 30))),
        (date(2026, 3, 15), None, (date(2026, 3, 15), date(2026, 11, 30))),
        (date(2027, 2, 3), None, (date(2027, 2, 3), date(2027, 2, 28))),
        (None, date(2024, 2, 10), (date(2023, 3, 1), date(2024, 2, 10))),
        (None, date(1900, 5, 31), (date(1900, 1, 1), date(1900, 5, 31))),
        (date(2026, 5, 2), date(2026, 5, 1), (date(2026, 5, 2), date(2026, 5, 1))),
    ],
)
def test_what_is_not_asked_for_is_twelve_months(
    first: date | None, last: date | None, window: tuple[date, date]
) -> None:
    assert window_of(first, last, TODAY) == Window(*window)


def test_five_years_are_by_month_and_more_are_by_year() -> None:
    by_month = [part.period for part in parts(Window(date(2021, 12, 1), date(2026, 11, 30)))]
    by_year = [part.period for part in parts(Window(date(2021, 11, 30), date(2026, 11, 30)))]

    assert (len(by_month), by_month[0], by_month[-1]) == (60, Period(2021, 12), Period(2026, 11))
    assert by_year == [Period(year) for year in range(2021, 2027)]


def test_a_window_that_ends_before_it_begins_has_no_part() -> None:
    assert list(parts(Window(date(2026, 5, 2), date(2026, 5, 1)))) == []


@reaches(several=30)
@given(st.dates(), st.integers(0, 40_000))
def test_every_day_is_in_one_part(first: date, days: int) -> None:
    last = date.fromordinal(min(first.toordinal() + days, date.max.toordinal()))

    found = list(parts(Window(first, last)))

    assert (found[0].window.first, found[-1].window.last) == (first, last)
    for before, after in itertools.pairwise(found):
        assert after.window.first - before.window.last == datetime.timedelta(days=1)
    for period, (start, end) in found:
        assert {start.year, end.year} == {period.year}
        assert period.month is None or {start.month, end.month} == {period.month}
    assert len(found) <= 120
    if len(found) > 1:
        reached("several")
