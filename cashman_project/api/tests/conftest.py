"""The published document, to hold requests and answers against."""

import json
import re
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from django.utils import translation
from jsonschema import Draft4Validator, FormatChecker

HEADERS = {
    *("ETag", "Idempotency-Replayed", "Ledger-Revision", "Location", "Preference-Applied", "Retry-After"),
    "WWW-Authenticate",
}


class Operation(NamedTuple):
    path: str
    method: str
    content: dict[str, Any]


class Document:
    """The OpenAPI document as it is published."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.components = _json_schema(content["components"])
        for name, schema in self.components["schemas"].items():
            # A further field would be one that is not published; RFC 9457 lets problems have them.
            if schema.get("type") == "object" and not name.endswith("Request") and name != "Problem":
                schema.setdefault("additionalProperties", False)

    def operations(self) -> list[Operation]:
        return [
            Operation(path, method, content)
            for path, methods in self.content["paths"].items()
            for method, content in methods.items()
        ]

    def operation(self, path: str, method: str) -> dict[str, Any]:
        """Return the operation that the path of a request belongs to."""
        path = path.rstrip("/") or "/"
        templates = [name for name in self.content["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name), path)]
        template = path if path in templates else templates[0]  # /incomes/bulk is none of /incomes/{id}
        found: dict[str, Any] = self.content["paths"][template][method.lower()]
        return found

    def examples(self, content: dict[str, Any]) -> list[Any]:
        """Return the examples of a body: those of its media types, wherever they are kept."""
        found = [example for media_type in content.values() for example in media_type.get("examples", {}).values()]
        shared = self.content["components"]["examples"]
        return [(shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one)["value"] for one in found]

    def faults(self, value: object, schema: dict[str, Any]) -> list[str]:
        """Return what keeps the value from being valid against the (OpenAPI) schema."""
        validator = Draft4Validator(
            {"allOf": [_json_schema(schema)], "components": self.components},
            format_checker=FormatChecker(),
        )
        return [error.message for error in validator.iter_errors(value)]

    def check(self, response: Any, status: int) -> None:
        """Fail unless the answer has the status, and status, headers, media type and body are as published."""
        assert response.status_code == status, response.content
        operation = self.operation(response.request["PATH_INFO"], response.request["REQUEST_METHOD"])
        published = operation["responses"][str(status)]
        headers = published.get("headers", {})
        always = {name for name, header in headers.items() if header.get("required")}
        assert always <= HEADERS & set(response.headers) <= headers.keys()
        media_types = published.get("content", {})
        if not media_types:
            assert response.content == b""
            return
        assert response["Content-Type"] in media_types
        assert self.faults(response.json(), media_types[response["Content-Type"]]["schema"]) == []


def _json_schema(node: Any) -> Any:
    """Return the OpenAPI 3.0 schema as JSON Schema (draft 4), from which it differs in `nullable`."""
    if isinstance(node, list):
        return [_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {name: _json_schema(value) for name, value in node.items()}
    if isinstance(schema.get("pattern"), str):  # else a field of this name
        schema["pattern"] = re.sub(r"\$$", r"\\Z", schema["pattern"])  # in JSON Schema "$" is no line's end
    return {"anyOf": [schema, {"type": "null"}]} if schema.pop("nullable", False) else schema


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Document:
    file = tmp_path_factory.mktemp("schema") / "schema.json"
    with translation.override("en"):  # as the service does
        call_command("spectacular", format="openapi-json", file=str(file))
    return Document(json.loads(file.read_text(encoding="utf-8")))
