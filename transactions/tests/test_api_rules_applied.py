"""What a rule does to transactions that are there, what is suggested, and what rules cost."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from transactions.models import Expense, Rule, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, RuleFactory, TagFactory
from transactions.tests.test_api_rules import FOOD, REWE, add, spend
from users.models import User


@pytest.fixture(autouse=True)
def names(alice: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    TagFactory.create(owner=alice, name="trip")


# -- Trying and applying ----------------------------------------------------------------------


def test_a_rule_is_tried_without_being_saved(alice: User, as_alice: APIClient, bob: User) -> None:
    for owner in (alice, bob):
        ExpenseFactory.create(owner=owner, description="Rewe")
    food = CategoryFactory.create(owner=alice, name="Other")
    ExpenseFactory.create(owner=alice, description="Rewe", category=food)
    ExpenseFactory.create(owner=alice, description="x")
    before = Transaction.objects.values_list("pk", "category", "version")
    stored = list(before)

    run = as_alice.post("/rules/test", REWE).json()
    assert [run[name] for name in ("compared", "meet", "changed")] == [3, 2, 1]
    [one] = run["results"]
    assert one["changes"] == [{"field": "category", "old": None, "new": "Food"}]
    assert one["transaction"]["category"] == "Food"
    assert as_alice.post("/rules/test", REWE | {"overwrite": True}).json()["changed"] == 2
    assert list(before.all()) == stored
    assert not Rule.objects.exists()
    problem_of(as_alice.post("/rules/test", {"when": {}, "set": FOOD}), 400, "invalid", ("when", "empty"))


def test_a_rule_is_applied_as_one_revision(alice: User, as_alice: APIClient, bob: User) -> None:
    rows = [ExpenseFactory.create(owner=owner, description="Rewe") for owner in (alice, alice, bob)]
    old = ExpenseFactory.create(owner=alice, description="Rewe", date="2020-01-01")
    rule = add(as_alice, when={"words": ["rewe"]}, set={"category": "Food", "tags": ["trip"], "description": "Shop"})
    path = f"/rules/{rule['id']}/apply"

    preview = as_alice.get(f"{path}?date_after=2021-01-01").json()
    assert (preview["meet"], preview["changed"], len(preview["results"])) == (2, 2, 2)
    assert not Transaction.objects.filter(category__isnull=False).exists()
    answer = as_alice.post(path, {"filter": {"date_after": "2021-01-01"}})
    assert answer.json() == preview
    found = Transaction.objects.filter(owner=alice, category__name="Food", tags='["trip"]', description="Rewe")
    assert {row.pk for row in found} == {row.pk for row in rows[:2]}
    number = answer.headers["Ledger-Revision"]
    revision = as_alice.get(f"/revisions/{number}").json()
    assert (revision["via"], revision["counts"]) == ("rule", {"transactions": {"updated": 2}})
    assert as_alice.post(path, {"filter": {}, "overwrite": True}).json()["changed"] == 3
    assert Expense.objects.get(pk=old.pk).description == "Shop"
    assert Expense.objects.get(pk=rows[2].pk).category_id is None  # bob's
    assert as_alice.post(f"/revisions/{number}/undo", {"force": True}).status_code == 201
    assert Transaction.objects.filter(owner=alice, category__isnull=False).count() == 1


@pytest.mark.parametrize(
    ("chosen", "field", "code"),
    [
        ({"date_after": "x"}, "filter.date_after", "invalid"),
        ({"nonesuch": "x"}, "filter.nonesuch", "unknown_parameter"),
        ({"category": "None"}, "filter.category", "does_not_exist"),
        ({"category": ["None"]}, "filter.category", "does_not_exist"),
        ({"search": ["a", "b"]}, "filter.search", "invalid"),
        ({"search": {}}, "filter.search", "invalid"),
    ],
)
def test_a_filter_is_read_strictly(chosen: dict[str, Any], field: str, code: str, as_alice: APIClient) -> None:
    rule = add(as_alice, **REWE)

    answer = as_alice.post(f"/rules/{rule['id']}/apply", {"filter": chosen})

    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


def test_a_filter_may_be_repeated_or_a_flag(alice: User, as_alice: APIClient) -> None:
    ExpenseFactory.create(owner=alice, description="Rewe")
    rule = add(as_alice, **REWE)
    path = f"/rules/{rule['id']}/apply"

    assert as_alice.post(path, {"filter": {"category": ["Food"]}}).json()["compared"] == 0
    assert as_alice.post(path, {"filter": {"uncategorized": True}}).json()["changed"] == 1


def test_too_much_at_once_is_refused(alice: User, as_alice: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ExpenseFactory.create_batch(3, owner=alice, description="Rewe")
    rule = add(as_alice, **REWE)
    path = f"/rules/{rule['id']}/apply"

    monkeypatch.setattr("transactions.services.rule_runs.MOST_CHANGED", 2)
    problem_of(as_alice.post(path, {}), 400, "invalid", ("filter", "too_many"))
    monkeypatch.undo()
    monkeypatch.setattr("transactions.services.rule_runs.PART", 2)
    assert as_alice.post(path, {}).json()["changed"] == 3


def test_what_nearly_always_is_so_is_suggested(alice: User, as_alice: APIClient, bob: User) -> None:
    CategoryFactory.create(owner=alice, name="Fun")
    for number in range(9):
        spend(as_alice, f"REWE {number}", category="Food")
    for name in ("Food", "Fun", "Food", "Fun", "Food"):
        spend(as_alice, "paypal", category=name)
    for _number in range(4):
        spend(as_alice, "Paypal Spotify", category="Fun")
    spend(as_alice, "seldom", category="Fun")

    found = as_alice.get("/rules/suggestions").json()["results"]

    assert found == [
        {"words": "rewe", "category": "Food", "count": 9, "total": 9},
        {"words": "spotify", "category": "Fun", "count": 4, "total": 4},
    ]
    assert client_of(bob).get("/rules/suggestions").json() == {"results": []}
    add(as_alice, when={"words": [found[0]["words"]]}, set=FOOD)
    assert [one["words"] for one in as_alice.get("/rules/suggestions").json()["results"]] == ["spotify"]


# -- What they cost ---------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
def test_rules_cost_one_query_however_many_there_are(rows: int, alice: User, as_alice: APIClient) -> None:
    body = [{"description": "Rewe", "amount": 1}] * rows
    food = as_alice.get("/categories").json()["results"][0]["id"]
    as_alice.post("/expenses", body)
    counts = []
    for more in (0, 1, 30):
        RuleFactory.create_batch(more, owner=alice, words='["rewe"]', category_id=food)
        with CaptureQueriesContext(connection) as queries:
            assert as_alice.post("/expenses", body).status_code == 201
        counts.append(len(queries))

    assert counts == [counts[0], counts[0] + 1, counts[0] + 1]
