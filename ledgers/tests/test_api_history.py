"""GET /{resource}/{id}/history: the versions of a row."""

from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from cashman_project.api.fastpath.checks import routes_of
from cashman_project.api.origin import ADMIN, Origin
from cashman_project.api.tests.problems import problem_of
from ledgers.models import OwnedModel, Revision
from ledgers.writer import writing
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

NOBODYS_ID = "01a20000-0000-7000-8000-000000000000"


def versions(client: APIClient, path: str) -> list[dict[str, Any]]:
    response = client.get(f"{path}/history")
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = response.json()["results"]
    return found


def test_every_owned_resource_has_it() -> None:
    routes = list(routes_of(get_resolver().url_patterns))
    owned = {route.cls for route in routes if issubclass(route.cls.queryset.model, OwnedModel)}
    assert len(owned) > 3
    assert owned == {route.cls for route in routes if "history" in route.actions.values()}


def test_the_versions_are_told_the_last_one_first(as_alice: APIClient, alice: User, staff: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    row = as_alice.post("/expenses", {"description": "pizza", "amount": "4.20"}).json()
    as_alice.patch(f"/expenses/{row['id']}", {"amount": "4.80", "category": "Food"})
    with writing(alice.pk, Origin(ADMIN, staff.pk)):
        saved = ExpenseFactory._meta.model.objects.get(pk=row["id"])
        saved.description = "Pizza"
        saved.save()
    as_alice.delete(f"/expenses/{row['id']}")

    found = versions(as_alice, f"/expenses/{row['id']}")

    assert [
        (version["revision"], version["operation"], version["by"], version["via"], version["changes"])
        for version in found
    ] == [
        (5, "deleted", None, "api", []),
        (4, "updated", "staff", "admin", [{"field": "description", "old": "pizza", "new": "Pizza"}]),
        (
            3,
            "updated",
            None,
            "api",
            [
                {"field": "amount", "old": "-4.20", "new": "-4.80"},
                {"field": "category", "old": None, "new": "Food"},
            ],
        ),
        (2, "created", None, "api", []),
    ]
    assert [version["at"] for version in found] == sorted((version["at"] for version in found), reverse=True)
    assert versions(as_alice, f"/transactions/{row['id']}") == found


def test_the_first_version_of_a_row_from_before_there_were_revisions(as_alice: APIClient, alice: User) -> None:
    row = IncomeFactory.create(owner=alice)
    Revision.objects.all().delete()

    [version] = versions(as_alice, f"/incomes/{row.pk}")

    created_at = as_alice.get(f"/incomes/{row.pk}").json()["created_at"]
    assert (version["at"], version["by"], version["via"], version["operation"]) == (created_at, None, None, "created")


def test_a_category_has_its_names(as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Food")
    row = IncomeFactory.create(owner=alice, category=category)
    as_alice.patch(f"/categories/{category.pk}", {"name": "Meals"})

    assert [version["changes"] for version in versions(as_alice, f"/categories/{category.pk}")] == [
        [{"field": "name", "old": "Food", "new": "Meals"}],
        [],
    ]
    assert [version["operation"] for version in versions(as_alice, f"/incomes/{row.pk}")] == ["created"]


def test_a_category_that_was_deleted_since_is_named(as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Food")
    row = IncomeFactory.create(owner=alice, category=category)
    as_alice.delete(f"/categories/{category.pk}?force=true")

    assert versions(as_alice, f"/incomes/{row.pk}")[0]["changes"] == [{"field": "category", "old": "Food", "new": None}]
    assert [version["operation"] for version in versions(as_alice, f"/categories/{category.pk}")] == [
        "deleted",
        "created",
    ]


@pytest.mark.parametrize("is_deleted", [False, True])
def test_it_has_pages_in_both_directions(is_deleted: bool, as_alice: APIClient, alice: User) -> None:
    row = IncomeFactory.create(owner=alice)
    for amount in (1, 2, 3, 4):
        as_alice.patch(f"/incomes/{row.pk}", {"amount": amount})
    if is_deleted:
        as_alice.delete(f"/incomes/{row.pk}")
    path = f"/incomes/{row.pk}/history"
    everything = versions(as_alice, f"/incomes/{row.pk}")

    for ordering in ("-revision", "revision"):
        pages, following = [], f"{path}?page_size=2&ordering={ordering}"
        while following:
            pages.append(as_alice.get(following).json())
            following = pages[-1]["next"]
        read = [version for page in pages for version in page["results"]]
        assert read == (everything if ordering == "-revision" else everything[::-1])
        assert as_alice.get(pages[2]["previous"]).json()["results"] == pages[1]["results"]


@pytest.mark.parametrize("is_deleted", [False, True])
def test_an_expense_is_no_income(is_deleted: bool, as_alice: APIClient, alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    if is_deleted:
        row.delete()

    problem_of(as_alice.get(f"/incomes/{row.pk}/history"), 404, "not_found")
    problem_of(as_alice.get(f"/categories/{row.pk}/history"), 404, "not_found")
    assert versions(as_alice, f"/transactions/{row.pk}") == versions(as_alice, f"/expenses/{row.pk}")


@pytest.mark.parametrize("is_deleted", [False, True])
def test_anothers_row_is_answered_for_as_one_that_never_was(
    is_deleted: bool, as_bob: APIClient, as_outsider: APIClient, alice: User
) -> None:
    row = IncomeFactory.create(owner=alice, category=CategoryFactory.create(owner=alice))
    if is_deleted:
        row.delete()
    for client in (as_bob, as_outsider):
        for path in (f"/incomes/{row.pk}", f"/transactions/{row.pk}", f"/categories/{row.category_id}"):
            assert client.get(f"{path}/history").content == client.get(f"/incomes/{NOBODYS_ID}/history").content
            problem_of(client.get(f"{path}/history"), 404, "not_found")


@pytest.mark.parametrize("name", ["x", "search", "force", "date"])
def test_an_unknown_parameter_is_refused(name: str, as_alice: APIClient, alice: User) -> None:
    row = IncomeFactory.create(owner=alice)
    response = as_alice.get(f"/incomes/{row.pk}/history", {name: "1"})
    problem_of(response, 400, "unknown_parameter", (name, "unknown_parameter"))
