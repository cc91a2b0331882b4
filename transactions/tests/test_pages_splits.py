"""The page on which a transaction is split, and how parts are shown elsewhere. Everything works without a script."""

import datetime
from decimal import Decimal
from typing import Any

import pytest

from cashman_project.api.tests.pages import Browser, Page, fields, form_of
from conftest import client_of
from transactions.models import Category, Tag, Transaction
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, TransferFactory
from users.models import User


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


@pytest.fixture
def receipt(alice: User) -> Transaction:
    row: Transaction = ExpenseFactory.create(
        owner=alice,
        description="supermarket",
        amount=Decimal(70),
        date=datetime.date(2026, 11, 1),
        category=CategoryFactory.create(owner=alice, name="Food"),
        account=AccountFactory.create(owner=alice, name="Bank"),
        external_id="bank-1",
        notes="two bags",
    )
    return row


def parts(row: Transaction) -> list[tuple[Any, ...]]:
    rows = Transaction.objects.filter(split=row.pk).order_by("-amount").select_related("category")
    return [(-part.amount, part.description, str(part.category or ""), part.tags, part.notes) for part in rows]


def editor(browser: Browser, row: Transaction) -> Page:
    link = browser.get(f"/transactions/{row.pk}").main.one("a", href=f"/transactions/{row.pk}/split")
    assert link.text == "Split"
    return browser.get(link["href"])


def values(*lines: dict[str, str]) -> dict[str, str | list[str]]:
    return {f"parts.{number}.{name}": value for number, line in enumerate(lines) for name, value in line.items()}


def test_a_receipt_is_split_and_joined(browser: Browser, bob: User, receipt: Transaction) -> None:
    page = editor(browser, receipt)
    assert page.main.one("p", role="status").text == "Left to assign 0.00 USD"
    form = form_of(page, "PUT")
    assert fields(form)["parts.0.amount"] == "70.00"
    lines = {"amount": "50"}, {"amount": "20.00", "category": "House", "tags": "home, soap", "description": " "}
    after = browser.follow(browser.send(form, **values(*lines)))
    assert parts(receipt) == [
        (20, "supermarket", "House", '["home","soap"]', ""),
        (50, "supermarket", "Food", "[]", "two bags"),
    ]
    assert Tag.objects.filter(owner=receipt.owner_id).count() == 2
    assert "The transaction is split." in after.main.text
    assert [one.text for one in after.main.one("section", class_="split-parts").all("li")] == [
        "supermarket Food −50.00",
        "supermarket House −20.00",
    ]
    assert not [form for form in after.main.all("form") if fields(form).get("_method") == "DELETE"]
    assert {"description", "category", "notes", "tags"} <= fields(form_of(after, "PATCH")).keys()
    assert not {"amount", "date", "account", "currency", "type"} & fields(form_of(after, "PATCH")).keys()
    [other] = after.main.one("section", class_="split-parts").one("ol").all("a")
    second = browser.get(other["href"])
    [change] = [link for link in second.main.all("a") if link.text == "Change the split"]
    page = browser.get(change["href"])
    joined = browser.follow(browser.send(form_of(page, "DELETE")))
    receipt.refresh_from_db()
    assert (receipt.amount, receipt.split, receipt.external_id) == (-70, None, "bank-1")
    assert "The parts are one transaction again." in joined.main.text
    assert Transaction.objects.count() == 1
    assert Browser(bob).client.get(f"/transactions/{receipt.pk}/split").status_code == 404


def test_what_does_not_add_up_is_shown_again(browser: Browser, receipt: Transaction) -> None:
    form = form_of(editor(browser, receipt), "PUT")
    lines = {"amount": "50,00", "category": "Fun"}, {"amount": "15", "notes": "a\r\nb"}, {"amount": "", "tags": "x"}
    response = browser.send(form, **values(*lines))
    assert response.status_code == 400
    page = Page(response)
    assert "5.00 USD is left to assign." in page.main.one("div", role="alert").text
    assert page.main.one("p", role="status").text == "Left to assign 5.00 USD"
    again = form_of(page, "PUT")
    sent = fields(again)
    assert (sent["parts.0.amount"], sent["parts.0.category"], sent["parts.1.notes"]) == ("50,00", "Fun", "a\r\nb")
    assert not Category.objects.filter(name="Fun").exists()
    browser.follow(browser.send(again, **values({}, {"amount": "20"})))
    assert [amount for amount, *_others in parts(receipt)] == [20, 50]
    assert sent["_next"] == f"/transactions/{receipt.pk}"


def test_errors_stand_beside_their_fields(browser: Browser, receipt: Transaction) -> None:
    form = form_of(editor(browser, receipt), "PUT")
    lines = {"amount": "x"}, {"amount": "20.001"}, {"amount": "1", "tags": "a,a"}
    page = Page(browser.send(form, **values(*lines)))
    told = page.errors()
    assert told.keys() == {"parts.0.amount", "parts.1.amount", "parts.2.tags"}
    assert told["parts.2.tags"] == "This tag is given twice."
    assert page.main.one("p", role="status").text == "Left to assign — USD"


def test_a_split_that_was_changed_meanwhile_is_not_lost(browser: Browser, alice: User, receipt: Transaction) -> None:
    form = form_of(editor(browser, receipt), "PUT")
    client_of(alice).patch(f"/transactions/{receipt.pk}", {"notes": "three bags"})
    response = browser.send(form, **values({"amount": "50"}, {"amount": "20"}))
    assert response.status_code == 400
    assert "The parts were changed meanwhile." in Page(response).main.text
    browser.follow(browser.send(form_of(Page(response), "PUT")))
    assert len(parts(receipt)) == 2


def test_a_line_that_is_emptied_is_no_part(browser: Browser, alice: User, receipt: Transaction) -> None:
    path = f"/transactions/{receipt.pk}/split"
    answer = client_of(alice).put(path, {"parts": [{"amount": 40}, {"amount": 20}, {"amount": 10, "notes": "tip"}]})
    assert answer.status_code == 200
    form = form_of(browser.get(path), "PUT")
    page = browser.follow(browser.send(form, **values({"amount": "60"}, {"amount": ""})))
    assert parts(receipt) == [(10, "supermarket", "", "[]", "tip"), (60, "supermarket", "Food", "[]", "two bags")]
    assert page.main.one("h1").text == "supermarket"


def test_lists_mark_parts_and_lead_to_the_others(browser: Browser, alice: User, receipt: Transaction) -> None:
    ExpenseFactory.create(owner=alice, description="alone")
    path = f"/transactions/{receipt.pk}/split"
    client_of(alice).put(path, {"parts": [{"amount": 40}, {"amount": 30}]})
    for listed in ("/transactions", "/expenses", f"/accounts/{receipt.account_id}/register"):
        marks = [link for link in browser.get(listed).main.all("a") if link.text == "part of a split"]
        assert [mark["href"] for mark in marks] == [f"/transactions?split={receipt.pk}"] * 2
    page = browser.get(f"/transactions?split={receipt.pk}")
    assert len(page.rows()) == 2
    assert "The parts of a split" in page.main.one("ul", class_="chips").text


def test_a_leg_of_a_transfer_has_no_way_to_split(browser: Browser, alice: User) -> None:
    transfer = TransferFactory.create(owner=alice)
    leg = Transaction.objects.filter(transfer=transfer).first()
    assert leg
    assert not browser.get(f"/transactions/{leg.pk}").main.all("a", href=f"/transactions/{leg.pk}/split")


def test_a_split_leads_back_to_where_one_came_from(browser: Browser, receipt: Transaction) -> None:
    row = browser.get(f"/transactions/{receipt.pk}?_next=/expenses%3Fpage_size%3D5")
    [link] = [one for one in row.main.all("a") if one.text == "Split"]
    form = form_of(browser.get(link["href"]), "PUT")
    after = browser.follow(browser.send(form, **values({"amount": "50"}, {"amount": "20"})))
    assert after.main.one("p", class_="back").one("a")["href"] == "/expenses?page_size=5"
