"""The base of all viewsets. What they do is here, and the viewset of a resource only declares its parts."""

import copy
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from django.db.models import Model
from django.http import Http404
from django.utils.encoding import iri_to_uri
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.generics import get_object_or_404
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from ..db.retry import in_transaction
from .errors import PreconditionFailed
from .etags import check_preconditions, is_conditional, tagged_json, tagged_response, wants_json
from .export import LISTS, ExportRenderer, export_response, is_export
from .fastpath.owner_query import OwnerQuery
from .fastpath.responses import owner_query_for, page_response, row_content
from .filters import FilterSet
from .idempotency import Answer, answer_once, idempotent_request
from .owner import owner_of
from .pages.merging import decided, merged
from .pages.requests import is_page_form
from .pages.submission import FormState
from .pagination import KeysetPagination, OrderedBy
from .parsers import NEXT_FIELD
from .schema import CHANGE_HEADERS, CREATE_HEADERS, DELETE_HEADERS, LIST_HEADERS, READ_HEADERS
from .serializers import assign
from .types import JSON, AnyResponse, AnySerializer, FieldsSerializer, OwnedRows
from .views import StrictViewMixin

if TYPE_CHECKING:
    from ledgers.models import OwnedModel

ResultT = TypeVar("ResultT")
Renderers: TypeAlias = list[BaseRenderer]  # in the viewset, `list` is a method

PREFERS_MINIMAL = re.compile(r'(^|,)\s*return\s*=\s*"?minimal"?\s*(;|,|$)', re.IGNORECASE)  # RFC 7240
# The actions of a path that may end with the format of an export: also OPTIONS, and a method that is not allowed.
EXPORTED: tuple[str | None, ...] = ("list", "metadata", None)
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@extend_schema_view(
    list=extend_schema(parameters=LIST_HEADERS),
    create=extend_schema(parameters=CREATE_HEADERS),
    retrieve=extend_schema(parameters=READ_HEADERS),
    update=extend_schema(parameters=CHANGE_HEADERS),
    partial_update=extend_schema(parameters=CHANGE_HEADERS),
    destroy=extend_schema(parameters=DELETE_HEADERS, responses={204: OpenApiResponse(description="Deleted.")}),
)
class OwnedModelViewSet(StrictViewMixin, ModelViewSet[Any]):  # rows of the model of its queryset
    """List, create, read, change and delete the rows of the request's owner.

    A viewset names its `queryset` (of an owned model), `serializer_class`, `filterset_class`, `orderings` ({parameter:
    field or sort key}) and `default_ordering`. Each write runs in one database transaction, within `write`.

    With `fastpath` the database writes the JSON of rows, pages and exports. That goes around `get_queryset`,
    `to_representation` and other hooks, so a check refuses to start if one of them is overridden (api.E002).
    """

    fastpath = False
    queryset: OwnedRows
    serializer_class: type[FieldsSerializer]
    filterset_class: type[FilterSet] | None = None
    orderings: Mapping[str, OrderedBy] = {"created_at": "created_at"}
    default_ordering = "-created_at"
    exports: tuple[type[ExportRenderer], ...] = LISTS  # the formats of the whole list
    exported = EXPORTED
    pages: Mapping[str, str] = {"list": "pages/list.html", "retrieve": "pages/detail.html"}
    error_pages = {"list": "pages/list.html"}
    # Set below before the user is authenticated, because the authentication runs it; `list` and `retrieve` read it.
    owner_query: OwnerQuery
    bodiless = StrictViewMixin.bodiless | {"destroy"}
    changes: frozenset[str] = frozenset({"update", "partial_update", "destroy"})  # actions that read what they write

    def perform_authentication(self, request: Request) -> None:
        self.owner_query = owner_query_for(self) if self.fastpath and wants_json(request) else OwnerQuery()
        super().perform_authentication(request)

    def get_queryset(self) -> OwnedRows:
        rows: OwnedRows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.for_owner(owner_of(self.request))

    def get_key(self) -> str:
        """Return the id that the path names; raises NotFound if it is not an id."""
        key: str = self.kwargs["pk"]
        if not UUID_FORM.fullmatch(key):  # Python also reads other forms of a UUID, and digits of other scripts
            raise NotFound
        return key

    def get_object(self) -> "OwnedModel":
        """Return the row that the path names; raises NotFound."""
        key, rows = self.get_key(), self.filter_queryset(self.get_queryset())
        row: OwnedModel = get_object_or_404(rows, pk=key)
        self.check_object_permissions(self.request, row)
        return row

    def allowed_parameters(self) -> frozenset[str]:
        if self.action != "list":
            return self.query_parameters
        return KeysetPagination.parameters.union(self.filterset_class.base_filters if self.filterset_class else ())

    def page_parameters(self) -> frozenset[str]:
        return frozenset({NEXT_FIELD}) if self.action == "retrieve" else frozenset()

    def is_filtered(self) -> bool:
        """Return whether the request has a filter."""
        return bool(self.filterset_class and self.filterset_class.names_in(self.request))

    def new_row(self) -> dict[str, str]:
        """Return the values that the list's form for a new row begins with, by the names of its fields."""
        return {}

    def get_renderers(self) -> Renderers:
        return [*super().get_renderers(), *(renderer() for renderer in self.exports if self.action in self.exported)]

    def list(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        if is_export(request):
            return export_response(self)
        if self.fastpath and wants_json(request):
            return page_response(self, self.owner_query)
        return super().list(request)

    def create(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        key = idempotent_request(request)
        data = request.data  # read before anything is locked: a slow client must not hold up others
        if key and is_page_form(request):
            self.form_state = FormState(self.get_serializer(data=data))  # if the key was sent with other values: a 422
        minimal = PREFERS_MINIMAL.search(request.META.get("HTTP_PREFER", "")) is not None
        with self.turn():
            answer = (None if key else self.create_at_once(data, minimal)) or answer_once(
                key, lambda: self.write(lambda: self._create(data, minimal))
            )
        if answer.status == status.HTTP_204_NO_CONTENT:
            return Response(status=answer.status, headers={**answer.headers, "Preference-Applied": "return=minimal"})
        if answer.status == status.HTTP_207_MULTI_STATUS:  # not of one row: it has no entity tag
            return Response(answer.data, status=answer.status, headers=answer.headers)
        return tagged_response(request, answer.data, status=answer.status, headers=answer.headers)

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        if self.fastpath and wants_json(request):
            return tagged_json(request, row_content(self, self.owner_query))
        return tagged_response(request, self.get_serializer(self.get_object()).data)

    def update(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        data = decided(request.data) if is_page_form(request) else request.data
        partial = bool(kwargs.get("partial", False))
        with self.turn():
            row = in_transaction(lambda: self.write(lambda: self._update(data, partial)))
        return tagged_response(request, row)

    def destroy(self, request: Request, *args: object, **kwargs: object) -> Response:
        with self.turn():
            in_transaction(lambda: self.write(self._destroy))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def turn(self) -> AbstractContextManager[None]:
        """Return a context in which the request may begin a database transaction that writes the owner's rows."""
        return nullcontext()

    def write(self, work: Callable[[], ResultT]) -> ResultT:
        """Return the result of `work`, which writes the owner's rows in an open database transaction."""
        return work()

    def create_at_once(self, data: JSON, minimal: bool) -> Answer | None:
        """Create a row without beginning a transaction, if that can be done; otherwise do nothing and return None."""
        return None

    def perform_create(self, serializer: AnySerializer) -> None:
        serializer.save(owner=owner_of(self.request))

    def _create(self, data: JSON, minimal: bool) -> Answer:
        serializer = self.get_serializer(data=data)
        self.form_state = FormState(serializer)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        return self._created(serializer.data, minimal)

    def _created(self, data: object, minimal: bool) -> Answer:
        """Return the answer to the creation of a row, which has a Location, or of a list of rows, which has none."""
        location = ""
        if isinstance(data, dict):
            path = iri_to_uri(self.request.path.rstrip("/"))
            if self.format_kwarg:  # the list's path may end with a format, but a row's path never does
                path = path.removesuffix(f".{self.format_kwarg}")
            location = f"{self.request.scheme}://{self.request.get_host()}{path}/{data['id']}"
        if minimal:
            return Answer(status.HTTP_204_NO_CONTENT, location=location)
        return Answer(status.HTTP_201_CREATED, data, location)

    def _update(self, data: JSON, partial: bool) -> object:
        try:
            row = self.get_object()
        except Http404:  # deleted after the form was opened, perhaps
            if is_page_form(self.request):
                self.form_state = FormState(self.get_serializer(data=data))
            raise
        serializer = self.get_serializer(row, data=data, partial=partial)
        stored = self._stored(row)
        self.form_state = FormState(serializer, stored)
        try:
            if stored is not None:
                check_preconditions(self.request, stored)
        except PreconditionFailed:
            if not is_page_form(self.request):
                raise
            if not _changes_nothing(row, serializer):
                form = merged(serializer, self.get_serializer(row))
                if form is None:
                    raise
                serializer = self.get_serializer(row, data=form.data, partial=partial)
                self.form_state = FormState(serializer, stored, form.conflicts)
                if form.conflicts:
                    raise
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return serializer.data

    def _destroy(self) -> None:
        row = self.get_object()
        stored = self._stored(row)
        self.form_state = FormState(deleted=row)
        if stored is not None:
            check_preconditions(self.request, stored)
        self.perform_destroy(row)

    def _stored(self, row: "OwnedModel") -> object:
        """Return the row's data as it is stored, which may cost a query; None if nothing needs it.

        Preconditions need it, and so does the page of a form.
        """
        if is_conditional(self.request) or is_page_form(self.request):
            return self.get_serializer(row).data
        return None


def _changes_nothing(row: Model, serializer: AnySerializer) -> bool:
    """Return whether the row has all values that a form sent already, because the form was sent twice."""
    return serializer.is_valid() and not assign(copy.copy(row), serializer.validated_data)
