"""Amounts as banks write them, read exactly. What has two readings is decided by the rest of the file, or asked."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from .results import Choice, DecimalMark, Message, Question, shown

LONGEST = 40  # characters of an amount, and so of its digits
MARKS: tuple[DecimalMark, DecimalMark] = (".", ",")
USUAL = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,2})?")  # which has one reading only
ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-", "\u2013": "-"})
SIGNS = {"": 1, "+": 1, "-": -1}
# Digits with or without groups, then decimals. Groups are of three digits, in India of two but for the last.
NUMBERS = {
    mark: re.compile(
        rf"(?P<whole>[0-9]*|[1-9][0-9]{{0,2}}(?P<group>[{other} '])(?:[0-9]{{2,3}}(?P=group))*[0-9]{{3}})"
        rf"(?:\{mark}(?P<decimals>[0-9]*))?"
    )
    for mark, other in ((".", ","), (",", "."))
}
NOT_AN_AMOUNT = _("“%(value)s” is not an amount. It must be a number, such as 12.50.")
MISSING = _("The amount is missing.")
AMBIGUOUS = _("Does “%(value)s” have a decimal point, or is it a thousand and more?")


class NotAnAmount(ValueError):
    """The text is no amount."""


class AmbiguousAmount(ValueError):
    """The text has two readings."""


def readings(text: str) -> dict[DecimalMark, Decimal]:
    """Return what a text means with each decimal mark. It is no amount if that is nothing."""
    text = text.translate(ALIKE).strip() if len(text) <= LONGEST else ""
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1, text[1:-1].strip()
    elif text[:1] in ("+", "-"):
        sign, text = SIGNS[text[0]], text[1:].lstrip()
    elif text[-1:] in ("+", "-"):
        sign, text = SIGNS[text[-1]], text[:-1].rstrip()
    found = {}
    for mark in MARKS:
        match = NUMBERS[mark].fullmatch(text)
        if match and (match["whole"] or match["decimals"]):
            whole = match["whole"].replace(match["group"], "") if match["group"] else match["whole"]
            found[mark] = exact(sign, whole, match["decimals"] or "")
    return found


def exact(sign: int, whole: str, decimals: str = "") -> Decimal:
    """Return a number without trailing zeros, so that 12.5 and 12.50 are the same text too."""
    digits = f"{whole or '0'}.{decimals.rstrip('0')}".removesuffix(".")
    number = Decimal(digits)
    return -number if sign < 0 and number else number


class Amounts:
    """Reads the amounts of one file, whose decimal mark is known, or found out once an amount has two readings."""

    def __init__(self, mark: DecimalMark | None, texts: Callable[[], Iterable[str]]) -> None:
        self.mark = mark
        self._texts = texts  # all amounts of the file
        self._searched = mark is not None

    def read(self, text: str) -> Decimal:
        """Return an amount. Raises NotAnAmount or AmbiguousAmount."""
        if USUAL.fullmatch(text):
            whole, _mark, decimals = text.lstrip("-").replace(",", ".").partition(".")
            return exact(-1 if text[0] == "-" else 1, whole, decimals)
        found = readings(text)
        if not found:
            raise NotAnAmount(text)
        if len(set(found.values())) == 1:
            return next(iter(found.values()))
        self._search()
        if self.mark is None:
            raise AmbiguousAmount(text)
        return found[self.mark]

    def _search(self) -> None:
        """Find the decimal mark that the amounts with one reading have, if they agree."""
        if not self._searched:
            self._searched = True
            self.mark = common_mark(self._texts())


def common_mark(texts: Iterable[str]) -> DecimalMark | None:
    """Return the only decimal mark with which each of these amounts can be read. None if both can, or none."""
    possible = set(MARKS)
    for text in texts:
        found = readings(text)
        if found:
            possible &= found.keys()
        if not possible:
            return None
    return possible.pop() if len(possible) == 1 else None


def decimal_question(text: str, number: int) -> Question:
    """Return the question which decimal mark the file has, with an amount that has two readings."""
    found = readings(text)
    choices = tuple(Choice(mark, f"{found[mark]:f}") for mark in MARKS if mark in found)
    return Question("decimal", Message(AMBIGUOUS, {"value": shown(text)}), number, text, choices)
