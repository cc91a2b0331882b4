"""The summary as CSV and as a spreadsheet, also as a pivot table: the same as its JSON."""

import csv
import datetime
import io
import itertools
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from cashman_project.db.tests.sql import text_of as sql_of
from reports import summary_tables
from transactions.groupings import GROUPINGS
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

QUERIES = [
    "",
    "group_by=day",
    "group_by=week,type",
    "group_by=category,month",
    "group_by=quarter&balance=true&fill=true",
    "group_by=month&date_after=2026-01-01&date_before=2026-12-31&compare=year&fill=true",
    "group_by=category&date_after=2026-11-01&date_before=2026-11-30&compare=previous",
    "group_by=month,category&uncategorized=false&amount_min=2",
]


def content(response: Any) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def as_csv(client: APIClient, query: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content(client.get(f"/summary.csv?{query}")).decode(), newline="")))


def as_sheet(client: APIClient, query: str) -> list[list[Any]]:
    """Return the cells of the spreadsheet, with numbers and dates as the texts that CSV has."""
    book = openpyxl.load_workbook(io.BytesIO(content(client.get(f"/summary.xlsx?{query}"))))
    assert book.sheetnames == ["Summary"]
    sheet = book["Summary"]
    assert sheet.freeze_panes == "A2"
    return [[text_of(cell) for cell in row] for row in sheet.iter_rows()]


def text_of(cell: Any) -> str:
    assert cell.data_type in "nsd" or cell.value is None  # no formula
    if isinstance(cell.value, datetime.datetime):
        return cell.value.date().isoformat()
    if isinstance(cell.value, int | float):
        decimals = len(cell.number_format.partition(".")[2])
        return f"{Decimal(repr(cell.value)):.{decimals}f}"
    return "" if cell.value is None else str(cell.value)


def flat(row: dict[str, Any]) -> dict[str, str]:
    previous = row.pop("previous", {})
    cells = row | {f"previous_{name}": value for name, value in previous.items()}
    return {name: "" if value is None else str(value) for name, value in cells.items()}


@pytest.mark.parametrize("query", QUERIES)
def test_a_table_has_what_the_json_has(
    query: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    books.fill(alice)
    books.fill(bob)
    rows = [flat(row) for row in as_alice.get(f"/summary?{query}").json()["results"]]
    assert rows

    lines = as_csv(as_alice, query)

    assert [dict(zip(lines[0], line, strict=True)) for line in lines[1:]] == rows
    assert as_sheet(as_alice, query) == lines
    assert as_csv(as_outsider, query) == as_sheet(as_outsider, query) == lines[:1]


PIVOTS = {
    "category,year": """
        currency,category,2025,2026,Total
        CLF,Work,,12.5000,12.5000
        CLF,Total,0.0000,12.5000,12.5000
        JPY,Food,,-2000,-2000
        JPY,Total,0,-2000,-2000
        USD,Food,,0.00,0.00
        USD,Fun,,-100.00,-100.00
        USD,Work,,5000.00,5000.00
        USD,Without a category,1.00,-1.00,0.00
        USD,Total,1.00,4899.00,4900.00
    """,
    "month,category&currency=USD&value=expense": """
        currency,month,Food,Fun,Work,Without a category,Total
        USD,2025-12,,,,0.00,0.00
        USD,2026-10,-20.00,-100.00,0.00,,-120.00
        USD,2026-11,0.00,,,-1.00,-1.00
        USD,Total,-20.00,-100.00,0.00,-1.00,-121.00
    """,
    "type,quarter&value=count&currency=USD&fill=true&date_after=2026-07-01&date_before=2026-12-31": """
        currency,type,2026-Q3,2026-Q4,Total
        USD,EXPENSE,0,3,3
        USD,INCOME,0,2,2
        USD,Total,0,5,5
    """,
}


@pytest.mark.parametrize("query", PIVOTS)
def test_a_pivot_table_has_a_row_and_a_column_for_each_key(
    query: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    books.fill(alice)
    books.fill(bob)
    asked = f"pivot=true&group_by={query}"

    lines = as_csv(as_alice, asked)

    wanted = [line.strip() for line in PIVOTS[query].strip().splitlines()]
    assert [",".join(line) for line in lines] == wanted
    assert as_sheet(as_alice, asked) == lines
    assert len(as_csv(as_outsider, asked)) == 1


def test_sums_that_excel_would_round_are_text(alice: User, bob: User, as_alice: APIClient, as_bob: APIClient) -> None:
    for owner, amounts in ((alice, ["99999999999.99"] * 101), (bob, ["99999999999.99", "0.07"])):
        IncomeFactory.create_batch(len(amounts) - 1, owner=owner, amount=Decimal(amounts[0]))
        IncomeFactory.create(owner=owner, amount=Decimal(amounts[-1]))
    for client, number, kind in ((as_alice, "10099999999998.99", "s"), (as_bob, "100000000000.06", "n")):
        book = openpyxl.load_workbook(io.BytesIO(content(client.get("/summary.xlsx"))))
        [names, cells] = book["Summary"].iter_rows()
        [cell] = [cell for name, cell in zip(names, cells, strict=True) if name.value == "net"]
        assert (cell.data_type, text_of(cell)) == (kind, number)


HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "http://elsewhere.example",
    "{=1}",
    "<b>&amp;</b>",
    "1e5",
    "007",
    "_x0041_",
    "'x",
]


def test_days_before_the_first_one_of_excel_are_text(alice: User, as_alice: APIClient) -> None:
    ExpenseFactory.create(owner=alice, date=datetime.date(1900, 1, 5))

    names, row = as_sheet(as_alice, "group_by=month&date_after=1900-01-01&date_before=1900-01-31&compare=year")

    cells = dict(zip(names, row, strict=True))
    assert [cells[name] for name in ("from", "to")] == ["1900-01-01", "1900-01-31"]
    assert [cells[name] for name in ("previous_from", "previous_to")] == ["1899-01-01", "1899-01-31"]


def test_no_category_is_run_and_none_is_changed(alice: User, as_alice: APIClient, as_outsider: APIClient) -> None:
    for name in HOSTILE:
        ExpenseFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name=name))
    names = [row["category"] for row in as_alice.get("/summary?group_by=category").json()["results"]]
    assert sorted(names) == sorted(HOSTILE)

    for asked in ("group_by=category", "group_by=category,type&pivot=true", "group_by=type,category&pivot=true"):
        book = openpyxl.load_workbook(io.BytesIO(content(as_alice.get(f"/summary.xlsx?{asked}"))))
        cells = [cell for row in book["Summary"].iter_rows() for cell in row]
        found = [cell for cell in cells if str(cell.value).replace("_x005F_", "_") in HOSTILE]
        assert {cell.data_type for cell in found} == {"s"}
        assert [str(cell.value).replace("_x005F_", "_") for cell in found] == names
        assert all(cell.hyperlink is None for cell in cells)
        lines = as_csv(as_alice, asked)
        escaped = [text for line in lines for text in line if text.removeprefix("'") in HOSTILE or text == "''x"]
        assert {text for text in escaped if text.startswith("'")} == {"'=1+1", "'+1", "'-1", "'@SUM(1)", "''x"}
    assert len(as_csv(as_outsider, "group_by=category")) == 1


def test_a_pivot_table_that_is_too_large_is_refused(
    alice: User, as_alice: APIClient, as_outsider: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.fill(alice)
    path = "/summary.csv?pivot=true&group_by=month,category"
    for name, most in (("MOST_COLUMNS", 3), ("MOST_CELLS", 19)):
        with monkeypatch.context() as patch:
            patch.setattr(summary_tables, name, most)
            with CaptureQueriesContext(connection) as queries:
                problem_of(as_alice.get(path), 400, "invalid", ("pivot", "too_many"))
            assert not any("SUM(" in sql_of(query["sql"]) for query in queries)  # refused before the work
            assert content(as_outsider.get(path))
    assert content(as_alice.get(path))


@pytest.mark.parametrize("filters", ["", "&search=i", "&currency=USD&date_after=2026-11-01"])
def test_the_cells_of_a_pivot_table_are_counted_exactly(
    filters: str, alice: User, bob: User, as_alice: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.fill(alice)
    ExpenseFactory.create(owner=bob, currency="EUR", date=datetime.date(2024, 1, 1))
    for first, second in itertools.permutations(GROUPINGS.keys() - {"tag"}, 2):
        asked = f"group_by={first},{second}{filters}"
        groups = as_alice.get(f"/summary?{asked}").json()["results"]
        columns = len({group[second] for group in groups})
        cells = columns * len({(group["currency"], group[first]) for group in groups})
        assert groups
        for name, number in (("MOST_COLUMNS", columns), ("MOST_CELLS", cells)):
            with monkeypatch.context() as patch:
                patch.setattr(summary_tables, name, number)
                assert content(as_alice.get(f"/summary.csv?{asked}&pivot=true"))
                patch.setattr(summary_tables, name, number - 1)
                problem_of(as_alice.get(f"/summary.csv?{asked}&pivot=true"), 400, "invalid", ("pivot", "too_many"))


def test_the_cells_that_fill_adds_count(alice: User, as_alice: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    books.fill(alice)
    asked = "/summary.csv?pivot=true&group_by=month,type&date_after=2025-12-01&date_before=2026-11-30"
    monkeypatch.setattr(summary_tables, "MOST_CELLS", 12 * 2 * 3 - 1)
    assert content(as_alice.get(asked))
    problem_of(as_alice.get(f"{asked}&fill=true"), 400, "invalid", ("pivot", "too_many"))
    monkeypatch.setattr(summary_tables, "MOST_CELLS", 12 * 2 * 3)
    assert content(as_alice.get(f"{asked}&fill=true"))


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_it_is_asked_for_by_accept_or_suffix(suffix: str, alice: User, as_alice: APIClient, nobody: APIClient) -> None:
    books.fill(alice)
    types = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

    by_suffix = as_alice.get(f"/summary.{suffix}/")
    by_accept = as_alice.get("/summary", headers={"Accept": types[suffix]})

    for response in (by_suffix, by_accept):
        assert response["Content-Type"].partition(";")[0] == types[suffix]
        assert response["Content-Disposition"] == f'attachment; filename="summary.{suffix}"'
        assert response["Cache-Control"] == "no-store"
        assert len(content(response)) > 100
    problem_of(nobody.get(f"/summary.{suffix}"), 401, "authorization_header_missing")
