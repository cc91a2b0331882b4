"""/incomes: what came in."""

from rest_framework.test import APIClient

from transactions.tests.factories import ExpenseFactory, IncomeFactory
from users.models import User


def test_description_and_amount_are_enough(as_alice: APIClient, as_outsider: APIClient) -> None:
    response = as_alice.post("/incomes", {"description": "lottery", "amount": 1000.0})

    assert response.status_code == 201
    assert response.json()["amount"] == "1000.00"
    assert response.json()["type"] == "INCOME"
    assert response.json()["created_at"] == response.json()["updated_at"]
    assert as_alice.get(response["Location"]).json() == response.json()
    assert as_outsider.get(response["Location"]).status_code == 404


def test_the_list_holds_the_owners_incomes_alone(as_alice: APIClient, alice: User, bob: User) -> None:
    income = IncomeFactory.create(owner=alice)
    ExpenseFactory.create(owner=alice)
    IncomeFactory.create(owner=bob)

    for path in ("/incomes", "/incomes/"):
        assert [row["id"] for row in as_alice.get(path).json()["results"]] == [str(income.id)]


def test_an_income_can_be_sent_back_as_it_was_read(as_alice: APIClient, alice: User, as_outsider: APIClient) -> None:
    path = f"/incomes/{IncomeFactory.create(owner=alice).id}"
    income = as_alice.get(path).json()

    assert as_alice.put(path, income | {"version": True}).json()["errors"][0]["field"] == "version"
    response = as_alice.put(path, income | {"description": "wages"})

    assert response.status_code == 200
    assert response.json() == income | {
        "description": "wages",
        "version": 2,
        "updated_at": response.json()["updated_at"],
    }
    assert as_outsider.put(path, income).status_code == 404


def test_an_income_is_above_zero(as_alice: APIClient, alice: User) -> None:
    income = IncomeFactory.create(owner=alice)
    path = f"/incomes/{income.pk}"
    body = {"description": "x", "amount": "-1.00"}

    for answer in (as_alice.post("/incomes", body), as_alice.put(path, body), as_alice.patch(path, {"amount": -1})):
        [fault] = answer.json()["errors"]
        assert (answer.status_code, fault["field"], fault["code"]) == (400, "amount", "negative")
    assert as_alice.get("/incomes").json()["results"][0]["amount"] == "5000.00"


def test_an_income_is_met_among_the_transactions_and_not_among_the_expenses(as_alice: APIClient, alice: User) -> None:
    pk = IncomeFactory.create(owner=alice).pk

    assert as_alice.get(f"/transactions/{pk}").json() == as_alice.get(f"/incomes/{pk}").json()
    assert as_alice.get(f"/expenses/{pk}").status_code == 404
    for method in ("put", "patch", "delete"):
        assert getattr(as_alice, method)(f"/expenses/{pk}", {"description": "x", "amount": 1}).status_code == 404
    assert as_alice.get("/expenses").json()["results"] == []
    assert as_alice.delete(f"/incomes/{pk}").status_code == 204


def test_the_first_records_are_these(as_alice: APIClient) -> None:
    for description, amount in (("Salary", 5000), ("Dividends", 200)):
        as_alice.post("/incomes", {"description": description, "amount": amount})
    rows = as_alice.get("/incomes?ordering=created_at").json()["results"]
    assert [(row["description"], row["amount"]) for row in rows] == [("Salary", "5000.00"), ("Dividends", "200.00")]
