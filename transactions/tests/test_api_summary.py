"""/summary: sums by currency and by what one asks for."""

import pytest
from rest_framework.test import APIClient

from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

SUMS = {"income": "5000.00", "expense": "-50.00", "net": "4950.00", "count": 2}


@pytest.mark.parametrize(
    ("group_by", "keys"),
    [
        ("", {}),
        ("month", {"month": "2026-11"}),
        ("year", {"year": "2026"}),
        ("category", {"category": "Fun"}),
        ("category,month", {"category": "Fun", "month": "2026-11"}),
    ],
)
def test_a_group_has_its_keys_and_no_other(
    group_by: str, keys: dict[str, str], as_alice: APIClient, alice: User, as_outsider: APIClient
) -> None:
    fun = CategoryFactory.create(owner=alice, name="Fun")
    IncomeFactory.create(owner=alice, category=fun)
    ExpenseFactory.create(owner=alice, category=fun)

    results = as_alice.get("/summary", {"group_by": group_by}).json()["results"]

    assert [list(group.items()) for group in results] == [list({"currency": "USD", **keys, **SUMS}.items())]
    assert as_outsider.get("/summary", {"group_by": group_by}).json()["results"] == []
