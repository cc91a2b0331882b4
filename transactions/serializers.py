"""Transactions, categories and summaries in JSON."""

from collections.abc import Sequence
from functools import cached_property
from operator import attrgetter, methodcaller

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from cashman_project.api.errors import Conflict
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.selects import Select
from cashman_project.api.schema import ProblemSerializer
from cashman_project.api.serializers import (
    MAX_ERRORS,
    StrictChoiceField,
    StrictListSerializer,
    StrictModelSerializer,
)
from cashman_project.api.types import JSON, FieldsSerializer, Validated
from cashman_project.money.formats import currency_options
from cashman_project.money.serializer_field import AmountField

from . import examples
from .choices import TransactionType
from .models import Account, Category, Expense, Income, Tag, Transaction
from .name_fields import AccountField, CategoryField
from .services.accounts import link_accounts
from .services.currencies import own_currencies
from .tag_fields import TagsField
from .transaction_querysets import TransactionQuerySet


@extend_schema_serializer(examples=examples.CATEGORIES)
class CategorySerializer(StrictModelSerializer[Category]):
    """A name to group transactions by."""

    class Meta:
        model = Category
        fields = ["id", "name", "group", "excluded", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]
        extra_kwargs = {
            "group": {"allow_blank": False, "help_text": _("Categories of the same group belong together.")},
            "excluded": {"help_text": _("Whether sums leave its transactions out, unless they are asked for them.")},
        }


@extend_schema_serializer(examples=examples.TAGS)
class TagSerializer(StrictModelSerializer[Tag]):
    """A name that any number of transactions may have."""

    class Meta:
        model = Tag
        fields = ["id", "name", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]


class TransactionListSerializer(StrictListSerializer[Transaction]):
    """Many transactions."""

    def prepare(self, data: list[JSON]) -> None:
        for field in ("category", "account"):
            names = (item.get(field) for item in data if isinstance(item, dict))
            self.child.fields[field].read({name for name in names if isinstance(name, str)})
        self.child.fields["tags"].read(item.get("tags") for item in data if isinstance(item, dict))
        if self.instance is not None:
            link_accounts(owner_of(self.context["request"]), self.instance)

    def validate(self, attrs: list[Validated]) -> list[Validated]:
        """Return `attrs`. Raises a Conflict that names all rows with an external id that is taken."""
        sent = {index: row["external_id"] for index, row in enumerate(attrs) if row.get("external_id") is not None}
        if not sent:
            return attrs
        first = indexes_of(sent)
        changing = {row.pk for row, values in zip(self.instance or [], attrs, strict=False) if "external_id" in values}
        holders = self._rows().filter(external_id__in=first).values_list("external_id", "pk")
        if taken := [first[external_id] for external_id, pk in holders if external_id and pk not in changing]:
            raise _taken(gettext("You already have a transaction with this external id."), sorted(taken))
        return attrs

    def update(self, instance: Sequence[Transaction], validated_data: list[Validated]) -> list[Transaction]:
        """Write the fields of each row that change. External ids that change are removed first, so that rows may
        exchange them."""
        new = {
            values["external_id"]: row.pk
            for row, values in zip(instance, validated_data, strict=True)
            if values.get("external_id")
        }
        if leaving := [row.pk for row in instance if new.get(row.external_id, row.pk) != row.pk]:
            self._rows().filter(pk__in=leaving).update(external_id=None)
        return super().update(instance, validated_data)

    def _rows(self) -> TransactionQuerySet:
        return Transaction.objects.for_owner(owner_of(self.context["request"]))


def indexes_of(sent: dict[int, str]) -> dict[str, int]:
    """Return the index of each external id. Raises a Conflict that names all rows which repeat one."""
    first = {external_id: index for index, external_id in reversed(sent.items())}
    if repeated := [index for index, external_id in sent.items() if first[external_id] != index]:
        raise _taken(gettext("This external id is given twice."), repeated)
    return first


def _taken(detail: str, indexes: list[int]) -> Conflict:
    return Conflict(detail, fields=[f"{index}.external_id" for index in indexes[:MAX_ERRORS]])


@extend_schema_serializer(examples=examples.TRANSACTIONS)
class TransactionSerializer(StrictModelSerializer[Transaction]):
    """Money that came in (an income, above zero) or went out (an expense, below zero, whatever sign is sent)."""

    amount = AmountField(label=_("Amount"), style={"mode": "decimal"})
    category = CategoryField(allow_null=True, required=False, help_text=_("The name of one of your categories."))
    account = AccountField(
        allow_null=True,
        required=False,
        help_text=_("The name of one of your accounts. A row has its currency."),
    )
    tags = TagsField(help_text=_("The names of some of your tags."))
    owner_defaults = {"currency": attrgetter("currency"), "date": methodcaller("today")}

    class Meta:
        model: type[Transaction] = Transaction
        list_serializer_class = TransactionListSerializer
        fields = [
            "id",
            "type",
            "description",
            "amount",
            "currency",
            "date",
            "category",
            "account",
            "tags",
            "notes",
            "external_id",
            "transfer",
            "split",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "transfer", "split", "version", "created_at", "updated_at"]
        form_order = ["type", "amount", "description", "category", "date", "account", "currency", "tags"]
        fixed_fields: tuple[str, ...] = ()
        required_once = ("type",)
        extra_kwargs = {
            "type": {"initial": TransactionType.EXPENSE.value, "style": {"base_template": "radio.html"}},
            "currency": {
                "required": False,
                "trim_whitespace": False,
                "help_text": _("An ISO 4217 code; if a new transaction has none, your default currency."),
                "style": {"select": Select(currency_options, own_currencies)},
            },
            "date": {"required": False, "help_text": _("If a new transaction has none, today.")},
            "notes": {"trim_whitespace": False},
            "external_id": {"trim_whitespace": False, "allow_blank": False, "style": {"more": True}},
        }

    @cached_property
    def default_account(self) -> Account | None:
        """The account of new rows that say nothing of an account, if they have its currency."""
        owner = owner_of(self.context["request"])
        return Account.objects.for_owner(owner).filter(pk=owner.account).first() if owner.account else None

    def with_dependents(self, attrs: Validated) -> Validated:
        return self.instance.with_sign(attrs) if isinstance(self.instance, Transaction) else attrs

    def with_defaults(self, attrs: Validated) -> Validated:
        """Return the values of a new row: an account that it names has its currency."""
        account = attrs.get("account")
        if account is not None and "currency" not in attrs:
            return {**self.defaults, "currency": account.currency, **attrs}
        attrs = super().with_defaults(attrs)
        default = self.default_account
        if default is not None and attrs["currency"] == default.currency:
            attrs.setdefault("account", default)
        return attrs


@extend_schema_serializer(examples=examples.INCOMES)
class IncomeSerializer(TransactionSerializer):
    type = StrictChoiceField([TransactionType.INCOME.value], default=TransactionType.INCOME.value)

    class Meta(TransactionSerializer.Meta):
        model = Income
        fixed_fields = ("type",)


@extend_schema_serializer(examples=examples.EXPENSES)
class ExpenseSerializer(TransactionSerializer):
    type = StrictChoiceField([TransactionType.EXPENSE.value], default=TransactionType.EXPENSE.value)

    class Meta(TransactionSerializer.Meta):
        model = Expense
        fixed_fields = ("type",)


class ExistingRowSerializer(FieldsSerializer):
    """A row of the array that was there, by its index in the array, and the id that it has."""

    index = serializers.IntegerField(min_value=0)
    id = serializers.UUIDField()


class SentAgainSerializer(FieldsSerializer):
    """What an array with `existing=skip` has created, and which of its rows were there."""

    existing = ExistingRowSerializer(many=True)


class TransactionsSentAgainSerializer(SentAgainSerializer):
    created = TransactionSerializer(many=True)


class IncomesSentAgainSerializer(SentAgainSerializer):
    created = IncomeSerializer(many=True)


class ExpensesSentAgainSerializer(SentAgainSerializer):
    created = ExpenseSerializer(many=True)


class TagInUseSerializer(ProblemSerializer):
    """The problem of a tag that is in use, by so many `transactions` and `rules`."""

    transactions = serializers.IntegerField(required=False)
    rules = serializers.IntegerField(required=False)


class CategoryInUseSerializer(ProblemSerializer):
    """The problem of a category that is in use, by so many `transactions` and `rules`."""

    transactions = serializers.IntegerField(required=False)
    rules = serializers.IntegerField(required=False)
