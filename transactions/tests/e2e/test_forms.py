"""Forms in a real browser: an opened form, a conflict, and a token to copy; the last one without the script, too."""

import pytest
from playwright.sync_api import Browser, Page, expect

from transactions.tests.e2e.conftest import PASSWORD, Visit, Visitor
from transactions.tests.live import LiveServer

pytestmark = pytest.mark.e2e


def make_token(page: Page) -> None:
    """Make a token on the page of them, on which nobody has made one, so its form is open."""
    page.get_by_label("Name").fill("laptop")
    page.get_by_label("Scope").select_option("read")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#token")).to_contain_text("cashman_")


def test_the_cursor_goes_into_an_opened_form(at_demo: Visitor) -> None:
    at_demo.open("/expenses", "Expenses")
    at_demo.page.get_by_text("New expense").click()
    expect(at_demo.page.get_by_label("Amount", exact=False).first).to_be_focused()


def test_of_a_conflict_the_stored_value_can_be_taken(at_demo: Visitor) -> None:
    at_demo.open("/expenses", "Expenses")
    page = at_demo.page
    page.locator("td.main a").first.click()
    other = at_demo.context.new_page()
    other.goto(page.url)
    for window, amount in ((other, "11"), (page, "12")):
        window.get_by_text("Change", exact=True).click()
        window.locator("#change-amount").fill(amount)
        if window is page:
            at_demo.expected.append(412)
        window.locator("details[open]").get_by_role("button", name="Save").click()
        window.wait_for_load_state()

    expect(page.get_by_role("alert")).to_contain_text("changed after you opened it")
    expect(page.locator("#form-amount")).to_have_value("12")
    page.get_by_label("Take this").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.locator("p.amount")).to_contain_text("11.00")


def test_a_token_is_copied(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    visitor.page.goto("/api-auth/login/?next=/tokens")
    visitor.log_in(newcomer)
    make_token(visitor.page)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])

    visitor.page.get_by_role("button", name="Copy").first.click()

    expect(visitor.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    assert copied == visitor.page.locator("#token").inner_text()


def test_a_token_is_shown_without_the_script(browser: Browser, server: LiveServer, newcomer: str) -> None:
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/api-auth/login/?next=/tokens")
    page.get_by_label("Name").fill(newcomer)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    make_token(page)

    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    expect(page.locator("#example")).to_contain_text("curl -H")
    context.close()


def test_an_expired_sign_in_loses_nothing(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    page = visitor.page
    page.goto("/api-auth/login/?next=/expenses")
    visitor.log_in(newcomer)
    page.get_by_label("Amount *").fill("4.20")
    page.get_by_label("Description").fill("coffee")
    page.get_by_label("Notes").fill("with Ada\nand Bob")
    visitor.context.clear_cookies(name="sessionid")
    visitor.expected = [401]
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("status")).to_have_text("You were signed out. Sign in to save what you typed.")
    visitor.log_in(newcomer)
    expect(page.get_by_role("status")).to_contain_text("This is not saved yet.")
    expect(page.get_by_label("Amount *")).to_have_value("4.20")
    expect(page.get_by_label("Notes")).to_have_value("with Ada\nand Bob")
    page.keyboard.press("Enter")  # the cursor is on the button

    expect(page.get_by_role("status")).to_contain_text("coffee")
    assert len(visitor.rows()) == 1


def test_a_row_that_is_gone_is_added_again(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    page = visitor.page
    page.goto("/api-auth/login/?next=/expenses")
    visitor.log_in(newcomer)
    page.get_by_label("Amount *").fill("4.20")
    page.get_by_label("Description").fill("coffee")
    page.get_by_role("button", name="Save").click()
    page.locator("td.main a").click()
    other = visitor.context.new_page()
    other.goto(page.url)
    page.get_by_text("Change", exact=True).click()
    page.locator("#change-description").fill("added again")
    other.get_by_text("Delete", exact=True).click()
    other.get_by_role("button", name="Delete it").click()
    expect(other.get_by_role("status")).to_contain_text("Deleted:")
    visitor.expected = [404]
    page.locator("details[open]").get_by_role("button", name="Save").click()

    expect(page.get_by_role("alert")).to_contain_text("This was deleted after you opened it.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("added again")
