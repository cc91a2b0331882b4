"""Why an export is not taken in, each with its code."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from cashman_project.api.errors import Conflict

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class NotEmpty(Conflict):
    """409: there are rows already, or there were some."""

    default_detail = _("An export can only be brought into an empty ledger, such as that of a new user.")
    default_code = "not_empty"


class IdsTaken(Conflict):
    """409: on SQLite, no two rows of a table have the same id, whoever owns them."""

    default_detail = _(
        "The rows that were exported are still here, with another user. Erase that user first, or use another database."
    )
    default_code = "ids_taken"


def unreadable(message: "_StrOrPromise", code: str = "invalid_export") -> ValidationError:
    """Return the 400 for a file that is no export, or not one that can be taken in."""
    return ValidationError({"file": [ErrorDetail(str(message), code)]})
