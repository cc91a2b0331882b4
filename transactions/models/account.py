"""Accounts, and what the bank says of their balances."""

from decimal import Decimal
from typing import ClassVar

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.locales import current_formats
from cashman_project.money.amounts import LIMIT, validate_balance
from cashman_project.money.currencies import validate_currency
from cashman_project.money.model_field import MoneyField
from cashman_project.texts import validate_one_line
from ledgers.models.foreign_key import OwnedForeignKey
from ledgers.models.owned import OwnedManager, OwnedModel

from ..choices import AccountKind
from ..querysets import AccountQuerySet, BalanceCheckQuerySet
from .named import NamedModel

AccountManager = OwnedManager.from_queryset(AccountQuerySet)
BalanceCheckManager = OwnedManager.from_queryset(BalanceCheckQuerySet)

DAYS = [MinValueValidator(FIRST_DATE), MaxValueValidator(LAST_DATE)]
LONGEST_IDENTIFIER = 64


class Account(NamedModel):
    """Where money is: at a bank, in a wallet, on a card. All its transactions have its currency.

    `identifier` is what statements call it, such as an IBAN. Two banks may use the same one. The opening balance is
    what was there at the end of the opening date.
    """

    resource = "accounts"

    kind = models.CharField(_("kind"), max_length=10, choices=AccountKind, default=AccountKind.CHECKING)
    currency = models.CharField(_("currency"), max_length=3, validators=[validate_currency])
    identifier = models.CharField(  # noqa: DJ001
        _("identifier"), max_length=LONGEST_IDENTIFIER, null=True, blank=True, validators=[validate_one_line]
    )
    opening_date = models.DateField(_("opening date"), null=True, blank=True, validators=DAYS)
    opening_balance = MoneyField(_("opening balance"), null=True, blank=True)
    archived = models.BooleanField(_("archived"), default=False)

    objects: "ClassVar[AccountManager[Account]]" = AccountManager()

    class Meta(NamedModel.Meta):
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        indexes = [models.Index(fields=["owner", "revision", "id"], name="account_revision")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "key"],
                name="account_name_unique",
                violation_error_message=_("You already have an account with this name."),
            ),
            models.CheckConstraint(
                name="account_opening_is_whole",
                condition=Q(opening_date__isnull=True, opening_balance__isnull=True)
                | Q(
                    opening_date__gte=FIRST_DATE,
                    opening_date__lte=LAST_DATE,
                    opening_balance__gt=-LIMIT,
                    opening_balance__lt=LIMIT,
                ),
            ),
        ]

    def clean(self) -> None:
        """Raise ValidationError unless the name is valid, and the opening is whole and has the currency's decimals."""
        super().clean()
        if (self.opening_date is None) != (self.opening_balance is None):
            field = "opening_date" if self.opening_date is None else "opening_balance"
            raise ValidationError({field: _("An opening has both a date and a balance.")}, code="incomplete")
        rows = apps.get_model("transactions", "Transaction")._default_manager.filter(
            owner=self.owner_id, account=self.pk
        )
        if not self._state.adding and rows.exclude(currency=self.currency).exists():
            raise ValidationError({"currency": _("This account has transactions: its currency stays.")}, code="in_use")
        if isinstance(self.opening_balance, Decimal):
            try:
                validate_balance(self.opening_balance, self.currency)
            except ValidationError as error:
                raise ValidationError({"opening_balance": error}) from None


class BalanceCheck(OwnedModel):
    """What the bank says that an account's balance is at the end of a day.

    If it is `locked`, the amounts, dates and accounts of the account's transactions up to that day stay as they are.
    """

    resource = "checks"

    account = OwnedForeignKey(Account, models.RESTRICT, verbose_name=_("account"))
    date = models.DateField(_("date"), validators=DAYS)
    balance = MoneyField(_("balance"))
    locked = models.BooleanField(_("locked"), default=False)

    objects: "ClassVar[BalanceCheckManager[BalanceCheck]]" = BalanceCheckManager()

    class Meta(OwnedModel.Meta):
        verbose_name = _("balance check")
        verbose_name_plural = _("balance checks")
        ordering = ["-date", "-id"]
        indexes = [models.Index(fields=["owner", "revision", "id"], name="balancecheck_revision")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "account", "date"],
                name="balancecheck_date_unique",
                violation_error_message=_("You already have a check of this account at this date."),
            )
        ]

    def __str__(self) -> str:
        return f"{current_formats().day(self.date)} {self.account}"

    @property
    def currency(self) -> str:
        return str(self.account.currency)

    def clean(self) -> None:
        """Raise ValidationError unless the balance is in range and has the decimals of the account's currency."""
        if isinstance(self.balance, Decimal):
            try:
                validate_balance(self.balance, self.currency)
            except ValidationError as error:
                raise ValidationError({"balance": error}) from None
