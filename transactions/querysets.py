"""Every reusable read of owned rows, and the one write path that all of them are changed through."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import StringIO
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

import orjson
from django.apps import apps
from django.core.exceptions import FieldError
from django.db import connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Count, Expression, F, Func, Q, Sum
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import ROW_COUNT
from django.utils import timezone

from cashman_project.api.derived import DerivedField, DerivedQuerySet, with_following
from cashman_project.api.search import containing
from cashman_project.api.statements import Statement, execute_prepared
from cashman_project.api.text import text_key
from cashman_project.api.updates import Given, UpdateEachQuery

from .choices import TransactionType
from .money import HalvesSum, MoneySum, format_units, units_of_sum

if TYPE_CHECKING:
    from users.models import User

    from .models import OwnedModel

LONGEST_NAME = 100  # characters of a category's name
NO_CATEGORY = UUID(int=0)  # in a month's total, whose key can't hold NULL

RowT = TypeVar("RowT", bound="OwnedModel", covariant=True)


class OwnedQuerySet(DerivedQuerySet):
    """Rows that belong to someone. What every update writes, of one row or many, `_written` says."""

    fixed_fields: tuple[str, ...] = ("id", "owner", "owner_id", "created_at")

    def for_owner(self, owner: "User") -> Self:
        """Return the rows of `owner` alone."""
        return self.filter(owner=owner)

    def update(self, **values: Any) -> int:
        """Update the rows, count their `version` up and note the moment; return how many there were.

        Raises FieldError where a field is given that never changes.
        """
        return super().update(**self._written(values))

    def _written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that an UPDATE of these values writes; raises FieldError where one never changes."""
        for name in self.fixed_fields:
            if name in values:
                raise FieldError(f"{name} never changes.")
        return {**values, "version": F("version") + 1, "updated_at": timezone.now()}

    def bulk_create(self, objs: Iterable[Any], *args: Any, update_conflicts: bool = False, **kwargs: Any) -> Any:
        """Insert the given rows; raises ValueError on `update_conflicts`, which would change rows past `update`."""
        if update_conflicts:
            raise ValueError("Insert what is new and bulk_update the rest: a row in the way is not overwritten.")
        return super().bulk_create(objs, *args, **kwargs)

    def insert(self, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        """Insert new rows, each given as its columns' values as the database holds them: no field prepares them.

        What is derived from them is inserted, too. Raises IntegrityError.
        """
        columns, following = with_following(self.model, columns)
        database: Any = connections[self.db]
        target = _target(self.model._meta.db_table, columns)
        with database.cursor() as cursor:
            if len(rows) < 2:
                for row in rows:
                    _insert_row(cursor, target, _followed(row, following))
                return
            values: list[Sequence[Any]] = list(zip(*rows, strict=True))
            values += [field.derive_all(values[position]) for position, field in following]
            if database.vendor == "sqlite":
                # One statement for all, since each that a trigger follows costs as much again as a row.
                parts = ", ".join(f"JSON_EXTRACT(value, '$[{position}]')" for position in range(len(columns)))
                lines = orjson.dumps(list(_converted(values, _sqlite_value))).decode()
                cursor.execute(f"INSERT INTO {target} SELECT {parts} FROM JSON_EACH(%s)", [lines])  # noqa: S608  # no input
            else:
                lines = "".join(["\t".join(row) + "\n" for row in _converted(values, _copy_value)])
                with database.wrap_database_errors:
                    cursor.copy_expert(f"COPY {target} FROM STDIN", StringIO(lines))

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Update `fields` of the given rows in one statement, after what each field does before a save.

        Return how many there were. Raises FieldError where a field is given that never changes.
        """
        rows, meta = list(objs), self.model._meta
        names, _following = with_following(self.model, tuple(fields))
        written: list[Any] = [meta.get_field(name) for name in names]
        given: list[Any] = [meta.pk, *written]
        values = self._written({field.attname: Given(position + 1, field) for position, field in enumerate(written)})
        if not rows:
            return 0
        for row in rows:
            row._prepare_related_fields_for_save(operation_name="bulk_update", fields=written)
            for field in written:
                field.pre_save(row, add=False)
        query: Any = self.query.chain(UpdateEachQuery)
        query.fields = given
        query.rows = [[getattr(row, field.attname) for field in given] for row in rows]
        query.add_update_values(values)
        self._result_cache = None
        with transaction.mark_for_rollback_on_error(self.db):
            count: int = query.get_compiler(self.db).execute_sql(ROW_COUNT)
        return count


def _followed(row: Sequence[Any], following: Sequence[tuple[int, DerivedField]]) -> tuple[Any, ...]:
    """Return the row's values with those that follow them."""
    return (*row, *[field.derive(row[position]) for position, field in following])


def _insert_row(cursor: Any, target: str, row: Sequence[Any]) -> None:
    values = list(map(_sqlite_value, row)) if cursor.db.vendor == "sqlite" else row
    execute_prepared(cursor, f"INSERT INTO {target} VALUES ({', '.join(['%s'] * len(row))})", values)  # noqa: S608  # no input


@lru_cache
def _target(table: str, columns: Sequence[str]) -> str:
    """Return a table and some of its columns as SQL names them."""
    name = connection.ops.quote_name
    return f"{name(table)} ({', '.join(map(name, columns))})"


@lru_cache
def _insert_categorized(model: Any, columns: tuple[str, ...], vendor: str) -> str:
    """Return the INSERT of a row of its owner's category: one round trip, where to look it up first would be two."""
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


COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _converted(columns: Iterable[Sequence[Any]], convert: Callable[[Any], Any]) -> Iterable[tuple[Any, ...]]:
    """Return the rows of the columns' values, each of a column converted once: most say the same in many rows."""
    converted = []
    for column in columns:
        values = {value: convert(value) for value in set(column)}
        converted.append([values[value] for value in column])
    return zip(*converted, strict=True)


def _copy_value(value: Any) -> str:
    """Return a value in the text format of PostgreSQL's COPY."""
    return r"\N" if value is None else str(value).translate(COPY_ESCAPES)


def _sqlite_value(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def category_key(name: str) -> str:
    """Return what all spellings of one category name share; "", which no category has, of one that is too long."""
    return text_key(name, LONGEST_NAME)


class CategoryQuerySet(OwnedQuerySet):
    def named(self, name: str) -> Self:
        """Return the category of that name, however its letters are cased or composed."""
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


class SummedQuerySet(OwnedQuerySet):
    """Rows of a currency, type, date and category, whose money is `sum_of` and whose number `number`."""

    number: models.Aggregate

    def sum_of(self, kind: TransactionType) -> Expression:
        """Return the exact sum of the rows of that type."""
        raise NotImplementedError

    def totals(self, *group_by: str) -> "list[Total]":
        """Return the sums of the rows by currency and by the given keys (of `GROUP_KEYS`), in the keys' order.

        Rows without a category come after all named ones.
        """
        return self.totals_statement(*group_by).totals({})

    def totals_statement(self, *group_by: str) -> "TotalsStatement":
        """Return the statement of these totals, in which the rows may be chosen by a `Parameter`."""
        columns = {f"group_{name}": GROUP_KEYS[name] for name in group_by}
        rows = (
            self.order_by()
            .values("currency", **columns)
            .annotate(
                income=self.sum_of(TransactionType.INCOME),
                expense=self.sum_of(TransactionType.EXPENSE),
                count=self.number,
            )
        )
        return TotalsStatement(rows.values_list(*columns, "currency", "income", "expense", "count"), group_by)


class TransactionQuerySet(SummedQuerySet):
    fixed_fields = (*OwnedQuerySet.fixed_fields, "type")
    number = Count("id")

    def sum_of(self, kind: TransactionType) -> Expression:
        return MoneySum("amount", filter=Q(type=kind))

    def insert_categorized(self, columns: tuple[str, ...], row: Sequence[Any], owner: "User", key: str) -> str | None:
        """Insert a new row, as `insert` does, of the owner's category of that key; return the category's name.

        Return None, and insert nothing, where the owner has no such category. Raises IntegrityError.
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
        """Return what came in."""
        return self.filter(type=TransactionType.INCOME)

    def expenses(self) -> Self:
        """Return what went out."""
        return self.filter(type=TransactionType.EXPENSE)

    def containing(self, text: str) -> Any:
        """Return the rows that have every word of the text in the description or the notes."""
        return containing(self, text, ("description_folded__holds", "notes_folded__holds"))

    def uncategorized(self, flag: bool) -> Self:
        """Return the rows without a category, or those with one."""
        return self.filter(category__isnull=flag)


class MonthTotalQuerySet(SummedQuerySet):
    number = Sum("count")

    def sum_of(self, kind: TransactionType) -> Expression:
        return HalvesSum("high", "low", filter=Q(type=kind))

    def uncategorized(self, flag: bool) -> Self:
        """Return the totals of what has no category, or of what has one."""
        return self.filter(category_id=NO_CATEGORY) if flag else self.exclude(category_id=NO_CATEGORY)


@dataclass(slots=True)
class Total:
    """The sums of a group of rows of one currency, in ten-thousandths; `expense` is negative or zero."""

    currency: str
    keys: dict[str, str | None]
    income: int
    expense: int
    count: int

    @property
    def net(self) -> int:
        """What is left: income and expense together."""
        return self.income + self.expense

    def amounts(self) -> dict[str, str]:
        """Return income, expense and net, by these names, as text with their currency's digits."""
        return {
            "income": format_units(self.income, self.currency),
            "expense": format_units(self.expense, self.currency),
            "net": format_units(self.net, self.currency),
        }


class TotalsStatement(Statement):
    """The SQL of totals: of the columns of their keys, and of currency, income, expense and count."""

    def __init__(self, queryset: models.QuerySet[Any], group_by: Sequence[str]) -> None:
        super().__init__(queryset, prepared=False)
        self.group_by = group_by
        self.category = list(group_by).index("category") if "category" in group_by else None

    def totals(self, values: Mapping[str, Any]) -> list[Total]:
        """Return the totals for the parameters' values by name, in their order: categories as their lists have them."""
        found = self.rows(values)
        found.sort(key=self._order)
        totals = []
        for *keys, currency, income, expense, count in found:
            named = dict(zip(self.group_by, keys, strict=True))
            totals.append(Total(currency, named, units_of_sum(income), units_of_sum(expense), int(count)))
        return totals

    def _order(self, row: tuple[Any, ...]) -> list[Any]:
        """Return the row's keys, as far as they make its order: nothing is None but a category."""
        keys = list(row[:-3])
        if self.category is not None:
            keys[self.category] = _category_order(keys[self.category])
        return keys


@lru_cache(maxsize=4_096)
def _category_order(name: str | None) -> tuple[bool, str]:
    return (name is None, category_key(name or ""))


class DatePart(Func):
    """The first characters of a date in ISO 8601: "2026" or "2026-11", without Python in between on SQLite."""

    output_field = models.CharField()

    def __init__(self, expression: str, form: str, **extra: Any) -> None:
        super().__init__(expression, form=form, length=len(form), **extra)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, %(length)s)", **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="TO_CHAR(%(expressions)s, '%(form)s')", **context)


GROUP_KEYS = {
    "month": DatePart("date", "YYYY-MM"),
    "year": DatePart("date", "YYYY"),
    "category": F("category__name"),
    "type": F("type"),
}
