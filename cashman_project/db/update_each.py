"""An UPDATE that gives each row its own values.

Django's `bulk_update` writes a CASE with a branch for each row, so its cost grows with the square of their number.
"""

from collections.abc import Sequence

import orjson
from django.core.exceptions import FieldError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Value
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler, SQLUpdateCompiler

from .types import SQL, AnyField, DatabaseRow


class Given(Value):
    """The value that an `UpdateEachQuery` gives to a field of a row. `position` is the field's index in `fields`."""

    def __init__(self, position: int, field: AnyField) -> None:
        super().__init__(position, output_field=field)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return f"given.column_{self.value}", []


class UpdateEachQuery(UpdateQuery):
    """An UPDATE of `rows`. Each row has its values in the order of `fields`, and its key comes first."""

    fields: Sequence[AnyField]
    rows: Sequence[DatabaseRow]

    def get_compiler(
        self, using: str | None = None, connection: BaseDatabaseWrapper | None = None, elide_empty: bool = True
    ) -> "UpdateEachCompiler":
        connection = connections[using] if using else connection
        assert connection is not None
        return UpdateEachCompiler(self, connection, using)


class UpdateEachCompiler(SQLUpdateCompiler):
    """Sends the rows as one parameter in JSON, which both databases read in one pass."""

    query: UpdateEachQuery

    def as_sql(self, with_limits: bool = True, with_col_aliases: bool = False) -> SQL:
        """Return the SQL and its parameters. Raises FieldError if a row has an expression as a value."""
        sql, params = super().as_sql()
        change, _where, conditions = sql.partition(" WHERE ")  # no value is a query, so this is the first WHERE
        is_sqlite = self.connection.vendor == "sqlite"
        given = "JSON_EACH(%s)" if is_sqlite else "JSON_ARRAY_ELEMENTS(%s::json)"
        columns = ", ".join(
            f"{self._value(position)} AS column_{position}" for position in range(len(self.query.fields))
        )
        table, key = map(self.quote_name_unless_alias, (self.query.base_table, self.query.fields[0].column))
        where = f"{table}.{key} = given.column_0"
        if conditions:
            # SQLite would find the owner's rows first, and read the JSON once for each of them. A plus prevents that.
            where += f" AND {'+' if is_sqlite else ''}({conditions})"
        before = change.count("%s")
        return (
            f"{change} FROM (SELECT {columns} FROM {given}) AS given WHERE {where}",  # noqa: S608  # no input
            (*params[:before], self._json(), *params[before:]),
        )

    def _value(self, position: int) -> str:
        """Return the SQL of a row's value at this position."""
        if self.connection.vendor == "sqlite":
            return f"JSON_EXTRACT(value, '$[{position}]')"
        column_type = self.query.fields[position].db_type(self.connection) or ""
        return f"(value->>{position})::{column_type.partition('(')[0]}"  # without a length, so that nothing is cut off

    def _json(self) -> str:
        columns = []
        for field, values in zip(self.query.fields, zip(*self.query.rows, strict=True), strict=True):
            columns.append([_prepared(field, value, self.connection) for value in values])
        return orjson.dumps(list(zip(*columns, strict=True))).decode()


def _prepared(field: AnyField, value: object, connection: BaseDatabaseWrapper) -> object:
    """Return the value as the database stores it."""
    if hasattr(value, "resolve_expression"):
        raise FieldError(f"{type(value).__name__} written to {field.name} of one of many rows: give it a value.")
    return field.get_db_prep_save(value, connection)
