"""Rules in JSON, and in forms."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, Unpack

from django.db.models import F
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.utils.html import is_html_input

from cashman_project.api.fastpath.row_json import RowJSON, find_form
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.selects import Select
from cashman_project.api.serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictModelSerializer,
    StrictSerializer,
)
from cashman_project.api.types import (
    FieldOptions,
    FieldsSerializer,
    JSONObject,
    RequestContext,
    SerializerField,
    Validated,
)
from cashman_project.money.amounts import format_amount
from cashman_project.money.currencies import validate_currency
from cashman_project.money.formats import currency_options
from cashman_project.money.serializer_field import AmountField, AmountJSON
from cashman_project.texts import validate_one_line

from . import rule_examples as examples
from .choices import TransactionType
from .models import Rule, Transaction
from .models.rule import LONGEST_TEXT, MOST_TEXTS, SET, WHEN, stored_texts, texts_of
from .name_fields import AccountField, CategoryField
from .names import NO_TAGS
from .serializers import TransactionSerializer
from .services.currencies import own_currencies
from .tag_fields import TagsField, TagsJSON
from .words import BETWEEN

TEXT = StrictCharField(max_length=LONGEST_TEXT)
USUAL = "EUR"  # of which amounts without a currency have the decimals


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": "^[^,]*$"},
        "maxItems": MOST_TEXTS,
    }
)
class RuleTextsField(serializers.Field[str, object, list[str], Rule]):
    """Texts that a rule looks for. In a form they are one text, with commas between them."""

    default_error_messages = {
        "not_a_list": _("Expected an array of texts."),
        "max_length": _("A rule has at most {most} texts of each kind."),
    }

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        style = {"base_template": "input.html", "input_type": "text"}
        optional: FieldOptions = {"required": False, **options}
        super().__init__(initial="", style=style, **optional)

    def to_internal_value(self, data: object) -> str:
        if is_page_form(self.context["request"]) and isinstance(data, str):
            data = [text for part in data.split(",") if (text := part.strip())]
        if not isinstance(data, list):
            self.fail("not_a_list")
        if len(data) > MOST_TEXTS:
            self.fail("max_length", most=MOST_TEXTS)
        return stored_texts(TEXT.run_validation(text) for text in data)

    def to_representation(self, value: str) -> list[str]:
        return texts_of(value)

    def form_value(self, value: str | list[str]) -> str:
        """Return texts of JSON as a form shows them."""
        return value if isinstance(value, str) else BETWEEN.join(value)

    def json_value(self) -> TagsJSON:
        return TagsJSON(F(str(self.source)))


class AbsoluteAmountField(AmountField):
    """An absolute amount of any currency, or null."""

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        optional: FieldOptions = {"required": False, "allow_null": True, **options}
        super().__init__(style={"mode": "decimal"}, **optional)

    def run_validation(self, data: object = serializers.empty) -> object:
        if data == "" and is_html_input(getattr(self.parent, "initial_data", None)):
            return None
        return super().run_validation(data)

    def _currency(self) -> str:
        form = self.parent
        return str(form.initial_data.get("currency") or owner_of(self.context["request"]).currency)

    def get_attribute(self, instance: Any) -> Any:  # a rule; the amount with its currency, or None
        amount = getattr(instance, str(self.source))
        return None if amount is None else (amount, instance.currency)

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        amount, currency = value
        return format_amount(amount, currency or USUAL)

    def json_value(self) -> AmountJSON:
        return AmountJSON(F(str(self.source)), F("currency"))


@extend_schema_field({"type": "string", "nullable": True, "pattern": f"^({'|'.join(TransactionType.values)})$"})
class TypeField(StrictChoiceField):
    """The type of a transaction, or null. A generator of clients understands no null among words."""


@extend_schema_serializer(component_name="RuleWhen")
class WhenSerializer(StrictSerializer):
    """The conditions of a rule. A transaction meets the rule if it meets all that are given."""

    words = RuleTextsField(help_text=_("The description or the notes have all words of one of these texts."))
    starts_with = RuleTextsField(help_text=_("The description begins with one of these texts."))
    account = AccountField(required=False, allow_null=True)
    type = TypeField(TransactionType.choices, required=False, allow_null=True)
    currency = StrictCharField(max_length=3, required=False, allow_null=True, validators=[validate_currency])
    amount_min = AbsoluteAmountField(help_text=_("At least this absolute amount."))
    amount_max = AbsoluteAmountField(help_text=_("At most this absolute amount."))


@extend_schema_serializer(component_name="RuleSet")
class SetSerializer(StrictSerializer):
    """What a rule gives a transaction."""

    category = CategoryField(required=False, allow_null=True)
    tags = TagsField()
    description = StrictCharField(max_length=200, required=False, allow_null=True, validators=[validate_one_line])


class ObjectJSON(RowJSON):
    """Columns as a JSON object within a row's JSON."""

    quoted = False


class ColumnsField(serializers.Field[Validated, object, JSONObject, Rule]):
    """Several columns of a rule as one object in JSON. It is written as a whole: what it leaves out is empty."""

    serializer_class: type[StrictSerializer]
    columns: tuple[str, ...]
    empty: Mapping[str, object]

    def __init__(self, **options: Unpack[FieldOptions]) -> None:
        super().__init__(source="*", **options)

    def to_internal_value(self, data: object) -> Validated:
        values: Validated = self.serializer_class(context=self.context).run_validation(data)
        return {**dict.fromkeys(self.columns), **self.empty, **values}

    @cached_property
    def shown(self) -> FieldsSerializer:
        return self.serializer_class()

    def to_representation(self, value: object) -> JSONObject:
        return dict(self.shown.to_representation(value))

    def json_value(self) -> ObjectJSON:
        members: JSONObject = {name: find_form(field) for name, field in self.shown.fields.items()}
        return ObjectJSON(**members)


@extend_schema_field(WhenSerializer())
class WhenField(ColumnsField):
    serializer_class = WhenSerializer
    columns = WHEN
    empty = {"words": NO_TAGS, "starts_with": NO_TAGS}


@extend_schema_field(SetSerializer())
class SetField(ColumnsField):
    serializer_class = SetSerializer
    columns = SET
    empty = {"tags": NO_TAGS}


class PlacedSerializer(StrictModelSerializer[Rule]):
    """The base of serializers of rules, which have places among others."""

    def update(self, instance: Rule, validated_data: Validated) -> Rule:
        """Write what changes. A rule that moves lets those between make room."""
        position = validated_data.pop("position", instance.position)
        if position != instance.position:
            Rule.objects.for_owner(owner_of(self.context["request"])).move(instance, position)
            instance.refresh_from_db()
        return super().update(instance, validated_data)


@extend_schema_serializer(examples=examples.RULES)
class RuleSerializer(PlacedSerializer):
    """What new transactions get where they say nothing themselves. Rules run in the order of their positions."""

    when = WhenField(help_text=_("The conditions, at least one."))
    set = SetField(required=False, help_text=_("What a transaction gets that meets them all."))

    class Meta:
        model = Rule
        fields = ["id", "position", "name", "when", "set", "stop", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]
        extra_kwargs = {
            "position": {
                "required": False,
                "help_text": _("If a new rule has none, it is the last one. Others make room."),
            },
            "stop": {"help_text": _("Whether no later rule runs on a transaction that meets this one.")},
        }

    def validate(self, attrs: Validated) -> Validated:
        """Return `attrs`; raises ValidationError, whose errors are named by their places in the JSON."""
        try:
            return super().validate(attrs)
        except ValidationError as error:
            found = error.detail
            assert isinstance(found, dict)
            raise ValidationError({_place(name): found[name] for name in found}) from None


def _place(column: str) -> str:
    return f"when.{column}" if column in WHEN else f"set.{column}" if column in SET else column


class RuleFormSerializer(PlacedSerializer):
    """A rule in a form, where each condition has an input."""

    words = RuleTextsField(label=_("Has all words of"))
    starts_with = RuleTextsField(label=_("Begins with"))
    amount_min = AbsoluteAmountField(label=_("At least"))
    amount_max = AbsoluteAmountField(label=_("At most"))
    account = AccountField(allow_null=True, required=False)
    category = CategoryField(allow_null=True, required=False)
    tags = TagsField()
    description = StrictCharField(
        max_length=200,
        allow_null=True,
        required=False,
        validators=[validate_one_line],
        label=_("Description of imported lines"),
    )
    stop = StrictBooleanField(required=False, label=_("No later rule runs on what meets this one"))

    def get_fields(self) -> dict[str, SerializerField]:
        """Return the fields. A position is given by the buttons that move a rule only."""
        fields = super().get_fields()
        fields["position"].read_only = "position" not in getattr(self, "initial_data", {})
        return fields

    class Meta:
        model = Rule
        fields = ["id", "position", "name", *WHEN, *SET, "stop", "version", "created_at", "updated_at"]
        read_only_fields = ["id", "version", "created_at", "updated_at"]
        form_order = ["words", "starts_with", "type", "account", "amount_min", "amount_max", "currency"]
        extra_kwargs = {
            "position": {"required": False},
            "type": {"allow_blank": False},
            "currency": {
                "allow_blank": False,
                "trim_whitespace": False,
                "style": {"select": Select(currency_options, own_currencies, none=_("any"))},
            },
        }


@extend_schema_serializer(examples=examples.TRIES, component_name="RuleTest")
class TrySerializer(RuleSerializer):
    """A rule that is tried. It is not saved."""

    overwrite = StrictBooleanField(default=False, help_text=_("Whether it replaces what transactions have."))

    class Meta(RuleSerializer.Meta):
        fields = ["position", "name", "when", "set", "stop", "overwrite"]
        read_only_fields = []


class ChangedFieldSerializer(FieldsSerializer):
    """What a rule changes of a transaction."""

    field = serializers.CharField()
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)


class ChangedTransactionSerializer(FieldsSerializer):
    """A transaction as a rule leaves it, and what the rule changes."""

    transaction = TransactionSerializer()
    changes = ChangedFieldSerializer(many=True)


@extend_schema_serializer(examples=examples.RUNS, component_name="RuleRun")
class RunSerializer(FieldsSerializer):
    """What a rule does: how many transactions were `compared`, how many `meet` it, and how many are `changed`, with the
    first of these."""

    compared = serializers.IntegerField()
    meet = serializers.IntegerField()
    changed = serializers.IntegerField()
    results = ChangedTransactionSerializer(many=True)


@extend_schema_serializer(examples=examples.APPLICATIONS, component_name="RuleApplication")
class ApplySerializer(StrictSerializer):
    """Which transactions a rule is applied to, and whether it replaces what they have."""

    filter = serializers.DictField(
        child=serializers.JSONField(), default=dict, help_text=_("The filters of /transactions, by their names.")
    )
    overwrite = StrictBooleanField(default=False, help_text=_("Whether it replaces what transactions have."))


class RuleSuggestionSerializer(FieldsSerializer):
    """Words that stand with one category: `count` of the `total` transactions with them have it."""

    words = serializers.CharField()
    category = serializers.CharField()
    count = serializers.IntegerField()
    total = serializers.IntegerField()


@extend_schema_serializer(examples=examples.SUGGESTIONS)
class RuleSuggestionsSerializer(FieldsSerializer):
    """Rules that the owner's categories suggest."""

    results = RuleSuggestionSerializer(many=True)


def transaction_json(row: Transaction, context: RequestContext) -> JSONObject:
    return dict(TransactionSerializer(context=dict(context)).to_representation(row))
