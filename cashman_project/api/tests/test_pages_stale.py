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
        ("/me", {"currency": "JPY", "email": "new@example.com"}, {"currency": "EUR", "email": "alice@example.com"}),
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

    browser.follow(browser.send(form_of(refused, "PATCH"), amount="3", external_id="free"))

    expense.refresh_from_db()
    assert (expense.notes, expense.external_id, str(expense.amount)) == ("of another window", "free", "-3")


def test_a_file_in_place_of_a_forms_tag_matches_nothing(browser: Browser, expense: Transaction) -> None:
    sent = fields(form_of(browser.get(f"/expenses/{expense.pk}"), "PATCH"))
    del sent["_base"]

    page = Page(browser.client.post(f"/expenses/{expense.pk}", sent | {"_if_match": SimpleUploadedFile("a", b"b")}))

    assert page.status == 412


def test_what_only_one_side_changed_is_merged(browser: Browser, alice: User, bob: User, expense: Transaction) -> None:
    url = f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), notes="theirs", amount="7"))

    browser.follow(browser.send(form_of(opened, "PATCH"), description="mine"))

    expense.refresh_from_db()
    assert (expense.description, expense.notes, str(expense.amount)) == ("mine", "theirs", "-7")


def test_only_fields_that_both_changed_are_marked(browser: Browser, alice: User, expense: Transaction) -> None:
    url = f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), notes="theirs", amount="7"))

    page = Page(browser.send(form_of(opened, "PATCH"), description="mine", amount="8"))

    assert (page.status, page.errors()) == (412, {"amount": "It is now: -7.00"})
    form = form_of(page, "PATCH")
    assert [fields(form)[name] for name in ("description", "amount", "notes")] == ["mine", "8", "theirs"]
    take = form.one("button", type="button")
    assert (take["data-value"], take["data-fill"], "hidden" in take.attributes) == ("-7.00", "form-amount", True)
    browser.follow(browser.send(form))
    expense.refresh_from_db()
    assert (expense.description, expense.notes, str(expense.amount)) == ("mine", "theirs", "-8")


def test_both_may_change_a_field_to_the_same_value(browser: Browser, expense: Transaction) -> None:
    url = f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), notes="same", amount="7"))

    browser.follow(browser.send(form_of(opened, "PATCH"), notes="same", description="mine"))

    expense.refresh_from_db()
    assert (expense.description, expense.notes, str(expense.amount)) == ("mine", "same", "-7")


@pytest.mark.parametrize("base", ["", "{", "[]", '{"amount": 1}', '{"nothing": ""}', "null"])
def test_a_form_that_does_not_say_what_it_was_opened_with_overwrites_nobody(
    base: str, browser: Browser, expense: Transaction
) -> None:
    url = f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), notes="theirs"))

    page = Page(browser.send(form_of(opened, "PATCH"), description="mine", _base=base))

    assert page.status == 412
    assert page.errors()["notes"] == "It is now: theirs"
    expense.refresh_from_db()
    assert (expense.description, expense.notes) != ("mine", "with Ada\nand Bob")
