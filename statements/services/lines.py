"""What a line of a file becomes: the texts and the amount of a transaction, or why it can't be one."""

import datetime
import unicodedata
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext_noop as _

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.money.amounts import LIMIT
from cashman_project.money.currencies import DIGITS
from cashman_project.texts import BREAKS, INVISIBLE

from ..formats.results import Line, Message

LONGEST_DESCRIPTION = 200
LONGEST_NOTES = 2_000
UNNAMED = "…"  # what a line without any text is called

PENDING = _("The bank has not booked this yet. It comes again when it is booked.")
ZERO = _("No money moved.")
OUT_OF_RANGE = _("The day is not between 1900 and 2200.")
TOO_LARGE = _("An amount stays below %(limit)s.")
TOO_FINE = _("The amount has more decimals than %(currency)s has.")
OTHER_CURRENCY = _("The line is in %(currency)s, and the account in %(other)s.")


class Texts(NamedTuple):
    """The description and the notes of a transaction."""

    description: str
    notes: str


def texts_of(line: Line) -> Texts:
    """Return what people read of the line: who it was with and what for, and whatever has no room there as notes."""
    who, what = one_line(line.counterparty), one_line(line.description)
    caseless_who, caseless_what = who.casefold(), what.casefold()
    whole = what if caseless_who in caseless_what else who if caseless_what in caseless_who else f"{who}: {what}"
    memo = line.memo.strip()
    whole = whole or one_line(memo) or one_line(line.kind) or UNNAMED
    rest = [] if len(whole) <= LONGEST_DESCRIPTION else [whole]
    if memo and one_line(memo).casefold() not in whole.casefold():
        rest.append(memo)
    if len(whole) > LONGEST_DESCRIPTION:
        whole = f"{whole[: LONGEST_DESCRIPTION - 1].rstrip()}…"
    return Texts(whole, "\n".join(rest).replace("\0", "")[:LONGEST_NOTES])


def one_line(text: str) -> str:
    """Return the text without line breaks and control characters; "" if nothing of it is visible."""
    if text.isprintable():
        return " ".join(text.split())
    text = "".join([" " if unicodedata.category(letter) in BREAKS else letter for letter in text])
    if all(unicodedata.category(letter) in INVISIBLE for letter in text):
        return ""
    return " ".join(text.split())


def why_wrong(date: datetime.date, amount: Decimal, currency: str) -> Message | None:
    """Return why a transaction can't have this day and this amount; None if it can."""
    if not FIRST_DATE <= date <= LAST_DATE:
        return Message(OUT_OF_RANGE)
    if not -LIMIT < amount < LIMIT:
        return Message(TOO_LARGE, {"limit": f"{LIMIT:f}"})
    if -int(amount.as_tuple().exponent) > DIGITS.get(currency, 4):
        return Message(TOO_FINE, {"currency": currency})
    return None
