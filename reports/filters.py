"""The parameters of the summary and the charts: some of the filters of lists. They never count transfers."""

from collections.abc import Set
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from transactions.filters import TransactionFilterSet

ONE_CATEGORY = {"currency", "category", "uncategorized"}
SHARED = {*ONE_CATEGORY, "exclude_category", "group", "account", "exclude_account", "tag", "exclude_tag"}


EXCLUDED = OpenApiParameter(
    "excluded",
    OpenApiTypes.BOOL,
    default=False,
    description="Whether categories that are excluded from sums are counted, too. Those that `category` names are.",
)


def _some(name: str, names: Set[str]) -> Any:
    """Return a set of those of the filters; django-filter leaves out the ones that are None."""
    others = dict.fromkeys(TransactionFilterSet.base_filters.keys() - names)
    return type(name, (TransactionFilterSet,), others)


SummaryFilterSet = _some("SummaryFilterSet", TransactionFilterSet.base_filters.keys() - {"transfer"})
PeriodFilterSet = _some("PeriodFilterSet", {"date_after", "date_before", *SHARED})
OneCategoryFilterSet = _some("OneCategoryFilterSet", {"date_after", "date_before", *ONE_CATEGORY})
TypedPeriodFilterSet = _some("TypedPeriodFilterSet", {"date_after", "date_before", "type", *SHARED})
YearFilterSet = _some("YearFilterSet", {"type", *SHARED})
