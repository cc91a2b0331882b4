"""Rows of other programs to lines: their accounts, transfers and splits.

A transfer has a line on each of its two accounts, and each names the other in `transfer_account`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_noop as _

from ..results import DecimalMark, Item, Line, Message, Part, Skipped, Statement
from .evidence import UnreadableAmount, cell_of, magnitude
from .numbers import currency_of
from .words import WORDS, folded

NOT_OWN = _("Not imported: neither side is an account of yours.")
VOID = _("Not imported: it was voided.")

# Types of Firefly III's accounts that have a balance of the owner.
FIREFLY_OWN = frozenset(["Asset account", "Default account", "Credit card", "Loan", "Debt", "Mortgage"])
ROOTS = frozenset(WORDS["ROOTS"])
_SPLIT = re.compile(r"\(SPLIT (?:INTO )?\d+(?: OF \d+)?\) ?")
_TRANSFER = re.compile(r"Transfer ?: ?(.+)")

Row = tuple[Item, Sequence[str]]  # what was read from a row, and its cells


@dataclass(frozen=True, slots=True)
class Export:
    """What the rows of one export need to become lines."""

    places: Mapping[str, int]  # of the columns, by their names
    mark: DecimalMark
    accounts: frozenset[str]  # all that the file has in its column of accounts
    statement: Callable[[str | None, str | None], Statement]  # of an account and a currency

    def cell(self, cells: Sequence[str], name: str) -> str:
        return cell_of(cells, self.places.get(name))


def firefly(rows: Iterator[Row], export: Export) -> Iterator[Item]:
    """One row has both sides: where money came from, and where it went."""
    for item, cells in rows:
        if not isinstance(item, Line):
            yield item
            continue
        source, destination = export.cell(cells, "source_name"), export.cell(cells, "destination_name")
        goes_out = export.cell(cells, "source_type") in FIREFLY_OWN
        comes_in = export.cell(cells, "destination_type") in FIREFLY_OWN
        is_transfer = goes_out and comes_in
        line = replace(item, amount=abs(item.amount), kind="" if is_transfer else item.kind)
        if not goes_out and not comes_in:
            yield Skipped(item.number, Message(NOT_OWN))
        if goes_out:
            yield replace(
                line,
                statement=export.statement(source, line.currency),
                amount=-line.amount,
                counterparty="" if is_transfer else destination,
                transfer_account=destination if is_transfer else "",
            )
        if comes_in:
            if is_transfer:
                line = _in_other_currency(line, cells, export)
            yield replace(
                line,
                statement=export.statement(destination, line.currency),
                counterparty="" if is_transfer else source,
                transfer_account=source if is_transfer else "",
            )


def _in_other_currency(line: Line, cells: Sequence[str], export: Export) -> Line:
    currency = currency_of(export.cell(cells, "foreign_currency_code"))
    try:
        found = magnitude(cells, export.places.get("foreign_amount"), export.mark)
    except UnreadableAmount:
        found = None
    if not found or not currency:
        return line
    return replace(line, amount=abs(found[0]), currency=currency)


def actual(rows: Iterator[Row], export: Export) -> Iterator[Item]:
    """The payee of a transfer is the other account. The whole of a split has no amount, and its parts are rows."""
    for item, _cells in rows:
        if isinstance(item, Line):
            item = replace(item, memo=_SPLIT.sub("", item.memo, count=1))
            if item.counterparty in export.accounts and item.counterparty != item.statement.account:
                item = replace(item, transfer_account=item.counterparty, counterparty="")
        yield item


def ynab(rows: Iterator[Row], _export: Export) -> Iterator[Item]:
    """The payee of a transfer is "Transfer : " and the other account."""
    for item, _cells in rows:
        if isinstance(item, Line) and (transfer := _TRANSFER.fullmatch(item.counterparty)):
            item = replace(item, transfer_account=transfer[1], counterparty="")
        yield item


def gnucash(rows: Iterator[Row], export: Export) -> Iterator[Item]:
    """Each side of a transaction is a row: of an account of one's own, or of a category."""
    sides: list[Line] = []
    for item, cells in rows:
        if not isinstance(item, Line):
            yield item
            continue
        if sides and sides[0].bank_id != item.bank_id:
            yield from _gnucash_lines(sides)
            sides = []
        if export.cell(cells, "Void Reason"):
            yield Skipped(item.number, Message(VOID))
            continue
        sides.append(_gnucash_side(item, cells, export))
    yield from _gnucash_lines(sides)


def _gnucash_side(line: Line, cells: Sequence[str], export: Export) -> Line:
    """The row has the currency of the transaction, which may not be that of the account."""
    same = export.cell(cells, "Amount Num.") == export.cell(cells, "Value Num.")
    words = export.cell(cells, "Amount With Sym").translate(dict.fromkeys(map(ord, "0123456789.,+-() '"), " ")).split()
    currency = line.currency if same else next(filter(None, map(currency_of, words)), None)
    return replace(line, currency=currency, statement=export.statement(line.statement.account, currency))


def _gnucash_lines(sides: list[Line]) -> Iterator[Item]:
    own = [side for side in sides if is_own(side.statement.account or "")]
    if not own:
        yield from (Skipped(side.number, Message(NOT_OWN)) for side in sides[:1])
        return
    others = [side for side in sides if side not in own]
    main = max(own, key=lambda side: abs(side.amount))
    for line in own:
        if len(sides) == 2:
            [other] = [side for side in sides if side is not line]
            account = other.statement.account or ""
            yield replace(line, category=account) if others else replace(line, transfer_account=account)
        elif line is main:
            yield replace(line, parts=tuple(_gnucash_part(side) for side in sides if side is not line))
        else:
            yield replace(line, transfer_account=main.statement.account or "")


def _gnucash_part(side: Line) -> Part:
    account = side.statement.account or ""
    name = {"counterparty": account} if is_own(account) else {"category": account}
    return Part(amount=-side.amount, currency=side.currency, description=side.memo, **name)


def gnucash_simple(rows: Iterator[Row], _export: Export) -> Iterator[Item]:
    """Each row has its account and the other side: a category, or an account of one's own."""
    for item, _cells in rows:
        if isinstance(item, Line) and is_own(item.category):
            item = replace(item, transfer_account=item.category, category="")
        elif isinstance(item, Line) and item.category.startswith("--"):
            item = replace(item, category="")  # "-- Split Transaction --"
        yield item


def as_written(rows: Iterator[Row], _export: Export) -> Iterator[Item]:
    """Rows are lines."""
    for item, _cells in rows:
        yield item


def is_own(account: str) -> bool:
    """Tell whether an account of GnuCash is one's own, and no category: by the name of the topmost one."""
    return folded(account.partition(":")[0]) in ROOTS


CONVERTERS: Mapping[str, Callable[[Iterator[Row], Export], Iterator[Item]]] = {
    "Firefly III": firefly,
    "Actual": actual,
    "YNAB": ynab,
    "GnuCash": gnucash,
    "GnuCash, simple layout": gnucash_simple,
}
