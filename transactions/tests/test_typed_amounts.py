"""Amounts as people type them into the forms of pages."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Page, fields, form_of
from cashman_project.money.amounts import format_amount
from cashman_project.money.currencies import DIGITS
from cashman_project.money.formats import readable_amount
from cashman_project.money.typed import LONGEST, form_amount, typed_amount
from transactions.models import Transaction
from transactions.tests.shares import reached, reaches
from transactions.tests.strategies import stored
from users.models import User

languages = st.sampled_from([code for code, _name in settings.LANGUAGES])
currencies = st.sampled_from(sorted(DIGITS))


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("12.50", "12.50"),
        ("12,50", "12.50"),
        (" 12.50 ", "12.50"),
        (".5", "0.5"),
        (",5", "0.5"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u202f234.50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1\u2019234,50", "1234.50"),
        ("12,34,567.50", "1234567.50"),
        ("1.234.567", "1234567"),
        ("1234567", "1234567"),
        ("1234,5", "1234.5"),
        ("\u221212.50", "-12.50"),
        ("-12.50", "-12.50"),
        ("+5,000.00", "5000.00"),
        ("$12.50", "12.50"),
        ("-$12.50", "-12.50"),
        ("$ -12.50", "-12.50"),
        ("12.50 USD", "12.50"),
        ("usd 12.50", "12.50"),
        ("US$ 12.50", "12.50"),
        ("12,50 $", "12.50"),
    ],
)
@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_what_has_one_reading_is_read_in_every_language(typed: str, amount: str, language: str) -> None:
    with translation.override(language):
        assert str(typed_amount(typed, "USD")) == amount


@pytest.mark.parametrize(
    ("language", "typed", "currency", "amount"),
    [
        ("en", "1,234", "USD", "1234"),
        ("en", "1,234", "JPY", "1234"),
        ("en", "1.234", "KWD", "1.234"),
        ("en", "1.234", "USD", "1.234"),  # which has too many decimals, as the rules of the row say
        ("de", "1,234", "KWD", "1.234"),
        ("fr", "1 234", "EUR", "1234"),
        ("de", "0.123", "KWD", "0.123"),
        ("de", "1234.567", "KWD", "1234.567"),
    ],
)
def test_the_readers_decimal_mark_decides(language: str, typed: str, currency: str, amount: str) -> None:
    with translation.override(language):
        assert str(typed_amount(typed, currency)) == amount


@pytest.mark.parametrize(
    ("language", "typed", "currency", "message"),
    [
        ("de", "1.234", "KWD", "Did you mean 1234,000 or 1,234? Please write it like one of them."),
        ("de", "1.234", "EUR", "Did you mean 1234,00? Please write it like that."),
        ("fr", "-1.000", "JPY", "Did you mean 1000? Please write it like that."),
        ("en", "1,234", "KWD", "Did you mean 1234.000 or 1.234? Please write it like one of them."),
    ],
)
def test_what_has_two_readings_asks_back(language: str, typed: str, currency: str, message: str) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        typed_amount(typed, currency)
    with translation.override("en"):
        assert (refused.value.messages, refused.value.code) == ([message], "ambiguous")


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "abc", "1e3", "1.2.3", "1,23,4", "1..2", "--1", "+-1", "12-", "1-2", "NaN", "\u0661\u0662", "12."),
        *("1,2,3.4", "1 23", "1" * (LONGEST + 1), ".", ",", "1 . 5", "'", "12..", "1,234,56", "$"),
    ],
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        typed_amount(typed, "USD")
    assert refused.value.messages == ["Not an amount: give a number such as 12.50."]


@pytest.mark.parametrize(
    ("typed", "word"), [("12 EUR", "EUR"), ("\u20ac12", "\u20ac"), ("12 apples", "apples"), ("x12", "x")]
)
def test_another_currency_is_refused(typed: str, word: str) -> None:
    with pytest.raises(ValidationError) as refused:
        typed_amount(typed, "USD")
    assert refused.value.code == "currency_mismatch"
    [message] = refused.value.messages
    assert message == f"\u201c{word}\u201d does not belong to USD: leave it out, or choose another currency."


@reaches(decimal_commas=15, thousands=15)
@given(languages, stored(), currencies)
def test_what_a_form_shows_is_read_as_the_same_amount(language: str, amount: Decimal, currency: str) -> None:
    text = format_amount(amount, currency)
    with translation.override(language):
        shown = form_amount(text)
        assert str(typed_amount(shown, currency)) == text
    if "," in shown:
        reached("decimal_commas")
    if abs(amount) >= 1000:
        reached("thousands")


@reaches(read=15)
@given(languages, stored(), currencies)
def test_what_a_page_shows_is_read_as_the_same_amount_or_asked_back(
    language: str, amount: Decimal, currency: str
) -> None:
    with translation.override(language):
        shown = readable_amount(amount, currency)
        try:
            read = typed_amount(f"{shown} {currency}", currency)
        except ValidationError:
            assert amount.copy_abs() >= 1000
            assert currency in shown or "." in shown or "," in shown
            return
    assert read == amount
    reached("read")


def test_a_form_takes_what_people_type_and_json_does_not(alice: User, bob: User) -> None:
    browser = Browser(alice, language="de")
    form = browser.get("/expenses").main.one("details", class_="add").one("form")

    refused = Page(browser.send(form, description="rent", amount="1.234", currency="EUR"))
    assert (refused.status, [*refused.errors()]) == (400, ["amount"])
    assert "1234,00" in refused.errors()["amount"]
    again = refused.main.one("form")
    assert fields(again)["amount"] == "1.234"  # as it was typed
    browser.follow(browser.send(again, amount=" \u20ac 1.234,50 "))
    row = Transaction.objects.get()
    assert (row.owner, row.amount) == (alice, Decimal("-1234.5"))

    page = browser.get(f"/expenses/{row.pk}")
    change = form_of(page, "PATCH")
    assert fields(change)["amount"] == "-1234,50"
    browser.follow(browser.send(change))
    row.refresh_from_db()
    assert row.amount == Decimal("-1234.5")
    browser.follow(browser.send(form_of(browser.get(f"/expenses/{row.pk}"), "PATCH"), amount="7,5"))
    row.refresh_from_db()
    assert row.amount == Decimal("-7.5")

    client = APIClient(headers={"Accept-Language": "de"})
    client.force_authenticate(bob)
    for text in ("7,5", " 7.5", "1,234.50", "\u22127.5"):
        answer = client.post("/expenses", {"description": "x", "amount": text}, format="json")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid")
    assert not Transaction.objects.filter(owner=bob)
