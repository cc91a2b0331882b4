"""How each language writes numbers, days and timestamps."""

import datetime
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from transactions.tests.shares import reached, reaches

from ..locales import ENGLISH, current_formats, formats_of

DAY = datetime.date(2026, 11, 3)
EVENING = datetime.datetime(2026, 11, 30, 23, 5, tzinfo=datetime.UTC)
WITHOUT_DATA = {"udm"}
languages = st.sampled_from([code for code, _name in settings.LANGUAGES])


@pytest.mark.parametrize(
    ("language", "number", "day", "month", "timestamp", "percentage"),
    [
        ("en", "\u22121,234,567.50", "3 Nov 2026", "November 2026", "30 Nov 2026, 23:05", "24%"),
        ("de", "\u22121.234.567,50", "03.11.2026", "November 2026", "30.11.2026, 23:05", "24\u00a0%"),
        ("fr", "\u22121\u202f234\u202f567,50", "3 nov. 2026", "novembre 2026", "30 nov. 2026, 23:05", "24\u00a0%"),
        ("pl", "\u22121\u00a0234\u00a0567,50", "3 lis 2026", "listopad 2026", "30 lis 2026, 23:05", "24%"),
        ("hi", "\u221212,34,567.50", "3 नव॰ 2026", "नवंबर 2026", "30 नव॰ 2026, 11:05 pm", "24%"),
        ("ja", "\u22121,234,567.50", "2026/11/03", "2026年11月", "2026/11/30 23:05", "24%"),
        ("pt", "\u22121\u00a0234\u00a0567,50", "03/11/2026", "novembro de 2026", "30/11/2026, 23:05", "24%"),
        ("pt-br", "\u22121.234.567,50", "3 de nov. de 2026", "novembro de 2026", "30 de nov. de 2026 23:05", "24%"),
        ("fa", "\u22121,234,567.50", "3 نوامبر 2026", "نوامبر 2026", "30 نوامبر 2026،\u200f 23:05", "24%"),
    ],
)
def test_a_language_has_its_own_formats(
    language: str, number: str, day: str, month: str, timestamp: str, percentage: str
) -> None:
    formats = formats_of(language)

    assert formats.number(Decimal("-1234567.50")) == number
    assert formats.day(DAY) == day
    assert formats.month(DAY) == month
    assert formats.timestamp(EVENING) == timestamp
    assert formats.percent(Decimal(24)) == percentage


def test_the_active_language_decides() -> None:
    with translation.override("de"):
        assert current_formats().day(DAY) == "03.11.2026"
    with translation.override(None):  # no translation at all
        assert current_formats().day(DAY) == "3 Nov 2026"


def test_a_timestamp_is_in_the_present_time_zone() -> None:
    with timezone.override("Asia/Tokyo"):
        assert formats_of("en").timestamp(EVENING) == "1 Dec 2026, 08:05"


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_every_language_of_the_pages_has_formats(language: str) -> None:
    formats = formats_of(language)

    assert (str(formats.locale) == ENGLISH) == (language in {"en", *WITHOUT_DATA})
    assert "2026" in formats.day(DAY)
    assert "2026" in formats.timestamp(EVENING)
    assert "{" not in formats.timestamp(EVENING)
    assert len({*formats.month_names("wide")}) == 12
    assert formats.decimal_mark in (".", ",")
    assert formats.group_mark in (".", ",", "\u00a0", "\u202f", "\u2019")
    assert formats.group_mark != formats.decimal_mark


@reaches(grouped=15)
@given(languages, st.integers(-(10**15), 10**15), st.integers(0, 4))
def test_a_number_keeps_all_its_digits(language: str, digits: int, places: int) -> None:
    formats, number = formats_of(language), Decimal(digits).scaleb(-places)

    text = formats.number(number)

    back = text.replace(formats.group_mark, "").replace(formats.decimal_mark, ".").replace("\u2212", "-")
    assert Decimal(back) == number
    assert Decimal(back).as_tuple().exponent == number.as_tuple().exponent
    if formats.group_mark in text:
        reached("grouped")
