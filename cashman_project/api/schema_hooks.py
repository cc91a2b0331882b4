"""What is done to the list of endpoints before, and to the OpenAPI document after, drf-spectacular makes it."""

from typing import Any

from django.urls import get_script_prefix
from drf_spectacular.hooks import postprocess_schema_enums

from .problems import PROBLEM_JSON


def without_optional_slash(endpoints: list[tuple[str, str, str, Any]], **kwargs: Any) -> list[Any]:
    """Publish each path without the slash that it may end in."""
    return [(path.rstrip("/") or "/", regex, method, callback) for path, regex, method, callback in endpoints]


def add_server(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say where the paths begin: at the document's own host, below the prefix that the service is mounted at."""
    return {**result, "servers": [{"url": get_script_prefix().rstrip("/") or "/"}]}


def name_enumerations(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Give each enumeration of several words a name, but leave one of a single word where it is used.

    Go and Java can't have two named enumerations with the same word.
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


def share_examples(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Put the examples of problems, which nearly every operation has, among the components, once."""
    shared: dict[str, Any] = {}
    for operations in result["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                examples = response.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
                for name in examples:
                    shared[name] = examples[name]
                    examples[name] = {"$ref": f"#/components/examples/{name}"}
    result["components"]["examples"] = dict(sorted(shared.items()))
    return result
