"""How people read amounts: in the notation of their language."""

from decimal import Decimal

from ..locales import current_formats
from .amounts import EXACT
from .currencies import DIGITS


def readable_amount(amount: Decimal, currency: str) -> str:
    """Write an amount for people: with its currency's decimals, and more if it has more."""
    return current_formats().number(with_decimals(amount, currency))


def with_decimals(amount: Decimal, currency: str) -> Decimal:
    """Return the same number with as many decimals as its currency has, or as it needs.

    Without a known currency it stays as it is.
    """
    if currency not in DIGITS:
        return amount
    exponent = int(amount.normalize(EXACT).as_tuple().exponent)
    return amount.quantize(Decimal(1).scaleb(min(exponent, -DIGITS[currency])), context=EXACT)
