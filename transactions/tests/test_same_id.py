"""Two owners whose rows have the same id, which PostgreSQL allows: neither meets the other's row."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import RestrictedError
from django.test import Client
from rest_framework.test import APIClient

from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import Session, User
from users.sessions import start_session

pytestmark = pytest.mark.skipif(connection.vendor == "sqlite", reason="an SQLite file has each id once")


@pytest.fixture
def rows(alice: User, bob: User) -> tuple[Transaction, Transaction]:
    """The same transaction and the same category of each of them, as far as the ids go."""
    mine = ExpenseFactory.create(owner=alice, notes="alice's", category=CategoryFactory.create(owner=alice, name="A"))
    category = CategoryFactory.create(owner=bob, name="B", id=mine.category_id)
    theirs = ExpenseFactory.create(owner=bob, notes="bob's", category=category, id=mine.pk)
    return mine, theirs


def test_the_api_has_each_owners_own(rows: Any, as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient) -> None:
    path = f"/transactions/{rows[0].pk}"
    for client, notes, category in ((as_alice, "alice's", "A"), (as_bob, "bob's", "B")):
        row = client.get(path).json()
        assert (row["notes"], row["category"]) == (notes, category)
        assert client.get("/transactions?category=" + category).json()["results"] == [row]
    assert as_outsider.get(path).status_code == 404

    assert as_alice.patch(path, {"notes": "new"}).status_code == 200
    assert as_alice.patch("/transactions", [{"id": str(rows[0].pk), "amount": "7"}]).status_code == 200
    assert as_bob.get(path).json()["notes"] == "bob's"
    assert [one["operation"] for one in as_bob.get(f"{path}/history").json()["results"]] == ["created"]
    assert as_alice.delete(path).status_code == 204
    assert as_alice.get(path).status_code == 404
    assert as_bob.get(path).json()["version"] == 1


def test_a_category_is_in_use_by_its_owner_alone(rows: Any, as_alice: APIClient) -> None:
    mine, theirs = rows
    mine.delete()
    assert as_alice.delete(f"/categories/{mine.category_id}").status_code == 204
    assert Category.objects.get().owner_id == theirs.owner_id
    with pytest.raises(RestrictedError):
        Category.objects.get().delete()
    theirs.refresh_from_db()
    assert theirs.category.name == "B"


def test_a_session_is_its_owners(alice: User, bob: User, nobody: APIClient) -> None:
    tokens = [start_session(user) for user in (alice, bob)]
    mine = Session.objects.get(owner=alice)
    Session.objects.filter(owner=bob).delete()
    Session.objects.create(id=mine.pk, owner=bob, auth_hash="x", jti="x", expires_at=mine.expires_at)
    answers = [nobody.get("/me", headers={"Authorization": f"Bearer {one.access_token}"}) for one in tokens]
    assert [answer.status_code for answer in answers] == [200, 401]


def test_the_admin_changes_neither(rows: Any, as_staff: Client) -> None:
    mine, _theirs = rows
    page = f"/admin/transactions/transaction/{mine.pk}/change/"
    assert as_staff.get(page).status_code == 302  # there is no such row, it says
    chosen = {"action": "delete_selected", "_selected_action": [str(mine.pk)], "post": "yes"}
    assert as_staff.post("/admin/transactions/transaction/", chosen).status_code == 400
    assert Transaction.objects.count() == 2
