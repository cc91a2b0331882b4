"""?search= finds text whatever its case, in any alphabet, and takes no character for a wildcard."""

import pytest
from rest_framework.test import APIClient

from transactions.tests.factories import ExpenseFactory
from users.models import User


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("école", True),
        ("ÉCOLE", True),
        ("100%", True),
        ("1%0", False),
        ("a_b", True),
        ("a_c", False),
        ("\\d", True),
        ("second line", True),
        ("nothing", False),
    ],
)
def test_search(search: str, found: bool, as_alice: APIClient, alice: User, as_outsider: APIClient) -> None:
    ExpenseFactory.create(owner=alice, description="École 100% a_b \\d (abc)", notes="first line\nSecond line")

    results = as_alice.get("/transactions", {"search": search}).json()["results"]

    assert len(results) == found
    assert as_outsider.get("/transactions", {"search": search}).json()["results"] == []
