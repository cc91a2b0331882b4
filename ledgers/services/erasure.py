"""What an erasure of users does to their ledgers and the history of these."""

from collections.abc import Sequence
from uuid import UUID

from django.dispatch import receiver

from users import erasure

from ..models import Change, Ledger, Revision


@receiver(erasure.lock_rows)
def lock_rows(keys: Sequence[UUID], **kwargs: object) -> None:
    """Lock these owners' ledgers, so that nobody writes their rows meanwhile.

    Who has written nothing yet gets a ledger first. Otherwise somebody's first write could come between, and lock the
    ledger before the user, whom the erasure has locked by then. The erasure takes no turns (`ledgers/turns.py`),
    because its transaction has begun. A user is erased once, so one thread waits at most.
    """
    for key in sorted(keys):
        Ledger.objects.bulk_create([Ledger(owner_id=key)], ignore_conflicts=True)
        Ledger.objects.select_for_update().get(pk=key)


@receiver(erasure.delete_rows)
def delete_rows(keys: Sequence[UUID], **kwargs: object) -> None:
    """Delete the history of these owners. The ledgers go with the users, after all rows that refer to them."""
    for key in keys:
        for model in (Change, Revision):
            model.objects.filter(ledger=key).delete()
