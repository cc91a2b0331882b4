"""Queries of categories and transactions, and how they are written."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.apps import apps
from django.db.models import Count, Expression, Q

from cashman_project.db.search import containing
from cashman_project.money.sums import MoneySum
from ledgers.querysets import OwnedQuerySet
from ledgers.writer import writing_each

from .category_names import category_key
from .choices import TransactionType
from .totals import SummedQuerySet

if TYPE_CHECKING:
    from .models import Category, Transaction  # noqa: F401  # the rows of TransactionQuerySet


class CategoryQuerySet(OwnedQuerySet["Category"]):
    def named(self, name: str) -> Self:
        """Return the category with this name, whatever its case and Unicode composition."""
        return self.filter(key=category_key(name))

    def update(self, **values: object) -> int:
        """Update the rows. A new name also counts as a write of each transaction that shows it."""
        if "name" not in values:
            return super().update(**values)
        rows_of, count = self.by_owner(), 0
        with writing_each(rows_of, self.db):
            for owner, rows in rows_of.items():
                renamed = list(rows.exclude(name=values["name"]))
                count += super(CategoryQuerySet, rows).update(**values)
                self._write_transactions_of(owner, renamed)
        return count

    def bulk_update(self, objs: "Iterable[Category]", fields: Iterable[str], batch_size: int | None = None) -> int:
        if "name" not in (names := set(fields)):
            return super().bulk_update(objs, names)
        categories = list(objs)
        with writing_each({row.owner_id for row in categories}, self.db) as writes:
            stored = self.filter(owner__in=writes, pk__in=[row.pk for row in categories])
            before = dict(stored.values_list("pk", "name"))
            count = super().bulk_update(categories, names)
            for owner in writes:
                own = [row for row in categories if row.owner_id == owner]
                self._write_transactions_of(owner, [row for row in own if before.get(row.pk, row.name) != row.name])
        return count

    def _write_transactions_of(self, owner: UUID, renamed: "Sequence[Category]") -> None:
        """Count as written all transactions of these categories, because their JSON has changed with the names."""
        if renamed:
            model = apps.get_model("transactions", "Transaction")
            model._default_manager.using(self.db).filter(owner=owner, category__in=renamed).update()


class TransactionQuerySet(SummedQuerySet["Transaction"]):
    fixed_fields = (*OwnedQuerySet.fixed_fields, "type")
    number = Count("id")

    def sum_of(self, transaction_type: TransactionType) -> Expression:
        return MoneySum("amount", filter=Q(type=transaction_type))

    def containing(self, text: str) -> Self:
        """Return the rows that have all words of the text in the description or the notes."""
        return containing(self, text, ("description_folded__holds", "notes_folded__holds"))

    def uncategorized(self, flag: bool) -> Self:
        """Return the rows without a category if the flag is on, otherwise those with one."""
        return self.filter(category__isnull=flag)
