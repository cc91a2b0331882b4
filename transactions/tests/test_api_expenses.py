"""/expenses: what went out. An amount is stored below zero, whatever sign it is sent with."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from transactions.tests.factories import ExpenseFactory, IncomeFactory
from users.models import User


@pytest.mark.parametrize("amount", [20, -20, 20.0, "20", "20.00", "-20", "-20.0"], ids=repr)
def test_an_expense_is_below_zero_however_it_is_sent(
    amount: Any, as_alice: APIClient, alice: User, as_outsider: APIClient
) -> None:
    path = f"/expenses/{ExpenseFactory.create(owner=alice).pk}"
    body = {"amount": amount, "description": "lottery ticket"}

    created = as_alice.post("/expenses", body)
    typed = as_alice.post("/transactions", body | {"type": "EXPENSE"})
    replaced = as_alice.put(path, body)
    changed = as_alice.patch(path, {"amount": amount})

    assert [answer.status_code for answer in (created, typed, replaced, changed)] == [201, 201, 200, 200]
    assert {answer.json()["amount"] for answer in (created, typed, replaced, changed)} == {"-20.00"}
    assert {row["amount"] for row in as_alice.get("/expenses").json()["results"]} == {"-20.00"}
    assert as_outsider.get(created["Location"]).status_code == 404


def test_the_list_holds_the_owners_expenses_alone(as_alice: APIClient, alice: User, bob: User) -> None:
    expense = ExpenseFactory.create(owner=alice)
    IncomeFactory.create(owner=alice)
    ExpenseFactory.create(owner=bob)

    for path in ("/expenses", "/expenses/"):
        assert [row["id"] for row in as_alice.get(path).json()["results"]] == [str(expense.id)]


def test_an_expense_can_be_sent_back_as_it_was_read(as_alice: APIClient, alice: User) -> None:
    path = f"/expenses/{ExpenseFactory.create(owner=alice).pk}"
    expense = as_alice.get(path).json()

    answer = as_alice.put(path, expense | {"description": "calzone"})

    changed = {"description": "calzone", "version": 2, "updated_at": answer.json()["updated_at"]}
    assert answer.json() == expense | changed


def test_an_expense_is_not_met_among_the_incomes(as_alice: APIClient, alice: User) -> None:
    pk = ExpenseFactory.create(owner=alice).pk

    assert as_alice.get(f"/transactions/{pk}").json() == as_alice.get(f"/expenses/{pk}").json()
    assert as_alice.get(f"/incomes/{pk}").status_code == 404
    for method in ("put", "patch", "delete"):
        assert getattr(as_alice, method)(f"/incomes/{pk}", {"description": "x", "amount": 1}).status_code == 404
    assert as_alice.get("/incomes").json()["results"] == []


def test_a_type_filter_that_contradicts_the_path_leaves_nothing(as_alice: APIClient, alice: User) -> None:
    ExpenseFactory.create(owner=alice)
    IncomeFactory.create(owner=alice)

    assert as_alice.get("/expenses?type=INCOME").json()["results"] == []
    assert len(as_alice.get("/expenses?type=EXPENSE").json()["results"]) == 1
