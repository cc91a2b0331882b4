"""What a captured query runs."""

from django.db import connection


def text_of(query: str) -> str:
    """Return the SQL of a captured query; where it only names a prepared statement, that statement's."""
    head = query.partition("(")[0]
    statements: dict[str, str] = getattr(connection, "statements", {})
    return next((sql for sql, execute in statements.items() if execute.partition("(")[0] == head), query)
