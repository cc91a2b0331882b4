"""OpenAPI (3.0.3): what every operation shares, above all the errors.

A view declares its own request and answers; what follows from them (a 415 from a body, a 412 from
`If-Match`, ...) is added here, so that no view can forget it.
"""

from http import HTTPStatus
from typing import Any

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from .dates import DATE_PATTERN, MOMENT_PATTERN
from .errors import PROBLEM_JSON, problem_details
from .serializers import MAX_ROWS


class FaultSerializer(serializers.Serializer[Any]):
    """One fault of a request: `field` is a path such as `amount`, null where it is about the whole."""

    field = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457). Programs compare `code`: it never changes, while the texts are translated."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = FaultSerializer(many=True)  # type: ignore[assignment]  # the stub means the property of a bound one


# What a text may hold, by its format. No database stores NUL.
PATTERNS = {None: r"^[^\x00]*$", "date": DATE_PATTERN, "date-time": MOMENT_PATTERN}

MEANINGS = {
    204: "Created; the body is left out, as asked.",
    304: "Not changed since: `If-None-Match` holds the present ETag.",
    400: "Bad input; each fault is named.",
    401: "Who you are is missing, or is not accepted.",
    403: "You may not do this.",
    404: "There is no such thing, or it is not yours.",
    406: "No representation has a media type that `Accept` allows.",
    409: "This conflicts with what is stored already.",
    411: "The body came in chunks, without a Content-Length.",
    412: "Changed since: `If-Match` does not hold the present ETag.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    422: "This `Idempotency-Key` was sent with another request.",
    429: "Too many attempts; try again after `Retry-After`.",
    503: "The database, or the outside issuer's keys, can't be reached; try again after `Retry-After`.",
}

EXAMPLE = OpenApiExample(
    "UnknownParameter",
    problem_details(
        400,
        "unknown_parameter",
        "colour: There is no such parameter here.",
        [{"field": "colour", "code": "unknown_parameter", "detail": "There is no such parameter here."}],
    ),
)


def _header(
    name: str, description: str, *statuses: int, always: bool = True, pattern: str | None = None
) -> OpenApiParameter:
    """Return a header of the request, or of the answers with the given statuses, which have it `always` or not."""
    return OpenApiParameter(
        name,
        location=OpenApiParameter.HEADER,
        required=bool(statuses) and always,
        description=description,
        response=list(statuses) or False,
        pattern=pattern,
    )


ETAG = _header("ETag", "The tag of this very content, for `If-Match` and `If-None-Match`.", 200, 201, 304)
KEY_HEADERS = [
    _header(
        "Idempotency-Key",
        "1 to 255 visible ASCII characters, good for a day: what is sent again happens once.",
        pattern="^[!-~]{1,255}$",
    ),
    _header("Idempotency-Replayed", "`true` where this is the answer of the first time.", 201, 204, always=False),
    _header("Retry-After", "How many seconds to wait for the same request.", 409, always=False),
]
LOCATION = _header("Location", "The URL of what was created.", 201, 204)
CREATE_HEADERS = [
    *KEY_HEADERS,
    _header("Prefer", "`return=minimal` leaves out the body of the answer, which is a 204 then (RFC 7240)."),
    LOCATION,
    _header("Preference-Applied", "return=minimal", 204),
    ETAG,
]
READ_HEADERS = [_header("If-None-Match", "The ETag that you hold: 304 where it is the present one."), ETAG]
CHANGE_HEADERS = [_header("If-Match", "The ETag that you read: 412 where this has changed since."), ETAG]
DELETE_HEADERS = CHANGE_HEADERS[:1]
MANY_HEADERS = [_header("If-Match", "Many rows have no ETag: 412 unless this is `*`.")]
ERROR_HEADERS = [
    _header("WWW-Authenticate", "`Bearer`, with `error` where a token was sent (RFC 6750).", 401),
    _header("Retry-After", "How many seconds to wait.", 429, 503),
]


def _rows(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an array of such rows."""
    return {"type": "array", "items": schema, "minItems": 1, "maxItems": MAX_ROWS}


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Return errors as `responses` of @extend_schema: those of a view that don't follow by themselves."""
    return {
        (status, PROBLEM_JSON): OpenApiResponse(
            ProblemSerializer, MEANINGS[status], examples=[EXAMPLE] if status == 400 else []
        )
        for status in statuses
    }


class ProblemAutoSchema(AutoSchema):
    """Publishes, beside what a view declares, what follows from it: errors, headers and summaries."""

    summaries = {
        "list": "List {plural}",
        "create": "Create {one}",
        "retrieve": "Read {one}",
        "update": "Replace {one}",
        "partial_update": "Change {one}",
        "destroy": "Delete {one}",
        "update_many": "Change many {plural}",
        "destroy_many": "Delete many {plural}",
    }

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
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
        self._publish_forms(operation)
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def _publish_forms(self, operation: dict[str, Any]) -> None:
        """Say where an array of rows is taken and answered, beside a single row or alone, and a list as text."""
        action, responses = getattr(self.view, "action", None), operation["responses"]
        if action == "create" and action in getattr(self.view, "array_actions", ()):
            for part in (operation["requestBody"], responses["201"]):
                for media_type in part["content"].values():
                    media_type["schema"] = {"oneOf": [media_type["schema"], _rows(media_type["schema"])]}
            for name in ("ETag", "Location"):
                for status in {"201", "204"} & responses.keys():
                    if name in responses[status]["headers"]:
                        responses[status]["headers"][name]["required"] = False
        elif action == "list":
            for media_type, content in responses["200"]["content"].items():
                if media_type != "application/json":
                    content.clear()
                    content["schema"] = {"type": "string"}
        elif action == "update_many":
            key = {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}, "required": ["id"]}
            operation["requestBody"]["required"] = True
            for media_type in operation["requestBody"]["content"].values():
                media_type["schema"] = _rows({"allOf": [media_type["schema"], key]})
            for media_type in responses["200"]["content"].values():
                media_type["schema"] = _rows(media_type["schema"])

    def _further_statuses(self, operation: dict[str, Any]) -> list[int]:
        parameters = operation.get("parameters", [])
        names = {parameter["name"] for parameter in parameters}
        responses = operation["responses"]
        needs_token = {} not in operation["security"]
        has_body = "requestBody" in operation
        follows = {
            204: "Prefer" in names,
            304: "If-None-Match" in names,
            400: True,
            401: needs_token,
            403: needs_token and self.method not in SAFE_METHODS,
            404: any(parameter["in"] == "path" for parameter in parameters),
            406: any("content" in responses[status] for status in responses if status < "300"),
            409: getattr(self.view, "action", None) in ("create", "update", "partial_update", "update_many"),
            411: has_body,
            412: "If-Match" in names,
            413: has_body,
            415: has_body,
            422: "Idempotency-Key" in names,
            503: needs_token or has_body,
        }
        return [status for status, holds in follows.items() if holds]

    def get_operation_id(self) -> str:
        action = getattr(self.view, "action", None)
        if action in ("update_many", "destroy_many"):
            return f"{self._tokenize_path()[0]}_{action}"
        return super().get_operation_id()

    def get_examples(self) -> list[OpenApiExample]:
        """Return those of the view for its action, if any; without, the serializer's are taken."""
        examples: dict[str, list[OpenApiExample]] = getattr(self.view, "examples", {})
        return examples.get(getattr(self.view, "action", ""), [])

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *ERROR_HEADERS]

    def get_summary(self) -> str | None:
        view: Any = self.view
        summary = self.summaries.get(getattr(view, "action", None) or "")
        if summary is None:
            return super().get_summary()
        meta = view.queryset.model._meta
        return summary.format(one=meta.verbose_name, plural=meta.verbose_name_plural)

    def get_request_serializer(self) -> Any:
        serializer: Any = super().get_request_serializer()
        if self.method in ("PUT", "PATCH") and isinstance(serializer, serializers.ModelSerializer):
            # A change has other read-only fields than a creation.
            serializer.instance = serializer.Meta.model()  # type: ignore[misc]  # a class that the stub can't know
        return serializer

    def get_serializer_name(self, serializer: Any, direction: Direction) -> str:
        name = super().get_serializer_name(serializer, direction)
        changes = direction == "request" and self.method == "PUT"
        return f"{name.removesuffix('Serializer')}Update" if changes else name


class StrictSerializerExtension(OpenApiSerializerExtension):
    """A creation takes no unknown field (a change takes read-only ones back); an answer has every field."""

    target_class = "cashman_project.api.serializers.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if direction == "response":
            schema["required"] = sorted(schema["properties"])
            return schema
        if auto_schema.method == "POST":
            schema["additionalProperties"] = False
        for field in schema["properties"].values():
            _add_pattern(field)
        return schema


def _add_pattern(schema: dict[str, Any]) -> None:
    """Say in the schema of a text, or of an array of texts, what is accepted, unless something says so already."""
    text = schema.get("items", schema)
    pattern = PATTERNS.get(text.get("format"))
    if text.get("type") == "string" and "enum" not in text and pattern:
        text.setdefault("pattern", pattern)


class StrictFilterExtension(DjangoFilterExtension):
    """Publishes labels and lengths, of filters with a schema of their own too."""

    target_class = "cashman_project.api.filters.StrictFilterBackend"
    priority = 1

    def resolve_filter_field(
        self, auto_schema: Any, model: Any, filterset_class: Any, field_name: str, filter_field: Any
    ) -> Any:
        parameters = super().resolve_filter_field(  # type: ignore[no-untyped-call]
            auto_schema, model, filterset_class, field_name, filter_field
        )
        for parameter in parameters:
            if filter_field.label:
                parameter.setdefault("description", str(filter_field.label))
            if "max_length" in filter_field.extra:
                parameter["schema"]["maxLength"] = filter_field.extra["max_length"]
        return parameters


def without_optional_slash(endpoints: list[tuple[str, str, str, Any]], **kwargs: Any) -> list[Any]:
    """Publish each path without the slash that it may end in."""
    return [(path.rstrip("/") or "/", regex, method, callback) for path, regex, method, callback in endpoints]
