from typing import Any

import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models
from django.db.models import Q

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.db.derived_fields import KeyField
from cashman_project.money.amounts import LIMIT
from cashman_project.money.currencies import validate_currency
from cashman_project.money.model_field import MoneyField
from cashman_project.texts import validate_one_line
from ledgers.models.foreign_key import OwnedForeignKey
from ledgers.models.owned import OwnerField, UpdatedAtField
from transactions.models.named import NameField

DAYS = [MinValueValidator(FIRST_DATE), MaxValueValidator(LAST_DATE)]
KINDS = [
    ("checking", "checking account"),
    ("savings", "savings account"),
    ("cash", "cash"),
    ("card", "card"),
    ("loan", "loan"),
    ("investment", "investment"),
    ("other", "other"),
]
EXCLUDED: Any = models.BooleanField("excluded", default=False, db_default=False, editable=False)
TAGS: Any = models.TextField("tags", default="[]", db_default="[]", editable=False)


def owner(**options: Any) -> Any:
    return OwnerField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False, **options)


def owned(name: str, plural: str, ordering: list[str], *fields: tuple[str, Any]) -> migrations.CreateModel:
    """Return the creation of a model of owned rows."""
    common = [
        ("id", models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
        ("version", models.PositiveBigIntegerField(default=1, editable=False)),
        ("created_at", models.DateTimeField("created at", default=django.utils.timezone.now, editable=False)),
        ("updated_at", UpdatedAtField(default=django.utils.timezone.now, editable=False)),
        ("revision", models.BigIntegerField(default=0, db_default=0, editable=False)),
        ("created_revision", models.BigIntegerField(default=0, db_default=0, editable=False)),
        ("owner", owner(verbose_name="owner")),
    ]
    options = {
        "verbose_name": plural.removesuffix("s"),
        "verbose_name_plural": plural,
        "ordering": ordering,
        "abstract": False,
        "base_manager_name": "objects",
    }
    return migrations.CreateModel(name, [*common, *fields], options)


def named() -> list[tuple[str, Any]]:
    return [
        ("name", NameField("name", max_length=100)),
        ("key", KeyField(editable=False, max_length=601, serialize=False, source="name")),
    ]


def key(*columns: str) -> Any:
    return models.CompositePrimaryKey(*columns, blank=True, editable=False, primary_key=True, serialize=False)


def by_key(to: str) -> Any:
    return models.ForeignObject(
        from_fields=["owner", f"{to}_id"],
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        serialize=False,
        to=f"transactions.{to}",
        to_fields=["owner", "id"],
    )


class Migration(migrations.Migration):
    """Adds accounts, transfers, checks of balances and tags.

    Both databases add the columns at once, however many rows there are: a column that may be null, or has a constant
    default. Django would copy SQLite's tables for the latter. The month totals get another key. So their table is made
    anew, and the next migration counts them.
    """

    dependencies = [("transactions", "0020_without_triggers")]

    operations = [
        owned(
            "Account",
            "accounts",
            ["key", "id"],
            *named(),
            ("kind", models.CharField("kind", max_length=10, choices=KINDS, default="checking")),
            ("currency", models.CharField("currency", max_length=3, validators=[validate_currency])),
            (
                "identifier",
                models.CharField("identifier", max_length=64, null=True, blank=True, validators=[validate_one_line]),
            ),
            ("opening_date", models.DateField("opening date", null=True, blank=True, validators=DAYS)),
            ("opening_balance", MoneyField("opening balance", null=True, blank=True)),
            ("archived", models.BooleanField("archived", default=False)),
        ),
        owned(
            "BalanceCheck",
            "balance checks",
            ["-date", "-id"],
            ("account", OwnedForeignKey("transactions.account", models.RESTRICT, verbose_name="account")),
            ("date", models.DateField("date", validators=DAYS)),
            ("balance", MoneyField("balance")),
            ("locked", models.BooleanField("locked", default=False)),
        ),
        owned("Transfer", "transfers", ["-date", "-id"], ("date", models.DateField("date", validators=DAYS))),
        migrations.CreateModel(
            "RejectedTransfer",
            [
                ("pk", key("owner_id", "expense_id", "income_id")),
                ("owner", owner()),
                ("expense_id", models.UUIDField()),
                ("income_id", models.UUIDField()),
            ],
        ),
        owned("Tag", "tags", ["key", "id"], *named()),
        migrations.CreateModel(
            "TransactionTag",
            [
                ("pk", key("owner_id", "name", "transaction_id")),
                ("owner", owner()),
                ("name", models.CharField(max_length=100)),
                ("transaction_id", models.UUIDField()),
            ],
        ),
        migrations.AddField(
            "category",
            "group",
            models.CharField(
                "group", max_length=100, null=True, blank=True, editable=False, validators=[validate_one_line]
            ),
        ),
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD COLUMN {name} {definition}",
                f"ALTER TABLE {table} DROP COLUMN {name}",
                [migrations.AddField(model, name, field)],
            )
            for model, table, name, definition, field in (
                ("category", "transactions_category", "excluded", "bool NOT NULL DEFAULT false", EXCLUDED),
                ("transaction", "transactions_transaction", "tags", "text NOT NULL DEFAULT '[]'", TAGS),
            )
        ],
        migrations.AddField(
            "transaction",
            "account",
            OwnedForeignKey("transactions.account", models.RESTRICT, verbose_name="account", null=True, blank=True),
        ),
        migrations.AddField(
            "transaction",
            "transfer",
            OwnedForeignKey(
                "transactions.transfer",
                models.RESTRICT,
                verbose_name="transfer",
                null=True,
                blank=True,
                editable=False,
            ),
        ),
        migrations.AddField("transaction", "split", models.UUIDField("split", null=True, editable=False)),
        migrations.DeleteModel("MonthTotal"),
        migrations.CreateModel(
            "MonthTotal",
            [
                ("pk", key("owner_id", "date", "currency", "type", "category_id", "account_id", "transfer")),
                ("owner", owner()),
                ("date", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("type", models.CharField(choices=[("INCOME", "income"), ("EXPENSE", "expense")], max_length=7)),
                ("category_id", models.UUIDField()),
                ("category", by_key("category")),
                ("account_id", models.UUIDField()),
                ("account", by_key("account")),
                ("transfer", models.BooleanField()),
                ("high", models.BigIntegerField()),
                ("low", models.BigIntegerField()),
                ("count", models.BigIntegerField()),
            ],
        ),
        *[
            migrations.AddIndex(model, models.Index(fields=["owner", "revision", "id"], name=f"{model}_revision"))
            for model in ("account", "balancecheck", "transfer", "tag")
        ],
        migrations.AddIndex("transfer", models.Index(fields=["owner", "date", "id"], name="transfer_date")),
        migrations.AddIndex(
            "transactiontag", models.Index(fields=["owner", "transaction_id"], name="transactiontag_transaction")
        ),
        migrations.AddIndex(
            "monthtotal", models.Index(fields=["owner", "account_id", "date"], name="monthtotal_account")
        ),
        *[
            migrations.AddIndex(
                "transaction",
                models.Index(
                    fields=["owner", name, *more], name=f"transaction_{name}", condition=Q((f"{name}__isnull", False))
                ),
            )
            for name, more in (("account", ["date", "id"]), ("transfer", []), ("split", []))
        ],
        *[
            migrations.AddConstraint(
                model,
                models.UniqueConstraint(
                    fields=["owner", *names],
                    name=f"{model}_{field}_unique",
                    violation_error_message=message,
                ),
            )
            for model, names, field, message in (
                ("account", ["key"], "name", "You already have an account with this name."),
                ("tag", ["key"], "name", "You already have a tag with this name."),
                (
                    "balancecheck",
                    ["account", "date"],
                    "date",
                    "You already have a check of this account at this date.",
                ),
            )
        ],
        migrations.AddConstraint(
            "account",
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
        ),
    ]
