"""Many rows in one request: all of them, or none."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from .atomic import in_transaction
from .conditional import check_preconditions
from .idempotency import Answer, answered, once
from .owner import owner_of
from .schema import BULK_CREATE_HEADERS, KEY_HEADERS, MANY_HEADERS
from .serializers import MAX_FAULTS, MAX_ROWS, StrictSerializer, check_rows
from .viewsets import UUID_FORM, OwnedModelViewSet


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "minItems": 1,
        "maxItems": MAX_ROWS,
        "uniqueItems": True,
    }
)
class IdsField(serializers.ListField):
    """Ids, as they came: whoever reads the rows says which are none."""

    child = serializers.UUIDField()

    def run_child_validation(self, data: Any) -> Any:
        return data


class IdsSerializer(StrictSerializer):
    """The ids of rows."""

    ids = IdsField(allow_empty=False, min_length=1, max_length=MAX_ROWS)


class BulkCreateViewSet(OwnedModelViewSet):
    """Creates the rows of an array, too. Its serializer's list serializer is a StrictListSerializer."""

    takes_arrays = True

    @extend_schema(parameters=BULK_CREATE_HEADERS)
    @action(methods=["post"], detail=False, url_path="bulk")
    def create_many(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Create a row of each object of the array: all of them, or none.

        POST of the array to the list's own path does the same.
        """
        once(request)  # reads the key's body, which is gone as soon as it is parsed
        check_rows(request.data)
        return self.create(request)

    def _create(self, data: Any, minimal: bool) -> Answer:
        if not isinstance(data, list):
            return super()._create(data, minimal)
        serializer = self.get_serializer(data=data, many=True)
        serializer.is_valid(raise_exception=True)
        serializer.save(owner=owner_of(self.request))
        return self._created(list(serializer.data), minimal)


class BulkViewSet(BulkCreateViewSet):
    """Changes and deletes many rows, too."""

    queryset: Any
    changes = OwnedModelViewSet.changes | {"update_many", "destroy_many"}

    @extend_schema(parameters=MANY_HEADERS)
    def update_many(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change the given fields of each row that the array names by its id."""
        data = request.data
        return Response(in_transaction(lambda: self._update_many(data)))

    @extend_schema(
        parameters=KEY_HEADERS, request=IdsSerializer, responses={204: OpenApiResponse(description="Deleted.")}
    )
    @action(methods=["post"], detail=False, url_path="delete")
    def destroy_many(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the rows of the ids."""
        key = once(request)
        serializer = IdsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        answer = answered(key, lambda: self._destroy_many(serializer.validated_data["ids"]))
        return Response(status=answer.status, headers=answer.headers)

    def _update_many(self, data: Any) -> Any:
        check_preconditions(self.request, None)  # many rows have no tag that a header could name
        check_rows(data)
        ids = [row.get("id") if isinstance(row, dict) else None for row in data]
        rows = self._locked(ids, "{}.id")
        changes = [{name: value for name, value in row.items() if name != "id"} for row in data]
        serializer = self.get_serializer(rows, data=changes, many=True, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        written = self.queryset.for_owner(owner_of(self.request)).in_bulk([row.pk for row in rows])
        return list(self.get_serializer([written[row.pk] for row in rows], many=True).data)

    def _destroy_many(self, values: Sequence[object]) -> Answer:
        rows = self._locked(values, "ids.{}")
        self.queryset.for_owner(owner_of(self.request)).filter(pk__in=[row.pk for row in rows]).delete()
        self.row = _("%(count)d rows") % {"count": len(rows)}
        return Answer(status.HTTP_204_NO_CONTENT)

    def _locked(self, values: Sequence[object], path: str) -> list[Any]:
        """Return the owner's rows of these ids, in their order; locked in one that is everybody's.

        Raises ValidationError with the faults of the first MAX_FAULTS, `path` naming each by its index.
        """
        ids, faults = _read_ids(values)
        if not faults:
            rows = {row.pk: row for row in self.get_queryset().filter(pk__in=ids).order_by("pk")}
            missing = [index for index, pk in enumerate(ids) if pk not in rows]
            faults = {index: ErrorDetail(_("You have no row of this id."), "does_not_exist") for index in missing}
        if faults:
            raise ValidationError({path.format(index): [faults[index]] for index in list(faults)[:MAX_FAULTS]})
        return [rows[pk] for pk in ids]


def _read_ids(values: Sequence[object]) -> tuple[list[UUID], dict[int, ErrorDetail]]:
    """Return the ids that the texts hold, and by index what is wrong with those that hold none."""
    ids: dict[UUID, None] = {}
    faults: dict[int, ErrorDetail] = {}
    for index, value in enumerate(values):
        if not (isinstance(value, str) and UUID_FORM.fullmatch(value)):
            faults[index] = ErrorDetail(_("Not an id: give that of one of your rows."), "invalid")
        elif (pk := UUID(value)) in ids:
            faults[index] = ErrorDetail(_("This id is given twice."), "duplicate")
        else:
            ids[pk] = None
    return list(ids), faults
