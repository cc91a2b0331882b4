"""What every test of an error asks for."""

from typing import Any

from django.db.models import Model
from django.http import HttpResponse

from transactions.models import Category, Transaction
from users.models import PersonalToken, User

MEMBERS = ["type", "title", "status", "code", "detail", "errors"]


def problem_of(response: Any, status: int, code: str, *faults: tuple[str | None, str]) -> dict[str, Any]:
    """Return the problem of `response`; fail unless it has this status, code and these (field, code) errors."""
    assert isinstance(response, HttpResponse)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), response.content
    problem: dict[str, Any] = response.json()  # type: ignore[attr-defined]  # of the test client's
    assert list(problem)[:6] == MEMBERS
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert [(fault["field"], fault["code"]) for fault in problem["errors"]] == list(faults), problem
    for told in (problem, *problem["errors"]):
        assert told["detail"]
    return problem


def stored() -> list[dict[str, Any]]:
    """Return everything in the database about users, their rows and their personal access tokens."""
    models: list[type[Model]] = [User, PersonalToken, Category, Transaction]
    return [row for model in models for row in model._base_manager.order_by("pk").values()]
