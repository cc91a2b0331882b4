"""Undo of a commit, and what happens to plans that are not wanted any more."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, RestrictedError

from cashman_project.api.errors import Conflict
from cashman_project.api.origin import IMPORT, Origin
from cashman_project.db.derived_fields import DerivedField
from cashman_project.db.types import AnyField
from ledgers.writer import Write, writing
from transactions.models import Account, BalanceCheck, Category, Rule, Tag, Transaction, TransactionTag, Transfer
from transactions.names import tag_names
from transactions.services.accounts import delete_account

from ..choices import CREATES, ENTERS, Status, Verdict
from ..models import Import, ImportFile, ImportRow, LineIdentity
from .identities import restore, valid

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
        rows = ImportRow.objects.filter(owner=owner, import_id=plan.pk).order_by("number")
        created = rows.filter(verdict__in=CREATES)
        if not force:  # before anything is deleted: that takes transfers from what stays
            undone.kept = [key for chunk in _chunks(created) for key in _edited(owner.pk, chunk)]
        kept = set(undone.kept)
        for chunk in _chunks(created):
            undone.deleted += _delete(write, [row.transaction_id for row in chunk if row.transaction_id not in kept])
        if plan.revision:
            BalanceCheck.objects.filter(owner=owner, revision=plan.revision).delete()  # what is as it was made
        _delete_made(owner, plan)
        _free(write, plan, rows, kept)
        undone.revision = write.revision if write.counts else None
        status = (
            Status.COMMITTED if undone.kept else Status.UNDONE
        )  # with `undone_by`, it is undone but for what is kept
        Import.objects.filter(owner=owner, pk=plan.pk).update(
            status=status, undone_by=undone.revision, version=F("version") + 1
        )
    return undone


def _chunks(rows: "QuerySet[ImportRow]") -> Iterator[list[ImportRow]]:
    last = 0
    while chunk := list(rows.filter(number__gt=last)[:CHUNK]):
        yield chunk
        last = chunk[-1].number


def _edited(owner: UUID, rows: Collection[ImportRow]) -> list[UUID]:
    """Return the transactions of these rows that are not as the commit has made them. Those that are gone are none."""
    found = Transaction.objects.filter(owner=owner, pk__in=[row.transaction_id for row in rows])
    stored = {pk: values for pk, *values in found.values_list("pk", *(field.attname for field in EDITED))}
    edited = []
    for row in rows:
        made = [_made(row, field) for field in EDITED]
        if row.transaction_id and stored.get(row.transaction_id, made) != made:
            edited.append(row.transaction_id)
    return edited


def _made(row: ImportRow, field: AnyField) -> object:
    """Return what the commit has given the transaction of this row in the field. What a row has not, is the default."""
    if field.attname == "transfer_id" and row.verdict != Verdict.TRANSFER:
        return None
    return getattr(row, field.attname) if field.attname in COMMITTED else field.get_default()


def _delete(write: Write, keys: Collection[UUID | None]) -> int:
    """Delete these transactions, with the other parts of those that were split, and unlink the other sides of their
    transfers. Return the number of the transactions."""
    own = Transaction.objects.legs().filter(owner=write.owner)
    rows = own.filter(Q(pk__in=keys) | Q(split__in=keys))
    transfers = set(rows.filter(transfer__isnull=False).values_list("transfer", flat=True))
    number, _counts = rows.delete()
    if transfers:
        own.filter(transfer__in=transfers).update(transfer=None)
        Transfer.objects.filter(owner=write.owner, pk__in=transfers).delete()
    return number


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
        made = Tag.objects.for_owner(owner).filter(revision=plan.revision, name__in=plan.makes["tags"])
        given = {
            name for text in Rule.objects.filter(owner=owner).values_list("tags", flat=True) for name in tag_names(text)
        }
        unused = made.filter(~Exists(used)).values_list("pk", "name")
        made.filter(pk__in=[pk for pk, name in unused if name not in given]).delete()


def _free(write: Write, plan: Import, rows: "QuerySet[ImportRow]", kept: set[UUID]) -> None:
    """Let the lines be imported again, but for those whose transactions are kept."""
    numbers = {plan.revision} - {None}  # by which the commit has stored the lines
    for chunk in _chunks(rows.filter(verdict__in=ENTERS)):
        keys = [row.transaction_id for row in chunk if row.transaction_id not in kept]
        lines = valid(write.owner).filter(transaction_id__in=keys, key__in=[row.key for row in chunk if row.key])
        if not plan.revision:
            numbers |= {*lines.filter(revision__lte=0).values_list("revision", flat=True)}
        if write.counts:
            lines.update(freed_by=write.revision)
        else:  # nothing is left to be undone in turn
            lines.delete()
    before = LineIdentity.objects.filter(owner=write.owner, freed_by__in=numbers)
    restore(write.owner, before, write.revision if write.counts else None)
