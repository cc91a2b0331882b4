"""Deletion of expired rows, a few at a time, so that nobody waits for it."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from ..db.owned_tables import owner_field
from .models import Claim

if TYPE_CHECKING:
    from django.db.models import QuerySet  # of any model, with an owner or without

BATCH = 500  # rows that are deleted in one transaction


def delete_expired(expired: "QuerySet[Model]", *, wait: Callable[[float], object] = time.sleep) -> int:
    """Delete the rows, except for those that are locked at that moment; return how many were deleted.

    It goes from owner to owner, if the rows have owners, and walks through an owner's rows once, by primary key. After
    every BATCH rows it waits for as long as they took, so that requests have the database to themselves for at least
    half of the time.
    """
    owner = owner_field(expired.model)
    if owner is None:
        return delete_batches(expired, wait=wait)
    return sum(delete_batches(expired.filter(**{owner.name: key}), wait=wait) for key in owners_of(expired, owner.name))


def owners_of(rows: "QuerySet[Model]", owner: str) -> Iterator[UUID]:
    """Yield the owners of the rows, a few at a time. `owner` is the name of the field."""
    last = None
    owners = rows.order_by(owner).values_list(owner, flat=True).distinct()
    while found := list((owners.filter(**{f"{owner}__gt": last}) if last else owners)[:BATCH]):
        yield from found
        last = found[-1]


def delete_batches(expired: "QuerySet[Model]", *, wait: Callable[[float], object] = time.sleep) -> int:
    """Delete the rows of one owner, or rows without owners, as `delete_expired` does."""
    deleted, last = 0, None
    rows = expired.order_by("pk").values_list("pk", flat=True)
    while True:
        began = time.monotonic()
        keys = list((rows.filter(pk__gt=last) if last else rows)[:BATCH])
        if not keys:
            return deleted
        last = keys[-1]
        with transaction.atomic():
            # Checked again, and locked: since then, a key may have been sent again, or a login refreshed.
            free = list(expired.filter(pk__in=keys).select_for_update(skip_locked=True).values_list("pk", flat=True))
            deleted += expired.filter(pk__in=free).delete()[0]
        wait(time.monotonic() - began)


def claim(work: str, until: datetime) -> bool:
    """Return whether this process may do the work. If so, no other process may do it before `until`."""
    now = timezone.now()
    if Claim.objects.filter(work=work, until__gt=now).exists():  # a quick look that takes no lock
        return False
    Claim.objects.bulk_create([Claim(work=work, until=now)], ignore_conflicts=True)
    return Claim.objects.filter(work=work, until__lte=now).update(until=until) == 1
