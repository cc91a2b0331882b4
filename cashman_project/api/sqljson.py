"""A row's JSON text, written by the database: the same bytes that the serializers and the renderer make of it."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Func, TextField
from django.db.models.sql.compiler import SQLCompiler
from rest_framework import serializers

from .serializers import StrictCharField, StrictChoiceField, StrictMomentField


class JSONValue(Func):
    """A column as JSON text: its `postgresql` or `sqlite` template. NULL is null."""

    output_field = TextField()
    postgresql: str
    sqlite: str

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=f"COALESCE({self.postgresql}, 'null')", **context)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=f"COALESCE({self.sqlite}, 'null')", **context)


class TextJSON(JSONValue):
    postgresql = "TO_JSON(%(expressions)s)::text"
    sqlite = "JSON_QUOTE(%(expressions)s)"


class IntegerJSON(JSONValue):
    postgresql = "%(expressions)s::text"
    sqlite = "CAST(%(expressions)s AS TEXT)"


class UUIDJSON(JSONValue):
    postgresql = "'\"' || %(expressions)s || '\"'"
    sqlite = (
        "'\"' || SUBSTR(%(expressions)s, 1, 8) || '-' || SUBSTR(%(expressions)s, 9, 4) || '-' || "
        "SUBSTR(%(expressions)s, 13, 4) || '-' || SUBSTR(%(expressions)s, 17, 4) || '-' || "
        "SUBSTR(%(expressions)s, 21) || '\"'"
    )


class DateJSON(JSONValue):
    postgresql = "'\"' || TO_CHAR(%(expressions)s, 'YYYY-MM-DD') || '\"'"
    sqlite = "'\"' || %(expressions)s || '\"'"


class MomentJSON(JSONValue):
    """SQLite's text leaves a fraction of zero out."""

    postgresql = "'\"' || TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') || '\"'"
    sqlite = (
        "'\"' || SUBSTR(%(expressions)s, 1, 10) || 'T' || SUBSTR(%(expressions)s, 12, 8) || '.' || "
        "SUBSTR(%(expressions)s || '.000000', 21, 6) || 'Z\"'"
    )


class RowJSON(Func):
    """An object of the given members, whose values are JSON text already."""

    output_field = TextField()

    def __init__(self, **members: Expression) -> None:
        super().__init__(*members.values())
        self.names = list(members)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **context: Any) -> Any:
        parts: list[str] = []
        params: list[Any] = []
        for name, expression in zip(self.names, self.get_source_expressions(), strict=True):
            sql, values = compiler.compile(expression)
            parts += [f"""'{"," if parts else "{"}"{name}":'""", sql]
            params += values
        parts.append("'}'")
        if connection.vendor == "postgresql":  # where each || would copy what is there so far
            return f"CONCAT({', '.join(parts)})", params
        return f"({' || '.join(parts)})", params


VALUES: dict[type[serializers.Field[Any, Any, Any, Any]], type[JSONValue]] = {
    serializers.UUIDField: UUIDJSON,
    serializers.IntegerField: IntegerJSON,
    serializers.DateField: DateJSON,
    StrictMomentField: MomentJSON,
    StrictCharField: TextJSON,
    StrictChoiceField: TextJSON,
}


def row_json(serializer: serializers.Serializer[Any]) -> RowJSON:
    """Return the expression of what the serializer makes of a row.

    A field of a kind of its own says itself how it looks, by `json_value()`. Raises KeyError on a
    kind that has no form in SQL.
    """
    return RowJSON(**{name: _json_value(field) for name, field in serializer.fields.items()})


def _json_value(field: Any) -> Expression:
    if hasattr(field, "json_value"):
        return field.json_value()  # type: ignore[no-any-return]
    value = next(VALUES[kind] for kind in type(field).__mro__ if kind in VALUES)
    return value(F(field.source))
