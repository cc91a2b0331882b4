"""Erasure of users. After it, no row of any table holds their names, their ids or their texts.

`User.delete()` and `User.objects.filter(...).delete()` are erasures too.
"""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import models, transaction
from django.dispatch import Signal

if TYPE_CHECKING:
    from .models import User

# Each app with owned rows receives both signals, with the users' `keys`, in the database transaction of the erasure. At
# the first one, it locks their rows in the order in which its writers lock them. Then the users are locked, so that
# nobody can add a row. At the second one, it deletes the rows.
lock_rows = Signal()
delete_rows = Signal()


def erase_users(*, users: "Iterable[User]") -> tuple[int, dict[str, int]]:
    """Delete the users with all their rows, and the entries about them in the admin's log: all or nothing.

    Return what Django's `delete` does: how many rows it deleted, and how many of each model. Owned rows don't count.
    """
    model, keys = get_user_model(), [user.pk for user in users]
    counts: Counter[str] = Counter()
    with transaction.atomic():
        lock_rows.send(sender=model, keys=keys)
        locked = list(model._base_manager.select_for_update().filter(pk__in=keys))
        delete_rows.send(sender=model, keys=keys)
        for user in locked:
            counts.update(models.Model.delete(user)[1])
    return counts.total(), dict(counts)
