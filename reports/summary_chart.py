"""The chart on the page of a summary: of the months, the years or the categories that its rows are."""

import datetime
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from transactions.calendar import earlier, starting
from transactions.choices import TransactionType
from transactions.groupings import MONTH
from transactions.totals import Total

from . import pictures
from .charts.formats import Period
from .charts.frame import PHONE, WIDE, Canvas
from .periods import MOST_MONTHS, Part, Window, key_of
from .services.summary import Group, SummaryQuery
from .services.sums import CategorySum, PeriodSums, Report, amount_of

if TYPE_CHECKING:
    from users.models import User

ALL = Window(FIRST_DATE, LAST_DATE)
Sums = dict[str | None, Total]  # by the first key of the groups


def drawings(query: SummaryQuery, groups: Sequence[Group], currency: str) -> list[SafeString]:
    """Return the chart for a wide page and for a telephone; nothing if there is none of these groups.

    It ends with today's month, or year, unless there is something after it.
    """
    charts = {"month": _periods, "year": _periods, "category": _categories}
    draw: Callable[..., str] | None = charts.get(query.group_by[0]) if query.group_by else None
    if draw is None:
        return []
    sums: Sums = {}
    for group in groups:
        if group.total.currency == currency:
            key = group.total.keys[query.group_by[0]]
            sums.setdefault(key, Total(currency, {})).add(group.total)
    days = pictures.window_name(query.window) if query.window else _("All dates")
    drawn = [
        draw(query, sums, currency, [days, currency], canvas)
        for canvas in (Canvas(WIDE, "wide"), Canvas(PHONE, "narrow"))
    ]
    return [mark_safe(drawing) for drawing in drawn]  # noqa: S308  # escaped


def _periods(query: SummaryQuery, sums: Sums, currency: str, subtitle: Sequence[str], canvas: Canvas) -> str:
    keys, window = sorted(str(key) for key in sums), query.window or ALL
    month, (first, last) = starting(MONTH, query.owner.month_start), query.span
    start = month.key(first) if first else keys[0]
    end = month.key(last) if last else keys[-1]
    years = range(int(start[:4]), int(end[:4]) + 1)
    periods = [Period(year) for year in years]
    if query.group_by[0] == "month":
        months = [Period(year, month) for year in years for month in range(1, 13)]
        months = [period for period in months if start <= key_of(period) <= end]
        if len(months) <= MOST_MONTHS:
            periods = months
    shown: dict[str, Total] = {}
    for key, total in sums.items():
        shown.setdefault(str(key)[: len(key_of(periods[0]))], Total(currency, {})).add(total)
    rows = []
    for period in periods:
        total = shown.get(key_of(period), Total(currency, {}))
        rows.append(PeriodSums(amount_of(total.income), amount_of(total.expense), Part(period, window)))
    while len(rows) > 1 and _is_to_come(rows[-1], query.owner):  # or the line of the net would fall to zero there
        rows.pop()
    return pictures.draw_income_and_expense(Report(currency, window, rows), subtitle, canvas)


def _is_to_come(row: PeriodSums, owner: "User") -> bool:
    year, month = row.part.period
    first = datetime.date(year, month or 1, 1)
    return not row.income and not row.expense and first > earlier(owner.today(), owner.month_start)


def _categories(query: SummaryQuery, sums: Sums, currency: str, subtitle: Sequence[str], canvas: Canvas) -> str:
    is_expense = any(total.expense for total in sums.values())
    kind = TransactionType.EXPENSE if is_expense else TransactionType.INCOME
    name = "expense" if is_expense else "income"
    found = [CategorySum(key, amount_of(getattr(total, name)), total.count) for key, total in sums.items()]
    rows = sorted((row for row in found if row.amount), key=lambda row: -abs(row.amount))
    return pictures.draw_categories(Report(currency, query.window or ALL, rows), kind, subtitle, canvas)
