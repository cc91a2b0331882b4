"""An amount in an HTML form, such as the admin's."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from cashman_project.money.amounts import INVALID_AMOUNT
from cashman_project.money.form_field import AmountFormField


@pytest.fixture
def amount_field() -> AmountFormField:
    return AmountFormField(required=False)


def test_a_form_shows_an_amount_as_text_with_a_keyboard_of_digits(amount_field: AmountFormField) -> None:
    shown = amount_field.widget.render("amount", Decimal("12.50"))

    assert 'type="text"' in shown
    assert 'value="12.50"' in shown
    assert 'inputmode="decimal"' in shown
    assert 'class="money"' in shown


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50", Decimal("12.50")),
        (" -3 ", Decimal(-3)),
        ("0.1000", Decimal("0.1000")),
        ("", None),
        ("   ", None),
        (None, None),
    ],
)
def test_a_form_reads_an_amount_exactly(
    text: str | None, amount: Decimal | None, amount_field: AmountFormField
) -> None:
    read = amount_field.to_python(text)

    assert read == amount
    assert str(read) == str(amount)


@pytest.mark.parametrize("text", ["4,20", "1e3", "١٢", "1 000", "NaN", "+5"])
def test_a_form_refuses_what_is_no_plain_number(text: str, amount_field: AmountFormField) -> None:
    with pytest.raises(ValidationError) as refused:
        amount_field.to_python(text)

    assert refused.value.code == "invalid"
    assert refused.value.messages == [str(INVALID_AMOUNT)]
    assert refused.value.__suppress_context__  # the error of Python says nothing more


@pytest.mark.parametrize(
    ("initial", "sent", "has_changed"),
    [
        (Decimal("12.50"), "12.50", False),
        (Decimal("12.50"), " 12.50 ", False),
        (Decimal("12.50"), "12.5", True),
        (Decimal("12.50"), "", True),
        (Decimal("12.50"), None, True),
        (None, "", False),
        (None, None, False),
        (None, "1", True),
        ("", " ", False),
    ],
)
def test_a_form_knows_whether_an_amount_was_changed(
    initial: Decimal | str | None, sent: str | None, has_changed: bool, amount_field: AmountFormField
) -> None:
    assert amount_field.has_changed(initial, sent) is has_changed
