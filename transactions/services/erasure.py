"""What an erasure of users does to their transactions, categories and totals."""

from collections.abc import Sequence
from uuid import UUID

from django.dispatch import receiver

from users import erasure

from ..models import Category, MonthTotal, Transaction


@receiver(erasure.lock_rows)
def lock_rows(keys: Sequence[UUID], **kwargs: object) -> None:
    """Lock the rows of these owners in the order in which writers do: transactions, then totals, each by their keys."""
    transactions, totals = Transaction.objects.filter(owner__in=keys), MonthTotal.objects.filter(owner__in=keys)
    list(transactions.select_for_update().order_by("pk").values_list("owner"))
    list(totals.select_for_update().order_by("pk").values_list("owner"))
    totals.delete()


@receiver(erasure.delete_rows)
def delete_rows(keys: Sequence[UUID], **kwargs: object) -> None:
    """Delete the transactions of these owners, then their categories.

    In the other order, Django would load every row that uses a category and name them all in one query. SQLite refuses
    that above 250,000 rows.
    """
    Transaction.objects.filter(owner__in=keys).delete()
    Category.objects.filter(owner__in=keys).delete()
