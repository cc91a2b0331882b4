"""Which days a chart covers, and what it shows them by."""

import datetime
import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.calendar import PeriodLength
from transactions.groupings import DAY, MONTH, QUARTER, WEEK, YEAR
from transactions.tests.shares import reached, reaches

from ..charts.formats import Period
from ..periods import Window, before, parts, split, window_of, year_before

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
    for one, next_one in itertools.pairwise(found):
        assert next_one.window.first - one.window.last == datetime.timedelta(days=1)
    for period, (start, end, _month_start) in found:
        assert {start.year, end.year} == {period.year}
        assert period.month is None or {start.month, end.month} == {period.month}
    assert len(found) <= 120
    if len(found) > 1:
        reached("several")


def window(text: str) -> Window | None:
    """Read days such as "2026-11-01 2026-11-30", or one day; "-" is None."""
    days = [date.fromisoformat(day) for day in text.split() if day != "-"]
    return Window(days[0], days[-1]) if days else None


@pytest.mark.parametrize(
    ("part", "whole", "length", "wanted"),
    [
        # Whole months are compared with as many whole months.
        ("2026-11-01 2026-11-30", "2026-11-01 2026-11-30", None, "2026-10-01 2026-10-31"),
        ("2026-03-01 2026-03-31", "2026-03-01 2026-03-31", None, "2026-02-01 2026-02-28"),
        ("2026-01-01 2026-03-31", "2026-01-01 2026-03-31", QUARTER, "2025-10-01 2025-12-31"),
        ("2026-01-01 2026-12-31", "2026-01-01 2026-12-31", YEAR, "2025-01-01 2025-12-31"),
        ("2024-02-01 2024-02-29", "2024-01-01 2024-12-31", MONTH, "2023-02-01 2023-02-28"),
        ("2025-02-01 2025-02-28", "2025-01-01 2025-12-31", MONTH, "2024-02-01 2024-02-29"),
        # A day of whole months with the day of that number, if there is one.
        ("2026-11-30", "2026-11-01 2026-11-30", DAY, "2026-10-30"),
        ("2026-03-28", "2026-03-01 2026-03-31", DAY, "2026-02-28"),
        ("2026-03-29", "2026-03-01 2026-03-31", DAY, "-"),
        ("2024-02-29", "2024-01-01 2024-12-31", DAY, "-"),
        # The first and the last part of a window of three months, by quarters.
        ("2026-02-01 2026-03-31", "2026-02-01 2026-04-30", QUARTER, "2025-11-01 2025-12-31"),
        ("2026-04-01 2026-04-30", "2026-02-01 2026-04-30", QUARTER, "2026-01-01 2026-01-31"),
        # Other days with as many days.
        ("2026-11-20", "2026-11-20", None, "2026-11-19"),
        ("2026-11-01 2026-11-28", "2026-11-01 2026-11-28", None, "2026-10-04 2026-10-31"),
        ("2026-03-15 2026-03-31", "2026-03-15 2026-04-10", MONTH, "2026-02-16 2026-03-04"),
        # Weeks with weeks.
        ("2026-11-16 2026-11-22", "2026-11-16 2026-11-22", WEEK, "2026-11-09 2026-11-15"),
        ("2026-11-30", "2026-11-01 2026-11-30", WEEK, "2026-10-26"),
    ],
)
def test_as_many_days_before(part: str, whole: str, length: PeriodLength | None, wanted: str) -> None:
    of_part, of_whole = window(part), window(whole)
    assert of_part
    assert of_whole
    assert before(of_part, of_whole, length) == window(wanted)


@pytest.mark.parametrize(
    ("part", "length", "wanted"),
    [
        ("2026-11-01 2026-11-28", None, "2025-11-01 2025-11-28"),
        ("2024-02-29", DAY, "-"),
        ("2025-02-28", DAY, "2024-02-28"),
        ("2025-02-01 2025-02-28", MONTH, "2024-02-01 2024-02-29"),
        ("2024-02-01 2024-02-29", MONTH, "2023-02-01 2023-02-28"),
        ("2024-02-29 2024-03-15", None, "2023-03-01 2023-03-15"),
        ("2024-02-15 2024-02-29", None, "2023-02-15 2023-02-28"),
        ("2026-11-16 2026-11-22", WEEK, "2025-11-17 2025-11-23"),
        ("2024-12-30 2025-01-05", WEEK, "2024-01-01 2024-01-07"),
        ("2026-12-28 2027-01-03", WEEK, "-"),  # the 53rd
        ("2027-12-27 2028-01-02", WEEK, "2026-12-21 2026-12-27"),  # the 52nd, not the 53rd
        ("2026-11-01", WEEK, "2025-11-02"),  # a Sunday
    ],
)
def test_the_same_days_a_year_before(part: str, length: PeriodLength | None, wanted: str) -> None:
    of_part = window(part)
    assert of_part
    assert year_before(of_part, length) == window(wanted)


LENGTHS = {"day": DAY, "week": WEEK, "month": MONTH, "quarter": QUARTER, "year": YEAR}


@reaches(several=40)
@given(
    st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    st.integers(0, 400),
    st.lists(st.sampled_from(list(LENGTHS)), min_size=1, max_size=2, unique=True),
)
def test_the_parts_of_a_window_are_all_its_days_once(first: date, days: int, names: list[str]) -> None:
    whole = Window(first, first + datetime.timedelta(days=days))
    found = list(split(whole, {name: LENGTHS[name] for name in names}))

    assert [part.first for _keys, part in found] == [
        first,
        *(part.last + datetime.timedelta(days=1) for _keys, part in found[:-1]),
    ]
    assert found[-1][1].last == whole.last
    for keys, part in found:
        for day in (part.first, part.last):
            assert keys == {name: LENGTHS[name].key(day) for name in names}
        for name, key in keys.items():
            start = LENGTHS[name].first(key)
            assert start <= part.first <= part.last <= LENGTHS[name].last(start)
            assert LENGTHS[name].key(start) == key != LENGTHS[name].key(start - datetime.timedelta(days=1))
            assert key != LENGTHS[name].key(LENGTHS[name].last(start) + datetime.timedelta(days=1))
    if len(found) > 1:
        reached("several")
