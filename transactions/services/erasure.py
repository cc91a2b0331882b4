"""Forgetting people: after it no row in any table holds who they were, or what they wrote."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction

from users.login_throttle import unlock

from ..models import Category, MonthTotal, Transaction

if TYPE_CHECKING:
    from users.models import User


def erase_users(*, users: "Iterable[User]") -> None:
    """Delete the users with all that they own, and what the admin's log says of them; all or nothing."""
    keys = [user.pk for user in users]
    with transaction.atomic():
        # Who writes locks rows that are there, then totals, each in the order of their keys, and at the end the owner:
        # so do we. Locked, nobody adds a row of theirs.
        for locked in (Transaction, MonthTotal):
            list(locked.objects.filter(owner__in=keys).select_for_update().order_by("pk").values_list("owner"))
        MonthTotal.objects.filter(owner__in=keys).delete()
        people = list(get_user_model().objects.select_for_update().filter(pk__in=keys))
        # The order matters: Django itself would load every row that uses a category, and name them all in one query,
        # which SQLite refuses past 250,000.
        for model in (Transaction, Category):
            model.objects.filter(owner__in=people).delete()
        for user in people:
            unlock(user.get_username())
            user.delete()
