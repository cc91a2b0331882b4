"""Forgetting people."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from ..models import Category, Transaction

if TYPE_CHECKING:
    from users.models import User


def erase_users(*, users: "Iterable[User]") -> None:
    """Delete the users with all that they own; all or nothing."""
    people = list(users)
    with transaction.atomic():
        # The order matters: Django itself would load every row that uses a category, and name them all in one query,
        # which SQLite refuses past 250,000.
        for model in (Transaction, Category):
            model.objects.filter(owner__in=people).delete()
        for user in people:
            user.delete()
