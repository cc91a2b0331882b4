"""Erasure of users. After it, no row of any table holds their names, their ids or their texts."""

from collections.abc import Iterable

from django.db import transaction
from django.dispatch import Signal

from .login_throttle import unlock
from .models import User

# Each app with owned rows receives both signals, with the users' `keys`, in the database transaction of the erasure. At
# the first one, it locks their rows in the order in which its writers lock them. Then the users are locked, so that
# nobody can add a row. At the second one, it deletes the rows.
lock_rows = Signal()
delete_rows = Signal()


def erase_users(*, users: Iterable[User]) -> None:
    """Delete the users with all their rows, and the entries about them in the admin's log: all or nothing."""
    keys = [user.pk for user in users]
    with transaction.atomic():
        lock_rows.send(sender=User, keys=keys)
        locked = list(User.objects.select_for_update().filter(pk__in=keys))
        delete_rows.send(sender=User, keys=keys)
        for user in locked:
            unlock(user.get_username())
            user.delete()
