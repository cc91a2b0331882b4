"""Undo of a commit, and what happens to plans that are not wanted any more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, RestrictedError

from cashman_project.api.errors import Conflict
from cashman_project.api.origin import IMPORT, Origin
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
# What a commit has given a transaction. If any of it is another now, somebody has edited the transaction.
WRITTEN = ("account_id", "amount", "category_id", "currency", "date", "description", "notes", "tags")


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
        kept = {} if force else dict(_edited(plan, rows))  # before a deletion takes transfers from what stays
        undone.kept = list(kept.values())
        for part in _parts(plan, rows.filter(verdict__in=CREATES), kept):
            undone.deleted += _delete(write, part)
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


def _parts(
    plan: Import, rows: "QuerySet[ImportRow]", kept: Mapping[int, UUID] | None = None
) -> "Iterator[QuerySet[ImportRow]]":
    """Yield the rows of the plan without those that are kept, by their numbers, a few at a time."""
    for last in range(0, sum(plan.counts.values()), CHUNK):
        numbers = range(last + 1, last + CHUNK + 1)
        part = rows.filter(number__gte=numbers[0], number__lte=numbers[-1])
        own = [number for number in kept or () if number in numbers]
        yield part.exclude(number__in=own) if own else part


def _edited(plan: Import, rows: "QuerySet[ImportRow]") -> Iterator[tuple[int, UUID]]:
    """Yield the numbers of rows, with their transactions, that are not as the commit has made them. Those that are gone
    are none."""
    own = Transaction.objects.filter(owner=plan.owner_id)
    written = own.filter(pk=OuterRef("transaction_id"), revision__gt=F("created_revision"))
    for part in _parts(plan, rows.filter(Exists(written), verdict__in=CREATES)):
        made = list(part.values_list("number", "transaction_id", "verdict", "transfer_id", *WRITTEN).order_by("number"))
        found = own.filter(pk__in=[row[1] for row in made])
        stored = {
            pk: values for pk, *values in found.values_list("pk", "transfer_id", *WRITTEN, "split", "external_id")
        }
        for number, key, verdict, transfer, *values in made:
            as_made = [transfer if verdict == Verdict.TRANSFER else None, *values, None, None]
            if stored[key] != as_made:
                yield number, key


def _delete(write: Write, part: "QuerySet[ImportRow]") -> int:
    """Delete the transactions of these rows, with the other parts of those that were split, and unlink the other sides
    of their transfers. Return the number of the transactions."""
    own = Transaction.objects.legs().filter(owner=write.owner)
    rows = own.filter(pk__in=part.values("transaction_id"))
    splits = set(rows.filter(split__isnull=False).values_list("split", flat=True))
    if splits:
        rows = own.filter(Q(pk__in=part.values("transaction_id")) | Q(split__in=splits))
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


def _free(write: Write, plan: Import, rows: "QuerySet[ImportRow]", kept: Mapping[int, UUID]) -> None:
    """Let the lines be imported again, but for those whose transactions are kept."""
    numbers = {plan.revision} - {None}  # by which the commit has stored the lines
    for part in _parts(plan, rows.filter(verdict__in=ENTERS, key__isnull=False), kept):
        lines = valid(write.owner).filter(transaction_id__in=part.values("transaction_id"), key__in=part.values("key"))
        if not plan.revision:
            numbers |= {*lines.filter(revision__lte=0).values_list("revision", flat=True)}
        if write.counts:
            lines.update(freed_by=write.revision)
        else:  # nothing is left to be undone in turn
            lines.delete()
    before = LineIdentity.objects.filter(owner=write.owner, freed_by__in=numbers)
    restore(write.owner, before, write.revision if write.counts else None)
