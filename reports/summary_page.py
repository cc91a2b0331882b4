"""What the page of a summary shows: its chart, its sums as a table or a pivot table, and links to their records."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.request import Request

from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Input
from cashman_project.api.templatetags.days import day
from cashman_project.locales import current_formats
from cashman_project.money.amounts import format_units
from transactions.choices import TransactionType
from transactions.date_links import DATES, Link
from transactions.date_links import Span as Dates
from transactions.groupings import FROM_MONTH_START, groupings_of
from transactions.list_page import EXPORTS, ListPage
from transactions.models import Transaction
from transactions.totals import Total

from . import pictures
from .charts.formats import Period
from .periods import year_of, year_window
from .pictures import FORMATS, NONE
from .services.summary import Group, Span, Summary, SummaryQuery
from .summary_chart import drawings

if TYPE_CHECKING:
    from users.models import User

LONGEST_QUERY = 500  # characters: the link of each sum repeats the filters, so with longer ones there are no links
MOST_COLUMNS = 13  # of a pivot table: more don't fit, so the groups are a list then
SUMS = {"income": "income-list", "expense": "expense-list", "net": "transaction-list"}  # and where their records are
NAMES: dict[str, str | Promise] = {
    "day": gettext_lazy("Days"),
    "week": gettext_lazy("Weeks"),
    "month": gettext_lazy("Months"),
    "quarter": gettext_lazy("Quarters"),
    "year": gettext_lazy("Years"),
    "category": gettext_lazy("Categories"),
    "group": gettext_lazy("Groups"),
    "account": gettext_lazy("Accounts"),
    "tag": gettext_lazy("Tags"),
    "type": gettext_lazy("Income and expense"),
}
COMPARISONS = {"year": gettext_lazy("a year before"), "previous": gettext_lazy("the time before")}


class Cell(NamedTuple):
    """A sum with its sign, the URL of its records, and what it is compared with, if anything."""

    name: str
    amount: str
    currency: str
    url: str
    before: str = ""


@dataclass(frozen=True)
class Row:
    labels: list[str]
    cells: list[Cell]
    count: int = 0
    percent: str = ""  # its share of all expenses in its currency, or of all incomes if there is no expense
    width: str = "0"  # of its bar: 100 is the largest


class Table(NamedTuple):
    """The groups of one currency. The total is that of all groups, also of those that are left out."""

    currency: str
    of_expenses: bool  # whether the shares are
    rows: list[Row]
    total: Row


@dataclass(frozen=True)
class Pivot:
    """The net of each first key, a row, and second key, a column, in one currency."""

    currency: str
    columns: list[str]
    rows: list[Row]
    total: list[Cell]


def opening(owner: "User") -> dict[str, str]:
    """Return the parameters that the page opens with: this year by month up to today, beside the same days of last
    year."""
    today = owner.today()
    first = year_window(year_of(today, owner.month_start), owner.month_start).first
    dates = {"date_after": first.isoformat(), "date_before": today.isoformat()}
    return {"group_by": "month", **dates, "compare": "year"}


def shape_inputs(request: Request) -> list[Input]:
    """Return the selects of what the rows and the columns are, and of what they are compared with."""
    parameters = request.query_params
    names = [(name, str(label)) for name, label in NAMES.items()]
    comparisons = [(name, str(label)) for name, label in COMPARISONS.items()]
    rows, columns, *_others = [*group_keys(request), "", ""]
    return [
        Input("group_by", _("Rows"), kind="select", values=[rows], choices=names),
        Input("group_by", _("Columns"), kind="select", values=[columns], choices=names),
        Input("compare", _("Compare with"), kind="select", values=[parameters.get("compare", "")], choices=comparisons),
    ]


def group_keys(request: Request) -> list[str]:
    """Return the names of the groupings: one parameter has them all, or the form one for each."""
    texts = ",".join(filter(None, request.query_params.getlist("group_by")))
    return texts.split(",") if texts else []


class SummaryLinks(ListPage):
    """The links that a summary shares with a list. One that leaves out the dates leaves out the comparison, too."""

    def url(self, *without: str, **changes: str) -> str:
        kept = {*self.request.query_params, *changes}.difference(without) | changes.keys()
        has_dates = {"date_after", "date_before"} <= kept or "date" in kept
        return super().url(*without, *(() if has_dates else ("compare",)), **changes)

    def last_day(self, span: Dates) -> datetime.date:
        """Return today for a span that is not over, if it is compared with a year before: with the same days."""
        is_compared = self.request.query_params.get("compare") == "year"
        return self.today if is_compared and span.first <= self.today <= span.last else span.last

    def span_name(self, span: Dates) -> str:
        return _("%(period)s so far") % {"period": span.name} if self.is_so_far else span.name

    @property
    def is_so_far(self) -> bool:
        """Whether the page shows the days up to today of a month or a year that is not over."""
        return self.span is not None and self.dates[1] != self.span.last

    @property
    def whole(self) -> Link | None:
        """The link to the whole month or year, with what is entered for later, if the page shows the days up to
        today. They are not comparable with a year before."""
        if self.span is None or not self.is_so_far:
            return None
        label = _("Show all of %(period)s") % {"period": self.span.name}
        return Link(label, self.url("compare", date_before=self.span.last.isoformat()))

    @property
    def until_today(self) -> str:
        """The URL of the days up to today, if later ones are compared with earlier ones, too; otherwise ""."""
        first, last = self.dates
        is_open = bool(first and last and first <= self.today < last) and "date" not in self.values
        return (
            self.url(date_before=self.today.isoformat()) if is_open and self.request.query_params.get("compare") else ""
        )


class SummaryPage:
    """The page of a summary. `most` is the number of groups that it has room for."""

    def __init__(self, request: Request, query: SummaryQuery, summary: Summary, most: int) -> None:
        self.request = request
        self.query = query
        self.summary = summary
        self.groups = summary.groups[:most]
        self.left_out = len(summary.groups) - len(self.groups)
        self.has_links = len(request.META.get("QUERY_STRING", "")) <= LONGEST_QUERY
        self.list = SummaryLinks(request, Transaction.objects.none(), None, {})  # which knows its dates and filters

    @property
    def compared_with(self) -> str:
        """Return the name of the days that all of it is compared with; "" if there are none."""
        window = next((group.previous.window for group in self.summary.totals if group.previous), None)
        return pictures.window_name(window) if window else ""

    @cached_property
    def drawings(self) -> list[SafeString]:
        """The chart of what the rows are, if there is one, for a wide page and for a telephone."""
        if not self.currencies:
            return []
        return drawings(self.query, self.summary.groups, self.currencies[0])

    @property
    def exports(self) -> list[Link]:
        """The same groups as files, and as a pivot table if the page has one."""
        query = self.request.query_params.copy()
        query["group_by"] = ",".join(self.query.group_by)
        if self.pivots:
            query.pop("compare", None)  # a pivot table has no room for it
            query["pivot"] = "true"
        return [Link(label, f"{reverse('summary')}.{ending}?{query.urlencode()}") for label, ending in EXPORTS.items()]

    # -- The tables ---------------------------------------------------------------------------

    @property
    def heads(self) -> list[str]:
        return [str(NAMES[name]) for name in self.query.group_by]

    @cached_property
    def currencies(self) -> list[str]:
        """The currencies that there are, the owner's first."""
        own = owner_of(self.request).currency
        return sorted((group.total.currency for group in self.summary.totals), key=lambda code: (code != own, code))

    @property
    def tables(self) -> Iterator[Table]:
        """The groups of each currency. Without a grouping, the total says it all."""
        totals = {group.total.currency: group for group in self.summary.totals}
        for currency in self.currencies:
            whole = totals[currency]
            groups = [group for group in self.groups if group.total.currency == currency] if self.heads else []
            name = "expense" if whole.total.expense else "income"
            largest = max((abs(getattr(group.total, name)) for group in groups), default=0)
            rows = []
            for group in groups:
                units = abs(getattr(group.total, name))
                share = Decimal(units) / abs(getattr(whole.total, name)) if units else Decimal(0)
                labels = [self._label(*pair) for pair in group.total.keys.items()]
                width = f"{100 * units / largest:.1f}" if units else "0"
                percent = FORMATS.percent(share) if units else ""
                rows.append(Row(labels, self._cells(group), group.total.count, percent, width))
            yield Table(currency, name == "expense", rows, Row([_("Total")], self._cells(whole), whole.total.count))

    def _label(self, name: str, key: str | None) -> str:
        return key_label(name, key, self.query.owner.month_start)

    def _cells(self, group: Group) -> list[Cell]:
        total, before = group.total, group.previous.total if group.previous else None
        return [
            Cell(
                name,
                format_units(getattr(total, name), total.currency),
                total.currency,
                self._records(view, group.span, total)
                if getattr(total, name) or (total.count and name == "net")
                else "",
                format_units(getattr(before, name), total.currency) if before else "",
            )
            for name, view in SUMS.items()
        ]

    @property
    def pivots(self) -> list[Pivot]:
        """A table for each currency if there are two groupings that can be added up, and not too many columns."""
        if len(self.query.group_by) < 2 or self.left_out or self.query.overlaps:
            return []
        found = [self._pivot(currency) for currency in self.currencies]
        return found if all(len(pivot.columns) <= MOST_COLUMNS for pivot in found) else []

    def _pivot(self, currency: str) -> Pivot:
        first, second = self.query.group_by
        groups = [group for group in self.groups if group.total.currency == currency]
        in_order = sorted(groups, key=lambda group: Total("", {second: group.total.keys[second]}).order())
        columns = list(dict.fromkeys(group.total.keys[second] for group in in_order))
        by_row: dict[str | None, dict[str | None, Group]] = {}
        for group in groups:
            by_row.setdefault(group.total.keys[first], {})[group.total.keys[second]] = group
        rows = []
        for key, found in by_row.items():
            cells = [self._net([found[column]], (first, second)) if column in found else _empty() for column in columns]
            rows.append(Row([self._label(first, key)], [*cells, self._net(found.values(), (first,))]))
        total = [
            self._net([found[column] for found in by_row.values() if column in found], (second,)) for column in columns
        ]
        heads = [key_label(second, column, is_short=True) for column in columns]
        return Pivot(currency, heads, rows, [*total, self._net(groups, ())])

    def _net(self, groups: Iterable[Group], kept: tuple[str, ...]) -> Cell:
        """Return the net of groups that have these keys in common."""
        several = list(groups)
        total = Total(several[0].total.currency, {name: several[0].total.keys[name] for name in kept})
        for group in several:
            total.add(group.total)
        has_period = any(name in self.query.lengths for name in kept)
        firsts, lasts = ([getattr(group.span, name) for group in several] for name in ("first", "last"))
        span = Span(min(firsts), max(lasts)) if has_period else self.query.span
        return Cell(
            "net", format_units(total.net, total.currency), total.currency, self._records(SUMS["net"], span, total)
        )

    def _records(self, view: str, span: Span, total: Total) -> str:
        """Return the URL of the list of the transactions that were summed up; "" if the page has no such links."""
        if not self.has_links:
            return ""
        query = self.request.query_params.copy()
        for name in ("group_by", "compare", "fill", "balance", *DATES):
            query.pop(name, None)
        for name, date in (("date_after", span.first), ("date_before", span.last)):
            if date:
                query[name] = date.isoformat()
        if "category" in total.keys:
            for name in ("category", "exclude_category", "uncategorized"):
                query.pop(name, None)
            category = total.keys["category"]
            query.update({"uncategorized": "true"} if category is None else {"category": category})
        for name in ("group", "account", "tag"):
            if (key := total.keys.get(name, "")) is None:
                return ""  # no filter finds what has none
            if key:
                query.setlist(name, [*(query.getlist(name) if name == "tag" else []), key])
        if "type" in total.keys:
            query["type"] = total.keys["type"] or ""
        query["currency"] = total.currency
        return f"{reverse(view)}?{query.urlencode()}"


def _empty() -> Cell:
    return Cell("net", "", "", "")


def key_label(name: str, key: str | None, month_start: int = 1, *, is_short: bool = False) -> str:
    """Return the key of a group in words: "November 2026" for "2026-11".

    Months that begin on another day than the first are named by their days, unless there is no room for that.
    """
    if key is None:
        return str(NONE[name])
    if month_start > 1 and name in FROM_MONTH_START and not is_short:
        period = groupings_of(month_start)[name].period
        assert period is not None
        first = period.first(key)
        return current_formats().days(first, period.last(first))
    write = FORMATS.short_period if is_short else FORMATS.period
    match name:
        case "day":
            return day(key)
        case "month":
            return write(Period(int(key[:4]), int(key[5:])))
        case "quarter":
            return _("Q%(quarter)s %(year)s") % {"quarter": key[6:], "year": key[:4]}
        case "week":
            return _("Week %(week)d, %(year)s") % {"week": int(key[6:]), "year": key[:4]}
        case "type":
            return str(capfirst(TransactionType(key).label))
    return key
