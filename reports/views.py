"""The charts over HTTP."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.api.etags import wants_json
from cashman_project.api.filters import number_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Input
from cashman_project.api.types import JSONObject
from cashman_project.money.amounts import format_amount
from reports.periods import Part
from reports.services.sums import AnyReport
from transactions.choices import TransactionType
from transactions.date_links import DateLinks, Link

from . import examples, pictures
from .base_view import ChartView, published
from .charts.frame import Canvas
from .filters import AccountsFilterSet, BalanceFilterSet, OneCategoryFilterSet, TypedPeriodFilterSet, YearFilterSet
from .periods import Window, key_of, year_of, year_window
from .serializers import (
    ChartBalanceSerializer,
    ChartCategorySerializer,
    ChartFlowSerializer,
    ChartMonthSerializer,
    ChartMoveSerializer,
    ChartPeriodSerializer,
    ChartWorthSerializer,
)
from .services import accounts, sums
from .services.sums import Query, Report

EARLIEST, LATEST = FIRST_DATE.year + 1, LAST_DATE.year  # a year has one before it
YEAR = OpenApiParameter(
    "year",
    {"type": "integer", "minimum": EARLIEST, "maximum": LATEST},
    description="The year to compare with the one before it; without it, the present year.",
)


class YearLinks(DateLinks):
    """The links to other years of a chart that shows one beside the year before."""

    @property
    def presets(self) -> list[Link]:
        present = year_of(self.today, self.month_start)
        shown = self.request.query_params.get("year") or str(present)
        years = {present: gettext("This year"), present - 1: gettext("Last year")}
        return [Link(label, self.url(year=str(year)), shown == str(year)) for year, label in years.items()]


class IncomeAndExpenseView(ChartView):
    """Income, expense and net by month, or by year if it is more than five years."""

    name = "income-and-expense"
    label = _("Income and expense")

    def report(self, query: Query) -> Report[sums.PeriodSums]:
        return sums.period_sums(query)

    def rows(self, report: Report[sums.PeriodSums]) -> list[JSONObject]:
        names = ("income", "expense", "net")
        return [
            _part(row) | {name: format_amount(getattr(row, name), report.currency) for name in names}
            for row in report.rows
        ]

    def draw(self, report: Report[sums.PeriodSums], subtitle: Sequence[str], canvas: Canvas) -> str:
        return pictures.draw_income_and_expense(report, subtitle, canvas)


class CategoriesView(ChartView):
    """The categories by the sums of their expenses, or of their incomes with `type=INCOME`; the largest first."""

    name = "categories"
    label = _("Categories")
    filterset_class = TypedPeriodFilterSet

    def query(self, request: Request) -> Query:
        query = super().query(request)
        self.kind = _kind(query)
        return query

    def report(self, query: Query) -> Report[sums.CategorySum]:
        return sums.category_sums(query, self.kind)

    def rows(self, report: Report[sums.CategorySum]) -> list[JSONObject]:
        total = sum((row.amount for row in report.rows), Decimal(0))
        return [
            {
                "category": row.category,
                "amount": format_amount(row.amount, report.currency),
                "share": f"{(row.amount / total * 100).quantize(Decimal('0.01')):f}",
                "count": row.count,
            }
            for row in report.rows
        ]

    def draw(self, report: Report[sums.CategorySum], subtitle: Sequence[str], canvas: Canvas) -> str:
        return pictures.draw_categories(report, self.kind, subtitle, canvas)


class CategoryView(IncomeAndExpenseView):
    """One category over time: give `category`, or `uncategorized=true` for transactions without one.

    If you give neither, the chart covers all transactions.
    """

    name = "category"
    label = _("One category")
    filterset_class = OneCategoryFilterSet

    def get(self, request: Request) -> HttpResponseBase:
        """Return the chart. A page without a category asks for one, since the menu and the form lead there."""
        if wants_json(request) or self.given().keys() & {"category", "uncategorized"}:
            return super().get(request)
        self.filterset_class.values_of(request)  # raises ValidationError if another parameter is wrong
        return Response({})

    def query(self, request: Request) -> Query:
        query = super().query(request)
        self.filters = query.filters
        return query

    @cached_property
    def heading(self) -> str:
        """What the chart covers: its categories, what has none, what has one, or everything."""
        if "category" in self.filters:
            return ", ".join(sums.category_names(owner_of(self.request), self.filters["category"]))
        if "uncategorized" in self.filters:
            return pictures.category_label(None) if self.filters["uncategorized"] else gettext("With a category")
        return gettext("All categories")

    def subtitle(self, report: AnyReport) -> list[str]:
        return self.subtitle_without_categories(report)

    def draw(self, report: Report[sums.PeriodSums], subtitle: Sequence[str], canvas: Canvas) -> str:
        return pictures.draw_category(report, self.heading, subtitle, canvas)


class YearsView(ChartView):
    """The expenses of each month of a year beside those of the year before, or the incomes with `type=INCOME`."""

    name = "years"
    label = pgettext_lazy("a chart", "Two years")
    filterset_class = YearFilterSet
    further_parameters = frozenset({"year"})

    def query(self, request: Request) -> Query:
        query = super().query(request)
        self.kind = _kind(query)
        return query

    def window(self, first: datetime.date | None, last: datetime.date | None) -> Window:
        year = number_of(self.request, "year", EARLIEST, LATEST)
        owner = owner_of(self.request)
        return year_window(year or year_of(owner.today(), owner.month_start), owner.month_start)

    def dates(self) -> DateLinks:
        return YearLinks(self.request, {})

    def year_input(self) -> Input:
        """Return the input of the page's form for the year."""
        return Input("year", gettext("Year"), values=self.given().get("year", []), mode="numeric", max_length=4)

    def report(self, query: Query) -> Report[sums.MonthOfYears]:
        return sums.year_sums(query, self.kind)

    def rows(self, report: Report[sums.MonthOfYears]) -> list[JSONObject]:
        return [
            _part(row)
            | {
                "amount": format_amount(row.amount, report.currency),
                "previous": format_amount(row.before, report.currency),
            }
            for row in report.rows
        ]

    def draw(self, report: Report[sums.MonthOfYears], subtitle: Sequence[str], canvas: Canvas) -> str:
        return pictures.draw_years(report, self.kind, subtitle, canvas)


class BalanceView(ChartView):
    """The balance at the end of each month, or of each year if it is more than five years."""

    name = "balance"
    label = _("Balance")
    filterset_class = BalanceFilterSet

    def report(self, query: Query) -> Report[sums.BalanceAt]:
        return sums.balances(query)

    def rows(self, report: Report[sums.BalanceAt]) -> list[JSONObject]:
        return [_part(row) | {"balance": format_amount(row.balance, report.currency)} for row in report.rows]

    def draw(self, report: Report[sums.BalanceAt], subtitle: Sequence[str], canvas: Canvas) -> str:
        return pictures.draw_balance(report, subtitle, canvas)


class FlowView(ChartView):
    """The incomes by category, and the expenses by category that they are spent on."""

    name = "flow"
    label = _("Money flow")

    def report(self, query: Query) -> Report[sums.TypedSum]:
        return sums.flow_sums(query)

    def rows(self, report: Report[sums.TypedSum]) -> list[JSONObject]:
        return [
            {"type": row.type, "category": row.category, "amount": format_amount(row.amount, report.currency)}
            for row in report.rows
        ]

    def draw(self, report: Report[sums.TypedSum], subtitle: Sequence[str], canvas: Canvas) -> str:
        return pictures.draw_flow(report, subtitle, canvas)


class NetWorthView(ChartView):
    """What is in all accounts of the currency at the end of each month, or of each year if it is more than five years.

    `assets` is the sum of the balances above zero, and `debts` that of the others. `accounts` has the balance of each;
    if they are more than 20, the smallest ones are one without a name.
    """

    name = "net-worth"
    label = _("Net worth")
    filterset_class = AccountsFilterSet

    def report(self, query: Query) -> Report[accounts.WorthAt]:
        return accounts.net_worth(query)

    def rows(self, report: Report[accounts.WorthAt]) -> list[JSONObject]:
        code = report.currency
        return [
            _part(row)
            | {
                "assets": format_amount(row.assets, code),
                "debts": format_amount(row.debts, code),
                "net_worth": format_amount(row.net, code),
                "accounts": [
                    {"account": name, "balance": format_amount(held, code)} for name, held in row.accounts.items()
                ],
            }
            for row in report.rows
        ]

    def draw(self, report: Report[accounts.WorthAt], subtitle: Sequence[str], canvas: Canvas) -> str:
        return pictures.draw_net_worth(report, subtitle, canvas)


class TransfersView(ChartView):
    """What transfers moved from one account to another, the largest first; null is outside of the accounts.

    A transfer across currencies counts in the charts of both, with what left and with what arrived.
    """

    name = "transfers"
    label = _("Transfers")
    filterset_class = AccountsFilterSet

    def report(self, query: Query) -> Report[accounts.Move]:
        return accounts.moves(query)

    def rows(self, report: Report[accounts.Move]) -> list[JSONObject]:
        return [
            {"from": row.source, "to": row.target, "amount": format_amount(row.amount, report.currency)}
            for row in report.rows
        ]

    def draw(self, report: Report[accounts.Move], subtitle: Sequence[str], canvas: Canvas) -> str:
        return pictures.draw_transfers(report, subtitle, canvas)


class HasPart(Protocol):
    """What a chart shows of a part of its time."""

    @property
    def part(self) -> Part: ...


def _part(row: HasPart) -> dict[str, str]:
    period, window = row.part
    return {"period": key_of(period), "from": window.first.isoformat(), "to": window.last.isoformat()}


def _kind(query: Query) -> TransactionType:
    return TransactionType(query.filters.get("type", TransactionType.EXPENSE))


PICTURES = {
    IncomeAndExpenseView: published(
        IncomeAndExpenseView, "IncomeAndExpense", ChartPeriodSerializer, examples.INCOME_AND_EXPENSE
    ),
    CategoriesView: published(CategoriesView, "Categories", ChartCategorySerializer, examples.CATEGORIES),
    CategoryView: published(CategoryView, "Category", ChartPeriodSerializer, examples.INCOME_AND_EXPENSE),
    YearsView: published(YearsView, "Years", ChartMonthSerializer, examples.YEARS, YEAR),
    BalanceView: published(BalanceView, "Balance", ChartBalanceSerializer, examples.BALANCE),
    FlowView: published(FlowView, "Flow", ChartFlowSerializer, examples.FLOW),
    NetWorthView: published(NetWorthView, "NetWorth", ChartWorthSerializer, examples.NET_WORTH),
    TransfersView: published(TransfersView, "Transfers", ChartMoveSerializer, examples.TRANSFERS),
}
ChartView.charts = list(PICTURES)
