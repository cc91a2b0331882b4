"""The errors of the API, each with its status and code."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from rest_framework import exceptions

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

RETRY_AFTER = 1  # seconds: a database restarts quickly


class Conflict(exceptions.APIException):
    """409: the request is valid, but it conflicts with stored data in these `fields`. The problem has the `members`
    too."""

    status_code = HTTPStatus.CONFLICT
    default_detail = _("This conflicts with what is stored already.")
    default_code = "conflict"

    def __init__(self, detail: "_StrOrPromise | None" = None, *, fields: Sequence[str] = (), **members: object) -> None:
        super().__init__(detail)
        self.fields = fields
        self.members = members


class CursorExpired(exceptions.APIException):
    """410: a position from which it can't be told any more what has changed."""

    status_code = HTTPStatus.GONE
    default_detail = _("What has changed since this cursor can't be told any more: start again without it.")
    default_code = "cursor_expired"


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
    """429: too many attempts; the next one is allowed after `wait` seconds."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_code = "throttled"

    def __init__(self, wait: int) -> None:
        message = ngettext(
            "Too many attempts. Try again in %(count)d second.",
            "Too many attempts. Try again in %(count)d seconds.",
            wait,
        )
        super().__init__(message % {"count": wait})
        self.wait = wait


class Unavailable(exceptions.APIException):
    """503: something that the service needs can't be reached."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = _("The database is busy or can't be reached. Try again in a moment.")
    default_code = "unavailable"
    wait = RETRY_AFTER
