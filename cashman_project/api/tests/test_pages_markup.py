"""Texts of people are no markup of the pages."""

from urllib.parse import quote

import pytest

from cashman_project.api.tests.pages import Browser
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User

MARKUP = "<script>alert(\"x\")</script> & 'y'"


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


def test_text_of_others_is_no_markup(browser: Browser, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name=MARKUP)
    row = ExpenseFactory.create(owner=alice, description=MARKUP, notes=MARKUP, external_id=MARKUP, category=category)

    for place in (
        "/expenses",
        f"/expenses/{row.pk}",
        "/categories",
        f"/categories/{category.pk}",
        "/summary?group_by=category",
        f"/expenses?search={quote(MARKUP)}&category={quote(MARKUP)}",
    ):
        page = browser.get(place)
        assert [script["src"] for script in page.root.all("script")] == ["/static/pages/pages.js"]
        assert MARKUP in page.main.raw_text
    page = browser.get(f"/expenses?search={quote(MARKUP)}&{quote(MARKUP)}=1", 400)
    assert [script["src"] for script in page.root.all("script")] == ["/static/pages/pages.js"]
    assert page.main.one("input", name="search")["value"] == MARKUP
    [link] = browser.get(f"/categories/{category.pk}").main.one("p", class_="all").all("a")
    assert browser.get(link["href"]).rows()[0][1] == MARKUP


@pytest.mark.parametrize("place", ["/transactions", "/me", "/tokens", "/charts/category", "/summary"])
def test_no_select_says_how_long_its_value_may_be(place: str, browser: Browser) -> None:
    assert not [node["name"] for node in browser.get(place).main.all("select") if "maxlength" in node.attributes]
