"""Plans and their rows in JSON."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import orjson
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from cashman_project.api.serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateField,
    StrictIntegerField,
    StrictSerializer,
)
from cashman_project.api.types import FieldsSerializer, JSONObject, SerializerField
from cashman_project.api.viewsets import UUID_FORM
from cashman_project.money.amounts import exact_decimal, parse_amount
from cashman_project.money.currencies import validate_currency
from cashman_project.texts import validate_one_line
from transactions.name_fields import AccountField, CategoryField
from transactions.names import LONGEST_NAME
from transactions.tag_fields import TagsField

from . import examples
from .choices import Status, Verdict, option_name
from .question_serializers import QuestionSerializer
from .services.lines import LONGEST_DESCRIPTION, LONGEST_NOTES
from .services.profiles import OPTIONS

ValueT = TypeVar("ValueT")
MOST_NAMES = 100  # accounts, or columns, that a request names
FORMATS = ("camt", "csv", "mt940", "ofx", "qif")
FLAGS = {"true": True, "false": False}


@extend_schema_field(OpenApiTypes.STR)
class OptionField(StrictChoiceField):
    """One of some values, or null. Most of them are signs or common words, of which generators can't make names."""

    def __init__(self, *values: str) -> None:
        told = ", ".join([f"`{value}`" if value != "\t" else "a tab" for value in values])
        super().__init__(values, allow_null=True, required=False, help_text=f"One of: {told}.")


class OptionsSerializer(StrictSerializer):
    """What is said of a file. Whatever is left out or null is found in the file, or asked."""

    account = StrictCharField(max_length=LONGEST_NAME, allow_null=True, required=False)
    accounts = serializers.DictField(child=StrictCharField(max_length=LONGEST_NAME), allow_null=True, required=False)
    create_account = StrictBooleanField(required=False, allow_null=True)
    create_categories = StrictBooleanField(required=False, allow_null=True)
    apply_rules = StrictBooleanField(required=False, allow_null=True)
    currency = StrictCharField(max_length=3, allow_null=True, required=False, validators=[validate_currency])
    format = OptionField(*FORMATS)
    encoding = StrictCharField(max_length=40, allow_null=True, required=False)
    date_format = OptionField("DMY", "MDY", "YMD")
    decimal = OptionField(".", ",")
    delimiter = OptionField(",", ";", "\t", "|")
    header = StrictIntegerField(min_value=0, max_value=1_000, allow_null=True, required=False)
    columns = serializers.DictField(
        child=serializers.ListField(child=StrictCharField(max_length=200), max_length=10),
        allow_null=True,
        required=False,
    )
    amount_column = StrictCharField(max_length=200, allow_null=True, required=False)
    unsigned = OptionField("in", "out")
    negative_debit = OptionField("in", "out")
    direction = OptionField("word", "sign")
    fee = OptionField("included", "extra")
    other_files = OptionField("same", "different")
    profile = StrictBooleanField(required=False, allow_null=True)
    save_profile = StrictBooleanField(required=False, allow_null=True)

    def validate_accounts(self, value: Mapping[str, str] | None) -> Mapping[str, str] | None:
        return _bounded(value)

    def validate_columns(self, value: Mapping[str, list[str]] | None) -> Mapping[str, list[str]] | None:
        return _bounded(value)


def _bounded(value: Mapping[str, ValueT] | None) -> Mapping[str, ValueT] | None:
    if value and (len(value) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in value)):
        raise ValidationError(_("Too many names, or too long ones."), code="max_length")
    return value


def options_of(data: JSONObject) -> JSONObject:
    """Return the options of JSON, as they are stored. An option that is null is one that is not given."""
    serializer = OptionsSerializer(data=data)
    serializer.is_valid(raise_exception=True)
    said: JSONObject = dict(serializer.validated_data)
    if "date_format" in said:
        said["date_order"] = said.pop("date_format")
    return said


def options_of_texts(texts: Mapping[str, str]) -> JSONObject:
    """Return the options of the parameters of a query, or of the fields of a form. Objects are given in JSON."""
    data: JSONObject = {}
    fields = OptionsSerializer().fields
    for name, text in texts.items():
        if text == "":
            continue
        field = fields.get(name)
        data[name] = text
        if isinstance(field, serializers.BooleanField):
            data[name] = FLAGS.get(text, text)
        elif isinstance(field, serializers.IntegerField) and text.isascii() and text.isdigit() and len(text) < 10:
            data[name] = int(text)
        elif isinstance(field, serializers.DictField):
            try:
                data[name] = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise ValidationError({name: [_("Give an object, in JSON.")]}, code="invalid") from None
    return options_of(data)


@extend_schema_serializer(examples=[examples.ANSWER])
class ProfileOptionsSerializer(OptionsSerializer):
    """The options that a profile keeps: how files of a shape are read."""

    def get_fields(self) -> dict[str, SerializerField]:
        names = {option_name(name) for name in OPTIONS}
        return {name: field for name, field in super().get_fields().items() if name in names}


class TextOptionsSerializer(OptionsSerializer):
    """The options as a query and a form have them: objects are texts of JSON."""

    accounts = serializers.CharField(  # type: ignore[assignment]
        required=False, help_text="An object in JSON: the names of accounts in the file, and those of yours."
    )
    columns = serializers.CharField(  # type: ignore[assignment]
        required=False, help_text="An object in JSON: what is read, and arrays of the columns that it is in."
    )


class UploadSerializer(TextOptionsSerializer):
    """A file of statements, and what is said of it."""

    file = serializers.FileField()


# -- What is read -----------------------------------------------------------------------------


class StatedBalanceSerializer(FieldsSerializer):
    """What the bank says that the balance is, and the day that the file says with it."""

    balance = serializers.CharField(allow_null=True)
    date = serializers.DateField(allow_null=True)


class StatementSerializer(FieldsSerializer):
    """What the file says of one account. `difference` is what its closing balance has more than its opening balance
    and its lines; `adds_up` whether that is zero. Both are null if the file lacks a balance."""

    account = serializers.CharField()
    currency = serializers.CharField()
    opening = StatedBalanceSerializer(allow_null=True)
    closing = StatedBalanceSerializer(allow_null=True)
    adds_up = serializers.BooleanField(allow_null=True)
    difference = serializers.CharField(allow_null=True)


class CountsSerializer(FieldsSerializer):
    """How many rows have each verdict."""

    new = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    match = serializers.IntegerField()
    transfer = serializers.IntegerField()
    error = serializers.IntegerField()
    skipped = serializers.IntegerField()


class MadeAccountSerializer(FieldsSerializer):
    """An account that a commit makes. `opening` is what the file says of its balance before the first line."""

    name = serializers.CharField()
    currency = serializers.CharField()
    identifier = serializers.CharField(allow_null=True)
    opening = StatedBalanceSerializer(allow_null=True)


class MakesSerializer(FieldsSerializer):
    """What a commit makes beside transactions."""

    accounts = MadeAccountSerializer(many=True)
    categories = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())


class LeftOutSerializer(FieldsSerializer):
    """Names in the file that you have not: `create_categories` makes them."""

    categories = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())


@extend_schema_field(  # in place: examples have null here, which a component would not allow
    {
        "type": "object",
        "properties": {"read": {"type": "integer"}, "of": {"type": "integer"}},
        "required": ["of", "read"],
        "additionalProperties": False,
    }
)
class ProgressSerializer(FieldsSerializer):
    """How many bytes of the file have been read, and how many it has."""

    read = serializers.IntegerField()
    of = serializers.IntegerField()


@extend_schema_serializer(examples=examples.PLAN)
class ImportSerializer(FieldsSerializer):
    """A plan: what a commit makes of a file. `account` and `statement` are null if the file has several accounts, or if
    its account is not known yet."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.values)
    file = serializers.CharField(allow_blank=True, help_text="The name of the file, if the client sent it.")
    format = serializers.ChoiceField(FORMATS)
    account = serializers.CharField(allow_null=True)
    statement = StatementSerializer(allow_null=True)
    statements = StatementSerializer(many=True)
    counts = CountsSerializer()
    questions = QuestionSerializer(many=True)
    makes = MakesSerializer()
    left_out = LeftOutSerializer()
    options = serializers.DictField(help_text="What was said of the file.")
    profile = serializers.DictField(
        allow_null=True, help_text="What was kept of an earlier file of this account, and is used here."
    )
    progress = ProgressSerializer(allow_null=True, help_text="How far the reading is; null if it is not `reading`.")
    revision = serializers.IntegerField(allow_null=True, help_text="Which the commit wrote; null if it wrote none.")
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()


@extend_schema_serializer(examples=examples.PROFILE)
class ImportProfileSerializer(FieldsSerializer):
    """What was said of a file of an account, and is used for the next one that has the same format and columns."""

    id = serializers.UUIDField()
    account = serializers.CharField()
    format = serializers.ChoiceField(FORMATS)
    options = serializers.DictField()
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()


@extend_schema_serializer(examples=examples.PROFILES)
class ImportProfileListSerializer(FieldsSerializer):
    """All profiles."""

    results = ImportProfileSerializer(many=True)


@extend_schema_serializer(examples=examples.PLANS)
class ImportPageSerializer(FieldsSerializer):
    """A page of plans."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ImportSerializer(many=True)


@extend_schema_serializer(examples=examples.ROW)
class ImportRowSerializer(FieldsSerializer):
    """A line of the file, and what a commit does with it. `transaction` is the one that it becomes or already is, and
    `transfer_with` the one of the other account."""

    number = serializers.IntegerField()
    line = serializers.IntegerField(help_text="Where it begins in the file, from 1.")
    verdict = serializers.ChoiceField(Verdict.values)
    message = serializers.CharField(allow_blank=True, help_text="Why it can't be read, or is left out.")
    account = serializers.CharField(allow_null=True)
    date = serializers.DateField(allow_null=True)
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_blank=True)
    notes = serializers.CharField(allow_blank=True)
    category = serializers.CharField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    bank_id = serializers.CharField(allow_null=True)
    transaction = serializers.UUIDField(allow_null=True)
    transfer_with = serializers.UUIDField(allow_null=True)
    rule = serializers.UUIDField(allow_null=True)
    reimport = serializers.BooleanField()


@extend_schema_serializer(examples=examples.ROWS)
class ImportRowPageSerializer(FieldsSerializer):
    """A page of the rows of a plan."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ImportRowSerializer(many=True)


@extend_schema_serializer(examples=examples.UNDONE)
class UndoneImportSerializer(FieldsSerializer):
    """What an undo has done. `kept` are transactions that were edited since, at most 100 of them; `kept_count` is
    their number."""

    deleted = serializers.IntegerField()
    kept = serializers.ListField(child=serializers.UUIDField())
    kept_count = serializers.IntegerField()
    revision = serializers.IntegerField(allow_null=True)


# -- What is written --------------------------------------------------------------------------


@extend_schema_serializer(examples=examples.COMMIT)
class CommitSerializer(StrictSerializer):
    """Which version of the plan to commit: 409 `stale` if it has changed. Without it, the plan as it is."""

    version = StrictIntegerField(required=False, min_value=1)


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}]})
class SignedAmountField(serializers.Field[Decimal, object, str, object]):
    """An amount with its sign: below zero is money out."""

    default_error_messages = {"invalid": _("Not an amount: write it in plain digits, such as 12.50.")}

    def to_internal_value(self, data: object) -> Decimal:
        try:
            return parse_amount(data) if isinstance(data, str) else exact_decimal(data)
        except (TypeError, ValueError):
            self.fail("invalid")


class RowIdField(serializers.UUIDField):
    """The id of a row, in its usual form."""

    def to_internal_value(self, data: object) -> UUID:
        if not (isinstance(data, str) and UUID_FORM.fullmatch(data)):
            self.fail("invalid", value=str(data)[:100])
        return UUID(data)


@extend_schema_serializer(examples=examples.ROW_CHANGE)
class RowChangeRequestSerializer(StrictSerializer):
    """What is to be another in a row of a preview."""

    verdict = StrictChoiceField(Verdict.values, required=False)
    reimport = StrictBooleanField(required=False)
    date = StrictDateField(required=False)
    amount = SignedAmountField(required=False)
    description = StrictCharField(required=False, max_length=LONGEST_DESCRIPTION, validators=[validate_one_line])
    notes = StrictCharField(required=False, max_length=LONGEST_NOTES, allow_blank=True, trim_whitespace=False)
    transaction = RowIdField(required=False)
    transfer_with = RowIdField(required=False)

    def validate_verdict(self, value: str) -> str:
        if value == Verdict.ERROR:
            choices = ", ".join(verdict.value for verdict in Verdict if verdict != Verdict.ERROR)
            self.fields["verdict"].fail("invalid_choice", choices=choices)
        return value

    def get_fields(self) -> dict[str, SerializerField]:
        return {
            **super().get_fields(),
            "account": AccountField(required=False),
            "category": CategoryField(required=False, allow_null=True),
            "tags": TagsField(),
        }
