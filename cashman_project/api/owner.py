"""The owner of the rows that a request reads and writes. Queries use this and never `request.user`.

The reasons are in docs/adr/0002-owner-first.md.
"""

from typing import TYPE_CHECKING, cast

from rest_framework.request import Request

if TYPE_CHECKING:
    from users.models import User


def owner_of(request: Request) -> "User":
    """Return the user who owns the rows that the (authenticated) request reads and writes."""
    return cast("User", request.user)
