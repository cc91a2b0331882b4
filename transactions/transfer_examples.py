"""Examples of transfers for the API's schema."""

from drf_spectacular.utils import OpenApiExample

from .examples import EXPENSE, INCOME, examples_of

TRANSFER: dict[str, object] = {
    "id": "019a3e2c-ad43-7f6b-8085-6c9d4f2e0b75",
    "from": "Bank",
    "to": "Savings",
    "amount": "200.00",
    "currency": "USD",
    "received": None,
    "received_currency": None,
    "date": "2026-11-01",
    "received_on": "2026-11-02",
    "description": "Bank → Savings",
    "notes": "",
    "expense": "019a3e2c-be54-7a7c-8196-7dae503f1c86",
    "income": "019a3e2c-cf65-7b8d-82a7-8ebf61402d97",
    **{name: INCOME[name] for name in ("version", "created_at", "updated_at")},
}
TRANSFERS = examples_of(
    TRANSFER,
    Shortest={"from": "Bank", "to": "Savings", "amount": "200.00"},
    Abroad={"from": "Bank", "to": "Wallet", "amount": "200.00", "received": "172.40", "date": "2026-11-01"},
)
PAIR = {"expense": EXPENSE["id"], "income": INCOME["id"]}
PAIRS = [OpenApiExample("Pair", PAIR, request_only=True)]
EMPTY = [OpenApiExample("Empty", {}, request_only=True)]
PROPOSALS = [OpenApiExample("Answer", {"results": [{"expense": EXPENSE, "income": INCOME}]}, response_only=True)]
