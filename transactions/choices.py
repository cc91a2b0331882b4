"""The choices of transactions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TransactionType(models.TextChoices):
    """Whether money came in or went out."""

    INCOME = "INCOME", _("income")
    EXPENSE = "EXPENSE", _("expense")
