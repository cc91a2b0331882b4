"""What SQLite lacks: LIKE that knows more letters than A to Z."""

import re
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver


@receiver(connection_created)
def replace_like(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Let `LIKE ... ESCAPE` find "École" by "école" on SQLite too, as it does on PostgreSQL."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("like", 3, _like, deterministic=True)


def _like(pattern: str, text: object, escape: str) -> bool | None:
    return None if text is None else _expression(pattern, escape).fullmatch(str(text)) is not None


@lru_cache(maxsize=64)
def _expression(pattern: str, escape: str) -> re.Pattern[str]:
    """Return the regular expression of a LIKE pattern: % is any text, _ any character, unless escaped."""
    parts = re.findall(f"{re.escape(escape)}.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(part) or re.escape(part[-1]) for part in parts), re.DOTALL | re.IGNORECASE)
