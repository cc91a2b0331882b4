"""What generators of clients, and their users, need of /schema, over all of its operations and schemas."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import set_script_prefix
from rest_framework.test import APIClient

from .conftest import Document

JSON = "application/json"
# What the standard generators make of an operation of a resource; others have names of their own.
VERBS = ("list", "create", "get", "replace", "update", "delete", "bulk_create", "bulk_update", "bulk_delete", "draw")
OTHERS = {
    *("ping", "ping_with_token", "register", "sign_in", "sign_out"),
    *("refresh_tokens", "change_password", "erase_me", "undo_revision"),
    *("link_transfer", "unlink_transfer", "reject_transfer", "commit_import", "read_import"),
    *("test_rule", "apply_rule", "import_me"),
}
# Types that the languages or the generated code have already.
TAKEN = {
    *("any", "array", "boolean", "class", "client", "configuration", "date", "double", "enum", "error", "exception"),
    *("file", "float", "function", "integer", "interface", "json", "list", "long", "map", "number", "object"),
    *("package", "pair", "record", "request", "response", "set", "string", "type", "void"),
}


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Return every schema in the node of the document, those inside of schemas too."""
    if isinstance(node, list):
        for item in node:
            yield from _schemas(item)
    elif isinstance(node, dict):
        if isinstance(node.get("type"), str) or {"oneOf", "allOf", "anyOf", "$ref"} & node.keys():
            yield node
        for name, value in node.items():
            if name not in ("example", "examples", "enum", "default"):
                yield from _schemas(value)


def _fields(node: Any) -> Iterator[dict[str, Any]]:
    """Return every object in the node of the document, but for examples."""
    if isinstance(node, list):
        for item in node:
            yield from _fields(item)
    elif isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name not in ("example", "examples"):
                yield from _fields(value)


# -- Names ------------------------------------------------------------------------------------


def test_every_operation_is_named_and_told(document: Document) -> None:
    tags = {tag["name"]: tag["description"] for tag in document.content["tags"]}
    names = Counter(operation["operationId"] for _path, _method, operation in document.operations())

    assert len(names) > 40
    assert [name for name, count in names.items() if count > 1] == []
    for path, method, operation in document.operations():
        name = operation["operationId"]
        assert re.fullmatch("[a-z]+(_[a-z]+)*", name)
        assert name in OTHERS or name.startswith(tuple(f"{verb}_" for verb in VERBS)), (method, path)
        assert operation["summary"], (method, path)
        assert not operation["summary"].endswith("."), (method, path)
        assert operation["description"], (method, path)
        [tag] = operation["tags"]
        assert tags[tag], (method, path)
    assert {"list_incomes", "create_income", "get_income", "replace_income", "update_income", "delete_income"} <= {
        *names
    }


def test_names_are_the_same_in_every_language(nobody: APIClient) -> None:
    in_english, in_german = (nobody.get("/schema", headers={"Accept-Language": code}).content for code in ("en", "de"))

    assert in_english == in_german


def test_who_made_it_and_where_it_is(document: Document) -> None:
    assert document.content["info"]["license"]["name"] == "MIT"
    assert document.content["info"]["license"]["url"].startswith("https://")
    assert document.content["info"]["contact"]["name"]
    assert document.content["servers"] == [{"url": "/"}]


def test_paths_begin_below_the_prefix_that_the_service_is_mounted_at(nobody: APIClient) -> None:
    set_script_prefix("/cashman/")
    try:
        mounted = nobody.get("/schema", headers={"Accept": JSON}).json()
    finally:
        set_script_prefix("/")

    assert mounted["servers"] == [{"url": "/cashman"}]
    assert "/incomes" in mounted["paths"]


def test_no_two_names_make_the_same_type(document: Document) -> None:
    names = [*document.content["components"]["schemas"]]
    spellings = Counter(re.sub("[^a-z0-9]", "", name.lower()) for name in names)

    assert [spelling for spelling, count in spellings.items() if count > 1] == []  # files are called so
    assert TAKEN & spellings.keys() == set()
    for name in names:
        # Go makes the functions NewX and NewXWithDefaults, and a type NullableX, of each X.
        assert re.sub("^(New|Nullable)|WithDefaults$", "", name) in (name, ""), name


def test_no_word_is_in_two_named_enumerations(document: Document) -> None:
    enumerations = {
        name: schema for name, schema in document.content["components"]["schemas"].items() if "enum" in schema
    }
    words = Counter(word.lower() for schema in enumerations.values() for word in schema["enum"])

    assert {
        *("TransactionType", "AccountKind", "Scope", "Operation", "FileFormat", "ImportStatus", "Verdict"),
    } == enumerations.keys()
    assert [word for word, count in words.items() if count > 1] == []


# -- Schemas ----------------------------------------------------------------------------------


def test_no_schema_of_several_has_a_part_without_a_name(document: Document) -> None:
    """An array among `oneOf` breaks Go and Java, and an object gets a name that nobody would know."""
    several = 0
    for schema in _schemas([document.content["paths"], document.content["components"]]):
        for part in (part for kind in ("oneOf", "anyOf", "allOf") for part in schema.get(kind, ())):
            several += 1
            assert part.get("type") not in ("array", "object"), schema
    assert several >= 8


def test_every_body_of_several_fields_has_a_name(document: Document) -> None:
    for path, method, operation in document.operations():
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media_type in part.get("content", {}).values():
                schema = media_type["schema"]
                schema = schema.get("items", schema)
                assert "properties" not in schema, (method, path)


def test_no_field_has_a_default(document: Document) -> None:
    """It would make the field a required one in TypeScript."""
    fields = [
        (name, field, schema["properties"][field])
        for name, schema in document.content["components"]["schemas"].items()
        for field in schema.get("properties", ())
    ]

    assert len(fields) > 200
    assert [(name, field) for name, field, schema in fields if "default" in schema] == []


def test_what_may_be_null_has_a_type(document: Document) -> None:
    """OpenAPI 3.0 knows `nullable` only beside `type`: linters refuse any other."""
    nullable = [schema for schema in _fields(document.content) if schema.get("nullable") is True]

    assert len(nullable) > 50
    assert [schema for schema in nullable if "type" not in schema] == []


def test_no_field_of_a_form_or_query_is_an_object(document: Document) -> None:
    """TypeScript's client can't write one that may be null, and the service reads JSON there."""
    form = document.content["components"]["schemas"]["UploadRequest"]["properties"]
    query = {item["name"]: item["schema"] for item in document.operation("/imports", "post")["parameters"]}

    for name in ("accounts", "columns"):
        assert form[name]["type"] == query[name]["type"] == "string"


def test_an_email_may_be_empty(document: Document) -> None:
    schemas = document.content["components"]["schemas"]

    for name in ("Me", "PatchedMeRequest", "RegistrationRequest"):
        email = schemas[name]["properties"]["email"]
        assert email["type"] == "string"
        assert "format" not in email
        assert document.faults("", email) == document.faults("wanda@example.com", email) == []
    assert document.faults("wanda", schemas["PatchedMeRequest"]["properties"]["email"])


def test_every_body_names_all_that_it_may_have(document: Document) -> None:
    bodies = 0
    for path, method, operation in document.operations():
        if "requestBody" in operation:
            schema = next(iter(operation["requestBody"]["content"].values()))["schema"]  # JSON, or a form with a file
            reference = schema.get("items", schema)["$ref"]
            body = document.content["components"]["schemas"][reference.rpartition("/")[2]]
            assert body["additionalProperties"] is False, (method, path)
            assert [name for name, field in body["properties"].items() if field.get("readOnly")] == [], (method, path)
            bodies += 1
    assert bodies > 20


@pytest.mark.parametrize("resource", ["Income", "Expense", "Transaction", "Category", "Tag"])
def test_what_was_read_may_be_sent_back(document: Document, resource: str) -> None:
    schemas = document.content["components"]["schemas"]

    for name in (f"{resource}UpdateRequest", f"Patched{resource}Request"):
        assert schemas[name]["properties"].keys() == schemas[resource]["properties"].keys()


# -- Examples ---------------------------------------------------------------------------------


def test_nothing_in_the_docs_is_made_up_from_a_schema(document: Document) -> None:
    """Where there is no example, the docs make one: "string", additionalProp1."""
    for path, method, operation in document.operations():
        if JSON in operation.get("requestBody", {}).get("content", {}):
            assert operation["requestBody"]["content"][JSON]["examples"], (method, path)
        for status, response in operation["responses"].items():
            for name, media_type in response.get("content", {}).items():
                if media_type["schema"].get("type") != "string":  # an export
                    assert document.examples({name: media_type}), (method, path, status)
