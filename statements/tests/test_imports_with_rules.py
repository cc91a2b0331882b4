"""Rules run when a plan is made, so that it shows what they give."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from transactions.models import Transaction
from transactions.tests.factories import AccountFactory, CategoryFactory, RuleFactory, TagFactory
from users.models import User

from .plans import HEADER, commit, rows_of, upload

LINES = HEADER + b"2026-11-01,REWE SAGT DANKE 4711,-12.00\n2026-11-02,Salary,2000.00\n"
RULED = ("category", "tags", "description", "notes", "rule")


@pytest.fixture
def rule(alice: User) -> str:
    food = CategoryFactory.create(owner=alice, name="Food")
    TagFactory.create(owner=alice, name="shop")
    AccountFactory.create(owner=alice, name="Bank", currency="USD")
    rule = RuleFactory.create(
        owner=alice, words='["rewe"]', type="EXPENSE", category=food, tags='["shop"]', description="Rewe"
    )
    return str(rule.pk)


def ruled(client: APIClient, plan: Any) -> list[list[Any]]:
    return [[row[name] for name in RULED] for row in rows_of(client, plan["id"])]


def test_a_plan_shows_what_rules_give_and_a_commit_does_that(rule: str, alice: User, as_alice: APIClient) -> None:
    plan = upload(as_alice, LINES, account="Bank").json()

    assert ruled(as_alice, plan) == [
        ["Food", ["shop"], "Rewe", "REWE SAGT DANKE 4711", rule],
        [None, [], "Salary", "", None],
    ]
    commit(as_alice, plan)
    found = Transaction.objects.filter(owner=alice, description="Rewe", category__name="Food", tags='["shop"]')
    assert [row.notes for row in found] == ["REWE SAGT DANKE 4711"]
    again = upload(as_alice, LINES, account="Bank").json()
    assert again["counts"]["duplicate"] == 2  # a line is known by what the bank calls it


def test_rules_can_be_left_out(rule: str, as_alice: APIClient) -> None:
    plan = upload(as_alice, LINES, account="Bank", apply_rules="false").json()

    assert ruled(as_alice, plan)[0] == [None, [], "REWE SAGT DANKE 4711", "", None]
    assert plan["options"]["apply_rules"] is False
    as_alice.patch(f"/imports/{plan['id']}", {"apply_rules": True})
    assert ruled(as_alice, plan)[0][4] == rule


def test_what_somebody_changes_by_hand_stays(rule: str, as_alice: APIClient) -> None:
    plan = upload(as_alice, LINES, account="Bank").json()

    row = as_alice.patch(f"/imports/{plan['id']}/rows/1", {"category": None}).json()

    assert (row["category"], row["tags"], row["rule"]) == (None, ["shop"], None)
    commit(as_alice, plan)
    assert Transaction.objects.get(description="Rewe").category is None


def test_what_the_file_says_counts_more_than_a_rule(rule: str, alice: User, as_alice: APIClient) -> None:
    CategoryFactory.create(owner=alice, name="Other")
    content = b"Date,Description,Amount,Category\n2026-11-01,rewe,-12.00,Other\n"

    plan = upload(as_alice, content, account="Bank").json()

    assert ruled(as_alice, plan)[0][:2] == ["Other", ["shop"]]


def test_rules_of_others_give_nothing(rule: str, as_bob: APIClient) -> None:
    plan = upload(as_bob, LINES, account="Bank", create_account="true", currency="USD").json()

    assert ruled(as_bob, plan)[0] == [None, [], "REWE SAGT DANKE 4711", "", None]
