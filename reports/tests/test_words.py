"""Words of developers stand in the places for developers only."""

import re

import pytest

from cashman_project.api.tests.pages import Browser, Node
from transactions.models import Category, Transaction
from transactions.tests import books
from users.models import User

WORDS = re.compile(r"\b(JSON|SVG|API|REST|URL|curl|[Ss]chema|[Tt]oken|[Ss]cript|[Pp]rogram)s?\b")
PATHS = [
    *("/", "/transactions", "/expenses?search=zzz", "/categories", "/summary", "/summary?group_by=month,category"),
    *("/charts/income-and-expense", "/charts/categories", "/charts/category?category=Food", "/charts/years"),
    *("/charts/balance", "/charts/flow", "/charts/net-worth", "/charts/transfers", "/me"),
]


def is_for_developers(node: Node) -> bool:
    return (
        "json" in node.attributes.get("class", "").split() or "developers" in node.attributes.get("class", "").split()
    )


def text_for_people(node: Node) -> str:
    """Return what the element shows, but for what is for developers, and what opens only when it is asked for."""
    texts = [
        child if isinstance(child, str) else text_for_people(child)
        for child in node.children
        if isinstance(child, str) or not (is_for_developers(child) or child.tag in ("style", "form"))
    ]
    return " ".join(texts)


@pytest.mark.parametrize("path", PATHS)
def test_pages_for_people_have_no_words_of_developers(path: str, alice: User) -> None:
    books.fill(alice)

    page = Browser(alice).get(path)

    assert WORDS.findall(text_for_people(page.main)) == []


def test_the_pages_of_one_row_and_of_a_newcomer_have_none_either(alice: User, outsider: User) -> None:
    books.fill(alice)
    row, category = Transaction.objects.for_owner(alice)[0], Category.objects.for_owner(alice)[0]

    pages = [Browser(alice).get(path) for path in (f"/transactions/{row.pk}", f"/categories/{category.pk}")]

    assert [WORDS.findall(text_for_people(page.main)) for page in [*pages, Browser(outsider).get("/")]] == [[], [], []]


def test_what_is_for_developers_is_still_there(alice: User) -> None:
    books.fill(alice)
    browser = Browser(alice)

    chart = browser.get("/charts/flow?currency=USD").main.one("details", class_="json")
    assert chart.one("summary").text == "For developers"
    assert chart.one("a")["href"] == "/charts/flow.svg?currency=USD"
    assert "curl" in browser.get("/transactions").main.one("details", class_="json").text
    places = [browser.get(path).main.one("p", class_="developers").all("a") for path in ("/", "/me")]
    assert [[link["href"].removeprefix("http://testserver") for link in links] for links in places] == [
        ["/docs", "/schema"],
        ["/tokens"],
    ]
