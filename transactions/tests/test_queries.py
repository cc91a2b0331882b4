"""How often each endpoint asks the database: as often with sixty rows as with one, and as often as was reviewed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import BROWSER
from cashman_project.db.tests.sql import statements as separate
from cashman_project.db.tests.sql import text_of
from conftest import client_of
from transactions.models import Category, Tag
from transactions.names import tags_text
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, IncomeFactory, TagFactory
from transactions.tests.test_permissions import (
    BODIES,
    EXPECTED,
    FACTORIES,
    body_of,
    content_of,
    filled,
    path_of,
    resource_of,
)
from users.models import User
from users.sessions import start_session

REVIEWED = Path(__file__).with_name("query_counts.txt")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
# What a request may ask for beside its path.
QUERIES = {
    "/transactions?category=Kind+1&search=x&date_after=2026-01-01": ["GET"],
    "/transactions?uncategorized=false&amount_min=1&ordering=amount&page_size=7": ["GET"],
    "/transactions?ordering=-absolute_amount": ["GET"],
    "/transactions?ordering=description&search=x": ["GET"],
    "/transactions?ordering=category&date=2026-11-02": ["GET"],
    "/categories?ordering=created_at": ["GET"],
    "/categories/<pk>?force=true": ["DELETE"],
    "/categories/<pk>?into=Kind+1": ["DELETE"],
    "/categories?ordering=group": ["GET"],
    "/transactions?group=Group+1&exclude_account=Account+1": ["GET"],
    "/summary?group_by=group,month&group=Group+1": ["GET"],
    "/summary?exclude_account=Account+1": ["GET"],
    "/charts/flow?group=Group+1&tag=Tag+1&excluded=true": ["GET"],
    "/tags/<pk>?into=Tag+0": ["DELETE"],
    "/accounts?date=2026-11-30": ["GET"],
    "/accounts/<pk>?force=true": ["DELETE"],
    "/transactions?account=Account+1&transfer=false": ["GET"],
    "/transactions?tag=Tag+1&tag=Tag+0&exclude_tag=None": ["GET"],
    "/tags/<pk>?force=true": ["DELETE"],
    "/summary?group_by=tag&tag=Tag+1": ["GET"],
    "/transfers?account=Account+1": ["GET"],
    "/summary?group_by=account&account=Account+1": ["GET"],
    "/charts/category?category=Kind+1": ["GET"],
    "/charts/category.svg?category=Kind+1": ["GET"],
    "/summary?group_by=category,month&category=Kind+1": ["GET"],
    "/summary?group_by=category,month&search=x": ["GET"],
    "/summary?group_by=day&date=2026-01-01&compare=year&balance=true&fill=true": ["GET"],
    "/summary.xlsx?group_by=week,category&pivot=true": ["GET"],
    "/transactions.ofx": ["GET"],
    "/transactions.journal": ["GET"],
    "/transactions.beancount?account=Account+1": ["GET"],
    "/accounts/<pk>/register.xlsx": ["GET"],
}
# Requests of another form, by the names that they have in the reviewed file.
OTHERS: dict[str, tuple[str, Any, dict[str, str]]] = {
    "/incomes with a key": ("/incomes", BODIES["/incomes"], {"Idempotency-Key": "sent-once"}),
    "/incomes of many": ("/incomes", 3 * [BODIES["/incomes"]], {}),
    "/incomes with an account": ("/incomes", BODIES["/incomes"] | {"account": "Account 1"}, {}),
    "/incomes of many sent again": ("/incomes?existing=skip", 3 * [BODIES["/incomes"]], {}),
    "/incomes of many with accounts": ("/incomes", 3 * [BODIES["/incomes"] | {"account": "Account 1"}], {}),
    "/incomes with a tag": ("/incomes", BODIES["/incomes"] | {"tags": ["Tag 1"]}, {}),
    "/incomes of many with tags": ("/incomes", 3 * [BODIES["/incomes"] | {"tags": ["Tag 1", "Tag 0"]}], {}),
    "/incomes of many with categories": ("/incomes", 3 * [BODIES["/incomes"] | {"category": "Kind 1"}], {}),
}
# Pages, whose HTML is made of other rows than their JSON.
PAGES = [
    "/",
    "/accounts",
    "/accounts/<pk>",
    "/accounts/<pk>/register",
    "/categories",
    "/categories/<pk>",
    "/tags",
    "/tags/<pk>",
    "/rules",
    "/rules/<pk>",
    "/transfers",
    "/imports",
    "/imports/<pk>",
    "/imports/<pk>/rows/<row>",
    "/imports/profiles",
    "/expenses",
    "/expenses/<pk>",
    "/incomes",
    "/incomes/<pk>",
    "/revisions",
    "/revisions/<number>",
    "/summary",
    "/transactions",
    "/transactions/<pk>",
    "/transactions/<pk>/history",
    "/transactions?category=Kind+1&date_after=2026-11-01&date_before=2026-11-30",
    "/transactions?ordering=amount&search=x",
    "/transactions?ordering=category",
]
FRAME = re.compile(r"(RELEASE )?SAVEPOINT|BEGIN|COMMIT|ROLLBACK|SET LOCAL")  # what opens and closes a transaction


def fill(owner: User, numbers: range) -> None:
    """Give the owner an income and an expense of each number, with a category and a tag of their own."""
    for name in ("Tag 0", "None"):
        if not Tag.objects.filter(owner=owner, name=name).exists():
            TagFactory.create(owner=owner, name=name)
    for number in numbers:
        category = CategoryFactory.create(
            owner=owner, name=f"Kind {number}", group=f"Group {number}", excluded=number % 2 == 0
        )
        account = AccountFactory.create(owner=owner, name=f"Account {number}")
        tag = TagFactory.create(owner=owner, name=f"Tag {number}")
        for factory in (IncomeFactory, ExpenseFactory):
            factory.create(owner=owner, category=category, account=account, tags=tags_text(["Tag 0", tag.name]))


def statements(client: APIClient, user: User, method: str, path: str) -> list[str]:
    """Return the queries of a successful request; what it wrote is undone."""
    resource = resource_of(path)
    body = body_of(method, path)
    if path in ("/auth/token/refresh", "/auth/logout"):
        body = {"refresh": str(start_session(user))}
    as_it_was = transaction.savepoint()
    if "<" in path + json.dumps(body):
        category = Category.objects.filter(owner=user).first()
        model = getattr(FACTORIES[resource], "_meta", None) and FACTORIES[resource]._meta.model
        fields = {field.name for field in model._meta.fields} if model else set()
        extra = {"category": category} if "category" in fields and resource != "/rules" else {}
        row = FACTORIES[resource].create(owner=user, **extra)
        body = filled(body | {"category": "Kind 1"} if path.endswith("/<pk>") and extra else body, row.pk)
        path = path_of(path, row)
    queries = captured(client, method, path, body)
    transaction.savepoint_rollback(as_it_was)
    return queries


def captured(client: APIClient, method: str, path: str, body: Any, headers: Any = None) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        response: Any = client.generic(method, path, *content_of(body), headers=headers or {})
        content = b"".join(response) if response.streaming else response.content
    assert response.status_code < 300, content
    return [text_of(sql) for sql in separate(queries) if not FRAME.match(sql)]


def all_statements(user: User) -> dict[str, dict[str, list[str]]]:
    """Return the queries of each method of each path."""
    client = client_of(user)
    allowed = {
        path: [method for method in METHODS if row[method] < 300 or (path, method) == ("/auth/register", "POST")]
        for (path, role), row in EXPECTED.items()
        if role == "owner"
    }
    found = {
        path: {method: statements(client, user, method, path) for method in methods}
        for path, methods in sorted((allowed | QUERIES).items())
        if methods
    }
    for name, (path, body, headers) in OTHERS.items():
        with transaction.atomic():
            found[name] = {"POST": captured(client, "POST", path, body, headers)}
            transaction.set_rollback(True)
    browser = APIClient(headers={"Accept": BROWSER})
    browser.force_login(user)
    for path in PAGES:
        found[f"page of {path}"] = {"GET": statements(browser, user, "GET", path)}
    return found


def counts(user: User) -> str:
    """Return the text of the reviewed file, as it is now."""
    lines = []
    for path, methods in all_statements(user).items():
        lines.append(f"{path}: {', '.join(f'{method} {len(queries)}' for method, queries in methods.items())}\n")
    return "".join(lines)


@pytest.fixture(autouse=True)
def everything_works(alice: User, settings: Any) -> None:
    settings.ALLOW_SIGNUP = True
    alice.set_password(BODIES["/auth/token"]["password"])
    alice.save()
    AccountFactory.create(owner=alice, name="Purse")
    APIClient().get("/readyz")  # which looks for migrations until it has once seen them all


def test_the_number_of_queries_is_as_reviewed_however_many_rows_there_are(alice: User, bob: User) -> None:
    fill(alice, range(1, 2))
    with_few = counts(alice)
    fill(alice, range(2, 61))
    fill(bob, range(1, 61))
    with_many = counts(alice)

    assert with_many == with_few
    assert with_few == REVIEWED.read_text(), f"If the change is meant, let {REVIEWED.name} hold this:\n{with_few}"
