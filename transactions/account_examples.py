"""Examples of accounts for the API's schema."""

from drf_spectacular.utils import OpenApiExample

from cashman_project.api.problems import problem_details

from .examples import EXPENSE, INCOME, examples_of

ACCOUNT: dict[str, object] = {
    "id": "019a3e2c-9c32-7e5a-8f74-5b8c3e1d9a64",
    "name": "Bank",
    "kind": "checking",
    "currency": "USD",
    "identifier": "DE02120300000000202051",
    "opening": {"date": "2025-12-31", "balance": "1200.00"},
    "archived": False,
    **{name: INCOME[name] for name in ("version", "created_at", "updated_at")},
}

REQUESTS: dict[str, object] = {
    "Shortest": {"name": "Bank"},
    "Full": {
        "name": "Bank",
        "kind": "checking",
        "currency": "USD",
        "identifier": "DE02120300000000202051",
        "opening": {"date": "2025-12-31", "balance": "1200.00"},
    },
}
ACCOUNTS = examples_of(ACCOUNT, **REQUESTS)
ACCOUNTS_WITH_BALANCE = examples_of(ACCOUNT | {"balance": "1150.00"}, **REQUESTS)
ACCOUNT_IN_USE = OpenApiExample(
    "InUse",
    problem_details(409, "conflict", "This account is in use: ?force=true unlinks its transactions.", transactions=12),
)
CHECK = {"date": "2026-11-30", "balance": "1150.00", "computed": "1200.00", "difference": "-50.00", "locked": False}
CHECKS = [OpenApiExample("Answer", CHECK, response_only=True)]
CHECK_LISTS = [OpenApiExample("Answer", {"next": None, "previous": None, "results": [CHECK]}, response_only=True)]
ENTRY = EXPENSE | {"balance": "1150.00"}
REGISTERS = [OpenApiExample("Answer", {"next": None, "previous": None, "results": [ENTRY]}, response_only=True)]
CHECK_REQUESTS = [OpenApiExample("Stated", {"balance": "1150.00", "locked": False}, request_only=True)]
