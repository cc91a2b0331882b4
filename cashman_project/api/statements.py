"""Queries that are compiled once and run many times, each time with parameters of their own."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Model, QuerySet, Subquery, TextField
from django.db.models.sql.compiler import SQLCompiler
from rest_framework.request import Request


class Placeholder(NamedTuple):
    """Where a statement's parameter goes, and the field that says how the database holds it."""

    name: str
    field: Any


class Parameter(Expression):
    """A value of a field that is given when the statement is run; of a foreign key it is the key."""

    def __init__(self, name: str, field: Any) -> None:
        super().__init__(output_field=getattr(field, "target_field", field))
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        return "%s", [Placeholder(self.name, self.output_field)]


class Statement:
    """The SQL of a queryset of plain values (`values_list`), in which each `Parameter` is open.

    Django's compiling of a query costs several times what running it does; and PostgreSQL's planning
    as much, unless the statement is `prepared`: there may be a few dozen of these.
    """

    def __init__(self, queryset: QuerySet[Any], *, prepared: bool = False) -> None:
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

        Raises NotSupportedError within a transaction where a table has been altered since the statement was prepared;
        it is prepared anew then.
        """
        if not self.sql:
            return []
        connection: Any = connections[self.alias]
        params = [
            param.field.get_db_prep_value(values[param.name], connection) if type(param) is Placeholder else param
            for param in self.params
        ]
        with connection.cursor() as cursor:
            is_prepared = self.prepared and connection.vendor == "postgresql"
            try:
                cursor.execute(connection.prepared(self.sql, len(params)) if is_prepared else self.sql, params)
            except NotSupportedError:
                if not is_prepared:
                    raise
                connection.statements.clear()
                if connection.in_atomic_block:
                    raise
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


class Lines(Subquery):
    """The texts of a query's one column, `line`, as one text: a row a line, so none may break lines; NULL without any.

    The query's rows are those of the `owner` of the query that this is put into. Both databases keep an order that
    nothing is joined to. What it is put into may be prepared where this may.
    """

    output_field = TextField()
    __eq__, __hash__ = object.__eq__, object.__hash__  # an Expression's compare all that it is made of

    def __init__(self, queryset: QuerySet[Any], *, prepared: bool) -> None:
        super().__init__(queryset)
        self.prepared = prepared

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **context: Any) -> Any:
        together = "STRING_AGG(line, E'\\n')" if connection.vendor == "postgresql" else "GROUP_CONCAT(line, CHAR(10))"
        template = f"(SELECT {together} FROM (%(subquery)s) AS lines)"  # noqa: S608  # no input
        return super().as_sql(compiler, connection, template=template, **context)  # type: ignore[call-arg]  # no stub


class Asked:
    """What a request asks of its owner's rows: `columns` for the query that finds out who the owner is.

    That query's parameters have the `values`, too, and `take` gets what comes of the columns.
    """

    def __init__(self, *columns: Lines, **values: Any) -> None:
        self.columns = columns
        self.values = values
        self.taken: list[str] | None = None

    def take(self, *texts: str | None) -> None:
        """Take what was found for the columns."""
        for text in texts:
            self.taken = text.split("\n") if text else []

    def lines(self, owner: Model) -> list[str]:
        """Return the lines; where the owner was found without them, they are read now."""
        if self.taken is None:
            for texts in _lines_statement(owner._meta.model, *self.columns).rows({"owner": owner.pk, **self.values}):
                self.take(*texts)
        return self.taken or []


@lru_cache(maxsize=500)
def _lines_statement(model: Any, *columns: Lines) -> Statement:
    return with_lines(model.objects.filter(pk=Parameter("owner", model._meta.pk)).annotate(owner=F("pk")), *columns)


def with_lines(rows: QuerySet[Any], *columns: Any) -> Statement:
    """Return the statement of those columns of the rows, the lines of which say whether it may be prepared."""
    return Statement(rows.values_list(*columns), prepared=all(getattr(column, "prepared", True) for column in columns))


def asked_of(request: Request) -> Asked:
    """Return what the view of the request asks; nothing where it is none that does."""
    return getattr(request.parser_context.get("view"), "asked", None) or Asked()
