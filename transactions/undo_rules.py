"""What an undo may leave of transfers and accounts. It writes row by row, so this is checked at its end."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.apps import apps
from django.db.models import F, Model, QuerySet
from django.utils.translation import gettext as _

from cashman_project.api.errors import Conflict
from cashman_project.money.amounts import EXACT

from .errors import PartOfTransfer
from .split_rules import parts_of_keys


class Leg(NamedTuple):
    type: str
    account: UUID | None
    currency: str
    amount: Decimal


def transfers_of(owner: UUID, field: str, keys: Collection[UUID]) -> set[UUID]:
    """Return the transfers of the legs with these values of the field."""
    found: set[UUID] = set()
    for part in parts_of_keys(keys):
        legs = _rows("Transaction", owner).filter(transfer__isnull=False, **{f"{field}__in": part}).order_by()
        found.update(legs.values_list("transfer_id", flat=True))
    return found


def check_transfers(owner: UUID, keys: Collection[UUID]) -> None:
    """Raise PartOfTransfer if one of these transfers is there and is none: it has one leg of an account, or an expense
    and an income of two accounts, whose amounts are equal if their currencies are."""
    transfers, transactions = (_rows(name, owner) for name in ("Transfer", "Transaction"))
    for part in parts_of_keys(keys):
        legs: dict[UUID, list[Leg]] = defaultdict(list)
        found = transactions.filter(transfer__in=part).order_by()
        for transfer, *leg in found.values_list("transfer_id", "type", "account_id", "currency", "amount"):
            legs[transfer].append(Leg(*leg))
        for transfer in transfers.filter(pk__in=part).order_by().values_list("pk", flat=True):
            if not _is_transfer(legs[transfer]):
                raise PartOfTransfer


def _is_transfer(legs: list[Leg]) -> bool:
    if any(leg.account is None for leg in legs):
        return False
    if len(legs) != 2:
        return len(legs) == 1
    one, other = legs
    is_equal = one.currency != other.currency or EXACT.add(one.amount, other.amount) == 0
    return one.type != other.type and one.account != other.account and is_equal


def check_currencies(owner: UUID, field: str, keys: Collection[UUID]) -> None:
    """Raise a Conflict if a transaction with one of these values of the field has another currency than its account."""
    for part in parts_of_keys(keys):
        rows = _rows("Transaction", owner).filter(account__isnull=False, **{f"{field}__in": part})
        if rows.exclude(currency=F("account__currency")).order_by().exists():
            raise Conflict(_("This account has transactions: its currency stays."), fields=("currency",))


def _rows(name: str, owner: UUID) -> "QuerySet[Model]":
    rows: QuerySet[Model] = apps.get_model("transactions", name)._base_manager.filter(owner=owner)
    return rows
