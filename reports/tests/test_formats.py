"""How numbers and dates are written in a chart, and where the numbers of an axis are."""

import datetime
import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transactions.tests.shares import reached, reaches

from ..charts.formats import Formats, Period
from ..charts.scales import Scale, chunks, ticks

ENGLISH, GERMAN, JAPANESE = Formats("en"), Formats("de"), Formats("ja")


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german"),
    [
        ("0", "USD", "0.00", "0,00"),
        ("-1234.5", "USD", "\u22121,234.50", "\u22121.234,50"),
        ("1234567", "JPY", "1,234,567", "1.234.567"),
        ("1E+3", "JPY", "1,000", "1.000"),
        ("1.2345", "USD", "1.2345", "1,2345"),
        ("-0.001", "KWD", "\u22120.001", "\u22120,001"),
        (f"{10**30}.1234", "CLF", f"1{10 * ',000'}.1234", f"1{10 * '.000'},1234"),
    ],
)
def test_an_amount_has_all_its_digits(amount: str, currency: str, english: str, german: str) -> None:
    assert ENGLISH.amount(Decimal(amount), currency) == english
    assert GERMAN.amount(Decimal(amount), currency) == german


@pytest.mark.parametrize(
    ("amounts", "english", "german"),
    [
        (["0"], ["0"], ["0"]),
        (["-2500", "0", "5000"], ["\u22122,500", "0", "5,000"], ["\u22122.500", "0", "5.000"]),
        (["0", "5000", "12500"], ["0", "5K", "12.5K"], ["0", "5.000", "12.500"]),
        (["0", "1E+6"], ["0", "1M"], ["0", "1\u00a0Mio."]),
        (["0", "2E+15"], ["0", "2,000T"], ["0", "2.000\u00a0Bio."]),
        (["0", "0.25"], ["0", "0.25"], ["0", "0,25"]),
    ],
)
def test_the_numbers_of_an_axis_are_short_and_alike(amounts: list[str], english: list[str], german: list[str]) -> None:
    assert ENGLISH.axis([Decimal(amount) for amount in amounts]) == english
    assert GERMAN.axis([Decimal(amount) for amount in amounts]) == german


@pytest.mark.parametrize(("amount", "text"), [("99999999999.99", "100B"), ("123456", "123K"), ("999.94", "1,000")])
def test_about_an_amount(amount: str, text: str) -> None:
    assert ENGLISH.short(Decimal(amount)) == text


def test_a_language_shortens_by_its_own_powers_of_ten() -> None:
    assert JAPANESE.axis([Decimal(0), Decimal(25_000)]) == ["0", "2.5\u4e07"]
    assert GERMAN.percent(Decimal("0.24")) == "24\u00a0%"
    assert Formats("tr").percent(Decimal("0.0001")) == "<%0,1"


@pytest.mark.parametrize(
    ("share", "text"), [("0", "0.0%"), ("0.0004", "<0.1%"), ("0.031", "3.1%"), ("0.24", "24%"), ("1", "100%")]
)
def test_a_share_is_a_percentage(share: str, text: str) -> None:
    assert ENGLISH.percent(Decimal(share)) == text


def test_periods_and_days_are_in_the_language() -> None:
    first, last = Period(2026, 1), Period(2026, 2)

    assert ENGLISH.span(first, last) == "January 2026 \u2013 February 2026"
    assert GERMAN.span(first, first) == "Januar 2026"
    assert ENGLISH.span(Period(2025), Period(2026)) == "2025 \u2013 2026"
    assert (ENGLISH.short_period(first), GERMAN.short_period(last)) == ("Jan 2026", "Feb. 2026")
    assert GERMAN.day(datetime.date(2026, 2, 3)) == "03.02.2026"
    assert (GERMAN.months[0], GERMAN.short_months[1]) == ("Januar", "Feb")
    assert ENGLISH.period(Period(7)) == "0007"


money = st.decimals(-(10**15), 10**15, places=4)


@reaches(below_and_above_zero=15)
@given(money, money)
def test_an_axis_has_a_few_round_numbers_and_reaches_as_far_as_the_amounts(one: Decimal, other: Decimal) -> None:
    low, high = min(one, other), max(one, other)

    found = ticks(low, high)

    steps = {after - before for before, after in itertools.pairwise(found)}
    assert 2 <= len(found) <= 8
    [step] = steps
    assert step.normalize().as_tuple().digits in ((1,), (2,), (5,), (2, 5))
    assert found[0] - step * Decimal("0.05") <= low
    assert high <= found[-1] + step * Decimal("0.05")
    if low < 0 < high:
        reached("below_and_above_zero")


@reaches(different=15)
@given(money, money, money)
def test_a_larger_amount_is_never_lower(one: Decimal, other: Decimal, third: Decimal) -> None:
    low, middle, high = sorted((one, other, third))
    scale = Scale(low, high + 1, 300, 20)

    assert 300 >= scale(low) >= scale(middle) >= scale(high) >= 20
    if low < middle < high:
        reached("different")


@reaches(several=15)
@given(st.lists(st.integers(), max_size=500), st.integers(1, 60))
def test_runs_of_neighbours_hold_every_item_once(items: list[int], most: int) -> None:
    runs = chunks(items, most)

    assert [item for run in runs for item in run] == items
    assert len(runs) <= most
    assert len({len(run) for run in runs[:-1]}) <= 1
    if len(runs) > 1:
        reached("several")
