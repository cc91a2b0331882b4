"""Queries of categories and transactions, and how they are written."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import connection, connections, transaction
from django.db.models import Count, Expression, Q

from cashman_project.db.compiled import execute_prepared
from cashman_project.db.derived_fields import with_following
from cashman_project.db.search import containing
from cashman_project.money.sums import MoneySum

from .choices import TransactionType

if TYPE_CHECKING:
    from users.models import User

from ledgers.querysets import OwnedQuerySet, _followed, _sqlite_value, _target

from .category_names import category_key
from .totals import SummedQuerySet


@lru_cache
def _insert_categorized(model: Any, columns: tuple[str, ...], vendor: str) -> str:
    """Return the INSERT of a row that looks up its category: one round trip instead of two."""
    table, target = [
        connection.ops.quote_name(one._meta.db_table) for one in (model.category.field.related_model, model)
    ]
    types = [model._meta.get_field(name).db_type(connection) for name in columns]
    # PostgreSQL doesn't guess the types in a SELECT. One without its length doesn't cut off what is too long.
    values = ", ".join(f"%s::{kind.partition('(')[0]}" if vendor == "postgresql" else "%s" for kind in types)
    # What the constraint locks at the end is locked first, before totals: who deletes the category goes in that order.
    lock = " FOR KEY SHARE" if vendor == "postgresql" else ""
    return (
        f"INSERT INTO {_target(model._meta.db_table, (*columns, 'owner_id', 'category_id'))}"  # noqa: S608  # no input
        f" SELECT {values}, owner_id, id FROM {table} WHERE owner_id = %s AND key = %s{lock}"
        f" RETURNING (SELECT name FROM {table} WHERE owner_id = {target}.owner_id AND id = category_id)"
    )


class CategoryQuerySet(OwnedQuerySet):
    def named(self, name: str) -> Self:
        """Return the category of that name, whatever its case and Unicode composition."""
        return self.filter(key=category_key(name))

    def update(self, **values: Any) -> int:
        """Update the rows as ever; a new name is a write of every transaction that shows it, too."""
        if "name" not in values:
            return super().update(**values)
        with transaction.atomic(self.db, savepoint=False):
            renamed = list(self.exclude(name=values["name"]).select_for_update())
            count = super().update(**values)
            self._write_transactions_of(renamed)
        return count

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        rows, names = list(objs), set(fields)
        if "name" not in names:
            return super().bulk_update(rows, names)
        with transaction.atomic(self.db, savepoint=False):
            stored = self.filter(pk__in=[row.pk for row in rows]).select_for_update().order_by("pk")
            before = {row.pk: row.name for row in stored}
            count = super().bulk_update(rows, names)
            self._write_transactions_of([row for row in rows if before.get(row.pk, row.name) != row.name])
        return count

    def _write_transactions_of(self, renamed: Iterable[Any]) -> None:
        """Count up the version of all transactions of these categories, whose JSON has changed with the names.

        Whoever locks the categories for this, and not only against other changes, sees all of them: a new one waits.
        """
        model: Any = apps.get_model("transactions", "Transaction")
        for owner, categories in groupby(sorted(renamed, key=attrgetter("owner_id")), attrgetter("owner_id")):
            model._default_manager.using(self.db).filter(owner=owner, category__in=list(categories)).update()


class TransactionQuerySet(SummedQuerySet):
    fixed_fields = (*OwnedQuerySet.fixed_fields, "type")
    number = Count("id")

    def sum_of(self, kind: TransactionType) -> Expression:
        return MoneySum("amount", filter=Q(type=kind))

    def insert_categorized(self, columns: tuple[str, ...], row: Sequence[Any], owner: "User", key: str) -> str | None:
        """Insert a new row, as `insert` does, in the owner's category with that key; return the category's name.

        If the owner has no such category, insert nothing and return None. Raises IntegrityError.
        """
        database: Any = connections[self.db]
        model: Any = self.model
        columns, following = with_following(model, columns)
        values = (*_followed(row, following), owner.pk, key)
        if database.vendor == "sqlite":
            values = tuple(map(_sqlite_value, values))
        with database.cursor() as cursor:
            execute_prepared(cursor, _insert_categorized(model, columns, database.vendor), values)
            names: list[tuple[str]] = cursor.fetchall()
        return names[0][0] if names else None

    def incomes(self) -> Self:
        """Return the incomes."""
        return self.filter(type=TransactionType.INCOME)

    def expenses(self) -> Self:
        """Return the expenses."""
        return self.filter(type=TransactionType.EXPENSE)

    def containing(self, text: str) -> Any:
        """Return the rows that have every word of the text in the description or the notes."""
        return containing(self, text, ("description_folded__holds", "notes_folded__holds"))

    def uncategorized(self, flag: bool) -> Self:
        """Return the rows without a category, or those with one."""
        return self.filter(category__isnull=flag)
