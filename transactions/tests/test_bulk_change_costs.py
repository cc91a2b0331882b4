"""What a change of many rows costs, how long it holds others up, and what they may do meanwhile."""

import threading
import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from cashman_project.db.tests.sql import statements
from conftest import client_of
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import User


@pytest.fixture
def ids(alice: User) -> list[str]:
    """Three rows of a category."""
    category = CategoryFactory.create(owner=alice, name="Food")
    return [str(row.pk) for row in ExpenseFactory.create_batch(3, owner=alice, category=category)]


def test_what_many_changes_cost_is_linear_in_them_and_like_creating_them(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    """CPU time of this process, in which SQLite works too. A CASE with a branch a row took 28 times a creation."""
    for owner in (alice, bob):
        for name in ("Food", "Fun"):
            CategoryFactory.create(owner=owner, name=name)

    def cpu(method: str, path: str, body: Any) -> tuple[float, Any]:
        start = time.process_time()
        response = getattr(as_alice, method)(path, body)
        return time.process_time() - start, response.json()

    row = {"description": "x", "amount": 1, "category": "Food", "date": "2026-11-01"}
    cpu("post", "/expenses", [row, row])
    creation, change = {}, {}
    for size in (400, 3_200):
        creation[size], made = cpu("post", "/expenses", [row | {"external_id": f"{size}-{n}"} for n in range(size)])
        changes = [
            {
                "id": old["id"],
                "description": f"y{n}",
                "amount": n + 2,
                "date": "2026-10-31",
                "category": "Fun",
                "notes": "z",
            }
            for n, old in enumerate(made)
        ]
        with CaptureQueriesContext(connection) as queries:
            change[size], changed = cpu("patch", "/transactions", changes)
        assert [(new["description"], new["category"], new["version"]) for new in changed] == [
            (f"y{n}", "Fun", 2) for n in range(size)
        ]
        assert len([sql for sql in statements(queries) if sql.startswith('UPDATE "transactions')]) == 1

    assert change[3_200] < 8 * 2.5 * change[400]
    assert change[3_200] < 15 * creation[3_200]


@pytest.mark.django_db(transaction=True)
def test_many_changes_are_read_before_the_lock_that_others_wait_for(as_alice: APIClient, ids: list[str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        as_alice.patch("/transactions", [{"id": pk, "notes": "x", "category": "Food"} for pk in ids])

    sent = [sql.split()[0] for sql in statements(queries)]
    begin = next(index for index, word in enumerate(sent) if word.startswith("BEGIN"))
    names = [name for name in sent[begin + 1 :] if name not in ("COMMIT", "PREPARE", "DEALLOCATE")]
    lock = "EXECUTE" if connection.vendor == "postgresql" and not connection.settings_dict.get("POOLED") else "UPDATE"
    assert names[:5] == [lock, "SELECT", "INSERT", "UPDATE", "SELECT"]
    assert begin > 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("meanwhile", ["change", "deletion", "category"])
def test_what_others_do_between_the_reading_and_the_lock_is_not_lost(
    meanwhile: str, alice: User, as_alice: APIClient, ids: list[str]
) -> None:
    other, done = client_of(alice), []
    food = as_alice.get("/categories").json()["results"][0]["id"]

    def act() -> None:
        if meanwhile == "change":
            done.append(other.patch(f"/transactions/{ids[0]}", {"amount": 7, "notes": "theirs"}).status_code)
        elif meanwhile == "deletion":
            done.append(other.delete(f"/transactions/{ids[0]}").status_code)
        else:
            done.append(other.delete(f"/categories/{food}?force=true").status_code)
        connection.close()

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        if sql.startswith("SELECT") and '"transactions_category"' in sql and not done:  # the last that is read unlocked
            thread = threading.Thread(target=act)
            thread.start()
            thread.join()
        return result

    with connection.execute_wrapper(watch):
        response = as_alice.patch("/transactions", [{"id": pk, "notes": "mine", "category": "Food"} for pk in ids])

    assert done == [200 if meanwhile == "change" else 204]
    if meanwhile == "deletion":
        problem_of(response, 400, "invalid", ("0.id", "does_not_exist"))
        assert {row.notes for row in Transaction.objects.for_owner(alice)} == {""}
    elif meanwhile == "category":
        problem_of(response, 400, "invalid", *[(f"{number}.category", "does_not_exist") for number in range(3)])
    else:
        assert response.json()[0] == as_alice.get(f"/transactions/{ids[0]}").json()
        assert [(row["notes"], row["version"]) for row in response.json()] == [("mine", 3), ("mine", 2), ("mine", 2)]
        assert response.json()[0]["amount"] == "-7.00"
