"""How long the history is kept: HISTORY_DAYS, after which the daily sweep deletes it."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.dispatch import receiver
from django.utils import timezone

from cashman_project.api.sweeping import BATCH, delete_batches
from users import housekeeping

from ..models import Change, Ledger, Revision

Wait = Callable[[float], object]


@receiver(housekeeping.delete_old)
def delete_old_history(wait: Wait = time.sleep, **kwargs: object) -> dict[str, int]:
    """Delete the revisions that are older than HISTORY_DAYS, and their changes. Return their numbers.

    `kept_from` is written first. So nobody who reads it after the history takes a history with gaps for a whole one.
    """
    if not settings.HISTORY_DAYS:
        return {}
    deleted = {"changes": 0, "revisions": 0}
    for ledger in _ledgers():
        kept_from = _first_kept(ledger)
        if kept_from > ledger.kept_from:
            Ledger.objects.filter(pk=ledger.pk, kept_from__lt=kept_from).update(kept_from=kept_from)
        # Also what a sweep that was cut off has left behind.
        changes = Change.objects.filter(ledger=ledger, revision__lt=kept_from)
        revisions = Revision.objects.filter(ledger=ledger, number__lt=kept_from)
        deleted["changes"] += delete_batches(changes, wait=wait)
        deleted["revisions"] += delete_batches(revisions, wait=wait)
    return deleted


def _ledgers() -> Iterator[Ledger]:
    """Yield all ledgers, a few at a time."""
    last = None
    ledgers = Ledger.objects.order_by("pk")
    while found := list((ledgers.filter(pk__gt=last) if last else ledgers)[:BATCH]):
        yield from found
        last = found[-1].pk


def _first_kept(ledger: Ledger) -> int:
    """Return the number of the ledger's first revision that is not too old, or of the one that comes next."""
    oldest = timezone.now() - timedelta(days=settings.HISTORY_DAYS)
    kept = Revision.objects.filter(ledger=ledger, number__gte=ledger.kept_from, at__gte=oldest).order_by("number")
    first = kept.values_list("number", flat=True).first()
    return ledger.revision + 1 if first is None else first
