"""CAMT.052, .053 and .054, the XML messages of ISO 20022, in all versions from 2 on; and a zip of them."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from .amounts import MISSING, NOT_AN_AMOUNT, exact
from .camt_xml import STATEMENTS, Parser, Parts, Readable, Values
from .days import MISSING_DAY, NOT_A_DAY, iso_day
from .results import Balance, Item, Line, Message, Options, Part, Problem, Skipped, Statement, UnreadableFile, shown
from .zips import is_zip, members

AMOUNT = re.compile(r"\+?([0-9]{0,30})(?:\.([0-9]{0,20}))?")
OPENINGS = ("OPBD", "PRCD")  # the balance at the start, or at the end of the statement before
NO_REFERENCE = frozenset(["", "NONREF", "NOTPROVIDED", "NOT PROVIDED"])
PARTIES = {
    side: tuple(
        f"RltdPties/{name}" for name in (f"{side}/Pty/Nm", f"{side}/Nm", f"Ultmt{side}/Pty/Nm", f"Ultmt{side}/Nm")
    )
    for side in ("Dbtr", "Cdtr")
}
REFERENCES = ("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/CdtrRefInf/CdtrRef")
WANTED = frozenset(
    path
    for paths in (
        ("Id", "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id", "Acct/Ccy"),
        ("Tp/CdOrPrtry/Cd", "Tp/Cd", "Amt", "CdtDbtInd", "Dt/Dt", "Dt/DtTm"),
        ("NtryRef", "RvslInd", "Sts", "Sts/Cd", "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"),
        ("AcctSvcrRef", "AddtlNtryInf", "BkTxCd/Prtry/Cd", "BkTxCd/Domn/Cd", "BkTxCd/Domn/Fmly/Cd"),
        ("BkTxCd/Domn/Fmly/SubFmlyCd", "Refs/EndToEndId", "Refs/Prtry/Ref", "RmtInf/Ustrd", "AddtlTxInf"),
        ("AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"),
        (*REFERENCES, *PARTIES["Dbtr"], *PARTIES["Cdtr"]),
    )
    for path in paths
)
NO_STATEMENT = _("The file has no statement in it, only what is around one.")
NO_SIGN = _("It does not say whether money came in (CRDT) or went out (DBIT).")
NOT_BOOKED = _("The bank only informs about this entry (%(status)s). It is not booked.")


def read_camt(source: BinaryIO, options: Options) -> Iterator[Item]:
    """Yield what a CAMT file has, or all CAMT files in a zip."""
    source.seek(0)
    if is_zip(source):
        for member in members(source):
            if isinstance(member, Skipped):
                yield member
            else:
                yield from Reader().items(member, options)
    else:
        yield from Reader().items(source, options)


class Reader:
    """Reads one CAMT file."""

    def __init__(self) -> None:
        self.read: list[Item] = []  # what is read and not yet given
        self.statement: Statement | None = None
        self.has_statement = False

    def items(self, source: Readable, options: Options) -> Iterator[Item]:
        parser = Parser(Parts(WANTED, self.ended), options.encoding)
        while parser.feed(source):
            yield from self.read
            self.read.clear()
        yield from self.read
        if not self.has_statement:
            raise UnreadableFile(NO_STATEMENT)

    def ended(self, part: Values, within: list[Values]) -> None:
        """Take a part whose end is read. What it is in has been read so far only."""
        if part.name == "TxDtls":
            within[-1].parts.append(part)
            return
        statement = self.begun(part if part.name in STATEMENTS else within[-1])
        if part.name == "Bal":
            self.balance(statement, part)
        elif part.name == "Ntry":
            self.entry(statement, part)
        else:
            self.statement = None

    def begun(self, part: Values) -> Statement:
        """Return the statement that this part is, given before all that is in it."""
        if self.statement is None:
            account = part.get("Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id")
            self.statement = Statement(account or None, part.get("Acct/Ccy") or None, part.get("Id") or None)
            self.has_statement = True
            self.read.append(self.statement)
        return self.statement

    def balance(self, statement: Statement, part: Values) -> None:
        code = part.get("Tp/CdOrPrtry/Cd", "Tp/Cd")
        is_opening = code in OPENINGS and (statement.opening is None or code == "OPBD")
        if not is_opening and code != "CLBD":
            return
        amount = self.amount(part)
        if amount is not None:
            statement.currency = statement.currency or part.get("Amt@Ccy") or None
            balance = Balance(amount, iso_day(part.get("Dt/Dt", "Dt/DtTm")))
            if is_opening:
                statement.opening = balance
            else:
                statement.closing = balance

    def amount(self, part: Values) -> Decimal | None:
        """Return the amount of a balance or an entry, or tell what is wrong with it."""
        text, sign = part.get("Amt"), part.get("CdtDbtInd")
        amount = amount_of(text)
        if amount is None:
            self.problem(
                part, "Amt", text, Message(NOT_AN_AMOUNT, {"value": shown(text)}) if text else Message(MISSING)
            )
            return None
        if sign not in ("CRDT", "DBIT"):
            self.problem(part, "CdtDbtInd", sign, Message(NO_SIGN))
            return None
        return signed(amount, sign)

    def problem(self, part: Values, field: str, value: str, message: Message) -> None:
        self.read.append(Problem(part.number, field, shown(value), message))

    def entry(self, statement: Statement, entry: Values) -> None:
        status = entry.get("Sts/Cd", "Sts")
        if status == "INFO":
            self.read.append(Skipped(entry.number, Message(NOT_BOOKED, {"status": status})))
            return
        amount = self.amount(entry)
        value_text = entry.get("ValDt/Dt", "ValDt/DtTm")
        text = entry.get("BookgDt/Dt", "BookgDt/DtTm") or value_text
        day = iso_day(text)
        if day is None:
            message = Message(NOT_A_DAY, {"value": shown(text), "example": "2026-01-31"})
            self.problem(entry, "BookgDt", text, message if text else Message(MISSING_DAY))
        if day is None or amount is None:
            return
        payment = entry.parts[0] if len(entry.parts) == 1 else Values("", 0, 0)
        information = entry.get("AddtlNtryInf")
        description = text_of(payment) or information or (text_of(entry.parts[0]) if entry.parts else "")
        currency = entry.get("Amt@Ccy") or statement.currency
        is_reversal = entry.get("RvslInd") in ("true", "1")
        self.read.append(
            Line(
                statement=statement,
                number=entry.number,
                date=day,
                value_date=iso_day(value_text),
                amount=amount,
                currency=currency,
                description=description,
                memo=information if information != description else "",
                counterparty=counterparty(payment, is_debit=(entry.get("CdtDbtInd") == "DBIT") != is_reversal),
                bank_id=first_reference(entry.get("AcctSvcrRef"), entry.get("NtryRef"), payment.get("Refs/Prtry/Ref")),
                reference=first_reference(payment.get("Refs/EndToEndId")) or "",
                kind=kind_of(entry),
                original=original(payment, currency),
                parts=tuple(part_of(one, entry.get("CdtDbtInd")) for one in entry.parts)
                if len(entry.parts) > 1
                else (),
                is_pending=status in ("PDNG", "FUTR"),
                is_reversal=is_reversal,
            )
        )


def amount_of(text: str) -> Decimal | None:
    match = AMOUNT.fullmatch(text)
    return exact(1, match[1], match[2] or "") if match and (match[1] or match[2]) else None


def signed(amount: Decimal, sign: str) -> Decimal:
    return -amount if sign == "DBIT" and amount else amount


def text_of(payment: Values) -> str:
    """Return what a payment is for: free text, else the reference of an invoice, else what the bank adds."""
    return " ".join(payment.all("RmtInf/Ustrd")) or payment.get(*REFERENCES, "AddtlTxInf")


def counterparty(payment: Values, *, is_debit: bool) -> str:
    """Return who got the money, or who sent it. In a reversal it is the other way round."""
    return payment.get(*PARTIES["Cdtr" if is_debit else "Dbtr"])


def first_reference(*references: str) -> str | None:
    return next((reference for reference in references if reference not in NO_REFERENCE), None)


def kind_of(entry: Values) -> str:
    codes = (entry.get(f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd"))
    return "-".join(filter(None, codes)) or entry.get("BkTxCd/Prtry/Cd")


def original(payment: Values, currency: str | None) -> tuple[Decimal, str] | None:
    """Return what was paid in another currency than that of the account."""
    other, amount = payment.get("AmtDtls/InstdAmt/Amt@Ccy"), amount_of(payment.get("AmtDtls/InstdAmt/Amt"))
    if amount is None or not other or other == currency:
        return None
    return amount, other


def part_of(payment: Values, sign: str) -> Part:
    """Return one payment of a batch."""
    path = "Amt" if payment.get("Amt") else "AmtDtls/TxAmt/Amt"
    own_sign = payment.get("CdtDbtInd") or sign
    amount = amount_of(payment.get(path))
    return Part(
        amount=None if amount is None else signed(amount, own_sign),
        currency=payment.get(f"{path}@Ccy") or None,
        description=text_of(payment),
        counterparty=counterparty(payment, is_debit=sign == "DBIT"),
        reference=first_reference(payment.get("Refs/EndToEndId")) or "",
    )
