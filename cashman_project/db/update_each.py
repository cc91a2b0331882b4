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
        table, key = map(self.quote_name_unless_alias, (self.query.base_table, self.query.fields[0].column))
        where = f"{table}.{key} = given.column_0"
        if conditions:
            # SQLite would find the owner's rows first, and read the JSON once for each of them. A plus prevents that.
            where += f" AND {'+' if self._is_sqlite else ''}({conditions})"
        before = change.count("%s")
        return (
            f"{change} FROM {self._given()} WHERE {where}",
            (*params[:before], self._json(), *params[before:]),
        )

    @property
    def _is_sqlite(self) -> bool:
        return self.connection.vendor == "sqlite"

    def _given(self) -> str:
        """Return SQL of a table `given`, which has the rows from the JSON."""
        numbers = range(len(self.query.fields))
        if self._is_sqlite:
            columns = [f"JSON_EXTRACT(value, '$[{number}]') AS column_{number}" for number in numbers]
            return f"(SELECT {', '.join(columns)} FROM JSON_EACH(%s)) AS given"  # noqa: S608  # no input
        # Citus would refuse to cast a text from the JSON to a date. Types have no length, so that nothing is cut off.
        types = [(field.db_type(self.connection) or "").partition("(")[0] for field in self.query.fields]
        columns = [f"column_{number} {types[number]}" for number in numbers]
        return f"JSON_TO_RECORDSET(%s::json) AS given ({', '.join(columns)})"

    def _json(self) -> str:
        columns = []
        for field, values in zip(self.query.fields, zip(*self.query.rows, strict=True), strict=True):
            columns.append([_prepared(field, value, self.connection) for value in values])
        rows = list(zip(*columns, strict=True))
        if self._is_sqlite:
            return orjson.dumps(rows).decode()
        names = [f"column_{number}" for number in range(len(columns))]
        return orjson.dumps([dict(zip(names, row, strict=True)) for row in rows]).decode()


def _prepared(field: AnyField, value: object, connection: BaseDatabaseWrapper) -> object:
    """Return the value as the database stores it."""
    if hasattr(value, "resolve_expression"):
        raise FieldError(f"{type(value).__name__} written to {field.name} of one of many rows: give it a value.")
    return field.get_db_prep_save(value, connection)
