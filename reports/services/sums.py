"""The sums that the charts show, each with one query, or two (docs/adr/0040-charts-of-our-own.md)."""

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from cashman_project.api.types import Validated
from cashman_project.money.amounts import EXACT, STORED_DIGITS
from transactions.choices import TransactionType
from transactions.filters import TransactionFilterSet
from transactions.models import Category
from transactions.services.summary import summarize
from transactions.totals import Total

from ..periods import Part, Window, key_of, parts, year_window

if TYPE_CHECKING:
    from users.models import User

Row = TypeVar("Row", covariant=True)


@dataclass(frozen=True)
class Query:
    """What a chart is about: the window of a chart, its currency, and the values of further filters by their names."""

    owner: "User"
    window: Window
    currency: str
    filters: Validated
    excluded: bool = False  # whether categories that are excluded from sums are counted


@dataclass(frozen=True)
class Report(Generic[Row]):
    """What a chart shows. All amounts have the signs of transactions: an expense is below zero."""

    currency: str
    window: Window
    rows: list[Row]


AnyReport: TypeAlias = Report[Any]  # Any: rows of the chart's own kind


@dataclass(frozen=True)
class Sums:
    """The income and the expense of some days. The expense is negative or zero."""

    income: Decimal
    expense: Decimal

    @property
    def net(self) -> Decimal:
        return self.income + self.expense


@dataclass(frozen=True)
class PeriodSums(Sums):
    part: Part


@dataclass(frozen=True)
class CategorySum:
    """The sum of a category; None is what has no category."""

    category: str | None
    amount: Decimal
    count: int


@dataclass(frozen=True)
class TypedSum:
    type: str
    category: str | None
    amount: Decimal


@dataclass(frozen=True)
class MonthOfYears:
    """The sums of a month, in the year and in the one before."""

    part: Part
    amount: Decimal
    before: Decimal


@dataclass(frozen=True)
class BalanceAt:
    """The balance at the end of a part of the window."""

    part: Part
    balance: Decimal


def period_sums(query: Query) -> Report[PeriodSums]:
    """Return income and expense of each month or year of the window."""
    totals = _totals(query, query.window.unit)
    found = {total.keys[query.window.unit]: total for total in totals}
    rows = []
    for part in parts(query.window):
        total = found.get(key_of(part.period))
        rows.append(PeriodSums(amount_of(total.income if total else 0), amount_of(total.expense if total else 0), part))
    return Report(query.currency, query.window, rows)


def category_sums(query: Query, kind: TransactionType) -> Report[CategorySum]:
    """Return the sum of each category's transactions of that type, the largest first."""
    totals = _totals(query, "category", type=kind.value)
    rows = [CategorySum(total.keys["category"], amount_of(total.net), total.count) for total in totals]
    rows.sort(key=lambda row: -abs(row.amount))  # stable: equal ones stay in the order of their names
    return Report(query.currency, query.window, rows)


def flow_sums(query: Query) -> Report[TypedSum]:
    """Return the incomes of each category, the largest first, and then the expenses likewise."""
    totals = _totals(query, "category")
    incomes = [TypedSum(TransactionType.INCOME, total.keys["category"], amount_of(total.income)) for total in totals]
    expenses = [TypedSum(TransactionType.EXPENSE, total.keys["category"], amount_of(total.expense)) for total in totals]
    rows = [
        sorted((row for row in side if row.amount), key=lambda row: -abs(row.amount)) for side in (incomes, expenses)
    ]
    return Report(query.currency, query.window, [*rows[0], *rows[1]])


def year_sums(query: Query, kind: TransactionType) -> Report[MonthOfYears]:
    """Return the sums of that type for each month of the window, which is a year, and of the year before."""
    year = query.window.first.year
    both = query.window._replace(first=year_window(year - 1, query.window.month_start).first)
    totals = _totals(replace(query, window=both), "month", type=kind.value)
    found = {total.keys["month"]: amount_of(total.net) for total in totals}
    rows = [
        MonthOfYears(part, *(found.get(key_of(period), Decimal(0)) for period in (part.period, before)))
        for part in parts(query.window)
        for before in (part.period._replace(year=year - 1),)
    ]
    return Report(query.currency, query.window, rows)


def balances(query: Query) -> Report[BalanceAt]:
    """Return the balance at the end of each month or year of the window: the sum of everything up to then."""
    unit, eve = query.window.unit, query.window.first - datetime.timedelta(days=1)
    units = sum(total.net for total in _totals(query, date_after=None, date_before=eve))
    sums = {total.keys[unit]: total.net for total in _totals(query, unit)}
    rows = []
    for part in parts(query.window):
        units += sums.get(key_of(part.period), 0)
        rows.append(BalanceAt(part, amount_of(units)))
    return Report(query.currency, query.window, rows)


def category_names(owner: "User", pks: UUID | list[UUID]) -> list[str]:
    """Return the names of one or several of the owner's categories, in their order."""
    found = Category.objects.for_owner(owner).filter(pk__in=pks if isinstance(pks, list) else [pks])
    return list(found.values_list("name", flat=True))


def amount_of(units: int) -> Decimal:
    """Return ten-thousandths as an amount."""
    return Decimal(units).scaleb(-STORED_DIGITS, EXACT)


def _totals(query: Query, *group_by: str, **further: object) -> list[Total]:
    dates = {"date_after": query.window.first, "date_before": query.window.last}
    values = {**dates, "currency": query.currency, **query.filters, **further}
    given = {name: value for name, value in values.items() if value is not None}
    return summarize(
        owner=query.owner,
        filters=TransactionFilterSet,
        values=given,
        group_by=group_by,
        excluded=query.excluded,
    )
