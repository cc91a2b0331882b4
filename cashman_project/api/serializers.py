"""Strict serializers: no value is converted to another type, and nothing that was sent is dropped silently."""

import copy
import datetime
import decimal
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.utils.html import is_html_input

from cashman_project.db.types import AnyField

from ..texts import is_bounded
from .dates import INVALID_DATE, INVALID_TIMESTAMP, format_timestamp, parse_date, parse_timestamp
from .owner import owner_of
from .parsers import BASE_FIELD, FORM_HEADERS, METHOD_FIELD, NEXT_FIELD, TAKE_FIELD
from .types import JSON, FieldsSerializer, OwnedRows, SerializerField, Validated

if TYPE_CHECKING:
    from rest_framework.exceptions import _Detail

    from users.models import User

ModelT = TypeVar("ModelT", bound=models.Model)

MAX_ERRORS = 20  # unknown fields, or rows with errors, that a response lists; a body may have hundreds of thousands
MAX_ROWS = 10_000  # in one request

END_OF_DAY = datetime.time(23, 59, 59)
INTEGER = re.compile(r"-?[0-9]{1,19}")
DECIMAL = re.compile(r"-?[0-9]{1,99}(\.[0-9]{1,99})?")
INTEGERS = (
    *(models.IntegerField, models.SmallIntegerField, models.BigIntegerField),
    *(models.PositiveIntegerField, models.PositiveSmallIntegerField, models.PositiveBigIntegerField),
)

# What the form of a page sends besides its fields.
FORM_FIELDS = {"csrfmiddlewaretoken", BASE_FIELD, METHOD_FIELD, NEXT_FIELD, TAKE_FIELD, *FORM_HEADERS}


class StrictCharField(serializers.CharField):
    """Text. Numbers and booleans are refused. Its length is checked before anything else is done with it.

    A text that is composed later (NFC) may be sent in a longer, decomposed form.
    """

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if self.max_length is not None and not is_bounded(text, self.max_length):
            self.fail("max_length", max_length=self.max_length)
        return text


class StrictBooleanField(serializers.BooleanField):
    """True or false; in a form "on" or "off", as the boxes of our pages send them. Numbers and texts are refused."""

    def to_internal_value(self, data: object) -> bool:
        is_box = data in ("on", "off") and is_html_input(self.parent.initial_data)
        if not isinstance(data, bool) and not is_box:
            self.fail("invalid", input=str(data)[:100])
        return data is True or data == "on"


class StrictIntegerField(serializers.IntegerField):
    """A whole number; in a form its digits. A text, a number with a point and a boolean are none."""

    def to_internal_value(self, data: object) -> int:
        is_typed = isinstance(data, str) and is_html_input(self.parent.initial_data) and INTEGER.fullmatch(data)
        if type(data) is not int and not is_typed:
            self.fail("invalid")
        return int(cast("str | int", data))


class StrictDecimalField(serializers.DecimalField):
    """A decimal number, from a number or its text in plain digits with a point."""

    def to_internal_value(self, data: object) -> decimal.Decimal:
        is_text = isinstance(data, str) and DECIMAL.fullmatch(data)
        if not is_text and type(data) not in (int, decimal.Decimal):
            self.fail("invalid")
        return super().to_internal_value(cast("str", data))


class StrictEmailField(StrictCharField, serializers.EmailField):
    """An e-mail address."""


class StrictChoiceField(serializers.ChoiceField):
    """One of a few words. The error does not repeat what was sent, because that may be as large as the body."""

    default_error_messages = {"invalid_choice": _("Not a choice: give one of {choices}.")}

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str) or data not in self.choice_strings_to_values:
            self.fail("invalid_choice", choices=", ".join(self.choice_strings_to_values))
        return super().to_internal_value(data)

    def to_representation(self, value: object) -> str:
        return str(value)  # the member of an enumeration equals its text, but JSON needs the text itself


class StrictDateField(serializers.DateField):
    """A date such as "2026-11-30", from 1900 to 2200."""

    default_error_messages = {"invalid": INVALID_DATE}

    def to_internal_value(self, data: object) -> datetime.date:
        try:
            return parse_date(data if isinstance(data, str) else "")
        except ValueError:
            self.fail("invalid")


class StrictTimestampField(serializers.DateTimeField):
    """A timestamp such as "2026-11-30T08:15:00Z", from 1900 to 2200. It is written in UTC, with microseconds.

    In a form it may be a day, and means the end of that day in the owner's time zone.
    """

    default_error_messages = {"invalid": INVALID_TIMESTAMP}

    def to_internal_value(self, data: object) -> datetime.datetime:
        if isinstance(data, str) and is_html_input(getattr(self.parent, "initial_data", None)):
            with suppress(ValueError):
                zone = ZoneInfo(owner_of(self.context["request"]).time_zone)
                return datetime.datetime.combine(parse_date(data), END_OF_DAY, zone).astimezone(datetime.UTC)
        try:
            return parse_timestamp(data if isinstance(data, str) else "")
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: datetime.datetime) -> str:
        return format_timestamp(value)


class StrictSerializer(FieldsSerializer):
    """A serializer that refuses unknown fields, and read-only fields unless they have their stored value.

    So a client can read a row, change it and send all of it back, in its own notation of ids and timestamps.
    `Meta.fixed_fields` are written when a row is created, and read-only after that. `Meta.required_once` are
    required of a new row, and may be left out of a change.
    """

    default_error_messages = {"invalid": _("Expected an object with the fields of this resource.")}

    def get_fields(self) -> dict[str, SerializerField]:
        fields = super().get_fields()
        if self.instance is not None:
            meta = getattr(self, "Meta", None)
            for name in getattr(meta, "fixed_fields", ()):
                fields[name].read_only = True
                fields[name].required = False
            for name in getattr(meta, "required_once", ()):
                fields[name].required = False
        return fields

    def to_internal_value(self, data: JSON) -> Validated:
        errors: dict[str, list[ErrorDetail]] = {}
        if isinstance(data, Mapping):
            errors = self._misplaced_fields(data)
        try:
            value: Validated = super().to_internal_value(data)
        except ValidationError as error:
            detail = error.detail
            assert isinstance(detail, dict)
            raise ValidationError({**errors, **detail}) from None
        if errors:
            raise ValidationError(errors)
        return value

    def _misplaced_fields(self, data: Mapping[str, JSON]) -> dict[str, list[ErrorDetail]]:
        errors: dict[str, list[ErrorDetail]] = {}
        for name in data:
            if len(errors) == MAX_ERRORS:
                break
            field = self.fields.get(name)
            if field is None:
                if not (is_html_input(data) and name in FORM_FIELDS):
                    errors[name] = [ErrorDetail(gettext("There is no such field."), "unknown_field")]
            elif field.read_only and not self._is_stored_value(field, data[name]):
                errors[name] = [ErrorDetail(gettext("This can't be changed: leave it out."), "read_only")]
        return errors

    def _is_stored_value(self, field: SerializerField, value: object) -> bool:
        if self.instance is None:
            return False
        attribute = field.get_attribute(self.instance)
        stored = None if attribute is None else field.to_representation(attribute)
        if type(value) is not type(stored):
            return False
        if value == stored:
            return True
        try:
            return bool(field.to_representation(field.to_internal_value(value)) == stored)
        except (ValidationError, NotImplementedError):  # a field that can only be read has one notation
            return False


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[ModelT]):
    """A strict serializer of a model. It also checks the rules in the model's `clean`."""

    serializer_field_mapping: ClassVar[dict[type[AnyField], type[SerializerField]]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: StrictCharField,
        models.TextField: StrictCharField,
        models.EmailField: StrictEmailField,
        models.BooleanField: StrictBooleanField,
        models.DecimalField: StrictDecimalField,
        **dict.fromkeys(INTEGERS, StrictIntegerField),
        models.DateField: StrictDateField,
        models.DateTimeField: StrictTimestampField,
    }
    serializer_choice_field = StrictChoiceField
    # By the name of a field: what makes of the owner the value that a new row has if the field was left out.
    owner_defaults: ClassVar[Mapping[str, Callable[["User"], object]]] = {}

    def get_initial(self) -> Validated:
        """Return what an empty form shows, or what was sent."""
        return {**super().get_initial(), **({} if hasattr(self, "initial_data") else self.defaults)}

    @cached_property
    def defaults(self) -> Validated:
        """What a new row has if the fields are left out."""
        return {name: find(owner_of(self.context["request"])) for name, find in self.owner_defaults.items()}

    def with_defaults(self, attrs: Validated) -> Validated:
        """Return the values of a new row, also of the fields that were left out."""
        return self.defaults | attrs

    def with_dependents(self, attrs: Validated) -> Validated:
        """Return the values that are to be written to the row: these, and what follows from them."""
        return attrs

    def validate(self, attrs: Validated) -> Validated:
        """Return `attrs`, of a new row with its defaults; raises ValidationError if they break a rule of the model."""
        attrs = super().validate(self.with_defaults(attrs) if self.instance is None else self.with_dependents(attrs))
        model: type[models.Model] = self.Meta.model
        candidate = copy.copy(self.instance) if isinstance(self.instance, models.Model) else model()
        for name, value in attrs.items():
            setattr(candidate, name, value)
        try:
            candidate.clean()
        except DjangoValidationError as error:
            raise ValidationError(serializers.as_serializer_error(error)) from None
        return attrs

    def update(self, instance: ModelT, validated_data: Validated) -> ModelT:
        """Write only the fields that change, so that two people can change different fields at the same time."""
        if changed := assign(instance, validated_data):
            instance.save(update_fields=changed)
        return instance


def assign(row: models.Model, values: Mapping[str, object]) -> tuple[str, ...]:
    """Set the row's fields to the values; return the names of the fields that this changes."""
    changed = []
    for name, value in values.items():
        field = row._meta.get_field(name)
        assert isinstance(field, models.Field)
        before = getattr(row, field.attname)
        setattr(row, name, value)
        if field.pre_save(row, add=False) != before:
            changed.append(name)
    return tuple(changed)


def check_rows(data: object) -> None:
    """Raise ValidationError unless `data` is a list of 1 to MAX_ROWS items."""
    if not isinstance(data, list):
        raise ValidationError(_("Expected an array of objects."), code="not_a_list")
    if not data:
        raise ValidationError(_("The array is empty."), code="empty")
    if len(data) > MAX_ROWS:
        raise ValidationError(_("More than %(limit)d rows: send several requests.") % {"limit": MAX_ROWS}, "max_length")


class StrictListSerializer(serializers.ListSerializer[Any], Generic[ModelT]):  # Any: the stub takes it for one row
    """Many rows, each checked as strictly as a single one. The errors name the index of the row, and stop after
    MAX_ERRORS rows.

    To change rows, it takes as many rows as there are items in the data, in the same order.
    """

    child: Any  # Any: a StrictModelSerializer of any model, with fields that its own class knows

    def to_internal_value(self, data: Any) -> list[Validated]:  # Any: JSON; `check_rows` refuses all but arrays
        check_rows(data)
        self.prepare(data)
        rows = []
        errors: dict[str, _Detail] = {}
        for index, item in enumerate(data):
            if self.instance is not None:
                self.child.instance = self.instance[index]
            try:
                rows.append(self.child.run_validation(item))
            except ValidationError as error:
                errors[str(index)] = error.detail
                if len(errors) == MAX_ERRORS:
                    break
        if errors:
            raise ValidationError(errors)
        return rows

    def prepare(self, data: list[JSON]) -> None:
        """Look up all rows that the items refer to, in one query. This is called before the items are validated."""

    def create(self, validated_data: list[Validated]) -> list[ModelT]:
        """Insert the rows together."""
        model: type[ModelT] = self.child.Meta.model
        created: list[ModelT] = model._default_manager.bulk_create([model(**values) for values in validated_data])
        return created

    def update(self, instance: Sequence[ModelT], validated_data: list[Validated]) -> list[ModelT]:
        """Write only the fields that change. The rows of which the same fields change are written together."""
        groups: dict[tuple[str, ...], list[ModelT]] = {}
        for row, values in zip(instance, validated_data, strict=True):
            groups.setdefault(assign(row, values), []).append(row)
        model: type[ModelT] = self.child.Meta.model
        rows: OwnedRows = model._default_manager
        rows = rows.for_owner(owner_of(self.context["request"]))
        for names, changed in groups.items():
            if names:
                rows.bulk_update(changed, names)
        return list(instance)
