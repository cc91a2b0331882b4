"""The one base of the viewsets: behaviour lives here, a viewset of a resource only declares."""

import copy
import re
from typing import Any

from django.utils.encoding import iri_to_uri
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ModelViewSet

from ..db.retry import in_transaction
from .errors import PreconditionFailed
from .etags import check_preconditions, is_conditional, tagged_json, tagged_response, wants_json
from .export import CSVRenderer, LinesRenderer, export_response, is_export
from .fastpath.owner_query import OwnerQuery
from .fastpath.responses import owner_query_for, page_response, row_content
from .filters import FilterSet
from .idempotency import Answer, answer_once, idempotent_request
from .owner import owner_of
from .pages.submission import is_page_form
from .pagination import KeysetPagination
from .schema import CHANGE_HEADERS, CREATE_HEADERS, DELETE_HEADERS, LIST_HEADERS, READ_HEADERS
from .serializers import assign
from .views import StrictViewMixin

PREFERS_MINIMAL = re.compile(r'(^|,)\s*return\s*=\s*"?minimal"?\s*(;|,|$)', re.IGNORECASE)  # RFC 7240
# The actions whose path may name the format of an export: also OPTIONS, and a method that is not allowed.
EXPORTED = ("list", "metadata", None)
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@extend_schema_view(
    list=extend_schema(parameters=LIST_HEADERS),
    create=extend_schema(parameters=CREATE_HEADERS),
    retrieve=extend_schema(parameters=READ_HEADERS),
    update=extend_schema(parameters=CHANGE_HEADERS),
    partial_update=extend_schema(parameters=CHANGE_HEADERS),
    destroy=extend_schema(parameters=DELETE_HEADERS),
)
class OwnedModelViewSet(StrictViewMixin, ModelViewSet[Any]):
    """List, create, read, change and delete the rows of the request's owner, and of nobody else.

    A viewset names its `queryset` (of an owned model), `serializer_class`, `filterset_class`,
    `orderings` ({parameter: field}) and `default_ordering`. Writes run in one transaction, in which
    the row is locked before its preconditions are compared.

    With `fastpath` the database writes the JSON of rows, pages and exports. That goes around `get_queryset`,
    `to_representation` and other hooks, so a check refuses to start if one of them is overridden (api.E002).
    """

    fastpath = False
    filterset_class: type[FilterSet] | None = None
    orderings: dict[str, str]
    default_ordering: str
    pages = {"list": "pages/list.html", "retrieve": "pages/detail.html"}
    fault_pages = {"list": "pages/list.html"}
    owner_query: OwnerQuery
    row: Any = None  # what is to be deleted, for its page
    bodiless = StrictViewMixin.bodiless | {"destroy"}
    changes: frozenset[str] = frozenset({"update", "partial_update", "destroy"})  # actions that lock what they change

    def perform_authentication(self, request: Request) -> None:
        self.owner_query = owner_query_for(self) if self.fastpath and wants_json(request) else OwnerQuery()
        super().perform_authentication(request)

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        return rows.for_owner(owner_of(self.request))

    def get_key(self) -> str:
        """Return the id that the path names; raises NotFound where it is none."""
        key: str = self.kwargs["pk"]
        if not UUID_FORM.fullmatch(key):  # Python reads many other forms as one, other digits too
            raise NotFound
        return key

    def get_object(self) -> Any:
        """Return the row that the path names, locked if the action changes it; raises NotFound."""
        key, rows = self.get_key(), self.filter_queryset(self.get_queryset())
        row = get_object_or_404(locked(rows) if self.action in self.changes else rows, pk=key)
        self.check_object_permissions(self.request, row)
        return row

    def allowed_parameters(self) -> frozenset[str]:
        if self.action != "list":
            return self.query_parameters
        return KeysetPagination.parameters.union(self.filterset_class.base_filters if self.filterset_class else ())

    def is_filtered(self) -> bool:
        """Return whether the request asks for some rows of the list only."""
        return bool(self.filterset_class and self.filterset_class.given(self.request))

    def get_renderers(self) -> Any:
        return [*super().get_renderers(), *([CSVRenderer(), LinesRenderer()] if self.action in EXPORTED else [])]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        if is_export(request):
            return export_response(self)
        return page_response(self) if self.fastpath and wants_json(request) else super().list(request)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        key = idempotent_request(request)
        data = request.data  # read before anything is locked: a slow client must not hold up others
        if key and is_page_form(request):
            self.submitted = self.get_serializer(data=data)  # for its page, if the key was sent with other values
        minimal = PREFERS_MINIMAL.search(request.META.get("HTTP_PREFER", "")) is not None
        answer = answer_once(key, lambda: self._create(data, minimal), one_statement=not isinstance(data, list))
        if answer.status == status.HTTP_204_NO_CONTENT:
            return Response(status=answer.status, headers={**answer.headers, "Preference-Applied": "return=minimal"})
        return tagged_response(request, answer.data, status=answer.status, headers=answer.headers)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        if self.fastpath and wants_json(request):
            return tagged_json(request, row_content(self))
        return tagged_response(request, self.get_serializer(self.get_object()).data)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        data = request.data
        return tagged_response(request, in_transaction(lambda: self._update(data, kwargs.get("partial", False))))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        in_transaction(self._destroy)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _create(self, data: Any, minimal: bool) -> Answer:
        self.submitted = serializer = self.get_serializer(data=data)
        serializer.is_valid(raise_exception=True)
        serializer.save(owner=owner_of(self.request))
        return self._created(serializer.data, minimal)

    def _created(self, data: Any, minimal: bool) -> Answer:
        """Return the answer to the creation of a resource, or of a list of them, which has no place of its own."""
        location = ""
        if isinstance(data, dict):
            path = iri_to_uri(self.request.path.rstrip("/"))
            if self.format_kwarg:  # of the path of the list, which no row's has
                path = path.removesuffix(f".{self.format_kwarg}")
            location = f"{self.request.scheme}://{self.request.get_host()}{path}/{data['id']}"
        if minimal:
            return Answer(status.HTTP_204_NO_CONTENT, location=location)
        return Answer(status.HTTP_201_CREATED, data, location)

    def _update(self, data: Any, partial: bool) -> Any:
        instance = self.get_object()
        self.submitted = serializer = self.get_serializer(instance, data=data, partial=partial)
        try:
            self._check_preconditions(instance)
        except PreconditionFailed:
            if not (is_page_form(self.request) and _changes_nothing(serializer)):
                raise
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return serializer.data

    def _destroy(self) -> None:
        self.row = instance = self.get_object()
        self._check_preconditions(instance)
        self.perform_destroy(instance)

    def _check_preconditions(self, instance: Any) -> None:
        """Keep the present data, where a precondition or a form's page asks for it, which may cost a query."""
        if is_conditional(self.request) or is_page_form(self.request):
            self.present = self.get_serializer(instance).data
            check_preconditions(self.request, self.present)


def locked(rows: Any) -> Any:
    """Return the rows of the queryset, locked until the database transaction ends."""
    # Not the key: whoever links to the row meanwhile need not wait, nor we for him. No join: PostgreSQL would
    # not find the other row where this one links to another by the time that its lock is free.
    return rows.select_related(None).select_for_update(no_key=True)


def _changes_nothing(serializer: Any) -> bool:
    """Return whether all that a form was sent with is stored by now: it was sent twice."""
    return bool(serializer.is_valid()) and not assign(copy.copy(serializer.instance), serializer.validated_data)
