"""The start page of who is signed in: its numbers, its links and its form, of the owner's rows alone."""

import datetime
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Node, Page, fields
from cashman_project.db.tests.sql import text_of
from reports.services.accounts import balances_at
from transactions.models import Transaction
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

TODAY = datetime.date(2026, 11, 20)
MOST_BYTES = 60_000


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda user: TODAY)


def on(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def number(text: str) -> Decimal:
    """Return the first number in the text."""
    [first, *_others] = [word for word in text.replace("\u2212", "-").replace(",", "").split() if word[-1].isdigit()]
    return Decimal(first)


def figures(page: Page) -> dict[str, tuple[Decimal, str]]:
    """Return each figure and the words below it."""
    cards = page.main.one("ul", class_="figures").all("li")
    return {card.one("a").text: (number(card.one("strong").text), card.all("span")[0].text) for card in cards}


def shares(page: Page) -> list[list[str]]:
    rows = page.main.one("table", class_="shares").one("tbody").all("tr")
    return [[cell.text for tag in ("th", "td") for cell in row.all(tag)] for row in rows]


def net(client: APIClient, link: str) -> Decimal:
    """Return the sum of the records that a link leads to."""
    parts = urlsplit(link)
    assert parts.path in ("/transactions", "/incomes", "/expenses")
    return sum((Decimal(row["amount"]) for row in client.get(f"{link}&page_size=500").json()["results"]), Decimal(0))


@pytest.fixture
def books(alice: User, bob: User) -> None:
    """Alice has rows this month and last month; bob has others on the same days."""
    food, fun = (CategoryFactory.create(owner=alice, name=name) for name in ("Food", "Fun"))
    for date, amount, category in (
        ("2026-11-20", "30", food),
        ("2026-11-02", "70", fun),
        ("2026-11-02", "1.50", None),
        ("2026-11-21", "900", fun),  # later this month
        ("2026-10-20", "50", food),
        ("2026-10-21", "8", food),  # in last month, after the same days
    ):
        ExpenseFactory.create(owner=alice, date=on(date), amount=Decimal(amount), category=category)
    IncomeFactory.create(owner=alice, date=on("2026-11-01"), amount=1000)
    IncomeFactory.create(owner=alice, date=on("2026-10-01"), amount=1200)
    ExpenseFactory.create(owner=alice, date=on("2026-11-03"), amount=1200, currency="JPY", description="ramen")
    secret = CategoryFactory.create(owner=bob, name="secret")
    for date in ("2026-11-02", "2026-10-02"):
        ExpenseFactory.create(owner=bob, date=on(date), amount=Decimal("77.77"), category=secret, description="secret")


def test_this_month_is_compared_with_the_same_days_of_last_month(alice: User, books: None) -> None:
    page = Browser(alice).get("/")

    assert (
        page.main.one("p", class_="compared").text
        == "1 Nov 2026 \u2013 20 Nov 2026, compared with 1 Oct 2026 \u2013 20 Oct 2026"
    )
    found = figures(page)
    assert {name: amount for name, (amount, _words) in found.items()} == {
        "Income": 1000,
        "Expense": Decimal("101.50"),
        "Left over": Decimal("898.50"),
    }
    words = [words.split()[:4] for _amount, words in found.values()]
    assert [(arrow, number(change), word) for arrow, change, word, _than in words] == [
        ("\u2193", 200, "less"),
        ("\u2191", Decimal("51.50"), "more"),
        ("\u2193", Decimal("251.50"), "less"),
    ]
    assert [number(words.partition(" than ")[2]) for _amount, words in found.values()] == [1200, 50, 1150]


def test_what_is_later_this_month_and_other_currencies_are_told_apart(alice: User, books: None) -> None:
    page = Browser(alice).get("/")

    lines = [node.text for node in page.main.all("p", class_="muted")]
    assert [number(line) for line in lines if "rest of this month" in line] == [-900]
    assert [number(line.partition("expense")[2]) for line in lines if line.startswith("In JPY: income ")] == [-1200]
    assert "JPY" not in page.main.one("ul", class_="figures").text


def test_the_categories_of_this_month_and_of_last_month_lead_to_their_records(
    alice: User, books: None, as_alice: APIClient, as_bob: APIClient
) -> None:
    page = Browser(alice).get("/")

    assert [[name, *map(number, row)] for name, *row in shares(page) if "\u2013" not in row] == [["Food", 30, 58]]
    assert [[name, number(now), last] for name, now, last in shares(page) if last == "\u2013"] == [
        ["Fun", 70, "\u2013"],
        ["Without a category", Decimal("1.50"), "\u2013"],
    ]
    assert [row[0] for row in shares(page)] == ["Fun", "Food", "Without a category"]
    assert [row[1].split()[1] for row in shares(page)] == ["69%", "30%", "1.5%"]
    widths = [row.one("rect")["width"] for row in page.main.one("table").one("tbody").all("tr")]
    assert widths == ["100.0", "42.9", "2.1"]
    links = [link["href"] for link in page.main.one("table").one("tbody").all("a")]
    assert [net(as_alice, link) for link in links] == [-70, -30, -58, Decimal("-1.50")]
    assert as_bob.get(links[0]).status_code == 400  # bob has no such category


def test_each_figure_leads_to_its_records(alice: User, books: None, as_alice: APIClient, as_bob: APIClient) -> None:
    page = Browser(alice).get("/")

    links = [link["href"] for link in page.main.one("ul", class_="figures").all("a")]
    assert [net(as_alice, link) for link in links] == [1000, Decimal("-101.50"), Decimal("898.50")]
    assert [net(as_bob, link) for link in links] == [0, Decimal("-77.77"), Decimal("-77.77")]
    later, yen = (link["href"] for node in page.main.all("p", class_="muted")[1:3] for link in node.all("a"))
    assert [net(as_alice, later), net(as_alice, yen)] == [-900, -1200]


def test_the_newest_entries_are_those_up_to_today(alice: User, books: None) -> None:
    page = Browser(alice).get("/")

    rows = page.main.one("ul", class_="newest").all("li")
    assert len(rows) == 7
    assert number(rows[0].one("span", class_="number").text) == -30
    assert rows[0].text.startswith("pizza")
    assert "900" not in page.main.one("ul", class_="newest").text
    assert urlsplit(rows[0].one("a")["href"]).query == "_next=%2F"
    back = Browser(alice).get(rows[0].one("a")["href"]).main.one("p", class_="back").one("a")
    assert back["href"] == "/"


def test_the_last_twelve_months_are_drawn(alice: User, books: None) -> None:
    page = Browser(alice).get("/")

    wide, narrow = page.main.one("figure").all("svg", role="img")
    assert "December 2025 \u2013 November 2026" in wide.text
    assert "2,200.00" in wide.text  # income
    assert "\u22121,059.50" in wide.text
    assert narrow["width"] == "360"


def test_nobody_sees_what_is_anothers(alice: User, bob: User, outsider: User, books: None) -> None:
    own = Browser(alice).get("/").main.text

    assert "secret" not in own
    assert "77.77" not in own
    assert "secret" in Browser(bob).get("/").main.text
    stranger = Browser(outsider).get("/").main
    assert not stranger.all("table")
    assert "Food" not in stranger.text + Browser().get("/").main.text


def test_a_new_user_is_shown_three_steps(outsider: User) -> None:
    browser = Browser(outsider)
    page = browser.get("/")

    assert page.main.one("h1").text == "Welcome, outsider"
    steps = page.main.one("ol").all("li")
    assert len(steps) == 3
    assert [link["href"] for step in steps for link in step.all("a")] == ["/imports", "/categories", "/summary"]
    assert not page.main.all("svg") + page.main.all("table")
    response = browser.send(steps[0].one("form"), description="coffee", amount="3")
    assert response["Location"] == "/"


def test_who_only_has_later_entries_is_not_new(alice: User) -> None:
    ExpenseFactory.create(owner=alice, date=on("2026-12-01"))

    page = Browser(alice).get("/")

    assert page.main.one("h1").text == "This month"
    assert {amount for amount, _words in figures(page).values()} == {0}
    assert {words for _amount, words in figures(page).values()} == {"= as much as last month"}
    assert not page.main.all("table")
    assert page.main.one("p", class_="empty").text == "Nothing was spent this month or last month."


# -- The form ---------------------------------------------------------------------------------


def quick(page: Page) -> Node:
    return page.main.one("form", class_="quick")


def test_the_form_needs_neither_type_nor_currency(alice: User, books: None) -> None:
    browser = Browser(alice)
    form = quick(browser.get("/"))
    assert {name for name in fields(form) if name[0] != "_"} == {
        *("csrfmiddlewaretoken", "description", "amount", "category", "date")
    }
    assert fields(form)["date"] == "2026-11-20"

    page = browser.follow(browser.send(form, description="coffee", amount="4.20", category="Food"))

    assert page.main.one("p", role="status").text == "Saved: 20 Nov 2026 coffee"
    row = Transaction.objects.get(description="coffee")
    assert (row.owner, row.type, row.amount, row.currency) == (alice, "EXPENSE", Decimal("-4.20"), "USD")
    assert row.category is not None
    assert row.category.name == "Food"
    assert figures(page)["Expense"][0] == Decimal("105.70")


def test_the_other_button_adds_an_income(alice: User, books: None) -> None:
    browser = Browser(alice)
    form = quick(browser.get("/"))
    expense, income = form.all("button")
    assert (expense.text, income.text) == ("Add expense", "Add income")
    assert (form["action"], income["formaction"]) == ("/expenses", "/incomes")
    form.attributes["action"] = income["formaction"]

    browser.follow(browser.send(form, description="lottery", amount="7"))

    assert Transaction.objects.get(description="lottery").amount == 7


def test_sent_twice_the_form_adds_one_row(alice: User, books: None) -> None:
    browser = Browser(alice)
    form = quick(browser.get("/"))

    for _time in range(2):
        browser.follow(browser.send(form, description="coffee", amount="4.20"))

    assert Transaction.objects.filter(description="coffee").count() == 1


def test_a_mistake_is_shown_with_what_was_typed_and_then_saved(alice: User, books: None) -> None:
    browser = Browser(alice)

    page = Page(browser.send(quick(browser.get("/")), description="coffee", amount="nothing", category="Food"))

    assert page.errors().keys() == {"amount"}
    form = page.main.one("form")
    sent = fields(form)
    assert (sent["description"], sent["category"], sent["_next"]) == ("coffee", "Food", "/")
    assert urlsplit(browser.send(form, amount="3")["Location"]).path == "/"
    assert not Transaction.objects.filter(description="coffee").exclude(owner=alice).exists()


def test_it_suggests_what_the_owner_has_written_before(alice: User, books: None) -> None:
    form = quick(Browser(alice).get("/"))

    described, categories = form.all("datalist")
    assert {option["value"] for option in described.all("option")} == {"pizza", "ramen", "salary"}
    assert {option["value"] for option in categories.all("option")} == {"Food", "Fun"}


def test_a_category_can_be_made_while_recording(alice: User, bob: User, books: None) -> None:
    browser = Browser(alice)

    browser.follow(browser.send(quick(browser.get("/")), description="coffee", amount="3", category="secret"))

    row = Transaction.objects.get(description="coffee")
    assert row.category is not None
    assert (row.category.owner, row.category.name) == (alice, "secret")  # bob's own is another one


# -- Days, costs and JSON ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "moment", "month"),
    [
        ("Pacific/Auckland", "2026-11-30T11:30:00+00:00", "2026-12"),
        ("America/New_York", "2026-12-01T04:30:00+00:00", "2026-11"),
        ("UTC", "2026-11-30T23:59:59+00:00", "2026-11"),
        ("UTC", "2026-12-01T00:00:00+00:00", "2026-12"),
    ],
)
def test_the_month_is_that_of_the_users_time_zone(
    zone: str, moment: str, month: str, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime.datetime.fromisoformat(moment))
    alice.time_zone = zone
    alice.save()
    for date, amount in (("2026-11-30", 11), ("2026-12-01", 12)):
        ExpenseFactory.create(owner=alice, date=on(date), amount=amount)

    page = Browser(alice).get("/")

    assert figures(page)["Expense"][0] == int(month[-2:])
    assert fields(quick(page))["date"] == {"2026-11": "2026-11-30", "2026-12": "2026-12-01"}[month]


@pytest.mark.parametrize(
    ("today", "compared"),
    [
        ("2026-03-31", "March 2026, compared with February 2026"),
        ("2026-02-28", "February 2026, compared with 1 Jan 2026 \u2013 28 Jan 2026"),
        ("2026-01-01", "1 Jan 2026, compared with 1 Dec 2025"),
    ],
)
def test_months_of_other_lengths_are_compared_as_far_as_they_go(
    today: str, compared: str, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "today", lambda user: on(today))
    ExpenseFactory.create(owner=alice, date=on("2025-12-01"))

    assert Browser(alice).get("/").main.one("p", class_="compared").text == compared


def test_a_program_and_who_is_not_signed_in_get_the_links(alice: User, books: None, as_alice: APIClient) -> None:
    assert as_alice.get("/").json()["expenses"] == "http://testserver/expenses"
    browser = Browser(alice)
    assert browser.client.get("/", headers={"Accept": "application/json"}).json() == as_alice.get("/").json()
    assert browser.client.get("/?page=2").status_code == 400
    assert not Browser().get("/").main.all("form")


def test_every_query_names_the_owner_and_the_page_is_light(alice: User, bob: User, books: None) -> None:
    for index in range(60):
        category = CategoryFactory.create(owner=alice, name=f"Category {index}")
        ExpenseFactory.create(owner=alice, date=TODAY, amount=index + 1, category=category, description="d" * 200)
    browser = Browser(alice)

    with CaptureQueriesContext(connection) as queries:
        response: Any = browser.client.get("/")

    asked = [text_of(query["sql"]) for query in queries if "transactions_" in text_of(query["sql"])]
    assert len(asked) == 9
    assert all('"owner_id" =' in query for query in asked)
    page = Page(response)
    assert len(shares(page)) == 7
    drawings = sum(len(part) for part in response.content.decode().split("<svg xmlns")[1:])
    assert len(response.content) - drawings < MOST_BYTES
    assert len(response.content) < MOST_BYTES


def test_what_is_in_all_accounts_is_exact_at_each_end_of_a_month(alice: User, bob: User) -> None:
    random = Random(5)  # nothing secret
    day = datetime.timedelta(days=1)
    openings: dict[Any, Any] = {}
    for owner in (alice, bob):
        for number in range(4):
            opened = TODAY - random.randrange(500) * day
            opening = {"opening_date": opened, "opening_balance": Decimal(random.randrange(900))} if number else {}
            account = AccountFactory.create(owner=owner, name=f"Bank {number}", archived=number == 3, **opening)
            openings[account] = (account.opening_date, account.opening_balance or Decimal(0))
            for _row in range(12):
                date = TODAY + (random.randrange(540) - 500) * day
                factory = random.choice([IncomeFactory, ExpenseFactory])
                factory.create(owner=owner, account=account, date=date, amount=random.randrange(1, 99))
    ExpenseFactory.create(owner=alice, date=TODAY, amount=1_000)  # of no account

    def balance(account: Any, at: datetime.date) -> Decimal:
        opened, start = openings[account]
        rows = Transaction.objects.filter(account=account).values_list("date", "amount")
        sums = [sum((amount for date, amount in rows if date <= until), Decimal(0)) for until in (at, opened or at)]
        return start + sums[0] - sums[1] if opened else sums[0]

    own = [account for account in openings if account.owner == alice]
    ends = [TODAY]
    while len(ends) < 12:
        ends.append(ends[-1].replace(day=1) - day)
    ends.reverse()

    found = balances_at(alice, [account.pk for account in own], ends)

    assert found == {account.pk: [int(balance(account, end) * 10_000) for end in ends] for account in own}
    browser = Browser(alice)
    assert [link.text for link in browser.get("/").main.one("table", class_="accounts").all("a")] == [
        "Bank 0",
        "Bank 1",
        "Bank 2",
    ]
