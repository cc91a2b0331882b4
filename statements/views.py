"""Imports of bank statements over HTTP."""

import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import orjson
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ViewSet

from cashman_project.api.etags import check_preconditions, is_conditional, tagged_response
from cashman_project.api.filters import flag_of
from cashman_project.api.idempotency import Answer, answer_once, idempotent_request
from cashman_project.api.origin import origin_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.submission import FormState
from cashman_project.api.pagination import KeysetPagination
from cashman_project.api.problems import PROBLEM_JSON
from cashman_project.api.schema import (
    CHANGE_HEADERS,
    DELETE_HEADERS,
    ETAG,
    KEY_HEADERS,
    LIST_HEADERS,
    LOCATION,
    READ_HEADERS,
    ROW_REVISION_HEADERS,
    ProblemSerializer,
)
from cashman_project.api.types import JSONObject
from cashman_project.api.views import StrictViewMixin
from cashman_project.api.viewsets import UUID_FORM
from cashman_project.db.retry import in_transaction
from ledgers.paging import page_parameters
from ledgers.turns import TURNS
from transactions.transfer_serializers import EmptySerializer

from . import examples
from .choices import Status, Verdict
from .import_forms import answers_of
from .import_page_views import ImportPagesMixin, done_text, page_of_plans, page_of_rows, undone_text
from .models import Import, ImportRow
from .serializers import (
    CommitSerializer,
    ImportPageSerializer,
    ImportRowPageSerializer,
    ImportRowSerializer,
    ImportSerializer,
    OptionsSerializer,
    RowChangeRequestSerializer,
    TextOptionsSerializer,
    UndoneImportSerializer,
    UploadSerializer,
    options_of,
    options_of_texts,
)
from .services.commit import commit
from .services.editing import edit_row
from .services.plans import (
    WAITING,
    Said,
    create_plan,
    create_unread,
    draft,
    format_of_file,
    prepare,
    read_later,
    read_plan,
    replan,
)
from .services.shown import plans_json, rows_json
from .services.storage import pack, stored
from .services.undoing import MOST_TOLD, discard, undo_commit
from .uploads import file_parsers, upload_of

ResultT = TypeVar("ResultT")
PREFERS_ASYNC = re.compile(r"(^|,)\s*respond-async\s*(;|,|$)", re.IGNORECASE)
APPLIED = {"Preference-Applied": "respond-async"}
ID = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH)
NUMBER = OpenApiParameter("row", OpenApiTypes.INT, OpenApiParameter.PATH, description="The `number` of the row.")
CONFLICT = {
    (409, PROBLEM_JSON): OpenApiResponse(
        ProblemSerializer, "It is not a preview (`not_a_preview`).", examples=[examples.NOT_A_PREVIEW]
    )
}


PARAMETERS = {
    "index": KeysetPagination.parameters,
    "rows": KeysetPagination.parameters | {"verdict"},
    "upload": frozenset(OptionsSerializer().fields),
    "remove": frozenset({"force"}),
}


def prefers_async(request: Request) -> bool:
    """Return whether the client would rather not wait for the reading of the file (RFC 7240)."""
    return PREFERS_ASYNC.search(request.META.get("HTTP_PREFER", "")) is not None


def check_id(text: str) -> None:
    """Raise NotFound if the text is no id."""
    if not UUID_FORM.fullmatch(text):
        raise NotFound


class ImportViewSet(ImportPagesMixin, StrictViewMixin, ViewSet):
    """Files of bank statements, the plans that are made of them, and what commits have made of these."""

    queryset = Import.objects.all()
    file_actions = frozenset({"upload"})
    bodiless = StrictViewMixin.bodiless | {"remove"}

    def get_parsers(self) -> list[BaseParser]:
        takes_file = "upload" in self.action_map.values() and getattr(self.request, "method", "") == "POST"
        return file_parsers() if takes_file else super().get_parsers()

    def allowed_parameters(self) -> frozenset[str]:
        return PARAMETERS.get(str(self.action), super().allowed_parameters())

    def plan(self, key: str) -> Import:
        """Return the owner's plan; raises NotFound."""
        check_id(key)
        plan = Import.objects.filter(owner=owner_of(self.request), pk=key).first()
        if plan is None:
            raise NotFound
        self.read_plan = plan
        return plan

    def shown(self, plan: Import) -> JSONObject:
        [content] = plans_json(owner_of(self.request), [plan])
        return content

    def in_turn(self, work: Callable[[], ResultT]) -> ResultT:
        with TURNS.of(owner_of(self.request).pk):
            return in_transaction(work)

    @extend_schema(
        operation_id="list_imports",
        summary="List imports",
        tags=["imports"],
        parameters=[*page_parameters("created_at"), *LIST_HEADERS],
        responses=ImportPageSerializer,
    )
    def index(self, request: Request) -> Response:
        """Files of bank statements and the plans that were made of them, the newest first."""
        content, page = page_of_plans(request)
        return Response(content, headers=page.headers())

    @extend_schema(
        operation_id="create_import",
        summary="Plan an import",
        tags=["imports"],
        parameters=[TextOptionsSerializer, *KEY_HEADERS, LOCATION, *examples.ASYNC],
        request={"multipart/form-data": UploadSerializer, "application/octet-stream": examples.BINARY},
        responses={201: ImportSerializer, 202: ImportSerializer},
        examples=examples.PLAN,
    )
    def upload(self, request: Request) -> HttpResponseBase:
        """Read a file of bank statements, and plan what a commit makes of it. Nothing is imported yet.

        With `Prefer: respond-async`, the file is only stored (202), and read by `POST /imports/{id}/read`."""
        owner, upload = owner_of(request), upload_of(request)
        with upload.file:
            texts = {**{name: request.query_params[name] for name in request.query_params}, **upload.fields}
            said = Said(options_of_texts(texts))
            key = idempotent_request(request, orjson.dumps(sorted(texts.items())) + upload.digest())
            is_later = prefers_async(request)
            create = (
                partial(create_unread, form=format_of_file(upload.file, said))
                if is_later
                else partial(create_plan, plan=prepare(owner, draft(owner, upload.file, said)))
            )
            file = pack(upload.file)

            def work() -> Answer:
                plan = create(owner, file, upload.name, said=said)
                location = reverse("import-detail", [plan.pk], request=request)
                return Answer(202 if is_later else 201, self.shown(plan), location)

            answer = answer_once(key, work)
        if not is_later:
            self.form_state = FormState(done=_("The file is read. Nothing is imported yet."))
        applied = APPLIED if is_later else {}
        return tagged_response(request, answer.data, status=answer.status, headers={**answer.headers, **applied})

    @extend_schema(
        operation_id="get_import",
        summary="Read an import",
        tags=["imports"],
        parameters=[ID, *READ_HEADERS],
        responses=ImportSerializer,
    )
    def show(self, request: Request, pk: str) -> HttpResponseBase:
        """A plan: what a commit makes of a file, or has made of it."""
        plan = self.plan(pk)
        if self.is_page():
            self.shown_rows, _page = page_of_rows(request, plan)
        return tagged_response(request, self.shown(plan))

    @extend_schema(
        operation_id="update_import",
        summary="Answer the questions of an import",
        tags=["imports"],
        parameters=[ID, *CHANGE_HEADERS, *examples.ASYNC],
        request=OptionsSerializer,
        responses={200: ImportSerializer, 202: ImportSerializer, **CONFLICT},
        examples=[examples.ANSWER, *examples.PLAN],
    )
    def answer(self, request: Request, pk: str) -> HttpResponseBase:
        """Say more of the file, and read it again. Changes of single rows are lost. An option that is null is found in
        the file, or asked, as if it had never been given."""
        owner, plan = owner_of(request), self.plan(pk)
        is_form = is_page_form(request)
        given = options_of(answers_of(request.data, plan.questions, plan.options) if is_form else request.data)
        if is_conditional(request):
            check_preconditions(request, self.shown(plan))
        options = {name: value for name, value in {**plan.options, **given}.items() if value is not None}
        said = Said(options)
        if prefers_async(request):
            changed = in_transaction(lambda: read_later(owner, plan, said))
            return tagged_response(request, self.shown(changed), status=202, headers=APPLIED)
        with stored(owner.pk, plan.pk) as source:
            made = prepare(owner, draft(owner, source, said), plan.pk) if plan.status in WAITING else None
        changed = in_transaction(lambda: replan(owner, plan, made, said))
        self.form_state = FormState(done=_("The file is read. Nothing is imported yet."))
        return tagged_response(request, self.shown(changed))

    @extend_schema(
        operation_id="read_import",
        summary="Read the file of an import",
        tags=["imports"],
        parameters=[ID, ETAG],
        request=EmptySerializer,
        responses={200: ImportSerializer},
    )
    def read(self, request: Request, pk: str) -> HttpResponseBase:
        """Read the file of a plan whose status is `reading`. Meanwhile, the plan's `progress` tells how far it is. If
        this is cut off, send it again. A plan that was read already stays as it is."""
        EmptySerializer(data=request.data).is_valid(raise_exception=True)
        changed = read_plan(owner_of(request), self.plan(pk))
        self.form_state = FormState(done=_("The file is read. Nothing is imported yet."))
        return tagged_response(request, self.shown(changed))

    @extend_schema(
        operation_id="delete_import",
        summary="Discard a preview, or undo a commit",
        tags=["imports"],
        parameters=[
            ID,
            OpenApiParameter(
                "force", OpenApiTypes.BOOL, default=False, description="Delete transactions, too, that were edited."
            ),
            *DELETE_HEADERS,
        ],
        responses={
            200: UndoneImportSerializer,
            204: OpenApiResponse(description="The plan was not committed, and is discarded."),
            (409, PROBLEM_JSON): OpenApiResponse(
                ProblemSerializer, "A check keeps transactions (`locked`).", examples=[examples.LOCKED]
            ),
        },
    )
    def remove(self, request: Request, pk: str) -> HttpResponseBase:
        """Discard the plan if it is not committed. Otherwise undo the commit: delete its transactions, and free their
        lines. What was edited since is kept and listed."""
        owner, force = owner_of(request), flag_of(request, "force")
        check_id(pk)

        def work() -> JSONObject | None:
            plan = Import.objects.select_for_update(no_key=True).filter(owner=owner, pk=pk).first()
            if plan is None:
                raise NotFound
            if is_conditional(request):
                check_preconditions(request, self.shown(plan))
            if plan.status != Status.COMMITTED:
                self.form_state = FormState(done=_("Discarded. Nothing was imported."))
                discard(owner.pk, plan.pk)
                return None
            undone = undo_commit(owner, plan, origin_of(request), force=force)
            self.form_state = FormState(done=undone_text(undone.deleted))
            return {
                "deleted": undone.deleted,
                "kept": [str(key) for key in undone.kept[:MOST_TOLD]],
                "kept_count": len(undone.kept),
                "revision": undone.revision,
            }

        content = self.in_turn(work)
        if content is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        self.ledger_revision = content["revision"]
        return Response(content)

    @extend_schema(
        operation_id="list_import_rows",
        summary="List the rows of an import",
        tags=["imports"],
        parameters=[
            ID,
            *page_parameters("number")[:2],
            OpenApiParameter("ordering", enum=["number", "-number"], default="number", description="The order."),
            OpenApiParameter("verdict", enum=Verdict.values, description="Only rows with this verdict."),
            *LIST_HEADERS,
        ],
        responses=ImportRowPageSerializer,
    )
    def rows(self, request: Request, pk: str) -> Response:
        """The rows of a plan, in the order of the file: its lines, and what is told of it."""
        content, page = page_of_rows(request, self.plan(pk))
        return Response(content, headers=page.headers())

    @extend_schema(
        operation_id="get_import_row",
        summary="Read a row of an import",
        tags=["imports"],
        parameters=[ID, NUMBER, *READ_HEADERS],
        responses=ImportRowSerializer,
    )
    def row(self, request: Request, pk: str, row: str) -> HttpResponseBase:
        """One row of a plan."""
        return tagged_response(request, self.row_of(self.plan(pk)))

    @extend_schema(
        operation_id="update_import_row",
        summary="Change a row of an import",
        tags=["imports"],
        parameters=[ID, NUMBER, *CHANGE_HEADERS],
        request=RowChangeRequestSerializer,
        responses={200: ImportRowSerializer, **CONFLICT},
    )
    def edit(self, request: Request, pk: str, row: str) -> HttpResponseBase:
        """Let a commit do something else with the row, or give it other values."""
        plan = self.plan(pk)
        serializer = RowChangeRequestSerializer(data=self.row_changes(plan), context={"request": request})
        serializer.is_valid(raise_exception=True)
        if is_conditional(request):
            check_preconditions(request, self.row_of(plan))
        values, tags = serializer.validated_data, serializer.fields["tags"]

        def work() -> tuple[Import, ImportRow]:
            self.save_new_names(values.get("category"), tags)
            return edit_row(owner_of(request), plan.pk, int(row), values)

        changed, edited = self.in_turn(work)
        [content] = rows_json(owner_of(request), changed, [edited])
        return tagged_response(request, content)

    @extend_schema(
        operation_id="commit_import",
        summary="Commit an import",
        tags=["imports"],
        parameters=[ID, *KEY_HEADERS, ETAG, *ROW_REVISION_HEADERS],
        request=CommitSerializer,
        responses={
            200: ImportSerializer,
            (409, PROBLEM_JSON): OpenApiResponse(
                ProblemSerializer,
                "What the plan relies on has changed (`stale`), it has open questions (`unanswered`), it is not a"
                " preview any more (`not_a_preview`), or a check keeps an account as it is (`locked`).",
                examples=[examples.STALE],
            ),
        },
    )
    def commit(self, request: Request, pk: str) -> HttpResponseBase:
        """Do exactly what the plan shows, in one revision."""
        key = idempotent_request(request)
        serializer = CommitSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        owner, plan, version = owner_of(request), self.plan(pk), serializer.validated_data.get("version")

        def work() -> Answer:
            return Answer(200, self.shown(commit(owner, plan.pk, origin_of(request), version)))

        with TURNS.of(owner.pk):
            answer = answer_once(key, work)
        self.ledger_revision = answer.data["revision"]
        self.form_state = FormState(done=done_text(answer.data))
        page = {"Location": reverse("import-detail", [pk], request=request)} if is_page_form(request) else {}
        return tagged_response(request, answer.data, headers={**answer.headers, **page})
