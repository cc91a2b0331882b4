"""Transactions, with incomes and expenses as proxies of them."""

from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.db.derived_fields import FoldedField
from cashman_project.db.types import Values
from cashman_project.locales import current_formats
from cashman_project.money.amounts import EXACT, LIMIT, exact_decimal, validate_amount
from cashman_project.money.currencies import validate_currency
from cashman_project.money.model_field import MoneyField
from cashman_project.texts import check_visible, validate_one_line
from ledgers.models.foreign_key import OwnedForeignKey
from ledgers.models.owned import OwnedManager, OwnedModel

from ..choices import TransactionType
from ..names import NO_TAGS
from ..transaction_querysets import TransactionQuerySet
from .account import Account
from .category import Category
from .transfer import Transfer

TransactionManager = OwnedManager.from_queryset(TransactionQuerySet)


class SignedAmountField(MoneyField):
    """A transaction's amount. An expense's amount is stored below zero, whatever sign it was given."""

    def clean(self, value: object, model_instance: models.Model | None) -> object:
        return self.signed(super().clean(value, model_instance), model_instance)

    def pre_save(self, model_instance: models.Model, add: bool) -> object:
        amount = self.signed(super().pre_save(model_instance, add), model_instance)
        setattr(model_instance, self.attname, amount)
        return amount

    @staticmethod
    def signed(amount: object, transaction: Any) -> object:  # Any: a Transaction, but not in migrations
        """Return the amount with the sign of the transaction's type."""
        if amount is not None and transaction.type == TransactionType.EXPENSE:
            return EXACT.minus(EXACT.abs(exact_decimal(amount)))  # Python's own -abs() rounds to 28 digits
        return amount


class Transaction(OwnedModel):
    """Money that came in (an income, above zero) or went out (an expense, below zero) on a day.

    A balance is the sum of amounts of one currency. `owner` never changes.
    """

    resource = "transactions"

    type = models.CharField(_("type"), max_length=7, choices=TransactionType)
    description = models.CharField(_("description"), max_length=200, validators=[validate_one_line])
    amount = SignedAmountField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, validators=[validate_currency])
    date = models.DateField(_("date"), validators=[MinValueValidator(FIRST_DATE), MaxValueValidator(LAST_DATE)])
    description_folded = FoldedField(source="description", default="", db_default="")
    notes_folded = FoldedField(source="notes", default="", db_default="")
    category = OwnedForeignKey(Category, models.RESTRICT, verbose_name=_("category"), null=True, blank=True)
    notes = models.TextField(_("notes"), max_length=2000, blank=True, default="")
    external_id = models.CharField(  # noqa: DJ001
        _("external id"), max_length=255, null=True, blank=True, validators=[validate_one_line]
    )
    account = OwnedForeignKey(Account, models.RESTRICT, verbose_name=_("account"), null=True, blank=True)
    transfer = OwnedForeignKey(
        Transfer, models.RESTRICT, verbose_name=_("transfer"), null=True, blank=True, editable=False
    )
    split = models.UUIDField(_("split"), null=True, editable=False)  # which its parts share
    # A JSON array of names, without spaces after commas, so that the database can write it as it is.
    tags = models.TextField(_("tags"), default=NO_TAGS, db_default=NO_TAGS, editable=False)

    objects: "ClassVar[TransactionManager[Transaction]]" = TransactionManager()
    only_type: ClassVar[TransactionType | None] = None  # the type of all rows of a proxy

    class Meta(OwnedModel.Meta):
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        ordering = ["-date", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "external_id"],
                name="transaction_external_id_unique",
                violation_error_message=_("You already have a transaction with this external id."),
            ),
            models.CheckConstraint(
                name="transaction_sign_follows_type",
                condition=Q(type=TransactionType.INCOME, amount__gt=0, amount__lt=LIMIT)
                | Q(type=TransactionType.EXPENSE, amount__lt=0, amount__gt=-LIMIT),
            ),
            models.CheckConstraint(
                name="transaction_date_in_range", condition=Q(date__gte=FIRST_DATE, date__lte=LAST_DATE)
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "date", "id"], name="transaction_date"),
            models.Index(fields=["owner", "type", "date", "id"], name="transaction_type"),
            models.Index(fields=["owner", "category", "date", "id"], name="transaction_category"),
            models.Index(fields=["owner", "amount", "id"], name="transaction_amount"),
            models.Index(fields=["owner", "created_at", "id"], name="transaction_created"),
            models.Index(fields=["owner", "updated_at", "id"], name="transaction_updated"),
            models.Index(fields=["owner", "revision", "id"], name="transaction_revision"),
            # Rows that have none of these cost nothing here.
            models.Index(
                fields=["owner", "account", "date", "id"],
                name="transaction_account",
                condition=Q(account__isnull=False),
            ),
            models.Index(
                fields=["owner", "transfer"], name="transaction_transfer", condition=Q(transfer__isnull=False)
            ),
            models.Index(fields=["owner", "split"], name="transaction_split", condition=Q(split__isnull=False)),
        ]

    def __init__(self, *args: object, **kwargs: object) -> None:
        if self.only_type and not args:
            kwargs.setdefault("type", self.only_type)
        super().__init__(*args, **kwargs)
        if self.only_type and self.__dict__.get("type", self.only_type) != self.only_type:
            raise ValueError(f"An {self.only_type.label} can't hold a row of type {self.type}.")

    def __str__(self) -> str:
        return f"{current_formats().day(self.date)} {self.description}"

    def clean(self) -> None:
        """Raise ValidationError unless the description has a visible character and the amount fits the type and the
        currency."""
        check_visible(self, "description")
        if not (isinstance(self.amount, Decimal) and self.amount.is_finite()):
            return  # the field refuses it
        try:
            validate_amount(self.amount, self.currency)
            if self.amount < 0 and self.type == TransactionType.INCOME:
                raise ValidationError(_("An income is above zero: money that went out is an expense."), code="negative")
        except ValidationError as error:
            raise ValidationError({"amount": error}) from None
        account = self.account
        if account is not None and account.currency != self.currency:
            message = _("The account %(name)s has the currency %(currency)s.")
            params = {"name": account.name, "currency": account.currency}
            raise ValidationError({"currency": ValidationError(message, "currency_mismatch", params)})

    def with_sign(self, values: Values) -> Values:
        """Return the values that are to be written to this row: a new type turns the sign of the amount, unless they
        have another amount."""
        turns = values.get("type", self.type) != self.type and values.get("amount", self.amount) == self.amount
        return {**values, "amount": EXACT.minus(self.amount)} if turns else {**values}


class IncomeManager(TransactionManager["Income"]):
    def get_queryset(self) -> "models.QuerySet[Income]":
        return super().get_queryset().filter(type=TransactionType.INCOME, transfer__isnull=True)


class ExpenseManager(TransactionManager["Expense"]):
    def get_queryset(self) -> "models.QuerySet[Expense]":
        return super().get_queryset().filter(type=TransactionType.EXPENSE, transfer__isnull=True)


class Income(Transaction):
    """Money that came in, but for transfers."""

    objects: ClassVar[IncomeManager] = IncomeManager()
    only_type = TransactionType.INCOME

    class Meta:
        proxy = True
        verbose_name = _("income")
        verbose_name_plural = _("incomes")


class Expense(Transaction):
    """Money that went out, but for transfers."""

    objects: ClassVar[ExpenseManager] = ExpenseManager()
    only_type = TransactionType.EXPENSE

    class Meta:
        proxy = True
        verbose_name = _("expense")
        verbose_name_plural = _("expenses")
