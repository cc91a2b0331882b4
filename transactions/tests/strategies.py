"""Amounts that may show bugs."""

from decimal import Decimal

from hypothesis import strategies as st

from cashman_project.money.amounts import LIMIT, UNITS
from cashman_project.money.currencies import DIGITS

CURRENCIES = ["JPY", "USD", "KWD", "CLF"]  # of 0, 2, 3 and 4 digits
HUGE = [Decimal(sign + size) for sign in ("", "-") for size in ("1E+999999999", "1E-999999999", "1E+25", "1E-25")]


def sizes(currency: str) -> st.SearchStrategy[Decimal]:
    """Amounts above zero that `currency` can have."""
    one = 10 ** DIGITS[currency]
    return st.integers(1, int(LIMIT) * one - 1).map(lambda units: Decimal(units) / one)


def stored() -> st.SearchStrategy[Decimal]:
    """Every amount that the database can hold."""
    top = int(LIMIT) * UNITS - 1
    return st.integers(-top, top).filter(bool).map(lambda units: Decimal(units) / UNITS)


def numbers() -> st.SearchStrategy[Decimal]:
    """Any finite number: fractions of a ten-thousandth and numbers past every limit too."""
    return st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False),
        stored().map(lambda amount: amount + Decimal("0.00001")),
        stored().map(lambda amount: amount - Decimal("0.00001")),
        st.sampled_from([*HUGE, Decimal(0), LIMIT, -LIMIT, 2 * LIMIT, 3 * LIMIT]),
    )
