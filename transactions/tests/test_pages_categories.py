"""The pages of categories: their year, their line, their chart and their transactions."""

import datetime
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashman_project.api.tests.pages import Browser, Page
from cashman_project.money.amounts import EXACT, UNITS
from cashman_project.money.formats import readable_amount
from transactions.category_pages import HEIGHT, SHOWN, WIDTH, line
from transactions.models import Category, Transaction
from transactions.services.categories import category_years
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.shares import cases, reached, reaches
from transactions.tests.strategies import sizes
from users.models import User

TODAY = datetime.date(2026, 3, 15)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda _user: TODAY)


def points(page: Page, name: str) -> str:
    [row] = [row for row in page.main.one("tbody").all("tr") if row.one("td", class_="main").text == name]
    lines = row.all("polyline")
    return lines[0]["points"] if lines else ""


drawn_rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.integers(-600, 330),  # days from today
        st.sampled_from(["USD", "USD", "JPY"]).flatmap(lambda code: st.tuples(st.just(code), sizes(code))),
        st.booleans(),
    ),
    max_size=25,
)


@reaches(several=25)
@settings(max_examples=cases(50))
@given(drawn=drawn_rows)
def test_the_year_of_a_category_is_exact(drawn: list[Any], alice: User, bob: User, outsider: User) -> None:
    Transaction.objects.all().delete()
    Category.objects.all().delete()
    categories = {
        (owner, name): CategoryFactory.create(owner=owner, name=name) for owner in (alice, bob) for name in "ab"
    }
    rows = []
    for owner in (alice, bob):
        for name, days, (currency, amount), is_income in drawn:
            row = Transaction(owner=owner, type="INCOME" if is_income else "EXPENSE", description="x")
            row.amount, row.currency = amount if is_income else amount.copy_negate(), currency
            row.date, row.category = TODAY + datetime.timedelta(days=days), categories.get((owner, name))
            rows.append(row)
    Transaction.objects.bulk_create(rows)
    of_alice: dict[Any, list[Transaction]] = defaultdict(list)
    for row in rows:
        if row.owner == alice and row.category:
            of_alice[row.category.pk].append(row)

    found = category_years(alice, [categories[alice, name].pk for name in "ab"])

    for pk, own in of_alice.items():
        this_year = [row for row in own if row.date.year == 2026]
        months = [_units(row for row in own if _month(row.date) == 11 - back) for back in range(11, -1, -1)]
        if this_year or any(_month(row.date) in range(12) for row in own):
            assert found[pk].count == len(this_year)
            assert found[pk].units == _units(this_year)
            assert found[pk].months == months
    if len(of_alice) > 1:
        reached("several")
    assert not category_years(outsider, [category.pk for category in categories.values()])


def _month(date: datetime.date) -> int:
    """Return which of the last twelve months the date is in, counted from 0; another number if in none."""
    return 11 - (TODAY.year * 12 + TODAY.month - date.year * 12 - date.month)


def _units(rows: Any) -> int:
    total = Decimal(0)
    for row in rows:
        total = EXACT.add(total, row.amount) if row.currency == "USD" else total
    return int(EXACT.multiply(total, UNITS))


def test_the_list_has_the_year_of_each_category(alice: User, bob: User, outsider: User) -> None:
    for owner in (alice, bob):
        food = CategoryFactory.create(owner=owner, name="Food")
        ExpenseFactory.create(owner=owner, category=food, amount=Decimal("1234.5"), date=datetime.date(2026, 1, 1))
        ExpenseFactory.create(owner=owner, category=food, amount=Decimal("0.5"), date=datetime.date(2026, 12, 31))
        ExpenseFactory.create(owner=owner, category=food, date=datetime.date(2025, 12, 31))
        yen = CategoryFactory.create(owner=owner, name="Yen")
        ExpenseFactory.create(owner=owner, category=yen, currency="JPY", date=datetime.date(2026, 2, 1))
        CategoryFactory.create(owner=owner, name="None")

    page = Browser(alice).get("/categories")

    assert [cell.text for cell in page.main.one("thead").all("th")][2:] == ["Transactions 2026", "Sum 2026"]
    assert page.rows() == [
        ["Food", "", "2", "\u22121,235.00 USD"],
        ["None", "", "0", "—"],
        ["Yen", "", "1", "in other currencies"],
    ]
    assert [len(points(page, name).split()) for name in ("Food", "None", "Yen")] == [12, 0, 0]
    assert not Browser(outsider).get("/categories").main.all("table")


def test_a_line_stays_in_its_picture_and_goes_up_for_more() -> None:
    assert line([0] * 12) == ""
    for months in ([1] * 12, [-1] * 12, [*range(-6, 6)], [10**30, *11 * [-1]], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -7]):
        xs, ys = zip(*(map(Decimal, point.split(",")) for point in line(months).split()), strict=True)
        assert list(xs) == sorted(xs)
        assert (xs[0], xs[-1]) == (2, WIDTH - 2)
        assert all(2 <= y <= HEIGHT - 2 for y in ys)
    spent = [Decimal(point.split(",")[1]) for point in line([-1, *10 * [-2], -4]).split()]
    assert spent[0] > spent[1] > spent[-1] == 2
    received = [Decimal(point.split(",")[1]) for point in line([1, *10 * [2], 4]).split()]
    assert received == spent


def test_a_category_shows_its_sums_its_chart_and_its_latest_transactions(alice: User, bob: User) -> None:
    for owner in (bob, alice):
        food = CategoryFactory.create(owner=owner, name="Food & drink")
        ExpenseFactory.create_batch(
            SHOWN, owner=owner, category=food, description=f"of {owner}", amount=Decimal(100), notes=""
        )
        IncomeFactory.create(owner=owner, category=food, currency="JPY", date=datetime.date(2020, 1, 1))
        ExpenseFactory.create(owner=owner, description="without")
    path = f"/categories/{food.pk}"

    page = Browser(alice).get(path)

    totals = page.main.one("div", class_="totals")
    assert totals.one("p").text == "21 transactions"
    told = [f"+{readable_amount(Decimal(5000), 'JPY')} JPY", f"{readable_amount(Decimal(-2000), 'USD')} USD"]
    assert [item.text for item in totals.all("li")] == told
    assert page.rows() == SHOWN * [["2 Nov 2026", "of alice", "\u2212100.00 USD"]]
    back = page.main.one("tbody").all("a")[0]["href"]
    assert Browser(alice).get(back).main.one("p", class_="back").one("a")["href"] == path
    picture = page.main.one("img")["src"]
    assert picture.startswith("/charts/category.svg?category=Food%20%26%20drink&")
    assert Browser(alice).client.get(picture).status_code == 200
    every = [link for link in page.main.all("a") if link.text == "All its transactions"]
    assert every[0]["href"] == "/transactions?category=Food%20%26%20drink"
    Browser(bob).get(path, 404)


def test_a_category_without_transactions_offers_to_add_one(alice: User) -> None:
    food = CategoryFactory.create(owner=alice, name="Food")
    browser = Browser(alice)

    page = browser.get(f"/categories/{food.pk}")

    link = page.main.one("p", class_="empty").one("a")
    assert link.text == "Add the first one"
    [form] = [form for form in browser.get(link["href"]).main.all("form") if form["method"] == "post"]
    assert form.one("input", name="category")["value"] == "Food"
