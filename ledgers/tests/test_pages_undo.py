"""Undo on the pages: after each form, a second time, and if it is refused."""

from typing import Any

import pytest

from cashman_project.api.tests.pages import Browser, Node, Page, form_of
from conftest import client_of
from ledgers.models import Revision
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User

from .undoing import last, one_revision


def undo_form(page: Page) -> Node:
    """Return the form of the message that offers to undo."""
    return page.main.one("form", class_="undo")


def message(page: Page) -> str:
    return page.main.one("p", class_="notice").text


def change(browser: Browser, path: str, **values: Any) -> Page:
    """Change a row on its page; return the next page."""
    return browser.follow(browser.send(form_of(browser.get(path), "PATCH"), **values))


def test_what_a_form_has_done_is_undone_and_done_again(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice, notes="old")
    browser, path = Browser(alice), f"/transactions/{row.pk}"
    page = change(browser, path, notes="new")
    assert message(page) == "Saved."

    for notes in ("old", "new", "old"):
        page = browser.follow(browser.send(undo_form(page)))

        assert message(page) == "Undone."
        assert Transaction.objects.get().notes == notes
        assert page.main.all("h1")[0].text == row.description
    assert [*Revision.objects.order_by("number").values_list("via", "undoes")][1:] == [
        ("page", None),
        ("undo", 2),
        ("undo", 3),
        ("undo", 4),
    ]


@pytest.mark.parametrize("path", ["/transactions", "/categories"])
def test_a_new_row_and_a_deletion_are_undone(path: str, alice: User) -> None:
    browser = Browser(alice)
    [form] = [
        form for form in browser.get(path).main.all("form") if "_key" in str([n.attributes for n in form.all("input")])
    ]
    values = {"name": "Food"} if path == "/categories" else {"description": "pizza", "amount": "4.20"}
    model: Any = Category if path == "/categories" else Transaction

    page = browser.follow(browser.send(form, **values))
    row = model.objects.get()
    page = browser.follow(browser.send(undo_form(page)))
    assert (message(page), model.objects.count()) == ("Undone.", 0)
    page = browser.follow(browser.send(undo_form(page)))
    assert model.objects.get() == row

    page = browser.follow(browser.send(form_of(browser.get(f"{path}/{row.pk}"), "DELETE")))
    assert message(page).startswith("Deleted: ")
    browser.follow(browser.send(undo_form(page)))
    assert model.objects.get() == row


def test_the_message_leads_back_to_its_page(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    browser = Browser(alice)
    page = browser.get(f"/transactions/{row.pk}?_next=/transactions%3Fsearch%3Dx")
    page = browser.follow(browser.send(form_of(page, "DELETE")))

    assert undo_form(page).one("input", name="_next")["value"] == "/transactions?search=x"


def test_what_changes_nothing_offers_no_undo(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    browser = Browser(alice)

    page = change(browser, f"/transactions/{row.pk}")

    assert message(page) == "Saved."
    assert not page.main.all("form", class_="undo")
    assert not Browser(alice).get("/me").main.all("form", class_="undo")
    assert last(alice) == 1


def test_an_undo_that_is_sent_twice_happens_once(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice, notes="old")
    browser = Browser(alice)
    form = undo_form(change(browser, f"/transactions/{row.pk}", notes="new"))
    assert browser.send(form).status_code == 303

    page = Page(browser.send(form))

    assert (page.status, page.main.one("h1").text) == (409, "This is undone already")
    assert [form["action"] for form in page.main.all("form")] == ["/revisions/3/undo"]  # of the first one's message
    assert Transaction.objects.get().notes == "old"
    assert last(alice) == 3


def test_the_undo_of_a_new_row_or_a_deletion_that_is_sent_twice(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    row.delete()
    browser = Browser(alice)
    headings = {1: "Nothing is left to undo", 2: "This is undone already"}
    form = browser.get("/revisions/2").main.one("form")
    assert browser.send(form).status_code == 303
    assert Page(browser.send(form)).main.one("h1").text == headings[2]
    Transaction.objects.get().delete()
    assert Page(browser.client.post("/revisions/1/undo", fields_with_token(browser))).main.one("h1").text == headings[1]


def fields_with_token(browser: Browser) -> dict[str, str]:
    browser.get("/me")
    return {"csrfmiddlewaretoken": browser.client.cookies["csrftoken"].value}


def test_a_later_change_is_only_lost_on_purpose(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice, notes="first")
    browser, path = Browser(alice), f"/transactions/{row.pk}"
    form = undo_form(change(browser, path, notes="second"))
    change(browser, path, notes="third")

    page = Page(browser.send(form))

    assert (page.status, page.main.one("h1").text) == (409, "This is not undone yet")
    assert "1 row was changed again since then." in page.main.text
    assert Transaction.objects.get().notes == "third"
    assert page.main.one("p", class_="back").one("a")["href"] == path
    page = browser.follow(browser.send(page.main.one("form")))
    assert message(page) == "Undone."
    assert Transaction.objects.get().notes == "first"


def test_a_reference_that_is_gone_a_name_that_is_taken_and_rows_in_use(alice: User) -> None:
    food = CategoryFactory.create(owner=alice, name="Food")
    row = ExpenseFactory.create(owner=alice, category=food)
    row.delete()
    food.delete()
    browser = Browser(alice)
    page = Page(browser.send(browser.get("/revisions/3").main.one("form")))
    assert page.main.all("p")[1].one("a")["href"] == "/revisions/4"
    browser.follow(browser.send(page.main.one("form")))
    assert Transaction.objects.get().category is None

    other = CategoryFactory.create(owner=alice, name="food")
    page = Page(browser.send(browser.get("/revisions/4").main.one("form")))
    assert "Another row has “Food” now." in page.main.text
    assert not page.main.all("form")

    Transaction.objects.for_owner(alice).update(category=other)
    page = Page(browser.send(browser.get(f"/revisions/{other.revision or last(alice) - 1}").main.one("form")))
    assert "1 other row refers to it now." in page.main.text
    browser.follow(browser.send(page.main.one("form")))
    assert (Category.objects.count(), Transaction.objects.get().category) == (0, None)


def test_a_revision_that_is_too_large(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with one_revision(alice):
        ExpenseFactory.create_batch(2, owner=alice)
    browser = Browser(alice)
    form = browser.get("/revisions/1").main.one("form")
    monkeypatch.setattr("ledgers.services.undo.MOST_UNDONE", 1)

    page = Page(browser.send(form))

    assert (page.status, page.main.one("h1").text) == (409, "Not undone")
    assert "This changed more than 1 rows, which is too many to undo." in page.main.text
    assert not page.main.all("form")
    assert Transaction.objects.count() == 2


def test_history_that_is_not_kept(alice: User) -> None:
    ExpenseFactory.create(owner=alice)
    browser = Browser(alice)
    form = browser.get("/revisions/1").main.one("form")
    Revision.objects.all().delete()

    page = Page(browser.send(form))

    assert (page.status, page.main.one("h1").text) == (410, "This is not kept any more")


def test_nobody_undoes_what_is_not_theirs(alice: User, bob: User, outsider: User) -> None:
    row = ExpenseFactory.create(owner=alice, notes="old")
    ExpenseFactory.create(owner=bob)
    browser = Browser(alice)
    form = undo_form(change(browser, f"/transactions/{row.pk}", notes="new"))
    before = [*Transaction.objects.order_by("pk").values()]

    for user in (bob, outsider):
        other = Browser(user)
        assert other.client.post(form["action"], fields_with_token(other)).status_code == 404
    assert browser.client.post(form["action"], {}).status_code == 403  # without the CSRF token
    assert [*Transaction.objects.order_by("pk").values()] == before


def test_a_revision_of_many_rows(alice: User) -> None:
    with one_revision(alice):
        ExpenseFactory.create_batch(3, owner=alice)
    browser = Browser(alice)

    browser.follow(browser.send(browser.get("/revisions/1").main.one("form")))

    assert not Transaction.objects.exists()


def test_the_api_says_it_as_before(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    row.delete()
    client = client_of(alice)
    assert client.post("/revisions/2/undo").status_code == 201
    assert client.post("/revisions/2/undo").json()["code"] == "changed_since"
