"""Writes an export into an empty ledger: all of it or nothing.

The rows keep their ids, versions, timestamps and revisions. So this is no revision itself, and can't be undone. The
rows are written past their querysets, which would number them anew.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, connection
from django.utils.translation import gettext_lazy as _

from cashman_project.api.errors import Conflict
from cashman_project.db.constraint_errors import conflict_of
from cashman_project.db.insert_many import insert_many, insert_target
from cashman_project.db.types import DatabaseRow
from ledgers.models import Ledger, OwnedModel
from transactions.models import Rule, Transaction, Transfer
from transactions.services.splits import LEAST, MOST
from transactions.split_rules import SHARED
from transactions.undo_rules import check_transfers
from users.models import User

from ..errors import IdsTaken, NotEmpty, unreadable
from ..files import FILES
from .export import Progress
from .reading import Chunk, Read

if TYPE_CHECKING:
    from django.db.models import QuerySet

NOT_TOGETHER = _("The rows of this export do not fit together.")
OWNER_COLUMNS = {"owner", "ledger"}


def restore(owner: User, read: Read, progress: Progress = lambda number: None) -> None:
    """Write everything to the owner's ledger. Call it in a transaction.

    Raises NotEmpty and IdsTaken (409), or ValidationError (400) if the rows do not fit together.
    """
    Ledger.objects.bulk_create([Ledger(owner_id=owner.pk)], ignore_conflicts=True)
    Ledger.objects.select_for_update().get(pk=owner.pk)
    check_empty(owner)
    for chunk in read.chunks():
        _insert(owner.pk, chunk)
        progress(len(chunk.values[0]))
    try:
        _check_together(owner)
    except (Conflict, DjangoValidationError, ValueError):
        raise unreadable(NOT_TOGETHER) from None
    has_rules = Rule.objects.filter(owner=owner.pk).exists()
    Ledger.objects.filter(pk=owner.pk).update(revision=read.revision, kept_from=read.kept_from, has_rules=has_rules)
    User.objects.filter(pk=owner.pk).update(**read.preferences, account=read.account)


def check_empty(owner: User) -> None:
    """Raise NotEmpty if the owner has rows, or has written any."""
    has_written = Ledger.objects.filter(pk=owner.pk, revision__gt=0).exists()
    if has_written or any(file.all_rows(owner.pk).exists() for file in FILES):
        raise NotEmpty


def _insert(owner: UUID, chunk: Chunk) -> None:
    model = chunk.file.model
    [owner_column] = [field.attname for field in model._meta.concrete_fields if field.name in OWNER_COLUMNS]
    target = insert_target(model._meta.db_table, (*chunk.names, owner_column))
    try:
        insert_many(connection, target, [*chunk.values, [owner] * len(chunk.values[0])])
    except IntegrityError as error:
        # On PostgreSQL, ids are unique for their owner. Within an export, each comes once.
        if str(error) == f"UNIQUE constraint failed: {model._meta.db_table}.id":
            raise IdsTaken from None
        if "unique" not in str(error).lower():  # a bug of ours, or the owner was erased meanwhile
            raise
        conflict = conflict_of(error) if issubclass(model, OwnedModel) else None  # others have no words for it
        raise unreadable(f"{chunk.file.path}: {conflict.message if conflict else NOT_TOGETHER}") from None


def _check_together(owner: User) -> None:
    """Raise a Conflict, ValidationError or ValueError if what rows have in common is not as it must be."""
    transfers: QuerySet[Transfer, UUID] = Transfer.objects.for_owner(owner).values_list("pk", flat=True)
    check_transfers(owner.pk, list(transfers))
    _check_splits(owner)


def _check_splits(owner: User) -> None:
    rows = Transaction.objects.for_owner(owner).filter(split__isnull=False).order_by("split", "id")
    found: Iterator[DatabaseRow] = rows.values_list("split", *SHARED).iterator()
    for _split, parts in groupby(found, key=lambda row: row[0]):
        shared = [row[1:] for row in parts]
        if not LEAST <= len(shared) <= MOST or len(set(shared)) > 1 or shared[0][0] is not None:
            raise ValueError
