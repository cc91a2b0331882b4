"""What people come for, from the start page on, counted in clicks."""

import datetime

import pytest
from playwright.sync_api import Locator, expect

from transactions.tests.e2e.conftest import NARROW, Visit, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.live]


class Clicks:
    """Clicks, which are counted."""

    def __init__(self, visitor: Visitor) -> None:
        self.number = 0
        self.page = visitor.page
        visitor.open("/", "This month")

    def on(self, target: Locator) -> None:
        self.number += 1
        target.click()


@pytest.fixture
def clicks(at_demo: Visitor) -> Clicks:
    return Clicks(at_demo)


def test_a_coffee_today(clicks: Clicks) -> None:
    page, spent = clicks.page, clicks.page.locator(".figures li").nth(1).locator("strong")
    before = spent.inner_text()

    clicks.on(page.get_by_label("Description"))
    page.keyboard.type("A coffee")
    page.keyboard.press("Tab")
    page.keyboard.type("4.20")
    clicks.on(page.get_by_role("button", name="Add expense"))

    expect(page.get_by_role("status")).to_contain_text("A coffee")
    expect(page.get_by_role("heading", level=1)).to_have_text("This month")
    assert spent.inner_text() != before
    assert clicks.number <= 3


def test_last_months_groceries_and_their_total(clicks: Clicks) -> None:
    page = clicks.page
    clicks.on(page.get_by_role("link", name="All categories of last month"))
    clicks.on(page.get_by_role("row", name="Groceries").locator(".expense a"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Expenses")
    last = datetime.datetime.now(tz=datetime.UTC).date().replace(day=1) - datetime.timedelta(days=1)
    expect(page.locator(".steps .chip")).to_contain_text(f"{last:%B %Y}")
    expect(page.locator(".totals")).to_contain_text("USD")
    assert set(page.locator("tbody .category").all_inner_texts()) == {"Groceries"}
    assert clicks.number == 2


def test_where_it_went_this_year(clicks: Clicks) -> None:
    clicks.on(clicks.page.get_by_role("link", name="Where it went this year"))

    expect(clicks.page.locator("figure svg:visible").get_by_text("Expenses by category").last).to_be_visible()
    assert clicks.number == 1


def test_this_year_against_last_year(clicks: Clicks) -> None:
    clicks.on(clicks.page.get_by_role("link", name="This year against last year"))

    today = datetime.datetime.now(tz=datetime.UTC).date()
    expect(clicks.page.locator("figure svg:visible")).to_contain_text(f"{today.year} and {today.year - 1}")
    assert clicks.number <= 2


def test_a_download_for_excel(clicks: Clicks) -> None:
    page = clicks.page
    clicks.on(page.get_by_role("link", name="All transactions"))
    with page.expect_download() as download:
        clicks.on(page.get_by_role("link", name="Excel"))

    assert download.value.suggested_filename.endswith(".xlsx")
    assert clicks.number == 2


def test_a_download_for_another_program(clicks: Clicks) -> None:
    page = clicks.page
    clicks.on(page.get_by_role("link", name="All transactions"))
    menu, link = page.locator(".downloads summary"), page.get_by_role("link", name="hledger")
    menu.press("Enter")
    expect(link).to_be_visible()
    link.press("Escape")
    expect(link).to_be_hidden()
    expect(menu).to_be_focused()
    menu.press("Enter")
    page.get_by_role("heading", level=1).click()
    expect(link).to_be_hidden()
    clicks.on(menu)
    with page.expect_download() as download:
        clicks.on(link)

    assert download.value.suggested_filename == "transactions.journal"
    assert clicks.number == 3


def test_the_same_again(clicks: Clicks) -> None:
    page = clicks.page
    entry = page.locator(".newest li").first.locator("a")
    name = entry.inner_text()
    clicks.on(entry)
    clicks.on(page.get_by_role("button", name="The same again today"))

    expect(page.get_by_role("status")).to_contain_text(name)
    assert clicks.number == 2


def test_the_form_is_filled_by_the_keyboard_alone(at_demo: Visitor) -> None:
    at_demo.open("/", "This month")
    page, keyboard = at_demo.page, at_demo.page.keyboard
    for _press in range(40):
        keyboard.press("Tab")
        if page.get_by_label("Description").evaluate("node => node === document.activeElement"):
            break
    keyboard.type("Bus")
    keyboard.press("Tab")
    keyboard.type("2.60")
    keyboard.press("Enter")  # which adds an expense

    expect(page.get_by_role("status")).to_contain_text("Bus")
    expect(page.locator(".newest li").filter(has_text="Bus")).to_contain_text("\u22122.60")


def test_on_a_telephone_nothing_is_cut(visit: Visit) -> None:
    visitor = visit(NARROW)
    visitor.page.goto("/api-auth/login/")
    visitor.log_in("demo", "demo")
    for place in ("/", "/summary", "/summary?group_by=category", "/summary?group_by=category,month"):
        visitor.page.goto(place)
        width = visitor.page.evaluate("document.documentElement.scrollWidth")
        assert width == NARROW[0], place
        cut = visitor.page.evaluate(
            "[...document.querySelectorAll('main td, main strong')].filter(one => one.checkVisibility()"
            " && one.getBoundingClientRect().right > innerWidth && !one.closest('.pivot')).length"
        )
        assert cut == 0, place
