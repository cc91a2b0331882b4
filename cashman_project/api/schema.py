"""OpenAPI (3.0.3): what every operation shares, above all the errors."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class FaultSerializer(serializers.Serializer[Any]):
    """One fault of a request: `field` is a path such as `amount`, null where it is about the whole."""

    field = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = FaultSerializer(many=True)  # type: ignore[assignment]  # the stub means the property of a bound one


class ProblemAutoSchema(AutoSchema):
    pass


def without_optional_slash(endpoints: list[tuple[str, str, str, Any]], **kwargs: Any) -> list[Any]:
    """Publish each path without the slash that it may end in."""
    return [(path.rstrip("/") or "/", regex, method, callback) for path, regex, method, callback in endpoints]
