"""The files of docs/moving-in.md come in as the page says."""

import re
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from statements.tests.plans import commit, undo, upload
from transactions.models import Account, Category, Transaction, Transfer
from users.models import User

PAGE = (settings.BASE_DIR / "docs/moving-in.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```csv (\S+) ?(\S*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
# What is in each account afterwards, and how many transfers there are.
EXPECTED = {
    "firefly": ({"Checking": ["-12.50 Food out work", "-300.00 -", "2000.00 Salary"], "Dollars": ["330.00 -"]}, 1),
    "actual": ({"Checking": ["-100.00 -", "-100.00 -", "-35.00 Food"], "Savings": ["100.00 -", "100.00 -"]}, 2),
    "ynab": ({"Checking": ["-1000.00 -", "-4.20 Food"], "Savings": ["1000.00 -"]}, 1),
    "lunch-money": (
        {"Checking": ["-45.10 -", "2000.00 Salary"], "Visa": ["-45.10 Food home weekly", "45.10 -"]},
        1,
    ),
    "gnucash": ({"Assets:Checking": ["-30.00 Expenses:Food", "-50.00 -"], "Assets:Savings": ["50.00 -"]}, 1),
}


def test_the_page_has_a_file_of_each_program() -> None:
    assert [name for name, _options, _content in FILES] == [*EXPECTED]


@pytest.mark.parametrize(("name", "options", "content"), FILES, ids=[name for name, *_others in FILES])
def test_a_file_of_another_program_moves_in(
    name: str, options: str, content: str, as_alice: APIClient, alice: User
) -> None:
    said: dict[str, Any] = dict(one.split("=") for one in options.split(",") if one)
    made = {"create_account": "true", "create_categories": "true", "currency": "EUR"}

    plan = upload(as_alice, content.encode(), **made, **said).json()

    assert plan["questions"] == [], plan["questions"]
    commit(as_alice, plan)
    accounts, transfers = EXPECTED[name]
    found: dict[str, list[str]] = {}
    for row in as_alice.get("/transactions?page_size=100").json()["results"]:
        words = (row["amount"], row["category"] or "-", *sorted(row["tags"]))
        found.setdefault(row["account"], []).append(" ".join(words))
    assert {account: sorted(rows) for account, rows in found.items()} == accounts
    assert Transfer.objects.filter(owner=alice).count() == transfers
    assert Transaction.objects.filter(owner=alice, transfer__isnull=False).count() == 2 * transfers
    again = upload(as_alice, content.encode(), **made, **said).json()["counts"]
    assert (again["new"], again["transfer"], again["duplicate"]) == (0, 0, sum(map(len, accounts.values())))
    undo(as_alice, plan)
    for model in (Transaction, Transfer, Account, Category):
        rows: Any = model
        assert not rows.objects.filter(owner=alice).exists()
