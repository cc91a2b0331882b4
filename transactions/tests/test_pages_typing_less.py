"""What the forms of the pages spare people to type: a row again, a description, a category that is not there yet."""

import datetime
import json
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Node, Page, fields, form_of
from cashman_project.api.tests.problems import problem_of
from cashman_project.api.tests.test_pages_forms import add_form
from transactions.models import Category, Transaction
from transactions.services import suggestions
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


def suggested(form: Node, name: str) -> list[Node]:
    return form.one("datalist", id=form.one("input", name=name)["list"]).all("option")


# -- The same again ---------------------------------------------------------------------------


def again(page: Page) -> Node:
    return page.main.one("form", class_="again")


@pytest.mark.parametrize("path", ["/expenses", "/transactions"])
def test_a_row_is_made_again_with_todays_date(
    path: str, browser: Browser, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "today", lambda _user: datetime.date(2026, 12, 24))
    food = CategoryFactory.create(owner=alice, name="Food")
    values = {"description": "a & b", "amount": Decimal("1234.567"), "currency": "KWD", "notes": "one\n\ntwo <b>"}
    row = ExpenseFactory.create(owner=alice, category=food, external_id="x-1", **values)
    page = browser.get(f"{path}/{row.pk}")

    for _click in range(2):  # which makes one row
        shown = browser.follow(browser.send(again(page)))

    assert again(page).one("button").text == "The same again today"
    copy = Transaction.objects.exclude(pk=row.pk).get()
    assert (copy.owner, copy.type, copy.date, copy.external_id) == (alice, "EXPENSE", datetime.date(2026, 12, 24), None)
    for name in ("description", "amount", "currency", "notes", "category"):
        assert getattr(copy, name) == getattr(row, name)
    assert shown.main.one("p", role="status").one("a")["href"] == f"http://testserver{path}/{copy.pk}"
    Browser(bob).get(f"{path}/{row.pk}", 404)


def test_the_same_again_leads_to_the_list_with_its_filter(browser: Browser, alice: User) -> None:
    income = IncomeFactory.create(owner=alice)
    page = browser.get(f"/incomes/{income.pk}?_next=/incomes%3Fsearch%3Dsal")

    assert browser.send(again(page))["Location"] == "/incomes?search=sal"
    assert browser.send(again(browser.get(f"/incomes/{income.pk}")))["Location"] == "/incomes"
    assert Transaction.objects.filter(type="INCOME").count() == 3


# -- Descriptions -----------------------------------------------------------------------------


def test_descriptions_of_ones_own_are_suggested_with_their_usual_category(
    browser: Browser, alice: User, bob: User
) -> None:
    food, fun, other = (CategoryFactory.create(owner=alice, name=name) for name in ("Food", "Fun", "Other"))
    latest_first = [
        ("new", None),
        ("cinema", None),
        ("PIZZA", other),
        ("pizza", food),
        ("cinema", fun),
        ("Pizza", food),
    ]
    for number, (description, category) in enumerate([*latest_first, ("old", fun)]):
        date = datetime.date(2026, 1, 31 - number)
        ExpenseFactory.create(owner=alice, description=description, category=category, date=date)
    IncomeFactory.create(owner=alice, description="salary", category=other)
    ExpenseFactory.create(owner=bob, description="a secret")

    def found(path: str) -> list[tuple[str, str | None]]:
        options = suggested(add_form(browser.get(path)), "description")
        return [(option["value"], option.attributes.get("data-category")) for option in options]

    cinema = ("cinema", None)  # as often without one as with one, and the latest time without
    assert found("/expenses") == [("PIZZA", "Food"), cinema, ("new", None), ("old", "Fun")]
    assert ("salary", "Other") in found("/transactions")
    assert found("/incomes") == [("salary", "Other")]
    assert not add_form(Browser(bob).get("/incomes")).one("input", name="description").attributes.get("list")


def test_suggestions_are_few_and_read_a_bounded_number_of_rows(
    browser: Browser, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "READ", 30)
    monkeypatch.setattr(suggestions, "SUGGESTED", 20)
    for number in range(40):
        ExpenseFactory.create(
            owner=alice, description=f"no {number}", date=datetime.date(2026, 1, 1) + datetime.timedelta(days=number)
        )
    with CaptureQueriesContext(connection) as queries:
        options = suggested(add_form(browser.get("/expenses")), "description")

    assert [option["value"] for option in options] == [f"no {number}" for number in range(39, 19, -1)]
    assert sum("LIMIT 30" in query["sql"] for query in queries) == 1


def test_a_refused_form_still_suggests(browser: Browser, alice: User) -> None:
    ExpenseFactory.create(owner=alice, description="coffee", category=CategoryFactory.create(owner=alice, name="Food"))
    refused = Page(browser.send(add_form(browser.get("/expenses")), description="x", amount="x"))

    assert [option["value"] for option in suggested(refused.main.one("form"), "description")] == ["coffee"]
    assert [option["value"] for option in suggested(refused.main.one("form"), "category")] == ["Food"]


# -- Categories -------------------------------------------------------------------------------


def test_a_category_is_made_while_a_row_is_recorded(browser: Browser, alice: User, bob: User) -> None:
    CategoryFactory.create(owner=bob, name="Treats")
    form = add_form(browser.get("/expenses"))

    for _click in range(2):
        page = browser.follow(browser.send(form, description="cake", amount="5", category=" Treats "))

    category = Category.objects.get(owner=alice)
    assert (category.name, Transaction.objects.get().category) == ("Treats", category)
    assert page.main.one("p", role="status").text.startswith("Saved: ")
    row = Transaction.objects.get()
    again = browser.follow(
        browser.send(form_of(browser.get(f"/expenses/{row.pk}"), "PATCH"), category="Sweets")
    ).main.one("p", role="status")
    assert again.text == "Saved. New category: Sweets."
    row.refresh_from_db()
    assert row.category == Category.objects.get(owner=alice, name="Sweets")


def test_the_page_says_that_the_category_is_new(browser: Browser, alice: User) -> None:
    form = add_form(browser.get("/expenses"))

    page = browser.follow(browser.send(form, description="cake", amount="5", category="<Treats>"))
    told = page.main.one("p", role="status").text
    assert told.endswith(" New category: <Treats>.")

    form = add_form(browser.get("/expenses"))
    page = browser.follow(browser.send(form, description="cake", amount="5", category="<tREATS>"))
    assert "New category" not in page.main.one("p", role="status").text
    assert Category.objects.count() == 1


@pytest.mark.parametrize("name", ["x" * 101, "\u200b", "a\u2028b"])
def test_a_name_that_no_category_may_have_is_refused(name: str, browser: Browser) -> None:
    page = Page(browser.send(add_form(browser.get("/expenses")), description="x", amount="5", category=name))

    assert page.status == 400
    assert set(page.errors()) == {"category"}
    assert (Category.objects.count(), Transaction.objects.count()) == (0, 0)


def test_no_category_is_made_by_a_form_that_is_refused(browser: Browser, alice: User) -> None:
    page = Page(browser.send(add_form(browser.get("/expenses")), description="x", amount="x", category="Treats"))

    assert fields(page.main.one("form"))["category"] == "Treats"
    assert not Category.objects.exists()
    row = ExpenseFactory.create(owner=alice)
    ExpenseFactory.create(owner=alice, external_id="taken")
    form = form_of(browser.get(f"/expenses/{row.pk}"), "PATCH")
    assert Page(browser.send(form, category="Treats", external_id="taken")).status == 409
    assert not Category.objects.exists()


def test_programs_still_create_a_category_first(as_alice: APIClient) -> None:
    body = {"description": "x", "amount": "5", "category": "Treats"}

    for content in (body, [body]):
        response = as_alice.post("/expenses", json.dumps(content), content_type="application/json")
        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == "does_not_exist"
    assert not Category.objects.exists()


def test_a_form_offers_a_bounded_number_of_categories(browser: Browser, alice: User) -> None:
    Category.objects.bulk_create(Category(owner=alice, name=f"Name {number:04}") for number in range(600))

    page = browser.get("/expenses?category=Name+0599")

    assert len(suggested(add_form(page), "category")) == 500
    choices = page.main.one("select", name="category").all("option")
    assert len(choices) == 502  # with "any", and with the one that is chosen
    assert [option.text for option in choices if "selected" in option.attributes] == ["Name 0599"]


def test_a_new_transaction_is_an_expense_unless_income_is_chosen(alice: User, bob: User) -> None:
    browser = Browser(alice)
    form = add_form(browser.get("/transactions"))
    choices = form.all("input", name="type")
    assert [(one["type"], one["value"], "checked" in one.attributes) for one in choices] == [
        ("radio", "EXPENSE", True),
        ("radio", "INCOME", False),
    ]
    assert [label.text for label in form.one("fieldset").all("label")] == ["Expense", "Income"]

    browser.follow(browser.send(form, description="coffee", amount="3"))
    browser.follow(browser.send(add_form(browser.get("/transactions")), type="INCOME", description="gift", amount="5"))

    rows = Transaction.objects.for_owner(alice).order_by("amount")
    assert [(row.description, row.type, row.amount) for row in rows] == [
        ("coffee", "EXPENSE", -3),
        ("gift", "INCOME", 5),
    ]
    assert not Transaction.objects.for_owner(bob).exists()


def test_a_refused_new_transaction_keeps_its_type(alice: User) -> None:
    browser = Browser(alice)
    form = add_form(browser.get("/transactions"))

    page = Page(browser.send(form, type="INCOME", description="", amount="5"))

    assert (page.status, page.main.one("input", name="type", checked="")["value"]) == (400, "INCOME")
    wrong = Page(browser.send(form, type="x", description="a", amount="5"))
    assert wrong.errors() == {"type": "Not a choice: give one of INCOME, EXPENSE."}


def test_programs_still_name_the_type(as_alice: APIClient) -> None:
    response = as_alice.post("/transactions", {"description": "coffee", "amount": 3}, format="json")

    problem_of(response, 400, "invalid", ("type", "required"))
