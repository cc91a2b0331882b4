"""What the viewset of an owned row has besides cashman_project/api/viewsets.py: the versions of a row."""

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.owner import owner_of
from cashman_project.api.pagination import KeysetPagination
from cashman_project.api.schema import LIST_HEADERS
from cashman_project.api.viewsets import OwnedModelViewSet

from .paging import numbered_page, page_parameters
from .serializers import HistorySerializer, version_json
from .services.revisions import Version, versions_of

if TYPE_CHECKING:
    Base = OwnedModelViewSet
else:
    Base = object


class HistoryMixin(Base):
    """Shows the versions of a row, also of a deleted one."""

    @extend_schema(parameters=[*page_parameters("revision"), *LIST_HEADERS], responses=HistorySerializer)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def history(self, request: Request, *args: object, **kwargs: object) -> Response:
        """What was changed of the row, when, by whom and how, the last change first. A deleted row keeps its history.

        A row of which only another row's name has changed has no version for that.
        """
        find = partial(_find, owner_of(request).pk, self.queryset.model, UUID(self.get_key()))
        return numbered_page(request, "revision", find, version_json)

    def allowed_parameters(self) -> frozenset[str]:
        return KeysetPagination.parameters if self.action == "history" else super().allowed_parameters()


def _find(owner: UUID, model: object, pk: UUID, size: int, start: int | None, descending: bool) -> list[Version]:
    try:
        return versions_of(owner, model, pk, size, start, descending=descending)
    except LookupError:
        raise NotFound from None
