"""The history of a ledger over HTTP: what changed since a position, and revisions."""

from typing import Any
from uuid import UUID

import orjson
from django.core import signing
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.errors import CursorExpired
from cashman_project.api.etags import wants_json
from cashman_project.api.filters import number_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pagination import CursorSerializer, KeysetPagination
from cashman_project.api.schema import LIST_HEADERS, REVISION_HEADERS, problems
from cashman_project.api.views import ApiView

from .models import Revision
from .paging import numbered_page, page_parameters
from .serializers import (
    FeedSerializer,
    RevisionDetailSerializer,
    RevisionPageSerializer,
    change_json,
    revision_json,
)
from .services.changes import Entry, Expired, Position, feed_page
from .services.revisions import changes_of

CHANGES, MOST_CHANGES = 100, 1_000  # on a page of the feed


class ChangesView(ApiView):
    """What was created, changed and deleted since a position: each row once, as it is now, in the order of revisions.

    Begin without `since`, and get all rows. Send the last `cursor` as `since` to go on. While `more` is true, the next
    page is there already. Nothing is ever missed, and nothing of before comes later.
    """

    query_parameters = frozenset({"since", "limit"})

    @extend_schema(
        operation_id="list_changes",
        summary="List what has changed",
        tags=["history"],
        parameters=[
            OpenApiParameter("since", OpenApiTypes.STR, description="The `cursor` of the last response."),
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MOST_CHANGES},
                default=CHANGES,
                description="How many changes a response has at most.",
            ),
            *REVISION_HEADERS,
        ],
        responses={200: FeedSerializer, **problems(410)},
    )
    def get(self, request: Request) -> HttpResponseBase:
        limit = number_of(request, "limit", 1, MOST_CHANGES) or CHANGES
        owner = owner_of(request).pk
        signer = signing.Signer(sep=".", salt=f"changes {owner}")
        try:
            page = feed_page(owner, _position(request.query_params.get("since"), signer), limit)
        except Expired:
            raise CursorExpired from None
        revision, key, base = page.position
        cursor = signer.sign_object([revision, key.hex, base], serializer=CursorSerializer)
        changes = ",".join(map(_entry_json, page.entries))
        content = f'{{"cursor":"{cursor}","more":{"true" if page.more else "false"},"changes":[{changes}]}}'.encode()
        headers = {"Ledger-Revision": str(page.last)}
        if wants_json(request):
            return HttpResponse(content, content_type="application/json", headers=headers)
        return Response(orjson.loads(content), headers=headers)


def _position(text: str | None, signer: signing.Signer) -> Position | None:
    """Return the position that a cursor holds; raises ValidationError (400) if it is not one of this owner."""
    if not text:
        return None
    try:
        revision, key, base = signer.unsign_object(text, serializer=CursorSerializer)
    except (signing.BadSignature, UnicodeError):
        message = _("Not a cursor of your changes: send the last one, or start again without it.")
        raise ValidationError({"since": [message]}, code="invalid_cursor") from None
    return Position(revision, UUID(key), base)


def _entry_json(entry: Entry) -> str:
    (revision, key), resource, operation, line = entry
    return f'{{"revision":{revision},"resource":"{resource}","id":"{key}","operation":"{operation}","data":{line}}}'


class RevisionListView(ApiView):
    """The writes of your rows: who made them, when and how, the last one first."""

    query_parameters = KeysetPagination.parameters

    @extend_schema(
        operation_id="list_revisions",
        summary="List revisions",
        tags=["history"],
        parameters=[*page_parameters("number"), *LIST_HEADERS],
        responses=RevisionPageSerializer,
    )
    def get(self, request: Request) -> Response:
        revisions = Revision.objects.filter(ledger=owner_of(request).pk).select_related("by")

        def find(size: int, start: int | None, descending: bool) -> list[Revision]:
            rows = revisions.order_by("-number" if descending else "number")
            if start is not None:
                rows = rows.filter(**{"number__lt" if descending else "number__gt": start})
            return list(rows[:size])

        return numbered_page(request, "number", find, revision_json)


class RevisionView(ApiView):
    """A write of your rows, and the first hundred rows that it changed: an update with its old and new values, a
    deletion with the row as it was, a creation with the row as it is now."""

    @extend_schema(
        operation_id="get_revision",
        summary="Read a revision",
        tags=["history"],
        parameters=[OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH)],
        responses=RevisionDetailSerializer,
    )
    def get(self, request: Request, number: str, **kwargs: Any) -> Response:
        rows = Revision.objects.filter(ledger=owner_of(request).pk).select_related("by")
        revision = rows.filter(number=int(number)).first() if len(number) < 19 else None
        if revision is None:
            raise NotFound
        changes, more = changes_of(revision)
        return Response({**revision_json(revision), "changes": list(map(change_json, changes)), "more": more})
