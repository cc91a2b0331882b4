"""What the readers of statements give: statements, their lines, and what could not be read or decided.

A reader is an iterator of items. It gives a `Statement` before the first of its lines. What the file says of the
statement further down, such as its closing balance, is filled in by the time the iterator ends.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext

Format = Literal["ofx", "qif", "camt", "mt940", "csv"]
DateOrder = Literal["DMY", "MDY", "YMD"]
DecimalMark = Literal[".", ","]
Delimiter = Literal[",", ";", "\t", "|"]
Direction = Literal["in", "out"]
NO_READING = "?"  # of an example that can't be read so
SHOWN = 60  # characters of a file that a message quotes at most


@dataclass(frozen=True, slots=True)
class Message:
    """Words for people. They can be stored, and read in each language later."""

    text: str  # English, marked with gettext_noop, with %(name)s for each value
    values: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        return gettext(self.text) % self.values


class UnreadableFile(Exception):
    """The file as a whole can't be read, and nothing of it may be imported."""

    def __init__(self, text: str, *, line: int | None = None, **values: str | int) -> None:
        super().__init__(text, line, values)
        self.message = Message(text, values if line is None else {"line": line, **values})
        self.line = line

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True, slots=True)
class Balance:
    """What the account had, and the day that the file says with it: at its end, or for QIF at its start."""

    amount: Decimal
    date: datetime.date | None  # None: the file does not say


@dataclass(slots=True, eq=False)
class Statement:
    """One statement of one account."""

    account: str | None  # as the file writes it: an IBAN, a number, a name
    currency: str | None  # None: the file does not say, and the account decides
    reference: str | None = None  # the bank's name of the statement
    opening: Balance | None = None
    closing: Balance | None = None
    until: datetime.date | None = None  # the last day of which it has lines, if the file says so


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line: of a split, or one payment of a batch."""

    amount: Decimal | None
    currency: str | None = None
    description: str = ""
    counterparty: str = ""
    category: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One movement of money on an account. Equal lines are different movements."""

    statement: Statement
    number: int  # the line of the file where it begins, from 1
    date: datetime.date
    amount: Decimal  # exact, without trailing zeros; money out is negative, also on cards
    currency: str | None  # None: the file does not say, and the account decides
    description: str = ""
    value_date: datetime.date | None = None  # None: the same day, or unknown
    bank_id: str | None = None  # the bank's own id of the line, which is not always unique
    counterparty: str = ""
    memo: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    transfer_account: str = ""  # the other account of one's own, if the file says that this is a transfer
    check_number: str = ""
    reference: str = ""  # what payer and payee agreed on, such as an end-to-end id
    kind: str = ""  # the bank's word or code for it: "DEBIT", "NTRF", "Lastschrift"
    balance_after: Decimal | None = None
    original: tuple[Decimal, str] | None = None  # what was paid in another currency
    parts: tuple[Part, ...] = ()
    is_pending: bool = False
    is_reversal: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that can't be read. It must be shown, and never be imported with a guessed value."""

    number: int  # the line of the file, from 1
    field: str  # as the file calls it: "TRNAMT", "Betrag"
    value: str
    message: Message


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is no movement of money, such as a total, a heading or an investment."""

    number: int  # the line of the file, from 1
    message: Message
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a question."""

    value: str  # what the option is set to
    reading: str  # what the example then means: a day as YYYY-MM-DD, an amount in plain digits, a text; or NO_READING


@dataclass(frozen=True, slots=True)
class Question:
    """What the file alone does not decide. Lines that depend on the answer are not given until it is there."""

    option: str  # the field of Options that answers it
    message: Message
    number: int  # a line of the file where it matters, from 1
    example: str  # as the file writes it
    choices: tuple[Choice, ...]


Item = Statement | Line | Problem | Skipped | Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user has said about the file. None: find out, or ask."""

    format: Format | None = None
    encoding: str | None = None
    date_order: DateOrder | None = None
    decimal: DecimalMark | None = None
    # Of CSV only:
    delimiter: Delimiter | None = None
    header: int | None = None  # the line with the names of the columns; 0: there is none
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # names or numbers from 1, by their meaning
    amount_column: str | None = None  # the same for the amount alone, which may be asked
    unsigned: Direction | None = None  # which way money went if its amount has no sign
    negative_debit: Direction | None = None  # the same for a negative amount among positive ones in a debit column
    direction: Literal["word", "sign"] | None = None  # which one is right where they disagree
    fee: Literal["included", "extra"] | None = None  # whether a fee has its own column because it comes on top


def shown(value: str) -> str:
    """Return a text of a file, short enough for a message."""
    return value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
