"""Cashman's tables as models for the other Django frameworks, with ordinary fields."""

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class AmountField(models.BigIntegerField):
    """Money in cents, which the database holds as ten-thousandths."""

    def from_db_value(self, value: Any, *_: Any) -> Decimal | None:
        return None if value is None else (Decimal(value) / 10_000).quantize(Decimal("0.01"))

    def get_prep_value(self, value: Any) -> Any:
        return int(value * 10_000) if isinstance(value, Decimal) else value


class User(AbstractBaseUser):
    id = models.UUIDField(primary_key=True)
    username = models.CharField(max_length=150, unique=True)
    subject = models.CharField(max_length=255, unique=True)
    is_active = models.BooleanField()
    currency = models.CharField(max_length=3)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        managed = False
        db_table = "users_user"


class Category(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    owner = models.ForeignKey(User, models.CASCADE)
    name = models.CharField(max_length=100)

    class Meta:
        managed = False
        db_table = "transactions_category"


class Transaction(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, editable=False)
    type = models.CharField(max_length=7, choices=[("INCOME", "income"), ("EXPENSE", "expense")])
    description = models.CharField(max_length=200)
    amount = AmountField()
    currency = models.CharField(max_length=3, blank=True)
    date = models.DateField(default=timezone.localdate)
    category = models.ForeignKey(Category, models.RESTRICT, null=True, blank=True)
    notes = models.TextField(max_length=2000, blank=True, default="")
    external_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  # unique where there is one
    version = models.PositiveBigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        managed = False
        db_table = "transactions_transaction"
        ordering = ["-date", "-id"]
