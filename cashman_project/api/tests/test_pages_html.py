"""The pages for browsers: what they show, to whom, and where their links lead."""

import datetime
import json
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.staticfiles import finders
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from cashman_project.api.templatetags.days import timestamp
from cashman_project.api.tests.pages import BROWSER, Browser, Node, Page
from cashman_project.api.tests.problems import problem_of
from cashman_project.api.viewsets import OwnedModelViewSet
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.views import ExpenseViewSet
from users.models import User

OWN = ["/transactions", "/incomes", "/expenses", "/categories", "/summary", "/me", "/tokens"]
PLACES = ["/", *OWN, "/ping", "/api-auth/login/"]


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


@pytest.fixture
def books(alice: User, bob: User) -> Transaction:
    """Give alice rows, and bob rows that she must not see; return one of her expenses."""
    food = CategoryFactory.create(owner=alice, name="Food")
    CategoryFactory.create(owner=alice, name="Fun & games")
    IncomeFactory.create(owner=alice)
    expense: Transaction = ExpenseFactory.create(owner=alice, category=food, notes="with Ada\nand Bob")
    ExpenseFactory.create(owner=alice, description="ramen", amount=1200, currency="JPY", date=datetime.date(2026, 1, 1))
    ExpenseFactory.create(owner=bob, description="secret", category=CategoryFactory.create(owner=bob, name="Secret"))
    return expense


def head(page: Page) -> list[str]:
    return [cell.text for cell in page.main.one("thead").all("th")]


def signs(page: Page) -> list[str]:
    return [
        cell.all("span")[0].attributes.get("class", "") for cell in page.main.one("tbody").all("td", class_="number")
    ]


def assert_only_our_script(page: Page) -> None:
    [script] = page.root.all("script")
    assert (script["src"], "defer" in script.attributes, script.text) == ("/static/pages/pages.js", True, "")


def tool(page: Page, label: str) -> Node:
    [found] = [node for node in page.main.all("details", class_="tool") if node.all("summary")[0].text == label]
    return found


def test_the_list_is_a_table_of_ones_own_rows(browser: Browser, books: Transaction) -> None:
    page = browser.get("/transactions")

    assert (page.main.one("h1").text, head(page)) == ("Transactions", ["Date ↓", "Description", "Category", "Amount"])
    assert page.rows() == [
        ["2 Nov 2026", "pizza", "Food", "\u221250.00 USD"],
        ["1 Nov 2026", "salary", "", "+5,000.00 USD"],
        ["1 Jan 2026", "ramen", "", "\u22121,200 JPY"],
    ]
    assert signs(page) == ["signed", "signed plus", "signed"]
    assert "ecret" not in page.main.raw_text


@pytest.mark.parametrize("place", ["/incomes", "/expenses", "/transactions", "/categories"])
def test_each_row_leads_to_its_own_page(place: str, browser: Browser, books: Transaction) -> None:
    for row in browser.get(place).main.one("tbody").all("tr"):
        link = row.one("td", class_="main").one("a")
        assert link["href"].startswith(place + "/")
        assert browser.get(link["href"]).main.one("h1").text == link.text


def test_a_row_has_a_page(browser: Browser, books: Transaction) -> None:
    page = browser.get(f"/expenses/{books.pk}")

    assert page.main.one("p", class_="amount").text == "\u221250.00 USD"
    facts = dict(
        zip([node.text for node in page.main.all("dt")], [node.text for node in page.main.all("dd")], strict=True)
    )
    assert facts.pop("Created") == timestamp(books.created_at)
    assert facts == {"Date": "2 Nov 2026", "Category": "Food", "Notes": "with Adaand Bob"}
    assert browser.get(page.main.one("dl").one("a")["href"]).rows() == [
        ["2 Nov 2026", "pizza", "Food", "\u221250.00 USD"]
    ]
    assert page.main.one("p", class_="back").one("a")["href"] == "/expenses"


def test_a_resource_without_templates_has_plain_pages(
    browser: Browser, books: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExpenseViewSet, "pages", OwnedModelViewSet.pages)

    listed = browser.get("/expenses?search=pizza")
    assert (head(listed), listed.rows()) == (["Expense"], [[str(books.pk)]])
    single = browser.get(listed.main.one("tbody").one("a")["href"])
    assert single.main.one("h1").text == str(books)
    assert [node.text for node in single.main.all("dt")][:4] == ["id", "type", "description", "amount"]
    assert [node.text for node in single.main.all("dd")][3] == "-50.00"
    assert tool(single, "Change").one("input", name="amount")["value"] == "-50.00"
    assert tool(listed, "Filter and sort").one("input", name="amount_min")["value"] == ""


@pytest.mark.parametrize("place", ["/expenses", "/transactions", "/categories"])
def test_the_number_of_queries_does_not_grow_with_the_rows(place: str, browser: Browser, alice: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get(place)
        return len(captured)

    ExpenseFactory.create(owner=alice, category=CategoryFactory.create(owner=alice))
    few = queries()
    for _row in range(30):
        ExpenseFactory.create(owner=alice, category=CategoryFactory.create(owner=alice))

    # session, user, rows, sums and those of days, categories that they leave out, categories, groups and accounts of
    # two forms, tags, currencies, descriptions
    assert queries() == few <= 14


def test_pages_lead_on_and_back(browser: Browser, alice: User) -> None:
    for day in range(1, 8):
        IncomeFactory.create(owner=alice, date=datetime.date(2026, 1, day))
    page, seen = browser.get("/incomes?page_size=3&ordering=date"), []

    assert not page.main.all("a", rel="prev")
    while following := page.main.all("a", rel="next"):
        seen += page.rows()
        page = browser.get(following[0]["href"])
    seen += page.rows()
    assert [row[0] for row in seen] == [f"{day} Jan 2026" for day in range(1, 8)]
    before = browser.get(page.main.one("a", rel="prev")["href"])
    assert [row[0] for row in before.rows()] == ["4 Jan 2026", "5 Jan 2026", "6 Jan 2026"]


def test_the_heads_of_columns_sort(browser: Browser, books: Transaction) -> None:
    def amounts(page: Page) -> list[str]:
        return [row[3].split()[0] for row in page.rows()]

    def follow(page: Page, head: int) -> Page:
        return browser.get(page.main.all("th")[head].one("a")["href"])

    def sorted_by(page: Page) -> list[str | None]:
        return [cell.attributes.get("aria-sort") for cell in page.main.one("thead").all("th")]

    page = browser.get("/transactions?search=&page_size=50")
    assert sorted_by(page) == ["descending", "none", "none", "none"]
    page = follow(page, 3)
    assert amounts(page) == ["+5,000.00", "\u221250.00", "\u22121,200"]
    assert sorted_by(page) == ["none", "none", "none", "descending"]
    page = follow(page, 3)
    assert amounts(page) == ["\u22121,200", "\u221250.00", "+5,000.00"]
    assert sorted_by(page) == ["none", "none", "none", "ascending"]
    assert page.main.one("select", name="ordering").one("option", selected="")["value"] == "absolute_amount"
    assert page.main.one("input", name="page_size")["value"] == "50"
    for head in (1, 2):  # texts start with A
        page = follow(page, head)
        assert sorted_by(page)[head] == "ascending"
        assert sorted_by(follow(page, head))[head] == "descending"


def test_the_head_of_amounts_says_how_the_list_is_sorted_by_them(browser: Browser, books: Transaction) -> None:
    page = browser.get("/transactions?ordering=amount")
    head = page.main.all("th")[3]
    assert head["aria-sort"] == "ascending"
    assert head.one("a")["href"].endswith("ordering=-amount")


def test_the_select_of_orderings_starts_with_what_people_want_first(browser: Browser, books: Transaction) -> None:
    choices = [
        (option["value"], option.text)
        for option in browser.get("/expenses").main.one("select", name="ordering").all("option")
        if option["value"]
    ]
    assert choices == [
        ("-date", "Date ↓"),
        ("date", "Date ↑"),
        ("description", "Description ↑"),
        ("-description", "Description ↓"),
        ("category", "Category ↑"),
        ("-category", "Category ↓"),
        ("-amount", "Amount ↓"),
        ("amount", "Amount ↑"),
        ("-absolute_amount", "Absolute amount ↓"),
        ("absolute_amount", "Absolute amount ↑"),
        ("-created_at", "Created at ↓"),
        ("created_at", "Created at ↑"),
    ]


def test_the_filters_form_shows_what_it_filters_by(browser: Browser, books: Transaction) -> None:
    assert "open" not in tool(browser.get("/expenses?search="), "Filter and sort").attributes

    page = browser.get("/expenses?search=pizza&category=Food&date_after=2026-11-01&amount_max=&currency=USD")

    form = tool(page, "Filter and sort")
    assert "open" not in form.attributes  # the chips show what is filtered
    assert page.rows() == [["2 Nov 2026", "pizza", "Food", "\u221250.00 USD"]]
    assert form.one("input", name="search")["value"] == "pizza"
    assert form.one("input", name="date_after")["value"] == "2026-11-01"
    assert form.one("select", name="category").one("option", selected="").text == "Food"
    names = [option.text for option in form.one("select", name="category").all("option")]
    assert names == ["any", "Food", "Fun & games"]
    assert "open" in form.one("details").attributes  # the currency is among the rarer ones
    assert not form.all("select", name="type")
    assert tool(browser.get("/transactions"), "Filter and sort").all("select", name="type")


def test_several_categories_stay_chosen(browser: Browser, books: Transaction) -> None:
    page = browser.get(f"/expenses?category=Food&category={quote('Fun & games')}")

    chosen = tool(page, "Filter and sort").one("select", name="category")
    assert [option.text for option in chosen.all("option", selected="")] == ["Food", "Fun & games"]
    assert "multiple" in chosen.attributes


@pytest.mark.parametrize("place", ["/transactions", "/summary"])
def test_a_filter_that_is_not_understood_says_so_beside_it(place: str, browser: Browser, books: Transaction) -> None:
    page = browser.get(f"{place}?amount_min=-5&category=Secret&date=2026-13-01&search=pizza", 400)

    assert page.errors() == {
        "amount_min": "Not an absolute amount: give a number such as 12.50.",
        "date": "Not a date: write it as 2026-11-30, from 1900-01-01 to 2200-12-31.",
    }
    assert page.main.one("input", name="amount_min")["value"] == "-5"
    assert page.main.one("input", name="search")["value"] == "pizza"
    assert not page.main.all("tbody")
    page = browser.get(f"{place}?category=Secret", 400)
    assert page.errors() == {"category": "You have no category with this name."}
    page = browser.get(f"{place}?colour=red", 400)
    assert page.main.one("div", role="alert").text == "colour: There is no such parameter here."


def test_an_empty_list_helps_on(browser: Browser, alice: User) -> None:
    for place, label, text in [
        ("/expenses", "New expense", "There are no expenses yet. Add the first one above."),
        ("/categories", "New category", "You have no categories yet. Add one to group transactions by it."),
    ]:
        page = browser.get(place)
        assert page.main.one("p", class_="empty").text == text
        assert "open" in tool(page, label).attributes
    ExpenseFactory.create(owner=alice)
    page = browser.get("/expenses?search=zzz")
    assert page.main.one("p", class_="empty").text == "Nothing matches these filters. Show all"
    assert browser.get(page.main.one("p", class_="empty").one("a")["href"]).rows()
    assert "open" not in tool(browser.get("/expenses"), "New expense").attributes


@pytest.mark.parametrize("place", PLACES)
def test_a_page_needs_nothing_of_another_host(place: str, browser: Browser, books: Transaction) -> None:
    page = browser.get(place)

    assert_only_our_script(page)
    assert not [node for node in page.root.one("body").all("form") if node["method"] not in ("get", "post")]
    assets = [node["href"] for node in page.root.all("link")] + [
        node["src"] for tag in ("img", "script") for node in page.root.all(tag)
    ]
    assert len(assets) >= 5  # the icon, twice, two style sheets and a script
    for asset in assets:
        assert finders.find(asset.removeprefix("/static/")), asset
    for node in page.root.all("a"):
        assert node["href"].startswith(("/", "#", "http://testserver/")), node["href"]
    assert not [name for node in page.root.all("a") for name in node.attributes if name.startswith("on")]
    assert page.root.one("html")["lang"] == "en"


@pytest.mark.parametrize("place", PLACES)
def test_every_input_has_a_label_and_every_id_is_the_only_one(place: str, browser: Browser, books: Transaction) -> None:
    page = browser.get(place)

    ids = [
        node["id"]
        for tag in ("main", "input", "select", "textarea", "p", "datalist")
        for node in page.root.all(tag)
        if "id" in node.attributes
    ]
    assert len(ids) == len(set(ids))
    around = [node for label in page.main.all("label") for node in label.all("input")]
    labels = {label["for"] for label in page.main.all("label") if "for" in label.attributes}
    inputs = {
        node["id"]
        for tag in ("input", "select", "textarea")
        for node in page.main.all(tag)
        if node.attributes.get("type") != "hidden" and not (node in around and "id" not in node.attributes)
    }
    assert labels == inputs


def test_the_json_stays_at_hand(browser: Browser, books: Transaction) -> None:
    details = browser.get("/expenses?search=pizza").main.one("details", class_="json")

    command, body = details.all("pre")
    assert command.text == "curl -H \"Authorization: Bearer $TOKEN\" 'http://testserver/expenses?search=pizza'"
    by_program: Any = browser.client.get("/expenses?search=pizza", headers={"Accept": "application/json"})
    assert json.loads(body.raw_text) == by_program.json()


def test_the_start_page_says_where_to_go(browser: Browser) -> None:
    page = Browser().get("/")
    places = [node["href"] for node in page.main.one("ul").all("a")]
    assert places[0] == "http://testserver/transactions"  # test_told_everywhere.py asks for all resources
    assert {f"http://testserver/{name}" for name in ("incomes", "summary", "me")} <= set(places)
    assert [node.text for node in page.root.one("div", class_="user").all("a")] == ["Sign in"]
    assert "http://testserver/auth/token" in page.main.text
    assert "/docs" in [node["href"].removeprefix("http://testserver") for node in page.main.all("a")]
    for place in places:
        browser.get(place)


def test_one_logs_in_and_out(alice: User) -> None:
    alice.set_password("correct horse battery")
    alice.save()
    browser = Browser()

    page = browser.get("/expenses?search=x", 401)
    form = page.main.one("form")
    refused = Page(browser.send(form, username="alice", password="wrong"))
    assert (refused.status, refused.main.one("p", role="alert").text[:30]) == (200, "Please enter a correct usernam")
    assert refused.main.one("input", name="username")["value"] == "alice"
    accepted = browser.send(form, username="alice", password="correct horse battery")
    assert (accepted.status_code, accepted["Location"]) == (302, "/expenses?search=x")
    out = browser.get("/me").root.one("header").one("form")
    left = browser.send(out)
    assert (left.status_code, left["Location"]) == (302, "/")
    browser.get("/expenses", 401)


def test_a_login_without_a_place_to_go_to_leads_to_the_start_page(alice: User) -> None:
    alice.set_password("correct horse battery")
    alice.save()

    response = Client().post("/api-auth/login/", {"username": "alice", "password": "correct horse battery"})

    assert response["Location"] == "/"


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nope", 404, "There is nothing here"),
        ("/incomes/01a20000-0000-7000-8000-000000000000", 404, "There is nothing here"),
        ("/auth/token", 405, "This does not work here"),
        ("/incomes/01a20000-0000-7000-8000-000000000000?x=1", 400, "That could not be understood"),
        ("/api-auth/logout/", 405, "This does not work here"),
        ("/admin/nope", 404, "There is nothing here"),
    ],
)
def test_an_error_is_a_page_like_the_others(
    path: str, status: int, title: str, debug: bool, settings: Settings, alice: User
) -> None:
    settings.DEBUG = debug
    alice.is_staff = True
    alice.save()

    page = Browser(alice).get(path, status)

    assert page.main.one("h1").text == title
    assert page.main.one("p", class_="status").text == str(status)
    assert len(page.root.all("link", rel="stylesheet")) == 2
    assert page.root.one("nav").all("a")[0].text == "Transactions"
    assert page.main.one("a")["href"] == "/"


@pytest.mark.parametrize("place", ["/", "/incomes", "/nope"])
def test_a_database_that_is_away_is_a_page_too(place: str, browser: Browser) -> None:
    def refuse(*args: Any) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        page = browser.get(place, 404 if place == "/nope" else 503)
        answer = browser.client.get("/incomes", headers={"Accept": "application/json"})

    assert page.main.one("h1").text == ("There is nothing here" if place == "/nope" else "Not available right now")
    problem_of(answer, 503, "unavailable")


def test_pages_are_kept_by_nobody(browser: Browser) -> None:
    response = browser.client.get("/incomes", headers={"Accept": BROWSER})

    assert response["Cache-Control"] == "no-store"
    assert {"Accept", "Cookie", "Authorization"} <= set(response["Vary"].split(", "))
