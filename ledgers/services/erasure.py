"""What an erasure of users does to their ledgers and the history of these."""

from collections.abc import Sequence
from uuid import UUID

from django.dispatch import receiver

from users import erasure

from ..models import Change, Ledger, Revision


@receiver(erasure.lock_rows)
def lock_rows(keys: Sequence[UUID], **kwargs: object) -> None:
    """Lock these owners' ledgers, so that nobody writes their rows meanwhile."""
    list(Ledger.objects.filter(pk__in=keys).order_by("pk").select_for_update())


@receiver(erasure.delete_rows)
def delete_rows(keys: Sequence[UUID], **kwargs: object) -> None:
    """Delete the ledgers of these owners with their history."""
    for model in (Change, Revision):
        model.objects.filter(ledger__in=keys).delete()
    Ledger.objects.filter(pk__in=keys).delete()
