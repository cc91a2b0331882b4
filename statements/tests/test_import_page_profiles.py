"""Pages of what is kept of an import for the next one, and of a file that is not read yet."""

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Page, fields
from statements.models import Import, ImportProfile
from statements.tests.pages import button, notice, path_of, plan_of, sentences
from statements.tests.plans import CSV
from transactions.models import Account
from users.models import User

AMBIGUOUS = b"Date,Description,Amount\n03/04/2026,Coffee,-3.50\n05/04/2026,Tea,-2.00\n"
NEXT = b"Date,Description,Amount\n05/06/2026,Coffee,-3.50\n"


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


def keep(browser: Browser) -> None:
    """Import a file, and keep the answer to its question."""
    page = plan_of(browser, AMBIGUOUS, account="Bank")
    page = browser.follow(browser.send(button(page, "Continue"), **{"answer.0": "DMY", "save_profile": "on"}))
    browser.follow(browser.send(button(page, "Import 2 transactions")))


def test_answers_are_kept_and_used_for_the_next_file(browser: Browser, bank: Account) -> None:
    keep(browser)

    page = plan_of(browser, NEXT, account="Bank")

    assert page.rows()[0][0] == "5 Jun 2026"
    form = button(page, "Ask me again")
    assert "The file is read with the answers that you kept for this account." in form.text
    page = browser.follow(browser.send(form))
    assert len(page.main.all("fieldset")) == 1


def test_nothing_is_kept_unless_it_is_asked_for(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, AMBIGUOUS, account="Bank")
    page = browser.follow(browser.send(button(page, "Continue"), **{"answer.0": "DMY"}))
    browser.follow(browser.send(button(page, "Import 2 transactions")))

    assert not ImportProfile.objects.filter(owner=alice).exists()


def test_which_account_it_is_can_not_be_kept(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV)

    assert not page.main.all("input", name="save_profile")


def test_kept_answers_are_listed_and_forgotten(browser: Browser, alice: User, bob: User, bank: Account) -> None:
    assert "Nothing is kept yet." in browser.get("/imports/profiles").main.text
    keep(browser)
    page = browser.get("/imports/profiles")
    assert [one.one("p").text for one in page.main.all("li")] == ["Bank CSV · 31/12/2026"]
    assert not Browser(bob).get("/imports/profiles").main.all("li")

    page = browser.follow(browser.send(button(page, "Forget")))

    assert not page.main.all("li")
    assert not ImportProfile.objects.filter(owner=alice).exists()


def test_a_file_that_is_not_read_yet_is_read_by_a_button(
    browser: Browser, as_alice: APIClient, alice: User, bank: Account
) -> None:
    as_alice.post("/imports?account=Bank", CSV, content_type="text/csv", headers={"Prefer": "respond-async"})
    plan = Import.objects.get(owner=alice)
    response = browser.client.get(path_of(plan))
    page = Page(response)
    assert response["Refresh"] == "2"
    assert page.main.one("h2").text == "The file is stored, but not read yet"
    assert (page.main.one("progress")["value"], page.main.one("progress")["max"]) == ("0", str(len(CSV)))
    assert browser.get("/imports").rows()[0][2] == "Being read"

    page = browser.follow(browser.send(button(page, "Read the file")))

    assert notice(page) == "The file is read. Nothing is imported yet."
    assert sentences(page) == ["Creates 4 transactions in Bank."]
    assert "Refresh" not in browser.client.get(path_of(plan)).headers


def test_a_stored_file_that_can_not_be_read_says_why(browser: Browser, as_alice: APIClient, alice: User) -> None:
    content = b"Date,Description,Amount\n"
    headers = {"Prefer": "respond-async"}
    assert as_alice.post("/imports", content, content_type="text/csv", headers=headers).status_code == 202
    plan = Import.objects.get(owner=alice)

    refused = Page(browser.send(button(browser.get(path_of(plan)), "Read the file")))

    assert refused.status == 400
    assert refused.main.one("div", role="alert").text
    assert fields(refused.main.one("form", id="discard"))["_method"] == "DELETE"
