"""Month totals."""

from django.db import models

from ledgers.models.owned import OwnerField

from ..choices import TransactionType
from ..totals import MonthTotalQuerySet
from .account import Account
from .category import Category


class MonthTotal(models.Model):
    """The count and the sum of an owner's transactions of one month, currency, type, category and account, without
    those that are legs of transfers, or of these only.

    Only the database's triggers write it (`transactions.triggers`). If there are no such transactions, there is no row.
    The sum is `high * HALF + low` ten-thousandths, because a single BIGINT overflows after 9,223 of the largest
    amounts.
    """

    pk = models.CompositePrimaryKey("owner_id", "date", "currency", "type", "category_id", "account_id", "transfer")
    owner = OwnerField()
    date = models.DateField()  # the first day of the month
    currency = models.CharField(max_length=3)
    type = models.CharField(max_length=7, choices=TransactionType)
    category_id = models.UUIDField()  # or NO_CATEGORY
    category = models.ForeignObject(
        Category,
        models.DO_NOTHING,
        from_fields=["owner", "category_id"],
        to_fields=["owner", "id"],
        related_name="+",
        null=True,
        serialize=False,
    )
    account_id = models.UUIDField()  # or NO_ACCOUNT
    account = models.ForeignObject(
        Account,
        models.DO_NOTHING,
        from_fields=["owner", "account_id"],
        to_fields=["owner", "id"],
        related_name="+",
        null=True,
        serialize=False,
    )
    transfer = models.BooleanField()  # whether they are legs of transfers
    high = models.BigIntegerField()
    low = models.BigIntegerField()
    count = models.BigIntegerField()

    objects = MonthTotalQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "account_id", "date"], name="monthtotal_account")]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m} {self.currency}"

    def _save_table(self, *args: object, **kwargs: object) -> bool:
        """Do nothing: Django's own hook for the INSERT or UPDATE of `save`.

        `loaddata` would count transactions twice, because the triggers already count those that it loads.
        """
        return False
