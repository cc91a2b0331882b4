"""What the viewsets of all ledgers' rows share."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.origin import origin_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pagination import KeysetPagination
from cashman_project.api.schema import LIST_HEADERS, ROW_REVISION_HEADERS
from cashman_project.api.types import AnyResponse, JSONObject
from cashman_project.api.viewsets import OwnedModelViewSet
from ledgers.models import OwnedModel

from .history_pages import SHOWN, changes_one, deletion_context, version_rows
from .models import Ledger
from .paging import numbered_page, page_parameters
from .reads import LedgerReads
from .resources import RESOURCES
from .serializers import HistorySerializer, version_json
from .services.revisions import Version, name_of, versions_of
from .turns import TURNS
from .writer import writing

ResultT = TypeVar("ResultT")

if TYPE_CHECKING:
    Base = OwnedModelViewSet  # the mixin calls the methods of the viewset that it is mixed into
else:
    Base = object


class LedgerMixin(LedgerReads, Base):
    """Writes each request's rows as one revision of the owner's ledger, and tells its number in Ledger-Revision.

    Shows the versions of a row, also of a deleted one.

    An action in `changes` locks the ledger before it reads anything. The others lock it when they know what to write.
    The header of a list or a row names a revision that the response is at least as new as.
    """

    pages = {**OwnedModelViewSet.pages, "history": "ledgers/history.html"}
    deletion: dict[str, object] | None = None  # of the row that the page of a row is asked for
    response_headers = ROW_REVISION_HEADERS  # in the schema

    @extend_schema(parameters=[*page_parameters("revision"), *LIST_HEADERS], responses=HistorySerializer)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def history(self, request: Request, *args: object, **kwargs: object) -> Response:
        """What was changed of the row, when, by whom and how, the last change first. A deleted row keeps its history.

        A row of which only another row's name has changed has no version for that.
        """
        find = partial(_versions, owner_of(request).pk, self.queryset.model, UUID(self.get_key()))
        return numbered_page(request, "revision", find, version_json)

    def page_context(self, data: JSONObject) -> dict[str, object]:
        context = super().page_context(data)
        if self.action not in ("retrieve", "history"):
            return context
        owner, model, pk = owner_of(self.request).pk, self.queryset.model, UUID(self.get_key())
        resource = RESOURCES[model.resource]
        if self.action == "history":
            return {**context, "name": name_of(owner, model, pk), "versions": version_rows(resource, data["results"])}
        found = versions_of(owner, model, pk, SHOWN + 1, None, descending=True)
        shown = version_rows(resource, map(version_json, found[:SHOWN]))
        can_undo = changes_one(found[0]) if found else False
        return {**context, "versions": shown, "can_undo": can_undo, "more_versions": len(found) > SHOWN}

    def handle_exception(self, exc: Exception) -> AnyResponse:
        is_lost_row = isinstance(exc, Http404) and self.action == "retrieve"
        if is_lost_row and self.request.accepted_renderer.format == "api":
            with suppress(LookupError):
                self.deletion = deletion_context(owner_of(self.request).pk, self.queryset.model, UUID(self.get_key()))
                self.missing_pages = {"retrieve": "ledgers/deleted.html"}
        return super().handle_exception(exc)

    def allowed_parameters(self) -> frozenset[str]:
        return KeysetPagination.parameters if self.action == "history" else super().allowed_parameters()

    def turn(self) -> AbstractContextManager[None]:
        return TURNS.of(owner_of(self.request).pk)

    def write(self, work: Callable[[], ResultT]) -> ResultT:
        with writing(owner_of(self.request).pk, origin_of(self.request), in_transaction=True) as write:
            if self.action in self.changes:
                write.lock()
            result = super().write(work)
        self.ledger_revision = write.revision or None
        if write.counts:
            self.wrote(write.revision)
        return result

    def wrote(self, revision: int) -> None:
        """Let the response name the revision that the request has written."""
        self.ledger_revision = revision
        self.form_state = self.form_state._replace(revision=revision)

    def finalize_response(
        self, request: Request, response: AnyResponse, *args: object, **kwargs: object
    ) -> AnyResponse:
        if self.ledger_revision is None and response.status_code < 400:
            if self.owner_query.columns:
                self.ledger_revision = self.owner_query.extras(owner_of(request))[0] or 0
            elif "Idempotency-Replayed" in response:  # what it wrote then is in the last revision, too
                ledgers = Ledger.objects.filter(pk=owner_of(request).pk)
                self.ledger_revision = ledgers.values_list("revision", flat=True).first() or 0
        return super().finalize_response(request, response, *args, **kwargs)


def _versions(
    owner: UUID, model: type[OwnedModel], pk: UUID, size: int, start: int | None, descending: bool
) -> list[Version]:
    try:
        return versions_of(owner, model, pk, size, start, descending=descending)
    except LookupError:
        raise NotFound from None
