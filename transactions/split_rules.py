"""What a split keeps: it has two parts or more, of one account, day, currency and type, and what they add up to.

The id of a split is the id of the transaction that was split. That one stays as its first part.
"""

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db.models import Q
from django.utils.translation import gettext as _

from cashman_project.db.types import Values
from cashman_project.money.amounts import EXACT
from ledgers.history import read_before
from ledgers.writer import Write

from .errors import PartOfSplit

if TYPE_CHECKING:
    from .transaction_querysets import TransactionQuerySet

COLUMNS = ("id", "split", "transfer_id", "type", "currency", "date", "account_id", "amount")
SHARED = COLUMNS[2:-1]  # which all parts have alike
AT_ONCE = 5_000  # ids in a query


class Whole(NamedTuple):
    """What a split has in common, or the one row that it is joined to."""

    shared: tuple[object, ...]
    total: Decimal

    @property
    def day(self) -> tuple[UUID | None, datetime.date]:
        """The account and the date."""
        values: Values = dict(zip(SHARED, self.shared, strict=True))
        return values["account_id"], values["date"]


def splits_of(rows: "TransactionQuerySet", keys: Collection[UUID]) -> set[UUID]:
    """Return the splits that the rows with these ids are parts of."""
    found: set[UUID] = set()
    for part in parts_of_keys(keys):
        parts = rows.filter(pk__in=part, split__isnull=False).order_by()
        found.update(pk for pk in parts.values_list("split", flat=True) if pk)
    return found


def moved_splits(
    rows: "TransactionQuerySet", write: Write, splits: Collection[UUID]
) -> Iterator[tuple[UUID | None, datetime.date]]:
    """Yield the accounts and dates, before and now, of those of these splits that an undo does not leave as they were
    as a whole.

    Raises PartOfSplit if it leaves a part without the others, or parts that add up to something else.
    """
    changes = apps.get_model("ledgers", "Change")._default_manager.filter(ledger=write.owner, revision=write.revision)
    texts = changes.filter(resource=rows.model.resource).values_list("row_id", "before")
    was = {pk: read_before(rows.model, text) if text else None for pk, text in texts}  # None: it was not there
    for part in parts_of_keys(splits):
        now: dict[UUID, Values] = {
            row["id"]: row for row in rows.filter(Q(split__in=part) | Q(pk__in=part)).order_by().values(*COLUMNS)
        }
        before = {pk: values for pk, values in {**now, **was}.items() if values}
        of_split = {split: (_of(split, before), _of(split, now)) for split in part}
        for split, (earlier, later) in of_split.items():
            old, new = _whole(split, earlier), _whole(split, later)
            if old and new and old.total != new.total:
                raise PartOfSplit(_("This would leave a split that adds up to something else. Join it first."))
            if old != new:
                yield from (whole.day for whole in (old, new) if whole)


def _of(split: UUID, rows: Mapping[UUID, Values]) -> list[Values]:
    """Return the parts of the split, or the one row that it is joined to."""
    return [row for row in rows.values() if split in (row["split"], row["id"])]


def _whole(split: UUID, own: Sequence[Values]) -> Whole | None:
    """Return what the rows of a split have in common; None if there are none. Raises PartOfSplit if they are no
    split."""
    if not own:
        return None
    parts = [row for row in own if row["split"] == split]
    shared = {tuple(row[name] for name in SHARED) for row in own}
    if parts and not (len(parts) == len(own) > 1 and len(shared) == 1 and own[0]["transfer_id"] is None):
        raise PartOfSplit(_("This would leave a part of a split without the others. Join them first."))
    total = Decimal(0)
    for row in own:
        total = EXACT.add(total, row["amount"])
    return Whole(shared.pop(), total)


def parts_of_keys(keys: Collection[UUID]) -> Iterator[list[UUID]]:
    """Yield the ids in lists that a query has room for."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]
