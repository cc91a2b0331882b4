"""The pages of the charts: each chart twice, its numbers as a table, and the ways from one to another."""

from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Node, Page, fields
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User

from .. import tables
from .test_api_charts import ALL, QUERIES, YEAR

charts = pytest.mark.parametrize(("name", "query"), QUERIES.items())
all_charts = pytest.mark.parametrize(("name", "query"), ALL.items())


@charts
def test_a_page_shows_the_chart_and_its_numbers(
    name: str, query: str, alice: User, as_alice: APIClient, as_bob: APIClient
) -> None:
    books.fill(alice)
    data = as_alice.get(f"/charts/{name}?{query}").json()

    page = Browser(alice).get(f"/charts/{name}?{query}")

    drawings = page.main.one("figure").all("svg", role="img")
    assert [drawing["width"] for drawing in drawings] == ["880", "360"]
    named = [node["id"] for drawing in drawings for tag in ("title", "desc") for node in drawing.all(tag)[:1]]
    assert len(named) == len(set(named)) == 4
    sums = ("income", "expense", "net", "amount", "previous", "balance")
    wanted = [[Decimal(row[key]) for key in row if key in sums] for row in data["rows"]]
    shown = [[number(cell) for cell in row if cell[-3:-2] == "." and "%" not in cell] for row in page.rows()]
    assert shown == wanted


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("\u2212", "-"))


def test_the_foot_of_a_table_has_the_totals(alice: User) -> None:
    books.fill(alice)

    page = Browser(alice).get(f"/charts/income-and-expense?{YEAR}")

    assert [cell.text for cell in page.main.one("tfoot").all("td")] == ["Total", "5,020.00", "\u2212121.00", "4,899.00"]
    assert not Browser(alice).get(f"/charts/balance?{YEAR}").main.all("tfoot")


def test_a_share_is_the_same_in_the_table_and_in_the_chart(alice: User) -> None:
    for name, amount in (("Insurance", "314.50"), ("Everything else", "29767.87")):  # 1.0455 %, and 1.05 in JSON
        ExpenseFactory.create(
            owner=alice, amount=Decimal(amount), category=CategoryFactory.create(owner=alice, name=name)
        )

    page = Browser(alice).get(f"/charts/categories?{YEAR}")

    assert [row[2] for row in page.rows()] == ["99%", "1.0%"]
    shown = [text.text for text in page.main.one("figure").all("svg")[0].all("text")]
    assert [text for text in shown if text.endswith("%")] == ["99%", "1.0%"]


def test_a_row_leads_to_its_transactions_and_a_category_to_its_chart(alice: User, as_alice: APIClient) -> None:
    books.fill(alice)
    browser = Browser(alice)

    months = browser.get(f"/charts/income-and-expense?{YEAR}&currency=USD&category=Food").main.one("tbody").all("a")
    link = urlsplit(months[9]["href"])
    assert (link.path, parse_qs(link.query)) == (
        "/transactions",
        {"date_after": ["2026-10-01"], "date_before": ["2026-10-31"], "currency": ["USD"], "category": ["Food"]},
    )
    assert len(as_alice.get(months[9]["href"]).json()["results"]) == 1
    categories = browser.get(f"/charts/categories?{YEAR}").main.one("tbody").all("a")
    for category, title in zip(categories, ["Fun", "Food", "Without a category"], strict=True):
        drawing = browser.get(category["href"]).main.one("figure").all("svg")[0]
        assert drawing.all("title")[0].text == title


@all_charts
def test_the_tabs_lead_to_all_charts_and_keep_the_dates(name: str, query: str, alice: User) -> None:
    books.fill(alice)
    browser = Browser(alice)

    page = browser.get(f"/charts/{name}?{query}")

    tabs = page.main.one("nav", class_="tabs").all("a")
    assert [urlsplit(tab["href"]).path.removeprefix("/charts/") for tab in tabs] == list(ALL)
    assert [urlsplit(tab["href"]).path for tab in tabs if "aria-current" in tab.attributes] == [f"/charts/{name}"]
    dates = "" if name == "years" else YEAR  # two years have no dates
    assert [urlsplit(tab["href"]).query for tab in tabs] == [dates, dates, dates, "", *4 * [dates]]
    for tab in tabs:
        browser.get(tab["href"])
    menu = [link["href"] for link in page.root.all("nav")[0].all("a") if "aria-current" in link.attributes]
    assert menu == ["/charts/income-and-expense"]


def test_the_form_keeps_what_is_asked_for(alice: User) -> None:
    books.fill(alice)
    browser = Browser(alice)

    form = browser.get(f"/charts/categories?{YEAR}&type=INCOME&category=Food").main.one("form")
    assert fields(form) == {
        "date_after": "2026-01-01",
        "date_before": "2026-12-31",
        "category": "Food",
        "exclude_category": "",
        **dict.fromkeys(["group", "account", "exclude_account", "tag", "exclude_tag"], ""),
        "type": "INCOME",
        "currency": "",
        "account": "",
        "tag": "",
        "uncategorized": "",
    }
    assert fields(browser.get("/charts/years?year=2024").main.one("form"))["year"] == "2024"


@pytest.mark.parametrize("name", ["categories", "flow"])
def test_a_table_of_too_many_rows_shows_the_first_ones(
    name: str, alice: User, bob: User, outsider: User, as_alice: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (alice, bob):
        for number in range(5):
            category = CategoryFactory.create(owner=user, name=f"{user.username} {number}")
            ExpenseFactory.create(
                owner=user, category=category, amount=10 - number, currency="USD", date=date(2026, 3, 1)
            )
    monkeypatch.setattr(tables, "MOST_ROWS", 3)

    page = Browser(alice).get(f"/charts/{name}?{YEAR}&currency=USD")

    assert len(page.rows()) == 3
    assert [node.text for node in page.main.all("p", role="status")] == [
        "Only the first 3 rows are shown here, and 2 are not: filter further to see them."
    ]
    assert "alice 4" not in page.main.one("table").text + page.main.all("pre")[-1].text
    assert len(as_alice.get(f"/charts/{name}?{YEAR}&currency=USD").json()["rows"]) == 5
    if name == "categories":  # the total is that of all
        assert "\u221240.00" in page.main.one("tfoot").text
    assert "bob" not in page.main.text
    assert not Browser(outsider).get(f"/charts/{name}?{YEAR}").main.all("p", role="status")
    monkeypatch.undo()
    assert tables.MOST_ROWS == 1_000


def test_a_narrow_chart_says_of_how_many_months_its_average_is(alice: User) -> None:
    for number in range(60):
        ExpenseFactory.create(
            owner=alice, amount=100, currency="USD", date=date(2022 + number // 12, number % 12 + 1, 3)
        )

    years = "date_after=2022-01-01&date_before=2026-12-31"
    page = Browser(alice).get(f"/charts/category?uncategorized=true&currency=USD&{years}")

    wide, narrow = (drawing.text for drawing in page.main.one("figure").all("svg"))
    assert "Average per month 100.00" in wide
    assert "Average per 2 months 200.00" in narrow


def test_without_a_category_the_page_asks_for_one(alice: User) -> None:
    books.fill(alice)

    page = Browser(alice).get("/charts/category")

    assert page.main.one("p", class_="empty").text == "Choose a category to see it over time."
    assert not page.main.all("svg")
    assert "JSON" not in page.main.text
    assert "open" in page.main.one("details").attributes
    assert [option.text for option in page.main.one("select", name="category").all("option")][1:] == [
        *("Empty", "Food", "Fun", "Work"),
    ]


@pytest.mark.parametrize("wrong", ["date_after=soon", "date_before=1899-12-31", "currency=usd"])
def test_without_a_category_other_parameters_are_checked_too(
    wrong: str, alice: User, bob: User, outsider: User
) -> None:
    for user in (alice, bob, outsider):
        page = Browser(user).get(f"/charts/category?{wrong}", status=400)

        assert page.errors().keys() == {wrong.partition("=")[0]}


def test_a_mistake_is_shown_beside_its_input(alice: User) -> None:
    page = Browser(alice).get("/charts/balance?date_after=soon&currency=XXX", status=400)

    assert page.errors().keys() == {"date_after", "currency"}


def test_a_name_is_text_on_the_page_too(alice: User) -> None:
    evil = "</title></svg><script>alert(1)</script>"
    ExpenseFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name=evil))

    for name in ("categories", "flow"):
        page = Browser(alice).get(f"/charts/{name}?{YEAR}")
        assert evil in page.main.one("tbody").text
        assert not page.main.all("script")


def test_the_present_year_and_months_without_anything_are_shown_as_such(outsider: User) -> None:
    page = Browser(outsider).get("/charts/income-and-expense")

    assert "Nothing came in or went out in this time." in page.main.one("figure").text
    assert {cell for row in page.rows() for cell in row[1:]} == {"0.00"}


def presets(page: Page) -> dict[str, Node]:
    return {link.text: link for link in page.main.one("span", class_="presets").all("a")}


@pytest.mark.parametrize("name", ["income-and-expense", "categories", "category", "balance", "flow"])
def test_a_chart_has_presets_for_its_dates(name: str, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda _user: date(2026, 11, 20))
    books.fill(alice)
    browser = Browser(alice)
    page = browser.get(f"/charts/{name}?category=Food&currency=USD")
    spans = {
        "This month": ["2026-11-01", "2026-11-30"],
        "Last month": ["2026-10-01", "2026-10-31"],
        "This year": ["2026-01-01", "2026-12-31"],
        "Last year": ["2025-01-01", "2025-12-31"],
        "Last 12 months": ["2025-12-01", "2026-11-30"],
    }

    links = presets(page)

    assert list(links) == list(spans)
    assert [text for text, link in links.items() if "aria-current" in link.attributes] == ["Last 12 months"]
    for text, span in spans.items():
        shown = browser.get(links[text]["href"])
        assert [text for text, link in presets(shown).items() if "aria-current" in link.attributes] == [text]
        data = browser.client.get(links[text]["href"], headers={"Accept": "application/json"}).json()
        assert [data["from"], data["to"]] == span
        query = parse_qs(urlsplit(links[text]["href"]).query)
        assert (query["category"], query["currency"]) == (["Food"], ["USD"])
    theirs = Browser(bob).get(f"/charts/{name}?currency=USD&uncategorized=true")
    assert "Food" not in theirs.main.one("figure").text


def test_a_month_of_a_chart_leads_to_the_months_beside_it(alice: User) -> None:
    books.fill(alice)

    steps = (
        Browser(alice).get("/charts/flow?date_after=2026-01-01&date_before=2026-01-31").main.one("span", class_="steps")
    )

    assert [parse_qs(urlsplit(link["href"]).query).get("date_after") for link in steps.all("a")] == [
        ["2025-12-01"],
        None,
        ["2026-02-01"],
    ]


def test_the_chart_of_two_years_has_presets_for_its_year(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda _user: date(2026, 11, 20))
    books.fill(alice)
    browser = Browser(alice)

    links = presets(browser.get("/charts/years?currency=USD"))

    assert {text: link["href"] for text, link in links.items()} == {
        "This year": "/charts/years?currency=USD&year=2026",
        "Last year": "/charts/years?currency=USD&year=2025",
    }
    last = presets(browser.get(links["Last year"]["href"]))
    assert [text for text, link in last.items() if "aria-current" in link.attributes] == ["Last year"]
