"""Lists as spreadsheets (.xlsx), read back: every cell is what the list has, and nothing in them runs."""

import datetime
import io
import json
import re
import zipfile
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.test import APIClient

from cashman_project.api import spreadsheet
from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from transactions.models import Expense
from transactions.tests import books
from transactions.tests.shares import reached, reaches
from transactions.tests.strategies import CURRENCIES, sizes
from transactions.tests.test_api_exports import HARMLESS, LISTS, RUN, lines_of
from users.models import User

HOSTILE = [
    *("{=1+1}", "http://elsewhere.example", "mailto:a@b.example", "internal:'x'!A1", "</t></is></c>", "&lt;", "]]>"),
    *("\x01", "\x1b[0m", "\ufffe", "\uffff", "_x0041_", "_x005F_", "a\rb", "a\r\nb", " x ", "\u2028", "\U0001f600"),
]


def book_of(client: APIClient, path: str) -> Any:
    response: Any = client.get(path)
    assert response.status_code == 200, response.content
    return openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))


def rows_of(client: APIClient, path: str) -> list[dict[str, Any]]:
    """Return the rows of the one sheet: each cell by the name of its column."""
    book = book_of(client, path)
    [sheet] = book.worksheets
    names, *rows = sheet.iter_rows()
    return [{name.value: cell for name, cell in zip(names, row, strict=True)} for row in rows]


def plain(text: str) -> str:
    """Return a text as Excel reads it, which writes what XML can't hold as _x0001_. XML has no carriage return."""
    return re.sub("_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), text)


def text_of(cell: Any) -> str | int | None:
    """Return the JSON value that the cell stands for."""
    value = cell.value
    if isinstance(value, datetime.datetime):
        assert cell.number_format == "yyyy-mm-dd"
        return value.date().isoformat()
    if isinstance(value, str):
        assert cell.data_type == "s"
        return plain(value)
    if isinstance(value, int | float) and cell.number_format != "General":
        return f"{Decimal(repr(value)):.{len(cell.number_format.partition('.')[2])}f}"
    assert value is None or isinstance(value, int)
    return value


def as_in_a_sheet(value: Any) -> Any:
    """Return a value of the list as a cell has it: tags are a JSON array, and an empty text is no cell."""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list) else None if value == "" else value


@pytest.mark.parametrize("path", LISTS)
def test_a_sheet_has_what_the_list_has(
    path: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    books.fill(alice)
    books.fill(bob)

    found = [{name: text_of(cell) for name, cell in row.items()} for row in rows_of(as_alice, f"{path}.xlsx")]

    wanted = lines_of(as_alice, f"{path}.ndjson")
    assert found == [{name: as_in_a_sheet(value) for name, value in row.items()} for row in wanted]
    assert found
    assert rows_of(as_outsider, f"{path}.xlsx") == []


def test_it_looks_like_a_table(alice: User, bob: User, as_alice: APIClient, as_bob: APIClient) -> None:
    books.fill(alice)
    book = book_of(as_alice, "/expenses.xlsx?ordering=date&category=Fun")
    sheet = book["Expenses"]

    assert book.sheetnames == ["Expenses"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, sheet.max_column).column_letter}{sheet.max_row}"
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.column_dimensions["C"].width > 20  # the description
    row = dict(zip((cell.value for cell in sheet[1]), sheet[2], strict=True))
    assert (row["date"].value, row["amount"].value) == (datetime.datetime.fromisoformat("2026-10-31"), -100)
    assert row["amount"].number_format == "#,##0.00"
    assert len(rows_of(as_bob, "/expenses.xlsx")) == 0


def test_no_text_is_run_and_none_is_changed(alice: User, as_alice: APIClient, as_outsider: APIClient) -> None:
    texts = [text for text in [*RUN, *HARMLESS, *HOSTILE] if connection.vendor == "sqlite" or "\0" not in text]
    Expense.objects.bulk_create(
        Expense(owner=alice, description="x", notes=text, amount=n + 1, currency="USD", date=datetime.date(2026, 1, 1))
        for n, text in enumerate(texts)
    )

    cells = [row["notes"] for row in rows_of(as_alice, "/expenses.xlsx?ordering=-amount")]

    for cell, text in zip(cells, texts, strict=True):
        assert cell.data_type == "s" or not text
        assert cell.hyperlink is None
        assert plain(cell.value or "") == text, ascii(text)
    assert rows_of(as_outsider, "/expenses.xlsx") == []


class TestAnyRow(TestCase):
    @reaches(numbers=40)
    @given(
        st.sampled_from(CURRENCIES).flatmap(lambda code: st.tuples(sizes(code), st.just(code))),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
        st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 31)),
    )
    def test_every_cell_is_exact(self, money: tuple[Decimal, str], text: str, date: datetime.date) -> None:
        alice, bob = User.objects.create(username="alice"), User.objects.create(username="bob")
        Expense.objects.bulk_create(
            Expense(owner=owner, description="x", notes=text, amount=money[0], currency=money[1], date=date)
            for owner in (alice, bob)
        )
        client = client_of(alice)

        [row] = rows_of(client, "/expenses.xlsx")

        [wanted] = lines_of(client, "/expenses.ndjson")
        assert {name: text_of(cell) for name, cell in row.items()} == {
            name: as_in_a_sheet(value) for name, value in wanted.items()
        }
        reached("numbers" if row["amount"].data_type == "n" else "texts")


def test_more_rows_than_a_sheet_has_room_for_are_refused(
    alice: User, bob: User, as_alice: APIClient, as_bob: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.fill(alice)
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 3)
    assert "3 rows" in problem_of(as_alice.get("/transactions.xlsx"), 400, "invalid", (None, "too_many_rows"))["detail"]
    assert len(rows_of(as_alice, "/transactions.xlsx?category=Food")) == 3
    assert rows_of(as_bob, "/transactions.xlsx") == []


def test_the_file_is_what_excel_expects(alice: User, as_alice: APIClient, as_outsider: APIClient) -> None:
    books.fill(alice)
    for client in (as_alice, as_outsider):
        response: Any = client.get("/categories.xlsx")
        assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        assert response["Content-Disposition"] == 'attachment; filename="categories.xlsx"'
        data = b"".join(response.streaming_content)
        assert int(response["Content-Length"]) == len(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            assert {"[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"} <= set(archive.namelist())
    assert json.loads(as_outsider.get("/categories").content)["results"] == []
