"""Why a revision is not undone, each reason with its status and code."""

from http import HTTPStatus

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions

from cashman_project.api.errors import Conflict

MAX_IDS = 100  # that an error lists


class HistoryExpired(exceptions.APIException):
    """410: the history of this revision is deleted."""

    status_code = HTTPStatus.GONE
    default_detail = _("The history of this revision is not kept any more.")
    default_code = "history_expired"


class TooLargeToUndo(Conflict):
    """409: the revision wrote more rows than an undo takes back. The problem has the `limit`."""

    default_code = "too_large"

    def __init__(self, limit: int) -> None:
        message = gettext("This changed more than %(limit)s rows, which is too many to undo.")
        super().__init__(message % {"limit": limit}, limit=limit)


class TooManyLinks(Conflict):
    """409: more rows refer to the rows that would be deleted than an undo unlinks. The problem has the `limit`."""

    default_code = "too_large"

    def __init__(self, limit: int) -> None:
        message = gettext("More than %(limit)s rows refer to these rows, which is too many to unlink.")
        super().__init__(message % {"limit": limit}, limit=limit)


class ChangedSince(Conflict):
    """409: later revisions have changed some of the rows. The problem has their `count` and the first `ids`."""

    default_detail = _("Some of these rows have changed since: with force, these changes are lost.")
    default_code = "changed_since"


class Taken(Conflict):
    """409: other rows have now what must be unique. The problem has their `count`, and of the first one its `id`, and
    the `field` and the `value` that are taken."""

    default_detail = _("Another row has this name or id now. Change or delete that row first.")
    default_code = "taken"


class ReferenceGone(Conflict):
    """409: rows would refer to rows that are deleted. The problem has the `count` of the references, and of the first
    one the `field`, the `id` of the deleted row, and the `revision` that deleted it (null if that is not known)."""

    default_detail = _(
        "These rows refer to a row that is deleted. Undo its deletion first, or leave it out with force."
    )
    default_code = "reference_gone"


class InUse(Conflict):
    """409: other rows refer to rows that would be deleted. The problem has their `count` and their `resource`."""

    default_detail = _("Other rows refer to these rows now: with force, they are unlinked.")
    default_code = "in_use"


class NothingToUndo(Conflict):
    """409: nothing of the revision is left to undo."""

    default_detail = _("Nothing is left to undo: all of this is undone or deleted already.")
    default_code = "nothing_to_undo"
