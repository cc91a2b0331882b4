"""An UPDATE that gives each of many rows values of its own.

Django's `bulk_update` writes a CASE with a branch for each row: what that costs grows with the square of their number.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from django.core.exceptions import FieldError
from django.db import connections
from django.db.models import Field, Value
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLUpdateCompiler


class Given(Value):
    """The value that an `UpdateEachQuery` gives a row, at that place of its `fields`."""

    def __init__(self, position: int, field: Any) -> None:
        super().__init__(position, output_field=field)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return f"given.column_{self.value}", []


class UpdateEachQuery(UpdateQuery):
    """An UPDATE of `rows`, each an array of values in `fields`' order, of which the first is its key."""

    fields: Sequence[Any]
    rows: Sequence[Sequence[Any]]

    def get_compiler(self, using: Any = None, connection: Any = None, elide_empty: bool = True) -> Any:
        return UpdateEachCompiler(self, connections[using] if using else connection, using)


class UpdateEachCompiler(SQLUpdateCompiler):
    """Writes the rows as one parameter in JSON, which both databases read in one pass."""

    query: UpdateEachQuery

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        """Return the SQL and its parameters; raises FieldError on a row with an expression for a value."""
        sql, params = super().as_sql(*args, **kwargs)
        change, _where, conditions = sql.partition(" WHERE ")  # none of the values is a query, so this is the first
        is_sqlite = self.connection.vendor == "sqlite"
        given = "JSON_EACH(%s)" if is_sqlite else "JSON_ARRAY_ELEMENTS(%s::json)"
        columns = ", ".join(
            f"{self._value(position)} AS column_{position}" for position in range(len(self.query.fields))
        )
        table, key = map(self.quote_name_unless_alias, (self.query.base_table, self.query.fields[0].column))
        where = f"{table}.{key} = given.column_0"
        if conditions:
            # SQLite would find the rows of an owner first, and read the JSON once for each; a plus keeps it from that.
            where += f" AND {'+' if is_sqlite else ''}({conditions})"
        before = change.count("%s")
        return (
            f"{change} FROM (SELECT {columns} FROM {given}) AS given WHERE {where}",  # noqa: S608  # no input
            (*params[:before], self._json(), *params[before:]),
        )

    def _value(self, position: int) -> str:
        """Return the SQL of the value at that place of a row."""
        if self.connection.vendor == "sqlite":
            return f"JSON_EXTRACT(value, '$[{position}]')"
        kind = self.query.fields[position].db_type(self.connection)
        return f"(value->>{position})::{kind.partition('(')[0]}"  # without its length, so that nothing is cut off

    def _json(self) -> str:
        columns = []
        for field, values in zip(self.query.fields, zip(*self.query.rows, strict=True), strict=True):
            columns.append([_prepared(field, value, self.connection) for value in values])
        return orjson.dumps(list(zip(*columns, strict=True))).decode()


def _prepared(field: "Field[Any, Any]", value: Any, connection: Any) -> Any:
    """Return the value as the database holds it."""
    if hasattr(value, "resolve_expression"):
        raise FieldError(f"{type(value).__name__} written to {field.name} of one of many rows: give it a value.")
    return field.get_db_prep_save(value, connection)
