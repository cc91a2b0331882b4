"""Transactions, categories and summaries in JSON."""

from collections.abc import Sequence
from operator import attrgetter, methodcaller
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import F
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from cashman_project.api.errors import Conflict
from cashman_project.api.fastpath.row_json import TextJSON
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.selects import Select
from cashman_project.api.schema import ProblemSerializer
from cashman_project.api.serializers import (
    MAX_ERRORS,
    StrictCharField,
    StrictChoiceField,
    StrictListSerializer,
    StrictModelSerializer,
)
from cashman_project.money.formats import currency_options
from cashman_project.money.serializer_field import AmountField

from . import examples
from .choices import TransactionType
from .models import Category, Expense, Income, Tag, Transaction
from .names import name_key
from .querysets import CategoryQuerySet, TransactionQuerySet
from .services.currencies import own_currencies

NAME = StrictCharField()
ValidatedData = dict[str, Any]  # the values of a serializer's fields, each of its field's type


class CategoryField(serializers.SlugRelatedField[Category]):
    """One of the owner's categories, by its name. `read` looks up the categories of many rows in one query.

    A page's form may name a new category, which is not saved yet.
    """

    known: dict[str, Category] | None = None  # by their keys, after `read`
    usual_notation = "category"  # fast creation looks up a name as this class does

    default_error_messages = {
        "does_not_exist": _("You have no category with this name: create it first, or leave it out."),
    }

    def __init__(self, **options: Any) -> None:  # Any: the options of any serializer field
        style = {"base_template": "input.html", "input_type": "text"}
        label = _("Category")
        super().__init__(slug_field="name", queryset=Category.objects.all(), style=style, label=label, **options)

    def get_queryset(self) -> CategoryQuerySet:
        return Category.objects.for_owner(owner_of(self.context["request"]))

    def json_value(self) -> TextJSON:
        return TextJSON(F(f"{self.source}__name"))

    def run_validation(self, data: object = serializers.empty) -> object:
        return serializers.Field.run_validation(self, data)  # a related field would read "" as null

    def read(self, names: set[str]) -> None:
        """Read the categories of these names. Some names may be invalid."""
        keys = {name_key(name) for name in names if _is_name(name)}
        self.known = {category.key: category for category in self.get_queryset().filter(key__in=keys)} if keys else {}

    def to_internal_value(self, data: object) -> Category:
        name = NAME.run_validation(data)
        known = self.known
        category = self.get_queryset().named(name).first() if known is None else known.get(name_key(name))
        if category is None:
            if not is_page_form(self.context["request"]):
                self.fail("does_not_exist")
            category = self._new(name)
        return category

    def _new(self, name: str) -> Category:
        """Return a new category, which is not saved yet. Raises ValidationError if the name breaks a rule."""
        category = Category(owner=owner_of(self.context["request"]), name=name)
        try:
            category.clean_fields(exclude={"owner", "key"})
            category.clean()
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages, code="invalid") from None
        return category


def _is_name(name: str) -> bool:
    """Return whether the name is valid, so that it can be part of a query."""
    try:
        NAME.run_validation(name)
    except serializers.ValidationError:
        return False
    return True


@extend_schema_serializer(examples=examples.CATEGORIES)
class CategorySerializer(StrictModelSerializer[Category]):
    """A name to group transactions by."""

    class Meta:
        model = Category
        fields = ["id", "name", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]


class TagSerializer(StrictModelSerializer[Tag]):
    """A name that any number of transactions may have."""

    class Meta:
        model = Tag
        fields = ["id", "name", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]


class TransactionListSerializer(StrictListSerializer[Transaction]):
    """Many transactions."""

    def prepare(self, data: list[object]) -> None:
        names = (item.get("category") for item in data if isinstance(item, dict))
        self.child.fields["category"].read({name for name in names if isinstance(name, str)})

    def validate(self, attrs: list[ValidatedData]) -> list[ValidatedData]:
        """Return `attrs`. Raises a Conflict that names all rows with an external id that is taken."""
        sent = {index: row["external_id"] for index, row in enumerate(attrs) if row.get("external_id") is not None}
        if not sent:
            return attrs
        first = {external_id: index for index, external_id in reversed(sent.items())}
        if repeated := [index for index, external_id in sent.items() if first[external_id] != index]:
            raise _taken(gettext("This external id is given twice."), repeated)
        changing = {row.pk for row, values in zip(self.instance or [], attrs, strict=False) if "external_id" in values}
        holders = self._rows().filter(external_id__in=first).values_list("external_id", "pk")
        if taken := [first[external_id] for external_id, pk in holders if external_id and pk not in changing]:
            raise _taken(gettext("You already have a transaction with this external id."), sorted(taken))
        return attrs

    def update(self, instance: Sequence[Transaction], validated_data: list[ValidatedData]) -> list[Transaction]:
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


def _taken(detail: str, indexes: list[int]) -> Conflict:
    return Conflict(detail, fields=[f"{index}.external_id" for index in indexes[:MAX_ERRORS]])


@extend_schema_serializer(examples=examples.TRANSACTIONS)
class TransactionSerializer(StrictModelSerializer[Transaction]):
    """Money that came in (an income, above zero) or went out (an expense, below zero, whatever sign is sent)."""

    amount = AmountField(label=_("Amount"), style={"mode": "decimal"})
    category = CategoryField(allow_null=True, required=False, help_text=_("The name of one of your categories."))
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
            "notes",
            "external_id",
            "version",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "version", "created_at", "updated_at"]
        form_order = ["type", "amount", "description", "category", "date", "currency"]
        fixed_fields = ["type"]
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


@extend_schema_serializer(examples=examples.INCOMES)
class IncomeSerializer(TransactionSerializer):
    type = StrictChoiceField([TransactionType.INCOME.value], default=TransactionType.INCOME.value)

    class Meta(TransactionSerializer.Meta):
        model = Income


@extend_schema_serializer(examples=examples.EXPENSES)
class ExpenseSerializer(TransactionSerializer):
    type = StrictChoiceField([TransactionType.EXPENSE.value], default=TransactionType.EXPENSE.value)

    class Meta(TransactionSerializer.Meta):
        model = Expense


class CategoryInUseSerializer(ProblemSerializer):
    """The problem of a category that is in use, by so many `transactions`."""

    transactions = serializers.IntegerField(required=False)
