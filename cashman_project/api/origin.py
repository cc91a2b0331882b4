"""Where a write comes from: who made it, through which door, with which token, in which request."""

from typing import NamedTuple
from uuid import UUID

API, PAGE, ADMIN, UNDO, COMMAND = "api", "page", "admin", "undo", "command"


class Origin(NamedTuple):
    """`via` is the door, `by` the id of the user who came through it, or None if that was a command.

    `token` is the name of the personal access token, or "". `request_id` is the one of the log, or "".
    """

    via: str = COMMAND
    by: UUID | None = None
    token: str = ""
    request_id: str = ""
