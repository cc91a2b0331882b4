"""How the forms of pages are laid out: what people fill in first, and what is behind "More"."""

import re
from pathlib import Path

import pytest

from cashman_project.api.tests.pages import Browser, Node, Page, fields, form_of
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User

SCRIPT = Path(__file__).parent.parent / "static/pages/pages.js"

TABS = ["All", "Incomes", "Expenses", "Transfers", "Imports"]


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


def new_form(page: Page) -> Node:
    return page.main.one("details", class_="add").one("form")


def test_a_form_asks_in_the_order_of_people(browser: Browser) -> None:
    labels = [label.text.removesuffix(" *") for label in new_form(browser.get("/expenses")).all("label")]

    assert labels == ["Amount", "Description", "Category", "Date", "Currency", "Tags", "Notes", "External id"]
    both = new_form(browser.get("/transactions"))
    assert both.one("legend").text == "Type"
    assert [label.text for label in both.all("label")[:3]] == ["Expense", "Income", "Amount *"]


def test_what_few_people_need_is_behind_more(browser: Browser, alice: User) -> None:
    form = new_form(browser.get("/expenses"))
    more = form.one("details", class_="more")
    assert [node["name"] for node in more.all("input")] == ["external_id"]
    assert "open" not in more.attributes

    refused = Page(browser.send(form, description="x", amount="1", external_id="a\nb"))
    assert (refused.status, [*refused.errors()]) == (400, ["external_id"])
    assert "open" in refused.main.one("form").one("details", class_="more").attributes

    row = ExpenseFactory.create(owner=alice, external_id="bank-1")
    change = form_of(browser.get(f"/expenses/{row.pk}"), "PATCH")
    assert "open" in change.one("details", class_="more").attributes


def test_ones_own_currencies_come_first(browser: Browser, alice: User, bob: User) -> None:
    ExpenseFactory.create(owner=alice, currency="JPY")
    ExpenseFactory.create(owner=alice, currency="CHF")
    ExpenseFactory.create(owner=bob, currency="SEK")

    select = new_form(browser.get("/expenses")).one("select", name="currency")

    options = [option["value"] for option in select.all("option")]
    everyone = [option["value"] for option in select.one("optgroup").all("option")]
    assert options[:3] == ["USD", "CHF", "JPY"]
    assert options[3:] == everyone == sorted(everyone)
    assert len(everyone) > 150
    assert fields(new_form(browser.get("/expenses")))["currency"] == "USD"
    german = new_form(Browser(alice, language="de").get("/expenses")).one("select", name="currency")
    assert "CHF \u2013 Schweizer Franken" in [option.text for option in german.all("option")]


def test_an_option_sends_its_name_whatever_it_is(browser: Browser, alice: User) -> None:
    """Most need no value, since their text is it; a browser folds the white space of that text."""
    names = {"Food", "two  spaces", 'a "b" <i>&amp;', "no\u00a0break", "a\tb"}
    for name in names:
        ExpenseFactory.create(owner=alice, description=name, category=CategoryFactory.create(owner=alice, name=name))

    page = browser.get("/transactions")

    assert {option["value"] for option in page.main.one("select", name="category").all("option")} == {"", *names}
    for name in ("description", "category"):
        suggested = page.main.one("datalist", id=f"new-{name}-list").all("option")
        assert {option["value"] for option in suggested} == names
    assert {
        option["data-category"] for option in page.main.one("datalist", id="new-description-list").all("option")
    } == names
    assert "<option>Food<option" in page.source


@pytest.mark.parametrize(
    ("path", "section", "tabs"),
    [
        ("/transactions", "Transactions", TABS),
        ("/expenses", "Transactions", TABS),
        ("/transfers", "Transactions", TABS),
        ("/imports", "Transactions", TABS),
        ("/categories", "Categories", ["Categories", "Tags", "Rules"]),
        ("/tags", "Categories", ["Categories", "Tags", "Rules"]),
        ("/rules", "Categories", ["Categories", "Tags", "Rules"]),
        ("/accounts", "Accounts", []),
    ],
)
def test_the_menu_names_the_section_and_its_tabs_the_page(
    path: str, section: str, tabs: list[str], browser: Browser
) -> None:
    page = browser.get(path)

    links = page.root.all("nav")[0].all("a")
    named = [link for link in links if "aria-current" in link.attributes]
    assert [link.text for link in named if link.attributes.get("class") != "sub"] == [section]
    [current] = [link for link in named if link["aria-current"] == "page"]
    assert current["href"] == path
    found = [link for nav in page.main.all("nav", class_="tabs") for link in nav.all("a")]
    assert [link.text for link in found] == tabs
    assert [link["href"] for link in found if "aria-current" in link.attributes] == ([path] if tabs else [])


def test_a_currency_that_is_no_longer_offered_stays(browser: Browser, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(currency="XXX")
    select = new_form(browser.get("/expenses")).one("select", name="currency")
    assert select.all("option")[0]["value"] == "XXX"


def test_preferences_are_chosen_in_words(browser: Browser, alice: User) -> None:
    page = browser.get("/me")
    headings = ["Preferences", "Signing in", "History", "Your data", "Delete account"]
    assert [node.text for node in page.main.all("h2")] == headings
    form = form_of(page, "PATCH")
    zones, languages = (form.one("select", name=name) for name in ("time_zone", "language"))
    assert "Europe/Berlin" in [option["value"] for option in zones.all("option")]
    assert "Berlin" in [option.text for option in zones.all("option")]
    assert "Deutsch" in [option.text for option in languages.all("option")]

    browser.follow(browser.send(form, time_zone="Europe/Berlin", language="de", currency="EUR"))
    alice.refresh_from_db()
    assert (alice.time_zone, alice.language, alice.currency) == ("Europe/Berlin", "de", "EUR")


def test_the_script_is_small_and_loads_nothing() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text) < 10_000
    assert not re.search("https?:|fetch|import|eval|innerHTML", text)
