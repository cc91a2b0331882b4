"""The owner of the rows that a request reads and writes. Queries use this and never `request.user`.

The reasons are in docs/adr/0002-owner-first.md.
"""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest
from rest_framework.request import Request

if TYPE_CHECKING:
    from users.models import User


def owner_of(request: Request) -> "User":
    """Return the user who owns the rows that the (authenticated) request reads and writes."""
    return cast("User", request.user)


def language_of(request: HttpRequest | Request) -> str | None:
    """Return the language that the request's user has chosen; None if nobody is signed in, or nothing was chosen."""
    return getattr(owner_of(cast("Request", request)), "language", None)
