"""Hooks of drf-spectacular: changes to the list of endpoints, and to the finished OpenAPI document."""

from collections.abc import Callable
from typing import TypeAlias

from django.http.response import HttpResponseBase
from django.urls import get_script_prefix
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.hooks import postprocess_schema_enums

from .problems import PROBLEM_JSON
from .types import JSONObject

Endpoint: TypeAlias = tuple[str, str, str, Callable[..., HttpResponseBase]]  # path, its regex, method, view


def without_optional_slash(endpoints: list[Endpoint], **kwargs: object) -> list[Endpoint]:
    """Publish each path without the slash that it may end in."""
    return [(path.rstrip("/") or "/", regex, method, callback) for path, regex, method, callback in endpoints]


def add_server(result: JSONObject, **kwargs: object) -> JSONObject:
    """Add the URL that the paths begin with: the prefix of the service, at the host that the document comes from."""
    return {**result, "servers": [{"url": get_script_prefix().rstrip("/") or "/"}]}


def name_enumerations(result: JSONObject, generator: SchemaGenerator, **kwargs: object) -> JSONObject:
    """Make each enumeration of several words a component, but leave one of a single word where it is used.

    Go and Java can't have two components with the same word.
    """
    fields = [
        field
        for schema in result["components"]["schemas"].values()
        for field in schema.get("properties", {}).values()
        if len(field.get("enum", ())) == 1
    ]
    words = [field.pop("enum") for field in fields]
    result = postprocess_schema_enums(result, generator, **kwargs)
    for field, enum in zip(fields, words, strict=True):
        field["enum"] = enum
        field.pop("x-spec-enum-id", None)
    return result


def share_examples(result: JSONObject, **kwargs: object) -> JSONObject:
    """Make the examples of problems components, because nearly every operation has the same ones."""
    shared: JSONObject = {}
    for operations in result["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                examples = response.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
                for name in examples:
                    shared[name] = examples[name]
                    examples[name] = {"$ref": f"#/components/examples/{name}"}
    result["components"]["examples"] = dict(sorted(shared.items()))
    return result
