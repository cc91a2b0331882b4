"""Currencies: the codes of ISO 4217 and how many decimals each has."""

import iso4217
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Codes that ISO 4217 has withdrawn since 2010. Old transactions may still have them, and new ones may too.
WITHDRAWN = dict.fromkeys(
    ["ANG", "BGN", "CUC", "EEK", "HRK", "LTL", "LVL", "MRO", "SLL", "STD", "VEF", "ZMK", "ZWL"], 2
) | {"BYR": 0}


DIGITS: dict[str, int] = WITHDRAWN | {
    currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None
}


def validate_currency(code: str) -> None:
    """Raise ValidationError unless `code` is an upper-case ISO 4217 code that has minor units."""
    if code not in DIGITS:
        raise ValidationError(
            _("Not a currency: give an upper-case ISO 4217 code, such as EUR, USD or JPY."), code="invalid_currency"
        )
