"""Sums of money by currency and group."""

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Expression, F, Q, Sum

from cashman_project.db.compiled import Statement
from cashman_project.db.types import DatabaseRow
from cashman_project.money.amounts import format_units, units_of, units_of_sum
from cashman_project.money.sums import HalvesSum
from ledgers.querysets import OwnedQuerySet

from .choices import TransactionType
from .groupings import groupings_of
from .names import name_key

if TYPE_CHECKING:
    from .models import (
        MonthTotal,  # noqa: F401  # the rows of MonthTotalQuerySet
    )

RowT = TypeVar("RowT", bound=models.Model)
NAMED = {"category", "group", "account", "tag"}  # the groupings by names

NO_CATEGORY = NO_ACCOUNT = UUID(int=0)  # in the key of a month total, because a key can't hold NULL


class SummedQuerySet(OwnedQuerySet[RowT]):
    """Rows with a currency, type, date and category, which can be summed up."""

    number: models.Aggregate  # the number of transactions

    def sum_of(self, transaction_type: TransactionType) -> Expression:
        """Return the exact sum of the transactions of this type."""
        raise NotImplementedError

    def without_transfers(self) -> Self:
        """Leave out the legs of transfers, which are neither income nor expense."""
        raise NotImplementedError

    def without_excluded(self, owner: object) -> Self:
        """Leave out the transactions of those categories of the owner, or of a `Parameter`, that are excluded."""
        categories: Any = apps.get_model("transactions", "Category")  # which has its own manager
        return self.exclude(category_id__in=categories.objects.filter(owner=owner, excluded=True).values("pk"))

    def totals(self, *group_by: str, month_start: int = 1) -> "list[Total]":
        """Return the totals by currency and by the given groupings, in the order of their keys. Months begin on
        `month_start`.

        Rows without a category come after those with one.
        """
        return self.totals_statement(*group_by, month_start=month_start).totals({})

    def number_of_keys(self, *group_by: str, month_start: int = 1) -> int:
        """Return how many different keys the rows have together, by the given groupings or "currency"."""
        groupings = groupings_of(month_start)
        keys = {f"group_{name}": groupings[name].key if name in groupings else F(name) for name in group_by}
        return self.order_by().values(**keys).distinct().count()

    def totals_statement(self, *group_by: str, month_start: int = 1) -> "TotalsStatement":
        """Return the compiled statement of these totals. The queryset may be filtered by a `Parameter`."""
        groupings = groupings_of(month_start)
        columns = {f"group_{name}": groupings[name].key for name in group_by}
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

    def without_transfers(self) -> Self:
        return self.filter(transfer=False)

    def changes_of(
        self, owner: UUID, accounts: Collection[UUID], first: datetime.date, last: datetime.date
    ) -> list[tuple[UUID, datetime.date, int]]:
        """Return by how much each of the accounts changed in each month of these days, in ten-thousandths, with the
        month's first day."""
        rows = self.filter(owner=owner, account_id__in=accounts, date__range=(first, last)).order_by()
        sums = rows.values("account_id", "date").annotate(change=HalvesSum("high", "low"))
        found = sums.values_list("account_id", "date", "change")
        return [(pk, month, units_of(change)) for pk, month, change in found]

    def uncategorized(self, flag: bool) -> Self:
        """Return the totals without a category if the flag is on, otherwise those with one."""
        return self.filter(category_id=NO_CATEGORY) if flag else self.exclude(category_id=NO_CATEGORY)


@dataclass(slots=True)
class Total:
    """The sums of a group of transactions in one currency, in ten-thousandths. `expense` is negative or zero."""

    currency: str
    keys: dict[str, str | None]
    income: int = 0
    expense: int = 0
    count: int = 0

    @property
    def net(self) -> int:
        """The sum of income and expense."""
        return self.income + self.expense

    def add(self, other: "Total") -> None:
        """Add the sums of the other."""
        self.income += other.income
        self.expense += other.expense
        self.count += other.count

    def amounts(self) -> dict[str, str]:
        """Return income, expense and net, by these names, as text with their currency's decimals."""
        return {
            "income": format_units(self.income, self.currency),
            "expense": format_units(self.expense, self.currency),
            "net": format_units(self.net, self.currency),
        }

    def order(self) -> tuple[object, ...]:
        """Return what totals of the same groupings are sorted by: their keys, with names as in lists of
        these, and the currency."""
        keys: dict[str, object] = dict(self.keys)
        for name in NAMED & keys.keys():
            keys[name] = _name_order(self.keys[name])
        return *keys.values(), self.currency


class TotalsStatement(Statement):
    """The SQL of totals. Its columns are those of the groupings, then currency, income, expense and count."""

    def __init__(self, queryset: models.QuerySet[models.Model, DatabaseRow], group_by: Sequence[str]) -> None:
        super().__init__(queryset, prepared=False)
        self.group_by = group_by
        self.texts = [(place, text) for place, name in enumerate(group_by) if (text := groupings_of(1)[name].text)]

    def totals(self, values: Mapping[str, object]) -> list[Total]:
        """Return the totals for the values of the parameters, by name. They are sorted by their keys, and categories as
        in lists of categories."""
        found = self.rows(values)
        if self.texts:
            found = [self._with_texts(row) for row in found]
        totals = []
        for *keys, currency, income, expense, count in found:
            named = dict(zip(self.group_by, keys, strict=True))
            totals.append(Total(currency, named, units_of_sum(income), units_of_sum(expense), int(count)))
        totals.sort(key=Total.order)
        return totals

    def _with_texts(self, row: DatabaseRow) -> DatabaseRow:
        """Return the row with the texts of the keys that the database does not write as text."""
        values = list(row)
        for place, text in self.texts:
            values[place] = text(values[place])
        return values


@lru_cache(maxsize=4_096)
def _name_order(name: str | None) -> tuple[bool, str]:
    return (name is None, name_key(name or ""))
