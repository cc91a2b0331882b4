"""The page of the summary: what it opens with, its chart, its tables, and the records that each number leads to."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Node, Page, fields
from conftest import client_of
from transactions.groupings import GROUPINGS
from transactions.models import Transaction
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.shares import reached, reaches
from users.models import User

from ..summary_page import MOST_COLUMNS, NAMES
from .test_pages_dashboard import net, number, on

YEAR = "date_after=2026-01-01&date_before=2026-12-31"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda user: on("2026-11-20"))


@pytest.fixture
def two_books(alice: User, bob: User) -> None:
    """Alice's rows of this year and of last year, and bob's."""
    food = CategoryFactory.create(owner=alice, name="Food")
    ExpenseFactory.create(owner=alice, date=on("2026-11-02"), amount=30, category=food)
    ExpenseFactory.create(owner=alice, date=on("2026-10-02"), amount=10)
    ExpenseFactory.create(owner=alice, date=on("2025-10-02"), amount=7, category=food)
    IncomeFactory.create(owner=alice, date=on("2026-11-01"), amount=100)
    ExpenseFactory.create(owner=alice, date=on("2026-05-03"), amount=1200, currency="JPY", category=food)
    secret = CategoryFactory.create(owner=bob, name="secret")
    ExpenseFactory.create(owner=bob, date=on("2026-11-02"), amount=Decimal("77.77"), category=secret)


def texts(row: Node) -> list[str]:
    """Return the label of a row and its sums, without what they are compared with."""
    return [cell.text for tag in ("th", "td") for cell in row.all(tag)]


def sums(cell: Node) -> list[Decimal]:
    """Return the sum in a cell, and what it is compared with if it is."""
    return [number(one.text.removeprefix("+")) for tag in ("a", "span") for one in cell.all(tag) if _is_sum(one)]


def _is_sum(node: Node) -> bool:
    style = node.attributes.get("class", "")
    return node.tag == "a" or "before" in style or style == "muted"


def rows(table: Node) -> list[Node]:
    return table.one("tbody").all("tr")


def cells(row: Node) -> list[Node]:
    return [row.one("td", class_=name) for name in ("income", "expense", "net")]


def test_it_opens_with_this_year_by_month_beside_last_year(
    alice: User, two_books: None, as_alice: APIClient, outsider: User
) -> None:
    page = Browser(alice).get("/summary")

    yen, dollars = sorted(page.main.all("table"), key=lambda table: "USD" in table.text)
    assert page.main.all("table") == [dollars, yen]
    labels = [row.one("th").text for row in rows(dollars)]
    assert labels == ["October 2026", "November 2026"]
    assert [[sums(cell) for cell in cells(row)] for row in rows(dollars)] == [
        [[0, 0], [-10, -7], [-10, -7]],
        [[100, 0], [-30, 0], [70, 0]],
    ]
    assert [sums(cell) for cell in cells(dollars.one("tfoot").one("tr"))] == [[100, 0], [-40, -7], [60, -7]]
    assert "Below each sum is that of the same days a year before: 1 Jan 2025 \u2013 20 Nov 2025." in page.main.text
    assert "1 Jan 2026 \u2013 20 Nov 2026" in page.main.one("figure").all("svg")[0].text
    assert as_alice.get("/summary").json()["results"][0].keys() == {
        *("currency", "from", "to", "income", "expense", "net", "count")
    }
    assert not Browser(outsider).get("/summary").main.all("table")


def preset(page: Page, text: str) -> str:
    """Return the URL of the first link of that text beside the dates or the comparison."""
    return next(link["href"] for link in page.main.all("a") if link.text == text)


def test_the_year_so_far_is_compared_with_the_same_days(alice: User, two_books: None) -> None:
    """What came after them last year, and what is entered for later this year, counts on neither side."""
    ExpenseFactory.create(owner=alice, date=on("2025-11-20"), amount=1)
    ExpenseFactory.create(owner=alice, date=on("2025-11-21"), amount=500)
    ExpenseFactory.create(owner=alice, date=on("2026-11-21"), amount=900)
    browser = Browser(alice)

    page = browser.get("/summary")

    dollars = next(table for table in page.main.all("table") if "USD" in table.text)
    assert [sums(cell) for cell in cells(dollars.one("tfoot").one("tr"))] == [[100, 0], [-40, -8], [60, -8]]
    assert sums(cells(rows(dollars)[-1])[1]) == [-30, -1]  # November
    chip = page.main.one("span", class_="steps").one("a", class_="chip")
    assert chip.text.startswith("2026 so far")
    assert [link.text for link in page.main.one("span", class_="presets").all("a", aria_current="true")] == [
        "This year"
    ]
    assert preset(page, "This year").endswith("date_before=2026-11-20")
    assert preset(page, "This month").endswith("date_after=2026-11-01&date_before=2026-11-20")
    assert preset(page, "Last year").endswith("date_before=2025-12-31")
    whole = browser.get(preset(page, "Show all of 2026"))
    dollars = next(table for table in whole.main.all("table") if "USD" in table.text)
    assert sums(cells(dollars.one("tfoot").one("tr"))[1]) == [-940]
    assert "so far" not in whole.main.text


def test_a_year_that_is_over_is_compared_as_a_whole(alice: User, two_books: None) -> None:
    page = Browser(alice).get("/summary?group_by=month&compare=year&date_after=2025-01-01&date_before=2025-12-31")

    assert "a year before: January 2024 \u2013 December 2024." in page.main.text
    assert not [link for link in page.main.all("a") if link.text.startswith(("Show all of", "Compare the days"))]


@pytest.mark.parametrize("compare", ["year", "previous"])
def test_dates_that_are_not_over_say_so(compare: str, alice: User, two_books: None) -> None:
    browser = Browser(alice)
    page = browser.get(f"/summary?group_by=month&compare={compare}&{YEAR}")
    assert "These days are not over yet." in page.main.text

    page = browser.get(preset(page, "Compare the days up to today"))

    assert "These days are not over yet." not in page.main.text
    assert fields(page.main.one("form"))["date_before"] == "2026-11-20"


def test_json_compares_all_days_that_are_asked_for(as_alice: APIClient, two_books: None) -> None:
    total = as_alice.get(f"/summary?compare=year&currency=USD&{YEAR}").json()["total"][0]

    assert (total["previous"]["from"], total["previous"]["to"]) == ("2025-01-01", "2025-12-31")


def test_its_chart_ends_with_this_month_unless_there_is_something_after_it(alice: User, two_books: None) -> None:
    def months() -> list[str]:
        drawing = Browser(alice).get(f"/summary?group_by=month&{YEAR}").main.one("figure").all("svg")[0]
        return [text.text for text in drawing.all("text") if text.text in ("Oct", "Nov", "Dec")]

    assert months() == ["Oct", "Nov"]

    ExpenseFactory.create(owner=alice, date=on("2026-12-01"), amount=1)

    assert months() == ["Oct", "Nov", "Dec"]


def test_each_grouping_has_a_word() -> None:
    assert list(NAMES) == list(GROUPINGS)


def test_its_selects_are_in_words_and_take_two_groupings(alice: User, two_books: None) -> None:
    browser = Browser(alice)
    form = browser.get("/summary").main.one("form")
    across, down, beside = form.all("select")[:3]
    assert [option.text for option in across.all("option")][1:4] == ["Days", "Weeks", "Months"]
    assert [one.one("option", selected="").text for one in (across, beside)] == ["Months", "a year before"]
    assert fields(form)["date_after"] == "2026-01-01"

    page = browser.get(f"/summary?group_by=category&group_by=month&{YEAR}&compare=")

    assert [one.one("option", selected="").text for one in page.main.one("form").all("select")[:2]] == [
        "Categories",
        "Months",
    ]
    assert down["name"] == across["name"] == "group_by"
    for wrong in ("group_by=month&group_by=month", "group_by=month&group_by=year&group_by=type", "group_by=x"):
        assert len(browser.get(f"/summary?{wrong}", 400).main.all("div", role="alert")) == 1


def test_json_takes_one_parameter_for_the_groupings(as_alice: APIClient) -> None:
    assert as_alice.get("/summary?group_by=category&group_by=month").status_code == 400


def test_two_groupings_are_a_pivot_table(alice: User, two_books: None, as_alice: APIClient) -> None:
    page = Browser(alice).get(f"/summary?group_by=category,month&{YEAR}")

    dollars, yen = page.main.all("table", class_="pivot")
    assert [head.text for head in dollars.one("thead").all("th")] == ["Categories", "Oct 2026", "Nov 2026", "Total"]
    assert [texts(row) for row in rows(dollars)] == [
        ["Food", "", "\u221230.00", "\u221230.00"],
        ["Without a category", "\u221210.00", "+100.00", "+90.00"],
    ]
    assert texts(dollars.one("tfoot").one("tr")) == ["Total", "\u221210.00", "+70.00", "+60.00"]
    assert texts(rows(yen)[0]) == ["Food", "\u22121,200", "\u22121,200"]
    for link in dollars.all("a"):
        assert net(as_alice, link["href"]) == number(link.text.removeprefix("+"))


@pytest.mark.parametrize("group_by", ["month", "category,month"])
def test_what_is_shown_can_be_downloaded(group_by: str, alice: User, two_books: None, as_bob: APIClient) -> None:
    browser = Browser(alice)
    page = browser.get(f"/summary?group_by={group_by}&{YEAR}")

    links = {link.text: link["href"] for link in page.main.one("div", class_="downloads").all("a")}

    assert list(links) == ["CSV", "Excel"]
    content = b"".join(browser.client.get(links["CSV"])).decode()
    assert "60.00" in content if "," in group_by else "-30.00" in content
    assert ("Total" in content) == ("," in group_by)
    assert b"-30.00" not in b"".join(as_bob.get(links["CSV"]))
    assert b"".join(browser.client.get(links["Excel"])).startswith(b"PK")


def test_too_many_columns_are_a_list(alice: User) -> None:
    for index in range(MOST_COLUMNS + 1):
        ExpenseFactory.create(owner=alice, date=on("2026-01-01") + datetime.timedelta(days=index), amount=1)

    page = Browser(alice).get("/summary?group_by=category,day")

    assert not page.main.all("table", class_="pivot")
    assert len(rows(page.main.one("table"))) == MOST_COLUMNS + 1
    assert [head.text for head in page.main.one("thead").all("th")][:2] == ["Categories", "Days"]


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("day", ["2 Oct 2026", "1 Nov 2026", "2 Nov 2026"]),
        ("week", ["Week 40, 2026", "Week 44, 2026", "Week 45, 2026"]),
        ("month", ["October 2026", "November 2026"]),
        ("quarter", ["Q4 2026"]),
        ("year", ["2026"]),
        ("category", ["Food", "Without a category"]),
        ("type", ["Expense", "Income"]),
    ],
)
def test_each_grouping_is_written_in_words_and_leads_to_its_records(
    name: str, labels: list[str], alice: User, two_books: None, as_alice: APIClient, as_bob: APIClient
) -> None:
    page = Browser(alice).get(f"/summary?group_by={name}&{YEAR}&currency=USD")

    table = page.main.one("table")
    assert [row.one("th").text for row in rows(table)] == labels
    assert bool(page.main.all("figure")) == (name in ("month", "year", "category"))
    for row in (*rows(table), table.one("tfoot").one("tr")):
        for link in row.all("a"):
            assert net(as_alice, link["href"]) == number(link.text.removeprefix("+"))
    assert as_bob.get(table.all("a")[0]["href"]).json().get("results", []) == [] or name != "category"


def test_the_bars_and_shares_are_of_the_expenses(alice: User, two_books: None) -> None:
    page = Browser(alice).get(f"/summary?group_by=category&{YEAR}&currency=USD")

    found = rows(page.main.one("table"))
    assert [row.one("td", class_="percent").text for row in found] == ["Share of expenses 75%", "Share of expenses 25%"]
    assert [row.one("rect")["width"] for row in found] == ["100.0", "33.3"]
    assert "style" not in {name for node in page.main.all("rect") for name in node.attributes}


def test_what_is_filtered_stays_in_links_dates_and_chips(alice: User, two_books: None) -> None:
    page = Browser(alice).get(f"/summary?group_by=month&category=Food&{YEAR}")

    assert [chip.text for chip in page.main.one("ul", class_="chips").all("li")] == [
        "Category: Food \u00d7, remove this filter"
    ]
    last_year = next(link for link in page.main.all("a") if link.text == "Last year")
    query = parse_qs(urlsplit(last_year["href"]).query)
    assert query == {
        "group_by": ["month"],
        "category": ["Food"],
        "date_after": ["2025-01-01"],
        "date_before": ["2025-12-31"],
    }
    for link in page.main.all("table")[0].all("a"):
        assert parse_qs(urlsplit(link["href"]).query)["category"] == ["Food"]


@pytest.mark.parametrize(("others", "is_linked"), [(1, True), (60, False)])
def test_many_filters_are_not_repeated_beside_each_sum(others: int, is_linked: bool, alice: User) -> None:
    names = [f"Category {number}" for number in range(others)]
    for name in names:
        CategoryFactory.create(owner=alice, name=name)
    for day in range(3):
        ExpenseFactory.create(owner=alice, date=datetime.date(2026, 1, 1 + day))

    page = Browser(alice).get("/summary?" + urlencode({"group_by": "day", "exclude_category": names}, doseq=True))

    body = page.main.one("table").one("tbody")
    assert body.text.count("50.00") == 6  # the expense and the net of each day
    assert bool(body.all("a")) == is_linked


def test_a_mistake_keeps_what_was_chosen(alice: User, two_books: None) -> None:
    page = Browser(alice).get("/summary?group_by=category&group_by=month&amount_min=x", 400)

    assert page.errors().keys() == {"amount_min"}
    assert [one.one("option", selected="").text for one in page.main.one("form").all("select")[:2]] == [
        "Categories",
        "Months",
    ]


amounts = st.integers(1 - 10**13, 10**13 - 1).filter(bool).map(lambda cents: Decimal(cents).scaleb(-2))
dates = st.dates(on("2025-06-01"), on("2026-12-31"))
ledgers = st.lists(st.tuples(st.sampled_from([0, 0, 1]), amounts, dates), min_size=3, max_size=12)


@reaches(shown=40)
def test_the_numbers_are_those_of_the_owners_rows(alice: User, bob: User) -> None:
    browser, client = Browser(alice), client_of(alice)

    @given(ledgers, st.sampled_from(["month", "quarter", "week", "day", "month,type", "type,quarter"]))
    def check(ledger: list[Any], group_by: str) -> None:
        Transaction.objects.all().delete()
        Transaction.objects.bulk_create(
            Transaction(
                owner=(alice, bob)[owner],
                type="INCOME" if amount > 0 else "EXPENSE",
                description="x",
                amount=amount,
                currency="USD",
                date=date,
            )
            for owner, amount, date in ledger
        )
        own = [(amount, date) for owner, amount, date in ledger if owner == 0 and date.year == 2026]
        page = browser.get(f"/summary?group_by={group_by}&{YEAR}")
        if not own:
            assert not page.main.all("table")
            return
        reached("shown")
        foot = page.main.one("tfoot").one("tr")
        last = foot.all("td")[-1] if page.main.all("table", class_="pivot") else foot.one("td", class_="net")
        assert sums(last) == [sum(amount for amount, _date in own)]
        for link in page.main.one("table").all("a"):
            query = {name: values[0] for name, values in parse_qs(urlsplit(link["href"]).query).items()}
            kinds: dict[str, Callable[[Decimal], bool]] = {
                "INCOME": lambda amount: amount > 0,
                "EXPENSE": lambda amount: amount < 0,
            }
            path = {"/incomes": "INCOME", "/expenses": "EXPENSE"}.get(urlsplit(link["href"]).path, query.get("type"))
            wanted = [
                amount
                for amount, date in own
                if on(query["date_after"]) <= date <= on(query["date_before"]) and (not path or kinds[path](amount))
            ]
            assert number(link.text.removeprefix("+")) == sum(wanted, Decimal(0))
        link = page.main.one("table").all("a")[0]
        assert net(client, link["href"]) == number(link.text.removeprefix("+"))

    check()


def test_another_owner_sees_none_of_it(alice: User, bob: User, two_books: None) -> None:
    books.fill(bob)
    page: Page = Browser(alice).get(f"/summary?group_by=category,month&{YEAR}")

    assert "secret" not in page.main.text
    assert "Work" not in page.main.text
