"""Undo of a commit, and what happens to plans that are not wanted any more."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, RestrictedError

from cashman_project.api.errors import Conflict
from cashman_project.api.origin import IMPORT, Origin
from cashman_project.db.derived_fields import DerivedField
from cashman_project.db.looked_up import looked_up
from cashman_project.db.types import AnyField
from cashman_project.money.amounts import parse_amount
from ledgers.writer import Write, writing
from transactions.models import Account, BalanceCheck, Category, Rule, Tag, Transaction, TransactionTag, Transfer
from transactions.names import tag_names
from transactions.services.accounts import delete_account

from ..choices import CREATES, ENTERS, Status, Verdict
from ..models import Import, ImportFile, ImportRow, LineIdentity
from .identities import parts_of, valid

if TYPE_CHECKING:
    from users.models import User

MOST_TOLD = 100  # transactions that are kept, and told
CHUNK = 10_000  # rows that are compared and deleted together
# What each write sets, and the type, which the sign of the amount tells.
NOT_EDITED = {"id", "owner_id", "type", "version", "created_at", "updated_at", "revision", "created_revision"}
# All else that a transaction has. If any of it differs from what the commit has given, somebody has edited it.
EDITED = [
    field
    for field in Transaction._meta.concrete_fields
    if field.attname not in NOT_EDITED and not isinstance(field, DerivedField)
]
COMMITTED = {field.attname for field in ImportRow._meta.concrete_fields}


@dataclass
class Undone:
    """What an undo has done: how many transactions it deleted, and those that it kept because they were edited."""

    deleted: int = 0
    kept: list[UUID] = field(default_factory=list)
    revision: int | None = None


def discard(owner: UUID, import_id: UUID) -> None:
    """Delete a plan that is not committed, with its file and its rows."""
    for model in (ImportFile, ImportRow):
        model.objects.filter(owner=owner, import_id=import_id).delete()
    Import.objects.filter(owner=owner, pk=import_id).delete()


def undo_commit(owner: "User", plan: Import, origin: Origin, *, force: bool) -> Undone:
    """Delete the transactions that the commit has made, and free their lines. What was edited since is kept, unless
    `force` is on. The plan is locked.

    Transactions that the commit has only matched or linked stay. Raises Locked if a check keeps a transaction.
    """
    undone = Undone()
    with writing(owner.pk, origin._replace(via=IMPORT)) as write:
        write.lock()
        rows = ImportRow.objects.filter(owner=owner, import_id=plan.pk)
        written = _written_since(plan, rows)
        if not force:  # before a deletion takes transfers from what stays
            undone.kept = [key for keys in parts_of(written) for key in _edited(plan, rows, keys)]
        kept = set(undone.kept)
        others = [key for key in written if key not in kept]
        undone.deleted = _delete(write, chain(_as_made(plan), _with_parts(plan, others)))
        _delete_checks(plan)
        _delete_made(owner, plan)
        _free(write, plan, rows, kept)
        undone.revision = write.revision if write.counts else None
        # Committed with `undone_by` means undone but for what is kept.
        status = Status.COMMITTED if undone.kept else Status.UNDONE
        Import.objects.filter(owner=owner, pk=plan.pk).update(
            status=status, undone_by=undone.revision, version=F("version") + 1
        )
    return undone


def _untouched(plan: Import) -> Q:
    """Return the condition of the commit's transactions that nothing has written since they were created."""
    return Q(revision=plan.revision, created_revision=plan.revision)


def _written_since(plan: Import, rows: "QuerySet[ImportRow]") -> list[UUID]:
    """Return those of the commit's transactions that something has written since: perhaps an edit."""
    own = Transaction.objects.filter(owner=plan.owner_id, pk=OuterRef("transaction_id"))
    written = own.exclude(_untouched(plan))
    found = rows.filter(looked_up(written), verdict__in=CREATES).order_by("number")
    return [key for key in found.values_list("transaction_id", flat=True) if key]


def _edited(plan: Import, rows: "QuerySet[ImportRow]", keys: Collection[UUID]) -> list[UUID]:
    """Return those of these transactions that are not as the commit has made them."""
    found = Transaction.objects.filter(owner=plan.owner_id, pk__in=keys)
    stored = {pk: values for pk, *values in found.values_list("pk", *(field.attname for field in EDITED))}
    made = rows.filter(transaction_id__in=keys, verdict__in=CREATES).order_by("number")
    pairs = [(row, row.transaction_id) for row in made]
    return [key for row, key in pairs if key and stored[key] != [_made(row, field) for field in EDITED]]


def _made(row: ImportRow, field: AnyField) -> object:
    """Return what the commit has given the transaction of this row in the field. What a row has not, is the default."""
    if field.attname == "transfer_id" and row.verdict != Verdict.TRANSFER:
        return None
    return getattr(row, field.attname) if field.attname in COMMITTED else field.get_default()


def _as_made(plan: Import) -> Iterator[Q]:
    """Yield the commit's transactions that nothing has written since, a few at a time, if each few are deleted."""
    if plan.revision is None:
        return  # it has written nothing
    own = _untouched(plan)
    found = Transaction.objects.filter(own, owner=plan.owner_id).order_by("pk").values_list("pk", flat=True)
    while keys := list(found[:CHUNK]):
        yield own & Q(pk__lte=keys[-1])


def _with_parts(plan: Import, keys: Collection[UUID]) -> Iterator[Q]:
    """Yield these transactions, a few at a time, with the other parts of those that were split."""
    rows = Transaction.objects.filter(owner=plan.owner_id, split__isnull=False)
    for some in parts_of(keys):
        splits = set(rows.filter(pk__in=some).values_list("split", flat=True))
        yield Q(pk__in=some) | Q(split__in=splits) if splits else Q(pk__in=some)


def _delete(write: Write, parts: Iterable[Q]) -> int:
    """Delete these transactions, and unlink the other sides of their transfers. Return the number of the
    transactions."""
    own = Transaction.objects.legs().filter(owner=write.owner)
    number, transfers = 0, set[UUID]()
    for part in parts:
        rows = own.filter(part)
        transfers.update(rows.filter(transfer__isnull=False).values_list("transfer", flat=True))
        number += rows.delete()[0]
    for keys in parts_of(transfers):
        own.filter(transfer__in=keys).update(transfer=None)
        Transfer.objects.filter(owner=write.owner, pk__in=keys).delete()
    return number


def _delete_checks(plan: Import) -> None:
    """Delete the checks that the commit has made, if nobody has changed or locked them."""
    if plan.revision is None:
        return
    said = {
        (UUID(one["account_id"]), date.fromisoformat(day)): parse_amount(balance)
        for one in plan.statements
        for day, balance in one["checks"].items()
    }
    own = BalanceCheck.objects.filter(_of_commit(plan), owner=plan.owner_id, locked=False)
    found = own.values_list("pk", "account_id", "date", "balance")
    keys = [key for key, account, day, balance in found if said.get((account, day)) == balance]
    for some in parts_of(keys):
        BalanceCheck.objects.filter(owner=plan.owner_id, pk__in=some).delete()


def _of_commit(plan: Import) -> Q:
    """Return the condition of what the commit has created, or an undo of its undo has brought back. It may have been
    written since: a rename of an account writes its checks."""
    return Q(created_revision=plan.revision) | Q(revision=plan.revision)


def _delete_made(owner: "User", plan: Import) -> None:
    """Delete the accounts, the categories and the tags that the commit has made, if nothing has them."""
    for one in plan.makes.get("accounts", []):
        account = Account.objects.for_owner(owner).filter(pk=one["id"]).first()
        has_checks = BalanceCheck.objects.filter(owner=owner, account=one["id"]).exists()
        if account and not has_checks:
            try:
                delete_account(account=account, force=False)
            except Conflict:
                continue  # it has other transactions
    for one in plan.makes.get("categories", []):
        try:
            Category.objects.for_owner(owner).filter(pk=one["id"]).delete()
        except RestrictedError:
            continue  # likewise
    if plan.revision and plan.makes.get("tags"):
        used = TransactionTag.objects.filter(owner=owner, name=OuterRef("name"))
        made = Tag.objects.for_owner(owner).filter(_of_commit(plan), name__in=plan.makes["tags"])
        given = {
            name for text in Rule.objects.filter(owner=owner).values_list("tags", flat=True) for name in tag_names(text)
        }
        unused = made.filter(~looked_up(used)).values_list("pk", "name")
        made.filter(pk__in=[pk for pk, name in unused if name not in given]).delete()


def _free(write: Write, plan: Import, rows: "QuerySet[ImportRow]", kept: Collection[UUID]) -> None:
    """Let the lines be imported again, but for those whose transactions are kept."""
    own = valid(write.owner)
    if plan.revision and not kept:
        _free_these(write, own.filter(revision=plan.revision))
    # The others, if there are any: of a commit without a revision, or of one that was undone but for what was kept.
    line = own.filter(transaction_id=OuterRef("transaction_id"), key=OuterRef("key"))
    others = rows.filter(looked_up(line), verdict__in=ENTERS).values_list("transaction_id", "key")
    for pairs in parts_of([pair for pair in others if pair[0] not in kept]):
        keys, lines = zip(*pairs, strict=True)
        found = own.filter(transaction_id__in=keys, key__in=lines)
        numbers = set(found.values_list("revision", flat=True).distinct())  # others may have matched one of these, too
        of_others = Import.objects.filter(owner=plan.owner_id, revision__in=numbers).exclude(pk=plan.pk)
        _free_these(write, found.exclude(revision__in=list(of_others.values_list("revision", flat=True))))


def _free_these(write: Write, lines: "QuerySet[LineIdentity]") -> None:
    if write.counts:
        lines.update(freed_by=write.revision)
    else:  # nothing is left to be undone in turn
        lines.delete()
