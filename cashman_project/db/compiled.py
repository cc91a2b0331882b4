"""Queries that are compiled once and run many times with different parameters.

The reasons are in docs/adr/0030-compiled-statements.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from .replica import READING
from .sqlite.values import sqlite_value
from .types import SQL, AnyField, DatabaseRow, FieldOrRelation


class Placeholder(NamedTuple):
    """The place of a parameter in a statement, and the field that converts its value for the database."""

    name: str
    field: AnyField


class Parameter(Expression):
    """A value that is given when the statement runs. For a foreign key, it is the key."""

    def __init__(self, name: str, field: FieldOrRelation) -> None:
        target = getattr(field, "target_field", None) or field
        assert isinstance(target, Field)
        super().__init__(output_field=target)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return "%s", [Placeholder(self.name, self.output_field)]


class Statement:
    """The SQL of a queryset of values (`values_list`), in which each `Parameter` gets its value later.

    Compiling a query takes Django several times as long as running it. PostgreSQL takes as long again to plan it. A
    `prepared` statement is planned once in a session. Use it for statements with one plan that is good for all values.
    There are a few dozen of these.
    """

    def __init__(self, queryset: QuerySet[Model, DatabaseRow], *, prepared: bool = True) -> None:
        self.prepared = prepared
        compiler = queryset.query.get_compiler(queryset.db)
        try:
            self.sql, params = compiler.as_sql()
        except EmptyResultSet:  # the conditions rule out every row
            self.sql, params = "", ()
        self.params, self.places = _each_once(params)
        self.converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])

    def rows(self, values: Mapping[str, object]) -> list[DatabaseRow]:
        """Return the rows as the database's driver returns them. `values` are those of the parameters, by name.

        Raises NotSupportedError as `execute_prepared` does.
        """
        if not self.sql:
            return []
        connection = connections[READING.alias]
        params = [
            param.field.get_db_prep_value(values[param.name], connection) if type(param) is Placeholder else param
            for param in self.params
        ]
        with connection.cursor() as cursor:
            if self.prepared:
                execute_prepared(cursor, self.sql, params, self.places)
            else:
                cursor.execute(self.sql, _placed(params, self.places))
            rows: list[DatabaseRow] = cursor.fetchall()
            return rows

    def converted(self, row: DatabaseRow) -> DatabaseRow:
        """Return a row's values as model fields have them in Python."""
        values = list(row)
        for position, (convert, expression) in self.converters.items():
            for function in convert:
                values[position] = function(values[position], expression, connections[READING.alias])
        return values


def _each_once(params: DatabaseRow) -> tuple[DatabaseRow, tuple[int, ...]]:
    """Return the parameters with each placeholder once, and for each place in the SQL the position of its parameter.

    The owner is in each part of a statement. It is converted and sent once.
    """
    each: list[object] = []
    places = []
    for param in params:
        if type(param) is not Placeholder or param not in each:
            each.append(param)
            places.append(len(each) - 1)
        else:
            places.append(each.index(param))
    return each, tuple(places)


def _placed(params: DatabaseRow, places: tuple[int, ...]) -> DatabaseRow:
    return [params[place] for place in places]


def execute_prepared(
    cursor: CursorWrapper, sql: str, params: DatabaseRow, places: tuple[int, ...] | None = None
) -> None:
    """Execute SQL that runs often, as a prepared statement if the database has them.

    `places` are the positions in `params` of what each %s of the SQL stands for; by default, one after the other.
    Raises NotSupportedError in a transaction if a table was altered after the statement was prepared. The next time it
    is prepared again.
    """
    connection = cursor.db
    if places is None:
        places = tuple(range(len(params)))
    prepared = connection.prepared(sql, places) if connection.vendor == "postgresql" else sql
    if prepared is sql:
        cursor.execute(sql, _placed(params, places))
        return
    try:
        cursor.execute(prepared, params)
    except NotSupportedError:
        connection.statements.clear()
        if connection.in_atomic_block:
            raise
        cursor.execute(sql, _placed(params, places))


# A connection of one of our two backends.
def execute_later(connection: Any, sql: str, params: Sequence[object], *, prepared: bool = False) -> None:
    """Execute a statement without a result in the open transaction.

    On PostgreSQL, that may happen together with the next statement, or with COMMIT, and then its errors are raised
    there. A `prepared` statement is planned once in a session.
    """
    if prepared and connection.vendor == "postgresql":
        sql = connection.prepared(sql, tuple(range(len(params))))
    connection.execute_later(sql, params)


def database_values(connection: BaseDatabaseWrapper, values: Sequence[object]) -> Sequence[object]:
    """Return the values as the database's driver takes them. psycopg2 takes UUIDs and timestamps as they are."""
    return list(map(sqlite_value, values)) if connection.vendor == "sqlite" else values
