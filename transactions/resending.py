"""Arrays that can be sent again: with `existing=skip`, rows that are there already are not created a second time.

A row is there if its external id is. The reasons are in docs/adr/0052-sent-again-and-read-elsewhere.md.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from cashman_project.api.filters import word_of
from cashman_project.api.idempotency import Answer
from cashman_project.api.owner import owner_of
from cashman_project.api.serializers import check_rows
from cashman_project.api.types import JSON, Validated
from ledgers.writer import writing

from .models import Transaction
from .serializers import indexes_of

if TYPE_CHECKING:
    from users.models import User

EXISTING = OpenApiParameter(
    "existing",
    enum=["skip"],
    description="Of an array: `skip` creates only the rows whose `external_id` you don't have yet. Then the response"
    " is a 207, and says which were there.",
)


SENT_AGAIN = "With `existing=skip`: the rows that were created, and those that were there."
LONGEST = 255  # characters of an external id
SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character, which JSON may hold and no database stores


class Sorted(NamedTuple):
    """The rows of an array: those to create, with their indexes, and those that are there, as the response has them."""

    new: list[JSON]
    indexes: list[int]
    existing: list[dict[str, object]]


def skips_existing(request: Request) -> bool:
    """Return whether the request asks for new rows only. Raises ValidationError (400)."""
    return bool(request.META["QUERY_STRING"]) and word_of(request, EXISTING.name, ["skip"]) == "skip"


def create_new(request: Request, data: JSON, create: Callable[[list[JSON]], list[Validated]]) -> Answer:
    """Create the rows of the array that are not there, by `create`, and return the answer.

    The ledger is locked first: of two such requests at once, the second one finds what the first one has created. What
    is wrong with a row is told with its index in the array.
    """
    if not isinstance(data, list):
        message = _("It is for an array of rows, not for a single row.")
        raise ValidationError({EXISTING.name: [message]}, code="needs_array")
    check_rows(data)
    owner = owner_of(request)
    with writing(owner.pk) as write:
        write.lock()
    found = _sort(owner, data)
    try:
        created = create(found.new) if found.new else []
    except ValidationError as error:
        if isinstance(error.detail, dict):
            error.detail = {str(found.indexes[int(index)]): detail for index, detail in error.detail.items()}
        raise
    return Answer(status.HTTP_207_MULTI_STATUS, {"created": created, "existing": found.existing})


def _sort(owner: "User", data: list[JSON]) -> Sorted:
    """Sort the rows. Raises a Conflict if an external id is given twice."""
    sent = indexes_of(
        {
            index: external_id
            for index, row in enumerate(data)
            if isinstance(row, dict) and _may_be_there(external_id := row.get("external_id"))
        }
    )
    rows = Transaction.objects.for_owner(owner).filter(external_id__in=sent).order_by()
    stored = {sent[external_id]: pk for external_id, pk in rows.values_list("external_id", "pk") if external_id}
    indexes = [index for index in range(len(data)) if index not in stored]
    existing: list[dict[str, object]] = [{"index": index, "id": str(stored[index])} for index in sorted(stored)]
    return Sorted([data[index] for index in indexes], indexes, existing)


def _may_be_there(external_id: object) -> TypeGuard[str]:
    """Return whether the database can look for it. Of any other, the serializer says what is wrong."""
    if not isinstance(external_id, str) or not 0 < len(external_id) <= LONGEST:
        return False
    return "\0" not in external_id and not SURROGATE.search(external_id)
