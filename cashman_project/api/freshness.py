"""How new the response to a read is: `Min-Revision` asks for it, and `Ledger-Revision` tells it.

The replica answers only if it is as new as the primary.

The reasons are in docs/adr/0044-reads-from-a-replica.md.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.db import Error
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError

from ..db.replica import REPLICA
from .fastpath.owner_query import OwnerQuery
from .owner import signed_in_user

if TYPE_CHECKING:
    from .views import StrictViewMixin

MIN_REVISION, LEDGER_REVISION = "Min-Revision", "Ledger-Revision"
READS = ("GET", "HEAD")
NUMBER = re.compile(r"[0-9]{1,18}")  # fits a BIGINT


class RevisionNotReached(APIException):
    """412: the ledger has no such revision yet."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_code = "revision_not_reached"

    def __init__(self, wanted: int, last: int) -> None:
        message = _("There is no revision %(wanted)d yet: the last one is %(last)d.")
        super().__init__(message % {"wanted": wanted, "last": last})


@contextmanager
def revision_first(view: "StrictViewMixin") -> Iterator[None]:
    """Let the query that finds the user find the last revision of the user's ledger, and not the view's rows."""
    if view.request.method in READS and (columns := view.owner_columns()):
        rows_query, view.owner_query = view.owner_query, OwnerQuery(extras=columns)
        view.revision_query = view.owner_query
        yield
        view.owner_query = rows_query
    else:
        yield


def choose_database(view: "StrictViewMixin", revision_query: OwnerQuery) -> int | None:
    """Let the rest of the request read from the replica, if that has everything which the primary had when the request
    came. Return the number of the ledger's last revision then; None if nobody is signed in.

    Raises ValidationError (400) for a malformed Min-Revision, and RevisionNotReached (412).
    """
    wanted = _min_revision(view.request.META.get("HTTP_MIN_REVISION"))
    owner = signed_in_user(view.request)
    if owner is None:
        return None
    last: int = revision_query.extras(owner)[0] or 0
    if wanted > last:
        raise RevisionNotReached(wanted, last)
    if REPLICA.is_configured:
        if view.owner_query is None or not view.owner_query.columns:
            view.owner_query = OwnerQuery(extras=view.owner_columns())
        try:
            if not REPLICA.lend():
                return last
            is_new: bool = (view.owner_query.extras(owner)[0] or 0) >= last
            if REPLICA.works() and is_new:
                return last
        except Error:
            REPLICA.fail()
        REPLICA.take_back()
        view.owner_query.forget()
    return last


def _min_revision(text: str | None) -> int:
    """Return the number that the header has; 0 if it is absent or empty. Raises ValidationError (400)."""
    if text and not NUMBER.fullmatch(text):
        message = _("Give the number of a revision, as %(header)s of a response does.") % {"header": LEDGER_REVISION}
        raise ValidationError({MIN_REVISION: [message]}, code="invalid")
    return int(text or 0)
