"""The owner whose rows a request works on. Queries use this and never `request.user` (docs/adr/0002-owner-first.md)."""

from typing import TYPE_CHECKING, cast

from rest_framework.request import Request

if TYPE_CHECKING:
    from users.models import User


def owner_of(request: Request) -> "User":
    """Return the user whose rows the (authenticated) request works on."""
    return cast("User", request.user)
