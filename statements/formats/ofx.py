"""OFX and QFX, of bank accounts and cards."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from . import amounts, days
from .amounts import AmbiguousAmount, Amounts, NotAnAmount, decimal_question
from .days import compact_day
from .encodings import chunks, encoding_of
from .limits import DEPTH, HEAD, ROWS, TOO_MANY_ROWS
from .ofx_tags import tags, unescaped
from .results import Balance, Item, Line, Message, Options, Problem, Skipped, Statement, UnreadableFile, shown

STATEMENTS = frozenset(["STMTRS", "CCSTMTRS", "INVSTMTRS"])
LINES = frozenset(["STMTTRN", "STMTTRNP"])
# The elements that enclose others, as far as others of the same names are in them. All else is a value, since an
# empty value without an end tag looks like the start of an element.
ENCLOSING = (
    frozenset(["OFX", "SIGNONMSGSRSV1", "SONRS", "FI", "STATUS"])
    | frozenset(["BANKMSGSRSV1", "CREDITCARDMSGSRSV1", "INVSTMTMSGSRSV1", "STMTTRNRS", "CCSTMTTRNRS", "INVSTMTTRNRS"])
    | frozenset(["BANKTRANLIST", "BANKTRANLISTP", "INVTRANLIST", "INVBANKTRAN", "INVTRAN", "LEDGERBAL", "AVAILBAL"])
    | frozenset(["BANKACCTFROM", "CCACCTFROM", "INVACCTFROM", "BANKACCTTO", "CCACCTTO", "BALLIST", "BAL"])
    | frozenset(["PAYEE", "EXTDPAYEE", "CURRENCY", "ORIGCURRENCY", "IMAGEDATA", "REWARDINFO"])
    | frozenset(["INVPOSLIST", "INVOOLIST", "INVBAL", "INV401K", "INV401KBAL", "SECID", "SECLISTMSGSRSV1", "SECLIST"])
    | STATEMENTS
    | LINES
)
ACCOUNTS = frozenset(["BANKACCTFROM", "CCACCTFROM", "INVACCTFROM"])
DECLARED = re.compile(r"(ENCODING|CHARSET)\s{0,5}[:=]\s{0,5}\"?([A-Za-z0-9_-]{1,20})|encoding=[\"']([\w-]{1,20})")
NO_ACCOUNT = _("The entry belongs to no account: it is not within a statement.")
NO_STATEMENT = _("The file has no statement.")
BANK_ERROR = _("The file has no statement: the bank answered with an error (%(codes)s). Download it again later.")
INVESTMENTS = _("Cashman reads accounts at banks and cards, not investments.")

Fields = dict[str, str]


def read_ofx(source: BinaryIO, options: Options) -> Iterator[Item]:
    """Yield what an OFX file has. Raises UnreadableFile if that is no statement."""
    encoding = encoding_of(source, options, declared_encoding(source))
    return Reader(source, encoding, options).items()


def declared_encoding(source: BinaryIO) -> str | None:
    """Return the encoding that the header names."""
    source.seek(0)
    head = source.read(HEAD).decode("latin-1").partition("<OFX>")[0]
    found: dict[str, str] = {}
    for match in DECLARED.finditer(head):
        found.setdefault((match[1] or "XML").upper(), match[2] or match[3])
    charset = found.get("CHARSET", "NONE")
    if charset.upper() == "NONE":
        return found.get("XML") or found.get("ENCODING")
    return f"cp{charset}" if charset.isdigit() else f"iso-{charset}" if charset.startswith("8859") else charset


class Reader:
    """Reads one OFX file."""

    def __init__(self, source: BinaryIO, encoding: str, options: Options) -> None:
        self.source = source
        self.encoding = encoding
        self.amounts = Amounts(options.decimal, self.all_amounts)
        self.within: list[str] = []
        self.statement: Statement | None = None
        self.is_given = False  # the statement
        self.is_asked = False  # the decimal mark
        self.fields: Fields = {}  # of the line that is being read
        self.number = 0  # of the line of the file where it begins
        self.inner: Fields = {}  # of a balance or a status
        self.codes: list[str] = []  # what the bank answered
        self.counts: Counter[str] = Counter()

    def items(self) -> Iterator[Item]:
        for number, tag, text in tags(chunks(self.source, self.encoding)):
            name = tag.removeprefix("/")
            if name != tag:
                if name in self.within:
                    yield from self.close(name)
            elif name in ENCLOSING:
                yield from self.open(name, number)
            else:
                self.take(name, unescaped(text))
        if self.within:
            yield from self.close(self.within[0])
        if not self.counts["statements"]:
            if self.counts["investments"]:
                raise UnreadableFile(INVESTMENTS)
            if self.codes:
                raise UnreadableFile(BANK_ERROR, codes=shown("; ".join(self.codes)))
            raise UnreadableFile(NO_STATEMENT)

    def open(self, name: str, number: int) -> Iterator[Item]:
        if name in LINES or name in STATEMENTS:  # whose end tag may be missing
            for before in LINES if name in LINES else STATEMENTS:
                if before in self.within:
                    yield from self.close(before)
        if len(self.within) == DEPTH:
            raise UnreadableFile(_("Line %(line)d: too many elements within each other."), line=number)
        self.within.append(name)
        if name in STATEMENTS:
            self.statement, self.is_given = Statement(None, None), False
            self.counts["investments"] += name == "INVSTMTRS"
        elif name in LINES:
            self.fields, self.number = {}, number
        elif name == "LEDGERBAL":
            self.inner, self.number = {}, number
        elif name == "STATUS":
            self.inner = {}
        elif name == "INVTRAN" and self.statement is not None:
            yield Skipped(number, Message(INVESTMENTS))

    def take(self, name: str, value: str) -> None:
        """Remember a value where it belongs."""
        within = self.within[-1] if self.within else ""
        if not value:
            return
        if within in LINES:
            self.fields.setdefault(name, value)
        elif within in ("CURRENCY", "ORIGCURRENCY", "PAYEE", "EXTDPAYEE"):
            self.fields.setdefault(f"{within}.{name}", value)
        elif within in ("LEDGERBAL", "STATUS"):
            self.inner.setdefault(name, value)
        elif self.statement is not None:
            if within in ACCOUNTS and name == "ACCTID":
                self.statement.account = value
            elif within == "BANKTRANLIST" and name == "DTEND":
                self.statement.until = compact_day(value)
            elif within in STATEMENTS and name == "CURDEF":
                self.statement.currency = value.upper()

    def close(self, name: str) -> Iterator[Item]:
        """End an element, and all in it whose end tags are missing."""
        closed = ""
        while closed != name:
            closed = self.within.pop()
            if closed in LINES:
                yield from self.line(closed)
            elif closed == "STATUS" and self.inner.get("SEVERITY") == "ERROR":
                self.codes.append(f"{self.inner.get('CODE', '?')} {self.inner.get('MESSAGE', '')}".rstrip())
            elif closed == "LEDGERBAL":
                yield from self.closing()
            elif closed in STATEMENTS:
                if closed != "INVSTMTRS":
                    yield from self.begun()
                self.statement = None

    def begun(self) -> Iterator[Item]:
        """Give the statement, before its first line."""
        if self.statement is not None and not self.is_given:
            self.is_given = True
            self.counts["statements"] += 1
            yield self.statement

    def closing(self) -> Iterator[Item]:
        text = self.inner.get("BALAMT", "")
        if self.statement is not None and text:
            try:
                amount = self.amounts.read(text)
            except NotAnAmount:
                yield Problem(
                    self.number, "BALAMT", shown(text), Message(amounts.NOT_AN_AMOUNT, {"value": shown(text)})
                )
            except AmbiguousAmount:
                yield from self.asked(text)
            else:
                self.statement.closing = Balance(amount, compact_day(self.inner.get("DTASOF", "")))

    def asked(self, text: str) -> Iterator[Item]:
        """Ask for the decimal mark, once."""
        if not self.is_asked:
            self.is_asked = True
            yield decimal_question(text, self.number)

    def line(self, element: str) -> Iterator[Item]:
        """Give the line whose fields were read, or what is wrong with it."""
        if self.statement is None:
            yield Problem(self.number, element, "", Message(NO_ACCOUNT))
            return
        yield from self.begun()
        self.counts["lines"] += 1
        if self.counts["lines"] > ROWS:  # also while they wait for an answer
            raise UnreadableFile(TOO_MANY_ROWS, most=ROWS)
        fields = self.fields
        day, text = compact_day(fields.get("DTPOSTED", "")), fields.get("TRNAMT", "")
        if day is None:
            yield self.problem("DTPOSTED", days.NOT_A_DAY, days.MISSING_DAY, example="20260131")
        try:
            amount = self.amounts.read(text)
        except NotAnAmount:
            yield self.problem("TRNAMT", amounts.NOT_AN_AMOUNT, amounts.MISSING)
            return
        except AmbiguousAmount:
            yield from self.asked(text)
            return
        if day is not None:
            memo = fields.get("MEMO", "")
            description = fields.get("NAME") or fields.get("PAYEE.NAME") or fields.get("EXTDPAYEE.NAME") or memo
            yield Line(
                statement=self.statement,
                number=self.number,
                date=day,
                value_date=compact_day(fields.get("DTAVAIL", "")),
                amount=amount,
                currency=fields.get("CURRENCY.CURSYM", "").upper() or self.statement.currency,
                description=description,
                memo=memo if memo != description else "",
                bank_id=number_or_none(fields.get("FITID", "")),
                check_number=number_or_none(fields.get("CHECKNUM", "")) or "",
                reference=fields.get("REFNUM", ""),
                kind=fields.get("TRNTYPE", ""),
                is_pending=element == "STMTTRNP",
            )

    def problem(self, field: str, wrong: str, missing: str, **values: str) -> Problem:
        value = self.fields.get(field, "")
        message = Message(wrong, {"value": shown(value), **values}) if value else Message(missing)
        return Problem(self.number, field, shown(value), message)

    def all_amounts(self) -> Iterator[str]:
        """Yield all amounts of the file."""
        for _number, name, text in tags(chunks(self.source, self.encoding)):
            if name in ("TRNAMT", "BALAMT"):
                yield text.strip()


def number_or_none(value: str) -> str | None:
    """Return a bank's number. Some banks write zeros instead of none."""
    return value if value.strip("0") else None
