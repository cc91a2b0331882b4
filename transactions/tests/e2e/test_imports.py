"""Bank statements in a browser: a file, its questions, the plan, a change, the import and its undo."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from transactions.tests.e2e.conftest import NARROW, Visit, Visitor
from transactions.tests.e2e.test_accessibility import faults

pytestmark = [pytest.mark.e2e, pytest.mark.live]

SAMPLES = Path(__file__).parents[3] / "statements/tests/samples"
ASKS, CAMT = SAMPLES / "csv/ask-day-or-month.csv", SAMPLES / "camt/053v2-pending-reversal-batch.xml"
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  document.querySelector("[data-drop]").dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true}));
}"""


def start(visitor: Visitor, name: str) -> Page:
    visitor.page.goto("/api-auth/login/")
    visitor.log_in(name)
    visitor.page.goto("/imports")
    return visitor.page


def send(page: Page, sample: Path) -> None:
    page.get_by_label("Import a file").set_input_files(sample)
    page.get_by_role("button", name="Read the file", exact=True).click()
    expect(page.get_by_text("The file is read.")).to_be_visible()


def answer_account(page: Page, name: str) -> None:
    page.get_by_label("A new account").check()
    page.get_by_label("Its name").fill(name)
    page.get_by_role("button", name="Continue").click()


def test_a_statement_comes_in_and_goes_out_again(visit: Visit, newcomer: str) -> None:
    visitor = visit()
    page = start(visitor, newcomer)
    assert faults(visitor) == []
    send(page, ASKS)
    assert faults(visitor) == []
    page.locator("fieldset").first.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continue").click()
    answer_account(page, "Purse")
    expect(page.get_by_role("heading", name="This is what the import does")).to_be_visible()
    assert faults(visitor) == []
    before = page.get_by_role("button", name="Leave out").count()

    page.get_by_role("button", name="Leave out").first.click()

    expect(page.get_by_role("button", name="Leave out")).to_have_count(before - 1)
    page.locator("td.main a").nth(1).click()
    page.get_by_label("Description").fill("Changed by hand")
    page.get_by_label("Category").fill("Imported things")
    assert faults(visitor) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Changed by hand")).to_be_visible()
    page.get_by_role("button", name=f"Import {before - 1} transaction").click()
    expect(page.get_by_text(f"{before - 1} transactions imported.")).to_be_visible()
    assert faults(visitor) == []
    page.get_by_role("link", name="Changed by hand").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Changed by hand")
    page.go_back()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("This import is undone.")).to_be_visible()
    assert faults(visitor) == []
    page.goto("/transactions")
    expect(page.locator("td.main")).to_have_count(0)


def test_a_second_time_there_is_nothing_new(visit: Visit, newcomer: str) -> None:
    page = start(visit(NARROW, dark=True), newcomer)
    for time in range(2):
        page.goto("/imports")
        send(page, CAMT)
        if time == 0:
            if page.get_by_label("A new account").count():
                answer_account(page, "Giro")
            page.get_by_role("button", name="Import").first.click()
            expect(page.get_by_role("button", name="Undo")).to_be_visible()

    expect(page.get_by_role("heading", name="Nothing in this file is new")).to_be_visible()


def test_a_file_is_dropped_on_the_box(visit: Visit, newcomer: str) -> None:
    page = start(visit(), newcomer)

    page.evaluate(DROP, ["purse.csv", "Date,Description,Amount\n2026-11-20,Tea,-2.00\n"])
    page.get_by_role("button", name="Read the file", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("purse.csv")


def test_a_bar_shows_how_far_a_large_file_is(visit: Visit, newcomer: str, tmp_path: Path) -> None:
    visitor = visit()
    page = start(visitor, newcomer)
    large = tmp_path / "years.csv"
    lines = [f"2026-11-{number % 28 + 1:02},Line {number},-{number % 97 + 1}.00" for number in range(45_000)]
    large.write_text("\n".join(["Date,Description,Amount", *lines]))
    page.get_by_label("Import a file").set_input_files(large)

    page.get_by_role("button", name="Read the file", exact=True).click()

    expect(page.get_by_label("Reading the file")).to_be_visible()
    expect(page.get_by_role("button", name="Read the file", exact=True)).to_be_disabled()
    expect(page.locator("progress")).to_have_attribute("value", re.compile("[1-9]"))
    expect(page.get_by_role("heading", level=1)).to_have_text("years.csv")
    expect(page.get_by_label("A new account")).to_be_visible()


def test_a_large_file_that_is_refused_says_why(visit: Visit, newcomer: str, tmp_path: Path) -> None:
    visitor = visit()
    page = start(visitor, newcomer)
    large = tmp_path / "picture.csv"
    large.write_bytes(bytes(range(256)) * 5_000)
    page.get_by_label("Import a file").set_input_files(large)

    page.get_by_role("button", name="Read the file", exact=True).click()

    expect(page.get_by_role("alert")).to_be_visible()
    visitor.expected = [400, 400]


def test_the_keyboard_is_enough(visit: Visit, newcomer: str) -> None:
    page = start(visit(), newcomer)
    send(page, ASKS)
    page.locator("fieldset").first.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_label("Its name").fill("Purse")
    page.keyboard.press("Enter")

    button = page.get_by_role("button", name="Leave out").first
    button.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Take in")).to_have_count(1)


def test_another_account_is_chosen_after_all(visit: Visit, newcomer: str) -> None:
    visitor = visit(NARROW)
    page = start(visitor, newcomer)
    send(page, ASKS)
    page.locator("fieldset").first.get_by_role("radio").first.check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("table", name="Lines of the file").locator("tr").first).to_be_visible()
    assert faults(visitor) == []
    answer_account(page, "Purse")
    expect(page.get_by_text("Makes the account Purse", exact=False)).to_be_visible()

    page.get_by_role("button", name="Choose another account").click()

    expect(page.get_by_role("table", name="Lines of the file")).to_be_visible()
    answer_account(page, "Wallet")
    expect(page.get_by_text("Makes the account Wallet", exact=False)).to_be_visible()
