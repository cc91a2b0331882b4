"""/categories: what money is earned by or spent on, each under one name of its owner's."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, form_of
from cashman_project.db.tests.sql import statements
from conftest import client_of
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User


def names(client: APIClient, query: str = "") -> list[str]:
    return [row["name"] for row in client.get(f"/categories{query}").json()["results"]]


def test_a_category_is_made_read_renamed_and_deleted(as_alice: APIClient, as_outsider: APIClient) -> None:
    created = as_alice.post("/categories", {"name": " Food "})
    assert created.status_code == 201
    assert list(created.json()) == ["id", "name", "group", "excluded", "version", "created_at", "updated_at"]
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


def rename_on_page(category: Category, name: str) -> None:
    browser = Browser(category.owner)
    browser.follow(browser.send(form_of(browser.get(f"/categories/{category.pk}"), "PATCH"), name=name))


def rename_in_admin(category: Category, name: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    sent = {"name": name, "initial-name": category.name}
    assert client.post(f"/admin/transactions/category/{category.pk}/change/", sent).status_code == 302


def rename_by_bulk_update(category: Category, name: str) -> None:
    category.name = name
    Category.objects.bulk_update([category], ["name"])


def rename_by_save(category: Category, name: str) -> None:
    category.name = name
    category.save()


DOORS: dict[str, Callable[[Category, str], object]] = {
    "patch": lambda category, name: client_of(category.owner).patch(f"/categories/{category.pk}", {"name": name}),
    "put": lambda category, name: client_of(category.owner).put(f"/categories/{category.pk}", {"name": name}),
    "page": rename_on_page,
    "admin": rename_in_admin,
    "update": lambda category, name: Category.objects.filter(pk=category.pk).update(name=name),
    "bulk_update": rename_by_bulk_update,
    "save": rename_by_save,
}


@pytest.mark.parametrize("name", ["Meals", "FOOD"])
@pytest.mark.parametrize("door", DOORS)
def test_a_new_name_is_a_write_of_each_row_that_shows_it(door: str, name: str, alice: User, bob: User) -> None:
    food, fun = CategoryFactory.create(owner=alice, name="Food"), CategoryFactory.create(owner=alice, name="Fun")
    theirs = ExpenseFactory.create(owner=bob, category=CategoryFactory.create(owner=bob, name="Food"))
    shown = [factory.create(owner=alice, category=food) for factory in (IncomeFactory, ExpenseFactory, ExpenseFactory)]
    kept = [theirs, ExpenseFactory.create(owner=alice, category=fun), ExpenseFactory.create(owner=alice)]
    timestamp = timezone.now()

    with CaptureQueriesContext(connection) as queries:
        DOORS[door](food, name)

    rows: Any = Transaction.objects.in_bulk()
    assert Category.objects.get(pk=food.pk).name == name
    assert [(rows[row.pk].version, rows[row.pk].updated_at >= timestamp) for row in shown] == 3 * [(2, True)]
    assert [(rows[row.pk].version, rows[row.pk].updated_at) for row in kept] == [(1, row.updated_at) for row in kept]
    assert len([sql for sql in statements(queries) if sql.startswith('UPDATE "transactions_transaction"')]) == 1
    stamp = timestamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    changed = client_of(alice).get(f"/transactions?updated_after={stamp}").json()["results"]
    assert [row["category"] for row in changed] == 3 * [name]


@pytest.mark.parametrize("door", DOORS)
def test_the_same_name_again_writes_no_row(door: str, alice: User, bob: User) -> None:
    food = CategoryFactory.create(owner=alice, name="Food")
    ExpenseFactory.create(owner=alice, category=food)
    ExpenseFactory.create(owner=bob)

    DOORS[door](food, "Food")

    assert list(Transaction.objects.values_list("version", flat=True)) == [1, 1]
    if door in ("patch", "put", "page", "admin"):
        assert Category.objects.get().version == 1


def test_a_tag_of_before_a_new_name_is_stale(as_alice: APIClient, alice: User, as_outsider: APIClient) -> None:
    category = CategoryFactory.create(owner=alice, name="Food")
    path = f"/expenses/{ExpenseFactory.create(owner=alice, category=category).pk}"
    before = as_alice.get(path)

    as_alice.patch(f"/categories/{category.pk}", {"name": "Meals"})

    after = as_alice.get(path)
    assert (after.json()["version"], after.json()["updated_at"] > before.json()["updated_at"]) == (2, True)
    assert as_alice.patch(path, {"notes": "x"}, headers={"If-Match": before["ETag"]}).status_code == 412
    assert as_outsider.get(path).status_code == 404


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
