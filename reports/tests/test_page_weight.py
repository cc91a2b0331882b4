"""What each page makes a browser load: little, and nothing from elsewhere."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cashman_project.api.tests.pages import BROWSER, Page
from transactions.models import Account, Category, Expense
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

MOST = 60_000  # bytes of the page and of its files, uncompressed
MOST_OF_SCRIPT = 10_000
STATEMENT = "Date,Description,Amount\n" + "".join(
    f"2026-11-02,What was paid for {number},-{number}.01\n" for number in range(60)
)
CHARTS = [
    "income-and-expense",
    "categories",
    "category?category=Kind+1",
    "years",
    "balance",
    "flow",
    "net-worth",
    "transfers",
]
PATHS = [
    "/",
    "/transactions",
    "/transactions?category=Kind+1&date_after=2026-01-01&date_before=2026-12-31",
    "/transactions?amount_min=x",
    "/expenses",
    "/expenses/<pk>",
    "/expenses/<pk>/history",
    "/revisions",
    "/revisions/1",
    "/categories",
    "/categories/<pk>",
    "/accounts",
    "/accounts/<pk>",
    "/accounts/<pk>/register",
    "/accounts/<pk>/checks?date=2026-11-30&balance=5",
    "/transfers",
    "/transfers/proposals",
    "/imports",
    "/imports/<plan>",
    "/summary",
    "/summary?group_by=month,category",
    *(f"/charts/{name}" for name in CHARTS),
    "/me",
    "/auth/password",
    "/tokens",
    "/api-auth/login/",
    "/nope",
]
# Django's and Swagger UI's own scripts are heavier; but they, too, come from here.
OTHERS = ["/admin/", "/admin/transactions/transaction/", "/admin/transactions/transaction/add/", "/docs"]


def files_of(content: str) -> list[str]:
    """Return the addresses of what a browser loads with the page."""
    tags = re.findall(r"<(?:link|script|img|iframe|source|object|embed|use|image)\b[^>]*>", content)
    return [address for tag in tags for address in re.findall(r'\b(?:href|src|srcset|data)="([^"#][^"]*)"', tag)]


def size_of(address: str) -> int:
    path = finders.find(address.removeprefix(settings.STATIC_URL))
    assert isinstance(path, str), address
    return Path(path).stat().st_size


@pytest.fixture
def client(alice: User) -> Client:
    """A browser of a user with a full list and twenty categories."""
    for number in range(20):
        category = CategoryFactory.create(owner=alice, name=f"Kind {number}")
        for factory in (IncomeFactory, ExpenseFactory, ExpenseFactory):
            factory.create(owner=alice, category=category, description=f"What was bought for {number}")
    account = AccountFactory.create(owner=alice)
    for number in range(60):
        ExpenseFactory.create(owner=alice, account=account, description=f"What was paid for {number}")
    client = Client(headers={"Accept": BROWSER})
    client.force_login(alice)
    return client


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_light_and_loads_nothing_from_elsewhere(path: str, client: Client, alice: User) -> None:
    if "<pk>" in path:
        model: Any = Category if "categories" in path else Account if "accounts" in path else Expense
        path = path.replace("<pk>", str(model.objects.filter(owner=alice)[0].pk))
    if "<plan>" in path:
        file = SimpleUploadedFile("november.csv", STATEMENT.encode())
        account = Account.objects.get(owner=alice).name
        path = client.post("/imports", {"file": file, "account": account})["Location"]
    response = client.get(path)
    content = response.content.decode()
    Page(response)
    charts = {address for address in files_of(content) if address.startswith("/charts/")}
    files = set(files_of(content)) - charts
    content = re.sub(r"<figure.*?</figure>", "", content, flags=re.DOTALL)  # a chart's style is allowed by its hash

    weight = len(content.encode()) + sum(size_of(address) for address in files)
    assert len(files) >= 4  # the icon, two style sheets and the script
    assert weight < MOST
    assert max(size_of(address) for address in files if address.endswith(".js")) < MOST_OF_SCRIPT
    for address in files:
        assert address.startswith(settings.STATIC_URL), address
    assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", content)


@pytest.mark.parametrize("path", OTHERS)
def test_the_admin_and_the_docs_load_nothing_from_elsewhere(path: str, as_staff: Client) -> None:
    files = files_of(as_staff.get(path, headers={"Accept": BROWSER}).content.decode())

    assert len(files) >= 4
    for address in files:
        assert re.match("/[^/]", address), address
