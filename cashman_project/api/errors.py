"""Errors as problem details (RFC 9457), one shape for every error of every path."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypedDict

import orjson
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from .integrity import conflict_of
from .renderers import PageRenderer

logger = logging.getLogger("cashman.errors")

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = 1  # seconds: a database that restarts is soon back

# Where all faults of a request share one of these codes, the problem as a whole has it too.
SHARED_CODES = {"unknown_field", "unknown_parameter", "duplicate_key"}


class Fault(TypedDict):
    """One fault of a request: `field` is a path such as "3.amount", None where it is about the whole."""

    field: str | None
    code: str
    detail: str


class Conflict(exceptions.APIException):
    """409: the request is fine, the present state is not: of these `fields`. `members` are added to the problem."""

    status_code = HTTPStatus.CONFLICT
    default_detail = _("This conflicts with what is stored already.")
    default_code = "conflict"

    def __init__(self, detail: Any = None, *, fields: Sequence[str] = (), **members: Any) -> None:
        super().__init__(detail)
        self.fields = fields
        self.members = members


class PreconditionFailed(exceptions.APIException):
    """412: the resource has changed since the client read it."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_detail = _("This has changed since you read it: read it again, then repeat your change.")
    default_code = "precondition_failed"


class LengthRequired(exceptions.APIException):
    """411: a body without its length."""

    status_code = HTTPStatus.LENGTH_REQUIRED
    default_detail = _("Send the body with a Content-Length, not in chunks.")
    default_code = "length_required"


class TooLarge(exceptions.APIException):
    """413: a body over the limit."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_detail = _("The body is too large.")
    default_code = "too_large"


class HeadersTooLarge(exceptions.APIException):
    """431: headers over the limit (RFC 6585, section 5)."""

    status_code = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    default_detail = _("The headers are too large.")
    default_code = "headers_too_large"


class Throttled(exceptions.APIException):
    """429: too many attempts; there is room for the next one after `wait` seconds."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_code = "throttled"

    def __init__(self, wait: int) -> None:
        super().__init__(_("Too many attempts. Try again in %(count)d seconds.") % {"count": wait})
        self.wait = wait


class Unavailable(exceptions.APIException):
    """503: something that the service needs can't be reached."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = _("The database is busy or can't be reached. Try again in a moment.")
    default_code = "unavailable"
    wait = RETRY_AFTER


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponseBase | None:
    """Return the problem for an exception of a view; None for an unexpected one, which is a 500 then."""
    error = _api_exception(exc)
    if error is None:
        return None
    if isinstance(exc, OperationalError | InterfaceError):
        # Its first line holds nothing of a row: it tells of a connection, a lock, a limit or a disk.
        logger.warning("Database: %s", str(exc).partition("\n")[0], extra={"request": context["request"]})
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(error.auth_header)  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = f"{error.wait:.0f}"  # type: ignore[attr-defined]
    problem = problem_of(error)
    renderer = getattr(context["request"], "accepted_renderer", None)
    if isinstance(renderer, PageRenderer) and renderer.fault_page(context["view"], error.status_code):
        return Response(problem, status=error.status_code, headers=headers)
    return problem_response(problem, headers)


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


def _api_exception(exc: Exception) -> exceptions.APIException | None:
    match exc:
        case exceptions.NotAuthenticated():
            missing = exceptions.NotAuthenticated(
                _("Send a token in the header: Authorization: Bearer TOKEN."), "authorization_header_missing"
            )
            missing.auth_header = exc.auth_header  # type: ignore[attr-defined]  # set by the view
            return missing
        case exceptions.APIException():
            return exc
        case Http404() | ObjectDoesNotExist():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied(*exc.args)
        case ValidationError():
            return exceptions.ValidationError(as_serializer_error(exc))
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation() | UnreadablePostError():
            return exceptions.ParseError()
        case IntegrityError():
            conflict = conflict_of(exc)
            return Conflict(conflict.message, fields=[conflict.field] if conflict.field else [])
        case DataError():
            return exceptions.ValidationError(_("A value is out of the range that can be stored."), code="invalid")
        case OperationalError() | InterfaceError():
            return Unavailable()
    return None


def _faults(detail: Any, path: str = "") -> Iterator[Fault]:
    """Yield each fault of a (nested) validation error, `field` being its path, such as "3.amount"."""
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
        return _("The request has %(count)d faults: see errors.") % {"count": len(faults)}
    fault = faults[0]
    return f"{fault['field']}: {fault['detail']}" if fault["field"] else fault["detail"]


def _fault(field: str | None, code: str, detail: object) -> Fault:
    return {"field": None if field is None else _printable(field), "code": code, "detail": _printable(detail)}


def _printable(text: object) -> str:
    """Return a text that UTF-8 can hold: a lone surrogate that came in as an escape goes out as one."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")
