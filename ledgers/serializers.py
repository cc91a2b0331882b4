"""Revisions, changes and versions in JSON."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from cashman_project.api.dates import format_timestamp
from cashman_project.api.schema import ProblemSerializer
from cashman_project.api.serializers import StrictBooleanField, StrictSerializer
from cashman_project.api.types import FieldsSerializer, JSONObject

from . import examples
from .models import Operation, Revision
from .services.revisions import RowChange, Version

OPERATIONS = [operation.value for operation in Operation]
BY = "The name of the user who made it, if that is not you."
VIA = "How it was made: `api`, `page`, `admin`, `import`, `rule`, `undo` or `command`."
AS_READ = "The row as a GET of it gives it, or null."


class FieldChangeSerializer(FieldsSerializer):
    """A field that was changed, in the notation of the row's JSON."""

    field = serializers.CharField()
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)


class OriginSerializer(FieldsSerializer):
    """When something was written, by whom and how."""

    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True, help_text=BY)
    via = serializers.CharField(allow_null=True, help_text=VIA)
    token = serializers.CharField(help_text="The name of the personal access token, or empty.")


@extend_schema_serializer(examples=examples.FEED)
class FeedSerializer(FieldsSerializer):
    """What was written after a position. `cursor` is the position after it; if `more`, other changes follow now."""

    class ChangeSerializer(FieldsSerializer):
        """What happened to a row, and the row as it is now; null if it was deleted."""

        revision = serializers.IntegerField()
        resource = serializers.CharField()
        id = serializers.UUIDField()
        operation = serializers.ChoiceField(OPERATIONS)
        data = serializers.DictField(allow_null=True, help_text=AS_READ)  # type: ignore[assignment]  # the stub means the property of a bound one

        class Meta:
            ref_name = "Change"

    cursor = serializers.CharField()
    more = serializers.BooleanField()
    changes = ChangeSerializer(many=True)


class RevisionSerializer(OriginSerializer):
    """A write of the ledger. `counts` has numbers of rows, by resource and operation."""

    number = serializers.IntegerField()
    request_id = serializers.CharField(help_text="The `X-Request-ID` of the request, or empty.")
    undoes = serializers.IntegerField(allow_null=True, help_text="The number of the revision that it takes back.")
    counts = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))


@extend_schema_serializer(examples=examples.REVISIONS)
class RevisionPageSerializer(FieldsSerializer):
    """A page of revisions."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = RevisionSerializer(many=True)


class RowChangeSerializer(FieldsSerializer):
    """What a revision did to a row: the `fields` that an update changed, or as `data` the row that was deleted, or
    that was created, as it is now."""

    resource = serializers.CharField()
    id = serializers.UUIDField()
    operation = serializers.ChoiceField(OPERATIONS)
    fields = FieldChangeSerializer(many=True)  # type: ignore[assignment]  # the stub means the property of a bound one
    data = serializers.DictField(allow_null=True)  # type: ignore[assignment]  # the stub means the property of a bound one


@extend_schema_serializer(examples=examples.REVISION)
class RevisionDetailSerializer(RevisionSerializer):
    """A write of the ledger, and the first rows that it changed. If `more`, it changed others too."""

    changes = RowChangeSerializer(many=True)
    more = serializers.BooleanField()


class VersionSerializer(OriginSerializer):
    """A version of a row: what a revision did to it. `via` is null if the revision is not kept."""

    revision = serializers.IntegerField()
    operation = serializers.ChoiceField(OPERATIONS)
    changes = FieldChangeSerializer(many=True)


@extend_schema_serializer(examples=examples.HISTORY)
class HistorySerializer(FieldsSerializer):
    """A page of the versions of a row."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = VersionSerializer(many=True)


class UndoSerializer(StrictSerializer):
    """How to undo a revision."""

    force = StrictBooleanField(
        default=False,
        help_text="Undo it also if rows have changed since, or refer to what is gone: these changes are lost.",
    )


class UndoConflictSerializer(ProblemSerializer):
    """The problem of a revision that can't be undone as it is. `code` says which of the further members there are."""

    ids = serializers.ListField(child=serializers.UUIDField(), required=False)
    count = serializers.IntegerField(required=False)
    limit = serializers.IntegerField(required=False)
    resource = serializers.CharField(required=False)
    field = serializers.CharField(required=False)
    value = serializers.CharField(required=False)
    id = serializers.UUIDField(required=False)
    revision = serializers.IntegerField(required=False, allow_null=True)


def revision_json(revision: Revision) -> JSONObject:
    return {
        "number": revision.number,
        **_origin_json(revision),
        "request_id": revision.request_id,
        "undoes": revision.undoes,
        "counts": revision.counts,
    }


def change_json(change: RowChange) -> JSONObject:
    return {
        "resource": change.resource,
        "id": str(change.id),
        "operation": change.operation,
        "fields": change.fields,
        "data": change.data,
    }


def version_json(version: Version) -> JSONObject:
    origin = {"at": format_timestamp(version.at), "by": None, "via": None, "token": ""}
    return {
        "revision": version.revision,
        **(_origin_json(version.origin) if version.origin else origin),
        "operation": version.operation,
        "changes": version.changes,
    }


def _origin_json(revision: Revision) -> JSONObject:
    by = revision.by.get_username() if revision.by else None
    return {"at": format_timestamp(revision.at), "by": by, "via": revision.via, "token": revision.token}
