"""Splits in JSON."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from cashman_project.api.serializers import StrictListSerializer, StrictModelSerializer, StrictSerializer
from cashman_project.api.types import JSON, FieldsSerializer, Validated
from cashman_project.money.serializer_field import AmountField

from . import split_examples as examples
from .models import Tag, Transaction
from .name_fields import CategoryField
from .serializers import TransactionSerializer
from .services.splits import LEAST, MOST, parts_of, rows_for
from .tag_fields import TagsField


class PartListSerializer(StrictListSerializer[Transaction]):
    """The parts of a split. Its `stored` parts must be set before they are validated; then `instance` has the rows that
    they are written to."""

    stored: Sequence[Transaction] = ()

    def to_internal_value(self, data: JSON) -> list[Validated]:
        if isinstance(data, list) and not LEAST <= len(data) <= MOST:
            message = _("A split has %(least)d to %(most)d parts.") % {"least": LEAST, "most": MOST}
            raise ValidationError([message], code="number_of_parts")
        if isinstance(data, list):
            self.instance = rows_for(self.stored, len(data))
        return super().to_internal_value(data)

    def prepare(self, data: list[JSON]) -> None:
        items = [item for item in data if isinstance(item, dict)]
        names = (item.get("category") for item in items)
        self.child.fields["category"].read({name for name in names if isinstance(name, str)})
        self.child.fields["tags"].read([item.get("tags") for item in items])


class PartSerializer(StrictModelSerializer[Transaction]):
    """One part of a split. What it leaves out stays as it is; a new part has the description of the first one."""

    amount = AmountField(label=_("Amount"), style={"mode": "decimal"})
    category = CategoryField(allow_null=True, required=False, help_text=_("The name of one of your categories."))
    tags = TagsField(help_text=_("The names of some of your tags."))
    new_tags: list[Tag]  # that forms have named; they are not saved yet

    class Meta:
        model = Transaction
        list_serializer_class = PartListSerializer
        fields = ["amount", "category", "description", "notes", "tags"]
        extra_kwargs = {"description": {"required": False}, "notes": {"trim_whitespace": False}}

    def run_validation(self, data: object = serializers.empty) -> object:
        self.initial_data = data  # which says whether it is a form
        values = super().run_validation(data)
        tags = self.fields["tags"]
        assert isinstance(tags, TagsField)
        self.new_tags = [*getattr(self, "new_tags", ()), *tags.new]
        return values


@extend_schema_serializer(examples=examples.SPLIT_REQUESTS)
class SplitRequestSerializer(StrictSerializer):
    """The parts that replace the transaction, or the parts that it has. They add up to the same."""

    parts = PartSerializer(many=True, min_length=LEAST, max_length=MOST)  # type: ignore[call-arg]  # of its list

    def replacing(self, row: Transaction) -> PartListSerializer:
        """Return the field of the parts, which are to replace those that the row has."""
        field = self.fields["parts"]
        assert isinstance(field, PartListSerializer)
        field.stored = parts_of(row)
        return field


@extend_schema_serializer(examples=examples.SPLITS)
class SplitSerializer(FieldsSerializer):
    """The parts of a transaction, and what they add up to. If it is not split, it is its only part, and `split` is
    null."""

    split = serializers.UUIDField(allow_null=True)
    amount = AmountField()
    currency = serializers.CharField()
    parts = TransactionSerializer(many=True)
