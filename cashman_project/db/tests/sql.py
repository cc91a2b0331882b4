"""What a captured query runs."""

from collections.abc import Iterable, Mapping

from django.db import connection


def text_of(query: str) -> str:
    """Return the SQL of a captured query. If the query names a prepared statement, return the SQL of that statement."""
    head = query.partition("(")[0]
    statements: dict[tuple[str, object], str] = getattr(connection, "statements", {})
    return next((sql for (sql, _places), execute in statements.items() if execute.partition("(")[0] == head), query)


def statements(queries: Iterable[Mapping[str, str]]) -> list[str]:
    """Return each statement alone. On PostgreSQL, those that waited were sent together with the next one."""
    return [statement for query in queries for statement in query["sql"].split("; ")]
