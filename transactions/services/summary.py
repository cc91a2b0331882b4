"""The sums of an owner's transactions, from month totals if possible (docs/adr/0015-month-totals.md)."""

import datetime
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from django.db.models import Count

from cashman_project.api.filters import FilterSet
from cashman_project.db.compiled import Parameter
from cashman_project.money.amounts import format_amount
from cashman_project.money.sums import MoneySum
from transactions.totals import MonthTotalQuerySet

from ..groupings import FROM_MONTH_START, GROUPINGS, groupings_of
from ..models import MonthTotal, Transaction
from ..totals import Total, TotalsStatement
from ..transaction_querysets import TransactionQuerySet
from .categories import group_names

if TYPE_CHECKING:
    from users.models import User

MOST_SUMMED = 50_000  # transactions that the page of a list reads for its sums, and as many for those of its days
# With these filters, month totals have the same sums as their transactions. With any other, transactions are summed.
MONTH_TOTAL_FILTERS = frozenset(
    {
        *("date_after", "date_before", "category", "exclude_category", "group", "uncategorized"),
        *("account", "exclude_account", "currency", "type"),
    }
)


def summarize(
    *,
    owner: "User",
    filters: type[FilterSet],
    values: Mapping[str, object],
    group_by: tuple[str, ...],
    excluded: bool = False,
) -> list[Total]:
    """Return the sums of the owner's transactions by currency and by the keys of the groupings, sorted by the keys.
    Transfers are left out, and so are excluded categories, unless they are asked for: by `excluded`, or by their names.

    `values` has the value of each filter of `filters` that is set, by the filter's name.
    """
    month_start = _month_start(owner, group_by)
    model, counts_all = _table_for(values, group_by, month_start), counts_excluded(values, excluded)
    if model is Transaction and (month := _days_after_whole_months(values, group_by)):
        whole = {**values, "date_before": month - datetime.timedelta(days=1)}
        return merged(
            summarize(owner=owner, filters=filters, values=part, group_by=group_by, excluded=excluded)
            for part in (whole, {**values, "date_after": month})
        )
    if filters.allow_parameters(values):
        statement = _totals_statement(model, filters, tuple(values), group_by, month_start, counts_all)
        totals = statement.totals({"owner": owner.pk, **values})
    else:
        rows = filters.applied(_counted(model, owner, counts_all), values)
        totals = rows.totals(*group_by, month_start=month_start)
    if "group" in group_by:
        names = group_names(owner)
        for total in totals:
            key = total.keys["group"]
            total.keys["group"] = names.get(key, key) if key else None
        totals.sort(key=Total.order)
    return totals


def merged(parts: "Iterable[Iterable[Total]]") -> list[Total]:
    """Return the totals of several parts of the transactions together, in the order of their keys."""
    found: dict[object, Total] = {}
    for total in chain.from_iterable(parts):
        known = found.setdefault((total.currency, *total.keys.values()), total)
        if known is not total:
            known.add(total)
    return sorted(found.values(), key=Total.order)


def counts_excluded(values: Mapping[str, object], excluded: bool) -> bool:
    """Return whether sums with these filters count categories that are excluded: if that is asked for, or if the
    filters name categories, of which each is counted then."""
    return excluded or "category" in values


def number_of_keys(
    *,
    owner: "User",
    filters: type[FilterSet],
    values: Mapping[str, object],
    group_by: tuple[str, ...],
    excluded: bool = False,
) -> int:
    """Return how many different keys the transactions have together, by the groupings or "currency"."""
    month_start = _month_start(owner, group_by)
    counted = _counted(_table_for(values, group_by, month_start), owner, counts_excluded(values, excluded))
    number: int = filters.applied(counted, values).number_of_keys(*group_by, month_start=month_start)
    return number


def summarize_few(
    *, owner: "User", filters: type[FilterSet], values: Mapping[str, object], excluded: bool
) -> list[Total] | None:
    """Return the sums by currency as `summarize`; None if it had to read more than MOST_SUMMED transactions."""
    if _table_for(values) is Transaction:
        counted = _counted(Transaction, owner, counts_excluded(values, excluded))
        rows: TransactionQuerySet = filters.applied(counted, values)
        if rows.order_by()[: MOST_SUMMED + 1].count() > MOST_SUMMED:
            return None
    return summarize(owner=owner, filters=filters, values=values, group_by=(), excluded=excluded)


@lru_cache(maxsize=500)
def _totals_statement(
    model: type[MonthTotal | Transaction],
    filters: type[FilterSet],
    names: tuple[str, ...],
    group_by: tuple[str, ...],
    month_start: int,
    counts_all: bool,
) -> TotalsStatement:
    rows = _counted(model, Parameter("owner", model._meta.get_field("owner")), counts_all)
    filtered = filters.applied(rows, filters.parameters(model, names))
    statement: TotalsStatement = filtered.totals_statement(*group_by, month_start=month_start)
    return statement


def _counted(
    model: type[MonthTotal | Transaction], owner: "User | Parameter", counts_all: bool
) -> MonthTotalQuerySet | TransactionQuerySet:
    """Return the rows that count as income or expense: of all categories, or without those that are excluded."""
    rows = model.objects.for_owner(owner).without_transfers()
    return rows if counts_all else rows.without_excluded(owner)


def _month_start(owner: "User", group_by: tuple[str, ...]) -> int:
    """Return the day that the owner's months begin on; 1 if no grouping asks for it."""
    return owner.month_start if FROM_MONTH_START.intersection(group_by) else 1


def _table_for(
    values: Mapping[str, object], group_by: tuple[str, ...] = (), month_start: int = 1
) -> type[MonthTotal | Transaction]:
    """Return the month totals if the dates are whole months, and they know all filters and groupings."""
    groupings = groupings_of(month_start)
    has_all = (
        values.keys() <= MONTH_TOTAL_FILTERS
        and all(groupings[name].month_totals for name in group_by if name in groupings)
        and _starts_a_month(values.get("date_after"))
        and _ends_a_month(values.get("date_before"))
    )
    return MonthTotal if has_all else Transaction


def _days_after_whole_months(values: Mapping[str, object], group_by: tuple[str, ...]) -> datetime.date | None:
    """Return the first day of the last month, if everything up to a day of it is summed up, and the months before can
    be read from month totals."""
    last = values.get("date_before")
    if (
        values.get("date_after")
        or not isinstance(last, datetime.date)
        or any(GROUPINGS[name].period for name in group_by)
    ):
        return None
    month = last.replace(day=1)
    before = {**values, "date_before": month - datetime.timedelta(days=1)}
    return month if _table_for(before, group_by) is MonthTotal else None


def _starts_a_month(date: object) -> bool:
    return date is None or (isinstance(date, datetime.date) and date.day == 1)


def _ends_a_month(date: object) -> bool:
    return date is None or (isinstance(date, datetime.date) and date.day == monthrange(date.year, date.month)[1])


@dataclass(frozen=True)
class DaySum:
    """The sum of an owner's transactions of one day and one currency."""

    currency: str
    amount: str
    count: int


def few_day_sums(rows: TransactionQuerySet, first: str, last: str, number: int | None) -> dict[str, list[DaySum]]:
    """Return the sums of the rows from the first to the last day, by day, if a day has several rows.

    Return none if it had to read more than MOST_SUMMED rows. `number` is that of all rows, if it is known.
    """
    of_days = rows.without_transfers().filter(date__gte=first, date__lte=last).order_by()
    if (number is None or number > MOST_SUMMED) and of_days[: MOST_SUMMED + 1].count() > MOST_SUMMED:
        return {}
    found = (
        of_days.values("date", "currency")
        .annotate(net=MoneySum("amount"), number=Count("id"))
        .values_list("date", "currency", "net", "number")
    )
    sums: dict[str, list[DaySum]] = {}
    for date, currency, net, number in sorted(found):
        sums.setdefault(date.isoformat(), []).append(DaySum(currency, format_amount(net, currency), number))
    return {date: of_day for date, of_day in sums.items() if sum(one.count for one in of_day) > 1}
