"""What is served is what /schema publishes."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from .conftest import Document

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


@pytest.mark.parametrize("path", ["/incomes", "/expenses", "/transactions", "/categories"])
def test_the_examples_can_be_sent(document: Document, as_alice: APIClient, path: str) -> None:
    if path != "/categories":
        as_alice.post("/categories", {"name": "Food"})
    examples = document.operation(path, "post")["requestBody"]["content"][JSON]["examples"]

    for example in examples.values():
        document.check(as_alice.post(path, example["value"]), 201)


def test_the_example_of_a_problem_is_the_real_one(document: Document, as_alice: APIClient) -> None:
    [example] = document.operation("/incomes", "get")["responses"]["400"]["content"][PROBLEM_JSON]["examples"].values()

    assert as_alice.get("/incomes", {"colour": "red"}).json() == example["value"]


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


@pytest.mark.parametrize("group_by", ["", "month", "year,type", "category,month"])
def test_a_summary(document: Document, as_alice: APIClient, group_by: str) -> None:
    as_alice.post("/expenses", {"description": "pizza", "amount": 50})
    as_alice.post("/incomes", {"description": "salary", "amount": "0.001", "currency": "KWD"})
    parameters = document.operation("/summary", "get")["parameters"]
    [published] = [parameter for parameter in parameters if parameter["name"] == "group_by"]

    assert published["allowEmptyValue"]
    assert group_by in ["", *published["schema"]["enum"]]
    document.check(as_alice.get("/summary", {"group_by": group_by}), 200)
    document.check(as_alice.get("/summary", {"group_by": "week"}), 400)


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
