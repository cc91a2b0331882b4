"""How people read amounts, days and timestamps on pages."""

from decimal import Decimal

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from cashman_project.api.templatetags.days import timestamp
from cashman_project.api.tests.pages import Browser
from cashman_project.money.amounts import format_amount
from cashman_project.money.currencies import DIGITS
from cashman_project.money.formats import readable_amount
from transactions.tests.factories import ExpenseFactory
from transactions.tests.shares import reached, reaches
from transactions.tests.strategies import stored
from users.models import User

from ..templatetags.money import money


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german", "french"),
    [
        ("1234.5", "USD", "1,234.50", "1.234,50", "1\u202f234,50"),
        ("-1234567", "JPY", "\u22121,234,567", "\u22121.234.567", "\u22121\u202f234\u202f567"),
        ("0.0005", "KWD", "0.0005", "0,0005", "0,0005"),
        ("0", "EUR", "0.00", "0,00", "0,00"),
    ],
)
def test_an_amount_is_in_the_readers_notation(
    amount: str, currency: str, english: str, german: str, french: str
) -> None:
    for language, text in (("en", english), ("de", german), ("fr", french)):
        with translation.override(language):
            assert money(amount, currency) == text
            assert money(Decimal(amount), currency) == text


def test_a_sign_stays_before_its_number_in_a_text_from_right_to_left() -> None:
    with translation.override("ar"):
        assert money("-1234.5", "USD") == "\u2066\u22121,234.50\u2069"


@reaches(more_than_the_currency=15)
@given(stored(), st.sampled_from(sorted(DIGITS)))
def test_an_amount_has_the_digits_of_its_json(amount: Decimal, currency: str) -> None:
    text = format_amount(amount, currency)

    assert readable_amount(amount, currency).replace(",", "").replace("\u2212", "-") == text
    if len(text.partition(".")[2]) > DIGITS[currency]:
        reached("more_than_the_currency")


def test_a_page_is_in_the_readers_language_and_time_zone(alice: User, bob: User) -> None:
    alice.time_zone = "Asia/Tokyo"
    alice.save()
    row = ExpenseFactory.create(owner=alice, amount=Decimal("1234.5"), currency="EUR", date="2026-11-02")
    ExpenseFactory.create(owner=bob, amount=Decimal("777.77"))
    browser = Browser(alice, language="de")

    listed = browser.get("/expenses")
    [[day, _description, _category, amount]] = listed.rows()
    assert (day, amount) == ("02.11.2026", "\u22121.234,50 EUR")
    assert listed.main.one("tbody").one("time")["datetime"] == "2026-11-02"

    single = browser.get(f"/expenses/{row.pk}")
    assert single.main.one("p", class_="amount").text == "\u22121.234,50 EUR"
    with translation.override("de"), timezone.override("Asia/Tokyo"):
        created = timestamp(row.created_at)
    assert [node.text for node in single.main.all("time")][:2] == ["02.11.2026", created]  # then its history
    assert "777" not in listed.main.text
