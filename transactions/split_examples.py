"""Examples of splits for the API's schema."""

from drf_spectacular.utils import OpenApiExample

from .examples import EXPENSE

ID = EXPENSE["id"]
FIRST = EXPENSE | {"amount": "-38.00", "description": "supermarket", "split": ID, "version": 2}
SECOND = FIRST | {
    "id": "019a3e2c-d076-7c9e-93b8-9fc072513ea8",
    "amount": "-12.00",
    "description": "soap",
    "category": None,
    "tags": [],
    "notes": "",
    "external_id": None,
    "version": 1,
}
SPLITS = [
    OpenApiExample(
        "Answer",
        {"split": ID, "amount": "-50.00", "currency": "USD", "parts": [FIRST, SECOND]},
        response_only=True,
    )
]
SPLIT_REQUESTS = [
    OpenApiExample(
        "Receipt",
        {"parts": [{"amount": "38.00", "category": "Food"}, {"amount": "12.00", "description": "soap"}]},
        request_only=True,
    )
]
