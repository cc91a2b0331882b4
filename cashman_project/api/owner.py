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


def signed_in_user(request: HttpRequest | Request) -> "User | None":
    """Return the user who has sent the request; None if nobody is signed in."""
    user = owner_of(cast("Request", request))
    return user if user.is_authenticated else None  # type: ignore[redundant-expr]  # it may be an AnonymousUser


def language_of(request: HttpRequest | Request) -> str | None:
    """Return the language that the request's user has chosen; None if nobody is signed in, or nothing was chosen."""
    user = signed_in_user(request)
    return user.language if user else None
