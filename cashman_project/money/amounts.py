"""Amounts: which are valid, and how they are read and written (docs/adr/0003-money-as-ten-thousandths.md).

An amount is a `Decimal` in Python, and a text with its currency's decimals in JSON. In the database it is a whole
number of ten-thousandths, which is exact for every currency of ISO 4217.
"""

import decimal
import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .currencies import DIGITS

STORED_DIGITS = 4
UNITS = 10**STORED_DIGITS  # ten-thousandths in one
HALF = 1_000_000_000  # splits ten-thousandths for a sum that would overflow a BIGINT: high * HALF + low
LIMIT = Decimal(100_000_000_000)  # all amounts are below it: they have 15 digits, which even a float holds exactly
QUANTA = [Decimal(1).scaleb(-digits) for digits in range(STORED_DIGITS + 1)]  # as_tuple() is slow, and seldom needed
INVALID_AMOUNT = _("Not an amount: write it in plain digits, such as 12.50.")
AMOUNT = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,19})?")
EXACT = decimal.Context(prec=decimal.MAX_PREC, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX)


def validate_amount(amount: Decimal, currency: str) -> None:
    """Raise ValidationError unless `amount` is not zero, is in range, and has no more decimals than `currency`."""
    if not amount:
        raise ValidationError(_("Zero is not an amount: give how much came in or went out."), code="zero")
    validate_balance(amount, currency)


def validate_balance(amount: Decimal, currency: str) -> None:
    """Raise ValidationError unless `amount`, which may be zero, is in range and has no more decimals than `currency`.

    Trailing zeros count: 1.000 has three decimals.
    """
    if not -LIMIT < amount < LIMIT:
        raise ValidationError(
            _("Too large: an amount stays below %(limit)s."), code="out_of_range", params={"limit": f"{LIMIT:f}"}
        )
    digits = DIGITS.get(currency, STORED_DIGITS)
    if not amount.same_quantum(QUANTA[digits]) and int(amount.as_tuple().exponent) < -digits:
        raise ValidationError(
            _("Too many decimals: %(currency)s has %(digits)d."),
            code="too_many_decimals",
            params={"currency": currency, "digits": digits},
        )


def exact_decimal(value: object) -> Decimal:
    """Return a finite Decimal or int as a Decimal. Raises TypeError on another type, ValueError on NaN and infinity."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"Money is a Decimal or an int, not {type(value).__name__}.")
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError("Money is finite.")
    return amount


def parse_amount(text: str) -> Decimal:
    """Read a decimal number in ASCII, such as "-12.50". Raises ValueError on any other notation."""
    if not AMOUNT.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def format_amount(amount: Decimal, currency: str) -> str:
    """Write `amount` with its currency's decimals: "-50.00" in USD, "1200" in JPY. Raises ValueError as `units_of`."""
    return format_units(units_of(amount), currency)


def format_units(units: int, currency: str) -> str:
    """Write ten-thousandths as an amount with its currency's decimals, and more if it needs them."""
    text = f"{units:06d}" if units < 0 else f"{units:05d}"  # with at least one digit before the point
    fraction, digits = text[-STORED_DIGITS:], DIGITS[currency]
    fraction = fraction[:digits] + fraction[digits:].rstrip("0")
    return f"{text[:-STORED_DIGITS]}.{fraction}" if fraction else text[:-STORED_DIGITS]


def units_of(amount: Decimal) -> int:
    """Return an amount's ten-thousandths. Raises ValueError if it has more than four decimals."""
    exact = EXACT.multiply(amount, UNITS)
    units = int(exact)
    if units != exact:
        raise ValueError(f"{amount} has more than four decimals")
    return units


def units_of_sum(value: Decimal | int | str | None) -> int:
    """Return the ten-thousandths of a sum that the database returned, as a number or as "high:low". None is 0."""
    high, low = value.split(":") if isinstance(value, str) else (0, value or 0)
    return int(high) * HALF + int(low)
