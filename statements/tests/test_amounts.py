"""Amounts as banks write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statements.formats.amounts import AmbiguousAmount, Amounts, NotAnAmount, common_mark, decimal_question, readings
from statements.formats.results import Choice
from transactions.tests.shares import reached, reaches


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50", "12.5"),
        ("12,50", "12.5"),
        ("-12,5", "-12.5"),
        ("+5", "5"),
        ("5-", "-5"),
        ("(1,234.50)", "-1234.5"),
        ("1.234,50", "1234.5"),
        ("1.234.567", "1234567"),
        ("1,23,456.50", "123456.5"),
        ("1 234,50", "1234.5"),
        ("1\u202f234,50", "1234.5"),
        ("1'234.50", "1234.5"),
        ("\u22127,1", "-7.1"),
        (".5", "0.5"),
        ("5,", "5"),
        ("0.000", "0"),
        ("-0,00", "0"),
        ("0.125", "0.125"),
        ("1234.567", "1234.567"),
        ("-00000000001500.0000", "-1500"),
        ("1,2345", "1.2345"),
    ],
)
def test_what_has_one_reading_is_read(text: str, amount: str) -> None:
    assert str(Amounts(None, list).read(text)) == amount


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", ",", "-", "12..34", "$5", "1,2,3", "1.2.3", "1,234,56", "1 2", "1e5", "NaN", "٣", "1" * 41, "--5"],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    assert readings(text) == {}
    with pytest.raises(NotAnAmount):
        Amounts(None, list).read(text)


@pytest.mark.parametrize(
    ("others", "amount"), [(["7,5"], "1250"), (["7.5"], "1.25"), (["1,000,000"], "1.25"), (["1.5", "20", "x"], "1.25")]
)
def test_the_other_amounts_decide_what_has_two_readings(others: list[str], amount: str) -> None:
    assert str(Amounts(None, lambda: ["1.250", *others]).read("1.250")) == amount


@pytest.mark.parametrize("others", [[], ["20"], ["2.500"], ["1,5", "1.5"]])
def test_nothing_is_guessed(others: list[str]) -> None:
    amounts = Amounts(None, lambda: others)
    for _ in range(2):
        with pytest.raises(AmbiguousAmount):
            amounts.read("1.250")
    assert amounts.read("1,50") == Decimal("1.5")  # which needs no decision


def test_the_user_decides() -> None:
    assert Amounts(",", list).read("1.250") == 1250
    assert Amounts(".", list).read("1.250") == Decimal("1.25")
    assert decimal_question("1.250", 7).choices == (Choice(".", "1.25"), Choice(",", "1250"))


@reaches(two_readings=3, read=40)
@given(
    st.integers(-(10**15), 10**15),
    st.integers(0, 4),
    st.sampled_from([(".", ","), (".", " "), (".", "'"), (".", ""), (",", "."), (",", " "), (",", "'"), (",", "")]),
)
def test_an_amount_in_any_notation_is_read_exactly(units: int, digits: int, marks: tuple[str, str]) -> None:
    amount = Decimal(units).scaleb(-digits)
    mark, group = marks
    text = f"{amount:,f}".replace(",", "\0").replace(".", mark).replace("\0", group)
    found = readings(text)
    assert amount in found.values()
    assert len(set(found.values())) < 3
    if len(set(found.values())) == 2:
        reached("two_readings")
        assert common_mark([text]) is None
    else:
        assert Amounts(None, list).read(text) == amount
        reached("read")
