"""Lists in each order, in every format: as Python sorts the rows."""

import csv
import datetime
import io
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser
from conftest import client_of
from transactions.models import Category, Transaction
from transactions.tests.orderings import ORDERINGS, ids_of, in_order
from transactions.tests.shares import cases, reached, reaches
from transactions.views import BaseTransactionViewSet
from users.models import User

MOMENT = datetime.datetime(2026, 11, 1, 8, 15, tzinfo=datetime.UTC)
# Texts that a database's own order, or bytes in place of code points, would sort in another way.
NAMES = [
    "a",
    "A b",
    "Ab",
    "ab",
    "a-b",
    "_a",
    "-b",
    "é",
    "E",
    "ë",
    "Ø",
    "oz",
    "z",
    "10",
    "9",
    "ß",
    "ss t",
    "日本",
    "👩",
    "￮",
    "~",
    "  x",
]
DESCRIPTIONS = st.sampled_from(NAMES) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=5
)
VALUES = st.tuples(
    DESCRIPTIONS,
    st.none() | st.integers(0, 5),  # which category
    st.sampled_from(["2", "-2", "2.5", "-19", "99999999999.9999", "-0.01", "100"]),
    st.sampled_from(["EUR", "USD", "CLF"]),
    st.integers(0, 2),  # days
)
PATHS = {"/transactions": None, "/incomes": "INCOME", "/expenses": "EXPENSE"}
FILTERS: dict[str, Callable[[Transaction], bool]] = {
    "": lambda row: True,
    "currency=USD": lambda row: row.currency == "USD",
    "amount_min=2.5": lambda row: abs(row.amount) >= Decimal("2.5"),
    "uncategorized=false": lambda row: row.category is not None,
    "date_after=2026-11-02&type=EXPENSE": lambda row: row.date.day >= 2 and row.amount < 0,
    "search=a": lambda row: "a" in row.description_folded,
}


def ledger(owner: User, drawn: list[Any], names: list[str], first_id: int, step: int = 7_919) -> list[Transaction]:
    """Give the owner these rows. Their ids are in another order than they, unless the step is 1."""
    categories = Category.objects.bulk_create([Category(owner=owner, name=name) for name in names])
    rows = []
    for number, (description, category, amount, currency, day) in enumerate(drawn):
        kind = "EXPENSE" if amount.startswith("-") else "INCOME"
        row = Transaction(owner=owner, type=kind, description=description, currency=currency)
        row.id = uuid.UUID(int=first_id + number * step % 1_009)
        row.amount, row.date = Decimal(amount), datetime.date(2026, 11, 1 + day)
        row.category = None if category is None else categories[category % len(categories)]
        row.created_at = MOMENT + datetime.timedelta(microseconds=number // 2)
        rows.append(row)
    return Transaction.objects.bulk_create(rows)


class TestAnyLedger(TestCase):
    @reaches(pages=22, ties=15, without_category=25)
    @settings(max_examples=cases(150))
    @given(
        drawn=st.lists(VALUES, max_size=3) | st.lists(VALUES, min_size=9, max_size=30),
        names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique_by=str.casefold),
        size=st.integers(1, 3),
        ordering=st.sampled_from(ORDERINGS),
        path=st.just("/transactions") | st.sampled_from(list(PATHS)),
        query=st.just("") | st.sampled_from(list(FILTERS)),
    )
    def test_is_in_order_on_pages_and_in_exports(
        self, drawn: list[Any], names: list[str], size: int, ordering: str, path: str, query: str
    ) -> None:
        alice, bob = (User.objects.create(username=name) for name in ("alice", "bob"))
        rows = ledger(alice, drawn, names, 10_000)
        ledger(bob, drawn[::-1], names[::-1], 20_000)
        shown = [row for row in rows if PATHS[path] in (None, row.type) and FILTERS[query](row)]
        ids = ids_of(in_order(shown, ordering))
        slices = [ids[start : start + size] for start in range(0, len(ids), size)] or [[]]
        client, asked = client_of(alice), f"ordering={ordering}&{query}"

        forwards, following = [], f"{path}?{asked}&page_size={size}"
        while following:
            page = client.get(following).json()
            forwards.append([row["id"] for row in page["results"]])
            following, last = page["next"], page["previous"]
        backwards = []
        while last:
            page = client.get(last).json()
            backwards.append([row["id"] for row in page["results"]])
            last = page["previous"]
        export: Any = client.get(f"{path}.ndjson?{asked}")

        assert forwards == slices
        assert backwards == slices[-2::-1]
        assert [orjson.loads(line)["id"] for line in b"".join(export.streaming_content).splitlines()] == ids
        if len(slices) > 2:
            reached("pages")
            if len({row.description_folded for row in shown}) < len(shown):
                reached("ties")
        if any(row.category is None for row in shown):
            reached("without_category")


DRAWN = [
    ("Éclair", None, "-19", "EUR", 0),
    ("eclair", 1, "2.5", "EUR", 1),
    ("Zebra", 0, "-100", "USD", 2),
    ("apple", 1, "-2.5", "EUR", 1),
    ("Äpfel", None, "7", "CLF", 0),
    ("日本", 2, "-3", "EUR", 2),
    ("apple", 2, "100", "USD", 0),
]
EXPECTED = {
    "description": "Äpfel apple apple Éclair eclair Zebra 日本",
    "category": "Zebra eclair apple 日本 apple Éclair Äpfel",
    "absolute_amount": "Äpfel eclair apple 日本 Éclair Zebra apple",
}


@pytest.fixture
def rows(alice: User, bob: User) -> list[Transaction]:
    ledger(bob, DRAWN[:2], ["Émile", "Zoo"], 20_000)
    return ledger(alice, DRAWN, ["Émile", "emu", "Zoo"], 10_000, step=1)


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_format_has_the_order(
    sign: str, name: str, rows: list[Transaction], alice: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    expected = EXPECTED[name].split()[:: -1 if sign else 1]
    asked = f"ordering={sign}{name}"

    results = as_alice.get(f"/transactions?{asked}").json()["results"]
    assert [row["description"] for row in results] == expected
    table: Any = as_alice.get(f"/transactions.csv?{asked}")
    lines = csv.DictReader(io.StringIO(b"".join(table.streaming_content).decode()))
    assert [row["description"] for row in lines] == expected
    book: Any = as_alice.get(f"/transactions.xlsx?{asked}")
    sheet: Any = openpyxl.load_workbook(io.BytesIO(b"".join(book.streaming_content))).active
    assert [cells[2] for cells in sheet.iter_rows(min_row=2, values_only=True)] == expected
    browser, seen, following = Browser(alice), [], f"/transactions?{asked}&page_size=3"
    while following:
        page = browser.get(following)
        seen += [cell.text for cell in page.main.all("td", class_="main")]
        following = next((link["href"] for link in page.main.all("a", rel="next")), "")
    assert seen == expected
    assert as_outsider.get(f"/transactions?{asked}").json()["results"] == []


def test_amounts_of_different_currencies_are_not_compared(rows: list[Transaction], as_alice: APIClient) -> None:
    results = as_alice.get("/transactions?ordering=-absolute_amount").json()["results"]
    found = [(row["currency"], row["amount"]) for row in results]
    assert [currency for currency, _amount in found] == ["USD"] * 2 + ["EUR"] * 4 + ["CLF"]
    assert found[2:6] == [("EUR", "-19.00"), ("EUR", "-3.00"), ("EUR", "-2.50"), ("EUR", "2.50")]


def test_a_cursor_is_of_one_order(rows: list[Transaction], as_alice: APIClient) -> None:
    following = as_alice.get("/transactions?ordering=description&page_size=2").json()["next"]
    for other in ("category", "-description", "absolute_amount", "date"):
        response = as_alice.get(following.replace("ordering=description", f"ordering={other}"))
        assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "invalid_cursor")


def test_each_ordering_is_sorted_by_python_too() -> None:
    assert {ordering.removeprefix("-") for ordering in ORDERINGS} == set(BaseTransactionViewSet.orderings)
