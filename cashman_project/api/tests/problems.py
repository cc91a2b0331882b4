"""What every test of an error asks for."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
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
    """Return all columns, as the database has them, of users, their rows and their personal access tokens."""
    models: list[type[Model]] = [User, PersonalToken, Category, Transaction]
    with connection.cursor() as cursor:  # models and querysets take four times as long, and this is asked all the time
        return [row for model in models for row in _rows(cursor, model._meta.db_table)]


def of_owner(owner: User, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those rows of `stored` that are, or belong to, this user."""
    return [row for row in rows if User._meta.pk.get_db_prep_value(owner.pk, connection) in row.values()]


def _rows(cursor: CursorWrapper, table: str) -> Iterator[dict[str, Any]]:
    cursor.execute(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608  # of our own models
    names = [column[0] for column in cursor.description]
    yield from (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
