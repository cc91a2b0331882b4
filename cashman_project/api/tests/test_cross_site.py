"""What a page of another site can't make a browser do, and the headers that tell the browser so."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone
from pytest_django import Settings

from cashman_project.api.tests.problems import problem_of, stored
from transactions.tests.test_permissions import BODIES, NOBODYS_ID, OPEN, ROUTES
from users.models import BrowserSession, User

PASSWORD = "correct horse battery"
FORTNIGHT = 14 * 24 * 3600  # seconds
LOGINS = ["/api-auth/login/", "/admin/login/"]
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "////evil.example",
    "http:///evil.example",
    "https:evil.example",
    r"\\evil.example",
    r"/\evil.example",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "http://testserver:1/",
    "\thttps://evil.example/",
    "\x08//evil.example",
]


@pytest.fixture(autouse=True)
def of_the_staff(alice: User) -> None:
    alice.is_staff = True
    alice.save()


@pytest.fixture
def known(alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.save()
    return alice


@pytest.fixture
def browser(alice: User) -> Client:
    """alice's browser, with a session; the server looks for CSRF tokens as it does outside of tests."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(alice)
    return client


def of_sessions(route: URLPattern) -> bool:
    """Return whether a session counts at this route."""
    view: Any = route.callback
    return bool(view.cls.authentication_classes)


def csrf_token(client: Client, path: str = "/incomes") -> str:
    """Return the token of the forms of a page."""
    page = client.get(path, headers={"Accept": "text/html"}).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    return found[1]


def log_in(client: Client, path: str = LOGINS[0], **fields: str) -> Any:
    token = csrf_token(client, path)
    return client.post(path, {"username": "alice", "password": PASSWORD, "csrfmiddlewaretoken": token, **fields})


# -- Writes of a session ----------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path, route in ROUTES if of_sessions(route)])
def test_a_session_writes_nothing_without_its_token(path: str, browser: Client) -> None:
    body = json.dumps(BODIES.get(path.removesuffix("/<pk>"), {}))
    before = stored()

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = browser.generic(
            method,
            path.replace("<pk>", NOBODYS_ID).replace("<number>", "1").replace("<row>", "1"),
            body,
            content_type="application/json",
        )

        problem = problem_of(response, 403, "permission_denied")
        assert "CSRF token" in problem["detail"] or path == "/"
    assert stored() == before


def test_the_writes_that_no_session_counts_for_need_no_token() -> None:
    public = {path for path, route in ROUTES if not of_sessions(route)}

    assert public == OPEN - {"/"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CSRFToken": ""},
        {"X-CSRFToken": 32 * "a"},
        {"X-CSRFToken": 64 * "a"},
        {"X-CSRFToken": "é"},
        {"X-CSRFToken": "{token}", "Origin": "https://evil.example"},
        {"X-CSRFToken": "{token}", "Origin": "null"},
        {"X-CSRFToken": "{token}", "Origin": "https://testserver"},
        {"X-CSRFToken": "{token}", "Origin": "http://testserver.evil.example"},
    ],
)
def test_a_wrong_token_or_one_from_elsewhere_is_refused(headers: dict[str, str], browser: Client) -> None:
    sent = {name: value.replace("{token}", csrf_token(browser)) for name, value in headers.items()}
    before = stored()

    response = browser.post(
        "/incomes", {"description": "x", "amount": 1}, content_type="application/json", headers=sent
    )

    problem_of(response, 403, "permission_denied")
    assert stored() == before


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://testserver"}])
def test_with_its_token_a_session_writes(headers: dict[str, str], browser: Client) -> None:
    sent = {"X-CSRFToken": csrf_token(browser), **headers}
    body = {"description": "x", "amount": 1}

    assert browser.post("/incomes", body, content_type="application/json", headers=sent).status_code == 201


def test_a_listed_origin_may_write_with_a_session(browser: Client, settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example"]
    sent = {"X-CSRFToken": csrf_token(browser), "Origin": "https://app.example"}

    response = browser.post("/categories", {"name": "x"}, content_type="application/json", headers=sent)

    assert response.status_code == 201


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_another_sites_form_can_send_is_refused(content_type: str, browser: Client) -> None:
    before = stored()

    response = browser.generic("POST", "/incomes", '{"description": "x", "amount": 1}', content_type=content_type)

    problem_of(response, 403, "permission_denied")
    assert stored() == before


@pytest.mark.parametrize("path", [*LOGINS, "/api-auth/logout/", "/admin/logout/"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_nobody_is_logged_in_or_out_by_another_site(path: str, accept: str, browser: Client) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}):
        response = browser.post(
            path, {"username": "alice", "password": PASSWORD}, headers={"Accept": accept, **headers}
        )
        assert response.status_code == 403
        assert "sessionid" not in response.cookies
    assert browser.get("/me").status_code == 200


# -- Where a login leads ----------------------------------------------------------------------


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("path", LOGINS)
def test_a_login_leads_to_no_other_site(path: str, target: str, known: User) -> None:
    client = Client(enforce_csrf_checks=True)

    response = log_in(client, path, next=target)

    assert response.status_code == 302
    assert response["Location"] in ("/", "/admin/")
    assert "sessionid" in response.cookies


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("path", ["/api-auth/logout/", "/admin/logout/"])
def test_a_logout_leads_to_no_other_site(path: str, target: str, browser: Client) -> None:
    response = browser.post(path, {"next": target, "csrfmiddlewaretoken": csrf_token(browser)})

    assert "evil" not in response.get("Location", "")
    assert response.get("Location", "/").startswith("/")
    assert browser.get("/me").status_code == 401


def test_a_login_leads_back_to_the_page_that_asked(known: User) -> None:
    assert log_in(Client(enforce_csrf_checks=True), next="/incomes?page_size=7")["Location"] == "/incomes?page_size=7"


# -- Sessions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LOGINS)
def test_a_session_planted_before_the_login_is_not_the_one_after_it(path: str, known: User, bob: User) -> None:
    client = Client(enforce_csrf_checks=True)
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    assert planted

    log_in(client, path)

    assert client.cookies["sessionid"].value != planted
    assert client.get("/me").json()["username"] == "alice"
    stranger = Client()
    stranger.cookies["sessionid"] = planted
    assert stranger.get("/me").status_code == 401


def test_a_session_key_of_ones_own_making_is_not_taken(known: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = 32 * "a"

    log_in(client)

    assert client.cookies["sessionid"].value != 32 * "a"
    assert not BrowserSession.objects.filter(pk=32 * "a").exists()


def test_the_token_of_the_forms_changes_at_the_login(known: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(LOGINS[0])
    before = client.cookies["csrftoken"].value

    log_in(client)

    assert client.cookies["csrftoken"].value != before


def test_a_session_that_was_ended_is_no_good_any_more(browser: Client) -> None:
    held = browser.cookies["sessionid"].value

    browser.post("/api-auth/logout/", {"csrfmiddlewaretoken": csrf_token(browser)})

    browser.cookies["sessionid"] = held
    problem_of(browser.get("/me"), 401, "authorization_header_missing")


def test_a_session_ends_after_a_fortnight_whatever_the_browser_holds(browser: Client) -> None:
    lifetime = BrowserSession.objects.get().expire_date - timezone.now()
    assert abs(lifetime.total_seconds() - FORTNIGHT) < 60
    assert browser.get("/me").status_code == 200

    BrowserSession.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    problem_of(browser.get("/me"), 401, "authorization_header_missing")


# -- What each answer says --------------------------------------------------------------------


def test_every_answer_tells_the_browser_what_to_refuse(browser: Client) -> None:
    """Those too that no view has made."""
    html = {"Accept": "text/html"}
    answers = {
        "JSON": browser.get("/me"),
        "no content": browser.options("/me"),
        "an error": browser.get("/incomes?colour=red"),
        "a write without its token": browser.post("/incomes", {}),
        "a page": browser.get("/incomes", headers=html),
        "a redirect": browser.post("/", headers=html),
        "an error's page": browser.get("/incomes?colour=red", headers=html),
        "the root": browser.get("/"),
        "a login": Client().get("/api-auth/login/"),
        "the admin": browser.get("/admin/"),
        "the admin's errors": browser.get("/admin/nope"),
        "a redirect of the admin": Client().get("/admin/"),
        "the schema": browser.get("/schema"),
        "the docs": browser.get("/docs"),
        "the script of the docs": browser.get("/docs?script="),
        "a style sheet": browser.get("/static/pages/pages.css"),
        "no such style sheet": browser.get("/static/pages/nope.css"),
        "an unknown path": browser.get("/nope"),
        "an unknown host": browser.get("/ping", headers={"Host": "evil.example"}),
        "a chunked body": browser.get("/ping", headers={"Transfer-Encoding": "chunked"}),
        "a large body": browser.post("/incomes", 6_000_000 * "x", content_type="application/json"),
        "a probe": browser.get("/livez"),
        "a preflight": browser.options(
            "/me", headers={"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
        ),
    }

    lacking = {
        (name, header): answer.headers.get(header)
        for name, answer in answers.items()
        for header, value in HEADERS.items()
        if answer.headers.get(header) != value
    }
    assert lacking == {}
    for name, answer in answers.items():
        answer.close()
        policy = answer["Content-Security-Policy"].split("; ")
        assert {"default-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} <= set(policy)
        assert "unsafe" not in answer["Content-Security-Policy"], name


def test_the_pages_need_no_script_or_style_within_them(browser: Client) -> None:
    for path in ("/", "/incomes", "/summary", "/me", "/docs", "/api-auth/login/", "/admin/", "/nope"):
        page = browser.get(path, headers={"Accept": "text/html"}).content.decode()
        assert "<html" in page
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)[^>]*>", page) == [], path
