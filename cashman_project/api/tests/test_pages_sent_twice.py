"""Forms of the browsable pages that are sent twice: by a double click, by going back, by a reload."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from cashman_project.api.tests.pages import BROWSER, Browser, Page, fields, form_of
from cashman_project.api.tests.test_pages_forms import FORM, add_form
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


@pytest.fixture
def expense(alice: User) -> Transaction:
    row: Transaction = ExpenseFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name="Food"))
    return row


FORMS = {
    "/incomes": {"description": "salary", "amount": "1"},
    "/expenses": {"description": "pizza", "amount": "12.5", "notes": "two\r\nlines"},
    "/transactions": {"type": "EXPENSE", "description": "pizza", "amount": "7"},
    "/categories": {"name": "Food"},
}


def count() -> int:
    return Transaction.objects.count() + Category.objects.count()


@pytest.mark.parametrize("path", FORMS)
def test_a_form_that_is_sent_again_makes_one_row(path: str, browser: Browser, bob: User) -> None:
    form = add_form(browser.get(path))

    pages = [browser.follow(browser.send(form, **FORMS[path])) for _time in range(3)]

    assert count() == 1
    notices = {page.main.one("p", role="status").text for page in pages}
    assert len(notices) == 1
    assert {page.main.one("p", role="status").one("a")["href"] for page in pages} == {
        f"http://testserver{path}/{(Category if path == '/categories' else Transaction).objects.get().pk}"
    }
    browser.follow(
        browser.send(add_form(pages[-1]), **FORMS[path] | ({"name": "Fun"} if path == "/categories" else {}))
    )
    assert count() == 2
    assert len(Browser(bob).get(path).main.all("table")) == 0


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_row(browser: Browser) -> None:
    form = add_form(browser.get("/expenses"))
    sent = urlencode(fields(form) | {"description": "pizza", "amount": "5"})
    barrier = threading.Barrier(4)

    def send(_click: int) -> Any:
        client = Client(enforce_csrf_checks=True, headers={"Accept": BROWSER})
        client.cookies = browser.client.cookies
        barrier.wait()
        try:
            return client.post("/expenses", sent, FORM).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(send, range(4))) == 4 * [303]
    assert Transaction.objects.count() == 1


def test_each_page_has_a_key_of_its_own(browser: Browser) -> None:
    keys = {fields(add_form(browser.get(path)))["_key"] for path in [*FORMS, *FORMS]}
    assert len(keys) == 2 * len(FORMS)


def test_a_form_that_is_shown_again_may_be_sent_with_changes(browser: Browser) -> None:
    form = add_form(browser.get("/expenses"))

    again = Page(browser.send(form, description="pizza", amount="x")).main.one("form")
    browser.follow(browser.send(again, amount="5"))
    browser.follow(browser.send(form, description="another", amount="6"))  # of the page before, which made nothing

    assert set(Transaction.objects.values_list("description", flat=True)) == {"pizza", "another"}


def test_a_form_that_was_saved_and_is_sent_with_changes_asks_first(browser: Browser) -> None:
    form = add_form(browser.get("/expenses"))
    browser.follow(browser.send(form, description="pizza", amount="5"))

    page = Page(browser.send(form, description="coffee", amount="3"))

    assert page.status == 422
    assert page.main.one("div", role="alert").text.startswith("This form was saved before, with other values.")
    again = page.main.one("form")
    assert (fields(again)["description"], fields(again)["amount"]) == ("coffee", "3")
    assert Transaction.objects.count() == 1
    browser.follow(browser.send(again))
    assert set(Transaction.objects.values_list("description", flat=True)) == {"pizza", "coffee"}


def test_a_form_is_sent_again_after_its_row_was_deleted(browser: Browser) -> None:
    form = add_form(browser.get("/expenses"))
    browser.follow(browser.send(form, description="pizza", amount="5"))
    Transaction.objects.all().delete()

    page = browser.follow(browser.send(form, description="pizza", amount="5"))

    assert page.main.one("p", role="status").text == "Saved."
    assert not Transaction.objects.exists()


def test_the_key_of_somebody_elses_form_is_another(browser: Browser, bob: User) -> None:
    theirs = Browser(bob)
    key = fields(add_form(browser.get("/expenses")))["_key"]

    for one in (browser, theirs):
        one.follow(one.send(add_form(one.get("/expenses")), description="pizza", amount="5", _key=key))

    assert Transaction.objects.count() == 2


@pytest.mark.parametrize("change", [{"notes": "new\r\nones"}, {"amount": "60.5", "category": ""}])
def test_a_change_that_is_sent_again_is_saved(change: dict[str, str], browser: Browser, expense: Transaction) -> None:
    form = form_of(browser.get(f"/expenses/{expense.pk}"), "PATCH")

    for _click in range(2):
        page = browser.follow(browser.send(form, **change))
        assert page.main.one("p", role="status").text == "Saved."

    expense.refresh_from_db()
    assert expense.version == 2
    both_changed = dict.fromkeys(change, "7")
    assert Page(browser.send(form, **both_changed)).status == 412
