"""A receipt is split in a real browser: by the keyboard, with what is left to assign beside it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from transactions.tests.e2e.conftest import Visitor

pytestmark = pytest.mark.e2e


def test_a_receipt_is_split_by_the_keyboard(at_demo: Visitor) -> None:
    at_demo.open("/expenses?search=coat&date_before=2026-10-31", "Expenses")
    page = at_demo.page
    page.locator("td.main a").first.click()
    page.get_by_role("link", name="Split", exact=True).click()
    total = page.locator("#parts\\.0\\.amount").input_value()
    cents = int(total.replace(".", ""))
    left = page.locator("[data-left]")
    expect(left).to_have_text("0.00")
    expect(page.locator("[data-part]:visible")).to_have_count(2)

    page.locator("#parts\\.0\\.amount").fill("100")
    rest = f"{(cents - 10_000) / 100:.2f}"
    expect(left).to_have_text(rest)
    expect(page.locator("#parts\\.1\\.amount")).to_have_attribute("placeholder", rest)
    page.locator("#parts\\.1\\.amount").fill("1.50")
    page.keyboard.press("Tab")
    page.keyboard.type("Gifts")
    for _number in range(4):
        page.get_by_role("button", name="Another part").press("Enter")
    expect(page.locator("[data-part]:visible")).to_have_count(6)
    expect(page.locator(":focus")).to_have_attribute("name", "parts.5.amount")
    page.get_by_role("button", name="Remove").last.click()
    expect(page.locator("[data-part]:visible")).to_have_count(5)
    page.locator("#parts\\.4\\.amount").fill(f"{(cents - 10_150) / 100:.2f}")
    expect(left).to_have_text("0.00")
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_have_text("The transaction is split.")
    expect(page.locator(".split-parts li")).to_have_count(3)
    page.get_by_role("link", name="Change the split").click()
    expect(page.locator("[data-part]:visible")).to_have_count(3)
    page.get_by_text("Join the parts").click()
    page.get_by_role("button", name="Join them").click()
    expect(page.get_by_role("status")).to_have_text("The parts are one transaction again.")
    expect(page.locator(".amount")).to_contain_text(total)
