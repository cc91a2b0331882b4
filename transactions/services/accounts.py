"""What spans an account and its transactions: its balances, and its deletion."""

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cashman_project.api.errors import Conflict
from users.models import User

from ..models import Account, BalanceCheck, Transaction, Transfer

if TYPE_CHECKING:
    from uuid import UUID


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


def link_accounts(owner: User, rows: Iterable[Transaction]) -> None:
    """Give each row its account, with one query for all of them."""
    linked = [row for row in rows if row.account_id]
    if linked:
        found = Account.objects.for_owner(owner).in_bulk({row.account_id for row in linked})
        for row in linked:
            row.account = found.get(row.account_id)


def delete_account(*, account: Account, force: bool) -> None:
    """Delete `account` with its checks. With `force`, it is first removed from its transactions, and its legs of
    transfers are deleted: the other legs then come from outside or go there.

    Raises Conflict with the number of its `transactions` if there are any and `force` is off, and Locked if a check
    keeps them.
    """
    with Account.objects.writing(account.owner_id) as write:
        write.lock()
        in_use = Transaction.objects.filter(owner=account.owner_id, account=account)
        if not force and (count := in_use.count()):
            raise Conflict(_("This account is in use: ?force=true unlinks its transactions."), transactions=count)
        if force:
            legs = in_use.filter(transfer__isnull=False)
            transfers = set(legs.values_list("transfer", flat=True))
            legs.legs().delete()
            kept = Transaction.objects.filter(owner=account.owner_id, transfer__in=transfers)
            alone = transfers.difference(kept.values_list("transfer", flat=True))
            Transfer.objects.filter(owner=account.owner_id, pk__in=alone).delete()
            in_use.update(account=None)
        BalanceCheck.objects.filter(owner=account.owner_id, account=account).delete()
        account.delete()
        User.objects.filter(pk=account.owner_id, account=account.pk).update(account=None)
