"""What a person does in a browser, from the log-in on."""

import pytest
from playwright.sync_api import Locator, expect

from transactions.tests.e2e.conftest import PASSWORD, Visit, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.live]


def test_books_are_kept_with_the_mouse(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    page = visitor.page
    visitor.open("/", "What comes in, what goes out")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    visitor.log_in(newcomer)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Welcome, {newcomer}")

    page.get_by_role("link", name="Add categories").click()
    page.get_by_label("Name").fill("Food")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved: Food")

    page.get_by_role("link", name="Transactions", exact=True).click()
    page.get_by_role("link", name="Expenses").click()
    page.get_by_label("Description").fill("pizza")
    page.get_by_label("Amount *").fill("12.5")
    page.get_by_label("Date").fill("2026-11-20")
    page.locator("#new-category").fill("Food")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved: 20 Nov 2026 pizza")
    assert visitor.rows() == ["20 Nov 2026 pizza Food \u221212.50 USD"]
    page.reload()  # which must not send the form once more
    assert visitor.rows() == ["20 Nov 2026 pizza Food \u221212.50 USD"]

    page.get_by_role("link", name="Incomes").click()
    page.get_by_label("Description").fill("salary")
    page.get_by_label("Amount *").fill("5000")
    page.get_by_label("Date").fill("2026-11-01")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").get_by_role("link").click()
    expect(page.locator(".amount")).to_have_text("+5,000.00 USD")

    page.get_by_role("link", name="Transactions", exact=True).click()
    page.get_by_role("link", name="pizza").click()
    page.get_by_text("Change", exact=True).click()
    page.get_by_label("Amount *").fill("13")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.get_by_role("link", name="Summary").click()
    page.get_by_label("Compare with").select_option("")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody th")).to_have_text("November 2026")
    expect(page.locator("tbody td a")).to_have_text(["5,000.00", "\u221213.00", "+4,987.00"])

    page.get_by_role("link", name="Transactions", exact=True).click()
    page.get_by_role("link", name="Expenses").click()
    page.get_by_role("link", name="pizza").click()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("status")).to_have_text("Deleted: 20 Nov 2026 pizza")
    expect(page.get_by_text("There are no expenses yet.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def test_an_expense_is_added_by_the_keyboard_alone(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    keyboard = visitor.page.keyboard
    visitor.open("/", "What comes in, what goes out")

    def go_to(target: Locator) -> None:
        """Press Tab until the target has the focus, which must be seen wherever it is."""
        visitor.page.wait_for_load_state()  # the style sheet draws the focus
        for _press in range(60):
            keyboard.press("Tab")
            width = visitor.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
            assert width == "3px", visitor.page.evaluate("document.activeElement.outerHTML")
            if target.evaluate("node => node === document.activeElement"):
                return
        raise AssertionError(f"{target} is out of the keyboard's reach")

    skip = visitor.page.get_by_role("link", name="Skip to the content")
    go_to(skip)
    expect(skip).to_be_in_viewport()
    keyboard.press("Enter")
    go_to(visitor.page.get_by_role("main").get_by_role("link", name="Sign in"))
    keyboard.press("Enter")
    expect(visitor.page.get_by_label("Name")).to_be_focused()
    keyboard.type(newcomer)
    go_to(visitor.page.get_by_label("Password"))
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(f"Welcome, {newcomer}")
    go_to(visitor.page.get_by_role("link", name="Transactions", exact=True))
    keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Transactions")
    new = visitor.page.locator(".add > summary")
    go_to(new)
    keyboard.press("Enter")  # an empty list has the form open
    expect(visitor.page.get_by_label("Description")).to_be_hidden()
    keyboard.press("Enter")
    go_to(visitor.page.get_by_role("radio", name="Expense"))
    keyboard.press("ArrowRight")
    expect(visitor.page.get_by_role("radio", name="Income")).to_be_checked()
    keyboard.press("ArrowLeft")
    expect(visitor.page.get_by_role("radio", name="Expense")).to_be_checked()
    go_to(visitor.page.get_by_label("Description"))
    keyboard.type("coffee")
    go_to(visitor.page.get_by_label("Amount *"))
    keyboard.type("4.205")
    keyboard.press("Enter")
    visitor.expected = [400]
    amount = visitor.page.get_by_label("Amount *")
    expect(amount).to_be_focused()
    expect(amount).to_have_accessible_description("Too many decimals: USD has 2.")
    keyboard.press("ControlOrMeta+a")
    keyboard.type("4.20")
    go_to(visitor.page.get_by_role("button", name="Save"))
    keyboard.press("Space")
    expect(visitor.page.get_by_role("status")).to_contain_text("coffee")
    go_to(visitor.page.get_by_role("link", name="coffee", exact=True))
    keyboard.press("Enter")
    expect(visitor.page.locator(".amount")).to_have_text("\u22124.20 USD")
    delete = visitor.page.locator("details.danger > summary")
    go_to(delete)
    keyboard.press("Space")
    go_to(visitor.page.get_by_role("button", name="Delete it"))
    keyboard.press("Enter")
    expect(visitor.page.get_by_text("There are no transactions yet.")).to_be_visible()


def test_a_list_is_paged_sorted_and_filtered(at_demo: Visitor) -> None:
    page = at_demo.page
    at_demo.open("/expenses", "Expenses")
    first = at_demo.rows()

    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("link", name="Previous")).to_be_hidden()
    assert at_demo.rows() == first
    page.get_by_role("columnheader", name="Amount").get_by_role("link").click()
    page.get_by_role("columnheader", name="Amount").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Amount")).to_have_attribute("aria-sort", "ascending")
    smallest = "14 Jun 2026 Tickets Rome 2026 Holidays Euro account \u22126.50 EUR"  # of the first currency
    assert at_demo.rows()[0] == smallest

    page.get_by_text("Filter and sort").click()
    page.get_by_label("Search").fill("kyoto")
    page.locator("#filter-category").select_option("Holidays")
    page.get_by_label("Amount from").fill("20000")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".chip")).to_have_count(3)
    assert {row.split(" ", 3)[3].rsplit(" ", 2)[0] for row in at_demo.rows()} == {"Hotel Kyoto 2025 Holidays"}
    page.get_by_text("Filter and sort").click()
    page.get_by_label("Amount from").fill("-20000")
    page.get_by_role("button", name="Show").click()
    at_demo.expected = [400]
    expect(page.get_by_label("Amount from")).to_have_accessible_description(
        "Not an absolute amount: give a number such as 12.50."
    )
    expect(page.get_by_label("Search")).to_have_value("kyoto")
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_a_category_in_use_is_deleted_after_a_second_question(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    page = visitor.page
    page.goto("/api-auth/login/?next=/categories")
    visitor.log_in(newcomer)
    page.get_by_label("Name").fill("Fun")
    page.get_by_role("button", name="Save").click()
    page.goto("/incomes")
    page.get_by_label("Description").fill("lottery")
    page.get_by_label("Amount *").fill("1000")
    page.locator("#new-category").fill("Fun")
    page.get_by_role("button", name="Save").click()

    page.get_by_role("link", name="Categories").click()
    page.get_by_role("link", name="Fun", exact=True).click()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    visitor.expected = [409]
    expect(page.get_by_role("heading", level=1)).to_have_text("“Fun” is in use")
    expect(page.get_by_text("1 transaction has this category.")).to_be_visible()
    page.get_by_role("button", name="Delete it anyway").click()
    expect(page.get_by_role("status")).to_have_text("Deleted: Fun")
    page.goto("/incomes")
    expect(page.locator("tbody .category")).to_have_text("")


def test_a_page_asks_for_a_login_and_comes_back(visit: Visit) -> None:
    visitor = visit()
    visitor.open("/incomes?search=bonus", "Sign in")
    visitor.expected = [401]

    visitor.log_in("demo", "demo")

    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Incomes")
    expect(visitor.page.locator(".chip")).to_contain_text("Search: bonus")


def test_preferences_are_changed(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    page = visitor.page
    page.goto("/api-auth/login/?next=/me")
    visitor.log_in(newcomer)

    page.get_by_label("Default currency").select_option("JPY")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_have_text("Saved.")
    page.goto("/incomes")
    expect(page.locator("#new-currency")).to_have_value("JPY")


def test_the_documentation_opens_without_another_host(visit: Visit) -> None:
    visitor = visit()
    visitor.page.goto("/")
    visitor.page.get_by_role("link", name="The documentation").click()

    expect(visitor.page.get_by_role("heading", name="Cashman")).to_be_visible()
    expect(visitor.page.get_by_text("/transactions/{id}").first).to_be_visible()


def test_the_same_is_recorded_again_from_the_filtered_list(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    page = visitor.page
    page.goto("/api-auth/login/?next=/expenses")
    visitor.log_in(newcomer)
    page.get_by_label("Description").fill("bread")
    page.get_by_label("Amount *").fill("3.5")
    page.locator("#new-category").fill("Bakery")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("New category: Bakery.")

    page.goto("/expenses?category=Bakery")
    page.locator("tbody tr").click()  # the whole row opens
    page.get_by_role("button", name="The same again today").click()
    expect(page.locator(".chip")).to_contain_text("Category: Bakery")
    expect(page.locator("tbody tr")).to_have_count(2)

    page.goto("/expenses")
    page.get_by_text("New expense").click()
    page.get_by_label("Description").fill("bread")  # as one of the suggestions
    expect(page.locator("#new-category")).to_have_value("Bakery")
    page.locator("#new-category").fill("Gifts")
    page.get_by_label("Description").fill("")
    page.get_by_label("Description").fill("bread")
    expect(page.locator("#new-category")).to_have_value("Gifts")
