"""Which database the rows of ledgers are read from: the replica, while the thread's request may read from it."""

from functools import lru_cache

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from cashman_project.db.replica import READING

from .querysets import OwnedQuerySet


class LedgerRouter:
    """Django's database router. Users, sessions and tokens are read from the primary, and everything is written there.

    A new revision of a ledger says that its rows have changed. Nothing says so of users.
    """

    def db_for_read(self, model: type[Model], **hints: object) -> str:
        return READING.alias if READING.alias != DEFAULT_DB_ALIAS and _is_of_ledgers(model) else DEFAULT_DB_ALIAS

    def db_for_write(self, model: type[Model], **hints: object) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: object) -> bool:
        return True  # rows of both are the same rows

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        return db == DEFAULT_DB_ALIAS


@lru_cache
def _is_of_ledgers(model: type[Model]) -> bool:
    rows = getattr(model._default_manager, "_queryset_class", object)
    return model._meta.app_label == "ledgers" or issubclass(rows, OwnedQuerySet)
