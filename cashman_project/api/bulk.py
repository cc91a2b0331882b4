"""Many rows in one request: all of them, or none."""

from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ..db.retry import in_transaction
from .errors import TooLarge
from .etags import check_preconditions, wants_json
from .fastpath.row_json import row_json
from .idempotency import Answer, answer_once, idempotent_request
from .limits import FORMS, ROW, body_length
from .owner import owner_of
from .renderers import json_of
from .schema import BULK_CREATE_HEADERS, KEY_HEADERS, MANY_HEADERS
from .serializers import MAX_FAULTS, MAX_ROWS, StrictSerializer, check_rows
from .viewsets import UUID_FORM, OwnedModelViewSet, locked

BEFORE_JSON = BOM_UTF8 + b" \t\r\n"


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
    """Ids as they were sent. The code that reads the rows reports which of them are not ids."""

    child = serializers.UUIDField()

    def run_child_validation(self, data: Any) -> Any:
        return data


class IdsSerializer(StrictSerializer):
    """The ids of rows."""

    ids = IdsField(allow_empty=False, min_length=1, max_length=MAX_ROWS)


class BulkCreateViewSet(OwnedModelViewSet):
    """Creates the rows of an array, too. Its serializer's list serializer is a StrictListSerializer."""

    array_actions = frozenset({"create", "create_many"})

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # which finds out who sends so much
        if self.action != "create" or request._request.content_type in FORMS:  # which are small, and read by now
            return
        if body_length(request._request) > ROW and not request.body.lstrip(BEFORE_JSON).startswith(b"["):
            raise TooLarge(_("One row has at most %(limit)d bytes.") % {"limit": ROW})

    @extend_schema(parameters=BULK_CREATE_HEADERS)
    @action(methods=["post"], detail=False, url_path="bulk")
    def create_many(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Create a row of each object of the array: all of them, or none.

        POST of the array to the list's own path does the same.
        """
        idempotent_request(request)  # reads the key's body, which is gone as soon as it is parsed
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
    array_actions = BulkCreateViewSet.array_actions | {"update_many", "destroy_many"}
    bodiless = BulkCreateViewSet.bodiless | {"destroy_many"}

    @extend_schema(parameters=MANY_HEADERS)
    def update_many(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Change the given fields of each row that the array names by its id."""
        data: Any = request.data
        check_preconditions(request, None)  # many rows have no entity tag that a header could name
        check_rows(data)
        read = [self._read_many(data)]
        texts = in_transaction(lambda: self._update_many(data, read.pop() if read else self._read_many(data)))
        content = f"[{','.join(texts)}]".encode()
        if wants_json(request):
            return HttpResponse(content, content_type="application/json")
        return Response(orjson.loads(content))

    @extend_schema(
        parameters=KEY_HEADERS, request=IdsSerializer, responses={204: OpenApiResponse(description="Deleted.")}
    )
    @action(methods=["post"], detail=False, url_path="delete")
    def destroy_many(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete the rows of the ids."""
        key = idempotent_request(request)
        serializer = IdsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        answer = answer_once(key, lambda: self._destroy_many(serializer.validated_data["ids"]))
        return Response(status=answer.status, headers=answer.headers)

    def _read_many(self, data: list[Any]) -> Any:
        """Return the valid serializer of the changes, of rows as they are now; raises ValidationError or Conflict.

        It locks nothing, so that the time that it takes is not another's on SQLite, where one writes at a time.
        """
        ids = [row.get("id") if isinstance(row, dict) else None for row in data]
        rows = self._found(self._visible_rows(), ids, "{}.id")
        changes = [{name: value for name, value in row.items() if name != "id"} for row in data]
        serializer = self.get_serializer(rows, data=changes, many=True, partial=True)
        serializer.is_valid(raise_exception=True)
        return serializer

    def _update_many(self, data: list[Any], serializer: Any) -> list[str]:
        """Write the changes; return the rows in JSON. What others have changed since they were read is read again."""
        versions = {row.pk: row.version for row in serializer.instance}
        rows = locked(self._visible_rows()).filter(pk__in=list(versions)).order_by("pk")
        if dict(rows.values_list("pk", "version")) != versions:
            serializer = self._read_many(data)
        serializer.save()
        written = self._own_rows().filter(pk__in=list(versions))
        if self.fastpath:
            row = row_json(cast("serializers.Serializer[Any]", self.get_serializer()))
            texts = dict(written.values_list("pk", row))
        else:
            texts = {row.pk: json_of(self.get_serializer(row).data).decode() for row in written}
        return [texts[pk] for pk in versions]

    def _destroy_many(self, values: Sequence[object]) -> Answer:
        rows = self._found(locked(self._visible_rows()), values, "ids.{}")
        self._own_rows().filter(pk__in=[row.pk for row in rows]).delete()
        self.row = _("%(count)d rows") % {"count": len(rows)}
        return Answer(status.HTTP_204_NO_CONTENT)

    def _visible_rows(self) -> Any:
        """Return the rows that the list has, without those that they refer to."""
        return self.filter_queryset(self.get_queryset()).select_related(None)

    def _own_rows(self) -> Any:
        """Return all rows of the owner: a row that was written is among them, even if the list no longer has it."""
        return self.queryset.model._default_manager.for_owner(owner_of(self.request))

    def _found(self, rows: Any, values: Sequence[object], path: str) -> list[Any]:
        """Return the rows of these ids, in their order; where that locks them, in one that is everybody's.

        Raises ValidationError with the first MAX_FAULTS errors; `path` names each one by its index.
        """
        ids, faults = _read_ids(values)
        if not faults:
            found = {row.pk: row for row in rows.filter(pk__in=ids).order_by("pk")}
            missing = [index for index, pk in enumerate(ids) if pk not in found]
            faults = {index: ErrorDetail(_("You have no row with this id."), "does_not_exist") for index in missing}
        if faults:
            raise ValidationError({path.format(index): [faults[index]] for index in list(faults)[:MAX_FAULTS]})
        if not self.fastpath:  # whose permissions do not look at rows
            for row in found.values():
                self.check_object_permissions(self.request, row)
        return [found[pk] for pk in ids]


def _read_ids(values: Sequence[object]) -> tuple[list[UUID], dict[int, ErrorDetail]]:
    """Return the ids, and by index the errors of the texts that are not ids."""
    ids: dict[UUID, None] = {}
    faults: dict[int, ErrorDetail] = {}
    for index, value in enumerate(values):
        if not (isinstance(value, str) and UUID_FORM.fullmatch(value)):
            faults[index] = ErrorDetail(_("Not an id: give the id of one of your rows."), "invalid")
        elif (pk := UUID(value)) in ids:
            faults[index] = ErrorDetail(_("This id is given twice."), "duplicate")
        else:
            ids[pk] = None
    return list(ids), faults
