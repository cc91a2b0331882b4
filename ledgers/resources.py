"""The resources of owned rows. The apps above register theirs, so that the history can show rows of every model."""

from functools import cached_property
from typing import TYPE_CHECKING

from cashman_project.api.fastpath.row_json import RowJSON, row_json
from cashman_project.api.types import FieldsSerializer

from .models import OwnedModel

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

RESOURCES: "dict[str, Resource]" = {}  # by their names


class Resource:
    """A kind of owned row: its model, the serializer of its JSON, and how a number of rows is told, such as
    ngettext_lazy("%(count)s transaction", "%(count)s transactions", "rows")."""

    def __init__(
        self, model: type[OwnedModel], serializer_class: type[FieldsSerializer], counted: "_StrPromise"
    ) -> None:
        self.model = model
        self.serializer_class = serializer_class
        self.counted = counted

    @property
    def name(self) -> str:
        return self.model.resource

    @cached_property
    def serializer(self) -> FieldsSerializer:
        """A serializer that shows rows, one after another."""
        return self.serializer_class()

    @cached_property
    def row_json(self) -> RowJSON:
        """The SQL for a row's JSON."""
        return row_json(self.serializer_class())


def register(model: type[OwnedModel], serializer_class: type[FieldsSerializer], counted: "_StrPromise") -> None:
    """Let the history show the rows of the model. An app calls this when it is ready."""
    resource = Resource(model, serializer_class, counted)
    RESOURCES[resource.name] = resource
