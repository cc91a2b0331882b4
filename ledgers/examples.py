"""Examples for the API's schema."""

from drf_spectacular.utils import OpenApiExample

from cashman_project.api.problems import problem_details

ROW = "019a3e2c-8b21-7d4f-9e63-4a7b2d0c8f53"
CATEGORY = {
    "id": "019a3e2c-7a10-7c3e-8d52-3f6a1c9b7e42",
    "name": "Food",
    "version": 1,
    "created_at": "2026-11-01T08:15:00Z",
    "updated_at": "2026-11-01T08:15:00Z",
}
AMOUNT = {"field": "amount", "old": "-4.20", "new": "-4.80"}
ORIGIN: dict[str, object] = {"at": "2026-11-02T18:04:00Z", "by": None, "via": "page", "token": ""}
REVISION_ROW: dict[str, object] = {
    "number": 42,
    **ORIGIN,
    "request_id": "5f0a9f0c4b1d4c5e8e7f6a1b2c3d4e5f",
    "undoes": None,
    "counts": {"transactions": {"updated": 1}},
}


def _answer(value: object) -> list[OpenApiExample]:
    return [OpenApiExample("Answer", value, response_only=True)]


FEED = _answer(
    {
        "cursor": "WzQyLCJmZmZmIiwwXQ.c2lnbmF0dXJl",
        "more": False,
        "changes": [
            {
                "revision": 41,
                "resource": "categories",
                "id": CATEGORY["id"],
                "operation": "created",
                "data": CATEGORY,
            },
            {"revision": 42, "resource": "transactions", "id": ROW, "operation": "deleted", "data": None},
        ],
    }
)
REVISIONS = _answer({"next": None, "previous": None, "results": [REVISION_ROW]})
REVISION = _answer(
    {
        **REVISION_ROW,
        "changes": [
            {"resource": "transactions", "id": ROW, "operation": "updated", "fields": [AMOUNT], "data": None},
        ],
        "more": False,
    }
)
HISTORY = _answer(
    {
        "next": None,
        "previous": None,
        "results": [{"revision": 42, **ORIGIN, "operation": "updated", "changes": [AMOUNT]}],
    }
)
UNDONE = [
    OpenApiExample("Force", {"force": True}, request_only=True),
    OpenApiExample(
        "Answer", {**REVISION_ROW, "number": 43, "via": "undo", "undoes": 42}, response_only=True, status_codes=["201"]
    ),
]
CHANGED_SINCE = OpenApiExample(
    "ChangedSince",
    problem_details(
        409,
        "changed_since",
        "Some of these rows have changed since: with force, these changes are lost.",
        ids=[ROW],
        count=1,
    ),
)
