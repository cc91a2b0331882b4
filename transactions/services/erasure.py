"""What an erasure of users does to their transactions, categories and totals."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from users import erasure

from ..models import Category, MonthTotal, Transaction


@receiver(erasure.lock_rows)
def lock_rows(keys: Sequence[UUID], **kwargs: Any) -> None:
    """Lock the rows of these owners: transactions, then totals, each in the order of their keys, as writers do."""
    for locked in (Transaction, MonthTotal):
        list(locked.objects.filter(owner__in=keys).select_for_update().order_by("pk").values_list("owner"))
    MonthTotal.objects.filter(owner__in=keys).delete()


@receiver(erasure.delete_rows)
def delete_rows(keys: Sequence[UUID], **kwargs: Any) -> None:
    """Delete the transactions and categories of these owners.

    The order matters: Django itself would load every row that uses a category, and name them all in one query, which
    SQLite refuses past 250,000.
    """
    for model in (Transaction, Category):
        model.objects.filter(owner__in=keys).delete()
