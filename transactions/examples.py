"""Examples for the API's schema. The tests send the requests and compare the responses with the schema."""

from drf_spectacular.utils import OpenApiExample

from cashman_project.api.problems import problem_details

INCOME: dict[str, object] = {
    "id": "019a3e2c-7a10-7c3e-8d52-3f6a1c9b7e42",
    "type": "INCOME",
    "description": "salary",
    "amount": "5000.00",
    "currency": "USD",
    "date": "2026-11-01",
    "category": None,
    "account": None,
    "tags": [],
    "notes": "",
    "external_id": None,
    "transfer": None,
    "split": None,
    "version": 1,
    "created_at": "2026-11-01T08:15:00Z",
    "updated_at": "2026-11-01T08:15:00Z",
}
EXPENSE = INCOME | {
    "id": "019a3e2c-8b21-7d4f-9e63-4a7b2d0c8f53",
    "type": "EXPENSE",
    "description": "pizza",
    "amount": "-50.00",
    "category": "Food",
    "account": "Bank",
    "tags": ["trip"],
    "notes": "with Ada",
    "external_id": "bank-4711",
}
NAMED = {name: INCOME[name] for name in ("id", "version", "created_at", "updated_at")}
CATEGORY = NAMED | {"name": "Food", "group": "Household", "excluded": False}
TAG = NAMED | {"name": "trip"}


def examples_of(response: object, **requests: object) -> list[OpenApiExample]:
    return [
        *(OpenApiExample(name, value, request_only=True) for name, value in requests.items()),
        OpenApiExample("Answer", response, response_only=True),
    ]


def examples_of_many(row: dict[str, object], two: list[object]) -> list[OpenApiExample]:
    """Return the examples of the creation of many rows, also if they are sent again."""
    again = {"created": [row], "existing": [{"index": 0, "id": "019a3e2c-9c32-7e50-af74-5b8c3e1d9a64"}]}
    return [
        OpenApiExample("Two", two, request_only=True),
        OpenApiExample("Answer", [row], response_only=True, status_codes=["201"]),
        OpenApiExample("SentAgain", again, response_only=True, status_codes=["207"]),
    ]


INCOMES = examples_of(INCOME, Shortest={"description": "salary", "amount": 5000})
EXPENSES = examples_of(
    EXPENSE,
    Shortest={"description": "pizza", "amount": 50},
    Full={
        "description": "pizza",
        "amount": "50.00",
        "currency": "USD",
        "date": "2026-11-01",
        "category": "Food",
        "account": "Bank",
        "tags": ["trip"],
        "notes": "with Ada",
        "external_id": "bank-4711",
    },
)
TRANSACTIONS = examples_of(EXPENSE, Shortest={"type": "EXPENSE", "description": "pizza", "amount": 50})
CREATE_INCOMES = examples_of_many(INCOME, 2 * [INCOMES[0].value])
CREATE_EXPENSES = examples_of_many(EXPENSE, 2 * [EXPENSES[0].value])
CREATE_TRANSACTIONS = examples_of_many(
    EXPENSE, [TRANSACTIONS[0].value, {"type": "INCOME", "description": "refund", "amount": "9.90"}]
)
UPDATE_MANY = examples_of([EXPENSE], Amounts=[{"id": EXPENSE["id"], "amount": "50.00"}])
DESTROY_MANY = [OpenApiExample("Two", {"ids": [INCOME["id"], EXPENSE["id"]]}, request_only=True)]
CATEGORIES = examples_of(
    CATEGORY, Shortest={"name": "Food"}, Full={"name": "Food", "group": "Household", "excluded": False}
)
CATEGORY_IN_USE = OpenApiExample(
    "InUse",
    problem_details(
        409,
        "conflict",
        "This category is in use: ?into=NAME moves its transactions, and ?force=true unlinks them.",
        transactions=12,
    ),
)
TAGS = examples_of(TAG, Shortest={"name": "trip"})
TAG_IN_USE = OpenApiExample(
    "InUse",
    problem_details(
        409,
        "conflict",
        "This tag is in use: ?into=NAME exchanges it, and ?force=true takes it off its transactions.",
        transactions=12,
    ),
)
