"""The one base of the viewsets: behaviour lives here, a viewset of a resource only declares."""

import re
from typing import Any

from django_filters import FilterSet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import ModelViewSet

from .atomic import in_transaction
from .conditional import check_preconditions, tagged_response
from .owner import owner_of
from .pagination import KeysetPagination
from .schema import CHANGE_HEADERS, CREATE_HEADERS, DELETE_HEADERS, READ_HEADERS
from .views import StrictViewMixin

PREFERS_MINIMAL = re.compile(r'(^|,)\s*return\s*=\s*"?minimal"?\s*(;|,|$)', re.IGNORECASE)  # RFC 7240
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@extend_schema_view(
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
    """

    filterset_class: type[FilterSet] | None = None
    orderings: dict[str, str]
    default_ordering: str
    pages = {"list": "pages/list.html", "retrieve": "pages/detail.html"}
    fault_pages = {"list": "pages/list.html"}
    row: Any = None  # what is to be deleted, for its page

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        rows = rows.for_owner(owner_of(self.request))
        if self.action in ("update", "partial_update", "destroy"):
            # Not the key: whoever links to the row meanwhile need not wait, nor we for him.
            rows = rows.select_for_update(of=("self",), no_key=True)
        return rows

    def get_object(self) -> Any:
        if not UUID.fullmatch(self.kwargs["pk"]):  # Python reads many other forms as one, other digits too
            raise NotFound
        return super().get_object()

    def allowed_parameters(self) -> frozenset[str]:
        if self.action != "list":
            return self.query_parameters
        return KeysetPagination.parameters.union(self.filterset_class.base_filters if self.filterset_class else ())

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        data = request.data  # read before anything is locked: a slow client must not hold up others
        instance, representation = in_transaction(lambda: self._create(data))
        location = reverse(f"{self.basename}-detail", [instance.pk], request=request)
        if PREFERS_MINIMAL.search(request.headers.get("Prefer", "")):
            headers = {"Location": location, "Preference-Applied": "return=minimal"}
            return Response(status=status.HTTP_204_NO_CONTENT, headers=headers)
        return tagged_response(request, representation, status=status.HTTP_201_CREATED, headers={"Location": location})

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return tagged_response(request, self.get_serializer(self.get_object()).data)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        data = request.data
        return tagged_response(request, in_transaction(lambda: self._update(data, kwargs.get("partial", False))))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        in_transaction(self._destroy)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _create(self, data: Any) -> tuple[Any, Any]:
        self.submitted = serializer = self.get_serializer(data=data)
        serializer.is_valid(raise_exception=True)
        return serializer.save(owner=owner_of(self.request)), serializer.data

    def _update(self, data: Any, partial: bool) -> Any:
        instance = self.get_object()
        self.present = self.get_serializer(instance).data
        self.submitted = serializer = self.get_serializer(instance, data=data, partial=partial)
        check_preconditions(self.request, self.present)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return serializer.data

    def _destroy(self) -> None:
        self.row = instance = self.get_object()
        check_preconditions(self.request, self.get_serializer(instance).data)
        self.perform_destroy(instance)
