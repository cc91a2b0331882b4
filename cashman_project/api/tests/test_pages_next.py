"""Where a page's form leads to after it is saved: the page that it was opened from."""

from typing import Any
from urllib.parse import urlencode

import pytest

from cashman_project.api.tests.pages import Browser, Page, fields, form_of
from cashman_project.api.tests.test_pages_forms import FORM, add_form
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User

LIST = "/expenses?category=Food+%26+drink&search=p%25&page_size=1"
ELSEWHERE = [
    "//evil.example",
    "https://evil.example/",
    "http:/evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "javascript:alert(1)",
    "evil",
    "///evil.example",
    "/a b",
    "/a\r\nSet-Cookie: x=1",
    "/caf\u00e9",
    "/" + 2_000 * "a",
]


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


@pytest.fixture
def expenses(alice: User) -> list[Transaction]:
    food = CategoryFactory.create(owner=alice, name="Food & drink")
    return [ExpenseFactory.create(owner=alice, category=food, description=f"p% {n}") for n in range(3)]


def path_of(response: Any) -> str:
    assert response.status_code == 303
    location: str = response["Location"]
    return location


def open_first(browser: Browser, path: str) -> Page:
    """Open the first row of the list at the path."""
    return browser.get(browser.get(path).main.one("tbody").all("a")[0]["href"])


def test_the_filter_survives_new(browser: Browser, expenses: list[Transaction]) -> None:
    second = browser.get(browser.get(LIST).main.one("a", rel="next")["href"])

    response = browser.send(add_form(second), description="p% new", amount="5", category="Food & drink")

    assert path_of(response) == LIST  # its first page, where the new row is
    assert "p% new" in browser.follow(response).main.text


def test_the_filter_and_the_page_survive_back_save_and_delete(browser: Browser, expenses: list[Transaction]) -> None:
    link = browser.get(LIST).main.one("a", rel="next")["href"]
    second = link.removeprefix("http://testserver")
    page = open_first(browser, link)
    [back] = page.main.one("p", class_="back").all("a")

    assert sorted(back["href"].split("?")[1].split("&")) == sorted(second.split("?")[1].split("&"))
    assert path_of(browser.send(form_of(page, "PATCH"), description="p% other")) == back["href"]
    assert path_of(browser.send(form_of(page, "DELETE"))) == back["href"]
    assert Transaction.objects.count() == 2
    browser.get(back["href"])


def test_a_refused_form_still_knows_the_list(browser: Browser, expenses: list[Transaction]) -> None:
    page = open_first(browser, LIST)

    refused = Page(browser.send(form_of(page, "PATCH"), amount="x"))
    again = refused.main.one("form")

    assert refused.status == 400
    assert fields(again)["_next"] == LIST
    without_saving = browser.get(refused.main.one("p", class_="back").one("a")["href"])
    assert fields(form_of(without_saving, "PATCH"))["_next"] == LIST
    assert path_of(browser.send(again, amount="7")) == LIST

    refused = Page(browser.send(add_form(browser.get(LIST)), description="x", amount="x"))
    assert refused.main.one("p", class_="back").one("a")["href"] == LIST
    assert path_of(browser.send(refused.main.one("form"), amount="7")) == LIST


def test_a_category_in_use_still_knows_the_list(browser: Browser, expenses: list[Transaction]) -> None:
    page = open_first(browser, "/categories?ordering=-name")

    in_use = Page(browser.send(form_of(page, "DELETE")))

    assert in_use.status == 409
    assert in_use.main.one("p", class_="back").one("a")["href"].endswith("?_next=%2Fcategories%3Fordering%3D-name")
    assert path_of(browser.send(in_use.main.one("form"))) == "/categories?ordering=-name"
    assert not Category.objects.exists()


def test_a_list_without_a_filter_has_clean_links(browser: Browser, expenses: list[Transaction]) -> None:
    page = browser.get("/expenses")

    assert [link["href"] for link in page.main.one("tbody").all("a")] == [f"/expenses/{e.pk}" for e in expenses[::-1]]
    assert "_next" not in fields(add_form(page))
    row = open_first(browser, "/expenses")
    assert row.main.one("p", class_="back").one("a")["href"] == "/expenses"
    assert path_of(browser.send(form_of(row, "DELETE"))) == "/expenses"


def test_a_deleted_row_leads_to_no_page_of_its_own(browser: Browser, expenses: list[Transaction]) -> None:
    own = f"/expenses/{expenses[0].pk}"
    form = form_of(browser.get(f"{own}?_next={own}/%3Fx%3D1"), "DELETE")

    assert fields(form)["_next"] == f"{own}/?x=1"
    assert path_of(browser.send(form)) == "/expenses"


def test_a_form_leads_to_the_start_page(browser: Browser, expenses: list[Transaction]) -> None:
    page = browser.get(f"/expenses/{expenses[0].pk}?_next=/")

    assert path_of(browser.send(form_of(page, "PATCH"), description="x")) == "/"
    assert path_of(browser.send(form_of(page, "DELETE"))) == "/"


@pytest.mark.parametrize("path", ELSEWHERE)
def test_no_form_leads_out_of_this_site(path: str, browser: Browser, expenses: list[Transaction]) -> None:
    row = f"/expenses/{expenses[0].pk}"
    page = browser.get(f"{row}?_next=/expenses")
    sent = fields(form_of(page, "PATCH"))

    for method in ("PATCH", "DELETE"):
        body = urlencode(sent | {"_method": method, "description": "changed", "_next": path})
        response = browser.client.post(row, body, FORM)
        assert response.status_code == 400
        assert "_next: Not a path of this site." in Page(response).main.text
    shown = browser.get(f"{row}?{urlencode({'_next': path})}", status=400)

    assert "_next: Not a path of this site." in shown.main.text
    assert set(Transaction.objects.values_list("description", flat=True)) == {"p% 0", "p% 1", "p% 2"}
    assert Transaction.objects.count() == 3


def test_programs_have_no_next(as_alice: Any, expenses: list[Transaction], outsider: User) -> None:
    row = f"/expenses/{expenses[0].pk}"

    assert as_alice.get(f"{row}?_next=/").status_code == 400
    assert as_alice.get("/expenses?_next=/").status_code == 400
    assert as_alice.patch(row, {"_next": "/"}, format="json").status_code == 400
    Browser(outsider).get(f"{row}?_next=/", status=404)
