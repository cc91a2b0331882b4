"""Forgetting people: after it no row in any table holds who they were, or what they wrote."""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

from .login_throttle import unlock
from .models import User

# An app whose rows belong to users receives both, with the users' `keys`, in the transaction of the erasure: first it
# locks its rows of theirs in the order in which its writers lock them, then, once the users are locked and nobody can
# add a row, it deletes them.
lock_rows = Signal()
delete_rows = Signal()


def erase_users(*, users: Iterable[User]) -> None:
    """Delete the users with all that they own, and what the admin's log says of them; all or nothing."""
    keys = [user.pk for user in users]
    with transaction.atomic():
        lock_rows.send(sender=User, keys=keys)
        people = list(User.objects.select_for_update().filter(pk__in=keys))
        delete_rows.send(sender=User, keys=keys)
        for user in people:
            unlock(user.get_username())
            user.delete()
