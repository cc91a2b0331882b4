"""What the bank says of an account's balances, compared with its transactions."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import as_serializer_error

from cashman_project.money.amounts import units_of

from ..models import Account, BalanceCheck


@dataclass(frozen=True)
class Checked:
    """A check, what it states and what the transactions say, in ten-thousandths."""

    check: BalanceCheck
    computed: int

    @property
    def stated(self) -> int:
        return units_of(self.check.balance)


def checks_of(account: Account, checks: Iterable[BalanceCheck]) -> list[Checked]:
    """Return the account's checks, each compared with what the transactions say now, with one query for all."""
    found = list(checks)
    sums = BalanceCheck.objects.filter(owner=account.owner_id, pk__in=[check.pk for check in found]).sums(account)
    return [Checked(check, sums[check.pk]) for check in found] if found else []


def put_check(account: Account, date: datetime.date, balance: Decimal, locked: bool | None = None) -> Checked:
    """Store what the bank says at the end of the day. The ledger is locked.

    Without `locked`, a check stays locked or open as it was. Raises ValidationError if it would be locked although the
    transactions say something else.
    """
    checks = BalanceCheck.objects.filter(owner=account.owner_id, account=account, date=date)
    check = checks.first() or BalanceCheck(owner_id=account.owner_id, account=account, date=date)
    changes = {"balance": balance, "locked": check.locked if locked is None else locked}
    is_new = check._state.adding
    changed = [name for name, value in changes.items() if getattr(check, name) != value]
    for name, value in changes.items():
        setattr(check, name, value)
    try:
        check.clean()
    except DjangoValidationError as error:
        raise ValidationError(as_serializer_error(error)) from None
    computed = Account.objects.filter(owner=account.owner_id, pk=account.pk).balances(account.owner_id, date)
    checked = Checked(check, computed[account.pk])
    if check.locked and checked.stated != checked.computed:
        raise ValidationError(
            {"locked": [_("The transactions say something else: a check is locked when the difference is zero.")]},
            code="difference",
        )
    if is_new:
        check.save()
    elif changed:
        check.save(update_fields=changed)
    return checked


def delete_check(account: Account, date: datetime.date) -> None:
    """Delete the check of the day."""
    BalanceCheck.objects.filter(owner=account.owner_id, account=account, date=date).delete()
