"""The parameters of the summary and the charts: some of the filters of lists. They never count transfers."""

from collections.abc import Set

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from transactions.filters import TransactionFilterSet

EXCLUDED = OpenApiParameter(
    "excluded",
    OpenApiTypes.BOOL,
    default=False,
    description="Whether categories that are excluded from sums are counted, too. Those that `category` names are.",
)
DATES = {"date_after", "date_before"}
ACCOUNTS = {"account", "exclude_account"}
ONE_CATEGORY = {"currency", "category", "group", "uncategorized", *ACCOUNTS, "tag", "exclude_tag"}
SHARED = {*ONE_CATEGORY, "exclude_category"}


def _some(name: str, names: Set[str]) -> type[TransactionFilterSet]:
    """Return a set of those of the filters; django-filter leaves out the ones that are None."""
    others = dict.fromkeys(TransactionFilterSet.base_filters.keys() - names)
    return type(name, (TransactionFilterSet,), others)


SummaryFilterSet = _some("SummaryFilterSet", TransactionFilterSet.base_filters.keys() - {"transfer"})
PeriodFilterSet = _some("PeriodFilterSet", DATES | SHARED)
BalanceFilterSet = _some("BalanceFilterSet", DATES | SHARED - ACCOUNTS)  # that of an account has transfers, too
OneCategoryFilterSet = _some("OneCategoryFilterSet", DATES | ONE_CATEGORY)
TypedPeriodFilterSet = _some("TypedPeriodFilterSet", DATES | SHARED | {"type"})
YearFilterSet = _some("YearFilterSet", {"type", *SHARED})
AccountsFilterSet = _some("AccountsFilterSet", DATES | {"currency", "account"})
