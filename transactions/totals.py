"""Sums of money by currency and group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Func, Q, Sum
from django.db.models.sql.compiler import SQLCompiler

from cashman_project.db.compiled import Statement
from cashman_project.money.amounts import format_units, units_of_sum
from cashman_project.money.sums import HalvesSum
from ledgers.querysets import OwnedQuerySet

from .category_names import category_key
from .choices import TransactionType

NO_CATEGORY = UUID(int=0)  # in a month's total, whose key can't hold NULL


class SummedQuerySet(OwnedQuerySet):
    """Rows with a currency, type, date and category. `sum_of` is the sum of their money, `number` their count."""

    number: models.Aggregate

    def sum_of(self, kind: TransactionType) -> Expression:
        """Return the exact sum of the rows of that type."""
        raise NotImplementedError

    def totals(self, *group_by: str) -> "list[Total]":
        """Return the sums of the rows by currency and by the given keys (of `GROUPINGS`), in the keys' order.

        Rows without a category come after all named ones.
        """
        return self.totals_statement(*group_by).totals({})

    def totals_statement(self, *group_by: str) -> "TotalsStatement":
        """Return the statement of these totals. The queryset may be filtered by a `Parameter`."""
        columns = {f"group_{name}": GROUPINGS[name].key for name in group_by}
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


class MonthTotalQuerySet(SummedQuerySet):
    number = Sum("count")

    def sum_of(self, kind: TransactionType) -> Expression:
        return HalvesSum("high", "low", filter=Q(type=kind))

    def uncategorized(self, flag: bool) -> Self:
        """Return the totals without a category, or those with one."""
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
        """The net: income and expense together."""
        return self.income + self.expense

    def amounts(self) -> dict[str, str]:
        """Return income, expense and net, by these names, as text with their currency's digits."""
        return {
            "income": format_units(self.income, self.currency),
            "expense": format_units(self.expense, self.currency),
            "net": format_units(self.net, self.currency),
        }


class TotalsStatement(Statement):
    """The SQL of totals: the columns of their keys, then currency, income, expense and count."""

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
    """The first characters of a date in ISO 8601: "2026" or "2026-11", without calling Python from SQLite."""

    output_field = models.CharField()

    def __init__(self, expression: str, form: str, **extra: Any) -> None:
        super().__init__(expression, form=form, length=len(form), **extra)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, %(length)s)", **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="TO_CHAR(%(expressions)s, '%(form)s')", **context)


@dataclass(frozen=True)
class Grouping:
    """A key to group sums by. `month_totals` says that a month's total knows it: it is no finer than a month."""

    key: Expression | F
    month_totals: bool = False


GROUPINGS = {
    "month": Grouping(DatePart("date", "YYYY-MM"), month_totals=True),
    "year": Grouping(DatePart("date", "YYYY"), month_totals=True),
    "category": Grouping(F("category__name"), month_totals=True),
    "type": Grouping(F("type"), month_totals=True),
}
