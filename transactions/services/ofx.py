"""Transactions as statements that banks give: OFX 2.1.1, one statement for each account and currency."""

import datetime
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias
from xml.sax.saxutils import escape

from django.db.models import Max, Min
from django.utils import timezone

from cashman_project.api.types import JSONObject
from cashman_project.money.amounts import EXACT, format_amount, format_units
from transactions.transaction_querysets import TransactionQuerySet

from ..choices import AccountKind
from ..models import Account

if TYPE_CHECKING:
    from users.models import User

Read: TypeAlias = Callable[[TransactionQuerySet], Iterator[JSONObject]]

HEADER = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
)
NO_ACCOUNT = "Without an account"
NAME, MEMO = 32, 255  # characters, says the standard
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
OK = "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>"
TYPES = {AccountKind.SAVINGS: "SAVINGS", AccountKind.LOAN: "CREDITLINE", AccountKind.INVESTMENT: "MONEYMRKT"}
ORDER = ("account_id", "currency", "date", "id")


def statements(owner: "User", rows: TransactionQuerySet, read: Read) -> Iterator[str]:
    """Yield the file in pieces. A statement's rows are in the order of their dates, and cards come last.

    The balance of a statement is that of its account today, whatever else is filtered.
    """
    file = _File(owner, rows)
    yield f"{HEADER}<OFX>\n<SIGNONMSGSRSV1><SONRS>{OK}<DTSERVER>{timezone.now():%Y%m%d%H%M%S}</DTSERVER>"
    yield "<LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>\n"
    of_cards = rows.filter(account__kind=AccountKind.CARD)
    for some, form in ((rows.exclude(account__kind=AccountKind.CARD), BANK), (of_cards, CARD)):
        start, end = f"<{form.messages}>\n", ""
        for (name, currency), group in groupby(
            read(some.order_by(*ORDER)), lambda row: (row["account"], row["currency"])
        ):
            yield start
            yield from file.statement(form, name, currency, group)
            start, end = "", f"</{form.messages}>\n"
        yield end
    yield "</OFX>\n"


class _Form:
    """The names of the elements of a kind of statement."""

    def __init__(self, messages: str, prefix: str, account: str) -> None:
        self.messages = messages
        self.prefix = prefix
        self.account = account


BANK = _Form("BANKMSGSRSV1", "", "BANKACCTFROM")
CARD = _Form("CREDITCARDMSGSRSV1", "CC", "CCACCTFROM")


class _File:
    """What the statements of a file have in common."""

    def __init__(self, owner: "User", rows: TransactionQuerySet) -> None:
        accounts = Account.objects.for_owner(owner)
        self.today = owner.today()
        self.accounts = {account.name: account for account in accounts}
        self.balances = accounts.balances(owner.pk, self.today)
        spans = rows.order_by().values_list("account__name", "currency").annotate(Min("date"), Max("date"))
        self.spans = {(name, currency): span for name, currency, *span in spans}

    def statement(self, form: _Form, name: str | None, currency: str, rows: Iterator[JSONObject]) -> Iterator[str]:
        first, last = self.spans.get((name, currency), (self.today, self.today))
        account = self.accounts.get(name) if name else None
        number = account.identifier or account.name if account else NO_ACCOUNT
        bank = "<BANKID>cashman</BANKID>" if form is BANK else ""
        kind = f"<ACCTTYPE>{TYPES.get(_kind(account), 'CHECKING')}</ACCTTYPE>" if form is BANK else ""
        yield (
            f"<{form.prefix}STMTTRNRS><TRNUID>0</TRNUID>{OK}<{form.prefix}STMTRS><CURDEF>{currency}</CURDEF>"
            f"<{form.account}>{bank}<ACCTID>{_text(number)}</ACCTID>{kind}</{form.account}>\n"
            f"<BANKTRANLIST><DTSTART>{_day(first)}</DTSTART><DTEND>{_day(last)}</DTEND>\n"
        )
        total = Decimal(0)
        for row in rows:
            total = EXACT.add(total, Decimal(row["amount"]))
            yield _line(row)
        if account:
            balance, day = format_units(self.balances[account.pk], currency), self.today
        else:
            balance, day = format_amount(total, currency), last
        yield (
            f"</BANKTRANLIST><LEDGERBAL><BALAMT>{balance}</BALAMT><DTASOF>{_day(day)}</DTASOF></LEDGERBAL>"
            f"</{form.prefix}STMTRS></{form.prefix}STMTTRNRS>\n"
        )


def _kind(account: Account | None) -> AccountKind:
    return AccountKind(account.kind) if account else AccountKind.OTHER


def _line(row: JSONObject) -> str:
    kind = "XFER" if row["transfer"] else "DEBIT" if row["amount"].startswith("-") else "CREDIT"
    description, notes = row["description"], row["notes"]
    memo = " ".join(filter(None, [description if len(description) > NAME else "", notes]))
    return (
        f"<STMTTRN><TRNTYPE>{kind}</TRNTYPE><DTPOSTED>{row['date'].replace('-', '')}</DTPOSTED>"
        f"<TRNAMT>{row['amount']}</TRNAMT><FITID>{row['id']}</FITID><NAME>{_text(description[:NAME])}</NAME>"
        f"{f'<MEMO>{_text(memo[:MEMO])}</MEMO>' if memo else ''}</STMTTRN>\n"
    )


def _day(date: datetime.date) -> str:
    return f"{date:%Y%m%d}"


def _text(text: str) -> str:
    """Return a text on one line as XML has it, without what XML can't hold."""
    return escape(NOT_XML.sub("", " ".join(text.splitlines())))
