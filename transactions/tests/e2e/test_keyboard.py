"""What people do by keys alone. The focus must be seen at each step, and goes where the work goes on."""

import pytest
from playwright.sync_api import Locator, expect

from transactions.tests.e2e.conftest import NARROW, Visit, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.live]

# How thick the outline of what has the focus is; a row's link draws it around the row.
OUTLINE = """() => ["", "::after"].map(part => getComputedStyle(document.activeElement, part || null))
  .map(style => style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth))"""


def go_to(visitor: Visitor, target: Locator, key: str = "Tab") -> None:
    """Press the key until the target has the focus, which must be seen wherever it is on the way."""
    visitor.page.wait_for_load_state()  # the style sheet draws the focus
    for _press in range(80):
        visitor.page.keyboard.press(key)
        widths = visitor.page.evaluate(OUTLINE)
        assert 3 in widths, visitor.page.evaluate("document.activeElement.outerHTML")
        if target.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"{target} is out of the keyboard's reach")


def test_an_expense_is_entered_on_the_start_page(at_demo: Visitor) -> None:
    page, keyboard = at_demo.page, at_demo.page.keyboard
    page.goto("/")

    go_to(at_demo, page.get_by_role("link", name="Skip to the content"))
    keyboard.press("Enter")
    go_to(at_demo, page.locator("#quick-description"))
    keyboard.type("tea by keys")
    go_to(at_demo, page.locator("#quick-amount"))
    keyboard.type("3.20")
    keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("tea by keys")


def test_a_list_is_filtered_and_a_record_changed_and_deleted(at_demo: Visitor) -> None:
    page, keyboard = at_demo.page, at_demo.page.keyboard
    page.goto("/expenses")

    go_to(at_demo, page.locator(".add > summary"))
    keyboard.press("Enter")
    expect(page.locator("#new-amount")).to_be_focused()
    keyboard.type("4.20")
    go_to(at_demo, page.locator("#new-description"))
    keyboard.type("cocoa by keys")
    keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("cocoa by keys")

    go_to(at_demo, page.get_by_text("Filter and sort"))
    keyboard.press("Enter")
    expect(page.locator("#filter-search")).to_be_focused()
    keyboard.type("cocoa by keys")
    keyboard.press("Enter")
    row = page.get_by_role("main").get_by_role("link", name="cocoa by keys", exact=True)
    expect(page.locator("tbody tr")).to_have_count(1)
    go_to(at_demo, row)
    keyboard.press("Enter")
    page.wait_for_url("**/expenses/*")

    go_to(at_demo, page.get_by_text("Change", exact=True))
    keyboard.press("Enter")
    expect(page.locator("#change-amount")).to_be_focused()
    keyboard.press("ControlOrMeta+a")
    keyboard.type("5.20")
    keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    if not page.locator("details.danger").is_visible():  # saving went back to the list
        go_to(at_demo, row)
        keyboard.press("Enter")
        page.wait_for_url("**/expenses/*")

    go_to(at_demo, page.locator("details.danger > summary"))
    keyboard.press("Space")
    go_to(at_demo, page.get_by_role("button", name="Delete it"))
    keyboard.press("Enter")
    expect(page.get_by_text("Nothing matches these filters.")).to_be_visible()
    go_to(at_demo, page.locator(".chip").first)
    keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_be_visible()


def test_the_menu_of_a_narrow_window_opens_and_closes(visit: Visit) -> None:
    visitor = visit(NARROW)
    page, keyboard = visitor.page, visitor.page.keyboard
    page.goto("/api-auth/login/")
    menu, link = page.get_by_role("button", name="Menu"), page.locator(".menu").get_by_role("link", name="Summary")

    go_to(visitor, menu, "Shift+Tab")
    expect(link).to_be_hidden()
    keyboard.press("Enter")
    expect(link).to_be_visible()
    keyboard.press("Tab")
    expect(page.locator(".menu").get_by_role("link", name="Transactions")).to_be_focused()
    keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(menu).to_be_focused()
    keyboard.press("Space")
    go_to(visitor, link)
    keyboard.press("Enter")
    page.wait_for_url("**/summary")
    visitor.expected = [401]
