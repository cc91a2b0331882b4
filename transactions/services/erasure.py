"""What an erasure of users does to their transactions, with all that belongs to them."""

from collections.abc import Sequence
from uuid import UUID

from django.dispatch import receiver

from users import erasure

from ..models import Account, BalanceCheck, Category, MonthTotal, RejectedTransfer, Rule, Tag, Transaction, Transfer


@receiver(erasure.delete_rows)
def delete_rows(keys: Sequence[UUID], **kwargs: object) -> None:
    """Delete the month totals of these owners, then the transactions, then what these refer to. The ledgers are locked.

    If the categories came first, Django would load every row that uses a category and name them all in one query.
    SQLite refuses that above 250,000 rows.
    """
    for key in keys:
        for model in (MonthTotal, BalanceCheck, Transaction, Transfer, Rule, Account, Category, Tag):
            model.objects.filter(owner=key).erase()
        RejectedTransfer.objects.filter(owner=key).delete()
