"""Forms of the browsable pages that were filled from what has been changed since."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cashman_project.api.tests.pages import Browser, Page, fields, form_of
from cashman_project.api.tests.problems import stored
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from transactions.tests.test_permissions import NOBODYS_ID
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
            name: f"Stored now: {present[name] or '—'}" for name in later if present[name] != later[name]
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


@pytest.mark.parametrize("resource", ["/expenses", "/transactions", "/categories"])
def test_a_change_of_a_row_that_is_gone_becomes_a_new_row(resource: str, browser: Browser, alice: User) -> None:
    values = {"name": "Play"} if resource == "/categories" else {"notes": "mine", "amount": "8"}
    factory: Any = CategoryFactory if resource == "/categories" else ExpenseFactory
    row = factory.create(owner=alice)
    opened = browser.get(f"{resource}/{row.pk}?_next={resource}%3Fordering%3Dcreated_at")
    row.delete()

    page = Page(browser.send(form_of(opened, "PATCH"), **values))

    assert (page.status, page.main.one("h1").text.split()[0]) == (404, "New")
    assert page.main.one("div", role="alert").text.startswith("This was deleted after you opened it.")
    form = page.main.one("form")
    assert fields(form).keys() >= values.keys() | {"_key"}
    assert {"_method", "_base", "_if_match"}.isdisjoint(fields(form))
    assert not Transaction.objects.exists()
    for _click in range(2):
        response = browser.send(form, **({"type": "EXPENSE"} if resource == "/transactions" else {}))
        assert (response.status_code, response["Location"]) == (303, f"{resource}?ordering=created_at")
    if resource == "/categories":
        assert [one.name for one in Category.objects.for_owner(alice)] == ["Play"]
    else:
        assert isinstance(row, Transaction)
        [new] = Transaction.objects.for_owner(alice)
        assert (new.pk != row.pk, new.description, new.amount, new.notes) == (True, row.description, -8, "mine")


def test_a_row_of_another_looks_like_one_that_is_gone(browser: Browser, bob: User, expense: Transaction) -> None:
    theirs = ExpenseFactory.create(owner=bob, description="of bob", notes="secret")
    form = form_of(browser.get(f"/expenses/{expense.pk}"), "PATCH")
    form.attributes["action"] = f"/expenses/{theirs.pk}"
    before = stored()

    page = Page(browser.send(form))
    form.attributes["action"] = f"/expenses/{NOBODYS_ID}"
    gone = Page(browser.send(form))

    assert (page.status, gone.status, stored()) == (404, 404, before)
    assert page.main.text == gone.main.text.replace(NOBODYS_ID, str(theirs.pk))
    assert "secret" not in page.main.text


def test_a_row_that_is_gone_has_no_form_for_deleting_it(browser: Browser, expense: Transaction) -> None:
    form = form_of(browser.get(f"/expenses/{expense.pk}"), "DELETE")
    expense.delete()

    page = Page(browser.send(form))

    assert (page.status, page.main.one("h1").text) == (404, "There is nothing here")
    assert page.main.all("form") == []


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

    assert (page.status, page.errors()) == (412, {"amount": "Stored now: -7.00"})
    form = form_of(page, "PATCH")
    assert [fields(form)[name] for name in ("description", "amount", "notes")] == ["mine", "8", "theirs"]
    assert form.one("input", name="_take")["value"] == "amount"
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
    assert page.errors()["notes"] == "Stored now: theirs"
    expense.refresh_from_db()
    assert (expense.description, expense.notes) != ("mine", "with Ada\nand Bob")


def test_each_field_of_a_conflict_can_stay_as_it_is_stored(browser: Browser, expense: Transaction) -> None:
    url = f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), notes="theirs", amount="7", description="theirs"))
    page = Page(browser.send(form_of(opened, "PATCH"), notes="mine", amount="8", description="mine"))
    form = form_of(page, "PATCH")
    assert [box["value"] for box in form.all("input", name="_take")] == ["amount", "description", "notes"]
    refused = Page(browser.send(form, _take=["amount", "notes"], external_id="\n"))
    assert (refused.status, set(refused.errors())) == (400, {"external_id"})
    assert fields(form_of(refused, "PATCH"))["amount"] == "-7.00"

    browser.follow(browser.send(form, _take=["amount", "notes", "nothing"]))

    expense.refresh_from_db()
    assert (expense.description, expense.notes, str(expense.amount)) == ("mine", "theirs", "-7")


def test_what_is_stored_stays_also_if_it_has_changed_again(browser: Browser, expense: Transaction) -> None:
    url = f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), amount="7"))
    page = Page(browser.send(form_of(opened, "PATCH"), amount="8", notes="mine"))
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), amount="9"))

    browser.follow(browser.send(form_of(page, "PATCH"), _take="amount"))

    expense.refresh_from_db()
    assert (expense.notes, str(expense.amount)) == ("mine", "-9")


@pytest.mark.parametrize(
    ("language", "field", "theirs", "mine"),
    [
        ("en", "amount", "7", "7.00"),
        ("en", "amount", "7", "-7"),
        ("en", "amount", "7.00", " 7 "),
        ("de", "amount", "7,50", "7.5"),
        ("de", "amount", "1.234,50", "1234,5"),
        ("en", "description", "pizza!", "  pizza! "),
        ("en", "category", "Food", "food"),
        ("en", "category", "Food", " Food "),
    ],
)
def test_two_texts_of_one_value_are_no_conflict(
    language: str, field: str, theirs: str, mine: str, alice: User, expense: Transaction
) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    browser, url = Browser(alice, language), f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), **{field: theirs}, notes="theirs"))
    stored_value = fields(form_of(browser.get(url), "PATCH"))[field]

    written = browser.follow(browser.send(form_of(opened, "PATCH"), **{field: mine}, external_id="mine"))

    shown = fields(form_of(written, "PATCH"))
    assert (shown[field], shown["notes"], shown["external_id"]) == (stored_value, "theirs", "mine")


@pytest.mark.parametrize("typed", ["50", "50.00", " -50 "])
def test_a_value_that_is_only_written_in_another_way_was_not_changed(
    typed: str, browser: Browser, expense: Transaction
) -> None:
    url = f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), amount="7"))

    browser.follow(browser.send(form_of(opened, "PATCH"), amount=typed, notes="mine"))

    expense.refresh_from_db()
    assert (expense.notes, str(expense.amount)) == ("mine", "-7")


def test_without_what_it_was_opened_with_a_form_is_asked_about_other_values_only(
    browser: Browser, expense: Transaction
) -> None:
    url = f"/expenses/{expense.pk}"
    opened = browser.get(url)
    browser.follow(browser.send(form_of(browser.get(url), "PATCH"), notes="theirs"))

    page = Page(browser.send(form_of(opened, "PATCH"), amount="50", description="mine", _base=""))

    assert page.errors().keys() == {"description", "notes"}
