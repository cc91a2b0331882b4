"""Everything of the owner out, and into an empty ledger again."""

from threading import BoundedSemaphore
from typing import IO

from django.conf import settings
from django.db import connection
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cashman_project.api.errors import Unavailable
from cashman_project.api.export import spooled_response
from cashman_project.api.idempotency import Answer, answer_once, idempotent_request
from cashman_project.api.limits import EXPORT
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.submission import FormState
from cashman_project.api.problems import PROBLEM_JSON
from cashman_project.api.schema import KEY_HEADERS, ProblemSerializer
from cashman_project.api.views import ApiView
from cashman_project.db.connection_pool import POOL
from cashman_project.db.snapshot import snapshot
from ledgers.turns import TURNS
from statements.uploads import file_parsers, upload_of

from . import examples
from .serializers import ExportFileSerializer, RestoredSerializer
from .services.export import write_export
from .services.reading import Read
from .services.restoring import check_empty, restore

READING = BoundedSemaphore(1)  # how many exports a process brings in at the same time


class ZipRenderer(BaseRenderer):
    """Declares the format; `spooled_response` writes it."""

    media_type = "application/zip"
    format = "zip"
    charset = None


class ExportView(ApiView):
    """Everything of yours as a zip: rows with their ids and their history as JSON lines, and transactions as CSV."""

    renderer_classes = (ZipRenderer,)

    @extend_schema(
        operation_id="get_export",
        summary="Export everything",
        tags=["moving"],
        responses={(200, ZipRenderer.media_type): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponseBase:
        owner = owner_of(request)

        def write(file: IO[bytes]) -> None:
            write_export(owner, file)

        return spooled_response(request, f"cashman-{timezone.now():%Y-%m-%d}", write, snapshot)


class RestoreView(ApiView):
    """Bring an export into your ledger, which must be empty: all of it, or nothing."""

    body_limit = EXPORT
    error_pages = conflict_pages = {"post": "moving/refused.html"}

    def get_parsers(self) -> list[BaseParser]:
        return file_parsers()

    @extend_schema(
        operation_id="import_me",
        summary="Bring an export in",
        tags=["moving"],
        parameters=KEY_HEADERS,
        request={"multipart/form-data": ExportFileSerializer, "application/octet-stream": examples.BINARY},
        responses={
            200: RestoredSerializer,
            (409, PROBLEM_JSON): OpenApiResponse(
                ProblemSerializer,
                "The ledger is not empty (`not_empty`), or another user here has these rows (`ids_taken`).",
                examples=[examples.NOT_EMPTY],
            ),
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        owner, upload = owner_of(request), upload_of(request, settings.EXPORT_LIMIT)
        try:
            key = idempotent_request(request, upload.digest())
            if key is None:  # the answer to an earlier request is there although the ledger is not empty
                check_empty(owner)
            if not READING.acquire(blocking=False):
                raise Unavailable
        except BaseException:
            upload.file.close()
            raise
        read = None
        try:
            if connection.in_atomic_block:
                read = Read(upload.file)
            else:
                with POOL.set_aside():
                    read = Read(upload.file)

            def work() -> Answer:
                restore(owner, read)
                totals = read.sums.content()
                return Answer(200, {"revision": read.revision, "counts": read.counts, "totals": totals})

            with TURNS.of(owner.pk):
                answer = answer_once(key, work)
        finally:
            READING.release()
            upload.file.close()
            if read is not None:
                read.close()
        self.ledger_revision = answer.data["revision"]
        self.form_state = FormState(done=_("Your data is here."))
        page = {"Location": reverse("me", request=request)} if is_page_form(request) else {}
        return Response(answer.data, headers={**answer.headers, **page})
