"""Hooks of drf-spectacular: changes to the list of endpoints, and to the finished OpenAPI document."""

from collections.abc import Callable, Iterator
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


def type_what_may_be_null(result: JSONObject, **kwargs: object) -> JSONObject:
    """Give each schema that is nullable its type, without which OpenAPI 3.0 knows no `nullable`.

    What may be anything may be null anyhow. A text or a number is a component of its own where it may be null too.
    """
    components = result["components"]["schemas"]
    for schema in [*_nullable(result["paths"]), *_nullable(components)]:
        if "type" in schema:
            continue
        if "allOf" not in schema:
            del schema["nullable"]
            continue
        [reference] = schema["allOf"]
        name = reference["$ref"].rpartition("/")[2]
        target = components[name]
        if "oneOf" in target:
            text, *others = target["oneOf"]  # only one may be null: `oneOf` means exactly one
            name = f"{name.removesuffix('Request')}OrNullRequest"
            components[name] = {**target, "oneOf": [{**text, "nullable": True}, *others]}
            schema["allOf"] = [{"$ref": f"#/components/schemas/{name}"}]
            del schema["nullable"]
        else:
            schema["type"] = target["type"]
    result["components"]["schemas"] = dict(sorted(components.items()))
    return result


def _nullable(node: object) -> Iterator[JSONObject]:
    """Return the schemas in the node that say `nullable`."""
    if isinstance(node, list):
        for item in node:
            yield from _nullable(item)
    elif isinstance(node, dict):
        if node.get("nullable") is True:
            yield node
        for name, value in node.items():
            if name not in ("example", "examples", "enum", "default"):
                yield from _nullable(value)
