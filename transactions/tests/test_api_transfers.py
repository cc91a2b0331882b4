"""Transfers: made, changed, linked and taken apart; and what their legs leave to them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from transactions.models import Transaction, Transfer
from transactions.tests.factories import AccountFactory
from users.models import User


@pytest.fixture(autouse=True)
def _accounts(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        for name, currency in (("Bank", "USD"), ("Savings", "USD"), ("Yen", "JPY")):
            AccountFactory.create(owner=owner, name=name, currency=currency)


BODY = {"from": "Bank", "to": "Savings", "amount": "200.00", "date": "2026-11-01"}


def make(client: APIClient, **body: Any) -> Any:
    answer = client.post("/transfers", {**BODY, **body})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def balances(client: APIClient) -> dict[str, str]:
    return {row["name"]: row["balance"] for row in client.get("/accounts").json()["results"]}


def rows(client: APIClient, query: str = "") -> list[tuple[str, str, str, str]]:
    found = client.get(f"/transactions{query}").json()["results"]
    return sorted((row["account"], row["type"], row["amount"], row["date"]) for row in found)


def test_a_transfer_has_two_legs_and_is_neither_income_nor_expense(as_alice: APIClient, as_bob: APIClient) -> None:
    row = make(as_alice)
    assert list(row) == [
        *("id", "from", "to", "amount", "currency", "received", "received_currency", "date", "received_on"),
        *("description", "notes", "expense", "income", "version", "created_at", "updated_at"),
    ]
    assert (row["from"], row["to"], row["amount"], row["currency"]) == ("Bank", "Savings", "200.00", "USD")
    assert (row["received"], row["received_on"], row["description"]) == (None, None, "Bank → Savings")
    assert rows(as_alice) == [
        ("Bank", "EXPENSE", "-200.00", "2026-11-01"),
        ("Savings", "INCOME", "200.00", "2026-11-01"),
    ]
    assert rows(as_alice, "?transfer=true") == rows(as_alice)
    assert rows(as_alice, "?transfer=false") == []
    legs = {leg["id"]: leg["transfer"] for leg in as_alice.get("/transactions").json()["results"]}
    assert legs == {row["expense"]: row["id"], row["income"]: row["id"]}
    for path in ("/incomes", "/expenses"):
        assert as_alice.get(path).json()["results"] == []
        assert as_alice.get(f"{path}/{row['expense']}").status_code == 404
    for query in ("", "?group_by=month", "?group_by=account", "?amount_min=1"):
        assert as_alice.get(f"/summary{query}").json()["results"] == []
    assert as_alice.get("/summary?transfer=true").status_code == 400
    assert balances(as_alice) == {"Bank": "-200.00", "Savings": "200.00", "Yen": "0"}
    assert as_alice.get("/transfers").json()["results"] == [row] == [as_alice.get(f"/transfers/{row['id']}").json()]
    assert as_bob.get("/transfers").json()["results"] == []
    for method in ("get", "patch", "delete"):
        assert getattr(as_bob, method)(f"/transfers/{row['id']}").status_code == 404
    assert as_bob.post(f"/transfers/{row['id']}/unlink").status_code == 404


def test_across_currencies_and_days(as_alice: APIClient) -> None:
    row = make(as_alice, to="Yen", received="30000", received_on="2026-11-03", description="trip", notes="n")
    assert (row["received"], row["received_currency"], row["received_on"]) == ("30000", "JPY", "2026-11-03")
    assert rows(as_alice)[1] == ("Yen", "INCOME", "30000", "2026-11-03")
    moved = as_alice.patch(f"/transfers/{row['id']}", {"date": "2026-10-31"}).json()
    assert (moved["date"], moved["received_on"], moved["received"]) == ("2026-10-31", "2026-11-03", "30000")
    home = as_alice.patch(f"/transfers/{row['id']}", {"to": "Savings", "received": None, "received_on": None}).json()
    assert (home["received"], home["received_on"], home["income"]) == (None, None, row["income"])
    assert rows(as_alice)[1] == ("Savings", "INCOME", "200.00", "2026-10-31")


def test_from_outside_and_to_outside(as_alice: APIClient) -> None:
    row = make(as_alice, **{"from": None})
    assert (row["from"], row["to"], row["expense"]) == (None, "Savings", None)
    assert balances(as_alice)["Savings"] == "200.00"
    changed = as_alice.patch(f"/transfers/{row['id']}", {"from": "Bank", "to": None}).json()
    assert (changed["from"], changed["to"], changed["income"]) == ("Bank", None, None)
    assert balances(as_alice) == {"Bank": "-200.00", "Savings": "0.00", "Yen": "0"}
    assert as_alice.get("/summary").json()["results"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": None, "to": None}, "from"),
        ({"to": "Bank"}, "to"),
        ({"to": "Nowhere"}, "to"),
        ({"amount": "-1"}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": True}, "amount"),
        ({"received": "200.00"}, "received"),
        ({"to": "Yen"}, "received"),
        ({"to": "Yen", "received": "1.5"}, "received"),
        ({"from": None, "received_on": "2026-11-01"}, "received_on"),
        ({"date": "1.11.2026"}, "date"),
        ({"x": 1}, "x"),
        ({"currency": "USD"}, "currency"),
    ],
)
def test_what_a_transfer_refuses(as_alice: APIClient, body: Any, field: str) -> None:
    answer = as_alice.post("/transfers", {**BODY, **body})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Transfer.objects.exists()
    assert not Transaction.objects.exists()


def test_a_row_is_sent_back_as_it_was_read(as_alice: APIClient) -> None:
    row = make(as_alice, to="Yen", received="30000")
    tag = as_alice.get(f"/transfers/{row['id']}")["ETag"]
    answer = as_alice.put(f"/transfers/{row['id']}", row, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.json()
    assert {**answer.json(), "version": 0, "updated_at": ""} == {**row, "version": 0, "updated_at": ""}


def test_legs_leave_their_money_to_the_transfer(as_alice: APIClient) -> None:
    row = make(as_alice)
    leg = f"/transactions/{row['expense']}"
    for body in ({"amount": -1}, {"date": "2026-01-01"}, {"account": None}, {"account": "Savings"}):
        assert as_alice.patch(leg, body).json()["code"] == "part_of_transfer"
    assert as_alice.patch("/transactions", [{"id": row["expense"], "amount": 1}]).status_code == 409
    assert as_alice.delete(leg).json()["code"] == "part_of_transfer"
    assert as_alice.post("/transactions/delete", {"ids": [row["income"]]}).status_code == 409
    as_alice.post("/categories", {"name": "Fees"})
    assert as_alice.patch(leg, {"category": "Fees", "notes": "x", "description": "y"}).status_code == 200
    assert as_alice.get("/summary?group_by=category").json()["results"] == []


def test_deleting_unlinking_and_undo(as_alice: APIClient) -> None:
    row = make(as_alice)
    path = f"/transfers/{row['id']}"
    deleted = as_alice.delete(path)
    assert deleted.status_code == 204
    assert rows(as_alice) == []
    assert as_alice.post(f"/revisions/{deleted['Ledger-Revision']}/undo").status_code == 201
    assert as_alice.get(path).json()["amount"] == "200.00"
    changed = as_alice.patch(path, {"amount": "150.00"})
    assert balances(as_alice)["Bank"] == "-150.00"
    assert as_alice.post(f"/revisions/{changed['Ledger-Revision']}/undo").status_code == 201
    assert balances(as_alice)["Savings"] == "200.00"
    apart = as_alice.post(f"{path}/unlink")
    assert apart.status_code == 204
    [total] = as_alice.get("/summary").json()["results"]
    assert (total["income"], total["expense"]) == ("200.00", "-200.00")
    assert as_alice.get(path).status_code == 404
    assert as_alice.post(f"/revisions/{apart['Ledger-Revision']}/undo").status_code == 201
    assert as_alice.get("/summary").json()["results"] == []
    entries = as_alice.get("/changes").json()["changes"]
    assert {entry["resource"] for entry in entries} >= {"accounts", "transfers", "transactions"}


def test_two_rows_are_proposed_linked_and_rejected(as_alice: APIClient, as_bob: APIClient) -> None:
    def spend(client: APIClient, kind: str, account: str, amount: str, date: str) -> str:
        body = {"type": kind, "description": "x", "amount": amount, "date": date, "account": account}
        return str(client.post("/transactions", body).json()["id"])

    out = spend(as_alice, "EXPENSE", "Bank", "20.00", "2026-11-01")
    into = spend(as_alice, "INCOME", "Savings", "20.00", "2026-11-06")
    spend(as_alice, "INCOME", "Savings", "30.00", "2026-11-02")
    far = spend(as_alice, "EXPENSE", "Bank", "30.00", "2026-10-27")
    foreign = spend(as_bob, "INCOME", "Savings", "20.00", "2026-11-01")
    twice = [spend(as_alice, "EXPENSE", "Bank", "40.00", "2026-11-01") for _number in range(2)]
    spend(as_alice, "INCOME", "Savings", "40.00", "2026-11-01")

    def proposed() -> list[tuple[str, str]]:
        found = as_alice.get("/transfers/proposals").json()["results"]
        return [(pair["expense"]["id"], pair["income"]["id"]) for pair in found]

    assert proposed() == [(out, into)]
    assert as_alice.post("/transfers/rejections", {"expense": out, "income": foreign}).status_code == 400
    assert as_alice.post("/transfers/rejections", {"expense": out, "income": into}).status_code == 204
    assert as_alice.post("/transfers/rejections", {"expense": out, "income": into}).status_code == 204
    assert proposed() == []
    for pair in ((out, foreign), (into, out), (far, into), (twice[0], into), ("x", into), (1, into)):
        assert as_alice.post("/transfers/link", dict(zip(("expense", "income"), pair, strict=True))).status_code == 400
    linked = as_alice.post("/transfers/link", {"expense": out, "income": into})
    assert linked.status_code == 201
    assert (linked.json()["expense"], linked.json()["received_on"]) == (out, "2026-11-06")
    assert as_alice.post("/transfers/link", {"expense": out, "income": into}).status_code == 400


def test_filters_and_exports(as_alice: APIClient) -> None:
    make(as_alice)
    make(as_alice, to="Yen", received=1, date="2026-10-01")
    for query, count in (
        ("", 2),
        ("account=yen", 1),
        ("account=Savings&account=Yen", 2),
        ("date_after=2026-11-01", 1),
        ("date_before=2026-10-31", 1),
    ):
        assert len(as_alice.get(f"/transfers?{query}").json()["results"]) == count
    assert as_alice.get("/transfers?account=Nowhere").status_code == 400
    lines = b"".join(as_alice.get("/transfers.csv")).decode().splitlines()
    assert lines[0].startswith("id,from,to,amount,currency,received")
    assert len(lines) == 3


def test_an_account_that_is_deleted_by_force_becomes_outside(alice: User, as_alice: APIClient) -> None:
    row, alone = make(as_alice), make(as_alice, to=None)
    bank = as_alice.get("/accounts").json()["results"][0]["id"]
    deleted = as_alice.delete(f"/accounts/{bank}?force=true")
    assert deleted.status_code == 204
    left = as_alice.get(f"/transfers/{row['id']}").json()
    assert (left["from"], left["to"]) == (None, "Savings")
    assert as_alice.get(f"/transfers/{alone['id']}").status_code == 404
    assert as_alice.post(f"/revisions/{deleted['Ledger-Revision']}/undo").status_code == 201
    assert as_alice.get(f"/transfers/{row['id']}").json()["from"] == "Bank"
    assert as_alice.get(f"/transfers/{alone['id']}").json()["from"] == "Bank"
