"""Who may do what: every path of the URLconf with every method, without a token, as an owner and as another user.

test_permissions_credentials.py does the same with credentials that may do less than their owner.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admindocs.views import simplify_regex
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView
from rest_framework.test import APIClient

from cashman_project.api.pages.signing_in import SignInView
from cashman_project.api.tests.problems import of_owner, problem_of, stored
from conftest import client_of
from reports.tests.permissions import CHARTS
from transactions.models import Category, Transaction
from transactions.tests.factories import (
    AccountFactory,
    CategoryFactory,
    CheckedAccountFactory,
    ExpenseFactory,
    ImportFactory,
    IncomeFactory,
    PairFactory,
    PersonalTokenFactory,
    ProfileFactory,
    RuleFactory,
    TagFactory,
    TransferFactory,
)
from users.models import User
from users.sessions import start_session

# An owner works on rows of its own, a stranger on the rows of an owner.
TABLE = Path(__file__).with_name("permissions.txt").read_text()
OPEN = {
    *("/", "/ping", "/livez", "/readyz", "/schema", "/docs"),
    *("/auth/register", "/auth/token", "/auth/token/refresh", "/auth/logout"),
}
# Django's admin and the login of the browsable API guard their pages themselves.
EXCLUDED = {"admin", "rest_framework"}

METHODS = TABLE.split()[2:10]
EXPECTED = {
    (path, role): dict(zip(METHODS, map(int, statuses), strict=True))
    for path, role, *statuses in map(str.split, f"{TABLE}{CHARTS}".strip().splitlines()[1:])
}
# By path, or by method and path; <pk> stands for a row that is there, and <number> for the revision that wrote it.
BODIES: dict[str, Any] = {
    "/auth/register": {"username": "zoe", "password": "correct horse battery"},
    "/auth/token": {"username": "alice", "password": "correct horse battery"},
    "/auth/password": {"current_password": "correct horse battery", "new_password": "staple battery horse"},
    "/me": {"currency": "EUR"},
    "/me/erase": {"password": "correct horse battery"},
    "/tokens": {"name": "lottery", "scope": "read", "password": "correct horse battery"},
    "/incomes": {"description": "lottery", "amount": 1},
    "/expenses": {"description": "lottery", "amount": 1},
    "/transactions": {"type": "EXPENSE", "description": "lottery", "amount": 1},
    "/incomes/bulk": [{"description": "lottery", "amount": 1}],
    "/expenses/bulk": [{"description": "lottery", "amount": 1}],
    "/transactions/bulk": [{"type": "EXPENSE", "description": "lottery", "amount": 1}],
    "PATCH /transactions": [{"id": "<pk>", "amount": 1}],
    "/transactions/delete": {"ids": ["<pk>"]},
    "/transactions/<pk>/split": {"parts": [{"amount": 20}, {"amount": 30}]},
    "/categories": {"name": "Lottery"},
    "/tags": {"name": "Lottery"},
    "/rules": {"when": {"words": ["lottery"]}, "set": {"description": "Lottery"}},
    "/rules/test": {"when": {"words": ["lottery"]}, "set": {"description": "Lottery"}},
    "/accounts": {"name": "Lottery"},
    "/accounts/<pk>/checks/<date>": {"balance": 0},
    "/transfers": {"to": "Purse", "amount": 1},
    "/imports": "Date,Description,Amount\n2026-11-02,lottery,-1.00\n",  # a file, not JSON
    "/imports/profiles": {"decimal": "."},
    "PATCH /imports/<pk>": {},
    "/imports/<pk>/rows/<row>": {"verdict": "skipped"},
    "/imports/<pk>/commit": {},
    "/transfers/link": {"expense": "<pk>", "income": PairFactory.INCOME},
    "/transfers/rejections": {"expense": "<pk>", "income": PairFactory.INCOME},
}
FACTORIES: dict[str, Any] = {
    "/incomes": IncomeFactory,
    "/expenses": ExpenseFactory,
    "/transactions": ExpenseFactory,
    "/transactions/delete": ExpenseFactory,
    "/categories": CategoryFactory,
    "/tags": TagFactory,
    "/rules": RuleFactory,
    "/accounts": CheckedAccountFactory,
    "/transfers": TransferFactory,
    "/imports": ImportFactory,
    "/imports/profiles": ProfileFactory,
    "/transfers/link": PairFactory,
    "/transfers/rejections": PairFactory,
    "/tokens": PersonalTokenFactory,
    "/revisions": ExpenseFactory,
}
SINGLE = [path for path in dict.fromkeys(path for path, _role in EXPECTED) if path.endswith("/<pk>")]
NOBODYS_ID = "01a20000-0000-7000-8000-000000000000"


def leaves(entries: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield (path, pattern) of each route below `entries` that the table must list."""
    for entry in entries:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            # A redirect to a page that is excluded; the page to log in at, and the menu of languages, which sets only
            # a cookie: Django makes both.
            if (
                getattr(entry.callback, "view_class", None) not in (RedirectView, SignInView)
                and entry.name != "language"
            ):
                yield (
                    simplify_regex(path).replace(r"\.<format>", ".csv").replace(r"\.svg", ".svg").rstrip("/") or "/",
                    entry,
                )
        elif entry.app_name not in EXCLUDED:
            yield from leaves(entry.url_patterns, path)


ROUTES = list(leaves(get_resolver().url_patterns))


def body_of(method: str, path: str) -> Any:
    """Return what is sent to the path of a resource, or of one of its rows."""
    return BODIES.get(f"{method} {path}", BODIES.get(path.removesuffix("/<pk>"), {}))


def resource_of(path: str) -> str:
    """Return the path of the list whose rows the path is about."""
    return re.sub("/<.*|[?].*", "", path)


def path_of(path: str, row: Any) -> str:
    """Return the path of the row, or of the revision that wrote it."""
    path = path.replace("<pk>", str(row and row.pk)).replace("<date>", str(CheckedAccountFactory.DAY))
    return path.replace("<row>", "1").replace("<number>", str(getattr(row, "revision", "")))


def filled(body: Any, pk: object) -> Any:
    """Return the body with the key of a row in place of <pk>."""
    return json.loads(json.dumps(body).replace("<pk>", str(pk)))


def content_of(body: Any) -> tuple[str, str]:
    """Return what is sent, and its type: a text is a file, and everything else JSON."""
    return (body, "text/csv") if isinstance(body, str) else (json.dumps(body), "application/json")


def send(client: APIClient, method: str, path: str, body: Any = None) -> Any:
    response: Any = client.generic(method, path, *content_of(body or {}))
    if response.streaming:
        list(response)  # an export is a file, which its last piece closes
    return response


def fill(owner: User, name: str) -> list[str]:
    """Give `owner` rows; return what nobody else may read: their ids, and texts with `name` in them."""
    category = CategoryFactory.create(owner=owner, name=f"{name} category")
    texts = {"description": f"{name} text", "notes": f"{name} note", "category": category, "owner": owner}
    income = IncomeFactory.create(**texts, external_id=f"{name} 1", amount=Decimal("701.13"))
    expense = ExpenseFactory.create(**texts, external_id=f"{name} 2", amount=Decimal("702.17"))
    return [str(row.pk) for row in (owner, category, income, expense)] + [f"{name} ", "701.13", "702.17"]


@pytest.fixture
def bobs(bob: User) -> list[str]:
    return fill(bob, "secret")


def test_the_table_names_every_route_every_role_and_every_method() -> None:
    roles = {path: {"nobody", "owner"} | ({"stranger"} if "<" in path else set()) for path, _route in ROUTES}

    assert {(path, role) for path, names in roles.items() for role in names} == EXPECTED.keys()
    for path, route in ROUTES:
        view: Any = getattr(route.callback, "cls", None)
        assert view is not None, f"{path} is no view of the REST framework"
        assert {name.upper() for name in view.http_method_names} == set(METHODS)


def test_the_open_routes_are_these() -> None:
    closed = {path for (path, role), row in EXPECTED.items() if role == "nobody" and set(row.values()) == {401}}

    assert {path for path, _route in ROUTES} - closed == OPEN
    assert len(OPEN) <= 10


def test_what_is_excluded_asks_for_a_login(nobody: APIClient) -> None:
    names = {entry.app_name for entry in get_resolver().url_patterns if isinstance(entry, URLResolver)}

    assert names - {None} == EXCLUDED
    for path in ("/admin/", "/admin/users/user/", "/admin/nope"):
        assert nobody.get(path)["Location"].startswith("/admin/login/"), path
    assert nobody.get("/api-auth/login/").status_code == 200
    assert nobody.get("/api-auth/logout/").status_code == 405


@pytest.mark.parametrize(("path", "role"), EXPECTED)
def test_the_status_is_the_tables(path: str, role: str, alice: User, bob: User, bobs: list[str]) -> None:
    """Whatever is sent, bob's rows stay as they are, and no response shows anything of them."""
    resource = resource_of(path)
    alice.set_password("correct horse battery")
    alice.save()
    AccountFactory.create(owner=alice, name="Purse")
    client = APIClient(raise_request_exception=False) if role == "nobody" else client_of(alice)
    bodies = {method: body_of(method, path) for method in METHODS}
    if path in ("/auth/token/refresh", "/auth/logout"):
        refresh = str(start_session(alice))
        bodies = {method: {"refresh": refresh} for method in METHODS}
    used = "<" in path + json.dumps(bodies)
    row = FACTORIES[resource].create(owner=bob if role == "stranger" else alice) if used else None
    before = stored()

    for method, slash in product(METHODS, ("", "/") if path != "/" else ("",)):
        as_it_was = transaction.savepoint()
        response = send(client, method, path_of(path, row) + slash, filled(bodies[method], row and row.pk))

        sent = f"{method} {path}{slash}"
        assert response.status_code == EXPECTED[path, role][method], (sent, response.content)
        answer = (b"".join(response) if response.streaming else response.content).decode() + str(response.headers)
        assert not [secret for secret in bobs if secret in answer], sent
        if role == "owner":
            assert of_owner(bob, stored()) == of_owner(bob, before), sent
        else:
            assert stored() == before, sent
        transaction.savepoint_rollback(as_it_was)  # for what is sent next


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", SINGLE)
def test_anothers_row_is_answered_for_as_one_that_never_was(
    path: str, method: str, as_alice: APIClient, bob: User
) -> None:
    resource = path.removesuffix("/<pk>")
    row = FACTORIES[resource].create(owner=bob)

    answers = [send(as_alice, method, f"{resource}/{pk}", BODIES[resource]) for pk in (row.pk, NOBODYS_ID)]

    assert answers[0].status_code == answers[1].status_code
    assert answers[0].content == answers[1].content
    for answer in answers:
        del answer.headers["X-Request-ID"]
    assert answers[0].headers == answers[1].headers


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/transactions"), ("POST", "/transactions/delete")])
def test_anothers_row_among_many_is_answered_for_as_one_that_never_was(
    method: str, path: str, as_alice: APIClient, alice: User, bob: User
) -> None:
    own, foreign = (ExpenseFactory.create(owner=owner) for owner in (alice, bob))
    before = stored()

    for other in (foreign.pk, NOBODYS_ID):
        body = filled(body_of(method, path), own.pk), filled(body_of(method, path), other)
        many = [*body[0], *body[1]] if method == "PATCH" else {"ids": [str(own.pk), str(other)]}
        field = "1.id" if method == "PATCH" else "ids.1"
        problem_of(send(as_alice, method, path, many), 400, "invalid", (field, "does_not_exist"))
    assert stored() == before


@pytest.mark.parametrize("headers", [{"If-Match": "*"}, {"If-None-Match": "*"}, {"Accept": "text/html"}])
@pytest.mark.parametrize("path", SINGLE)
def test_no_header_finds_anothers_row(path: str, headers: dict[str, str], as_alice: APIClient, bob: User) -> None:
    resource = path.removesuffix("/<pk>")
    row = FACTORIES[resource].create(owner=bob)

    for method in ("GET", "PUT", "PATCH", "DELETE"):
        response = as_alice.generic(
            method,
            f"{resource}/{row.pk}",
            json.dumps(BODIES[resource]),
            content_type="application/json",
            headers=headers,
        )
        assert response.status_code == EXPECTED[path, "stranger"][method]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "page_size=500",
        "search=secret",
        "external_id=secret 1",
        "amount_min=701&amount_max=703",
        "date_after=2026-11-01",
        "updated_after=2026-01-01T00:00:00Z",
        "uncategorized=false",
        "currency=USD",
    ],
)
@pytest.mark.parametrize("path", ["/incomes", "/expenses", "/transactions"])
def test_no_filter_lists_anothers_rows(path: str, query: str, as_alice: APIClient, bobs: list[str]) -> None:
    response = as_alice.get(f"{path}?{query}")

    assert response.json() == {"next": None, "previous": None, "results": []}


def test_the_categories_and_the_summary_are_the_owners_alone(as_alice: APIClient, alice: User, bobs: list[str]) -> None:
    fill(alice, "own")

    assert [row["name"] for row in as_alice.get("/categories").json()["results"]] == ["own category"]
    for query in ("", "?group_by=category,type", "?group_by=month,year", "?search=text", "?amount_max=9999"):
        results = as_alice.get("/summary" + query).json()["results"]
        assert sum(row["count"] for row in results) == 2
        assert "secret" not in json.dumps(results)
    assert as_alice.get("/summary?search=secret").json() == {"results": [], "total": []}


def test_anothers_cursor_leads_to_ones_own_rows(
    as_alice: APIClient, as_bob: APIClient, alice: User, bobs: list[str]
) -> None:
    own = fill(alice, "own")
    following = as_bob.get("/transactions?page_size=1").json()["next"]

    rows = as_alice.get(following).json()["results"]

    assert {row["id"] for row in rows} <= set(own)


@pytest.mark.parametrize("path", ["/incomes", "/expenses", "/transactions", "/summary"])
def test_anothers_category_is_no_filter(path: str, as_alice: APIClient, bobs: list[str]) -> None:
    answers = [as_alice.get(f"{path}?category={name}") for name in ("secret category", "nonesuch")]

    problem_of(answers[0], 400, "invalid", ("category", "does_not_exist"))
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("path", ["/incomes", "/expenses", "/transactions"])
def test_anothers_category_is_not_linked(
    path: str, method: str, as_alice: APIClient, alice: User, bobs: list[str]
) -> None:
    row = FACTORIES[path].create(owner=alice)
    address = path if method == "POST" else f"{path}/{row.pk}"
    before = stored()

    answers = [
        send(as_alice, method, address, BODIES[path] | {"category": name}) for name in ("secret category", "nonesuch")
    ]

    problem_of(answers[0], 400, "invalid", ("category", "does_not_exist"))
    assert answers[0].content == answers[1].content
    assert stored() == before


def test_what_another_has_is_not_taken(as_alice: APIClient, bobs: list[str]) -> None:
    """No conflict shows the names of another owner."""
    body = {"description": "x", "amount": 1, "external_id": "secret 1"}

    assert send(as_alice, "POST", "/categories", {"name": "secret category"}).status_code == 201
    assert send(as_alice, "POST", "/incomes", body).status_code == 201
    assert Category.objects.filter(name="secret category").count() == 2
    assert Transaction.objects.filter(external_id="secret 1").count() == 2


@pytest.mark.parametrize("field", ["owner", "owner_id", "user"])
@pytest.mark.parametrize("path", ["/incomes", "/categories"])
def test_nothing_is_given_to_another(path: str, field: str, as_alice: APIClient, bob: User) -> None:
    response = send(as_alice, "POST", path, BODIES[path] | {field: str(bob.pk)})

    problem_of(response, 400, "unknown_field", (field, "unknown_field"))


def test_an_income_is_no_expense(as_alice: APIClient, alice: User) -> None:
    row = IncomeFactory.create(owner=alice)

    for method in ("GET", "PUT", "PATCH", "DELETE"):
        problem_of(send(as_alice, method, f"/expenses/{row.pk}", BODIES["/expenses"]), 404, "not_found")
    assert Transaction.objects.filter(pk=row.pk, amount=row.amount).exists()
