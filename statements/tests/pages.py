"""What tests of the pages of imports share."""

import datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from cashman_project.api.tests.pages import Browser, Node, Page, fields
from statements.models import Import
from transactions.models import Account, Transaction
from users.models import User


def send_file(browser: Browser, content: bytes, **values: str) -> Any:
    """Send the form of a file as a browser does, and return the response."""
    [form] = browser.get("/imports").main.all("form", enctype="multipart/form-data")
    file = SimpleUploadedFile("november.csv", content)
    return browser.client.post(form["action"], {**fields(form), **values, "file": file})


def plan_of(browser: Browser, content: bytes, **values: str) -> Page:
    """Send a file, and return the page of its plan."""
    return browser.follow(send_file(browser, content, **values))


def row_of(page: Page, number: int) -> Node:
    """Return the row of the table that has this number."""
    row = page.main.one("td", id=f"row-{number}").parent
    assert row is not None
    return row


def press(browser: Browser, page: Page, label: str, row: int) -> Page:
    """Press a button of the table in the row of this number, and return the page that follows."""
    [button] = [one for one in row_of(page, row).all("button") if one.text == label]
    form = page.main.one("form", id=button["form"])
    sent = fields(form) | {button["name"]: button["value"]}
    return browser.follow(browser.client.post(button["formaction"], sent))


def sentences(page: Page) -> list[str]:
    return [one.text for one in page.main.one("ul", class_="does").all("li")]


def button(page: Page, label: str) -> Node:
    """Return the form of a button."""
    [form] = [form for form in page.main.all("form") if label in [one.text for one in form.all("button")]]
    return form


def path_of(plan: Import) -> str:
    return f"/imports/{plan.pk}"


def notice(page: Page) -> str:
    return page.main.all("p", role="status")[0].text


def add(owner: User, account: Account, description: str, amount: str, day: int) -> Transaction:
    number = Decimal(amount)
    row: Transaction = Transaction.objects.create(
        owner=owner,
        type="EXPENSE" if number < 0 else "INCOME",
        account=account,
        description=description,
        amount=number,
        currency=account.currency,
        date=datetime.date(2026, 11, day),
    )
    return row


def page_path(owner: User) -> str:
    return path_of(Import.objects.filter(owner=owner).latest("created_at"))
