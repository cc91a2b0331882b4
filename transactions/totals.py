"""Sums of money by currency and group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Func, Q, Sum
from django.db.models.sql.compiler import SQLCompiler

from cashman_project.db.compiled import Statement
from cashman_project.db.types import SQL, DatabaseRow
from cashman_project.money.amounts import format_units, units_of_sum
from cashman_project.money.sums import HalvesSum
from ledgers.querysets import OwnedQuerySet

from .category_names import category_key
from .choices import TransactionType

if TYPE_CHECKING:
    from .models import MonthTotal  # noqa: F401  # the rows of MonthTotalQuerySet

RowT = TypeVar("RowT", bound=models.Model)

NO_CATEGORY = UUID(int=0)  # in the key of a month total, because a key can't hold NULL


class SummedQuerySet(OwnedQuerySet[RowT]):
    """Rows with a currency, type, date and category, which can be summed up."""

    number: models.Aggregate  # the number of transactions

    def sum_of(self, transaction_type: TransactionType) -> Expression:
        """Return the exact sum of the transactions of this type."""
        raise NotImplementedError

    def totals(self, *group_by: str) -> "list[Total]":
        """Return the totals by currency and by the given groupings (of `GROUPINGS`), in the order of their keys.

        Rows without a category come after those with one.
        """
        return self.totals_statement(*group_by).totals({})

    def totals_statement(self, *group_by: str) -> "TotalsStatement":
        """Return the compiled statement of these totals. The queryset may be filtered by a `Parameter`."""
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


class MonthTotalQuerySet(SummedQuerySet["MonthTotal"]):
    number = Sum("count")

    def sum_of(self, transaction_type: TransactionType) -> Expression:
        return HalvesSum("high", "low", filter=Q(type=transaction_type))

    def uncategorized(self, flag: bool) -> Self:
        """Return the totals without a category if the flag is on, otherwise those with one."""
        return self.filter(category_id=NO_CATEGORY) if flag else self.exclude(category_id=NO_CATEGORY)


@dataclass(slots=True)
class Total:
    """The sums of a group of transactions in one currency, in ten-thousandths. `expense` is negative or zero."""

    currency: str
    keys: dict[str, str | None]
    income: int
    expense: int
    count: int

    @property
    def net(self) -> int:
        """The sum of income and expense."""
        return self.income + self.expense

    def amounts(self) -> dict[str, str]:
        """Return income, expense and net, by these names, as text with their currency's decimals."""
        return {
            "income": format_units(self.income, self.currency),
            "expense": format_units(self.expense, self.currency),
            "net": format_units(self.net, self.currency),
        }


class TotalsStatement(Statement):
    """The SQL of totals. Its columns are those of the groupings, then currency, income, expense and count."""

    def __init__(self, queryset: models.QuerySet[models.Model, DatabaseRow], group_by: Sequence[str]) -> None:
        super().__init__(queryset, prepared=False)
        self.group_by = group_by
        self.category = list(group_by).index("category") if "category" in group_by else None

    def totals(self, values: Mapping[str, object]) -> list[Total]:
        """Return the totals for the values of the parameters, by name. They are sorted by their keys, and categories as
        in lists of categories."""
        found = self.rows(values)
        found.sort(key=self._order)
        totals = []
        for *keys, currency, income, expense, count in found:
            named = dict(zip(self.group_by, keys, strict=True))
            totals.append(Total(currency, named, units_of_sum(income), units_of_sum(expense), int(count)))
        return totals

    def _order(self, row: DatabaseRow) -> list[str | tuple[bool, str]]:
        """Return the values that the row is sorted by. Only a category can be None, so it is replaced."""
        keys: list[str | tuple[bool, str]] = list(row[:-3])
        if self.category is not None:
            keys[self.category] = _category_order(keys[self.category])
        return keys


@lru_cache(maxsize=4_096)
def _category_order(name: str | None) -> tuple[bool, str]:
    return (name is None, category_key(name or ""))


class DatePart(Func):
    """The first characters of a date in ISO 8601, such as "2026-11". SQLite calls no Python function for it."""

    output_field = models.CharField()

    def __init__(self, expression: str, form: str) -> None:
        super().__init__(expression, form=form, length=len(form))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, %(length)s)")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template="TO_CHAR(%(expressions)s, '%(form)s')")


@dataclass(frozen=True)
class Grouping:
    """A key to group sums by. `month_totals` says whether month totals can answer it: it isn't finer than a month."""

    key: Expression | F
    month_totals: bool = False


GROUPINGS = {
    "month": Grouping(DatePart("date", "YYYY-MM"), month_totals=True),
    "year": Grouping(DatePart("date", "YYYY"), month_totals=True),
    "category": Grouping(F("category__name"), month_totals=True),
    "type": Grouping(F("type"), month_totals=True),
}
