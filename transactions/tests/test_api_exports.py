"""A whole list as CSV or JSON lines, by Accept or by suffix."""

import csv
import datetime
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from cashman_project.api.export import ROWS
from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from transactions.models import Expense
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.shares import reached, reaches
from users.models import User

# What OWASP's "CSV Injection" names, and what spreadsheets were seen to run, in a list of its own.
RUN = [
    *("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\ttext", "\rtext", "\ntext", "\r\ntext"),
    *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)"),  # in full width
    *("\ufe661", "\ufe621", "\ufe631", "\ufe6bA1", "\u22121"),  # small forms, and the sign of minus
    *(" =1", "   @A1", "\u00a0=1", "\u3000\uff1d1", "\ufeff=1", "\ufeff\uff0d1", " \ufeff\u200b-1", "\x0b=1", "\0=1"),
]
HARMLESS = ["1+1", "a=1", " text", "\ufeff", "\ufefftext", "", "(1)", "#1", "é", "a\n=1", '"=1"', "x'", " '=1"]
STARTS = ["", " ", "'", "\ufeff", "\t", "\n", *"=+-@", *"\uff1d\uff0b\uff0d\uff20"]
FORMATS = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
LISTS = ["/transactions", "/incomes", "/expenses", "/categories"]


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def lines_of(client: APIClient, path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text_of(client.get(path)).split("\n")[:-1]]


def walk(client: APIClient, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while path:
        page = client.get(path).json()
        rows += page["results"]
        path = page["next"]
    return rows


def as_in_csv(value: Any) -> str:
    """Return a value of the list as a cell of CSV has it."""
    return "" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)


@pytest.fixture
def books(alice: User, bob: User) -> None:
    for owner, name in ((alice, "Food"), (bob, "secret")):
        category = CategoryFactory.create(owner=owner, name=name)
        for number in range(3):
            day = datetime.date(2026, 11, 3 - number)
            ExpenseFactory.create(
                owner=owner, description=name, category=category, date=day, amount=Decimal(number + 1)
            )
            IncomeFactory.create(owner=owner, description=name, notes="two\nlines", date=day)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.usefixtures("books")
def test_holds_what_the_pages_hold(path: str, as_alice: APIClient, as_outsider: APIClient) -> None:
    rows = walk(as_alice, path)

    assert rows
    assert lines_of(as_alice, f"{path}.ndjson") == rows
    table = list(csv.DictReader(io.StringIO(text_of(as_alice.get(f"{path}.csv")), newline="")))
    assert table == [{name: as_in_csv(value) for name, value in row.items()} for row in rows]
    assert list(table[0]) == list(rows[0])
    assert lines_of(as_outsider, f"{path}.ndjson") == []
    assert len(text_of(as_outsider.get(f"{path}.csv")).splitlines()) == 1  # the names


@pytest.mark.parametrize(
    "query", ["ordering=amount", "type=EXPENSE&ordering=-created_at", "search=two", "category=Food"]
)
@pytest.mark.usefixtures("books")
def test_is_filtered_and_ordered_as_a_page_is(query: str, as_alice: APIClient) -> None:
    rows = lines_of(as_alice, f"/transactions.ndjson?{query}")

    assert rows == walk(as_alice, f"/transactions?{query}")
    assert rows


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.usefixtures("books")
def test_is_asked_for_by_accept_or_suffix(suffix: str, as_alice: APIClient) -> None:
    by_suffix = as_alice.get(f"/expenses.{suffix}/")
    by_accept = as_alice.get("/expenses", headers={"Accept": FORMATS[suffix]})

    assert text_of(by_suffix) == text_of(by_accept)
    for response in (by_suffix, by_accept):
        assert response["Content-Type"] == f"{FORMATS[suffix]}; charset=utf-8"
        assert response["Content-Disposition"] == f'attachment; filename="expenses.{suffix}"'
        assert response["Cache-Control"] == "no-store"
        assert "Accept" in response["Vary"]


@pytest.mark.usefixtures("books")
def test_a_suffix_may_ask_for_json_and_no_other_format(as_alice: APIClient) -> None:
    assert as_alice.get("/expenses.json").json()["results"] == as_alice.get("/expenses").json()["results"]
    for path in ("/expenses.xml", "/expenses.html", "/expenses.csv.csv", "/summary.ndjson"):
        assert as_alice.get(path).status_code == 404
    assert as_alice.post("/expenses.csv", {"description": "pizza", "amount": 5}).status_code == 405


def test_it_is_never_paged(as_alice: APIClient, alice: User, bob: User) -> None:
    count = 2 * ROWS + 1
    for owner in (alice, bob):
        Expense.objects.bulk_create(
            Expense(owner=owner, description="x", amount=n + 1, currency="USD", date=datetime.date(2026, 1, 1))
            for n in range(count)
        )

    assert [row["amount"] for row in lines_of(as_alice, "/expenses.ndjson?ordering=-amount")] == [
        f"-{number}.00" for number in range(1, count + 1)
    ]
    for name in ("cursor", "page_size"):
        response = as_alice.get(f"/expenses.csv?{name}=7")
        assert problem_of(response, 400, "unknown_parameter", (name, "unknown_parameter"))


def notes_of(owner: User, texts: list[str]) -> list[str]:
    """Return the cells that the texts come out as, in notes."""
    Expense.objects.bulk_create(
        Expense(owner=owner, description="x", notes=text, amount=n + 1, currency="USD", date=datetime.date(2026, 1, 1))
        for n, text in enumerate(texts)
    )
    lines = text_of(client_of(owner).get("/expenses.csv?ordering=-amount"))
    return [row["notes"] for row in csv.DictReader(io.StringIO(lines, newline=""))]


def test_what_a_spreadsheet_may_run_is_kept_from_it(alice: User, bob: User) -> None:
    texts = [text for text in RUN if connection.vendor == "sqlite" or "\0" not in text]  # PostgreSQL has no NUL
    assert notes_of(alice, texts) == [f"'{text}" for text in texts]
    assert notes_of(bob, HARMLESS) == HARMLESS


def test_a_text_with_an_apostrophe_comes_back_with_one_more(alice: User, bob: User) -> None:
    texts = ["'", "'=1", "''", "'tis"]
    assert notes_of(alice, texts) == [f"'{text}" for text in texts]
    assert notes_of(bob, []) == []


def test_the_description_the_external_id_and_the_category_are_kept_from_it_too(
    alice: User, as_alice: APIClient, as_bob: APIClient
) -> None:
    CategoryFactory.create(owner=alice, name="@Food")
    body = {"description": "=1+1", "amount": 1, "external_id": "-7", "category": "@food"}
    assert as_alice.post("/expenses", body).status_code == 201

    [row] = csv.DictReader(io.StringIO(text_of(as_alice.get("/expenses.csv")), newline=""))

    assert [row[name] for name in ("description", "external_id", "category", "amount")] == [
        "'=1+1",
        "'-7",
        "'@Food",
        "-1.00",
    ]
    assert "'@Food" in text_of(as_alice.get("/categories.csv"))
    assert len(text_of(as_bob.get("/expenses.csv")).splitlines()) == 1


class TestAnyText(TestCase):
    @reaches(escaped=70, kept=15)
    @given(st.sampled_from(STARTS), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def test_no_cell_is_a_formula_and_no_text_is_lost(self, start: str, rest: str) -> None:
        alice, bob = User.objects.create(username="alice"), User.objects.create(username="bob")
        text = start + rest
        Expense.objects.bulk_create(
            Expense(owner=owner, description=text, notes=text, amount=1, currency="USD", date=datetime.date(2026, 1, 1))
            for owner in (alice, bob)
        )

        [row] = csv.DictReader(io.StringIO(text_of(client_of(alice).get("/expenses.csv")), newline=""))

        assert row["amount"] == "-1.00"
        for name in ("description", "notes"):
            assert row[name].removeprefix("'") == text
            reached("escaped" if row[name].startswith("'") else "kept")
            assert row[name].startswith("'") or not text.startswith(("'", *"\t\n\r=+-@\uff1d\uff0b\uff0d\uff20"))


def test_what_fails_at_once_is_a_problem(as_alice: APIClient, nobody: APIClient) -> None:
    assert problem_of(as_alice.get("/expenses.csv?ordering=name"), 400, "invalid", ("ordering", "invalid_choice"))
    assert problem_of(nobody.get("/expenses.csv"), 401, "authorization_header_missing")
