"""Which lines were imported already (docs/adr/0048-statement-plans.md)."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import F, Min, OuterRef, QuerySet
from django.db.models.functions import Abs, Coalesce
from django.db.models.lookups import IsNull, LessThanOrEqual
from django.dispatch import receiver

from cashman_project.db.looked_up import looked_up
from cashman_project.texts import fold
from ledgers.services.undo import undone
from ledgers.writer import Write

from ..choices import Status
from ..formats.results import Line
from ..models import Import, LineIdentity

KeyT = TypeVar("KeyT")

PART = 10_000  # identities that are looked for together
LINE_ACCOUNT = ("line_account_id", "account_id")  # of a row: the first that is not null is that of its line
LONGEST_TEXT = 500  # characters of a line's texts that count


class Keys:
    """Makes the identities of the lines of one file: what equal lines share, and how many of those before it in its
    account do. So equal lines are different ones, also if several statements of the file are of one account."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[UUID, UUID]] = Counter()

    def of(self, account: UUID, shared: UUID) -> UUID:
        """Return the identity of the file's next line, which is of the account."""
        same = (account, shared)
        self.seen[same] += 1
        return shared if self.seen[same] == 1 else _digest(f"{shared}\n{self.seen[same]}")


def shared_key(line: Line) -> UUID:
    """Return what equal lines share: the day, the amount, and what the bank calls the line, or else its text."""
    text = line.bank_id or " ".join(fold(f"{line.counterparty} {line.description}"[:LONGEST_TEXT]).split())
    parts = (line.date, f"{line.amount:f}", int(bool(line.bank_id)), text)
    return _digest("\n".join(map(str, parts)))


def _digest(text: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).digest())


def valid(owner: UUID) -> "QuerySet[LineIdentity]":
    """Return the identities of the lines that are not imported again."""
    return LineIdentity.objects.filter(owner=owner, freed_by__isnull=True)


def imported(owner: UUID) -> IsNull:
    """Return whether the line of a row, in the outer query, was imported."""
    return looked_up(valid(owner).filter(account_id=Coalesce(*map(OuterRef, LINE_ACCOUNT)), key=OuterRef("key")))


def known(owner: UUID, account: UUID, keys: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the transactions that lines of the account became, by those of the keys that were imported."""
    found: dict[UUID, UUID] = {}
    rows = valid(owner).filter(account_id=account)
    if not rows.exists():
        return found
    # The newest one counts. Commits without a revision have numbers below zero, which fall.
    newest_last = rows.order_by(LessThanOrEqual(F("revision"), 0), Abs("revision"))
    for part in parts_of(keys):
        found.update(newest_last.filter(key__in=part).values_list("key", "transaction_id"))
    return found


def lowest_revision(owner: UUID) -> int:
    """Return the lowest number by which lines are stored, 0 or below it."""
    found: int | None = LineIdentity.objects.filter(owner=owner).aggregate(lowest=Min("revision"))["lowest"]
    return min(found or 0, 0)


def parts_of(values: Collection[KeyT]) -> Iterator[list[KeyT]]:
    """Yield the values in parts of limited size."""
    iterator = iter(values)
    while part := list(islice(iterator, PART)):
        yield part


@receiver(undone)
def take_back(write: Write, number: int, **kwargs: object) -> None:
    """Follow an undo: of a commit, it frees the lines; of an undo of one, they are imported again."""
    valid(write.owner).filter(revision=number).update(freed_by=write.revision)
    freed = LineIdentity.objects.filter(owner=write.owner, freed_by=number)
    freed.update(freed_by=None, revision=write.revision)
    plans = Import.objects.filter(owner=write.owner)
    committed = plans.filter(revision=number, status=Status.COMMITTED)
    is_undone = committed.update(status=Status.UNDONE, undone_by=write.revision, version=F("version") + 1)
    if not is_undone:
        plans.filter(undone_by=number, status=Status.COMMITTED).update(undone_by=None, version=F("version") + 1)
        plans.filter(undone_by=number, status=Status.UNDONE).update(
            status=Status.COMMITTED, undone_by=None, revision=write.revision, version=F("version") + 1
        )
