"""How the columns of a table are written as JSON, and read again, strictly.

An amount is a text with plain digits, a timestamp is in UTC, an id has its usual form. What the database makes by
itself is left out, and so is the owner.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import connection, models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils.translation import gettext_lazy as _

from cashman_project.api.dates import INVALID_DATE, INVALID_TIMESTAMP, parse_date, parse_timestamp
from cashman_project.api.types import JSONObject
from cashman_project.api.viewsets import UUID_FORM
from cashman_project.db.derived_fields import DerivedField
from cashman_project.db.sqlite.values import sqlite_value
from cashman_project.db.types import AnyField, Values
from cashman_project.money.amounts import INVALID_AMOUNT, LIMIT, parse_amount, units_of
from cashman_project.money.model_field import MoneyField
from ledgers.models import OwnedModel
from statements.models import LineIdentity
from transactions.models.rule import LONGEST_TEXT, MOST_TEXTS
from transactions.names import LONGEST_NAME, MOST_TAGS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ValueT = TypeVar("ValueT")

NOT_MOVED = {"owner", "ledger", "by"}  # the new owner is the one who reads; nobody else is known there
# Columns of text that hold JSON: arrays of at most so many texts, and objects, which are what a row of another table
# was.
LISTS = {"tags": MOST_TAGS, "words": MOST_TEXTS, "starts_with": MOST_TEXTS}
OBJECTS = {"before"}
LARGEST = 2**53  # of an integer: counters of versions and revisions, which have room to go on
DEEPEST = 12  # arrays and objects within one another
LONGEST_LISTED = max(LONGEST_NAME, LONGEST_TEXT)  # characters of a text in an array
LONGEST = 10_000  # characters of a text that has no length of its own
KEPT_VALUES = 2_000  # of a column, because most come again
LONGEST_KEPT = 100  # characters
WRONG = _("This can't be stored here.")
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE

Read = Callable[[Any], Any]  # Any: what JSON has, as the model's field has it; raises ValidationError or ValueError


class Column(NamedTuple):
    """A column: its name, how its value is read, how it is stored, and whether it has to be there.

    `stored` makes what the database stores of what the field has; None if it is the same.
    """

    name: str
    field: AnyField
    read: Read
    stored: Read | None
    is_required: bool


def columns_of(model: type[models.Model]) -> tuple[Column, ...]:
    """Return the columns of a table that go out and come in. Their readers remember values, so make them anew to read
    another export."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if field.name not in NOT_MOVED and not isinstance(field, DerivedField)
    ]
    return tuple(map(column_of, fields))


def column_of(field: Any) -> Column:  # of any kind
    """Return the column of a field."""
    is_required = not (field.null or field.has_default())
    return Column(field.attname, field, _remembering(_reader(field)), _storing(field), is_required)


# -- Out --------------------------------------------------------------------------------------


def line_of(names: Sequence[str], values: Sequence[object]) -> bytes:
    """Return a row as a line of JSON."""
    return orjson.dumps(object_of(dict(zip(names, values, strict=True))), _plain, OPTIONS)


def object_of(row: JSONObject) -> JSONObject:
    """Return a row, whose values are as its model has them, as it is written in JSON. It is changed."""
    for name in LISTS.keys() & row.keys():
        row[name] = orjson.Fragment(row[name])  # the text of an array
    return row


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(type(value).__name__)


# -- In ---------------------------------------------------------------------------------------


def read_values(columns: Sequence[Column], data: JSONObject) -> Values:
    """Return the values of a row as its model has them; a column that is missing has its default if it has one.

    Raises ValidationError, by the names of the columns.
    """
    values, missing = {}, 0
    for name, field, read, _stored, is_required in columns:
        try:
            if name not in data and not is_required:  # an export from before the column
                value, missing = field.get_default(), missing + 1
            elif (value := data[name]) is None:
                if not field.null and name not in OBJECTS:
                    raise ValidationError(WRONG, code="invalid")
            else:
                value = read(value)
        except KeyError:
            raise ValidationError({name: WRONG}, code="invalid") from None
        except ValidationError as error:
            raise ValidationError({name: error}) from None
        values[name] = value
    if len(data) > len(values) - missing:
        unknown = sorted(data.keys() - values.keys())[0]
        raise ValidationError({unknown[:LONGEST_KEPT]: _("There is no such field.")})
    return values


def stored_values(columns: Sequence[Column], values: Values) -> list[object]:
    """Return the values as the database stores them, in the order of the columns."""
    found = [(values[name], stored) for name, _field, _read, stored, _is_required in columns]
    return [value if value is None or stored is None else stored(value) for value, stored in found]


def _remembering(read: Read) -> Read:
    """Return a reader that reads equal short texts once."""
    known: dict[str, object] = {}

    def remember(value: object) -> object:
        if type(value) is not str or len(value) > LONGEST_KEPT:
            return read(value)
        found = known.get(value)
        if found is None:
            if len(known) > KEPT_VALUES:
                known.clear()
            found = known[value] = read(value)
        return found

    return remember


def _reader(field: AnyField) -> Read:
    """Return what reads the values of a field that are not null."""
    if field.name in LISTS:
        return _names_reader(LISTS[field.name])
    if field.name in OBJECTS:
        return _object
    if isinstance(field, models.ForeignKey | models.UUIDField):
        return _uuid
    if isinstance(field, MoneyField):
        return _amount
    if isinstance(field, models.DateTimeField):
        return lambda value: _of_text(parse_timestamp, value, INVALID_TIMESTAMP)
    if isinstance(field, models.DateField):
        return lambda value: _of_text(parse_date, value, INVALID_DATE)
    if isinstance(field, models.BooleanField):
        return _flag
    if isinstance(field, models.IntegerField):
        return _integer_reader(field)
    if isinstance(field, models.JSONField):
        return _json
    assert isinstance(field, models.CharField | models.TextField), field
    return _text_reader(field)


def _storing(field: AnyField) -> Read | None:
    """Return what makes the stored values of a field; None if they are the values of the field."""
    if isinstance(field, models.ForeignKey | models.UUIDField):
        return lambda value: value.hex  # which both databases take
    if isinstance(field, MoneyField):
        return units_of
    if isinstance(field, models.DateTimeField):
        return lambda value: sqlite_value(value) if connection.vendor == "sqlite" else value.isoformat()
    if isinstance(field, models.DateField):
        return lambda value: value.isoformat()
    if isinstance(field, models.JSONField):
        return lambda value: orjson.dumps(value).decode()
    return None


def _of_text(parse: Callable[[str], ValueT], value: Any, message: "StrOrPromise") -> ValueT:  # Any: JSON
    try:
        return parse(value)
    except (TypeError, ValueError):
        raise ValidationError(message, code="invalid") from None


def _uuid(value: object) -> UUID:
    if type(value) is not str or not UUID_FORM.fullmatch(value):
        raise ValidationError(WRONG, code="invalid")
    return UUID(value)


def _amount(value: object) -> Decimal:
    amount = _of_text(parse_amount, value, INVALID_AMOUNT)
    try:
        units_of(amount)
    except ValueError:
        raise ValidationError(INVALID_AMOUNT, code="invalid") from None
    if not -LIMIT < amount < LIMIT:
        raise ValidationError(INVALID_AMOUNT, code="invalid")
    return amount


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise ValidationError(WRONG, code="invalid")
    return value


def _integer_reader(field: AnyField) -> Read:
    _least, most = BaseDatabaseOperations.integer_field_ranges[field.get_internal_type()]
    own: list[Callable[[int], None]] = field._validators  # type: ignore[attr-defined]  # without those of the range
    highest = min(most, LARGEST)
    lowest = -highest if field.model is LineIdentity else 0

    def read(value: object) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise ValidationError(WRONG, code="invalid")
        for validate in own:
            validate(value)
        return value

    return read


def _text_reader(field: AnyField) -> Read:
    longest, choices = field.max_length or LONGEST, {key for key, _label in field.flatchoices}
    validators = [one for one in field.validators if not isinstance(one, MaxLengthValidator)]
    needs_text = issubclass(field.model, OwnedModel) and field.editable and not field.blank

    def read(value: object) -> str:
        if type(value) is not str or "\0" in value or (needs_text and not value):
            raise ValidationError(WRONG, code="invalid")
        if len(value) > longest or (choices and value not in choices) or field.to_python(value) != value:
            raise ValidationError(WRONG, code="invalid")
        for validate in validators:
            validate(value)
        return value

    return read


def _object(value: object) -> JSONObject:
    if type(value) is not dict:
        raise ValidationError(WRONG, code="invalid")
    return value


def _names_reader(most: int) -> Read:
    """Return what reads an array of texts as its text, in the form that is stored."""

    def read(value: object) -> str:
        if type(value) is not list or len(value) > most:
            raise ValidationError(WRONG, code="invalid")
        if any(type(name) is not str or "\0" in name or len(name) > LONGEST_LISTED for name in value):
            raise ValidationError(WRONG, code="invalid")
        return orjson.dumps(value).decode()

    return read


def _json(value: object) -> object:
    """Return any JSON whose texts can be stored."""
    level: list[Any] = [value]  # of JSON
    for _depth in range(DEEPEST):
        texts = [one for one in level if type(one) is str]
        for one in level:
            if type(one) is dict:
                texts += one.keys()
        if any("\0" in text for text in texts):
            raise ValidationError(WRONG, code="invalid")
        level = [
            inner
            for one in level
            if type(one) in (dict, list)
            for inner in (one.values() if type(one) is dict else one)
        ]
        if not level:
            return value
    raise ValidationError(WRONG, code="invalid")


def read_line(line: bytes) -> JSONObject:
    """Return the object in a line of JSON. Raises ValidationError."""
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError:
        data = None
    if type(data) is not dict:
        raise ValidationError(WRONG, code="invalid")
    return data
