"""Errors as problem details (RFC 9457): one shape for every error of every path (docs/adr/0008-problem-json.md)."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypedDict

import orjson
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions

PROBLEM_JSON = "application/problem+json"


# If all errors of a request have the same one of these codes, the problem has this code too.
SHARED_CODES = {"unknown_field", "unknown_parameter", "duplicate_key"}


class Fault(TypedDict):
    """One error of a request: `field` is a path such as "3.amount", or None if the error is about the whole request."""

    field: str | None
    code: str
    detail: str


def problem_of(error: exceptions.APIException) -> dict[str, Any]:
    """Return the problem details of an error of the API."""
    detail: Any = error.detail
    members = getattr(error, "members", {})
    if isinstance(error, exceptions.ValidationError):
        faults = list(_faults(detail))
        codes = {fault["code"] for fault in faults}
        code = codes.pop() if len(codes) == 1 and codes <= SHARED_CODES else "invalid"
        return problem_details(error.status_code, code, _summary(faults), faults)
    if isinstance(detail, dict):  # as simplejwt's are
        detail = detail["detail"]
    code = getattr(detail, "code", None) or error.default_code
    faults = [_fault(field, code, detail) for field in getattr(error, "fields", ())]
    return problem_details(error.status_code, code, detail, faults, **members)


def problem_details(
    status: int, code: str, detail: object, faults: list[Fault] | None = None, **members: Any
) -> dict[str, Any]:
    """Return the members of a problem, in their order; `faults` are its `errors`."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": _printable(detail),
        "errors": faults or [],
        **members,
    }


def problem_response(problem: dict[str, Any], headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return the problem as an application/problem+json response."""
    return HttpResponse(
        orjson.dumps(problem),
        status=problem["status"],
        content_type=PROBLEM_JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _faults(detail: Any, path: str = "") -> Iterator[Fault]:
    """Yield each field error of a (nested) validation error; `field` is its path, such as "3.amount"."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            step = "" if key == "non_field_errors" else f".{key}" if path else str(key)
            yield from _faults(value, path + step)
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for index, item in enumerate(detail):
            yield from _faults(item, f"{path}.{index}" if path else str(index))
    elif isinstance(detail, list):
        for item in detail:
            yield from _faults(item, path)
    else:
        yield _fault(path or None, detail.code, detail)


def _summary(faults: list[Fault]) -> object:
    if len(faults) > 1:
        return _("The request has %(count)d errors.") % {"count": len(faults)}
    fault = faults[0]
    return f"{fault['field']}: {fault['detail']}" if fault["field"] else fault["detail"]


def _fault(field: str | None, code: str, detail: object) -> Fault:
    return {"field": None if field is None else _printable(field), "code": code, "detail": _printable(detail)}


def _printable(text: object) -> str:
    """Return the text in a form that UTF-8 can hold: a lone surrogate becomes an escape sequence."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")
