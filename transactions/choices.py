"""The choices of transactions and accounts."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TransactionType(models.TextChoices):
    """Whether money came in or went out."""

    INCOME = "INCOME", _("income")
    EXPENSE = "EXPENSE", _("expense")


class AccountKind(models.TextChoices):
    """What an account is."""

    CHECKING = "checking", _("checking account")
    SAVINGS = "savings", _("savings account")
    CASH = "cash", _("cash")
    CARD = "card", _("card")
    LOAN = "loan", _("loan")
    INVESTMENT = "investment", _("investment")
    OTHER = "other", _("other")
