"""Forms of the browsable pages that were filled from what has been changed since."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cashman_project.api.tests.pages import Browser, Page, fields, form_of
from cashman_project.api.tests.problems import stored
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


@pytest.fixture
def expense(alice: User) -> Transaction:
    row: Transaction = ExpenseFactory.create(owner=alice, notes="with Ada\nand Bob", external_id="b 1")
    return row


def test_of_two_windows_the_later_is_told_what_the_earlier_wrote(
    browser: Browser, alice: User, expense: Transaction
) -> None:
    category = CategoryFactory.create(owner=alice, name="Fun")
    windows = [
        (f"/expenses/{expense.pk}", {"amount": "7", "notes": ""}, {"amount": "8", "notes": "mine"}),
        (f"/categories/{category.pk}", {"name": "Games"}, {"name": "Play"}),
        ("/me", {"currency": "JPY", "email": ""}, {"currency": "EUR", "email": "alice@example.com"}),
    ]
    for url, earlier, later in windows:
        opened = browser.get(url)
        written = browser.follow(browser.send(form_of(opened, "PATCH"), **earlier))
        present = fields(form_of(written, "PATCH"))
        before = stored()

        page = Page(browser.send(form_of(opened, "PATCH"), **later))

        assert (page.status, stored()) == (412, before)
        assert page.main.one("div", role="alert").text.startswith("This was changed after you opened it")
        assert page.errors() == {
            name: f"It is now: {present[name] or '—'}" for name in later if present[name] != later[name]
        }
        again = form_of(page, "PATCH")
        assert {name: fields(again)[name] for name in later} == later
        saved = fields(form_of(browser.follow(browser.send(again)), "PATCH"))
        assert {name: saved[name].removeprefix("-").removesuffix(".00") for name in later} == later


@pytest.mark.parametrize("fault", [{"amount": "0"}, {"external_id": "taken"}])
def test_a_form_that_is_refused_still_overwrites_nobody(
    fault: dict[str, str], browser: Browser, alice: User, expense: Transaction
) -> None:
    ExpenseFactory.create(owner=alice, external_id="taken")
    url = f"/expenses/{expense.pk}"
    refused = Page(browser.send(form_of(browser.get(url), "PATCH"), **fault))
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), notes="of another window"))

    page = Page(browser.send(form_of(refused, "PATCH"), amount="3", external_id="free"))

    assert page.status == 412
    assert page.errors()["notes"] == "It is now: of another window"
    expense.refresh_from_db()
    assert (expense.notes, expense.external_id) == ("of another window", "b 1")


def test_a_file_in_place_of_a_forms_tag_matches_nothing(browser: Browser, expense: Transaction) -> None:
    sent = fields(form_of(browser.get(f"/expenses/{expense.pk}"), "PATCH"))

    page = Page(browser.client.post(f"/expenses/{expense.pk}", sent | {"_if_match": SimpleUploadedFile("a", b"b")}))

    assert page.status == 412
