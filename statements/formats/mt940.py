"""MT940, the SWIFT message of account statements."""

import datetime
import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from .amounts import NOT_AN_AMOUNT, exact
from .days import NOT_A_DAY, day_of
from .delimited.detection import chosen_encoding
from .encodings import TOO_LONG, lines
from .limits import TEXT
from .mt940_texts import Texts, texts_of
from .results import Balance, Item, Line, Message, Options, Problem, Question, Statement, UnreadableFile, shown

TAG = re.compile(r"(?:\{4:)?:([0-9]{2}[A-Z]?):")
BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9,.]{1,40})")
# Value date, entry date, sign, the third letter of the currency, amount, kind, references.
ENTRY = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4}| {4})?(?P<sign>R?[CD])(?P<funds>[A-Z])?"
    r"(?P<amount>[0-9][0-9,.]{0,40}|,[0-9]{1,20})(?P<kind>[A-Z][A-Z0-9 ]{3})?(?P<rest>.*)"
)
# The standard has a comma. Some banks write a point; if three digits follow it, it could be one of thousands.
AMOUNT = re.compile(r"([0-9]{0,30})(?:,([0-9]{0,10})|\.([0-9]{1,2}))?")
NO_REFERENCE = frozenset(["", "NONREF", "KREF+", "EREF"])
NOT_AN_ENTRY = _("“%(value)s” is not an entry. It must begin with a date, C or D, and an amount, such as 260131C12,50.")
NOT_A_BALANCE = _(
    "“%(value)s” is not a balance. It must be C or D, a date, a currency and an amount, such as C260131EUR12,50."
)
NO_ACCOUNT = _("The entry belongs to no account: the number of the account is missing before it.")
NO_STATEMENT = _("The file has no statement: nothing begins with :25:, the number of the account.")


@dataclass(slots=True)
class Field:
    """A field of the message: ":61:" and what follows it."""

    tag: str
    number: int  # the line of the file where it begins
    lines: list[str]


def read_mt940(source: BinaryIO, options: Options) -> Iterator[Item]:
    """Yield what an MT940 file has."""
    encoding = chosen_encoding(source, options)
    if isinstance(encoding, Question):
        yield encoding
        return
    reader = Reader()
    for field in fields(source, encoding):
        yield from reader.take(field)
    yield from reader.entry_read()
    if not reader.has_statement:
        raise UnreadableFile(NO_STATEMENT)


def fields(source: BinaryIO, encoding: str) -> Iterator[Field]:
    """Yield the fields of all messages of the file. What is between two messages belongs to none."""
    field: Field | None = None
    length = 0
    for number, line in lines(source, encoding):
        if match := TAG.match(line):
            if field is not None:
                yield field
            field, length = Field(match[1], number, [line[match.end() :]]), len(line)
        elif line.startswith(("-}", "{")) or line.strip() == "-":
            if field is not None:
                yield field
            field = None
        elif field is not None:
            field.lines.append(line)
            length += len(line) + 1
            if length > TEXT:
                raise UnreadableFile(TOO_LONG, line=number, most=TEXT)
    if field is not None:
        yield field


class Reader:
    """Puts the fields of MT940 messages together."""

    def __init__(self) -> None:
        self.reference = ""
        self.statement: Statement | None = None
        self.has_statement = False
        self.entry: Field | None = None  # waits for its text, which is the next field
        self.text: Field | None = None

    def take(self, field: Field) -> Iterator[Item]:
        if field.tag == "86" and self.entry is not None and self.text is None:
            self.text = field
            return
        yield from self.entry_read()
        first = field.lines[0].strip()
        if field.tag == "20":
            self.reference, self.statement = first, None
        elif field.tag in ("25", "25P"):
            self.statement, self.has_statement = Statement(first, None), True
            yield self.statement
        elif self.statement is None:
            if field.tag == "61":
                yield Problem(field.number, "61", shown(first), Message(NO_ACCOUNT))
        elif field.tag in ("28", "28C"):
            self.statement.reference = first
        elif field.tag in ("60F", "60M", "62F", "62M"):
            yield from self.balance(field, first)
        elif field.tag == "61":
            self.entry = field

    def balance(self, field: Field, text: str) -> Iterator[Item]:
        match = BALANCE.fullmatch(text)
        amount = amount_of(match[4]) if match else None
        if self.statement is None or match is None or amount is None:
            yield Problem(field.number, field.tag, shown(text), Message(NOT_A_BALANCE, {"value": shown(text)}))
            return
        self.statement.currency = match[3]
        balance = Balance(-amount if match[1] == "D" else amount, short_day(match[2]))
        if field.tag.startswith("60"):
            self.statement.opening = balance
        else:
            self.statement.closing = balance

    def entry_read(self) -> Iterator[Item]:
        """Give the line of an entry, now that all of it is there."""
        entry, text, self.entry, self.text = self.entry, self.text, None, None
        if entry is None or self.statement is None:
            return
        first = entry.lines[0].strip()
        match = ENTRY.fullmatch(first)
        amount = amount_of(match["amount"]) if match else None
        if match is None:
            yield Problem(entry.number, "61", shown(first), Message(NOT_AN_ENTRY, {"value": shown(first)}))
            return
        if amount is None:
            value = shown(match["amount"])
            yield Problem(entry.number, "61", value, Message(NOT_AN_AMOUNT, {"value": value}))
            return
        value_date = short_day(match["value"])
        day = entry_day(match["entry"], value_date) if (match["entry"] or "").strip() else value_date
        if day is None:
            value = match["entry"] or match["value"]
            yield Problem(entry.number, "61", value, Message(NOT_A_DAY, {"value": value, "example": "260131"}))
            return
        is_reversal = match["sign"].startswith("R")
        own, _mark, bank_id = match["rest"].partition("//")
        texts = texts_of(text.lines) if text is not None else Texts(" ".join(" ".join(entry.lines[1:]).split()))
        yield Line(
            statement=self.statement,
            number=entry.number,
            date=day,
            value_date=value_date,
            amount=-amount if amount and (match["sign"][-1] == "D") != is_reversal else amount,
            currency=self.statement.currency,
            description=texts.description,
            counterparty=texts.counterparty,
            memo=texts.booking_text,
            bank_id=reference_or_none(bank_id),
            reference=reference_or_none(own) or "",
            kind=(match["kind"] or "").strip(),
            is_reversal=is_reversal,
        )


def amount_of(text: str) -> Decimal | None:
    match = AMOUNT.fullmatch(text)
    decimals = (match[2] or match[3] or "") if match else ""
    return exact(1, match[1], decimals) if match and (match[1] or decimals) else None


def short_day(text: str) -> datetime.date | None:
    """Read a day as YYMMDD. Banks that count every month as 30 days write the 30th of February: its last day."""
    year, month, day = 2000 + int(text[:2]), int(text[2:4]), int(text[4:])
    if month == 2 and day in (29, 30):
        day = monthrange(year, month)[1]
    return day_of(year, month, day)


def entry_day(text: str, value_date: datetime.date | None) -> datetime.date | None:
    """Read the day of an entry, as MMDD, in the year that brings it nearest to the value date."""
    if value_date is None:
        return None
    near = [day_of(value_date.year + later, int(text[:2]), int(text[2:])) for later in (-1, 0, 1)]
    days = [day for day in near if day is not None]
    return min(days, key=lambda day: abs(day - value_date), default=None)


def reference_or_none(text: str) -> str | None:
    text = text.strip()
    return None if text in NO_REFERENCE else text
