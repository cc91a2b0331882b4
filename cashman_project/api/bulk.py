"""Writes of many rows in one request: all of them, or none."""

from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.db.models import Model
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
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
from .pages.submission import FormState
from .renderers import json_of
from .schema import BULK_CREATE_HEADERS, KEY_HEADERS, MANY_HEADERS
from .serializers import MAX_ERRORS, MAX_ROWS, StrictListSerializer, StrictSerializer, check_rows
from .types import JSON, AnyResponse, OwnedRows
from .viewsets import UUID_FORM, OwnedModelViewSet

if TYPE_CHECKING:
    from ledgers.models import OwnedModel

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

    def run_child_validation(self, data: object) -> object:
        return data


class IdsSerializer(StrictSerializer):
    """The ids of rows."""

    ids = IdsField(allow_empty=False, min_length=1, max_length=MAX_ROWS)


class BulkCreateViewSet(OwnedModelViewSet):
    """Also creates rows from an array. Its serializer's list serializer is a StrictListSerializer."""

    array_actions = frozenset({"create", "create_many"})

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if self.action != "create" or request._request.content_type in FORMS:  # a form is small, and read already
            return
        if body_length(request._request) > ROW and not request.body.lstrip(BEFORE_JSON).startswith(b"["):
            raise TooLarge(_("One row has at most %(limit)d bytes.") % {"limit": ROW})

    @extend_schema(parameters=BULK_CREATE_HEADERS)
    @action(methods=["post"], detail=False, url_path="bulk")
    def create_many(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Create a row of each object of the array: all of them, or none.

        POST of the array to the list's own path does the same.
        """
        idempotent_request(request)  # reads the body, which nobody can read again after it was parsed
        check_rows(request.data)
        return self.create(request)

    def _create(self, data: JSON, minimal: bool) -> Answer:
        if not isinstance(data, list):
            return super()._create(data, minimal)
        serializer = self.get_serializer(data=data, many=True)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        return self._created(list(serializer.data), minimal)


class BulkViewSet(BulkCreateViewSet):
    """Also changes and deletes many rows."""

    array_actions = BulkCreateViewSet.array_actions | {"update_many", "destroy_many"}
    changes = BulkCreateViewSet.changes | {"update_many", "destroy_many"}
    bodiless = BulkCreateViewSet.bodiless | {"destroy_many"}

    @extend_schema(parameters=MANY_HEADERS)
    def update_many(self, request: Request, *args: object, **kwargs: object) -> HttpResponseBase:
        """Change the given fields of each row that the array names by its id."""
        data: Any = request.data  # Any: an array of objects of JSON; `_read_many` refuses others
        check_preconditions(request, None)  # many rows have no entity tag
        check_rows(data)
        read = [self._read_many(data)]
        with self.turn():
            texts = in_transaction(
                lambda: self.write(lambda: self._update_many(data, read.pop() if read else self._read_many(data)))
            )
        content = f"[{','.join(texts)}]".encode()
        if wants_json(request):
            return HttpResponse(content, content_type="application/json")
        return Response(orjson.loads(content))

    @extend_schema(
        parameters=KEY_HEADERS, request=IdsSerializer, responses={204: OpenApiResponse(description="Deleted.")}
    )
    @action(methods=["post"], detail=False, url_path="delete")
    def destroy_many(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Delete the rows of the ids."""
        key = idempotent_request(request)
        serializer = IdsSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with self.turn():
            answer = answer_once(key, lambda: self.write(lambda: self._destroy_many(serializer.validated_data["ids"])))
        return Response(status=answer.status, headers=answer.headers)

    def _read_many(self, data: list[Any]) -> StrictListSerializer[Model]:  # of objects of JSON
        """Return the valid serializer of the rows, as they are now, and their changes.

        Raises ValidationError or Conflict. It locks nothing, because on SQLite every other write would wait for it.
        """
        ids = [row.get("id") if isinstance(row, dict) else None for row in data]
        rows = self._found(self._visible_rows(), ids, "{}.id")
        changes = [{name: value for name, value in row.items() if name != "id"} for row in data]
        serializer = self.get_serializer(rows, data=changes, many=True, partial=True)
        assert isinstance(serializer, StrictListSerializer)
        serializer.is_valid(raise_exception=True)
        return serializer

    def _update_many(self, data: list[Any], serializer: StrictListSerializer[Model]) -> list[str]:  # as above
        """Write the changes; return the rows in JSON. If a row has changed since it was read, all are read again."""
        assert serializer.instance is not None
        versions = {row.pk: row.version for row in serializer.instance}
        rows = self._visible_rows().filter(pk__in=list(versions))
        if dict(rows.values_list("pk", "version")) != versions:
            serializer = self._read_many(data)
        serializer.save()
        written = self._own_rows().filter(pk__in=list(versions))
        if self.fastpath:
            texts = dict(written.values_list("pk", row_json(self.serializer_class())))
        else:
            texts = {row.pk: json_of(self.get_serializer(row).data).decode() for row in written}
        return [texts[pk] for pk in versions]

    def _destroy_many(self, values: Sequence[object]) -> Answer:
        rows = self._found(self._visible_rows(), values, "ids.{}")
        self._own_rows().filter(pk__in=[row.pk for row in rows]).delete()
        self.form_state = FormState(
            deleted=ngettext("%(count)d row", "%(count)d rows", len(rows)) % {"count": len(rows)}
        )
        return Answer(status.HTTP_204_NO_CONTENT)

    def _visible_rows(self) -> OwnedRows:
        """Return the rows of the list, without the rows that they refer to."""
        return self.filter_queryset(self.get_queryset()).select_related(None)

    def _own_rows(self) -> OwnedRows:
        """Return all rows of the owner, also those that the list does not show after they were changed."""
        return self.queryset.model._default_manager.for_owner(owner_of(self.request))

    def _found(self, rows: OwnedRows, values: Sequence[object], path: str) -> "list[OwnedModel]":
        """Return the rows with these ids, in the order of the ids.

        Raises ValidationError with the first MAX_ERRORS errors; `path` names each one by its index.
        """
        ids, errors = _read_ids(values)
        if not errors:
            found = {row.pk: row for row in rows.filter(pk__in=ids)}
            missing = [index for index, pk in enumerate(ids) if pk not in found]
            errors = {index: ErrorDetail(_("You have no row with this id."), "does_not_exist") for index in missing}
        if errors:
            raise ValidationError({path.format(index): [errors[index]] for index in list(errors)[:MAX_ERRORS]})
        if not self.fastpath:  # on the fast path, no permission looks at rows
            for row in found.values():
                self.check_object_permissions(self.request, row)
        return [found[pk] for pk in ids]


def _read_ids(values: Sequence[object]) -> tuple[list[UUID], dict[int, ErrorDetail]]:
    """Return the ids, and the errors of the other values by their index."""
    ids: dict[UUID, None] = {}
    errors: dict[int, ErrorDetail] = {}
    for index, value in enumerate(values):
        if not (isinstance(value, str) and UUID_FORM.fullmatch(value)):
            errors[index] = ErrorDetail(_("Not an id: give the id of one of your rows."), "invalid")
        elif (pk := UUID(value)) in ids:
            errors[index] = ErrorDetail(_("This id is given twice."), "duplicate")
        else:
            ids[pk] = None
    return list(ids), errors
