"""Days as statements write them."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statements.formats.days import AmbiguousDay, Days, NotADay, common_order, compact_day, iso_day, order_question
from statements.formats.results import NO_READING, Choice, DateOrder
from transactions.tests.shares import reached, reaches


@pytest.mark.parametrize(
    "text",
    ["20260131", "20260131235959", "202601312359", "20260131000000.000[-8:PST]", "20260131 ", "20260131103000:014"],
)
def test_a_compact_day_is_taken_as_written(text: str) -> None:
    assert compact_day(text) == datetime.date(2026, 1, 31)


@pytest.mark.parametrize(
    "text",
    ["2026-01-31", "2026-01-31+02:00", "2026-01-31Z", "2026-01-31T00:30:00+02:00", "2026-01-31T23:59:59.9-11:00"],
)
def test_no_zone_moves_a_day(text: str) -> None:
    assert iso_day(text) == datetime.date(2026, 1, 31)


@pytest.mark.parametrize("text", ["", "00000000", "20260230", "2026013", "31012026", "2026-01-31"])
def test_what_is_no_compact_day(text: str) -> None:
    assert compact_day(text) is None


@pytest.mark.parametrize("text", ["", "2026-02-30", "2026-1-31", "20260131", "2026-01-31x", "31-01-2026"])
def test_what_is_no_iso_day(text: str) -> None:
    assert iso_day(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31/12/97", "1997-12-31"),
        ("31/12/26", "2026-12-31"),
        ("31.12'2026", "2026-12-31"),
        ("31/12' 5", "2005-12-31"),
        ("31-12-69", "1969-12-31"),
        ("31/12'69", "2069-12-31"),
        ("2026-12-31", "2026-12-31"),
        (" 31/12/2026 ", "2026-12-31"),
    ],
)
def test_years_are_read_as_programs_write_them(text: str, day: str) -> None:
    assert str(Days(None, ["31/12/2026"]).read(text)) == day


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["13/02/2026", "03/04/2026"], "DMY"),
        (["02/13/2026", "03/04/2026"], "MDY"),
        (["03/04/2026"], None),
        (["13/02/2026", "02/13/2026"], None),
        (["03/03/2026", "2026-04-05", "no day"], "DMY"),
        (["13/02/2026", "0/1/05"], "DMY"),  # the second is no day in either order
        ([], "DMY"),
    ],
)
def test_the_order_is_found_or_unknown(texts: list[str], order: DateOrder | None) -> None:
    assert common_order(texts) == order


def test_nothing_is_guessed() -> None:
    days = Days(None, ["13/02/2026", "02/13/2026"])
    with pytest.raises(AmbiguousDay):
        days.read("13/02/2026")
    with pytest.raises(NotADay):
        Days("MDY", []).read("13/02/2026")
    with pytest.raises(NotADay):
        Days("MDY", []).read("1/1/1/2026")
    choices = order_question("03/04/2026", 1).choices
    assert choices == (Choice("DMY", "2026-04-03"), Choice("MDY", "2026-03-04"))


def test_days_of_no_common_order_are_asked_with_both() -> None:
    days = Days(None, ["13/02/2026", "02/13/2026", "0/1/05"])

    with pytest.raises(NotADay):
        days.read("0/1/05")
    assert order_question("13/02/2026", 1).choices == (Choice("DMY", "2026-02-13"), Choice("MDY", NO_READING))


@reaches(decided=30)
@given(st.lists(st.dates(datetime.date(1970, 1, 1), datetime.date(2068, 12, 31)), min_size=1), st.booleans())
def test_days_are_read_as_they_were_written_or_asked(days: list[datetime.date], is_month_first: bool) -> None:
    texts = [f"{day:%m/%d/%Y}" if is_month_first else f"{day:%d/%m/%Y}" for day in days]
    reader = Days(None, texts)
    if reader.order is None:
        assert all(day.day <= 12 for day in days)
        with pytest.raises(AmbiguousDay):
            reader.read(texts[0])
    else:
        reached("decided")
        assert [reader.read(text) for text in texts] == days
