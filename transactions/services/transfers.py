"""Transfers: their legs, what makes a transfer of two transactions, and which ones look like one."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import as_serializer_error

from cashman_project.api.types import Validated
from cashman_project.money.amounts import EXACT
from ledgers.writer import writing

from ..choices import TransactionType
from ..models import Account, RejectedTransfer, Transaction, Transfer

if TYPE_CHECKING:
    from users.models import User

INCOME, EXPENSE = TransactionType.INCOME, TransactionType.EXPENSE
APART = 5  # days between the legs of a proposal, at most
DAYS = 366  # that proposals look back
MOST_READ = 5_000  # rows among which proposals are looked for, the newest ones
MOST_PROPOSED = 100
MOST_OPPOSITES = 5


@dataclass
class Legs:
    """A transfer and its legs. One of them may be None: then the money came from outside, or went there."""

    transfer: Transfer
    expense: Transaction | None = None
    income: Transaction | None = None

    @property
    def both(self) -> list[Transaction]:
        return [leg for leg in (self.expense, self.income) if leg is not None]

    @property
    def first(self) -> Transaction:
        return self.both[0]


def legs_of(owner: "User", transfers: Iterable[Transfer]) -> list[Legs]:
    """Return the transfers with their legs, with one query for all."""
    found = {transfer.pk: Legs(transfer) for transfer in transfers}
    rows = Transaction.objects.for_owner(owner).filter(transfer__in=found).select_related("account") if found else ()
    for row in rows:
        assert row.transfer_id is not None
        legs = found[row.transfer_id]
        if row.type == EXPENSE:
            legs.expense = row
        else:
            legs.income = row
    return [legs for legs in found.values() if legs.both]


class Ends(NamedTuple):
    """The names of the accounts that a transfer goes from and to. None is outside."""

    source: str | None
    target: str | None


def ends_of(owner: "User", rows: Iterable[Validated]) -> dict[str, Ends]:
    """Return the ends of the transfers that these rows, in JSON, are legs of, by their ids: with one query, if any row
    is one."""
    found = {str(row["transfer"]): Ends(None, None) for row in rows if row["transfer"]}
    legs = Transaction.objects.for_owner(owner).order_by().filter(transfer__in=[*found]) if found else None
    for transfer, kind, name in legs.values_list("transfer", "type", "account__name") if legs is not None else ():
        end = {"source": name} if kind == EXPENSE else {"target": name}
        found[str(transfer)] = found[str(transfer)]._replace(**end)
    return found


def opposites(row: Transaction) -> list[Transaction]:
    """Return the transactions that `row` could be linked with: equal and opposite, of another account, a few days
    apart."""
    if row.transfer_id or row.split or not row.account_id:
        return []
    apart = datetime.timedelta(days=APART)
    found = Transaction.objects.filter(
        owner=row.owner_id,
        date__range=(row.date - apart, row.date + apart),
        amount=row.amount.copy_negate(),
        currency=row.currency,
        account__isnull=False,
        transfer__isnull=True,
        split__isnull=True,
    )
    return list(found.exclude(account=row.account_id).select_related("account")[:MOST_OPPOSITES])


# What a new transfer has if nothing is said of it.
NOTHING: Validated = {
    **dict.fromkeys(("source", "target", "amount", "received", "received_on", "description")),
    "notes": "",
}


def values_of(legs: Legs) -> Validated:
    """Return what `save_transfer` would make these legs of. It leaves their texts as they are."""
    first, other = legs.first, legs.income if legs.expense else None
    return {
        "source": legs.expense and legs.expense.account,
        "target": legs.income and legs.income.account,
        "amount": EXACT.abs(first.amount),
        "received": other.amount if other and other.currency != first.currency else None,
        "date": first.date,
        "received_on": other.date if other and other.date != first.date else None,
    }


def save_transfer(owner: "User", legs: Legs, values: Validated) -> Legs:
    """Create a transfer, or change one, so that it is as `values` say. The ledger is locked.

    They have source and target (accounts or None), amount, received (None where the currencies are equal), date and
    received_on. If they have a description and notes, both legs get them. Raises ValidationError and Locked.
    """
    _check(values)
    transfer, source, target, date = legs.transfer, values["source"], values["target"], values["date"]
    texts = {name: values[name] for name in ("description", "notes") if name in values}
    if "description" in texts:
        texts["description"] = texts["description"] or _description(source, target)
    out = source and {"account": source, "amount": EXACT.minus(values["amount"]), "date": date, **texts}
    received = values["amount"] if values["received"] is None else values["received"]
    into = target and {"account": target, "amount": received, "date": values["received_on"] or date, **texts}
    is_new = transfer._state.adding
    transfer.date = date
    transfer.save(update_fields=None if is_new else ["date"])  # written in any case: its JSON changes with its legs
    like = legs.both[:1]
    legs.expense = _save_leg(transfer, EXPENSE, legs.expense, out, like)
    legs.income = _save_leg(transfer, INCOME, legs.income, into, like, is_received=values["received"] is not None)
    return legs


def _check(values: Validated) -> None:
    """Raise ValidationError if the values don't make a transfer."""
    source, target = values["source"], values["target"]
    errors: dict[str, list[str]] = {}
    if source is None and target is None:
        errors["from"] = [_("A transfer has an account that it comes from, or one that it goes to.")]
    elif source is not None and target is not None and source.pk == target.pk:
        errors["to"] = [_("A transfer goes to another account.")]
    crosses = source is not None and target is not None and source.currency != target.currency
    if crosses and values["received"] is None:
        errors["received"] = [_("Say what was received: the accounts have different currencies.")]
    if not crosses and values["received"] is not None:
        errors["received"] = [_("Leave it out: what was received is the amount.")]
    if values["received_on"] is not None and (source is None or target is None):
        errors["received_on"] = [_("Leave it out: only one account is part of this transfer.")]
    for name in ("amount", "received"):
        if values[name] is not None and values[name] <= 0:
            errors[name] = [_("Give it without a sign, above zero.")]
    if errors:
        raise ValidationError(errors, code="invalid")


def _description(source: Account | None, target: Account | None) -> str:
    names = [account.name if account else "…" for account in (source, target)]
    return " → ".join(name[:90] for name in names)


def _save_leg(
    transfer: Transfer,
    kind: TransactionType,
    leg: Transaction | None,
    wanted: Validated | None,
    like: Sequence[Transaction],
    *,
    is_received: bool = False,
) -> Transaction | None:
    """Create, change or delete a leg, so that it is as wanted; None means that it is outside. A new one gets the texts
    of a leg that is there, if nothing is said of them. If it `is_received`, its amount is called so."""
    rows = Transaction.objects.legs().filter(owner=transfer.owner_id)
    if wanted is None:
        if leg is not None:
            rows.filter(pk=leg.pk).delete()
        return None
    values = {**wanted, "currency": wanted["account"].currency}
    for other in like if leg is None else ():
        values = {"description": other.description, "notes": other.notes, **values}
    row = leg or Transaction(owner_id=transfer.owner_id, type=kind, transfer=transfer)
    changed = [name for name, value in values.items() if getattr(row, name) != value] if leg else [*values]
    for name in changed:
        setattr(row, name, values[name])
    try:
        row.clean()
    except DjangoValidationError as error:
        errors = as_serializer_error(error)
        if is_received and "amount" in errors:
            errors["received"] = errors.pop("amount")
        raise ValidationError(errors) from None
    if leg is None:
        row.save()
    elif changed:
        rows.bulk_update([row], changed)
    return row


def delete_transfer(transfer: Transfer) -> None:
    """Delete the transfer with its legs. The ledger is locked."""
    Transaction.objects.legs().filter(owner=transfer.owner_id, transfer=transfer.pk).delete()
    transfer.delete()


def unlink_transfer(transfer: Transfer) -> None:
    """Take the transfer apart: its legs become an expense and an income. The ledger is locked."""
    Transaction.objects.filter(owner=transfer.owner_id, transfer=transfer.pk).update(transfer=None)
    transfer.delete()


def link(owner: "User", expense: UUID, income: UUID) -> Legs:
    """Make one transfer of an expense and an income, each of an account. The ledger is locked."""
    rows = Transaction.objects.for_owner(owner).filter(transfer__isnull=True).select_related("account")
    out = rows.filter(pk=expense, type=EXPENSE).first()
    into = rows.filter(pk=income, type=INCOME).first()
    errors: dict[str, list[str]] = {}
    for name, row in (("expense", out), ("income", into)):
        if row is None:
            errors[name] = [_("You have no such transaction that is not part of a transfer.")]
        elif row.account is None:
            errors[name] = [_("Give it an account first.")]
        elif row.split:
            errors[name] = [_("A part of a split is no leg of a transfer.")]
    if out and into and not errors:
        if out.account_id == into.account_id:
            errors["income"] = [_("A transfer goes to another account.")]
        elif out.currency == into.currency and out.amount != -into.amount:
            errors["income"] = [_("In one currency, both amounts are equal.")]
    if errors or out is None or into is None:
        raise ValidationError(errors, code="invalid")
    transfer = Transfer(owner=owner, date=out.date)
    transfer.save()
    Transaction.objects.filter(owner=owner.pk, pk__in=[out.pk, into.pk]).update(transfer=transfer)
    [legs] = legs_of(owner, [transfer])
    return legs


# -- Proposals --------------------------------------------------------------------------------


def proposals(owner: "User") -> list[tuple[Transaction, Transaction]]:
    """Return the pairs of an expense and an income that look like a transfer: between two accounts, equal and opposite,
    a few days apart, and neither of them fits another one. The newest come first."""
    since = owner.today() - datetime.timedelta(days=DAYS)
    rows = (
        Transaction.objects.for_owner(owner)
        .filter(account__isnull=False, transfer__isnull=True, split__isnull=True, date__gte=since)
        .select_related("account", "category")
        .order_by("-date", "-pk")[:MOST_READ]
    )
    by_amount: dict[tuple[str, Decimal], list[Transaction]] = defaultdict(list)
    for row in rows:
        by_amount[row.currency, row.amount].append(row)
    rejected = set(RejectedTransfer.objects.filter(owner=owner).values_list("expense_id", "income_id"))
    fits: list[tuple[Transaction, Transaction]] = []
    times: dict[UUID, int] = defaultdict(int)
    for (currency, amount), expenses in by_amount.items():
        incomes = by_amount.get((currency, -amount), ()) if amount < 0 else ()
        if len(expenses) * len(incomes) > MOST_READ:  # certainly ambiguous
            continue
        for expense in expenses:
            for income in incomes:
                is_near = abs((expense.date - income.date).days) <= APART
                is_rejected = (expense.pk, income.pk) in rejected
                if is_near and expense.account_id != income.account_id and not is_rejected:
                    fits.append((expense, income))
                    times[expense.pk] += 1
                    times[income.pk] += 1
    found = [(expense, income) for expense, income in fits if times[expense.pk] == times[income.pk] == 1]
    return sorted(found, key=lambda pair: (pair[0].date, pair[0].pk), reverse=True)[:MOST_PROPOSED]


def reject(owner: "User", expense: UUID, income: UUID) -> None:
    """Remember that these two are no transfer. Raises ValidationError if they are not there."""
    with writing(owner.pk) as write:
        write.lock()
        rows = Transaction.objects.for_owner(owner)
        pair = {"expense": rows.filter(pk=expense, type=EXPENSE), "income": rows.filter(pk=income, type=INCOME)}
        if missing := {
            name: [_("You have no row with this id.")] for name, found in pair.items() if not found.exists()
        }:
            raise ValidationError(missing, code="does_not_exist")
        row = RejectedTransfer(owner=owner, expense_id=expense, income_id=income)
        RejectedTransfer.objects.bulk_create([row], ignore_conflicts=True)
