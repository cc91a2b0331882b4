import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import cashman_project.money.currencies
import cashman_project.money.model_field
import cashman_project.texts
import ledgers.models.foreign_key
import ledgers.models.owned


class Migration(migrations.Migration):
    """Adds rules. Nobody has any yet."""

    dependencies = [
        ("transactions", "0023_category_group"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.PositiveBigIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                ("updated_at", ledgers.models.owned.UpdatedAtField(default=django.utils.timezone.now, editable=False)),
                ("revision", models.BigIntegerField(db_default=0, default=0, editable=False)),
                ("created_revision", models.BigIntegerField(db_default=0, default=0, editable=False)),
                (
                    "position",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                        verbose_name="position",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=100,
                        validators=[cashman_project.texts.validate_one_line],
                        verbose_name="name",
                    ),
                ),
                ("words", models.TextField(default="[]", verbose_name="words")),
                ("starts_with", models.TextField(default="[]", verbose_name="starts with")),
                (
                    "type",
                    models.CharField(
                        blank=True,
                        choices=[("INCOME", "income"), ("EXPENSE", "expense")],
                        max_length=7,
                        null=True,
                        verbose_name="type",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        blank=True,
                        max_length=3,
                        null=True,
                        validators=[cashman_project.money.currencies.validate_currency],
                        verbose_name="currency",
                    ),
                ),
                (
                    "amount_min",
                    cashman_project.money.model_field.MoneyField(blank=True, null=True, verbose_name="at least"),
                ),
                (
                    "amount_max",
                    cashman_project.money.model_field.MoneyField(blank=True, null=True, verbose_name="at most"),
                ),
                ("tags", models.TextField(default="[]", verbose_name="tags")),
                (
                    "description",
                    models.CharField(
                        blank=True,
                        max_length=200,
                        null=True,
                        validators=[cashman_project.texts.validate_one_line],
                        verbose_name="description",
                    ),
                ),
                ("stop", models.BooleanField(default=False, verbose_name="stop")),
                (
                    "account",
                    ledgers.models.foreign_key.OwnedForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="transactions.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "category",
                    ledgers.models.foreign_key.OwnedForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="+",
                        to="transactions.category",
                        verbose_name="category",
                    ),
                ),
                (
                    "owner",
                    ledgers.models.owned.OwnerField(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "rule",
                "verbose_name_plural": "rules",
                "ordering": ["position", "id"],
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["owner", "position", "id"], name="rule_position"),
                    models.Index(fields=["owner", "revision", "id"], name="rule_revision"),
                    models.Index(fields=["owner", "category"], name="rule_category"),
                    models.Index(fields=["owner", "account"], name="rule_account"),
                ],
            },
        ),
    ]
