"""Examples of accounts for the API's schema."""

from .examples import INCOME, examples_of

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

ACCOUNTS = examples_of(
    ACCOUNT,
    Shortest={"name": "Bank"},
    Full={
        "name": "Bank",
        "kind": "checking",
        "currency": "USD",
        "identifier": "DE02120300000000202051",
        "opening": {"date": "2025-12-31", "balance": "1200.00"},
    },
)
