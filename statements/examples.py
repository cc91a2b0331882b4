"""Examples for the API's schema."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from cashman_project.api.problems import problem_details, problem_of
from cashman_project.api.types import JSONObject

from .errors import NotAPreview, Stale

VERDICTS = _("Give one of new, duplicate, match, transfer, error and skipped.")
ID = "019a3e2c-9c10-7b2e-8a41-2d5f0b8c6e31"
TRANSACTION = "019a3e2c-8b21-7d4f-9e63-4a7b2d0c8f53"
STATEMENT: JSONObject = {
    "account": "Checking",
    "currency": "EUR",
    "opening": {"balance": "1200.00", "date": "2026-10-31"},
    "closing": {"balance": "1057.50", "date": "2026-11-30"},
    "adds_up": True,
    "difference": "0.00",
}
PLAN_ROW: JSONObject = {
    "id": ID,
    "status": "preview",
    "file": "november.xml",
    "format": "camt",
    "account": "Checking",
    "statement": STATEMENT,
    "statements": [STATEMENT],
    "counts": {"new": 1, "duplicate": 0, "match": 0, "transfer": 0, "error": 0, "skipped": 0},
    "questions": [],
    "makes": {"accounts": [], "categories": [], "tags": []},
    "left_out": {"categories": [], "tags": []},
    "options": {"account": "Checking"},
    "profile": {"date_format": "DMY"},
    "progress": None,
    "revision": None,
    "version": 1,
    "created_at": "2026-12-01T08:15:00.000000Z",
}
PROFILE_ROW: JSONObject = {
    "id": "019a3e2c-7a45-7c18-8d90-5b1e3f6a9c27",
    "account": "Checking",
    "format": "csv",
    "options": {"date_format": "DMY"},
    "version": 1,
    "created_at": "2026-11-01T08:15:00.000000Z",
}
LINE: JSONObject = {
    "number": 1,
    "line": 12,
    "verdict": "new",
    "message": "",
    "account": "Checking",
    "date": "2026-11-03",
    "amount": "-142.50",
    "currency": "EUR",
    "description": "City Power: November",
    "notes": "",
    "category": None,
    "tags": [],
    "bank_id": "2026110300017",
    "transaction": TRANSACTION,
    "transfer_with": None,
    "rule": None,
    "reimport": False,
}


def _answer(value: object) -> list[OpenApiExample]:
    return [OpenApiExample("Answer", value, response_only=True)]


def _problem(name: str, problem: object) -> OpenApiExample:
    return OpenApiExample(name, problem)


PLAN = [
    *_answer(PLAN_ROW),
    OpenApiExample("Stored", PLAN_ROW | {"status": "reading"}, response_only=True, status_codes=["202"]),
]
PLANS = _answer({"next": None, "previous": None, "results": [PLAN_ROW]})
PROFILE = _answer(PROFILE_ROW)
PROFILES = _answer({"results": [PROFILE_ROW]})
ROW = _answer(LINE)
ROWS = _answer({"next": None, "previous": None, "results": [LINE]})
UNDONE = _answer({"deleted": 41, "kept": [TRANSACTION], "kept_count": 1, "revision": 57})
ANSWER = OpenApiExample("Answer", {"date_format": "DMY"}, request_only=True)
ROW_CHANGE = [OpenApiExample("LeftOut", {"verdict": "skipped"}, request_only=True)]
COMMIT = [OpenApiExample("ThisVersion", {"version": 1}, request_only=True)]
NOT_A_PREVIEW = _problem("NotAPreview", problem_of(NotAPreview()))
STALE = _problem("Stale", problem_of(Stale()))
LOCKED = _problem("Locked", problem_details(409, "locked", "A locked check keeps these transactions as they are."))
ASYNC = [
    OpenApiParameter(
        "Prefer",
        location=OpenApiParameter.HEADER,
        description="`respond-async` lets a large file be read by a request of its own; the response is a 202.",
    ),
    OpenApiParameter(
        "Preference-Applied",
        location=OpenApiParameter.HEADER,
        required=True,
        description="respond-async",
        response=[202],
    ),
]
BINARY = {"type": "string", "format": "binary"}
