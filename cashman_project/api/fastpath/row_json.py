"""A row's JSON, written by the database: the same bytes that the serializers and the renderer make.

The reasons are in docs/adr/0014-json-by-the-database.md.
"""

from typing import Any, cast

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, IntegerField, TextField, UUIDField
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler
from rest_framework import serializers
from rest_framework.settings import api_settings

from ..serializers import StrictCharField, StrictChoiceField, StrictTimestampField

EXACT_DIGITS = 15  # of a decimal number, which SQLite holds as a float


class JSONValue(Func):
    """A column as the text of a JSON value, or, where it is `quoted`, as what stands between its quotation marks.

    A kind names its `postgresql` and `sqlite` templates. On PostgreSQL any type will do that CONCAT writes so.
    """

    output_field = TextField()
    quoted = False
    postgresql = sqlite = "%(expressions)s"

    @classmethod
    def of(cls, field: Any) -> "JSONValue | None":
        """Return the expression of what the serializer's field makes of a row; None if it can't be written in SQL."""
        return cls(F(field.source))

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.postgresql, **context)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.sqlite, **context)


class TextJSON(JSONValue):
    postgresql = "TO_JSON(%(expressions)s)"
    sqlite = "JSON_QUOTE(%(expressions)s)"


class WordJSON(JSONValue):
    """A word of plain letters, which needs no escaping."""

    quoted = True


class UUIDJSON(JSONValue):
    quoted = True
    sqlite = (
        "SUBSTR(%(expressions)s, 1, 8) || '-' || SUBSTR(%(expressions)s, 9, 4) || '-' || "
        "SUBSTR(%(expressions)s, 13, 4) || '-' || SUBSTR(%(expressions)s, 17, 4) || '-' || SUBSTR(%(expressions)s, 21)"
    )


class DateJSON(JSONValue):
    """A date, which both databases write as ISO 8601 has it: psycopg2 sets PostgreSQL's DateStyle so."""

    quoted = True


class TimestampJSON(JSONValue):
    """SQLite's text leaves a fraction of zero out."""

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

    def __init__(self, expression: Any, places: int = 0, **extra: Any) -> None:
        super().__init__(expression, places=places, **extra)

    @classmethod
    def of(cls, field: Any) -> JSONValue | None:
        is_text = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
        is_plain = is_text and not field.localize and not field.normalize_output
        is_exact = field.decimal_places is not None and (field.max_digits or 99) <= EXACT_DIGITS
        return cls(F(field.source), field.decimal_places) if is_plain and is_exact else None

    postgresql = "ROUND(%(expressions)s, %(places)s)"
    sqlite = "CASE WHEN %(expressions)s IS NOT NULL THEN PRINTF('%%%%.%(places)sf', %(expressions)s) END"


class KeyJSON(JSONValue):
    """The key of the row that a foreign key refers to."""

    @classmethod
    def of(cls, field: Any) -> JSONValue | None:
        columns: dict[str, Any] = {column.name: column for column in field.parent.Meta.model._meta.concrete_fields}
        target = getattr(columns.get(field.source), "target_field", None)
        if field.pk_field is None and isinstance(target, UUIDField):
            return UUIDJSON(F(field.source))
        return JSONValue(F(field.source)) if field.pk_field is None and isinstance(target, IntegerField) else None


class RowJSON(Func):
    """An object of the given members."""

    output_field = TextField()

    def __init__(self, **members: JSONValue) -> None:
        super().__init__(*members.values())
        self.names = list(members)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **context: Any) -> Any:
        parts: list[str] = []
        params: list[Any] = []
        text = "{"
        for name, value in zip(self.names, cast("list[JSONValue]", self.get_source_expressions()), strict=True):
            sql, values = compiler.compile(value)
            mark = '"' if value.quoted else ""
            if _may_be_null(value, compiler):
                sql, mark = _or_null(sql, mark, connection.vendor), ""
            parts += [f"""'{text}"{name}":{mark}'""", sql]
            params += values
            text = f"{mark},"
        parts.append(f"'{text[:-1]}}}'")
        if connection.vendor == "postgresql":  # where each || would copy what is there so far
            return f"CONCAT({', '.join(parts)})", params
        return f"({' || '.join(parts)})", params


class TabbedJSON(Func):
    """The given JSON texts, a tab between them, which is in none."""

    output_field = TextField()
    template = "%(expressions)s"

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, arg_joiner=" || E'\\t' || ", **context)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, arg_joiner=" || CHAR(9) || ", **context)


class ArrayJSON(Func):
    """The given columns as one JSON array.

    Django's JSONArray first asks SQLite whether it knows JSON, in a transaction, and takes a lock in its way for a no.
    """

    output_field = TextField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="JSON_BUILD_ARRAY(%(expressions)s)::text", **context)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSON_ARRAY", **context)


def _may_be_null(value: Func, compiler: SQLCompiler) -> bool:
    """Return whether the value's column, or the row of the joined table that it is of, may be missing."""
    column: Any = value.get_source_expressions()[0]
    if not isinstance(column, Col):  # an annotation
        return True
    return column.target.null or column.alias != compiler.query.get_initial_alias()


def _or_null(sql: str, mark: str, vendor: str) -> str:
    """Return SQL for the text of a value in its quotation marks, or of null."""
    text = f"'{mark}' || {sql} || '{mark}'" if mark else f"{sql}::text" if vendor == "postgresql" else sql
    return f"COALESCE({text}, 'null')"


VALUES: dict[type[serializers.Field[Any, Any, Any, Any]], type[JSONValue]] = {
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


# What decides how a field looks in JSON, and so what no field may override after its form in SQL is known.
SHAPING = {"get_attribute", "to_representation"}


def row_json(serializer: serializers.Serializer[Any]) -> RowJSON:
    """Return the expression of what the serializer makes of a row. Raises TypeError if a field has no form in SQL."""
    return RowJSON(**{name: _form_of(field) for name, field in readable_fields(serializer).items()})


def readable_fields(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    """Return the fields that a row has in JSON."""
    return {name: field for name, field in serializer.fields.items() if not field.write_only}


def find_form(field: Any) -> JSONValue | None:
    """Return the expression of what the field makes of a row; None if nothing says how it looks in SQL.

    A field of a kind of its own says so by `json_value()`, others by their kind in VALUES. That counts only if no class
    derived from the one that says so makes something else of the row.
    """
    for kind in type(field).__mro__:
        if "json_value" in vars(kind):
            return field.json_value()  # type: ignore[no-any-return]
        if kind in VALUES:
            return VALUES[kind].of(field)
        if SHAPING & vars(kind).keys():
            return None
    return None


def _form_of(field: Any) -> JSONValue:
    form = find_form(field)
    if form is None:
        raise TypeError(f"{type(field).__name__} {field.field_name!r} has no form in SQL.")
    return form
