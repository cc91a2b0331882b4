"""Every text of the pages of imports can be translated."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cashman_project.api.tests.pages import BROWSER, Page
from cashman_project.tests.marked import LANGUAGE, marked_texts
from cashman_project.tests.test_marked_texts import NAME, unmarked
from statements.models import Import
from transactions.models import Account, Transaction
from transactions.tests.factories import ExpenseFactory, IncomeFactory
from users.models import User

FILE = f"""Date,Description,Amount,Category
2026-11-01,{NAME},-1.00,{NAME}
2026-11-02,{NAME},-2.00,
2026-11-03,{NAME},-3.00,
2026-11-04,{NAME},0.00,
2026-11-31,{NAME},-1.00,
"""
HEADERS = {"Accept": BROWSER, "Accept-Language": LANGUAGE}
ASKS = f"Date,Description,Amount\n03/04/2026,{NAME},1.250\n"


@pytest.fixture
def account(staff: User) -> Account:
    account = Account.objects.create(owner=staff, name=NAME, currency="USD")
    other = Account.objects.create(owner=staff, name=NAME * 2, currency="USD")
    ExpenseFactory.create(owner=staff, description=NAME, account=account, amount=Decimal("-2.00"), date="2026-11-02")
    IncomeFactory.create(owner=staff, description=NAME, account=other, amount=Decimal("3.00"), date="2026-11-03")
    return account


def send(client: Client, content: str, **values: str) -> str:
    """Send a file, and return the path of its plan."""
    file = SimpleUploadedFile(NAME, content.encode())
    response = client.post("/imports", {"file": file, **values}, headers=HEADERS)
    assert response.status_code == 303, response.content
    return str(response["Location"]).removeprefix("http://testserver")


def look(client: Client, path: str, **values: str) -> list[str]:
    """Return what is not marked on the page at the path."""
    response = client.post(path, values, headers=HEADERS) if values else client.get(path, headers=HEADERS)
    return unmarked(Page(response))


@pytest.fixture
def marked() -> Iterator[None]:
    with marked_texts():
        yield


@pytest.mark.usefixtures("marked")
def test_pages_of_a_plan(as_staff: Client, staff: User, account: Account) -> None:
    asks = send(as_staff, ASKS)
    plan = send(as_staff, FILE, account=NAME)
    rows = [f"{plan}/rows/{number}" for number in range(1, 6)]

    for path in (asks, plan, *rows, "/imports"):
        assert look(as_staff, path) == [], path
    assert look(as_staff, rows[0], _method="PATCH", amount="x") == []

    first = Import.objects.get(pk=plan.rpartition("/")[2])
    assert first.counts == {"new": 1, "duplicate": 0, "match": 1, "transfer": 1, "error": 1, "skipped": 1}
    again = send(as_staff, FILE, account=NAME)
    as_staff.post(f"{plan}/commit", {"version": str(first.version)}, headers=HEADERS)
    assert look(as_staff, plan) == []
    assert look(as_staff, f"{again}/commit", version="1") == []
    Transaction.objects.filter(owner=staff, amount=-1).update(notes=NAME)
    as_staff.post(plan, {"_method": "DELETE", "_next": plan}, headers=HEADERS)
    assert look(as_staff, plan) == []
