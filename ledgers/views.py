"""The history of a ledger over HTTP: what changed since a position, and revisions."""

from uuid import UUID

import orjson
from django.core import signing
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cashman_project.api.errors import CursorExpired
from cashman_project.api.etags import tagged_response, wants_json
from cashman_project.api.filters import number_of
from cashman_project.api.idempotency import Answer, answer_once, idempotent_request
from cashman_project.api.origin import origin_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.submission import FormState
from cashman_project.api.pagination import CursorSerializer, KeysetPagination
from cashman_project.api.problems import PROBLEM_JSON, problem_of
from cashman_project.api.schema import (
    KEY_HEADERS,
    LIST_HEADERS,
    LOCATION,
    READ_HEADERS,
    REVISION_HEADERS,
    ProblemSerializer,
    problems,
)
from cashman_project.api.types import JSONObject
from cashman_project.api.views import ApiView

from . import examples
from .history_pages import change_rows, revision_days, revision_rows
from .models import Revision
from .paging import numbered_page, page_parameters
from .reads import LedgerReads
from .serializers import (
    FeedSerializer,
    RevisionDetailSerializer,
    RevisionPageSerializer,
    RevisionSerializer,
    UndoConflictSerializer,
    UndoSerializer,
    change_json,
    revision_json,
)
from .services.changes import Entry, Expired, Position, feed_page
from .services.revisions import RowChange, changes_of, is_undone
from .services.undo import MOST_UNDONE, undo
from .services.undo_errors import ChangedSince, HistoryExpired
from .turns import TURNS

CHANGES, MOST_CHANGES = 100, 1_000  # on a page of the feed


class ChangesView(LedgerReads, ApiView):
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
        self.ledger_revision = page.last
        if wants_json(request):
            return HttpResponse(content, content_type="application/json")
        return Response(orjson.loads(content))


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


class RevisionListView(LedgerReads, ApiView):
    """The writes of your rows: who made them, when and how, the last one first."""

    query_parameters = KeysetPagination.parameters
    pages = {"get": "ledgers/revision_list.html"}

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

    def page_context(self, data: JSONObject) -> dict[str, object]:
        return {"days": revision_days(owner_of(self.request), data["results"])}


class RevisionView(LedgerReads, ApiView):
    """A write of your rows, and the first hundred rows that it changed: an update with its old and new values, a
    deletion with the row as it was, a creation with the row as it is now."""

    pages = {"get": "ledgers/revision.html"}
    changes: list[RowChange]

    @extend_schema(
        operation_id="get_revision",
        summary="Read a revision",
        tags=["history"],
        parameters=[OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH), *READ_HEADERS],
        responses=RevisionDetailSerializer,
    )
    def get(self, request: Request, number: str) -> HttpResponseBase:
        rows = Revision.objects.filter(ledger=owner_of(request).pk).select_related("by")
        revision = rows.filter(number=int(number)).first()
        if revision is None:
            raise NotFound
        self.changes, more = changes_of(revision)
        content = {**revision_json(revision), "changes": list(map(change_json, self.changes)), "more": more}
        return tagged_response(request, content)

    def page_context(self, data: JSONObject) -> dict[str, object]:
        [revision] = revision_rows(owner_of(self.request), [data])
        first = self.changes[0] if self.changes else None
        revision["undone"] = first is None or is_undone(owner_of(self.request).pk, data["number"], first.id)
        return {"revision": revision, "changes": change_rows(self.changes)}


class UndoView(ApiView):
    """Take everything in a revision back by a new revision.

    Rows that it created are deleted. Rows that it changed or deleted become what they were, with their ids. An undo is
    a revision, so it can be undone in turn.
    """

    conflict_pages = {"post": "ledgers/undo_refused.html"}
    is_undone = False  # whether an undo was refused because it was done already

    @extend_schema(
        operation_id="undo_revision",
        summary="Undo a revision",
        tags=["history"],
        parameters=[
            OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH),
            *KEY_HEADERS,
            LOCATION,
            *REVISION_HEADERS,
        ],
        request=UndoSerializer,
        responses={
            201: RevisionSerializer,
            (409, PROBLEM_JSON): OpenApiResponse(
                UndoConflictSerializer,
                "Rows have changed since (`changed_since`), others have their names or ids now (`taken`), they refer to"
                " a row that is gone (`reference_gone`), others refer to them (`in_use`), `nothing_to_undo`, or there"
                f" are more than {MOST_UNDONE:,} (`too_large`).",
                examples=[examples.CHANGED_SINCE],
            ),
            (410, PROBLEM_JSON): OpenApiResponse(
                ProblemSerializer,
                "The history of this revision is not kept any more.",
                examples=[OpenApiExample("HistoryExpired", problem_of(HistoryExpired()))],
            ),
        },
        examples=examples.UNDONE,
    )
    def post(self, request: Request, number: str) -> Response:
        key = idempotent_request(request)
        serializer = UndoSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        owner, origin, force = owner_of(request).pk, origin_of(request), serializer.validated_data["force"]

        def work() -> Answer:
            undone = undo(owner, int(number), force, origin)
            revision = Revision.objects.select_related("by").get(ledger=owner, number=undone)
            location = reverse("revision-detail", [undone], request=request)
            return Answer(status.HTTP_201_CREATED, revision_json(revision), location)

        try:
            with TURNS.of(owner):
                answer = answer_once(key, work)
        except ChangedSince as error:
            if is_page_form(request):  # which was sent twice, perhaps
                ids = error.members["ids"]
                assert isinstance(ids, list)
                self.is_undone = is_undone(owner, int(number), UUID(ids[0]))
            raise
        self.form_state = FormState(done=str(_("Undone.")), revision=answer.data["number"])
        self.ledger_revision = answer.data["number"]
        return Response(answer.data, status=answer.status, headers=answer.headers)
