"""What a request asks of its owner's rows, read by the very query that finds out who the owner is.

The reasons are in docs/adr/0032-owner-query.md.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, IntegerField, Model, Subquery, TextField
from django.db.models.sql.compiler import SQLCompiler

from cashman_project.db.compiled import Parameter, Statement

if TYPE_CHECKING:
    from rest_framework.request import Request


class Lines(Subquery):
    """The texts of a query's one column, `line`, as one text: a row a line, so none may break lines; NULL without any.

    There are as many as the parameter `limit` says. The query's rows are those of the `owner` of the query that this
    is put into. Both databases keep an order that nothing is joined to.
    """

    output_field = TextField()
    limit = Parameter("limit", IntegerField())
    __eq__, __hash__ = object.__eq__, object.__hash__  # an Expression's compare all that it is made of

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **context: Any) -> Any:
        together = "STRING_AGG(line, E'\\n')" if connection.vendor == "postgresql" else "GROUP_CONCAT(line, CHAR(10))"
        # PostgreSQL plans without knowing the owner, nor in this form the limit, so it takes the first rows along an
        # index. Told of 51 it would sort all rows of an owner where most have fewer.
        template = f"(SELECT {together} FROM (%(subquery)s LIMIT (SELECT CAST(%%s AS integer))) AS lines)"  # noqa: S608  # no input
        sql, params = super().as_sql(compiler, connection, template=template, **context)  # type: ignore[call-arg]  # no stub
        return sql, (*params, *compiler.compile(self.limit)[1])


class OwnerQuery:
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
            for texts in _statement(owner._meta.model, *self.columns).rows({"owner": owner.pk, **self.values}):
                self.take(*texts)
        return self.taken or []


@lru_cache
def _statement(model: Any, *columns: Lines) -> Statement:
    users = model.objects.filter(pk=Parameter("owner", model._meta.pk)).annotate(owner=F("pk"))
    return Statement(users.values_list(*columns))


def owner_query_of(request: "Request") -> OwnerQuery:
    """Return what the view of the request asks; nothing where it is none that does."""
    return getattr(request.parser_context.get("view"), "owner_query", None) or OwnerQuery()
