"""Transfers, and the pairs of transactions that are none."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.locales import current_formats
from ledgers.models.owned import OwnedManager, OwnedModel, OwnerField

from ..querysets import TransferQuerySet

TransferManager = OwnedManager.from_queryset(TransferQuerySet)


class Transfer(OwnedModel):
    """Money that moved between two accounts, or between an account and outside. It is neither income nor expense.

    Its legs say the rest: one or two transactions whose `transfer` it is, an expense and an income. `date` is that of
    the expense, or of the only leg.
    """

    resource = "transfers"

    date = models.DateField(_("date"), validators=[MinValueValidator(FIRST_DATE), MaxValueValidator(LAST_DATE)])

    objects: "ClassVar[TransferManager[Transfer]]" = TransferManager()

    class Meta(OwnedModel.Meta):
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["-date", "-id"]
        indexes = [
            models.Index(fields=["owner", "date", "id"], name="transfer_date"),
            models.Index(fields=["owner", "revision", "id"], name="transfer_revision"),
        ]

    def __str__(self) -> str:
        return f"{current_formats().day(self.date)} {self._meta.verbose_name}"


class RejectedTransfer(models.Model):
    """An expense and an income that look like a transfer and are none: they are not proposed again."""

    pk = models.CompositePrimaryKey("owner_id", "expense_id", "income_id")
    owner = OwnerField()
    expense_id = models.UUIDField()
    income_id = models.UUIDField()

    def __str__(self) -> str:
        return f"{self.expense_id} {self.income_id}"
