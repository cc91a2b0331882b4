"""The query for a row or a page that runs together with the query for the request's user.

The reasons are in docs/adr/0032-owner-query.md.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import IntegerField, Model, Subquery, TextField
from django.db.models.sql.compiler import SQLCompiler

from cashman_project.db.compiled import Parameter, Statement
from cashman_project.db.types import SQL, DatabaseRow

if TYPE_CHECKING:
    from rest_framework.request import Request


class OwnerColumn(Subquery):
    """A column to add to the query that finds the user. Its own query gets the owner as the parameter "owner"."""

    __eq__, __hash__ = object.__eq__, object.__hash__  # those of Expression compare everything that it is made of


class Lines(OwnerColumn):
    """A query's one column `line` as one text, with one row a line; NULL if there are no rows.

    No row may hold a line break. The parameter `limit` says how many rows there are at most. Both databases keep the
    order of the rows, because nothing is joined to them.
    """

    output_field = TextField()
    limit = Parameter("limit", IntegerField())

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        together = "STRING_AGG(line, E'\\n')" if connection.vendor == "postgresql" else "GROUP_CONCAT(line, CHAR(10))"
        # PostgreSQL plans this without knowing the owner or, because of this form, the limit. So it reads the first
        # rows from an index. If it knew the limit, it would expect fewer rows than that, as most owners have, and sort
        # all of them.
        template = f"(SELECT {together} FROM (%(subquery)s LIMIT (SELECT CAST(%%s AS integer))) AS lines)"  # noqa: S608  # no input
        sql, params = super().as_sql(compiler, connection, template=template)  # type: ignore[call-arg]  # no stub
        return sql, (*params, *compiler.compile(self.limit)[1])


class OwnerQuery:
    """A query of the request's owner: `columns` to add to the query that finds the user, and its parameters' `values`.

    A view that has one declares it as `owner_query`. The view sets it before the user is authenticated. The
    authentication runs it, with the owner as one more parameter, and calls `take` with the columns' values. Then the
    view reads its `lines`, which is the last column, and its `extras`, which are all others.
    """

    def __init__(self, lines: Lines | None = None, extras: tuple[OwnerColumn, ...] = (), **values: object) -> None:
        self.has_lines = lines is not None
        self.columns = (*extras, lines) if lines is not None else extras
        self.values = values
        self._found: DatabaseRow | None = None

    def take(self, *found: object) -> None:
        """Store what was found for the columns."""
        self._found = found

    def forget(self) -> None:
        """Forget what was found, so that it is read again."""
        self._found = None

    def lines(self, owner: Model) -> list[str]:
        """Return the lines."""
        text = self._values(owner)[-1]
        return text.split("\n") if text else []

    def extras(self, owner: Model) -> DatabaseRow:
        """Return the values of the other columns."""
        found = self._values(owner)
        return found[:-1] if self.has_lines else found

    def _values(self, owner: Model) -> DatabaseRow:
        """Return what was found. If the owner was found by another query, this runs one of its own."""
        if self._found is None:
            rows = _statement(owner._meta.model, *self.columns).rows({"owner": owner.pk, **self.values})
            self._found = tuple(rows[0]) if rows else (None,) * len(self.columns)
        return self._found


@lru_cache
def _statement(model: type[Model], *columns: OwnerColumn) -> Statement:
    owner = Parameter("owner", model._meta.pk)
    return Statement(model._default_manager.filter(pk=owner).values_list(*columns))


def owner_query_of(request: "Request") -> OwnerQuery:
    """Return the owner query of the request's view; an empty one if the view has none."""
    return getattr(request.parser_context.get("view"), "owner_query", None) or OwnerQuery()
