"""How SQLite stores values that it has no type for."""

from datetime import UTC, datetime
from uuid import UUID


def sqlite_value(value: object) -> object:
    """Return a value as SQLite stores it: a UUID or a timestamp as text, and anything else as it is."""
    if isinstance(value, UUID):
        return value.hex
    return str(value.astimezone(UTC).replace(tzinfo=None)) if isinstance(value, datetime) else value
