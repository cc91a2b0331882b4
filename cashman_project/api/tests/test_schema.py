"""/schema and /docs: the API's description."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.test import APIClient
from rest_framework.viewsets import ViewSet, ViewSetMixin

from cashman_project.api.dates import DATE_PATTERN, TIMESTAMP_PATTERN

from .conftest import Document
from .test_strict_fields import FAULTS

JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PROBLEM_JSON = "application/problem+json"
BEYOND_A_SCHEMA = {
    *("blank", "does_not_exist", "invalid_currency", "too_many_decimals"),
    "surrogate_characters_not_allowed",  # a program's text has none
    "not_one_line",  # a line break at an end is trimmed first, which a pattern can't say
}
OPEN_PATHS = {"/", "/ping", "/livez", "/readyz", "/auth/register", "/auth/token", "/auth/token/refresh", "/auth/logout"}


# -- The document -----------------------------------------------------------------------------


def test_it_is_valid_and_made_without_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "schema.yaml"

    call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))

    assert capsys.readouterr() == ("", "")
    assert file.read_text(encoding="utf-8").startswith("openapi: 3.0.3\n")


def test_paths_have_no_slash_at_the_end(document: Document) -> None:
    paths = set(document.content["paths"])

    assert {"/", "/incomes", "/incomes/{id}", "/summary", "/auth/token"} <= paths
    assert [path for path in paths if path.endswith("/") and path != "/"] == []
    assert [path for path in paths if path.startswith(("/admin", "/api-auth"))] == []


def test_every_operation_has_its_errors_as_problems(document: Document) -> None:
    for path, method, operation in document.operations():
        statuses = {400}
        if any("content" in response for status, response in operation["responses"].items() if status < "300"):
            statuses |= {406}
        if path not in OPEN_PATHS:
            statuses |= {401, 503} if method == "get" else {401, 403, 503}
        if "{" in path:
            statuses |= {404}
        if method in ("post", "put", "patch"):
            statuses |= {411, 413, 415, 503}
        if method != "get" or ("{" in path and not path.endswith(("/history", "/register", "/checks", "/rows"))):
            statuses |= {412}
        assert statuses <= {int(status) for status in operation["responses"]}, (method, path)
        for status, response in operation["responses"].items():
            assert response["description"], (method, path, status)
            if int(status) >= 400:
                assert list(response["content"]) == [PROBLEM_JSON], (method, path, status)
                name = response["content"][PROBLEM_JSON]["schema"]["$ref"].rpartition("/")[2]
                assert name == (CONFLICTS.get(f"{method} {path}", "Problem") if status == "409" else "Problem"), path


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/incomes", "post", 409),
        ("/categories/{id}", "patch", 409),
        ("/categories/{id}", "delete", 409),
        ("/auth/register", "post", 403),
        ("/auth/register", "post", 409),
        ("/auth/token", "post", 401),
        ("/auth/token/refresh", "post", 401),
        ("/auth/logout", "post", 401),
        ("/tokens", "get", 403),
        ("/tokens", "post", 429),
        ("/readyz", "get", 503),
    ],
)
def test_errors_of_their_own(document: Document, path: str, method: str, status: int) -> None:
    assert str(status) in document.operation(path, method)["responses"]


CONFLICTS = {  # problems of a kind of their own
    "delete /categories/{id}": "CategoryInUse",
    "delete /tags/{id}": "TagInUse",
    "delete /accounts/{id}": "AccountInUse",
    "post /revisions/{number}/undo": "UndoConflict",
}
LISTS = {
    f"list_{name}"
    for name in (
        *("transactions", "incomes", "expenses", "categories", "tags", "accounts", "transfers", "rules"),
        "personal_access_tokens",
    )
} | {"get_account_register"}
BOOKS = ["application/x-ofx", "text/x-hledger", "text/x-beancount"]  # of transactions only


FILES = ["multipart/form-data", "application/octet-stream"]


def test_bodies_are_json_but_for_exports_and_pictures(document: Document) -> None:
    for path, method, operation in document.operations():
        if method in ("post", "put", "patch"):
            types = FILES if (method, path) in (("post", "/imports"), ("post", "/me/import")) else [JSON]
            assert list(operation["requestBody"]["content"]) == types, (method, path)
        for status in {"200", "201"} & set(operation["responses"]):
            lists, is_summary = operation["operationId"] in LISTS, operation["operationId"] == "get_summary"
            exports = ["text/csv", "application/x-ndjson", XLSX] if lists else ["text/csv", XLSX] if is_summary else []
            exports += BOOKS if path in ("/transactions", "/incomes", "/expenses") and lists else []
            types = ["image/svg+xml"] if path.endswith(".svg") else [JSON, *exports]
            types = ["application/zip"] if path == "/me/export" else types
            assert list(operation["responses"][status]["content"]) == types, (method, path)


def test_a_bearer_token_opens_all_but_the_open_paths(document: Document) -> None:
    scheme = document.content["components"]["securitySchemes"]

    assert {name: (value["type"], value["scheme"]) for name, value in scheme.items()} == {"bearer": ("http", "bearer")}
    for path, method, operation in document.operations():
        assert operation["security"] == ([{}] if path in OPEN_PATHS else [{"bearer": []}]), (method, path)


def test_every_query_parameter_is_published_and_no_other(document: Document) -> None:
    for path, method, operation in document.operations():
        for name, value in {"{id}": str(UUID(int=7)), "{number}": "1", "{row}": "1", "{date}": "2026-11-30"}.items():
            path = path.replace(name, value)  # of a row that may be there
        view_function: Any = resolve(path).func
        view = view_function.cls(**view_function.initkwargs)
        view.action = getattr(view_function, "actions", {}).get(method)
        published = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"}
        assert published == view.allowed_parameters(), (method, path)


def test_filters_are_typed(document: Document) -> None:
    parameters = {
        parameter["name"]: parameter["schema"] for parameter in document.operation("/incomes", "get")["parameters"]
    }

    text = {"type": "string", "pattern": r"^[^\x00]*$"}
    assert parameters["category"] == {"type": "array", "items": text}
    assert parameters["date_after"] == {"type": "string", "format": "date", "pattern": DATE_PATTERN}
    assert parameters["updated_after"] == {"type": "string", "format": "date-time", "pattern": TIMESTAMP_PATTERN}
    assert parameters["uncategorized"] == {"type": "boolean"}
    assert parameters["type"] == {"type": "string", "enum": ["EXPENSE", "INCOME"]}
    assert parameters["search"] == {**text, "maxLength": 200}
    assert (parameters["page_size"]["minimum"], parameters["page_size"]["maximum"]) == (1, 500)
    assert document.faults("12.50", parameters["amount_min"]) == []
    assert document.faults("-12.50", parameters["amount_min"])


@pytest.mark.parametrize(("field", "value", "code"), FAULTS)
def test_what_is_refused_is_not_published_as_fine(document: Document, field: str, value: str, code: str) -> None:
    sent = json.loads(value, parse_int=float, parse_constant=str)  # NaN is no JSON, and an int may be too long

    faults = document.faults(
        {"description": "salary", "amount": 5_000, field: sent}, {"$ref": "#/components/schemas/IncomeRequest"}
    )

    assert faults or code in BEYOND_A_SCHEMA


def test_a_creation_names_its_kind_where_there_are_two(document: Document) -> None:
    schemas = document.content["components"]["schemas"]

    assert schemas["TransactionRequest"]["required"] == ["amount", "description", "type"]
    assert schemas["IncomeRequest"]["required"] == ["amount", "description"]


def test_an_answer_has_every_field_and_its_amount_as_text(document: Document) -> None:
    income = document.content["components"]["schemas"]["Income"]

    assert set(income["required"]) == set(income["properties"])
    assert document.faults("5000.00", income["properties"]["amount"]) == []
    assert document.faults(5000, income["properties"]["amount"])


def test_a_page_has_its_rows_and_links_to_its_neighbours(document: Document) -> None:
    page = document.content["components"]["schemas"]["PaginatedIncomeList"]

    assert page["required"] == ["next", "previous", "results"] == list(page["properties"])
    for name in ("next", "previous"):
        assert page["properties"][name]["format"] == "uri"
        assert document.faults(None, page["properties"][name]) == []
        assert document.faults(5, page["properties"][name])


def test_every_example_is_valid(document: Document) -> None:
    checked = 0
    for path, method, operation in document.operations():
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for name, media_type in part.get("content", {}).items():
                for example in document.examples({name: media_type}):
                    assert document.faults(example, media_type["schema"]) == [], (method, path)
                    checked += 1
    assert checked > 300


# -- Actions ----------------------------------------------------------------------------------


def _viewsets(patterns: list[URLPattern | URLResolver]) -> Iterator[type[ViewSetMixin]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _viewsets(pattern.url_patterns)
        elif issubclass(getattr(pattern.callback, "cls", object), ViewSetMixin):
            yield cast(Any, pattern.callback).cls


def _undecorated(viewset: type[ViewSetMixin]) -> list[str]:
    """Return the extra actions without @extend_schema, for which the schema would be a guess."""
    return [extra.__name__ for extra in viewset.get_extra_actions() if "schema" not in extra.kwargs]  # type: ignore[attr-defined]


def test_every_action_is_decorated() -> None:
    viewsets = set(_viewsets(get_resolver().url_patterns))

    assert len(viewsets) >= 4
    assert {viewset.__name__: _undecorated(viewset) for viewset in viewsets if _undecorated(viewset)} == {}


def test_an_undecorated_action_is_seen() -> None:
    class Sample(ViewSet):
        @action(detail=False)
        def forgotten(self, request: Any) -> Any: ...

        @extend_schema(operation_id="declared")
        @action(detail=False)
        def declared(self, request: Any) -> Any: ...

    assert _undecorated(Sample) == ["forgotten"]


# -- Reading it -------------------------------------------------------------------------------


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.targets += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_loads_from_this_service_alone(nobody: APIClient) -> None:
    page = nobody.get("/docs", headers={"Accept": "text/html"})
    links = Links()
    links.feed(page.content.decode())

    assert [target.rpartition("/")[2] for target in links.targets] == [
        *("icon.svg", "house.css", "swagger-ui.css", "docs.css", "docs.js", "pages.js", "icon.svg"),
        "swagger-ui-bundle.js",
        "swagger-ui-standalone-preset.js",
        "docs?script=",
    ]
    script = nobody.get(links.targets.pop())
    assert script["Content-Type"] == "application/javascript"
    assert 'url: "/schema"' in script.content.decode()
    for target in links.targets:
        assert re.match("/[^/]", target), target
        asset: Any = nobody.get(target)
        assert asset.status_code == 200, target
        content = asset.getvalue()
        if target.endswith(".css"):
            assert set(re.findall(rb"""url\(["']?(\w+)""", content)) <= {b"data"}


def test_the_document_comes_as_json_or_yaml(document: Document, nobody: APIClient) -> None:
    as_json = nobody.get("/schema", headers={"Accept": JSON})
    as_yaml = nobody.get("/schema", headers={"Accept": "application/yaml"})

    assert as_json["Content-Type"] == JSON
    assert as_json.json() == document.content
    assert as_yaml["Content-Type"].partition(";")[0] == "application/yaml"
    assert as_yaml.content.startswith(b"openapi: 3.0.3\n")


# -- Caches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [JSON, "application/yaml", "application/vnd.oai.openapi"])
def test_who_has_the_document_is_told_so(nobody: APIClient, media_type: str) -> None:
    first = nobody.get("/schema", headers={"Accept": media_type})
    again = nobody.get("/schema", headers={"Accept": media_type, "If-None-Match": first["ETag"]})
    through_gzip = nobody.get("/schema", headers={"Accept": media_type, "If-None-Match": f"W/{first['ETag']}"})
    other = nobody.get("/schema", headers={"Accept": media_type, "If-None-Match": '"other"'})

    assert first["Cache-Control"] == "no-cache"
    assert "Accept" in first["Vary"]
    for answer in (again, through_gzip):
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", first["ETag"])
    assert (other.status_code, other.content) == (200, first.content)


def test_json_and_yaml_have_tags_of_their_own(nobody: APIClient) -> None:
    tags = {nobody.get("/schema", headers={"Accept": media_type})["ETag"] for media_type in (JSON, "application/yaml")}

    assert len(tags) == 2


def test_the_document_is_made_once(nobody: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody.get("/schema")
    monkeypatch.setattr("cashman_project.api.views.SchemaGenerator.get_schema", None)

    assert nobody.get("/schema").status_code == 200
