"""The error that a client gets for each exception of a view (docs/adr/0008-problem-json.md)."""

import logging

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from ..db.constraint_errors import conflict_of
from .errors import Conflict, TooLarge, Unavailable
from .pages.renderer import PageRenderer
from .problems import problem_of, problem_response
from .types import RequestContext

logger = logging.getLogger("cashman.errors")


def exception_handler(exc: Exception, context: RequestContext) -> HttpResponseBase | None:
    """Return the problem for an exception of a view; None for an unexpected exception, which becomes a 500."""
    error = _api_exception(exc)
    if error is None:
        return None
    if isinstance(exc, OperationalError | InterfaceError):
        # The first line is about a connection, a lock, a limit or a disk. It never quotes a row.
        logger.warning("Database: %s", str(exc).partition("\n")[0], extra={"request": context["request"]})
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(error.auth_header)  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = f"{error.wait:.0f}"  # type: ignore[attr-defined]
    problem = problem_of(error)
    renderer = getattr(context["request"], "accepted_renderer", None)
    if isinstance(renderer, PageRenderer) and renderer.error_page(context["view"], error.status_code):
        return Response(problem, status=error.status_code, headers=headers)
    return problem_response(problem, headers)


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
            if conflict is None:  # a bug of ours, which a 409 would hide
                return None
            return Conflict(conflict.message, fields=[conflict.field] if conflict.field else [])
        case DataError():
            return exceptions.ValidationError(_("A value is out of the range that can be stored."), code="invalid")
        case OperationalError() | InterfaceError():
            return Unavailable()
    return None
