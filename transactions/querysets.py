"""Queries of categories and transactions, and how they are written."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import connection, connections, transaction
from django.db.models import Count, Expression, Q

from cashman_project.db.compiled import execute_prepared
from cashman_project.db.derived_fields import with_derived
from cashman_project.db.search import containing
from cashman_project.db.types import DatabaseRow
from cashman_project.money.sums import MoneySum
from ledgers.querysets import OwnedQuerySet, insert_target, sqlite_value, with_derived_values

from .category_names import category_key
from .choices import TransactionType
from .totals import SummedQuerySet

if TYPE_CHECKING:
    from users.models import User

    from .models import Category, Transaction


@lru_cache
def _insert_categorized(model: "type[Transaction]", columns: tuple[str, ...], vendor: str) -> str:
    """Return the INSERT of a row that also looks up its category, so that one round trip is enough."""
    table, target = [
        connection.ops.quote_name(apps.get_model("transactions", name)._meta.db_table)
        for name in ("Category", "Transaction")
    ]
    types = {field.attname: str(field.db_type(connection)) for field in model._meta.concrete_fields}
    # PostgreSQL doesn't guess the types in a SELECT. A type without a length doesn't cut off a text that is too long.
    values = ", ".join(f"%s::{types[name].partition('(')[0]}" if vendor == "postgresql" else "%s" for name in columns)
    # Lock the category before the month totals, as its deletion does. The foreign key would lock it after them.
    lock = " FOR KEY SHARE" if vendor == "postgresql" else ""
    return (
        f"INSERT INTO {insert_target(model._meta.db_table, (*columns, 'owner_id', 'category_id'))}"  # noqa: S608  # no input
        f" SELECT {values}, owner_id, id FROM {table} WHERE owner_id = %s AND key = %s{lock}"
        f" RETURNING (SELECT name FROM {table} WHERE owner_id = {target}.owner_id AND id = category_id)"
    )


class CategoryQuerySet(OwnedQuerySet["Category"]):
    def named(self, name: str) -> Self:
        """Return the category with this name, whatever its case and Unicode composition."""
        return self.filter(key=category_key(name))

    def update(self, **values: object) -> int:
        """Update the rows. A new name also counts as a write of each transaction that shows it."""
        if "name" not in values:
            return super().update(**values)
        with transaction.atomic(self.db, savepoint=False):
            renamed = list(self.exclude(name=values["name"]).select_for_update())
            count = super().update(**values)
            self._write_transactions_of(renamed)
        return count

    def bulk_update(self, objs: "Iterable[Category]", fields: Iterable[str], batch_size: int | None = None) -> int:
        rows, names = list(objs), set(fields)
        if "name" not in names:
            return super().bulk_update(rows, names)
        with transaction.atomic(self.db, savepoint=False):
            stored = self.filter(pk__in=[row.pk for row in rows]).select_for_update().order_by("pk")
            before = {row.pk: row.name for row in stored}
            count = super().bulk_update(rows, names)
            self._write_transactions_of([row for row in rows if before.get(row.pk, row.name) != row.name])
        return count

    def _write_transactions_of(self, renamed: "Iterable[Category]") -> None:
        """Increment the version of all transactions of these categories, because their JSON has changed with the names.

        Lock the categories by `select_for_update` first. Then a new transaction in one of them waits until the end, so
        none is missed.
        """
        model = apps.get_model("transactions", "Transaction")
        for owner, categories in groupby(sorted(renamed, key=attrgetter("owner_id")), attrgetter("owner_id")):
            model._default_manager.using(self.db).filter(owner=owner, category__in=list(categories)).update()


class TransactionQuerySet(SummedQuerySet["Transaction"]):
    fixed_fields = (*OwnedQuerySet.fixed_fields, "type")
    number = Count("id")

    def sum_of(self, transaction_type: TransactionType) -> Expression:
        return MoneySum("amount", filter=Q(type=transaction_type))

    def insert_categorized(self, columns: tuple[str, ...], row: DatabaseRow, owner: "User", key: str) -> str | None:
        """Insert a new row, as `insert` does, in the owner's category with this key. Return the category's name.

        If the owner has no such category, insert nothing and return None. Raises IntegrityError.
        """
        database, model = connections[self.db], self.model
        columns, derived = with_derived(model, columns)
        values: DatabaseRow = (*with_derived_values(row, derived), owner.pk, key)
        if database.vendor == "sqlite":
            values = tuple(map(sqlite_value, values))
        with database.cursor() as cursor:
            execute_prepared(cursor, _insert_categorized(model, columns, database.vendor), values)
            names: list[tuple[str]] = cursor.fetchall()
        return names[0][0] if names else None

    def containing(self, text: str) -> Self:
        """Return the rows that have all words of the text in the description or the notes."""
        return containing(self, text, ("description_folded__holds", "notes_folded__holds"))

    def uncategorized(self, flag: bool) -> Self:
        """Return the rows without a category if the flag is on, otherwise those with one."""
        return self.filter(category__isnull=flag)
