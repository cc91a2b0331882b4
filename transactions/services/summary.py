"""The sums of an owner's transactions, from the month totals if these can tell (docs/adr/0015-month-totals.md)."""

import datetime
from calendar import monthrange
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cashman_project.api.filters import FilterSet
from cashman_project.db.compiled import Parameter

from ..models import MonthTotal, Transaction
from ..totals import GROUPINGS, Total, TotalsStatement

if TYPE_CHECKING:
    from users.models import User

# The filters that a month total answers as its transactions would; with any other one the transactions are summed.
MONTH_TOTAL_FILTERS = frozenset({"date_after", "date_before", "category", "uncategorized", "currency", "type"})


def summarize(
    *, owner: "User", filters: type[FilterSet], values: Mapping[str, Any], group_by: tuple[str, ...]
) -> list[Total]:
    """Return the sums of the owner's transactions by currency and by the groupings' keys, in the order of these.

    `values` are what the filter set `filters` is to filter by, by the names of its filters.
    """
    model: Any = MonthTotal if _month_totals_can_tell(values, group_by) else Transaction
    if filters.allow_parameters(values):
        statement = _totals_statement(model, filters, tuple(values), group_by)
        return statement.totals({"owner": owner.pk, **values})
    totals: list[Total] = filters.applied(model.objects.for_owner(owner), values).totals(*group_by)
    return totals


@lru_cache(maxsize=500)
def _totals_statement(
    model: Any, filters: type[FilterSet], names: tuple[str, ...], group_by: tuple[str, ...]
) -> TotalsStatement:
    rows = model.objects.for_owner(Parameter("owner", model._meta.get_field("owner")))
    filtered = filters.applied(rows, filters.parameters(model, names))
    statement: TotalsStatement = filtered.totals_statement(*group_by)
    return statement


def _month_totals_can_tell(values: Mapping[str, Any], group_by: tuple[str, ...]) -> bool:
    """Return whether month totals know all that is asked for: whole months, and nothing finer than they are."""
    return (
        values.keys() <= MONTH_TOTAL_FILTERS
        and all(GROUPINGS[name].month_totals for name in group_by)
        and _starts_a_month(values.get("date_after"))
        and _ends_a_month(values.get("date_before"))
    )


def _starts_a_month(date: datetime.date | None) -> bool:
    return date is None or date.day == 1


def _ends_a_month(date: datetime.date | None) -> bool:
    return date is None or date.day == monthrange(date.year, date.month)[1]
