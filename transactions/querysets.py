"""Queries of transactions, and of what they refer to, and how they are written."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.db.models import Count, Expression, Model, Q

from cashman_project.db.search import containing
from cashman_project.money.sums import MoneySum
from ledgers.querysets import OwnedQuerySet
from ledgers.writer import writing_each

from .choices import TransactionType
from .names import name_key
from .totals import SummedQuerySet

if TYPE_CHECKING:
    from .models import Account, BalanceCheck, Category, Transaction, Transfer  # noqa: F401  # the rows

RowT = TypeVar("RowT", bound=Model)


class NamedQuerySet(OwnedQuerySet[RowT]):
    """Rows that are found by their names."""

    def named(self, name: str) -> Self:
        """Return the row with this name, whatever its case and Unicode composition."""
        return self.filter(key=name_key(name))


class ShownQuerySet(NamedQuerySet[RowT]):
    """Rows whose names are part of the JSON of other rows."""

    shown_by: tuple[tuple[str, str], ...] = ()  # the models of those rows, and the fields that refer to these

    def update(self, **values: object) -> int:
        """Update the rows. A new name also counts as a write of each row that shows it."""
        if "name" not in values:
            return super().update(**values)
        rows_of, count = self.by_owner(), 0
        with writing_each(rows_of, self.db):
            for owner, rows in rows_of.items():
                renamed = list(rows.exclude(name=values["name"]))
                count += super(ShownQuerySet, rows).update(**values)
                self._write_rows_of(owner, renamed)
        return count

    def bulk_update(self, objs: Iterable[RowT], fields: Iterable[str], batch_size: int | None = None) -> int:
        if "name" not in (names := set(fields)):
            return super().bulk_update(objs, names)
        named: list[Any] = list(objs)
        with writing_each({row.owner_id for row in named}, self.db) as writes:
            stored = self.filter(owner__in=writes, pk__in=[row.pk for row in named])
            before = dict(stored.values_list("pk", "name"))
            count = super().bulk_update(named, names)
            for owner in writes:
                own = [row for row in named if row.owner_id == owner]
                self._write_rows_of(owner, [row for row in own if before.get(row.pk, row.name) != row.name])
        return count

    def _write_rows_of(self, owner: UUID, renamed: Sequence[RowT]) -> None:
        """Count as written all rows that refer to these, because their JSON has changed with the names."""
        for name, field in self.shown_by if renamed else ():
            rows = apps.get_model("transactions", name)._default_manager.using(self.db)
            rows.filter(owner=owner, **{f"{field}__in": renamed}).update()


class CategoryQuerySet(ShownQuerySet["Category"]):
    shown_by = (("Transaction", "category"),)


class AccountQuerySet(ShownQuerySet["Account"]):
    shown_by = (("Transaction", "account"), ("BalanceCheck", "account"))


class BalanceCheckQuerySet(OwnedQuerySet["BalanceCheck"]):
    fixed_fields = (*OwnedQuerySet.fixed_fields, "account", "account_id", "date")


class TransferQuerySet(OwnedQuerySet["Transfer"]):
    """Transfers. Their legs are written with them (transactions/services/transfers.py)."""


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
