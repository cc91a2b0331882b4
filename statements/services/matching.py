"""Lines that are here already: as transactions that somebody has typed, or as the other side of a transfer."""

import datetime
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import OuterRef
from uuid_utils.compat import uuid7

from cashman_project.db.looked_up import looked_up
from transactions.models import RejectedTransfer, Transaction
from transactions.services.transfers import APART

from ..choices import Verdict
from .identities import valid
from .rows import Row

NEAR = 3  # days between a line and the transaction that it matches, at most
MOST_READ = 50_000  # transactions among which is looked, the newest ones
MOST_COMPARED = 5_000  # pairs of equal amounts: more are certainly ambiguous

OneT = TypeVar("OneT")
OtherT = TypeVar("OtherT")


class Side(NamedTuple):
    """A row of the plan or a transaction that may be one side of a transfer."""

    date: datetime.date
    account: UUID
    row: Row | None
    transaction: UUID


def find_matches(owner: UUID, account: UUID, rows: Sequence[Row]) -> None:
    """Let new lines of the account match transactions of it that no file has brought: of the same amount, a few days
    apart, and only if both have no other candidate."""
    dates = [row.date for row in rows if row.date]
    if not dates:
        return
    apart = datetime.timedelta(days=NEAR)
    brought = valid(owner).filter(transaction_id=OuterRef("pk"))
    found = Transaction.objects.filter(
        ~looked_up(brought),
        owner=owner,
        account=account,
        date__range=(min(dates) - apart, max(dates) + apart),
    )
    typed: dict[Decimal, list[tuple[datetime.date, UUID]]] = defaultdict(list)
    for pk, date, amount in found.order_by("-date", "-pk").values_list("pk", "date", "amount")[:MOST_READ]:
        typed[amount].append((date, pk))
    by_amount: dict[Decimal, list[Row]] = defaultdict(list)
    for row in rows:
        if row.amount in typed:
            by_amount[row.amount].append(row)
    for amount, lines in by_amount.items():
        if len(lines) * len(typed[amount]) <= MOST_COMPARED:
            for row, pk in _alone((row, pk) for row in lines for date, pk in typed[amount] if _near(row, date, NEAR)):
                row.verdict, row.transaction_id = Verdict.MATCH, pk


def find_named_transfers(rows: Iterable[Row], accounts: Mapping[str, UUID]) -> None:
    """Let new lines be transfers if each names the other's account, as exports of other programs do: of opposite
    amounts on one day, or read from one line of the file, whatever their currencies are. `accounts` has those of the
    file by its names for them. The first of equal ones belongs to the first."""
    waiting: dict[tuple[object, ...], deque[Side]] = defaultdict(deque)
    for row in rows:
        other = accounts.get(row.transfer_account)
        if not (
            other and other != row.account_id and row.date and row.account_id and row.amount and row.transaction_id
        ):
            continue
        side = Side(row.date, row.account_id, row, row.transaction_id)
        sign = row.amount > 0
        of_amount = (row.date, row.currency, abs(row.amount))
        for kind in (("line", row.line), of_amount):
            found = waiting[(other, row.account_id, not sign, *kind)]
            while found and found[0].row and found[0].row.verdict == Verdict.TRANSFER:
                found.popleft()  # by its line
            if found:
                _link(side, found.popleft())
                break
        else:
            for kind in (("line", row.line), of_amount):
                waiting[(row.account_id, other, sign, *kind)].append(side)


def find_transfers(owner: UUID, rows: Sequence[Row]) -> None:
    """Let new lines be transfers if another account has the opposite: in this plan, or as a transaction. Neither may
    have another candidate."""
    dates = [row.date for row in rows if row.date]
    if not dates:
        return
    apart = datetime.timedelta(days=APART)
    amounts = {(row.currency, row.amount) for row in rows}
    sides: dict[tuple[str, Decimal], list[Side]] = defaultdict(list)
    for row in rows:
        if row.date and row.account_id and row.amount and row.transaction_id:
            sides[row.currency, row.amount].append(Side(row.date, row.account_id, row, row.transaction_id))
    taken = {row.transaction_id for row in rows if row.verdict == Verdict.MATCH}
    found = Transaction.objects.filter(
        owner=owner,
        account__isnull=False,
        transfer__isnull=True,
        split__isnull=True,
        date__range=(min(dates) - apart, max(dates) + apart),
    ).order_by("-date", "-pk")
    values = found.values_list("pk", "date", "account_id", "currency", "amount")
    for pk, date, account, currency, amount in values[:MOST_READ]:
        if pk not in taken and (currency, -amount) in amounts:
            sides[currency, amount].append(Side(date, account, None, pk))
    rejected = {frozenset(pair) for pair in _rejected(owner)} if sides else set()
    for (currency, amount), out in sides.items():
        into = sides.get((currency, -amount), []) if amount < 0 else []
        for one, other in _alone(_opposites(out, into)):
            if frozenset((one.transaction, other.transaction)) not in rejected:
                _link(one, other)


def _opposites(out: Sequence[Side], into: Sequence[Side]) -> list[tuple[Side, Side]]:
    """Return the pairs that may be transfers, none if there are too many. One side at least is a row of the plan."""
    into = sorted(into, key=lambda side: side.date)
    days = [side.date for side in into]
    apart, pairs, compared = datetime.timedelta(days=APART), [], 0
    for one in out:
        near = into[bisect_left(days, one.date - apart) : bisect_right(days, one.date + apart)]
        compared += len(near)
        if compared > MOST_COMPARED:
            return []
        pairs += [(one, other) for other in near if one.account != other.account and (one.row or other.row)]
    return pairs


def _link(one: Side, other: Side) -> None:
    transfer = uuid7()
    for side, opposite in ((one, other), (other, one)):
        if side.row:
            side.row.verdict, side.row.transfer_id = Verdict.TRANSFER, transfer
            side.row.transfer_with = opposite.transaction


def _alone(pairs: Iterable[tuple[OneT, OtherT]]) -> list[tuple[OneT, OtherT]]:
    """Return the pairs whose two parts are in no other pair."""
    found = list(pairs)
    times = Counter(part for pair in found for part in pair)
    return [(one, other) for one, other in found if times[one] == times[other] == 1]


def _near(row: Row, date: datetime.date, days: int) -> bool:
    return row.date is not None and abs((row.date - date).days) <= days


def _rejected(owner: UUID) -> Iterable[tuple[UUID, UUID]]:
    return RejectedTransfer.objects.filter(owner=owner).values_list("expense_id", "income_id")
