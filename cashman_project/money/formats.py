"""How people read amounts: in the notation of their language."""

from decimal import Decimal

from babel.numbers import get_currency_name
from django.utils.translation import gettext

from ..locales import current_formats
from .amounts import EXACT
from .currencies import DIGITS


def readable_amount(amount: Decimal, currency: str) -> str:
    """Write an amount for people: with its currency's decimals, and more if it has more."""
    return current_formats().number(with_decimals(amount, currency))


def currency_options() -> dict[str, dict[str, str]]:
    """Return the names of all currencies in the reader's language, as the options of a select."""
    locale = current_formats().locale
    names = {code: get_currency_name(code, locale=locale) for code in DIGITS}
    labels = {code: code if name == code else f"{code} \u2013 {name}" for code, name in names.items()}
    return {gettext("All currencies"): dict(sorted(labels.items()))}


def with_decimals(amount: Decimal, currency: str) -> Decimal:
    """Return the same number with as many decimals as its currency has, or as it needs.

    Without a known currency it stays as it is.
    """
    if currency not in DIGITS:
        return amount
    exponent = int(amount.normalize(EXACT).as_tuple().exponent)
    return amount.quantize(Decimal(1).scaleb(min(exponent, -DIGITS[currency])), context=EXACT)
