"""Queries of transactions, and of what they refer to, and how they are written."""

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, Func, Model, OuterRef
from django.db.models.sql.compiler import SQLCompiler

from cashman_project.db.types import SQL
from cashman_project.money.amounts import units_of
from cashman_project.money.sums import HalvesSum, MoneySum, SumSubquery
from ledgers.querysets import OwnedQuerySet
from ledgers.writer import writing_each

from .names import name_key

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

    def balances(self, owner: UUID, date: datetime.date) -> dict[UUID, int]:
        """Return the balances of these accounts of the owner at the end of the day, in ten-thousandths, by their
        ids.

        Each is the opening balance, plus the rows up to that day, less those up to the opening date. Whole months are
        read from the month totals.
        """
        opening = MonthStart(OuterRef("opening_date")), OuterRef("opening_date")
        sums = [*_sums(owner, "pk", date.replace(day=1), date), *_sums(owner, "pk", *opening)]
        found: dict[UUID, int] = {}
        for pk, opened, *parts in self.order_by().values_list("pk", "opening_balance", *sums):
            months, days, opening_months, opening_days = (_units(part) for part in parts)
            found[pk] = _units(opened) + months + days - opening_months - opening_days
        return found


class MonthStart(Func):
    """The first day of a date's month, as month totals have it."""

    output_field = DateField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, template="(SUBSTR(%(expressions)s, 1, 8) || '01')")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template="DATE_TRUNC('month', (%(expressions)s)::timestamp)::date")


def _units(amount: Decimal | None) -> int:
    return units_of(amount) if amount else 0


def _sums(owner: UUID, account: str, month: object, date: object) -> list[SumSubquery]:
    """Return the sums of the owner's rows of an account: those of the months before `month`, which begins then, and
    those of the days from there to `date`. `account` is the outer query's field of its id."""
    totals, rows = (
        apps.get_model("transactions", name)._default_manager.filter(owner=owner, account_id=OuterRef(account))
        for name in ("MonthTotal", "Transaction")
    )
    return [
        SumSubquery(found.order_by().values("account_id").values_list(one))
        for found, one in (
            (totals.filter(date__lt=month), HalvesSum("high", "low")),
            (rows.filter(date__gte=month, date__lte=date), MoneySum("amount")),
        )
    ]


class BalanceCheckQuerySet(OwnedQuerySet["BalanceCheck"]):
    fixed_fields = (*OwnedQuerySet.fixed_fields, "account", "account_id", "date")

    def sums(self, account: "Account") -> dict[UUID, int]:
        """Return what the account's transactions say the balance is at the date of each of these checks of it, in
        ten-thousandths, by their ids."""
        at_check = _sums(account.owner_id, "account_id", MonthStart(OuterRef("date")), OuterRef("date"))
        found = {pk: sum(_units(part) for part in parts) for pk, *parts in self.order_by().values_list("pk", *at_check)}
        if account.opening_date is None or not found:
            return found
        rows = apps.get_model("transactions", "Account")._default_manager.filter(owner=account.owner_id, pk=account.pk)
        opening = MonthStart(OuterRef("opening_date")), OuterRef("opening_date")
        [parts] = rows.values_list(*_sums(account.owner_id, "pk", *opening))
        less = _units(account.opening_balance) - sum(_units(part) for part in parts)
        return {pk: units + less for pk, units in found.items()}


class TransferQuerySet(OwnedQuerySet["Transfer"]):
    """Transfers. Their legs are written with them (transactions/services/transfers.py)."""
