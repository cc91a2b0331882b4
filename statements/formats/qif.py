"""QIF, the Quicken Interchange Format: bank, cash and card accounts."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from . import amounts, days
from .amounts import AmbiguousAmount, Amounts, NotAnAmount, decimal_question
from .days import AmbiguousDay, Days, NotADay, order_question
from .delimited.detection import chosen_encoding
from .encodings import lines
from .limits import ROWS, TOO_MANY_ROWS
from .results import (
    Balance,
    Item,
    Line,
    Message,
    Options,
    Part,
    Problem,
    Question,
    Skipped,
    Statement,
    UnreadableFile,
    shown,
)

MONEY = frozenset(["bank", "cash", "ccard", "oth a", "oth l"])  # the sections that have movements of money
FIELDS = 3_000  # of one record; programs write some dozen
SPLIT = "SE$%F"  # the fields of a part of a record
AMOUNTS = ("T", "U")  # which are the same; U has more digits in some versions
# What programs call the entry that is no movement, but what the account had at the start.
OPENINGS = frozenset(["opening balance", "solde initial", "solde d'ouverture", "saldo inicial", "saldo iniziale"]) | {
    "anfangssaldo",
    "eröffnungssaldo",
    "beginsaldo",
    "openingssaldo",
    "startsaldo",
}
OPENING = _("The opening balance is not a movement of money. It is kept as the balance of the account on that day.")
NO_MOVEMENTS = _("“%(section)s” has no movements of money on a bank account, cash or a card.")
NO_SECTION = _("The file has no section with movements of money, such as !Type:Bank.")


@dataclass(frozen=True, slots=True)
class Record:
    """What is between two lines with "^"."""

    section: str  # in lower case: "bank", "invst", "account"
    number: int  # the line of the file where the section begins, or for a record where it does
    account: str | None
    fields: list[tuple[str, str]] | None  # None: the section begins here


def read_qif(source: BinaryIO, options: Options) -> Iterator[Item]:
    """Yield what a QIF file has. It is read twice: at first to find the order of its days."""
    encoding = chosen_encoding(source, options)
    if isinstance(encoding, Question):
        yield encoding
    else:
        yield from Reader(source, encoding, options).items()


class Reader:
    """Reads one QIF file."""

    def __init__(self, source: BinaryIO, encoding: str, options: Options) -> None:
        self.source = source
        self.encoding = encoding
        self.days = Days(options.date_order, self.all_values("D"))
        self.amounts = Amounts(options.decimal, lambda: self.all_values("T", "U", "$"))
        self.asked: set[str] = set()

    def items(self) -> Iterator[Item]:
        statement: Statement | None = None
        has_money = False
        for record in self.records():
            if record.section in MONEY:
                if record.fields is None:
                    has_money = True
                    statement = Statement(record.account, None)
                    yield statement
                elif statement is not None:
                    yield from self.line(statement, record)
            elif record.fields is not None and record.section != "account":
                yield Skipped(record.number, Message(NO_MOVEMENTS, {"section": shown(f"!Type:{record.section}")}))
        if not has_money:
            raise UnreadableFile(NO_SECTION)

    def records(self) -> Iterator[Record]:
        """Yield the records, and where each section begins."""
        section, account = "", None
        start, ends, fields = 0, 0, list[tuple[str, str]]()
        for number, line in lines(self.source, self.encoding):
            code, value = line[:1], line[1:].strip()
            if code == "!":
                if fields:
                    yield Record(section, start, account, fields)
                    fields = []
                name = value.casefold()
                if name.startswith("clear:"):
                    account = None  # what came before was the list of all accounts
                elif name.startswith("type:"):
                    section = name.removeprefix("type:").strip()
                    yield Record(section, number, account, None)
                elif name.startswith("account"):
                    section = "account"
            elif code == "^":
                ends += section != "account"
                if ends > ROWS:  # also while their lines wait for an answer
                    raise UnreadableFile(TOO_MANY_ROWS, most=ROWS)
                if section == "account":
                    account = next((text for field, text in fields if field == "N"), None)
                elif fields:
                    yield Record(section, start, account, fields)
                fields = []
            elif code.strip() and section:
                if not fields:
                    start = number
                fields.append((code, value))
                if len(fields) > FIELDS:
                    raise UnreadableFile(_("Line %(line)d: a record has too many fields."), line=number)
        if fields:
            yield Record(section, start, account, fields)

    def all_values(self, *codes: str) -> Iterator[str]:
        """Yield all values of these fields that belong to movements of money."""
        for record in self.records():
            if record.section in MONEY:
                yield from (value for code, value in record.fields or () if code in codes)

    def line(self, statement: Statement, record: Record) -> Iterator[Item]:
        """Give the line of a record, or what is wrong with it."""
        whole, parts = divided(record.fields or [])
        day_text = whole.get("D", "")
        field = "T" if "T" in whole else "U"
        try:
            day = self.days.read(day_text)
        except AmbiguousDay:
            if "date_order" not in self.asked:
                self.asked.add("date_order")
                yield order_question(day_text, record.number)
            return
        except NotADay:
            message = Message(days.NOT_A_DAY, {"value": shown(day_text), "example": "31.01.2026"})
            yield Problem(record.number, "D", shown(day_text), message if day_text else Message(days.MISSING_DAY))
            return
        text = whole.get(field, "")
        try:
            amount = self.amounts.read(text)
            read_parts = tuple(self.part(part) for part in parts)
        except AmbiguousAmount as error:
            if "decimal" not in self.asked:
                self.asked.add("decimal")
                yield decimal_question(str(error), record.number)
            return
        except NotAnAmount as error:
            wrong = str(error)
            message = Message(amounts.NOT_AN_AMOUNT, {"value": shown(wrong)})
            yield Problem(record.number, field, shown(wrong), message if wrong else Message(amounts.MISSING))
            return
        description, memo = whole.get("P", ""), whole.get("M", "")
        if is_opening(statement, description, whole.get("L", "")):
            statement.opening = Balance(amount, day)
            yield Skipped(record.number, Message(OPENING))
            return
        yield Line(
            statement=statement,
            number=record.number,
            date=day,
            amount=amount,
            currency=None,
            description=description or memo,
            memo=memo if description else "",
            category=whole.get("L", ""),
            check_number=whole.get("N", ""),
            parts=read_parts,
        )

    def part(self, fields: dict[str, str]) -> Part:
        amount: Decimal | None = self.amounts.read(fields["$"]) if "$" in fields else None
        return Part(amount, description=fields.get("E", ""), category=fields.get("S", ""))


def divided(fields: list[tuple[str, str]]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return a record's own fields and those of its parts. The first of each field counts."""
    whole: dict[str, str] = {}
    parts: list[dict[str, str]] = []
    for code, value in fields:
        if code == "S":
            parts.append({})
        if code in SPLIT and parts:
            parts[-1].setdefault(code, value)
        elif code not in SPLIT and value:
            whole.setdefault(code, value)
    return whole, parts


def is_opening(statement: Statement, description: str, category: str) -> bool:
    """Tell whether an entry is the balance at the start of an account: by its words, or as a transfer to itself."""
    if statement.opening is not None:
        return False
    itself = statement.account is not None and category == f"[{statement.account}]"
    return itself or (category.startswith("[") and description.casefold() in OPENINGS)
