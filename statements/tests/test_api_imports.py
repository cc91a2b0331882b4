"""Imports over HTTP: a file becomes a plan, and the plan transactions."""

import pytest
from rest_framework.test import APIClient

from statements.tests.plans import CSV, rows_of, upload
from transactions.models import Account, Transaction
from users.models import User


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


def test_a_file_becomes_a_plan_and_the_plan_transactions(as_alice: APIClient, alice: User, bank: Account) -> None:
    response = upload(as_alice, CSV, account="bank")

    plan = response.json()
    assert response.status_code == 201, plan
    assert response["Location"].endswith(f"/imports/{plan['id']}")
    assert plan["status"] == "preview"
    assert plan["account"] == "Bank"
    assert plan["counts"] == {"new": 4, "duplicate": 0, "match": 0, "transfer": 0, "error": 0, "skipped": 0}
    assert not Transaction.objects.filter(owner=alice).exists()

    shown = rows_of(as_alice, plan["id"])
    committed = as_alice.post(f"/imports/{plan['id']}/commit", {})

    assert committed.status_code == 200, committed.content
    assert committed.json()["status"] == "committed"
    stored = {str(row.pk): row for row in Transaction.objects.filter(owner=alice)}
    assert [row["transaction"] for row in shown] == [row["transaction"] for row in rows_of(as_alice, plan["id"])]
    assert {row["transaction"]: (row["amount"], row["description"], row["date"]) for row in shown} == {
        key: (f"{row.amount:.2f}", row.description, str(row.date)) for key, row in stored.items()
    }
    assert {row.revision for row in stored.values()} == {committed.json()["revision"]}
