"""What spans an account and its transactions: its balances, and its deletion."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from cashman_project.money.amounts import format_units, units_of
from cashman_project.money.sums import MoneySum
from users.models import User

from ..choices import AccountKind
from ..errors import InUse
from ..groupings import groupings_of
from ..models import Account, BalanceCheck, MonthTotal, Rule, Transaction, Transfer

if TYPE_CHECKING:
    from uuid import UUID


MOST_NAMES = 500  # accounts that a page offers or adds up


class Holding(NamedTuple):
    """An account and its balance in ten-thousandths."""

    account: Account
    units: int

    @property
    def balance(self) -> str:
        return format_units(self.units, self.account.currency)


def balances(owner: User, date: datetime.date, keys: "Iterable[UUID] | None" = None) -> "dict[UUID, int]":
    """Return the balance of each of the owner's accounts, or of those with these keys, at the end of the day: in
    ten-thousandths, by their ids. It takes one query.

    It is what came in and went out since the opening, on top of the opening balance; before the opening it is as much
    less.
    """
    accounts = Account.objects.for_owner(owner)
    if keys is not None:
        accounts = accounts.filter(pk__in=keys)
    return accounts.balances(owner.pk, date)


def monthly_changes(
    owner: User, accounts: "Collection[UUID]", first: datetime.date, last: datetime.date
) -> "list[tuple[UUID, datetime.date, int]]":
    """Return by how much each of the accounts changed in each of the owner's months of these days: the account, the
    first day of the month, and ten-thousandths. Months of the calendar are read from the month totals."""
    if owner.month_start == 1:
        return MonthTotal.objects.changes_of(owner.pk, accounts, first, last)
    month = groupings_of(owner.month_start)["month"]
    assert month.period is not None
    rows = Transaction.objects.filter(owner=owner.pk, account__in=accounts, date__range=(first, last)).order_by()
    sums = rows.values("account_id", month=month.key).annotate(change=MoneySum("amount"))
    return [
        (account, month.period.first(key), units_of(change))
        for account, key, change in sums.values_list("account_id", "month", "change")
    ]


def account_names(owner: User) -> list[str]:
    """Return the names of the accounts that a form offers: those that are not archived."""
    return list(Account.objects.for_owner(owner).filter(archived=False).values_list("name", flat=True)[:MOST_NAMES])


def usual_account(owner: User, names: Sequence[str], currency: str | None) -> dict[str, str]:
    """Return the account of a form for a new row, with its currency: the only one of `names`, or the default account
    if it has the currency; nothing if there is none."""
    accounts = Account.objects.for_owner(owner)
    if len(names) == 1:
        account = accounts.named(names[0]).first()
    else:
        account = (
            accounts.filter(pk=owner.account, currency=currency or owner.currency).first() if owner.account else None
        )
    return {"account": account.name, "currency": account.currency} if account else {}


def new_transfer(owner: User, source: Account | None = None) -> dict[str, str]:
    """Return what the form of a new transfer begins with: from the account, or the first one, to the next one."""
    names = account_names(owner)
    first = source.name if source else next(iter(names), "")
    target = next((name for name in names if name != first), "")
    return {"from": first, "to": target, "date": owner.today().isoformat()}


def holdings(owner: User, date: datetime.date) -> list[Holding]:
    """Return the owner's accounts in the order of their kinds and names, each with its balance at the end of the day,
    with two queries. They are the first `MOST_NAMES` by name."""
    kinds = list(AccountKind)
    accounts = list(Account.objects.for_owner(owner).order_by("key")[:MOST_NAMES])
    units = balances(owner, date, [account.pk for account in accounts]) if accounts else {}
    accounts.sort(key=lambda account: kinds.index(AccountKind(account.kind)))
    return [Holding(account, units[account.pk]) for account in accounts]


def totals_of(holdings: Sequence[Holding], first: str) -> list[dict[str, str]]:
    """Return the sums of the balances by currency. The currency `first` comes first."""
    units: dict[str, int] = defaultdict(int)
    for holding in holdings:
        units[holding.account.currency] += holding.units
    codes = sorted(units, key=lambda code: (code != first, code))
    return [{"currency": code, "amount": format_units(units[code], code)} for code in codes]


def link_accounts(owner: User, rows: Iterable[Transaction]) -> None:
    """Give each row its account, with one query for all of them."""
    linked = [row for row in rows if row.account_id]
    if linked:
        found = Account.objects.for_owner(owner).in_bulk({row.account_id for row in linked})
        for row in linked:
            row.account = found.get(row.account_id)


def delete_account(*, account: Account, force: bool) -> None:
    """Delete `account` with its checks. With `force`, it is first removed from its transactions, and its legs of
    transfers are deleted: the other legs then come from outside or go there. Rules for the account alone are deleted,
    too: without it, they would meet more than before.

    Raises Conflict with the number of its `transactions` and `rules` if there are any and `force` is off, and Locked if
    a check keeps them.
    """
    with Account.objects.writing(account.owner_id) as write:
        write.lock()
        in_use = Transaction.objects.filter(owner=account.owner_id, account=account)
        rules = Rule.objects.filter(owner=account.owner_id, account=account) if write.has_rules else None
        if not force and ((count := in_use.count()) or (rules is not None and rules.exists())):
            message = _("This account is in use: ?force=true unlinks its transactions.")
            raise InUse(message, count, 0 if rules is None else rules.count())
        if force:
            legs = in_use.filter(transfer__isnull=False)
            transfers = set(legs.values_list("transfer", flat=True))
            legs.legs().delete()
            kept = Transaction.objects.filter(owner=account.owner_id, transfer__in=transfers).order_by()
            dates = dict(kept.values_list("transfer", "date"))
            Transfer.objects.filter(owner=account.owner_id, pk__in=transfers - dates.keys()).delete()
            rest = list(Transfer.objects.filter(owner=account.owner_id, pk__in=dates))
            for transfer in rest:
                transfer.date = dates[transfer.pk]
            Transfer.objects.bulk_update(rest, ["date"])  # also if it is the same: their JSON changes with their legs
            in_use.update(account=None)
        if rules is not None:
            rules.delete()
        BalanceCheck.objects.filter(owner=account.owner_id, account=account).delete()
        account.delete()
        User.objects.filter(pk=account.owner_id, account=account.pk).update(account=None)
