"""Examples for the API's schema."""

from drf_spectacular.utils import OpenApiExample

from cashman_project.api.problems import problem_of

from .errors import NotEmpty

RESTORED = [
    OpenApiExample(
        "Restored",
        {
            "revision": 812,
            "counts": {"transactions": 640, "categories": 12, "revisions": 812, "changes": 97},
            "totals": [{"currency": "EUR", "count": 640, "income": "31200.00", "expense": "-28514.90"}],
        },
        response_only=True,
    )
]
NOT_EMPTY = OpenApiExample("NotEmpty", problem_of(NotEmpty()))
BINARY = {"type": "string", "format": "binary"}
