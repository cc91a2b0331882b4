"""The parameters of the summary and the charts: some of the filters of lists. They never count transfers."""

from collections.abc import Set
from typing import Any

from transactions.filters import TransactionFilterSet

DATES = {"date_after", "date_before"}
ONE_CATEGORY = {"currency", "category", "uncategorized", "account", "tag"}
SHARED = {*ONE_CATEGORY, "exclude_category"}


def _some(name: str, names: Set[str]) -> Any:
    """Return a set of those of the filters; django-filter leaves out the ones that are None."""
    others = dict.fromkeys(TransactionFilterSet.base_filters.keys() - names)
    return type(name, (TransactionFilterSet,), others)


SummaryFilterSet = _some("SummaryFilterSet", TransactionFilterSet.base_filters.keys() - {"transfer"})
PeriodFilterSet = _some("PeriodFilterSet", DATES | SHARED)
BalanceFilterSet = _some("BalanceFilterSet", DATES | SHARED - {"account"})  # that of an account has transfers, too
OneCategoryFilterSet = _some("OneCategoryFilterSet", DATES | ONE_CATEGORY)
TypedPeriodFilterSet = _some("TypedPeriodFilterSet", DATES | SHARED | {"type"})
YearFilterSet = _some("YearFilterSet", {"type", *SHARED})
AccountsFilterSet = _some("AccountsFilterSet", DATES | {"currency", "account"})
