"""What is served is what /schema publishes."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.hashers import make_password
from rest_framework.test import APIClient

from ledgers.models import Ledger
from users.erasure import erase_users
from users.models import User
from users.sessions import start_session

from .conftest import Document

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


def test_the_examples_of_every_body_can_be_sent(
    document: Document, nobody: APIClient, alice: Any, settings: Any
) -> None:
    """Each as `demo`, who has the row or login that the request is about; which one that is, no example can know."""
    settings.ALLOW_SIGNUP = True
    password = make_password("demo")
    sent = 0
    for path, method, operation in document.operations():
        for example in document.examples(json_of(operation)):
            user = User.objects.create(username="demo", password=password)
            refresh = start_session(user)
            nobody.credentials(HTTP_AUTHORIZATION=f"Bearer {refresh.access_token}")
            if not path.startswith("/categories"):
                nobody.post("/categories", {"name": "Food"})
            if not path.startswith("/tags"):
                nobody.post("/tags", {"name": "trip"})
            if not path.startswith("/accounts"):
                for account in ({"name": "Bank"}, {"name": "Savings"}, {"name": "Wallet", "currency": "EUR"}):
                    nobody.post("/accounts", account)
            body, url = _about_what_is_there(nobody, path, example, str(refresh))
            response = nobody.generic(method, url, json.dumps(body), content_type=JSON)
            assert response.status_code in (200, 201, 204), (method, path, response.content)
            document.check(response, response.status_code)
            sent += 1
            erase_users(users=User.objects.exclude(pk=alice.pk))
    assert sent > 25


def json_of(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the content of the operation's body that is JSON; a file has no example."""
    content = operation.get("requestBody", {}).get("content", {})
    return {JSON: content[JSON]} if JSON in content else {}


NEW: dict[str, dict[str, Any]] = {
    "/transactions": {"description": "x", "amount": 50, "type": "EXPENSE"},  # as much as the parts of the example
    "/incomes": {"description": "x", "amount": 1},
    "/expenses": {"description": "x", "amount": 1},
    "/categories": {"name": "Fun"},
    "/tags": {"name": "Fun"},
    "/accounts": {"name": "Purse"},
    "/rules": {"when": {"words": ["x"]}, "set": {"category": "Food"}},
    "/transfers": {"from": "Bank", "to": "Savings", "amount": 1},
}


def _about_what_is_there(client: APIClient, path: str, example: Any, refresh: str) -> tuple[Any, str]:
    """Return the body and the path, changed to name what the user has."""
    if "refresh" in example:
        return {"refresh": refresh}, path
    if path == "/transactions/delete" or (isinstance(example, list) and "id" in example[0]):
        ids = [client.post("/expenses", {"description": "x", "amount": 1}).json()["id"] for _number in range(2)]
        return ({"ids": ids} if isinstance(example, dict) else [example[0] | {"id": ids[0]}]), path
    if "income" in example:
        for kind, account in (("expense", "Bank"), ("income", "Savings")):
            row = client.post(f"/{kind}s", {"description": "x", "amount": 1, "account": account}).json()
            example = example | {kind: row["id"]}
        return example, path
    if path.startswith("/imports/"):
        file = "date,text,amount\n2026-11-28,coffee,-3.50\n"
        plan = client.generic("POST", "/imports?account=Bank&currency=USD", file, content_type="text/csv").json()
        if path.startswith("/imports/profiles"):
            said = {"encoding": "utf-8", "save_profile": True}
            client.patch(f"/imports/{plan['id']}", said)
            client.post(f"/imports/{plan['id']}/commit", {})
            [plan] = client.get("/imports/profiles").json()["results"]
        if path.endswith("/commit"):
            example = {"version": plan["version"]}
        return example, path.replace("{id}", plan["id"]).replace("{row}", "1")
    if "{id}" in path:
        resource = path.partition("{")[0].rstrip("/")
        pk = client.post(resource, NEW[resource]).json()["id"]
        return example, path.replace("{id}", pk).replace("{date}", "2026-11-30")
    return example, path.replace("{number}", "1")  # the revision that created the category


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (400, "GET", "/incomes?colour=red", {}),
        (401, "GET", "/incomes", {"Authorization": "Bearer x"}),
        (404, "GET", f"/incomes/{UUID(int=7)}", {}),
        (406, "GET", "/incomes", {"Accept": "image/png"}),
        (411, "POST", "/incomes", {"Transfer-Encoding": "chunked"}),
        (412, "GET", "/me", {"If-Match": '"x"'}),
        (412, "PATCH", "/me", {"If-Match": '"x"'}),
        (412, "POST", "/incomes", {"If-Match": '"x"'}),
        (415, "POST", "/incomes", {"Content-Type": "text/plain"}),
    ],
)
def test_the_example_of_a_problem_is_the_real_one(
    document: Document, as_alice: APIClient, status: int, method: str, path: str, headers: dict[str, str]
) -> None:
    operation = document.operation(path.partition("?")[0], method)
    [example] = document.examples(operation["responses"][str(status)]["content"])

    sent = {"Content-Type": JSON, **headers}
    if "Authorization" in sent:
        as_alice.credentials()
    response = as_alice.generic(method, path, "" if method == "GET" else "{}", sent.pop("Content-Type"), headers=sent)

    document.check(response, status)
    assert response.json() == example


def test_the_example_of_a_reused_key_is_the_real_one(document: Document, as_alice: APIClient) -> None:
    [example] = document.examples(document.operation("/incomes", "post")["responses"]["422"]["content"])
    for amount in (1, 2):
        answer = as_alice.post("/incomes", {"description": "x", "amount": amount}, headers={"Idempotency-Key": "x"})

    document.check(answer, 422)
    assert answer.json() == example


@pytest.mark.parametrize("path", ["/incomes", "/expenses", "/transactions"])
def test_many_at_once(document: Document, as_alice: APIClient, path: str) -> None:
    data = {"type": "INCOME" if path == "/incomes" else "EXPENSE", "description": "pizza", "amount": "50.00"}

    created = as_alice.post(f"{path}/bulk", [data, data])
    document.check(created, 201)
    assert as_alice.post(path, [data, data]).status_code == 201
    document.check(as_alice.post(f"{path}/bulk", [data], headers={"Prefer": "return=minimal"}), 204)
    key = {"Idempotency-Key": "once"}
    replayed = [as_alice.post(f"{path}/bulk", [data], headers=key) for _time in range(2)]
    for answer in replayed:
        document.check(answer, 201)
    assert replayed[0].json() == replayed[1].json()
    for new in ([], [data]):
        again = as_alice.post(f"{path}/bulk?existing=skip", [data | {"external_id": "bank-1"}, *new], headers={})
        document.check(again, 207)
    assert len(again.json()["existing"]) == 1
    for refused in (data, [], [data, {}]):
        document.check(as_alice.post(f"{path}/bulk", refused), 400)
    assert len(as_alice.get(path).json()["results"]) == 8
    if path == "/transactions":
        rows = created.json()
        document.check(as_alice.patch(path, [rows[0] | {"notes": "x"}, {"id": rows[1]["id"], "amount": 4}]), 200)
        document.check(as_alice.patch(path, [{"id": rows[0]["id"], "colour": "red"}]), 400)
        document.check(as_alice.post(f"{path}/delete", {"ids": [row["id"] for row in rows]}), 204)


@pytest.mark.parametrize("path", ["/incomes", "/expenses", "/transactions"])
def test_a_transaction(document: Document, as_alice: APIClient, path: str) -> None:
    kind = "INCOME" if path == "/incomes" else "EXPENSE"
    data = {"type": kind, "description": "pizza", "amount": "50.00", "currency": "EUR", "external_id": "4711"}

    created = as_alice.post(path, data)
    document.check(created, 201)
    url, tag = created["Location"], created["ETag"]
    document.check(as_alice.post(path, data), 409)
    document.check(as_alice.post(path, data | {"external_id": None}, headers={"Prefer": "return=minimal"}), 204)
    document.check(as_alice.get(path, {"page_size": 1}), 200)
    document.check(as_alice.get(url), 200)
    document.check(as_alice.get(url, headers={"If-None-Match": tag}), 304)
    document.check(as_alice.put(url, created.json() | {"notes": "with Ada"}), 200)
    document.check(as_alice.patch(url, {"amount": 40}, headers={"If-Match": tag}), 412)
    document.check(as_alice.patch(url, {"amount": 40}), 200)
    document.check(as_alice.delete(url, headers={"If-Match": tag}), 412)
    document.check(as_alice.delete(url), 204)
    document.check(as_alice.get(url), 404)


def test_a_category(document: Document, as_alice: APIClient) -> None:
    created = as_alice.post("/categories", {"name": "Food"})
    document.check(created, 201)
    as_alice.post("/expenses", {"description": "pizza", "amount": 50, "category": "Food"})

    document.check(as_alice.get("/categories"), 200)
    document.check(as_alice.post("/categories", {"name": "food"}), 409)
    document.check(as_alice.put(created["Location"], {"name": "Meals"}), 200)
    document.check(as_alice.delete(created["Location"], QUERY_STRING="force=perhaps"), 400)
    in_use = as_alice.delete(created["Location"])
    document.check(in_use, 409)
    assert in_use.json()["transactions"] == 1
    document.check(as_alice.delete(created["Location"], QUERY_STRING="force=true"), 204)


def test_the_history(document: Document, as_alice: APIClient, alice: User) -> None:
    as_alice.post("/categories", {"name": "Food"})
    row = as_alice.post("/expenses", {"description": "pizza", "amount": 50, "category": "Food"}).json()
    as_alice.patch(f"/expenses/{row['id']}", {"amount": 60, "category": None})
    changes = as_alice.get("/changes")
    as_alice.delete(f"/expenses/{row['id']}")

    document.check(changes, 200)
    document.check(as_alice.get("/changes", {"since": changes.json()["cursor"]}), 200)
    document.check(as_alice.get("/changes", {"since": "x"}), 400)
    document.check(as_alice.get("/revisions"), 200)
    for number in (1, 2, 3, 4):
        document.check(as_alice.get(f"/revisions/{number}"), 200)
    document.check(as_alice.get("/revisions/5"), 404)
    for resource in ("expenses", "transactions"):
        document.check(as_alice.get(f"/{resource}/{row['id']}/history"), 200)
    document.check(as_alice.get(f"/incomes/{row['id']}/history"), 404)
    Ledger.objects.filter(pk=alice.pk).update(kept_from=9)
    document.check(as_alice.get("/changes", {"since": changes.json()["cursor"]}), 410)


@pytest.mark.parametrize("group_by", ["", "month", "year,type", "category,month"])
def test_a_summary(document: Document, as_alice: APIClient, group_by: str) -> None:
    as_alice.post("/expenses", {"description": "pizza", "amount": 50})
    as_alice.post("/incomes", {"description": "salary", "amount": "0.001", "currency": "KWD"})
    parameters = document.operation("/summary", "get")["parameters"]
    [published] = [parameter for parameter in parameters if parameter["name"] == "group_by"]

    assert published["allowEmptyValue"]
    assert group_by in ["", *published["schema"]["enum"]]
    document.check(as_alice.get("/summary", {"group_by": group_by}), 200)
    document.check(as_alice.get("/summary", {"group_by": "colour"}), 400)


def test_a_user(document: Document, nobody: APIClient, settings: Any) -> None:
    credentials = {"username": "carol", "password": "a long walk home"}

    document.check(nobody.post("/auth/register", credentials), 403)
    settings.ALLOW_SIGNUP = True
    document.check(nobody.post("/auth/register", credentials), 201)
    document.check(nobody.post("/auth/register", credentials), 409)
    document.check(nobody.post("/auth/token", {**credentials, "password": "another"}), 401)
    tokens = nobody.post("/auth/token", credentials)
    document.check(tokens, 200)
    document.check(nobody.post("/auth/token/refresh", {"refresh": tokens.json()["refresh"]}), 200)
    document.check(nobody.post("/auth/token/refresh", {"refresh": "x"}), 401)
    nobody.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.json()['access']}")
    me = nobody.get("/me")
    document.check(me, 200)
    document.check(nobody.get("/me", headers={"If-None-Match": me["ETag"]}), 304)
    document.check(nobody.patch("/me", {"currency": "EUR"}), 200)
    document.check(nobody.patch("/me", {"currency": "JPY"}, headers={"If-Match": me["ETag"]}), 412)


@pytest.mark.parametrize("path", ["/", "/ping", "/secured/ping", "/livez", "/readyz"])
def test_the_service(document: Document, as_alice: APIClient, path: str) -> None:
    document.check(as_alice.get(path), 200)


@pytest.mark.parametrize("path", ["/", "/ping", "/secured/ping", "/incomes", "/summary", "/me"])
def test_an_unknown_media_type(document: Document, as_alice: APIClient, path: str) -> None:
    document.check(as_alice.get(path, headers={"Accept": "image/png"}), 406)


def test_errors_of_every_body(
    document: Document, nobody: APIClient, as_alice: APIClient, alice: Any, settings: Any
) -> None:
    income = {"description": "salary", "amount": 5000}
    session = APIClient(enforce_csrf_checks=True)
    session.force_login(alice)

    document.check(as_alice.post("/incomes", {}), 400)
    document.check(nobody.post("/incomes", income), 401)
    document.check(session.post("/incomes", income), 403)
    document.check(as_alice.post("/incomes", income, headers={"Accept": "image/png"}), 406)
    document.check(as_alice.post("/incomes", income, headers={"Transfer-Encoding": "chunked"}), 411)
    document.check(as_alice.post("/incomes", b" " * (settings.BODY_LIMIT + 1), content_type=JSON), 413)
    document.check(as_alice.post("/incomes", b"x", content_type="text/plain"), 415)


@pytest.mark.parametrize(
    ("amount", "good"),
    [
        (5000, True),
        (1000.0, True),
        (-20, True),
        ("12.50", True),
        ("99999999999.99", True),
        (100_000_000_000, False),
        ("100000000000.00", False),
        ("1_000", False),
        ("１２", False),
        ("1e3", False),
        ("+5", False),
        ("007", False),
        (" 5", False),
        ("", False),
        (True, False),
        (None, False),
    ],
)
def test_an_amount_is_published_as_it_is_read(
    document: Document, as_alice: APIClient, amount: object, good: bool
) -> None:
    schema = document.content["components"]["schemas"]["ExpenseRequest"]["properties"]["amount"]

    assert (document.faults(amount, schema) == []) is good
    document.check(as_alice.post("/expenses", {"description": "pizza", "amount": amount}), 201 if good else 400)
