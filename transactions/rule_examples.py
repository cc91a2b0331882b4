"""Examples of rules for the API's schema."""

from drf_spectacular.utils import OpenApiExample

from .examples import EXPENSE, NAMED

WHEN: dict[str, object] = {
    "words": ["rewe", "edeka city"],
    "starts_with": [],
    "account": None,
    "type": "EXPENSE",
    "currency": None,
    "amount_min": None,
    "amount_max": None,
}
SET: dict[str, object] = {"category": "Food", "tags": ["trip"], "description": None}
RULE = {"id": NAMED["id"], "position": 1, "name": "", "when": WHEN, "set": SET, "stop": False} | NAMED
SHORTEST = {"when": {"words": ["rewe"]}, "set": {"category": "Food"}}
RULES = [
    OpenApiExample("Shortest", SHORTEST, request_only=True),
    OpenApiExample("Answer", RULE, response_only=True),
]
RUN = {
    "compared": 1000,
    "meet": 9,
    "changed": 1,
    "results": [
        {
            "transaction": EXPENSE | {"category": "Food"},
            "changes": [{"field": "category", "old": None, "new": "Food"}],
        }
    ],
}
RUNS = [OpenApiExample("Answer", RUN, response_only=True)]
TRIES = [
    OpenApiExample("Not saved", SHORTEST | {"overwrite": True}, request_only=True),
]
APPLICATIONS = [
    OpenApiExample("This year", {"filter": {"date_after": "2026-01-01"}, "overwrite": False}, request_only=True),
]
SUGGESTIONS = [
    OpenApiExample(
        "Answer", {"results": [{"words": "rewe", "category": "Food", "count": 9, "total": 9}]}, response_only=True
    )
]
