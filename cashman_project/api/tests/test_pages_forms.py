"""The forms of the browsable pages: the API's own strict rules, a browser's session, and not a script."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from rest_framework.permissions import BasePermission
from rest_framework.test import APIClient

from cashman_project.api.templatetags.days import day
from cashman_project.api.tests.pages import BROWSER, Browser, Page, fields, form_of
from cashman_project.api.tests.problems import problem_of, stored
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.views import ExpenseViewSet
from users.models import User

FORM = "application/x-www-form-urlencoded"
RESOURCES = ["/incomes", "/expenses", "/transactions", "/categories"]


def add_form(page: Page) -> Any:
    return page.main.one("details", class_="add").one("form")


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


@pytest.fixture
def expense(alice: User) -> Transaction:
    food = CategoryFactory.create(owner=alice, name="Food")
    row: Transaction = ExpenseFactory.create(owner=alice, category=food, notes="with Ada\nand Bob", external_id="b 1")
    return row


def test_an_expense_is_added_and_the_list_says_so(browser: Browser, alice: User, bob: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    CategoryFactory.create(owner=bob, name="Secret")
    form = add_form(browser.get("/expenses"))

    suggested = form.one("datalist", id=form.one("input", name="category")["list"])
    assert [option["value"] for option in suggested.all("option")] == ["Food"]
    page = browser.follow(browser.send(form, description="pizza", amount="12.5", category="Food"))

    row = Transaction.objects.get()
    assert (row.owner, row.description, row.amount, row.type) == (alice, "pizza", Decimal("-12.5"), "EXPENSE")
    assert (row.currency, row.date, row.category) == (alice.currency, alice.today(), Category.objects.get(name="Food"))
    notice = page.main.one("p", role="status")
    assert notice.text == f"Saved: {row}"
    assert notice.one("a")["href"] == f"http://testserver/expenses/{row.pk}"
    assert page.rows() == [[day(row.date), "pizza", "Food", "\u221212.50 USD"]]


def test_a_reload_of_what_follows_adds_nothing(browser: Browser) -> None:
    response = browser.send(add_form(browser.get("/incomes")), description="salary", amount="1")

    pages = [browser.get(response["Location"]) for _reload in range(2)]

    assert [len(page.rows()) for page in pages] == [1, 1]
    assert [len(page.main.all("p", role="status")) for page in pages] == [1, 0]
    assert Transaction.objects.count() == 1


@pytest.mark.parametrize("kind", ["INCOME", "EXPENSE"])
def test_a_transaction_of_either_kind_is_added(kind: str, browser: Browser) -> None:
    form = add_form(browser.get("/transactions"))

    browser.follow(browser.send(form, type=kind, description="x", amount="7"))

    assert Transaction.objects.get().type == kind
    assert "type" not in fields(add_form(browser.get("/incomes")))


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(browser: Browser) -> None:
    form = add_form(browser.get("/expenses"))
    typed = {"description": "  ", "amount": "1,5,0", "currency": "usd", "date": "", "notes": "a <b>\r\nc"}

    page = Page(browser.send(form, **typed))

    assert page.status == 400
    assert page.errors() == {
        "description": "This field may not be blank.",
        "amount": "Not an amount: give a number such as 12.50.",
        "currency": "Not a currency: give an upper-case ISO 4217 code, such as EUR, USD or JPY.",
    }
    again = page.main.one("form")
    kept = fields(again)
    assert {name: kept[name] for name in typed} == typed
    assert [node["name"] for node in page.main.all("input", autofocus="")] == ["amount"]
    assert page.main.one("div", role="alert").text == "Please correct the marked fields."
    assert not Transaction.objects.exists()

    browser.follow(browser.send(again, description="coffee", amount="1.50", currency="USD"))
    assert Transaction.objects.get().notes == "a <b>\nc"


def test_what_is_wrong_with_the_whole_is_said_above_the_form(browser: Browser) -> None:
    form = add_form(browser.get("/expenses"))
    sent = {**fields(form), "description": "x", "amount": "1", "owner": "bob"}

    page = Page(browser.client.post("/expenses", sent))

    assert (page.status, page.errors()) == (400, {})
    assert page.main.one("div", role="alert").text == "owner: There is no such field."
    assert not Transaction.objects.exists()


def test_a_name_that_is_taken_is_said_beside_it(browser: Browser, alice: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    other = CategoryFactory.create(owner=alice, name="Fun")
    add, change = add_form(browser.get("/categories")), form_of(browser.get(f"/categories/{other.pk}"), "PATCH")

    for form in (add, change):
        page = Page(browser.send(form, name="food"))
        assert page.status == 409
        assert page.errors() == {"name": "You already have a category with this name."}
        assert fields(page.main.one("form"))["name"] == "food"
    assert sorted(Category.objects.values_list("name", flat=True)) == ["Food", "Fun"]


def test_an_external_id_that_is_taken_is_said_beside_it(browser: Browser, alice: User, expense: Transaction) -> None:
    other = ExpenseFactory.create(owner=alice)
    add, change = add_form(browser.get("/expenses")), form_of(browser.get(f"/expenses/{other.pk}"), "PATCH")
    before = stored()

    for form in (add, change):
        page = Page(browser.send(form, description="ramen", amount="7", external_id="b 1", category="Food"))
        assert page.status == 409
        assert page.errors() == {"external_id": "You already have a transaction with this external id."}
        kept = fields(page.main.one("form"))
        assert [kept[name] for name in ("amount", "external_id", "category")] == ["7", "b 1", "Food"]
    assert stored() == before


@pytest.mark.parametrize("resource", ["/expenses", "/transactions"])
def test_a_form_that_is_sent_as_it_came_changes_nothing(resource: str, browser: Browser, expense: Transaction) -> None:
    url = f"{resource}/{expense.pk}"
    before: dict[str, Any] = dict(Transaction.objects.values().get())

    page = browser.follow(browser.send(form_of(browser.get(url), "PATCH")))

    assert page.main.one("p", role="status").text == "Saved."
    assert dict(Transaction.objects.values().get()) == before


def test_a_row_is_changed(browser: Browser, expense: Transaction) -> None:
    form = form_of(browser.get(f"/expenses/{expense.pk}"), "PATCH")

    changes = {
        "amount": "1200",
        "currency": "JPY",
        "category": "",
        "notes": "",
        "external_id": "",
        "date": "2026-01-31",
    }
    page = browser.follow(browser.send(form, **changes))

    expense.refresh_from_db()
    assert (expense.amount, expense.currency, str(expense.date)) == (Decimal(-1200), "JPY", "2026-01-31")
    assert (expense.category, expense.notes, expense.external_id) == (None, "", None)
    assert page.main.one("p", class_="amount").text == "\u22121,200 JPY"


def test_a_change_that_is_refused_shows_what_was_typed(browser: Browser, expense: Transaction) -> None:
    before = stored()
    form = form_of(browser.get(f"/expenses/{expense.pk}"), "PATCH")

    page = Page(browser.send(form, amount="0", description="free pizza"))

    assert (page.status, stored()) == (400, before)
    assert page.errors() == {"amount": "Zero is not an amount: give how much came in or went out."}
    again = form_of(page, "PATCH")
    assert fields(again)["description"] == "free pizza"
    browser.follow(browser.send(again, amount="3"))
    expense.refresh_from_db()
    assert (expense.description, expense.amount) == ("free pizza", Decimal(-3))


def test_a_row_is_deleted_once_that_is_confirmed(browser: Browser, expense: Transaction) -> None:
    page = browser.get(f"/expenses/{expense.pk}")
    [tool] = [node for node in page.main.all("details", class_="tool") if node.all("summary")[0].text == "Delete"]

    assert "open" not in tool.attributes
    assert str(expense) in tool.one("p").text
    listed = browser.follow(browser.send(tool.one("form")))

    assert listed.main.one("h1").text == "Expenses"
    assert listed.main.one("p", role="status").text == f"Deleted: {expense}"
    assert not Transaction.objects.exists()


def test_a_category_in_use_is_deleted_after_a_second_question(
    browser: Browser, alice: User, expense: Transaction
) -> None:
    IncomeFactory.create(owner=alice, category=expense.category)
    url = f"/categories/{expense.category_id}"

    page = Page(browser.send(form_of(browser.get(url), "DELETE")))

    assert (page.status, page.main.one("h1").text) == (409, "“Food” is in use")
    assert page.main.one("form").one("p").text.startswith("2 transactions have this category.")
    assert page.main.one("p", class_="back").one("a")["href"] == url
    assert Category.objects.exists()
    browser.follow(browser.send(page.main.one("form")))
    assert not Category.objects.exists()
    assert list(Transaction.objects.values_list("category", flat=True)) == [None, None]


@pytest.mark.parametrize("query", ["?force=maybe", "?force=true&force=true", "?colour=red"])
def test_a_wrong_question_about_a_category_is_a_page_of_its_fault(
    query: str, browser: Browser, expense: Transaction
) -> None:
    form = form_of(browser.get(f"/categories/{expense.category_id}"), "DELETE")
    form.attributes["action"] += query

    page = Page(browser.send(form))

    assert (page.status, page.main.one("h1").text) == (400, "That could not be understood")
    assert query[1:].partition("=")[0] in page.main.text
    assert Category.objects.exists()


def test_preferences_are_changed(browser: Browser, alice: User) -> None:
    form = form_of(browser.get("/me"), "PATCH")

    page = Page(browser.send(form, time_zone="Mars/Olympus", currency="EUR"))
    assert (page.status, list(page.errors())) == (400, ["time_zone"])
    assert fields(page.main.one("form"))["currency"] == "EUR"
    page = browser.follow(browser.send(page.main.one("form"), time_zone="Europe/Berlin"))

    alice.refresh_from_db()
    assert (alice.currency, alice.time_zone) == ("EUR", "Europe/Berlin")
    assert page.main.one("p", role="status").text == "Saved."
    assert fields(add_form(browser.get("/incomes")))["currency"] == "EUR"


@pytest.mark.parametrize("method", ["", "PATCH", "PUT", "DELETE"])
def test_a_form_of_another_site_does_nothing(method: str, alice: User, expense: Transaction) -> None:
    """It can be sent with alice's cookie, but not with the token of her pages."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    before = stored()
    body = {"_method": method, "description": "x", "amount": "1"} if method else {"description": "x", "amount": "1"}
    url = f"/expenses/{expense.pk}" if method else "/expenses"

    for token in ({}, {"csrfmiddlewaretoken": "x" * 64}):
        page = Page(client.post(url, body | token, headers={"Accept": BROWSER}))
        assert page.status == 403
        assert "Go back, reload the page and send the form again." in page.main.text
    assert stored() == before


def test_a_login_page_of_before_another_login_says_what_to_do(alice: User) -> None:
    browser = Browser()
    sent = fields(browser.get("/api-auth/login/").main.one("form"))
    browser.client.force_login(alice)
    browser.client.cookies["csrftoken"] = "y" * 32  # a login makes a new one

    page = Page(browser.client.post("/api-auth/login/", sent | {"username": "alice", "password": "x"}))

    assert page.status == 403
    assert "Go back, reload the page and send the form again." in page.main.text


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("resource", RESOURCES)
def test_a_form_reaches_no_row_of_another(resource: str, method: str, browser: Browser, bob: User) -> None:
    factory: Any = {"/incomes": IncomeFactory, "/categories": CategoryFactory}.get(resource, ExpenseFactory)
    row = factory.create(owner=bob)
    token = fields(add_form(browser.get(resource)))["csrfmiddlewaretoken"]
    before = stored()

    body = {"csrfmiddlewaretoken": token, "_method": method, "description": "x", "amount": "1", "name": "x"}
    page = Page(browser.client.post(f"{resource}/{row.pk}", body))

    assert (page.status, stored()) == (404, before)
    assert str(row.pk) not in page.main.text


@pytest.mark.parametrize("method", ["GET", "POST", "TRACE", "delete", "", "nonsense"])
def test_a_form_names_a_method_that_html_lacks_or_none(method: str, browser: Browser, expense: Transaction) -> None:
    token = fields(add_form(browser.get("/expenses")))["csrfmiddlewaretoken"]

    response = browser.client.post(f"/expenses/{expense.pk}", {"csrfmiddlewaretoken": token, "_method": method})

    assert response.status_code == 405
    assert Transaction.objects.exists()


@pytest.mark.parametrize(
    ("method", "action"), [("PATCH", "partial_update"), ("PUT", "update"), ("DELETE", "destroy"), ("GET", None)]
)
def test_a_permission_is_asked_about_the_method_that_the_form_names(
    method: str, action: str | None, browser: Browser, expense: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Refuses(BasePermission):
        def has_permission(self, request: Any, view: Any) -> bool:
            seen.append((request.method, view.action))
            return False

    token = fields(add_form(browser.get("/expenses")))["csrfmiddlewaretoken"]
    monkeypatch.setattr(ExpenseViewSet, "permission_classes", [Refuses])

    response = browser.client.post(f"/expenses/{expense.pk}", {"csrfmiddlewaretoken": token, "_method": method})

    assert response.status_code == 403
    assert seen == [(method if action else "POST", action)]
    assert Transaction.objects.exists()


def test_a_method_is_taken_from_a_form_of_a_session_alone(
    as_alice: APIClient, alice: User, expense: Transaction
) -> None:
    url = f"/expenses/{expense.pk}"
    by_session = Client()
    by_session.force_login(alice)

    problem_of(as_alice.post(url, {"_method": "DELETE"}), 405, "method_not_allowed")
    problem_of(as_alice.generic("POST", url, "_method=DELETE", content_type=FORM), 405, "method_not_allowed")
    problem_of(by_session.post(url, {"_method": "DELETE"}, "application/json"), 405, "method_not_allowed")
    for name in ("_method", "_if_match"):
        body = {name: "DELETE", "description": "x", "amount": 1}
        problem_of(as_alice.post("/expenses", body), 400, "unknown_field", (name, "unknown_field"))
    assert Transaction.objects.count() == 1


def test_a_form_with_a_token_is_not_read(as_alice: APIClient) -> None:
    for accept in ("application/json", BROWSER):
        body = "description=x&amount=1"
        answer = as_alice.generic("POST", "/incomes", body, content_type=FORM, headers={"Accept": accept})
        assert answer.status_code == 415
    assert not Transaction.objects.exists()


def test_programs_are_answered_as_ever(as_alice: APIClient, alice: User) -> None:
    """A redirect is for forms that a page answers: neither for JSON, nor for a form that JSON answers."""
    by_session = Client()
    by_session.force_login(alice)
    body = {"description": "x", "amount": 1}

    answers: list[Any] = [
        as_alice.post("/incomes", body),
        by_session.post("/incomes", body, "application/json", headers={"Accept": "application/json"}),
    ]
    for answer in answers:
        assert (answer.status_code, answer["Content-Type"]) == (201, "application/json")
        assert answer.json()["description"] == "x"
    form: Any = by_session.post("/incomes", {"description": "x", "amount": "1"})
    assert (form.status_code, form.json()["amount"]) == (201, "1.00")
    problem_of(by_session.post("/incomes", {"description": "x", "amount": "-"}), 400, "invalid", ("amount", "invalid"))
    pages: list[Any] = [
        as_alice.post("/incomes", body, headers={"Accept": "text/html"}),
        by_session.post("/incomes", body, "application/json", headers={"Accept": "text/html"}),
    ]
    for page in pages:
        row = Transaction.objects.get(pk=page["Location"].rpartition("/")[2])
        assert page.status_code == 201
        assert str(row.pk) in Page(page).main.text
    deleted: Any = as_alice.delete(f"/incomes/{row.pk}", headers={"Accept": "text/html"})
    assert (deleted.status_code, deleted.content, deleted.get("Content-Type")) == (204, b"", None)


def test_a_filter_that_a_page_has_no_need_of_is_shown_where_it_is_asked_for(browser: Browser) -> None:
    assert not browser.get("/expenses").main.all("select", name="type")

    page = browser.get("/expenses?type=INCOME")
    assert page.main.one("select", name="type").one("option", selected="")["value"] == "INCOME"
    page = browser.get("/expenses?type=x", 400)
    assert page.errors() == {"type": "Select a valid choice. x is not one of the available choices."}
