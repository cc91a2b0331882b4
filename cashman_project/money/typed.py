"""Amounts as people type them into forms. Programs write them in one notation only: amounts.py."""

import re
import unicodedata
from decimal import Decimal

from babel.numbers import get_currency_symbol
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ..locales import MINUS, LocaleFormats, current_formats
from .amounts import STORED_DIGITS
from .currencies import DIGITS

LONGEST = 60  # characters: the longest amount has 15 digits, their marks, and a currency
INVALID = _("Not an amount: give a number such as %(example)s.")
# What may stand between groups of digits, and before the decimals. Spaces and apostrophes of all kinds are made one.
NOTATIONS = ((",", "."), (".", ","), (" ", "."), (" ", ","), ("'", "."), ("'", ","))
GROUPS = r"[1-9][0-9]{{0,2}}(?:{0}[0-9]{{2,3}})*{0}[0-9]{{3}}"  # also those of India: 12,34,567
PATTERNS = [
    (
        group,
        re.compile(rf"({GROUPS.format(re.escape(group))}|[0-9]+|(?={re.escape(mark)}))(?:{re.escape(mark)}([0-9]+))?"),
    )
    for group, mark in NOTATIONS
]
ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", MINUS: "-"})
PARTS = re.compile(r"([^0-9.,]*?)([0-9.,][0-9., ']*?)([^0-9., '][^0-9]*)?")


def form_amount(text: str) -> str:
    """Return an amount of JSON as a form shows it: with the reader's decimal mark and no groups."""
    return text.replace(".", current_formats().decimal_mark)


def typed_amount(text: str, currency: str) -> Decimal:
    """Read an amount in the notation of any language, with or without the sign or the code of its currency.

    The language's own decimal mark decides if there are two readings. Raises ValidationError if the text is
    no amount, is in another currency, or if "1.234" could mean a thousand or one and the reader's language has another
    decimal mark. Then the error says how to write what is meant.
    """
    formats = current_formats()
    invalid = ValidationError(INVALID, "invalid", {"example": f"12{formats.decimal_mark}50"})
    match = PARTS.fullmatch(text.translate(ALIKE).strip()) if len(text) <= LONGEST else None
    if match is None:
        raise invalid
    before, number, after = (part or "" for part in match.groups())
    if before.count("-") + before.count("+") > 1 or "-" in after:
        raise invalid
    _check_currency([before.strip("-+ "), after.strip()], currency, formats)
    readings = _readings(number.strip())
    if not readings:
        raise invalid
    amount = readings[0] if len(readings) == 1 else _chosen(readings, number, currency, formats)
    return -amount if "-" in before else amount


def _readings(number: str) -> list[Decimal]:
    """Return what the digits and marks can mean, the smallest number first."""
    found = set()
    for group, pattern in PATTERNS:
        if match := pattern.fullmatch(number):
            whole, fraction = match[1].replace(group, "") or "0", match[2]
            found.add(Decimal(f"{whole}.{fraction}" if fraction else whole))
    return sorted(found)


def _chosen(readings: list[Decimal], number: str, currency: str, formats: LocaleFormats) -> Decimal:
    """Return the one of "1.234" and "1234" that is meant; raises ValidationError if nobody can tell."""
    decimals, groups = readings
    digits = DIGITS.get(currency, STORED_DIGITS)
    has_room = -int(decimals.as_tuple().exponent) <= digits
    if formats.decimal_mark in number:  # as the form itself shows amounts
        return decimals
    # Many keyboards have a point and no comma among their digits, so a point may be meant as a decimal mark.
    if "," in number and not has_room:
        return groups
    texts = [form_amount(f"{groups}{'.' if digits else ''}{'0' * digits}")]
    if has_room:
        texts.append(form_amount(f"{decimals}"))
        message = _("Did you mean %(first)s or %(second)s? Please write it like one of them.")
    else:
        message = _("Did you mean %(first)s? Please write it like that.")
    raise ValidationError(message, "ambiguous", {"first": texts[0], "second": texts[-1]})


def _check_currency(words: list[str], currency: str, formats: LocaleFormats) -> None:
    """Raise ValidationError unless the words around an amount are signs or the code of its currency, or nothing."""
    locales = (formats.locale, "en") if currency in DIGITS else ()
    symbols = {get_currency_symbol(currency, locale) for locale in locales}
    if any("$" in symbol for symbol in symbols):
        symbols.add(f"{currency[:2]}$")  # such as US$
    for word in filter(None, words):
        is_sign = len(word) == 1 and unicodedata.category(word) == "Sc"
        if not (word.upper() == currency or word in symbols or (is_sign and any(word in symbol for symbol in symbols))):
            raise ValidationError(
                _("“%(word)s” does not belong to %(currency)s: leave it out, or choose another currency."),
                "currency_mismatch",
                {"word": word[:10], "currency": currency[:10]},
            )
