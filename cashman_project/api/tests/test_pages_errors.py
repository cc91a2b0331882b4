"""Error pages: pages of the site, in which the menu and the user stay."""

from contextlib import closing
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from cashman_project.api.tests.pages import BROWSER, Browser, Page
from cashman_project.api.tests.problems import problem_of
from cashman_project.api.views import PingView
from transactions.tests.factories import ExpenseFactory
from users.models import BrowserSession, User


def signed_in(user: User) -> Browser:
    """Return a browser that has the cookies of a page."""
    browser = Browser(user)
    browser.get("/expenses")
    return browser


def user_bar(page: Page) -> str:
    return page.root.one("div", class_="user").text


@pytest.mark.parametrize("path", ["/nothing", "/expenses/01a20000-0000-7000-8000-000000000000"])
def test_the_menu_and_the_user_stay(path: str, alice: User) -> None:
    page = signed_in(alice).get(path, 404)

    assert page.main.one("h1").text == "There is nothing here"
    assert user_bar(page) == "alice Sign out"
    assert page.root.one("nav").all("a")
    assert page.main.all("a")[-1]["href"] == "/"


def test_anothers_row_looks_like_no_row(alice: User, bob: User) -> None:
    row = ExpenseFactory.create(owner=bob, description="secret of bob")
    page = Browser(alice).get(f"/expenses/{row.pk}", 404)
    assert (page.main.one("h1").text, "secret" in page.root.raw_text) == ("There is nothing here", False)


def test_signing_out_works_from_an_error_page(alice: User) -> None:
    browser = signed_in(alice)
    page = browser.get("/nothing", 404)

    answer = browser.send(page.root.one("div", class_="user").one("form"))

    assert answer.status_code == 302
    assert Page(browser.client.get("/expenses")).status == 401


@pytest.mark.parametrize("path", ["/expenses?search=a%26b", "/me", "/summary", "/charts/flow", "/expenses.csv"])
def test_who_is_not_signed_in_gets_the_sign_in_page_itself(path: str, alice: User) -> None:
    alice.set_password("correct horse battery")
    alice.save()
    browser = Browser()  # without any cookie

    page = browser.get(path, 401)

    assert (page.main.one("h1").text, user_bar(page)) == ("Sign in", "")
    assert not page.main.all("p", class_="status")
    assert page.main.one("form").all("p")[0].text == "This page shows your own data, so please sign in first."
    response = browser.send(page.main.one("form"), username="alice", password="correct horse battery")
    assert (response.status_code, response["Location"]) == (302, path)
    with closing(browser.client.get(path)) as answer:
        assert answer.status_code == 200


def test_after_a_form_that_has_no_page_of_its_own_the_sign_in_leads_to_the_start_page(alice: User) -> None:
    browser = signed_in(alice)
    [form] = [form for form in browser.get("/me").main.all("form") if form["action"] == "/me/erase"]
    BrowserSession.objects.all().delete()

    page = Page(browser.send(form, password="x"))

    assert (page.status, page.main.one("input", name="next")["value"]) == (401, "/")


def test_programs_get_a_problem_and_those_that_prefer_pages_are_told_what_is_wrong_with_their_token() -> None:
    client = Client()
    for accept in ("application/json", "*/*", "application/problem+json"):
        problem_of(client.get("/expenses", headers={"Accept": accept}), 401, "authorization_header_missing")

    page = Page(client.get("/expenses", headers={"Accept": "text/html", "Authorization": "Bearer x"}))

    assert (page.status, page.main.one("h1").text, page.main.all("form")) == (401, "Please sign in", [])
    assert "token" in page.main.text


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [(OperationalError("gone"), 503, "Not available right now"), (RuntimeError("x"), 500, "Something went wrong")],
)
def test_an_error_of_the_server_asks_nothing_of_the_database(
    error: Exception, status: int, heading: str, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False, headers={"Accept": BROWSER})
    client.force_login(alice)

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise error

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("a query")

    monkeypatch.setattr(PingView, "get", fail)
    with connection.execute_wrapper(refuse):
        page = Page(client.get("/ping"))

    assert (page.status, page.main.one("h1").text, user_bar(page)) == (status, heading, "")


def test_a_body_that_is_too_large_and_a_method_that_is_not_allowed_have_pages(alice: User) -> None:
    client = Client(headers={"Accept": BROWSER})
    client.force_login(alice)
    client.get("/expenses")
    large = Page(client.post("/expenses", {"description": "x" * 200_000}))
    assert (large.status, large.main.one("h1").text) == (413, "That is too large")
    wrong = Page(client.delete("/summary"))
    assert (wrong.status, wrong.main.one("h1").text) == (405, "This does not work here")
    assert user_bar(wrong) == "alice Sign out"
