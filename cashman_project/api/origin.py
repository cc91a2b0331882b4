"""Where a write comes from: who made it, through which door, with which token, in which request."""

from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request

from .owner import owner_of, signed_in_user
from .pages.requests import is_page_form

API, PAGE, ADMIN, IMPORT, RULE, UNDO, COMMAND = "api", "page", "admin", "import", "rule", "undo", "command"


class Origin(NamedTuple):
    """`via` is the door, `by` the id of the user who came through it, or None if that was a command.

    `token` is the name of the personal access token, or "". `request_id` is the one of the log, or "".
    """

    via: str = COMMAND
    by: UUID | None = None
    token: str = ""
    request_id: str = ""


def origin_of(request: Request) -> Origin:
    """Return the origin of what the (authenticated) request writes."""
    via = PAGE if is_page_form(request) else API
    token = getattr(request.auth, "name", "")
    return Origin(via, owner_of(request).pk, token, request.META.get("REQUEST_ID", ""))


def admin_origin_of(request: HttpRequest) -> Origin:
    """Return the origin of what a request to the admin writes."""
    user = signed_in_user(request)
    return Origin(ADMIN, user.pk if user else None, request_id=request.META.get("REQUEST_ID", ""))
