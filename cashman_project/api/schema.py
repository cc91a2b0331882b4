"""OpenAPI (3.0.3): what all operations have in common, above all the errors.

A view declares its request and its responses. Everything that follows from them is added here, so that no view can
forget it: a 415 if there is a body, a 412 if there are preconditions, ... The reasons are in
docs/adr/0021-a-schema-for-generators.md.
"""

from http import HTTPStatus
from typing import Any

from django.db.models import Model
from django.utils import translation
from django_filters import Filter, FilterSet
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import exceptions, serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS

from .dates import DATE_PATTERN, TIMESTAMP_PATTERN
from .errors import Conflict, CursorExpired, LengthRequired, PreconditionFailed, Throttled, TooLarge, Unavailable
from .export import ExportRenderer
from .freshness import LEDGER_REVISION, MIN_REVISION
from .problems import PROBLEM_JSON, problem_details, problem_of
from .serializers import MAX_ROWS
from .types import FieldsSerializer, JSONObject


class FaultSerializer(FieldsSerializer):  # clients know the schema as `Fault`
    """One error of a request: `field` is a path such as `amount`, or null if the error is about the whole request."""

    field = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(FieldsSerializer):
    """Problem details (RFC 9457). Programs compare `code`: it never changes, while the texts are translated."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = FaultSerializer(many=True)  # type: ignore[assignment]  # the stub means the property of a bound one


# The pattern of a text, by its format. No database stores NUL.
PATTERNS = {None: r"^[^\x00]*$", "date": DATE_PATTERN, "date-time": TIMESTAMP_PATTERN}
EMAIL_PATTERN = r"^([^\x00\s]+@[^\x00\s@]+)?$"  # or ""; `format: email` would forbid that

UUID = {"type": "string", "format": "uuid"}

MEANINGS = {
    204: "Created. The body is left out because of `Prefer: return=minimal`.",
    304: "Not changed: `If-None-Match` names the current ETag.",
    400: "Bad input. Each error is in `errors`.",
    401: "The token is missing or is not accepted.",
    403: "You may not do this.",
    404: "It does not exist, or it is not yours.",
    406: "No representation has a media type that `Accept` allows.",
    409: "This conflicts with what is stored already.",
    410: "The history after `since` is deleted: start again without it.",
    411: "The body came in chunks, without a Content-Length.",
    412: "`If-Match` does not name the current ETag, or `If-None-Match` of a write names it. A POST has none yet."
    " Or there is no revision as high as `Min-Revision`.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    422: "This `Idempotency-Key` was sent with another request.",
    429: "Too many attempts; try again after `Retry-After`.",
    503: "The database, or the identity provider's keys, can't be reached; try again after `Retry-After`.",
}

SAMPLES = {
    sample["status"]: sample
    for sample in (
        problem_details(
            400,
            "unknown_parameter",
            "colour: There is no such parameter here.",
            [{"field": "colour", "code": "unknown_parameter", "detail": "There is no such parameter here."}],
        ),
        problem_details(401, "invalid_token", "This token is not valid here."),
        problem_of(exceptions.PermissionDenied()),
        problem_of(exceptions.NotFound()),
        problem_of(exceptions.NotAcceptable()),
        problem_of(Conflict()),
        problem_of(CursorExpired()),
        problem_of(LengthRequired()),
        problem_of(PreconditionFailed()),
        problem_of(TooLarge()),
        problem_of(exceptions.UnsupportedMediaType("text/plain")),
        problem_details(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was sent with another request: use a new key for each request.",
        ),
        problem_of(Throttled(60)),
        problem_of(Unavailable()),
    )
}


def _header(
    name: str, description: str, *statuses: int, always: bool = True, pattern: str | None = None
) -> OpenApiParameter:
    """Return a header of the request or, if there are statuses, of these responses: `always`, or only sometimes."""
    return OpenApiParameter(
        name,
        location=OpenApiParameter.HEADER,
        required=bool(statuses) and always,
        description=description,
        response=list(statuses) or False,
        pattern=pattern,
    )


ETAG = _header("ETag", "The entity tag of this row, for `If-Match` and `If-None-Match`.", 200, 201, 304)
KEY_HEADERS = [
    _header(
        "Idempotency-Key",
        "1 to 255 visible ASCII characters, valid for a day: a repeated request with it is carried out once.",
        pattern="^[!-~]{1,255}$",
    ),
    _header(
        "Idempotency-Replayed", "`true` if this is the response to the first request.", 200, 201, 204, 207, always=False
    ),
    _header("Retry-After", "How many seconds to wait before sending the same request again.", 409, always=False),
]
LOCATION = _header("Location", "The URL of what was created.", 201, 204)
BULK_CREATE_HEADERS = [
    *KEY_HEADERS,
    _header("Prefer", "`return=minimal` leaves out the body of the response, which is a 204 then (RFC 7240)."),
    _header("Preference-Applied", "return=minimal", 204),
]
CREATE_HEADERS = [*BULK_CREATE_HEADERS, LOCATION, ETAG]
READ_HEADERS = [_header("If-None-Match", "The ETag of your copy: 304 if it is the current one."), ETAG]
CHANGE_HEADERS = [_header("If-Match", "The ETag that you read: 412 if the row has changed since."), ETAG]
DELETE_HEADERS = CHANGE_HEADERS[:1]
MANY_HEADERS = [_header("If-Match", "Many rows have no ETag: 412 unless this is `*`.")]
LIST_HEADERS = [
    _header("Link", "The URLs of `next` and `previous`, as `next` and `prev` (RFC 8288).", 200, always=False)
]
NEWNESS = LEDGER_REVISION, "The number of a revision that the response is at least as new as."
REVISION_HEADERS = [_header(*NEWNESS, 200, 201, 207)]
ROW_REVISION_HEADERS = [_header(*NEWNESS, 200, 201, 204, 207, 304, always=False)]  # an export may have none
READ_REVISION_HEADERS = [
    _header(MIN_REVISION, "The number of a revision: 412 if there is none as high.", pattern="^([0-9]{1,18})?$"),
    _header(*NEWNESS, 200, 304, always=False),
]
ERROR_HEADERS = [
    _header("WWW-Authenticate", "`Bearer`, with `error` if a token was sent (RFC 6750).", 401),
    _header("Retry-After", "How many seconds to wait.", 429, 503),
]


def _rows(schema: JSONObject) -> JSONObject:
    """Return the schema of an array of such rows."""
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": MAX_ROWS}


def _sample_name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Return errors as `responses` of @extend_schema, for errors that don't follow from the rest of the view."""
    return {
        (status, PROBLEM_JSON): OpenApiResponse(
            ProblemSerializer, MEANINGS[status], examples=[OpenApiExample(_sample_name(status), SAMPLES[status])]
        )
        for status in statuses
    }


CHANGING = ("create", "create_many", "update", "partial_update", "update_many")  # actions that may get a 409


class ProblemAutoSchema(AutoSchema):
    """Describes an operation by what its view declares, and what follows from that: errors, headers and summaries."""

    # By action: the operation's id and its summary.
    names = {
        "list": ("list_{plural}", "List {plural}"),
        "create": ("create_{one}", "Create {one}"),
        "retrieve": ("get_{one}", "Read {one}"),
        "update": ("replace_{one}", "Replace {one}"),
        "partial_update": ("update_{one}", "Change {one}"),
        "destroy": ("delete_{one}", "Delete {one}"),
        "history": ("get_{one}_history", "Read the history of {one}"),
        "create_many": ("bulk_create_{plural}", "Create many {plural}"),
        "update_many": ("bulk_update_{plural}", "Change many {plural}"),
        "destroy_many": ("bulk_delete_{plural}", "Delete many {plural}"),
    }

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> JSONObject | None:
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        responses = operation["responses"]
        for status in self._further_statuses(operation):
            if str(status) not in responses:
                declared = {status: OpenApiResponse(description=MEANINGS[status])} if status < 400 else problems(status)
                [response] = declared.values()
                responses[str(status)] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                    response, str(status), [PROBLEM_JSON]
                )
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                parameter["allowEmptyValue"] = True  # it counts as absent
                _add_pattern(parameter["schema"])
        for status, response in responses.items():
            response["description"] = response["description"] or HTTPStatus(int(status)).phrase
        self._describe_bodies(operation)
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _describe_bodies(self, operation: JSONObject) -> None:
        """Describe the bodies that are an array of rows, and the exports, which are text."""
        action, responses = getattr(self.view, "action", None), operation["responses"]
        exports = {one.media_type: one.schema for one in self.view.get_renderers() if isinstance(one, ExportRenderer)}
        for media_type, content in responses.get("200", {}).get("content", {}).items():
            if media_type in exports:
                content.clear()
                content["schema"] = {**exports[media_type]}
        if action in ("create_many", "update_many"):
            status = "201" if action == "create_many" else "200"
            operation["requestBody"]["required"] = True
            for media_type in operation["requestBody"]["content"].values():
                schema = media_type["schema"]
                media_type["schema"] = _rows(self._with_id(schema) if action == "update_many" else schema)
            for media_type in responses[status]["content"].values():
                media_type["schema"] = _rows(media_type["schema"])

    def _with_id(self, reference: dict[str, str]) -> dict[str, str]:
        """Return a reference to a new component: the one that is referred to, with a required `id`."""
        name = reference["$ref"].rpartition("/")[2]
        schema = self.registry[name, ResolvedComponent.SCHEMA].schema
        component = ResolvedComponent(
            f"Identified{name}",
            ResolvedComponent.SCHEMA,
            {**schema, "properties": {**schema["properties"], "id": UUID}, "required": ["id"]},
            self.view,
        )
        self.registry.register_on_missing(component)
        result: dict[str, str] = component.ref
        return result

    def _further_statuses(self, operation: JSONObject) -> list[int]:
        """Return the statuses that follow from the rest of the operation."""
        parameters = operation.get("parameters", [])
        names = {parameter["name"] for parameter in parameters}
        responses = operation["responses"]
        needs_token = {} not in operation["security"]
        has_body = "requestBody" in operation
        follows = {
            204: "Prefer" in names and "202" not in responses,
            304: "If-None-Match" in names,
            400: True,
            401: needs_token,
            403: needs_token and self.method not in SAFE_METHODS,
            404: any(parameter["in"] == "path" for parameter in parameters),
            406: any("content" in responses[status] for status in responses if status < "300"),
            409: getattr(self.view, "action", None) in {*CHANGING, *getattr(self.view, "refused", ())},
            411: has_body,
            412: self.method == "POST" or not {"If-Match", "If-None-Match", MIN_REVISION}.isdisjoint(names),
            413: has_body,
            415: has_body,
            422: "Idempotency-Key" in names,
            503: needs_token or has_body,
        }
        return [status for status, holds in follows.items() if holds]

    def get_operation_id(self) -> str:
        name = self._name(0)
        return name.replace(" ", "_") if name else super().get_operation_id()

    def get_summary(self) -> str | None:
        return self._name(1) or super().get_summary()

    def _name(self, kind: int) -> str:
        """Return the operation's id (0) or summary (1), if it is of a resource."""
        names = self.names.get(getattr(self.view, "action", None) or "")
        if names is None:
            return ""
        assert isinstance(self.view, GenericAPIView)
        assert self.view.queryset is not None
        meta = self.view.queryset.model._meta
        with translation.override(None):
            return names[kind].format(one=meta.verbose_name, plural=meta.verbose_name_plural)

    def get_examples(self) -> list[OpenApiExample]:
        """Return the view's examples for its action; if there are none, the serializer's are used."""
        examples: dict[str, list[OpenApiExample]] = getattr(self.view, "examples", {})
        return examples.get(getattr(self.view, "action", ""), [])

    def get_override_parameters(self) -> list[OpenApiParameter | FieldsSerializer | type[FieldsSerializer]]:
        view: Any = self.view  # one that is strict
        own = getattr(view, "response_headers", [])
        reads_ledger = self.method == "GET" and {} not in self.get_auth() and view.owner_columns()
        revision = READ_REVISION_HEADERS if reads_ledger else []
        return [*revision, *super().get_override_parameters(), *own, *ERROR_HEADERS]

    def get_response_serializers(self) -> Any:  # Any: also serializers by status, which the base class does not say
        response = super().get_response_serializers()
        is_creation = getattr(self.view, "action", None) == "create_many" and not isinstance(response, dict)
        return {201: response} if is_creation else response

    def get_request_serializer(self) -> FieldsSerializer | type[FieldsSerializer] | None:
        serializer = super().get_request_serializer()
        if self.method in ("PUT", "PATCH") and isinstance(serializer, serializers.ModelSerializer):
            # A change has other read-only fields than a creation.
            serializer.instance = serializer.Meta.model()  # type: ignore[misc]  # a class that the stub can't know
        return serializer

    def get_serializer_name(self, serializer: FieldsSerializer, direction: Direction) -> str:
        name = super().get_serializer_name(serializer, direction)
        changes = direction == "request" and self.method == "PUT"
        return f"{name.removesuffix('Serializer')}Update" if changes else name


class StrictSerializerExtension(OpenApiSerializerExtension):
    """A request has no unknown fields; a change may have read-only fields as they are. A response has all fields."""

    target_class = "cashman_project.api.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> JSONObject:
        schema: JSONObject = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        properties, fields = schema.setdefault("properties", {}), self.target.fields
        for name, field in properties.items():
            field.pop("default", None)  # generators for TypeScript would make the field required
            if isinstance(fields[name], serializers.EmailField):
                properties[name] = _email(field, direction)
        if direction == "response":
            schema["required"] = sorted(properties)
            return schema
        schema["additionalProperties"] = False
        for field in properties.values():
            _add_pattern(field)
        if auto_schema.method in ("PUT", "PATCH"):
            for name, field in fields.items():
                if field.read_only:
                    properties[name] = _sent_back(auto_schema._map_serializer_field(field, "response"))
        return schema


def _email(schema: JSONObject, direction: Direction) -> JSONObject:
    """Return the schema of an e-mail address that may be "". It replaces drf-spectacular's, which has a `oneOf`."""
    [address, _blank] = schema.pop("oneOf")
    schema |= {"type": "string", "maxLength": address["maxLength"], "description": 'An e-mail address, or "" for none.'}
    return {**schema, "pattern": EMAIL_PATTERN} if direction == "request" else schema


def _sent_back(schema: JSONObject) -> JSONObject:
    """Return the schema of a field that may be sent back as it was read. With `readOnly`, clients could not send it."""
    schema = {name: value for name, value in schema.items() if name not in ("readOnly", "default")}
    note = "Can't be changed: leave it out, or send what was read."
    return {**({"allOf": [schema]} if "$ref" in schema else schema), "description": note}


def _add_pattern(schema: JSONObject) -> None:
    """Add the pattern of what is accepted to the schema of a text or of an array of texts, if it has none."""
    text = schema.get("items", schema)
    pattern = PATTERNS.get(text.get("format"))
    if text.get("type") == "string" and "enum" not in text and pattern:
        text.setdefault("pattern", pattern)


class StrictFilterExtension(DjangoFilterExtension):
    """Adds labels and lengths to the parameters of filters, also of those that have a schema of their own."""

    target_class = "cashman_project.api.filters.StrictFilterBackend"
    priority = 1

    def resolve_filter_field(
        self,
        auto_schema: AutoSchema,
        model: type[Model],
        filterset_class: type[FilterSet],
        field_name: str,
        filter_field: Filter,
    ) -> list[JSONObject]:
        parameters: list[JSONObject] = super().resolve_filter_field(  # type: ignore[no-untyped-call]
            auto_schema, model, filterset_class, field_name, filter_field
        )
        for parameter in parameters:
            if filter_field.label:
                parameter.setdefault("description", str(filter_field.label))
            if "max_length" in filter_field.extra:
                parameter["schema"]["maxLength"] = filter_field.extra["max_length"]
        return parameters
