"""Errors as problem details (RFC 9457): one shape for every error of every path (docs/adr/0008-problem-json.md)."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TypedDict

import orjson
from django.http import HttpResponse
from django.utils.translation import ngettext
from rest_framework import exceptions

from .types import JSONObject

PROBLEM_JSON = "application/problem+json"


# If all errors of a request have the same one of these codes, the problem has this code too.
SHARED_CODES = {"unknown_field", "unknown_parameter", "duplicate_key"}


class FieldError(TypedDict):
    """One item of a problem's `errors`: `field` is a path such as "3.amount", or None if it is the whole request."""

    field: str | None
    code: str
    detail: str


def problem_of(error: exceptions.APIException) -> JSONObject:
    """Return the problem details of an error of the API."""
    detail: object = error.detail
    members = getattr(error, "members", {})
    if isinstance(error, exceptions.ValidationError):
        errors = list(_field_errors(detail))
        codes = {item["code"] for item in errors}
        code = codes.pop() if len(codes) == 1 and codes <= SHARED_CODES else "invalid"
        return problem_details(error.status_code, code, _summary(errors), errors)
    if isinstance(detail, dict):  # of an error of simplejwt
        detail = detail["detail"]
    code = getattr(detail, "code", None) or error.default_code
    errors = [_field_error(field, code, detail) for field in getattr(error, "fields", ())]
    return problem_details(error.status_code, code, detail, errors, **members)


def problem_details(
    status: int, code: str, detail: object, errors: list[FieldError] | None = None, **members: object
) -> JSONObject:
    """Return the members of a problem, in their order."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": _printable(detail),
        "errors": errors or [],
        **members,
    }


def problem_response(problem: JSONObject, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return the problem as an application/problem+json response."""
    return HttpResponse(
        orjson.dumps(problem),
        status=problem["status"],
        content_type=PROBLEM_JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _field_errors(detail: object, path: str = "") -> Iterator[FieldError]:
    """Yield each field error of a (nested) validation error; `field` is its path, such as "3.amount"."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            step = "" if key == "non_field_errors" else f".{key}" if path else str(key)
            yield from _field_errors(value, path + step)
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        for index, item in enumerate(detail):
            yield from _field_errors(item, f"{path}.{index}" if path else str(index))
    elif isinstance(detail, list):
        for item in detail:
            yield from _field_errors(item, path)
    elif isinstance(detail, exceptions.ErrorDetail):
        yield _field_error(path or None, detail.code or "invalid", detail)


def _summary(errors: list[FieldError]) -> object:
    if len(errors) > 1:
        message = ngettext("The request has %(count)d error.", "The request has %(count)d errors.", len(errors))
        return message % {"count": len(errors)}
    error = errors[0]
    return f"{error['field']}: {error['detail']}" if error["field"] else error["detail"]


def _field_error(field: str | None, code: str, detail: object) -> FieldError:
    return {"field": None if field is None else _printable(field), "code": code, "detail": _printable(detail)}


def _printable(text: object) -> str:
    """Return the text in a form that UTF-8 can hold: a lone surrogate becomes an escape sequence."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")
