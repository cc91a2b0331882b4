"""Examples for the API's description."""

from drf_spectacular.utils import OpenApiExample

from cashman_project.api.types import JSONObject

MONTH = {"period": "2026-11", "from": "2026-11-01", "to": "2026-11-30"}


def _example(*rows: JSONObject, first: str = "2026-11-01", last: str = "2026-11-30") -> OpenApiExample:
    return OpenApiExample(
        "Answer", {"currency": "USD", "from": first, "to": last, "rows": list(rows)}, response_only=True
    )


INCOME_AND_EXPENSE = _example({**MONTH, "income": "5000.00", "expense": "-50.00", "net": "4950.00"})
CATEGORIES = _example({"category": "Food", "amount": "-50.00", "share": "100.00", "count": 2})
YEARS = _example({**MONTH, "amount": "-50.00", "previous": "-40.00"}, first="2026-01-01", last="2026-12-31")
BALANCE = _example({**MONTH, "balance": "4950.00"})
FLOW = _example(
    {"type": "INCOME", "category": "Salary", "amount": "5000.00"},
    {"type": "EXPENSE", "category": "Food", "amount": "-50.00"},
)
NET_WORTH = _example(
    {
        **MONTH,
        "assets": "4950.00",
        "debts": "-120.00",
        "net_worth": "4830.00",
        "accounts": [{"account": "Bank", "balance": "4950.00"}, {"account": "Card", "balance": "-120.00"}],
    }
)
TRANSFERS = _example(
    {"from": "Bank", "to": "Savings", "amount": "200.00"}, {"from": "Bank", "to": None, "amount": "20.00"}
)

_SUMS = {"income": "5000.00", "expense": "-50.00", "net": "4950.00", "count": 2}
_DAYS = {"from": "2026-11-01", "to": "2026-11-30"}
SUMMARIES = [
    OpenApiExample(
        "ByMonth",
        {
            "results": [{"currency": "USD", "month": "2026-11", **_DAYS, **_SUMS}],
            "total": [{"currency": "USD", **_DAYS, **_SUMS}],
        },
    ),
    OpenApiExample(
        "ComparedCategories",
        {
            "results": [
                {
                    "currency": "USD",
                    "category": None,
                    **_DAYS,
                    **_SUMS,
                    "previous": {"from": "2026-10-01", "to": "2026-10-31", **_SUMS},
                }
            ],
            "total": [
                {
                    "currency": "USD",
                    **_DAYS,
                    **_SUMS,
                    "previous": {"from": "2026-10-01", "to": "2026-10-31", **_SUMS},
                }
            ],
        },
    ),
]
