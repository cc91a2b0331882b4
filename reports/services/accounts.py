"""What the owner's accounts hold at the ends of days, and what moves between them."""

import datetime
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import OuterRef, Subquery, UUIDField

from cashman_project.money.amounts import units_of
from cashman_project.money.sums import MoneySum
from transactions.choices import TransactionType
from transactions.models import Account, Transaction
from transactions.services.accounts import MOST_NAMES, balances, monthly_changes

from ..periods import Part, parts
from .sums import Query, Report, amount_of

if TYPE_CHECKING:
    from users.models import User

MOST_ACCOUNTS = 20  # that net worth names; the others are one
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class WorthAt:
    """What is in accounts at the end of a part of the window, by their names; None is all others."""

    part: Part
    accounts: Mapping[str | None, Decimal]
    assets: Decimal  # of the accounts whose balance is above zero
    debts: Decimal  # of the others: negative or zero

    @property
    def net(self) -> Decimal:
        return self.assets + self.debts


@dataclass(frozen=True)
class Move:
    """What was moved from an account to another one, both by name; None is outside."""

    source: str | None
    target: str | None
    amount: Decimal


def net_worth(query: Query) -> Report[WorthAt]:
    """Return what is in the accounts of the currency at the end of each month or year of the window."""
    accounts = Account.objects.for_owner(query.owner).filter(currency=query.currency)
    if chosen := _chosen(query):
        accounts = accounts.filter(pk__in=chosen)
    names = dict(accounts.order_by("key").values_list("pk", "name")[:MOST_NAMES])
    shown = list(parts(query.window))
    units = balances_at(query.owner, names.keys(), [part.window.last for part in shown])
    largest = sorted(names, key=lambda pk: -max(map(abs, units[pk]), default=0))[:MOST_ACCOUNTS]
    rows = []
    for index, part in enumerate(shown):
        held = {pk: units[pk][index] for pk in names}
        by_name: dict[str | None, Decimal] = {names[pk]: amount_of(held[pk]) for pk in names if pk in largest}
        if len(names) > len(largest):
            by_name[None] = amount_of(sum(held[pk] for pk in names.keys() - set(largest)))
        assets, debts = (sum(one for one in held.values() if (one > 0) == above) for above in (True, False))
        rows.append(WorthAt(part, by_name, amount_of(assets), amount_of(debts)))
    return Report(query.currency, query.window, rows)


def balances_at(
    owner: "User", accounts: Collection[UUID], ends: Sequence[datetime.date], now: "Mapping[UUID, int] | None" = None
) -> dict[UUID, list[int]]:
    """Return the balances of the accounts at the ends of these days, in ten-thousandths. It takes three queries.

    The days are ends of the owner's months, but for the last one, for which `now` has the balances if they are known.
    """
    if not (accounts and ends):
        return {pk: [] for pk in accounts}
    last = now or balances(owner, ends[-1], accounts)
    found = {pk: [last[pk]] for pk in accounts}
    if len(ends) > 1:
        whole = ends[:-1]
        units = balances(owner, whole[-1], accounts)
        before: dict[tuple[UUID, int], int] = defaultdict(int)  # how it changed from one end to the next, by its place
        for pk, month, change in monthly_changes(owner, accounts, whole[0] + DAY, whole[-1]):
            before[pk, bisect_left(whole, month)] += change
        for index in range(len(whole) - 1, -1, -1):
            for pk in accounts:
                found[pk].append(units[pk])
                units[pk] -= before.get((pk, index), 0)
    return {pk: held[::-1] for pk, held in found.items()}


def moves(query: Query) -> Report[Move]:
    """Return what the transfers of the window moved between accounts, the largest first, with two queries.

    Each counts with the amount of its leg in the currency: the one that leaves, if both have it.
    """
    others = Transaction.objects.filter(owner=query.owner.pk, transfer=OuterRef("transfer")).exclude(pk=OuterRef("pk"))
    legs = (
        Transaction.objects.for_owner(query.owner)
        .filter(transfer__isnull=False, currency=query.currency, date__range=(query.window.first, query.window.last))
        .order_by()
        .values("type", "account_id")
        .annotate(
            other=Subquery(others.values("account_id")[:1], output_field=UUIDField()),
            other_currency=Subquery(others.values("currency")[:1]),
        )
        .annotate(amount=MoneySum("amount"))
        .values_list("type", "account_id", "other", "other_currency", "amount")
    )
    sums: dict[tuple[UUID | None, UUID | None], int] = defaultdict(int)
    chosen = _chosen(query)
    for kind, account, other, currency, amount in legs:
        ends = (account, other) if kind == TransactionType.EXPENSE else (other, account)
        counted = kind == TransactionType.EXPENSE or currency != query.currency
        if counted and (not chosen or chosen & {account, other}):
            sums[ends] += abs(units_of(amount))
    keys = {pk for ends in sums for pk in ends if pk}
    names: dict[UUID | None, str | None] = {None: None}
    if keys:
        names |= dict(Account.objects.for_owner(query.owner).filter(pk__in=keys).values_list("pk", "name"))
    rows = [
        Move(names[source], names[target], amount_of(units))
        for (source, target), units in sorted(sums.items(), key=lambda item: -item[1])
    ]
    return Report(query.currency, query.window, rows)


def _chosen(query: Query) -> set[UUID]:
    """Return the accounts that the query names."""
    found = query.filters.get("account", [])
    return {UUID(str(pk)) for pk in (found if isinstance(found, list) else [found])}
