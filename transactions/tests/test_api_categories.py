"""/categories: what money is earned by or spent on, each under one name of its owner's."""

import pytest
from rest_framework.test import APIClient

from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User


def names(client: APIClient, query: str = "") -> list[str]:
    return [row["name"] for row in client.get(f"/categories{query}").json()["results"]]


def test_a_category_is_made_read_renamed_and_deleted(as_alice: APIClient, as_outsider: APIClient) -> None:
    created = as_alice.post("/categories", {"name": " Food "})
    assert created.status_code == 201
    assert list(created.json()) == ["id", "name", "version", "created_at", "updated_at"]
    assert (created.json()["name"], created.json()["version"]) == ("Food", 1)
    path = f"/categories/{created.json()['id']}"
    assert created["Location"] == f"http://testserver{path}"
    assert as_alice.get(path).json() == as_alice.get(f"{path}/").json() == created.json()

    for method, name, version in (("put", "Meals", 2), ("patch", "MEALS", 3)):
        renamed = getattr(as_alice, method)(path, {"name": name})
        assert (renamed.status_code, renamed.json()["name"], renamed.json()["version"]) == (200, name, version)
    assert as_alice.get(path).json() == renamed.json()
    assert as_outsider.get(path).status_code == 404
    for method in ("put", "patch", "delete"):
        assert getattr(as_outsider, method)(path, {"name": "x"}).status_code == 404

    assert as_alice.delete(path).status_code == 204
    assert as_alice.get(path).status_code == 404


def test_the_list_holds_the_owners_categories_in_the_order_asked_for(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    for name in ("pears", "Apples", "Zebras", "bread"):
        CategoryFactory.create(owner=alice, name=name)
    CategoryFactory.create(owner=bob, name="secret")

    assert names(as_alice) == names(as_alice, "/?ordering=name") == ["Apples", "bread", "pears", "Zebras"]
    assert names(as_alice, "?ordering=-name") == ["Zebras", "pears", "bread", "Apples"]
    assert names(as_alice, "?ordering=created_at") == ["pears", "Apples", "Zebras", "bread"]
    assert names(as_alice, "?ordering=-created_at") == ["bread", "Zebras", "Apples", "pears"]


def test_owners_may_have_categories_of_the_same_name(as_alice: APIClient, as_bob: APIClient) -> None:
    for client in (as_alice, as_bob):
        assert client.post("/categories", {"name": "Food"}).status_code == 201
    refused = as_alice.post("/categories", {"name": "fOOD"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert names(as_alice) == names(as_bob) == ["Food"]


def test_a_new_name_shows_on_every_transaction(as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Food")
    expense = ExpenseFactory.create(owner=alice, category=category)

    as_alice.patch(f"/categories/{category.pk}", {"name": "Meals"})

    assert as_alice.get(f"/expenses/{expense.pk}").json()["category"] == "Meals"
    assert as_alice.get("/summary?group_by=category").json()["results"][0]["category"] == "Meals"
    assert as_alice.get("/expenses?category=Food").status_code == 400
    assert len(as_alice.get("/expenses?category=meals").json()["results"]) == 1


def test_a_refund_nets_out(as_alice: APIClient) -> None:
    as_alice.post("/categories", {"name": "Clothing"})
    as_alice.post("/expenses", {"description": "coat", "amount": 90, "category": "Clothing"})
    as_alice.post("/incomes", {"description": "coat, sent back", "amount": 90, "category": "Clothing"})

    [group] = as_alice.get("/summary?group_by=category").json()["results"]
    assert (group["category"], group["net"], group["count"]) == ("Clothing", "0.00", 2)


@pytest.mark.parametrize("query", ["", "?force=false", "?force="])
def test_a_category_in_use_is_not_deleted_unasked(query: str, as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Food")
    IncomeFactory.create(owner=alice, category=category)
    ExpenseFactory.create_batch(11, owner=alice, category=category)
    ExpenseFactory.create(owner=alice)

    refused = as_alice.delete(f"/categories/{category.pk}{query}")

    assert (refused.status_code, refused.json()["code"], refused.json()["transactions"]) == (409, "conflict", 12)
    assert names(as_alice) == ["Food"]
    assert Transaction.objects.filter(category=category, version=1).count() == 12


def test_force_unlinks_the_transactions_of_the_category_alone(as_alice: APIClient, alice: User, bob: User) -> None:
    food, fun = CategoryFactory.create(owner=alice, name="Food"), CategoryFactory.create(owner=alice, name="Fun")
    theirs = ExpenseFactory.create(owner=bob, category=CategoryFactory.create(owner=bob, name="Food"))
    unlinked = [factory.create(owner=alice, category=food).pk for factory in (IncomeFactory, ExpenseFactory)]
    kept = ExpenseFactory.create(owner=alice, category=fun)

    assert as_alice.delete(f"/categories/{food.pk}?force=true").status_code == 204

    rows = {
        str(pk): (name, version)
        for pk, name, version in Transaction.objects.values_list("pk", "category__name", "version")
    }
    assert rows == {str(kept.pk): ("Fun", 1), str(theirs.pk): ("Food", 1)} | {str(pk): (None, 2) for pk in unlinked}
    assert set(Category.objects.values_list("owner__username", "name")) == {("alice", "Fun"), ("bob", "Food")}


def test_an_unused_category_needs_no_force(as_alice: APIClient, alice: User) -> None:
    for query in ("", "?force=true"):
        category = CategoryFactory.create(owner=alice)
        assert as_alice.delete(f"/categories/{category.pk}{query}").status_code == 204
    assert names(as_alice) == []
