"""Queries of transactions, and of what they refer to, and how they are written."""

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, Func, Model, OuterRef, QuerySet, Value
from django.db.models.functions import Replace
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext as _

from cashman_project.db.types import SQL
from cashman_project.money.amounts import units_of
from cashman_project.money.sums import HalvesSum, MoneySum, SumSubquery
from ledgers.querysets import OwnedQuerySet
from ledgers.writer import UPDATED, Write, writing_each

from .errors import InUse
from .names import name_key, tags_text
from .undo_rules import check_currencies, check_transfers, transfers_of

if TYPE_CHECKING:
    from .models import Account, BalanceCheck, Category, Rule, Tag, Transaction, Transfer  # noqa: F401  # the rows

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
                renamed = dict(rows.exclude(name=values["name"]).values_list("pk", "name"))
                count += super(ShownQuerySet, rows).update(**values)
                self._write_rows_of(owner, {pk: (name, str(values["name"])) for pk, name in renamed.items()})
        return count

    def bulk_update(self, objs: Iterable[RowT], fields: Iterable[str], batch_size: int | None = None) -> int:
        if "name" not in (names := set(fields)):
            return super().bulk_update(objs, names)
        named: list[Any] = list(objs)  # of NamedModels
        with writing_each({row.owner_id for row in named}, self.db) as writes:
            stored = self.filter(owner__in=writes, pk__in=[row.pk for row in named])
            before = dict(stored.values_list("pk", "name"))
            count = super().bulk_update(named, names)
            for owner in writes:
                own = [row for row in named if row.owner_id == owner and before.get(row.pk, row.name) != row.name]
                self._write_rows_of(owner, {row.pk: (before[row.pk], row.name) for row in own})
        return count

    def _write_rows_of(self, owner: UUID, renamed: Mapping[UUID, tuple[str, str]]) -> None:
        """Count as written all rows that refer to these, because their JSON has changed with the names. `renamed` has
        the old and the new name of each row by its id."""
        for name, field in self.shown_by if renamed else ():
            rows = apps.get_model("transactions", name)._default_manager.using(self.db)
            rows.filter(owner=owner, **{f"{field}__in": list(renamed)}).update()


class CategoryQuerySet(ShownQuerySet["Category"]):
    shown_by = (("Transaction", "category"), ("Rule", "category"))

    def groups(self) -> dict[str, str]:
        """Return the names of the groups of these categories by their keys, in the order of letters. If a name is
        spelled in several ways, it is the first of these by code points."""
        names: dict[str, str] = {}
        # The texts are not null here, which the stub does not see.
        found: Any = self.filter(group_key__isnull=False).order_by("group_key").values_list("group_key", "group")
        for key, name in found.distinct():
            names[key] = min(name, names.get(key, name))
        return names


class TagQuerySet(ShownQuerySet["Tag"]):
    """Tags. Transactions and rules hold their names themselves, so a name that changes is written there, too."""

    def taken_off(self, owner: UUID, names: Iterable[str]) -> None:
        """Remove the tags with these names from the owner's transactions and rules."""
        with self.writing(owner) as write:
            write.lock()
            for name in names:
                for rows in _with_tag(write, name):
                    rows.update(tags=_without(name))

    def exchanged(self, owner: UUID, old: str, new: str) -> None:
        """Give the owner's transactions and rules that have one tag the other one, once."""
        with self.writing(owner) as write:
            write.lock()
            for rows, others in zip(_with_tag(write, old), _with_tag(write, new), strict=True):
                rows.exclude(pk__in=others.values("pk")).update(tags=_replaced(old, new))
                rows.filter(pk__in=others.values("pk")).update(tags=_without(old))

    def check_delete(self, write: Write) -> None:
        """Raise a Conflict with the number of its `transactions` and `rules` if one of the tags is in use."""
        names = list(self.order_by().values_list("name", flat=True))
        found = apps.get_model("transactions", "TransactionTag")._default_manager.filter(owner=write.owner)
        count = found.filter(name__in=names).values("transaction_id").distinct().count()
        rules = sum(_rules_with_tag(write.owner, name).count() for name in names) if write.has_rules else 0
        if count or rules:
            message = _("This tag is in use: ?into=NAME exchanges it, and ?force=true takes it off its transactions.")
            raise InUse(message, count, rules)

    def _write_rows_of(self, owner: UUID, renamed: Mapping[UUID, tuple[str, str]]) -> None:
        """Write the new names to the transactions and rules. Only the tags' own rows are in the history, as with
        categories."""
        with self.writing(owner) as write:
            if len(renamed) == 1:
                [(old, new)] = renamed.values()
                _rename(write, old, new)
                return
            for pk, (
                old,
                _new,
            ) in renamed.items():  # tags may exchange names: ids stand for them
                _rename(write, old, str(pk))
            for pk, (_old, new) in renamed.items():
                _rename(write, str(pk), new)


class AccountQuerySet(ShownQuerySet["Account"]):
    shown_by = (("Transaction", "account"), ("BalanceCheck", "account"), ("Rule", "account"))

    @contextmanager
    def being_undone(self, write: Write, keys: Collection[UUID]) -> Iterator[None]:
        transfers = transfers_of(write.owner, "account", keys)
        yield
        check_transfers(write.owner, transfers)
        check_currencies(write.owner, "account", keys)

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


def _with_tag(write: Write, name: str) -> list[Any]:  # Any: querysets of two models
    """Return the owner's transactions that have the tag, and the rules that give it, if there are rules. Rules are
    looked up at once, by their texts, because Citus takes no such condition in an UPDATE."""
    transactions, names = (
        apps.get_model("transactions", model)._default_manager for model in ("Transaction", "TransactionTag")
    )
    tagged = names.filter(owner=write.owner, name=name).values("transaction_id")
    found = [transactions.filter(owner=write.owner, pk__in=tagged)]
    if write.has_rules:
        rules = _rules_with_tag(write.owner, name)
        keys = list(rules.values_list("pk", flat=True))
        found.append(rules.model._default_manager.filter(owner=write.owner, pk__in=keys))
    return found


def _rules_with_tag(owner: UUID, name: str) -> "QuerySet[Rule]":
    rules: QuerySet[Rule] = apps.get_model("transactions", "Rule")._default_manager.filter(owner=owner)
    return rules.filter(tags__holds=tags_text([name])[1:-1])


def _rename(write: Write, old: str, new: str) -> None:
    for rows in _with_tag(write, old):
        values = rows._written({"tags": _replaced(old, new)}, write)
        write.count(rows.model.resource, UPDATED, QuerySet.update(rows, **values))


def _replaced(old: str, new: str) -> Replace:
    """Return `tags` with another name. A name has no comma, so what stands before each is never a part of a name."""
    old, new = (tags_text([name])[1:-1] for name in (old, new))
    first = Replace("tags", Value(f"[{old}"), Value(f"[{new}"))
    return Replace(first, Value(f",{old}"), Value(f",{new}"))


def _without(name: str) -> Replace:
    """Return `tags` without the name."""
    text = tags_text([name])[1:-1]
    others = Replace(Replace("tags", Value(f",{text}"), Value("")), Value(f"[{text}"), Value("["))
    return Replace(others, Value("[,"), Value("["))


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

    @contextmanager
    def being_undone(self, write: Write, keys: Collection[UUID]) -> Iterator[None]:
        yield
        check_transfers(write.owner, keys)
