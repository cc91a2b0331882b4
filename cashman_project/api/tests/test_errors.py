"""Errors: all of them have one shape, and clients that prefer a page get one."""

import io
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from cashman_project.api.views import PingView
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, IncomeFactory
from users.models import User

HTML = "text/html; charset=utf-8"
REQUIRED = "This field is required."
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

LARGE = {"CONTENT_LENGTH": "6000000", "wsgi.input": io.BytesIO()}
# Requests that no view of the API answers, or that it crashes on: path, how the request differs, status and code.
OUTSIDE: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "an unknown path": ("/nope", {}, 404, "not_found"),
    "a path below a resource": ("/incomes/a/b", {}, 404, "not_found"),
    "a file that is not there": ("/static/nope.css", {}, 404, "not_found"),
    "NUL in a path": ("/%00", {}, 404, "not_found"),
    "an unknown host": ("/incomes", {"HTTP_HOST": "evil.example"}, 400, "unknown_host"),
    "no name of a host": ("/incomes", {"HTTP_HOST": "a b"}, 400, "unknown_host"),
    "NUL in a cookie": ("/incomes", {"HTTP_COOKIE": 'sessionid="\\000aaaaaaaaaaaa"'}, 400, "parse_error"),
    "a body without its length": ("/incomes", {"HTTP_TRANSFER_ENCODING": "gzip, Chunked"}, 411, "length_required"),
    "too large a body": ("/incomes", LARGE, 413, "too_large"),
    "another method of a login": ("/api-auth/logout/", {}, 405, "method_not_allowed"),
    "a crash": ("/ping", {}, 500, "error"),
}
outside = pytest.mark.parametrize(("path", "extra", "status", "code"), OUTSIDE.values(), ids=OUTSIDE.keys())


@pytest.fixture(autouse=True)
def crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make GET /ping crash."""

    def get(view: PingView, request: Request) -> None:
        raise RuntimeError("a detail for the log alone")

    monkeypatch.setattr(PingView, "get", get)


@pytest.fixture(params=[False, True], ids=["", "DEBUG"])
def debug(request: pytest.FixtureRequest, settings: Settings) -> None:
    settings.DEBUG = request.param


@outside
@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/csv", "text/html;q=0.1, application/json"])
def test_an_error_outside_a_view_is_a_problem(
    path: str, extra: dict[str, Any], status: int, code: str, accept: str | None, debug: None, nobody: APIClient
) -> None:
    if accept:
        extra = extra | {"HTTP_ACCEPT": accept}
    response = nobody.get(path, **extra)

    if (path, accept) == ("/ping", "text/csv"):
        problem_of(response, 406, "not_acceptable")
        return
    problem_of(response, status, code)
    assert response["Cache-Control"] == "no-store"
    assert "Accept" in response["Vary"].split(", ")
    assert "detail for the log" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


@outside
def test_a_browser_gets_a_page_of_it(
    path: str, extra: dict[str, Any], status: int, code: str, debug: None, nobody: APIClient
) -> None:
    response = nobody.get(path, **extra, HTTP_ACCEPT=BROWSER)

    assert (response.status_code, response["Content-Type"]) == (status, HTML)
    assert b"<h1>" in response.content
    assert "Accept" in response["Vary"].split(", ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/incomes", 401),
        ("GET", "/incomes/5", 401),
        ("POST", "/auth/token", 400),
        ("GET", "/auth/token", 405),
        ("POST", "/auth/register", 403),
        ("GET", "/docs?zzz=1", 400),
        ("POST", "/docs", 405),
        ("GET", "/schema", 406),
        ("GET", "/livez", 406),
        ("POST", "/secured/ping", 401),
    ],
)
def test_a_browser_gets_a_page_of_a_views_error_too(method: str, path: str, status: int, nobody: APIClient) -> None:
    response = nobody.generic(method, path, headers={"Accept": "text/html"})

    assert (response.status_code, response["Content-Type"]) == (status, HTML)


def test_the_admin_always_answers_with_a_page(debug: None, alice: User) -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client.force_login(alice)

    for path, extra, status in [
        ("/admin/nope/", {}, 404),
        ("/admin/", {"HTTP_HOST": "evil.example"}, 400),
        ("/admin/", LARGE, 413),
    ]:
        response: Any = client.get(path, **extra, HTTP_ACCEPT="application/json")  # type: ignore[arg-type]
        assert (response.status_code, response["Content-Type"]) == (status, HTML), path
    assert client.post("/admin/login/", HTTP_ACCEPT="application/json")["Content-Type"].startswith("text/html")


def test_a_write_of_a_session_needs_its_csrf_token(debug: None, alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert client.get("/secured/ping").status_code == 200
    response = client.post("/incomes", {"description": "x", "amount": 1}, content_type="application/json")
    problem_of(response, 403, "permission_denied")
    assert not Transaction.objects.exists()
    problem_of(client.post("/api-auth/login/", {"username": "alice", "password": "x"}), 403, "permission_denied")
    page = client.post("/incomes", {}, content_type="application/json", headers={"Accept": BROWSER})
    assert (page.status_code, page["Content-Type"]) == (403, HTML)


def test_the_other_headers_stay_where_the_body_is_replaced(nobody: APIClient) -> None:
    response = nobody.get("/nope")

    assert response["Content-Length"] == str(len(response.content))
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("language", "detail"),
    [("de", "Dieses Feld ist zwingend erforderlich."), ("fr", "Ce champ est obligatoire."), ("xx", REQUIRED)],
)
def test_messages_follow_accept_language_and_codes_do_not(language: str, detail: str, as_alice: APIClient) -> None:
    response = as_alice.post("/incomes", {"amount": 1}, headers={"Accept-Language": language})

    problem = problem_of(response, 400, "invalid", ("description", "required"))
    assert problem["errors"][0]["detail"] == detail
    assert problem["title"] == "Bad Request"
    assert "Accept-Language" in response["Vary"].split(", ")


def test_an_early_refusal_is_in_the_clients_language_not_in_the_last_ones(nobody: APIClient) -> None:
    german = nobody.get("/ping", headers={"Accept-Language": "de"})
    refusal = nobody.get("/incomes", headers={"Host": "evil.example"})

    assert (german["Content-Language"], refusal["Content-Language"]) == ("de", "en")


@pytest.fixture
def taken(alice: User) -> Transaction:
    CategoryFactory.create(owner=alice, name="Food")
    row: Transaction = IncomeFactory.create(owner=alice, external_id="bank 1", description="a private matter")
    return row


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_an_external_id_that_is_taken_is_a_conflict(
    method: str, as_alice: APIClient, alice: User, taken: Transaction, caplog: pytest.LogCaptureFixture
) -> None:
    other = IncomeFactory.create(owner=alice)
    path = "/incomes" if method == "POST" else f"/incomes/{other.pk}"
    body = {"description": "a secret of its own", "amount": 1, "external_id": "bank 1"}

    send: Any = getattr(as_alice, method.lower())
    response = send(path, body)

    problem = problem_of(response, 409, "conflict", ("external_id", "conflict"))
    assert problem["detail"] == "You already have a transaction with this external id."
    for told in (response.content.decode(), caplog.text):
        assert "secret" not in told
        assert "private" not in told
        assert "bank 1" not in told
        assert str(alice.pk) not in told


@pytest.mark.parametrize("name", ["Food", "food", "FOOD", " food\n"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_category_name_that_is_taken_is_a_conflict(
    method: str, name: str, as_alice: APIClient, alice: User, taken: Transaction
) -> None:
    other = CategoryFactory.create(owner=alice, name="Fun")
    path = "/categories" if method == "POST" else f"/categories/{other.pk}"

    send: Any = getattr(as_alice, method.lower())
    response = send(path, {"name": name})

    problem_of(response, 409, "conflict", ("name", "conflict"))
    assert sorted(Category.objects.values_list("name", flat=True)) == ["Food", "Fun"]


def test_a_name_is_taken_however_its_letters_are_composed(as_alice: APIClient) -> None:
    assert as_alice.post("/categories", {"name": "Café"}).json()["name"] == "Café"

    for name in ("Cafe\u0301", "CAFÉ", "CAFE\u0301"):
        problem_of(as_alice.post("/categories", {"name": name}), 409, "conflict", ("name", "conflict"))
    assert as_alice.post("/categories", {"name": "Straße"}).status_code == 201
    problem_of(as_alice.post("/categories", {"name": "STRASSE"}), 409, "conflict", ("name", "conflict"))


def test_a_category_in_use_is_deleted_by_force_alone(as_alice: APIClient, alice: User, bob: User) -> None:
    category = CategoryFactory.create(owner=alice)
    IncomeFactory.create_batch(3, owner=alice, category=category)

    response = as_alice.delete(f"/categories/{category.pk}")
    assert problem_of(response, 409, "conflict")["transactions"] == 3
    assert Category.objects.filter(pk=category.pk).exists()
    for force in ("false", ""):
        assert as_alice.delete(f"/categories/{category.pk}?force={force}").status_code == 409
    assert as_alice.delete(f"/categories/{category.pk}?force=true").status_code == 204
    assert Transaction.objects.filter(category=None, version=2).count() == 3


@pytest.mark.parametrize("path", ["/incomes", "/categories", "/me", "/summary", "/secured/ping"])
def test_who_brings_no_token_is_told_how(path: str, nobody: APIClient) -> None:
    response = nobody.get(path)

    problem_of(response, 401, "authorization_header_missing")
    assert response["WWW-Authenticate"] == 'Bearer realm="cashman"'


def test_a_method_that_is_not_allowed_comes_with_those_that_are(as_alice: APIClient) -> None:
    for path, methods in (("/incomes", "GET, POST, HEAD, OPTIONS"), ("/livez", "GET, HEAD, OPTIONS")):
        response = as_alice.delete(path)
        problem_of(response, 405, "method_not_allowed")
        assert response["Allow"] == methods
