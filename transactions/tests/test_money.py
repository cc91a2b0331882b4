"""Money: its rules, its text, and its way into the database and JSON and back."""

import datetime
import json
import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import DecimalField
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError as ApiValidationError
from rest_framework.test import APIClient

from cashman_project.money.amounts import (
    EXACT,
    LIMIT,
    format_amount,
    format_units,
    parse_amount,
    units_of_sum,
    validate_amount,
)
from cashman_project.money.currencies import DIGITS, validate_currency
from cashman_project.money.model_field import MoneyField
from cashman_project.money.serializer_field import AmountField
from transactions.choices import TransactionType
from transactions.models import Transaction
from transactions.tests.factories import ExpenseFactory, IncomeFactory
from transactions.tests.shares import cases, reached, reaches
from transactions.tests.strategies import CURRENCIES, numbers, sizes, stored
from users.models import User


def row(owner: User, amount: Decimal, currency: str = "CLF") -> Transaction:
    kind = TransactionType.INCOME if amount > 0 else TransactionType.EXPENSE
    # A dump keeps milliseconds alone, and writes them differently where there are none.
    timestamp = datetime.datetime(2026, 11, 1, 8, 15, tzinfo=datetime.UTC)
    common = {"owner": owner, "description": "x", "date": timestamp.date(), "created_at": timestamp}
    return Transaction(type=kind, amount=amount, currency=currency, **common)


def store(owner: User, amounts: list[Decimal]) -> None:
    Transaction.objects.all().delete()
    Transaction.objects.bulk_create([row(owner, amount) for amount in amounts])


def fault_of(amount: Decimal, currency: str) -> str | None:
    try:
        validate_amount(amount, currency)
    except ValidationError as error:
        return error.code
    return None


# -- Currencies -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "digits"),
    [("JPY", 0), ("USD", 2), ("EUR", 2), ("KWD", 3), ("CLF", 4), ("BGN", 2), ("HRK", 2), ("ANG", 2), ("BYR", 0)],
)
def test_an_amount_has_no_more_decimals_than_its_currency(code: str, digits: int) -> None:
    validate_currency(code)
    last_digit = Decimal(1).scaleb(-digits)

    assert fault_of(last_digit, code) is None
    assert fault_of(last_digit / 10, code) == "too_many_decimals"
    assert format_amount(Decimal(7), code) == format(7, f".{digits}f")


@reaches(padded=10, exact=5, finer=15)
@given(st.integers(-(10**30), 10**30), st.integers(0, 5), st.sampled_from(CURRENCIES))
def test_ten_thousandths_are_written_as_python_writes_a_decimal(number: int, zeros: int, code: str) -> None:
    units = number * 10**zeros
    amount = EXACT.scaleb(Decimal(units), -4)
    needed = -int(EXACT.normalize(amount).as_tuple().exponent)

    assert format_units(units, code) == format_amount(amount, code) == format(amount, f".{max(DIGITS[code], needed)}f")
    reached("finer" if needed > DIGITS[code] else "exact" if needed == DIGITS[code] else "padded")


@pytest.mark.parametrize("amount", ["0.00001", "1E-999999999"])
def test_a_fraction_of_a_ten_thousandth_is_not_written(amount: str) -> None:
    with pytest.raises(ValueError, match="more than four decimals"):
        format_amount(Decimal(amount), "USD")


@pytest.mark.parametrize("code", ["XXX", "XAU", "XTS", "XDR", "usd", "Usd", "US", "USDD", "", "ＵＳＤ", "ZZZ", "DEM"])
def test_another_code_is_no_currency(code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_currency(code)
    assert caught.value.code == "invalid_currency"


@pytest.mark.parametrize(("value", "units"), [(None, 0), (7, 7), ("0:7", 7), ("-2:-7", -2_000_000_007)])
def test_a_sum_is_a_number_or_two_halves_and_zero_of_no_rows(value: int | str | None, units: int) -> None:
    assert units_of_sum(value) == units


def test_currencies_that_were_withdrawn_are_still_known() -> None:
    of_two = ["ANG", "BGN", "CUC", "EEK", "HRK", "LTL", "LVL", "MRO", "SLL", "STD", "VEF", "ZMK", "ZWL"]
    assert {code: DIGITS.get(code) for code in [*of_two, "BYR"]} == {**dict.fromkeys(of_two, 2), "BYR": 0}


def test_ten_thousandths_hold_every_currency() -> None:
    assert set(DIGITS.values()) == {0, 2, 3, 4}


# -- Rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("currency", CURRENCIES)
@reaches(read=120)
@given(data=st.data())
def test_every_amount_of_a_currency_passes_and_its_text_reads_as_the_same(currency: str, data: st.DataObject) -> None:
    amount = data.draw(sizes(currency))

    assert fault_of(amount, currency) is None
    assert fault_of(-amount, currency) is None
    for signed in (amount, -amount):
        text = format_amount(signed, currency)
        assert parse_amount(text) == signed
        assert len(text.partition(".")[2]) == DIGITS[currency]
        reached("read")


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (Decimal(0), "zero"),
        (Decimal("-0.00"), "zero"),
        (LIMIT, "out_of_range"),
        (-LIMIT, "out_of_range"),
        (Decimal("1E+999999999"), "out_of_range"),
        (Decimal("99999999999.99"), None),
        (Decimal("-99999999999.99"), None),
        (Decimal("1.000"), "too_many_decimals"),
        (Decimal("1E-999999999"), "too_many_decimals"),
        (Decimal("5E+3"), None),
    ],
)
def test_zero_large_and_too_fine_amounts_are_refused(amount: Decimal, code: str | None) -> None:
    assert fault_of(amount, "USD") == code


def test_a_refusal_names_the_limit() -> None:
    for amount, message in (
        (LIMIT, "Too large: an amount stays below 100000000000."),
        (Decimal("0.001"), "Too many decimals: USD has 2."),
    ):
        with pytest.raises(ValidationError) as caught:
            validate_amount(amount, "USD")
        assert caught.value.messages == [message]


def test_an_unknown_currency_has_no_more_digits_than_are_stored() -> None:
    assert fault_of(Decimal("0.0001"), "???") is None
    assert fault_of(Decimal("0.00001"), "???") == "too_many_decimals"


NO_PLAIN_NUMBERS = [
    "",
    "1_000",
    "１２",
    "٣",
    "1e3",
    "1E-1000",
    "NaN",
    "Infinity",
    "+5",
    "--5",
    " 5",
    "5 ",
    "5\n",
    "5\0",
]
NO_PLAIN_NUMBERS += [".5", "5.", "007", "-", "1,000", "1.2.3", "0x10", "−5", "5€", "1'000", "9" * 21, "0." + "1" * 20]


@pytest.mark.parametrize("text", NO_PLAIN_NUMBERS)
def test_only_a_plain_number_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_amount(text)
    with pytest.raises(ApiValidationError):
        AmountField().to_internal_value(text)
    with pytest.raises(ValidationError) as refused:
        MoneyField().to_python(text)
    assert refused.value.code == "invalid"


@reaches(read=15, refused=30)
@given(st.from_regex(r"-?[0-9]{0,3}(\.[0-9]{0,3})?([eE_]-?[0-9])?", fullmatch=True))
def test_what_is_read_reads_as_python_reads_it(text: str) -> None:
    plain = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text)
    try:
        assert parse_amount(text) == Decimal(text)
        assert plain
        reached("read")
    except ValueError:
        assert not plain
        reached("refused")


@pytest.mark.parametrize("value", [1.5, True, None, [], {}, b"5", Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_exact_number_is_no_amount(value: Any) -> None:
    with pytest.raises(ApiValidationError):
        AmountField().to_internal_value(value)
    if value is not None:
        with pytest.raises(ValidationError):
            MoneyField().to_python(value)


def test_a_json_number_has_no_trailing_zeros_and_a_text_has() -> None:
    field = AmountField()

    assert str(field.to_internal_value(Decimal("1000.000"))) == "1E+3"
    assert field.to_internal_value(5000) == 5000
    assert str(field.to_internal_value("1000.000")) == "1000.000"


def test_a_form_takes_every_amount_that_can_be_stored() -> None:
    field = MoneyField().formfield()

    assert isinstance(field, DecimalField)
    assert field.clean("99999999999.9999") == Decimal("99999999999.9999")
    for text in ("100000000000", "0.00001"):
        with pytest.raises(ValidationError):
            field.clean(text)


# -- Into the database and JSON, and back -----------------------------------------------------


@reaches(several=30)
@given(amounts=st.lists(stored(), min_size=1, max_size=20))
@example(amounts=[LIMIT - Decimal("0.0001"), -LIMIT + Decimal("0.0001"), Decimal("0.0001"), Decimal("-0.0001")])
def test_the_database_keeps_every_amount(amounts: list[Decimal], alice: User) -> None:
    store(alice, amounts)

    kept = Transaction.objects.order_by("id").values_list("amount", flat=True)
    assert list(kept) == amounts
    assert all(isinstance(amount, Decimal) for amount in kept)
    if len(amounts) > 1:
        reached("several")


@reaches(several=5)
@settings(max_examples=cases(15))
@given(amounts=st.lists(stored(), min_size=1, max_size=20))
def test_a_dump_loads_as_it_was(amounts: list[Decimal], alice: User) -> None:
    store(alice, amounts)
    dump = serializers.serialize("json", Transaction.objects.order_by("id"))
    Transaction.objects.all().delete()

    for loaded in serializers.deserialize("json", dump):
        loaded.save()

    assert serializers.serialize("json", Transaction.objects.order_by("id")) == dump
    assert list(Transaction.objects.order_by("id").values_list("amount", flat=True)) == amounts
    if len(amounts) > 1:
        reached("several")


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("as_number", [False, True])
@reaches(kept=15)
@settings(max_examples=cases(15))
@given(data=st.data())
def test_the_api_keeps_every_amount(currency: str, as_number: bool, data: st.DataObject, as_alice: APIClient) -> None:
    size = data.draw(sizes(currency))
    text = f"{size:f}"
    body = json.dumps({"type": "EXPENSE", "description": "x", "amount": text, "currency": currency})
    if as_number:
        body = body.replace(f'"{text}"', text)

    created = as_alice.generic("POST", "/transactions", body, content_type="application/json")

    assert created.status_code == 201, created.content
    read = as_alice.get(created["Location"]).json()
    assert read == created.json()
    assert read["amount"] == format_amount(-size, currency)
    assert Decimal(read["amount"]) == -size
    reached("kept")


@pytest.mark.parametrize("factory", [IncomeFactory, ExpenseFactory])
@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        (1.5, TypeError),
        (True, TypeError),
        ("5", TypeError),
        (Decimal("0.00001"), ValueError),
        (Decimal("99999999999.99990000000000000000001"), ValueError),
        (LIMIT, ValueError),
        (Decimal("1E+999999999"), ValueError),
        (Decimal("1E-999999999"), ValueError),
        (Decimal("NaN"), ValueError),
        (Decimal("Infinity"), ValueError),
    ],
)
def test_what_cannot_be_stored_exactly_is_not_stored(
    factory: Any, amount: Any, refusal: type[Exception], alice: User
) -> None:
    kept = factory.create(owner=alice, amount=Decimal(7))
    kept.amount = amount

    for write in (
        lambda: factory.create(owner=alice, amount=amount),
        lambda: Transaction.objects.update(amount=amount),
        lambda: Transaction.objects.bulk_create([factory.build(owner=alice, amount=amount)]),
        kept.save,
        lambda: Transaction.objects.bulk_update([kept], ["amount"]),
    ):
        with pytest.raises(refusal), transaction.atomic():
            write()
    assert list(Transaction.objects.values_list("amount", "version")) == [(7 if factory is IncomeFactory else -7, 1)]


# -- Comparisons ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lookup", "compare"),
    [
        ("exact", operator.eq),
        ("gt", operator.gt),
        ("gte", operator.ge),
        ("lt", operator.lt),
        ("lte", operator.le),
    ],
)
@reaches(equal=10, some=10)
@given(amounts=st.lists(stored(), min_size=1, max_size=6), number=numbers(), choose=st.integers(0, 11))
def test_the_database_compares_as_python_does(
    lookup: str, compare: Callable[[Decimal, Decimal], bool], amounts: list[Decimal], number: Decimal, choose: int,
    alice: User,
) -> None:  # fmt: skip
    number = amounts[choose] if choose < len(amounts) else number  # so that equal ones meet
    store(alice, amounts)

    found = Transaction.objects.filter(**{f"amount__{lookup}": number}).values_list("amount", flat=True)
    others = Transaction.objects.exclude(**{f"amount__{lookup}": number}).values_list("amount", flat=True)

    assert sorted(found) == sorted(amount for amount in amounts if compare(amount, number))
    assert sorted([*found, *others]) == sorted(amounts)
    if number in amounts:
        reached("equal")
    if len(found):
        reached("some")


@reaches(some=35, all=10, others=15)
@settings(max_examples=cases(150))
@given(amounts=st.lists(stored(), min_size=1, max_size=6), numbers=st.lists(numbers(), max_size=4))
def test_the_database_looks_up_in_a_list_as_python_does(
    amounts: list[Decimal], numbers: list[Decimal], alice: User
) -> None:
    wanted = [*numbers, *amounts[::2]]
    store(alice, amounts)

    found = Transaction.objects.filter(amount__in=wanted).values_list("amount", flat=True)

    assert sorted(found) == sorted(amount for amount in amounts if amount in wanted)
    assert not Transaction.objects.filter(amount__in=[]).exists()
    reached("all" if len(found) == len(amounts) else "some")
    if numbers:
        reached("others")


@pytest.mark.parametrize("lookup", ["exact", "gt", "gte", "lt", "lte"])
@pytest.mark.parametrize("value", [1.5, True, "5", None])
def test_money_compares_with_exact_numbers_alone(lookup: str, value: Any) -> None:
    with pytest.raises(TypeError):
        Transaction.objects.filter(**{f"amount__{lookup}": value})
    with pytest.raises(TypeError):
        Transaction.objects.filter(amount__in=[Decimal(1), value])


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")])
def test_money_compares_with_finite_numbers_alone(value: Decimal) -> None:
    with pytest.raises(ValueError, match="finite"):
        Transaction.objects.filter(amount__gt=value)
