"""Queries that are compiled once and run many times, each time with other parameters.

The reasons are in docs/adr/0030-compiled-statements.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, QuerySet
from django.db.models.sql.compiler import SQLCompiler


class Placeholder(NamedTuple):
    """The place of a parameter in a statement, and the field that converts its value for the database."""

    name: str
    field: Any


class Parameter(Expression):
    """A value that is given when the statement runs. For a foreign key it is the key."""

    def __init__(self, name: str, field: Any) -> None:
        super().__init__(output_field=getattr(field, "target_field", field))
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        return "%s", [Placeholder(self.name, self.output_field)]


class Statement:
    """The SQL of a queryset of values (`values_list`), in which each `Parameter` gets its value later.

    Compiling a query costs Django several times as much as running it. Planning it costs PostgreSQL as much. A
    `prepared` statement is planned once in a session. This is for the few dozen statements with one plan that is good
    for all values.
    """

    def __init__(self, queryset: QuerySet[Any], *, prepared: bool = True) -> None:
        self.alias = queryset.db
        self.prepared = prepared
        compiler = queryset.query.get_compiler(self.alias)
        try:
            self.sql, self.params = compiler.as_sql()
        except EmptyResultSet:  # the conditions rule out every row
            self.sql, self.params = "", ()
        self.converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])

    def rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows, as the database's driver gives them, for the values of the parameters by name.

        Raises NotSupportedError as `execute_prepared` does.
        """
        if not self.sql:
            return []
        connection: Any = connections[self.alias]
        params = [
            param.field.get_db_prep_value(values[param.name], connection) if type(param) is Placeholder else param
            for param in self.params
        ]
        with connection.cursor() as cursor:
            if self.prepared:
                execute_prepared(cursor, self.sql, params)
            else:
                cursor.execute(self.sql, params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def converted(self, row: tuple[Any, ...]) -> list[Any]:
        """Return a row's values as Python has them."""
        values = list(row)
        for position, (convert, expression) in self.converters.items():
            for function in convert:
                values[position] = function(values[position], expression, connections[self.alias])
        return values


def execute_prepared(cursor: Any, sql: str, params: Sequence[Any]) -> None:
    """Execute SQL that runs often, as a prepared statement if the database has them.

    Raises NotSupportedError in a transaction if a table was altered after the statement was prepared. The next time it
    is prepared again.
    """
    connection = cursor.db
    is_prepared = connection.vendor == "postgresql"
    try:
        cursor.execute(connection.prepared(sql, len(params)) if is_prepared else sql, params)
    except NotSupportedError:
        if not is_prepared:
            raise
        connection.statements.clear()
        if connection.in_atomic_block:
            raise
        cursor.execute(sql, params)
