"""Texts that an input of one line can hold, and those that it can't."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of, stored
from transactions.models import Category, Transaction
from users.models import User

BREAKS = ["\n", "\r\n", "\r", "\t", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\x9b", "\u2028", "\u2029"]


@pytest.mark.parametrize("field", ["description", "external_id", "name"])
@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_what_an_input_of_one_line_cannot_hold_is_refused(
    text: str, field: str, as_alice: APIClient, alice: User
) -> None:
    """A form that shows it would send another text back. Every door, the fast one of plain bodies too."""
    path = "/categories" if field == "name" else "/expenses"
    plain: dict[str, Any] = {"name": "x"} if field == "name" else {"description": "x", "amount": "1.00"}
    row = as_alice.post(path, plain).json()
    before, broken = stored(), {field: f"one{text}two"}

    for response in (
        as_alice.post(path, plain | broken),
        as_alice.patch(f"{path}/{row['id']}", broken),
        as_alice.put(f"{path}/{row['id']}", plain | broken),
    ):
        problem_of(response, 400, "invalid", (field, "not_one_line"))
        assert "One line only" in response.json()["detail"]
    if field != "name":
        problem_of(as_alice.post(path, [plain, plain | broken]), 400, "invalid", (f"1.{field}", "not_one_line"))
        many = as_alice.patch("/transactions", [{"id": row["id"]} | broken])
        problem_of(many, 400, "invalid", (f"0.{field}", "not_one_line"))
    assert stored() == before
    new: Any = Category(owner=alice, **broken) if field == "name" else Transaction(owner=alice, **plain | broken)
    with pytest.raises(ValidationError) as caught:
        new.full_clean()
    assert "One line only" in str(caught.value.error_dict[field])


@pytest.mark.parametrize("text", ["\u200d", "\u00a0", "\u3000", "\ufeff", "\u202e", "👩\u200d👧"], ids=ascii)
def test_what_one_line_can_hold_is_kept(text: str, as_alice: APIClient, as_bob: APIClient) -> None:
    body = {"description": f"a{text}b", "external_id": f"a{text}b", "amount": "-1.00", "notes": "two\n\tlines"}
    created = as_alice.post("/expenses", body).json()
    assert created | body == created
    assert as_alice.get("/expenses").json()["results"] == [created]
    assert as_bob.get("/expenses").json()["results"] == []


@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_the_name_of_a_token_is_one_line(text: str, as_alice: APIClient) -> None:
    response = as_alice.post("/tokens", {"name": f"a{text}b", "scope": "read"})
    problem_of(response, 400, "invalid", ("name", "not_one_line"))
