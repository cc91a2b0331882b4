"""A row's JSON, written by the database: the same bytes that the serializers and the renderer make.

The reasons are in docs/adr/0014-json-by-the-database.md.
"""

from typing import Protocol, runtime_checkable

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Func, IntegerField, Model, TextField, UUIDField
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler
from rest_framework import serializers
from rest_framework.settings import api_settings

from cashman_project.db.types import SQL

from ..serializers import StrictCharField, StrictChoiceField, StrictTimestampField
from ..types import FieldsSerializer, SerializerField

EXACT_DIGITS = 15  # of a decimal number, which SQLite holds as a float


class JSONValue(Func):
    """A column as the text of a JSON value. If it is `quoted`, the text lacks its quotation marks.

    Each class has its templates for `postgresql` and `sqlite`. On PostgreSQL the SQL may have any type, because CONCAT
    turns it into text.
    """

    output_field = TextField()
    quoted = False
    postgresql = sqlite = "%(expressions)s"

    @classmethod
    def of(cls, field: SerializerField) -> "JSONValue | None":
        """Return the expression of what the serializer's field makes of a row; None if it can't be written in SQL."""
        return cls(F(_column(field)))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template=self.postgresql)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, template=self.sqlite)


class TextJSON(JSONValue):
    postgresql = "TO_JSON(%(expressions)s)"
    sqlite = "JSON_QUOTE(%(expressions)s)"


class WordJSON(JSONValue):
    """A word that needs no escaping in JSON."""

    quoted = True


class UUIDJSON(JSONValue):
    quoted = True
    sqlite = (
        "SUBSTR(%(expressions)s, 1, 8) || '-' || SUBSTR(%(expressions)s, 9, 4) || '-' || "
        "SUBSTR(%(expressions)s, 13, 4) || '-' || SUBSTR(%(expressions)s, 17, 4) || '-' || SUBSTR(%(expressions)s, 21)"
    )


class DateJSON(JSONValue):
    """A date. Both databases write it in ISO 8601; psycopg2 sets PostgreSQL's DateStyle to that."""

    quoted = True


class TimestampJSON(JSONValue):
    """A timestamp. SQLite's text has no fraction if the microseconds are zero."""

    quoted = True
    postgresql = "TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    sqlite = (
        "SUBSTR(%(expressions)s, 1, 10) || 'T' || SUBSTR(%(expressions)s, 12, 8) || '.' || "
        "SUBSTR(%(expressions)s || '.000000', 21, 6) || 'Z'"
    )


class BooleanJSON(JSONValue):
    postgresql = sqlite = "CASE WHEN %(expressions)s THEN 'true' WHEN NOT %(expressions)s THEN 'false' END"


class DecimalJSON(JSONValue):
    """A decimal number as text, with as many decimals as its field has. SQLite is exact up to fifteen digits."""

    quoted = True

    def __init__(self, expression: Expression | F, places: int) -> None:
        super().__init__(expression, places=places)

    @classmethod
    def of(cls, field: SerializerField) -> JSONValue | None:
        assert isinstance(field, serializers.DecimalField)
        is_text = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
        is_plain = is_text and not field.localize and not field.normalize_output
        if not is_plain or field.decimal_places is None or (field.max_digits or 99) > EXACT_DIGITS:
            return None
        return cls(F(_column(field)), field.decimal_places)

    postgresql = "ROUND(%(expressions)s, %(places)s)"
    sqlite = "CASE WHEN %(expressions)s IS NOT NULL THEN PRINTF('%%%%.%(places)sf', %(expressions)s) END"


class KeyJSON(JSONValue):
    """The key of the row that a foreign key refers to."""

    @classmethod
    def of(cls, field: SerializerField) -> JSONValue | None:
        assert isinstance(field, serializers.PrimaryKeyRelatedField)
        assert isinstance(field.parent, serializers.ModelSerializer)
        model: type[Model] = field.parent.Meta.model
        columns = {column.name: column for column in model._meta.concrete_fields}
        target = getattr(columns.get(_column(field)), "target_field", None)
        if field.pk_field is None and isinstance(target, UUIDField):
            return UUIDJSON(F(_column(field)))
        return JSONValue(F(_column(field))) if field.pk_field is None and isinstance(target, IntegerField) else None


def _column(field: SerializerField) -> str:
    """Return the name of the model's field that the serializer's field shows."""
    assert isinstance(field.source, str)  # it is bound to its serializer
    return field.source


class RowJSON(Func):
    """A JSON object with these members."""

    output_field = TextField()

    def __init__(self, **members: JSONValue) -> None:
        super().__init__(*members.values())
        self.members = members

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: object, **context: object) -> SQL:
        parts: list[str] = []
        params: list[str | int] = []
        text = "{"
        for (name, member), value in zip(self.members.items(), self.get_source_expressions(), strict=True):
            sql, values = compiler.compile(value)
            mark = '"' if member.quoted else ""
            if _may_be_null(value, compiler):
                sql, mark = _or_null(sql, mark, connection.vendor), ""
            parts += [f"""'{text}"{name}":{mark}'""", sql]
            params += values
            text = f"{mark},"
        parts.append(f"'{text[:-1]}}}'")
        if connection.vendor == "postgresql":  # there, || would copy the text once for each member
            return f"CONCAT({', '.join(parts)})", params
        return f"({' || '.join(parts)})", params


class TabbedJSON(Func):
    """JSON texts, with a tab between them. They have none themselves, because JSON escapes it."""

    output_field = TextField()
    template = "%(expressions)s"

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, arg_joiner=" || E'\\t' || ")

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, arg_joiner=" || CHAR(9) || ")


class ArrayJSON(Func):
    """Columns as one JSON array.

    Django's JSONArray would first ask SQLite, in a transaction, whether it knows JSON. If that
    hits a lock, Django takes it for a no.
    """

    output_field = TextField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template="JSON_BUILD_ARRAY(%(expressions)s)::text")

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, function="JSON_ARRAY")


def _may_be_null(value: Expression, compiler: SQLCompiler) -> bool:
    """Return whether the value's column may be NULL, also because there is no row of the joined table."""
    column = value.get_source_expressions()[0]
    if not isinstance(column, Col):  # an annotation
        return True
    return column.target.null or column.alias != compiler.query.get_initial_alias()


def _or_null(sql: str, mark: str, vendor: str) -> str:
    """Return SQL for the text of a value in its quotation marks, or null."""
    text = f"'{mark}' || {sql} || '{mark}'" if mark else f"{sql}::text" if vendor == "postgresql" else sql
    return f"COALESCE({text}, 'null')"


VALUES: dict[type[SerializerField], type[JSONValue]] = {
    serializers.UUIDField: UUIDJSON,
    serializers.BooleanField: BooleanJSON,
    serializers.DecimalField: DecimalJSON,
    serializers.PrimaryKeyRelatedField: KeyJSON,
    serializers.IntegerField: JSONValue,
    serializers.BigIntegerField: JSONValue,  # type: ignore[attr-defined]  # the stubs lack it
    serializers.DateField: DateJSON,
    StrictTimestampField: TimestampJSON,
    StrictCharField: TextJSON,
    StrictChoiceField: WordJSON,
}

# The methods that decide how a field looks in JSON. A class that overrides one needs a form in SQL of its own.
REPRESENTATION_METHODS = {"get_attribute", "to_representation"}


@runtime_checkable
class WritesJSON(Protocol):
    """A field that has a form in SQL of its own."""

    def json_value(self) -> JSONValue:
        """Return the SQL for what the field makes of a row."""


def row_json(serializer: FieldsSerializer) -> RowJSON:
    """Return the SQL for the JSON that the serializer makes of a row; raises TypeError if it has no form in SQL."""
    return RowJSON(**{name: _form_of(field) for name, field in readable_fields(serializer).items()})


def readable_fields(serializer: FieldsSerializer) -> dict[str, SerializerField]:
    """Return the fields that a row has in JSON."""
    return {name: field for name, field in serializer.fields.items() if not field.write_only}


def find_form(field: SerializerField) -> JSONValue | None:
    """Return the SQL for what the field makes of a row; None if its form in SQL is not known.

    A class of fields has its form in SQL in VALUES, or a method `json_value()` that returns it. It holds for derived
    classes too, unless one of them overrides what the field makes of a row.
    """
    for kind in type(field).__mro__:
        if "json_value" in vars(kind):
            assert isinstance(field, WritesJSON)
            return field.json_value()
        if kind in VALUES:
            return VALUES[kind].of(field)
        if REPRESENTATION_METHODS & vars(kind).keys():
            return None
    return None


def _form_of(field: SerializerField) -> JSONValue:
    form = find_form(field)
    if form is None:
        raise TypeError(f"{type(field).__name__} {field.field_name!r} has no form in SQL.")
    return form
