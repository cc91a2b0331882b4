"""What fast creation has to know of a serializer and its model, found out once (docs/adr/0036-fast-creation.md).

Each field is read by a rule for its kind. If a field has none, or if a method that fast creation does the work of is
overridden, the serializer creates every row, and a system check says why (transactions.W001).
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType
from typing import Any, NoReturn

from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from django.db.models import Expression
from rest_framework.fields import empty
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from cashman_project.api.dates import FIRST_DATE, LAST_DATE, parse_date
from cashman_project.api.fastpath.overrides import overridden
from cashman_project.api.fastpath.row_json import REPRESENTATION_METHODS
from cashman_project.api.serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateField,
    StrictIntegerField,
    StrictModelSerializer,
)
from cashman_project.api.types import JSONObject, SerializerField
from cashman_project.db.derived_fields import DerivedField
from cashman_project.db.types import AnyField, Values
from cashman_project.money.amounts import parse_amount
from cashman_project.money.serializer_field import AmountField
from cashman_project.texts import validate_one_line
from ledgers.models.foreign_key import OwnedForeignKey
from ledgers.models.owned import OwnedModel
from ledgers.querysets import OwnedQuerySet
from transactions.models import Transaction

from ..models.transaction import SignedAmountField
from ..names import LONGEST_NAME, MOST_TAGS

# How a kind of field is read, a field of that kind, and the fields of a model that may store it.
Rule = tuple[Callable[[Any], "Reader"], tuple[type, ...]]
Reader = Callable[[Any], Any]  # Any: what a body has, and a value of the field's own type

# The methods that make a row of a body, and that fast creation does not call.
SERIALIZER_HOOKS = (
    *("__init__", "get_fields", "fields", "_writable_fields", "_readable_fields", "get_validators", "validators"),
    *("is_valid", "run_validation", "to_internal_value", "run_validators", "validate", "_misplaced_fields"),
    *("save", "create", "to_representation", "data"),
)
MODEL_HOOKS = ("full_clean", "clean_fields", "save", "save_base", "_save_table", "_do_insert")
ROWS_HOOKS = ("create", "bulk_create")
READING = {
    *("to_internal_value", "run_validation", "validate_empty_values", "run_validators", "get_default", "get_value"),
    *REPRESENTATION_METHODS,
}
STORING = ("pre_save", "get_prep_value", "get_db_prep_value", "get_db_prep_save", "to_python", "from_db_value")
OWN = ("id", "owner", "version", "created_at", "updated_at", "revision", "created_revision")  # of every owned row
STORED_AS_IS = (models.CharField, models.TextField, models.IntegerField, models.BooleanField)
NEEDED = {"type", "amount", "currency", "category"}
UNLIMITED = 10**9
DATE_LENGTH = 10  # characters
IMPLIED = (MaxLengthValidator, ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)


class Unknown(Exception):
    """Fast creation does not know this of a serializer or its model; the message says what."""


@dataclass(frozen=True)
class Notation:
    """How fast creation reads and inserts the rows of a serializer. Each mapping is by the name of a field."""

    readers: Mapping[str, Reader]  # return the value of what a body has
    known: frozenset[str]  # the fields that a body may have
    required: frozenset[str]  # those that it must have
    defaults: Values  # the values of fields that a body leaves out
    owner_defaults: Mapping[str, Reader]  # likewise, those that depend on the owner
    owners: frozenset[str]  # the names of the latter
    json: JSONObject  # the JSON of a row with these defaults
    representations: Mapping[str, Reader]  # make the JSON of a value
    clean: Reader  # the model's rules for a row
    inserted: tuple[str, ...]  # the fields that are inserted, but for the category, the account and the tags
    others: Values  # the columns that no body has, and what they hold
    unique: tuple[str, ...]  # the fields that no two rows of an owner have the same value of

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are inserted, but for the owner, the category, the account and the tags."""
        return ("id", "version", "created_at", "updated_at", *self.inserted, *self.others)


@lru_cache
def notation_of(serializer: type[StrictModelSerializer[Transaction]]) -> Notation | None:
    """Return what fast creation has to know of the serializer; None if it knows too little."""
    try:
        return find_notation(serializer)
    except Unknown:
        return None


def find_notation(serializer: type[StrictModelSerializer[Transaction]]) -> Notation:
    """Return what fast creation has to know of the serializer; raises Unknown."""
    model: type[OwnedModel] = serializer.Meta.model
    _check_methods(serializer, model)
    fields: dict[str, SerializerField] = dict(serializer().fields)
    written = {name: field for name, field in fields.items() if not field.read_only}
    empty = {column.name for column in model._meta.concrete_fields if _is_empty(column)}
    if hidden := fields.keys() - written.keys() - set(OWN) - empty:
        raise Unknown(f"the field {min(hidden)}, which can't be written")
    if missing := NEEDED - written.keys():
        raise Unknown(f"no field {min(missing)}")
    readers = {name: _reader(field, model) for name, field in written.items()}
    owner_defaults = serializer.owner_defaults
    columns = {column.name: column for column in model._meta.concrete_fields}
    defaults = {
        name: _default(field, columns[name])
        for name, field in written.items()
        if not field.required and name not in owner_defaults
    }
    representations = {name: _representation(field) for name, field in written.items()}
    inserted = tuple(name for name, field in written.items() if not _is_named(field))
    return Notation(
        readers=readers,
        known=frozenset(readers),
        required=frozenset(name for name, field in written.items() if field.required),
        defaults=defaults,
        owner_defaults=owner_defaults,
        owners=frozenset(owner_defaults),
        json=dict.fromkeys(fields) | {name: representations[name](value) for name, value in defaults.items()},
        representations=representations,
        clean=model.clean,
        inserted=inserted,
        others=dict(_others(model, written)),
        unique=tuple(_unique(model)),
    )


def _check_methods(serializer: type[StrictModelSerializer[Transaction]], model: type[models.Model]) -> None:
    own = [name for name in dir(serializer) if name.startswith("validate_") and name != "validate_empty_values"]
    rows = type(model._default_manager.all())
    for owner, name in (
        *((serializer, name) for name in own),
        *overridden(serializer, StrictModelSerializer, SERIALIZER_HOOKS),
        *overridden(model, OwnedModel, MODEL_HOOKS),
        *overridden(rows, OwnedQuerySet, ROWS_HOOKS),
    ):
        raise Unknown(f"the method {owner.__name__}.{name}")
    if serializer().validators:
        raise Unknown(f"the validators of {serializer.__name__}")


def _reader(field: SerializerField, model: type[OwnedModel]) -> Reader:
    """Return what reads the usual notation of the field, and raises ValueError or ValidationError on any other one."""
    rule = _rule(field)
    column = {one.name: one for one in model._meta.concrete_fields}.get(field.field_name or "")
    if rule is None or column is None or field.write_only or field.source != field.field_name:
        raise Unknown(f"the field {field.field_name}: {type(field).__name__}")
    read, kinds = rule
    base = next((kind for kind in kinds if isinstance(column, kind)), None)
    if base is None or [*overridden(type(column), base, STORING)]:
        raise Unknown(f"the model's field {column.name}: {type(column).__name__}")
    return read(field)


def _rule(field: SerializerField) -> Rule | None:
    """Return how the field's kind is read, and which fields of a model may store it.

    That counts only if no class derived from that kind reads or writes a value in a way of its own.
    """
    for kind in type(field).__mro__:
        if rule := RULES.get(vars(kind).get("usual_notation", kind)):
            return rule
        if READING & vars(kind).keys():
            return None
    return None


def _default(field: SerializerField, column: AnyField) -> object:
    """Return what a row has if its body leaves the field out."""
    if field.default is not empty:
        default = value = field.default
    elif column.has_default():
        default, value = column.default, column.get_default()
    else:
        default, value = None, column.get_default()
    if callable(default) or isinstance(value, Expression):
        raise Unknown(f"the default of the field {column.name}")
    return value


# A model; the stub lacks `has_db_default`.
def _others(model: Any, written: Values) -> Iterator[tuple[str, object]]:
    """Yield the columns that no body has and the database doesn't fill itself, and the values of new rows."""
    for column in model._meta.concrete_fields:
        if column.name in written or column.name in OWN or column.generated or isinstance(column, DerivedField):
            continue
        if _is_empty(column):
            continue
        kind = next(one for one in type(column).__mro__ if one.__module__.startswith("django."))
        is_changed = [*overridden(type(column), kind, STORING)] or getattr(column, "auto_now", False)
        value = column.get_default()
        is_constant = value is None or (isinstance(column, STORED_AS_IS) and type(value) in (str, int, bool))
        if is_changed or not is_constant or (column.has_default() and callable(column.default)):
            raise Unknown(f"the model's field {column.name}, which no body has")
        if value is None or (column.has_db_default() and column.db_default == value):
            continue  # the database fills it
        yield column.attname, value


def _unique(model: type[OwnedModel]) -> Iterator[str]:
    options = (model._meta.concrete_model or model)._meta
    for constraint in options.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            first, *names = constraint.fields or ("",)
            if first != "owner" or len(names) != 1 or constraint.condition is not None or constraint.expressions:
                raise Unknown(f"the constraint {constraint.name}")
            yield names[0]
    if options.unique_together or any(one.unique and not one.primary_key for one in model._meta.concrete_fields):
        raise Unknown(f"what is unique in {model.__name__} beside its constraints")


# -- Kinds of fields --------------------------------------------------------------------------


def _one_line(longest: int, others: Container[object], validators: Sequence[Reader]) -> Reader:
    """Return what reads a text on one line that needs no trimming and is not refused, or one of the other values."""

    def read(value: object) -> object:
        if type(value) is str and 0 < len(value) <= longest and value.isprintable() and value[0] != " " != value[-1]:
            for validate in validators:
                validate(value)
        elif type(value) not in (str, NoneType) or value not in others:
            raise ValueError
        return value

    return read


def _text(field: StrictCharField) -> Reader:
    others = [value for value, allowed in ((None, field.allow_null), ("", field.allow_blank)) if allowed]
    validators = [one for one in field.validators if not isinstance(one, IMPLIED) and one is not validate_one_line]
    return _one_line(field.max_length or UNLIMITED, others, _checked(field, validators))


def _name(field: SerializerField) -> Reader:
    """Return what reads the name of a category or an account, which is looked up apart."""
    return _one_line(LONGEST_NAME, [None] if field.allow_null else [], _checked(field, field.validators))


def _names(field: SerializerField) -> Reader:
    """Return what reads the names of tags, which are looked up apart."""
    read_name = _one_line(LONGEST_NAME, [], [])
    _checked(field, field.validators)

    def read(value: object) -> object:
        if type(value) is not list or len(value) > MOST_TAGS:
            raise ValueError
        for name in value:
            read_name(name)
        return value

    return read


def _word(field: StrictChoiceField) -> Reader:
    words = {word for word in field.choices if type(word) is str and word} | ({None} if field.allow_null else set())
    calls = _checked(field, field.validators)

    def read(value: object) -> object:
        if type(value) not in (str, NoneType) or value not in words:
            raise ValueError
        if value is not None:
            for validate in calls:
                validate(value)
        return value

    return read


def _date(field: SerializerField) -> Reader:
    """Return what reads a date. The validators of the first and the last date are those of every date."""
    validators = [one for one in field.validators if getattr(one, "limit_value", None) not in (FIRST_DATE, LAST_DATE)]
    return _converted(field, str, lambda value: _parsed(value) if len(value) == DATE_LENGTH else _refuse(), validators)


_parsed = lru_cache(maxsize=1_000)(parse_date)  # many rows of a body have the same date


def _amount(field: SerializerField) -> Reader:
    if field.validators or field.allow_null or not field.required:
        raise Unknown(f"the field {field.field_name}, which has validators or may be left out")
    return lambda value: parse_amount(value) if type(value) is str else field.to_internal_value(value)


def _converted(
    field: SerializerField,
    kind: type,
    convert: Reader | None,
    validators: Sequence[Any] | None = None,  # as the REST framework has them
) -> Reader:
    """Return what reads values of exactly this type, or null."""
    calls = _checked(field, field.validators if validators is None else validators)
    allow_null = field.allow_null

    def read(value: object) -> object:
        if type(value) is not kind:
            return None if value is None and allow_null else _refuse()
        result = convert(value) if convert else value
        for validate in calls:
            validate(result)
        return result

    return read


def _refuse() -> NoReturn:
    raise ValueError("not in the usual notation")


def _checked(field: SerializerField, validators: Sequence[Any]) -> Sequence[Reader]:  # Any: as above
    """Return the validators; raises Unknown if one of them asks for more than a value."""
    if any(getattr(one, "requires_context", False) for one in validators):
        raise Unknown(f"a validator of the field {field.field_name}")
    return validators


def _is_named(field: object) -> bool:
    """Return whether the field refers to rows by their names."""
    return getattr(field, "usual_notation", "") in ("category", "account", "tags")


def _is_empty(column: AnyField) -> bool:
    """Return whether the column is null in a new row that says nothing of it: it refers to another row, or people
    don't write it."""
    may_be_null = column.null and not column.has_default()
    return may_be_null and (isinstance(column, OwnedForeignKey) or not column.editable)


def _representation(field: SerializerField) -> Reader:
    """Return what makes the field's JSON of a value."""
    return lambda value: None if value is None else field.to_representation(value)


RULES: dict[object, Rule] = {
    StrictCharField: (_text, (models.CharField, models.TextField)),
    StrictChoiceField: (_word, (models.CharField,)),
    StrictDateField: (_date, (models.DateField,)),
    StrictBooleanField: (lambda field: _converted(field, bool, None), (models.BooleanField,)),
    StrictIntegerField: (lambda field: _converted(field, int, None), (models.IntegerField,)),
    AmountField: (_amount, (SignedAmountField,)),
    "category": (_name, (OwnedForeignKey,)),
    "account": (_name, (OwnedForeignKey,)),
    "tags": (_names, (models.TextField,)),
}
