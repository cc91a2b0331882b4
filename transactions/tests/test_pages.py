"""Pages of a list: each row once, in order, at the same cost at the end as at the start."""

import datetime
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.orderings import ORDERINGS, in_order
from transactions.tests.shares import cases, reached, reaches
from users.models import User

DATE = datetime.date(2026, 11, 1)
MOMENT = datetime.datetime(2026, 11, 1, 8, 15, tzinfo=datetime.UTC)


def entry(owner: User, *, id: int, date: int = 0, amount: int = 1, created_at: int = 0) -> Transaction:
    """Return a row (not saved) whose values are small steps from one date, zero and one moment."""
    kind = "INCOME" if amount > 0 else "EXPENSE"
    row = Transaction(owner=owner, id=uuid.UUID(int=id), type=kind, description="x", currency="USD")
    row.date, row.amount = DATE + datetime.timedelta(days=date), Decimal(amount)
    row.created_at = MOMENT + datetime.timedelta(microseconds=created_at)
    return row


def walk(client: APIClient, url: str, link: str) -> Iterator[dict[str, Any]]:
    """Yield the page at `url`, and each that its `link` leads to."""
    following: str | None = url
    while following:
        page = client.get(following).json()
        yield page
        following = page[link]


# -- Each row once ----------------------------------------------------------------------------


def beside(row: Transaction, step: int) -> Transaction:
    """Return a new row that equals `row` but for its id, `step` away."""
    twin = entry(row.owner, id=row.id.int + step, amount=int(row.amount))
    twin.created_at = row.created_at
    return twin


def check_disturbed_walk(
    client: APIClient, url: str, link: str, rows: list[Transaction], step: int
) -> list[dict[str, Any]]:
    """Walk over `rows`, which are in the order of the walk, and meet each once while others are inserted.

    Now and then a row is inserted right before and right after the last one reached, and one far
    before and far after. Those ahead are met too. A positive `step` leads away from smaller ids.
    """
    places = {str(row.id): place for place, row in enumerate(rows)}
    pages, met = [], []
    ahead: list[Transaction] = []
    behind: list[Transaction] = []
    for number, page in enumerate(walk(client, url, link)):
        pages.append(page)
        met += [row["id"] for row in page["results"][:: 1 if link == "next" else -1]]
        assert len(page["results"]) <= 7
        if number % 3 == 1 and met[-1] in places and page[link]:
            here = places[met[-1]]
            ahead += [beside(rows[here], step), beside(rows[(here + len(rows)) // 2], 2 * step)]
            behind += [beside(rows[here], -step), beside(rows[here // 2], -2 * step)]
            Transaction.objects.bulk_create([*ahead[-2:], *behind[-2:]])

    assert [id for id in met if id in places] == list(places)
    assert sorted(id for id in met if id not in places) == sorted(str(row.id) for row in ahead)
    assert len(ahead) == len(behind) > 20
    return pages


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_a_walk_meets_each_row_once_while_others_are_inserted(
    ordering: str, alice: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    # Of one date, few amounts and few moments, so that most pages begin and end among equals.
    numbers = range(1, 351)
    rows = [entry(alice, id=1_000 * n, amount=n % 5 or -7, created_at=n % 3) for n in numbers]
    Transaction.objects.bulk_create(rows, batch_size=1_000)
    step = -1 if ordering.startswith("-") else 1
    first = f"/transactions?ordering={ordering}&page_size=7"

    pages = check_disturbed_walk(as_alice, first, "next", in_order(rows, ordering), step)

    rest = len(pages[-1]["results"])
    rows = in_order(Transaction.objects.all(), ordering)[:-rest]
    check_disturbed_walk(as_alice, pages[-1]["previous"], "previous", rows[::-1], -5 * step)
    assert as_outsider.get(first).json() == {"next": None, "previous": None, "results": []}


steps = st.integers(0, 2)
values = st.tuples(steps, st.sampled_from([-2, -1, 1, 2]), steps)


@reaches(several=20)
@settings(max_examples=cases(50))
@given(
    drawn=st.lists(values, max_size=3) | st.lists(values, min_size=6, max_size=25),
    size=st.integers(1, 6),
    ordering=st.sampled_from(ORDERINGS),
)
def test_pages_are_slices_of_the_sorted_rows(
    drawn: list[tuple[int, int, int]], size: int, ordering: str, alice: User, bob: User, as_alice: APIClient
) -> None:
    Transaction.objects.all().delete()
    rows = [
        entry(owner, id=2 * number + offset, date=date, amount=amount, created_at=created_at)
        for number, (date, amount, created_at) in enumerate(drawn, start=1)
        for offset, owner in enumerate((alice, bob))
    ]
    Transaction.objects.bulk_create(rows)
    ids = [str(row.id) for row in in_order(rows[::2], ordering)]
    slices = [ids[start : start + size] for start in range(0, len(ids), size)] or [[]]

    forwards = list(walk(as_alice, f"/transactions?ordering={ordering}&page_size={size}", "next"))
    assert [[row["id"] for row in page["results"]] for page in forwards] == slices
    assert [page["previous"] is None for page in forwards] == [True] + [False] * (len(slices) - 1)

    if len(slices) > 2:
        reached("several")
    last = forwards[-1]["previous"]
    backwards = list(walk(as_alice, last, "previous")) if last else []
    assert [[row["id"] for row in page["results"]] for page in backwards] == slices[-2::-1]
    assert [page["next"] is None for page in backwards] == [False] * len(backwards)


@pytest.mark.parametrize("link", ["next", "previous"])
def test_a_cursor_outlives_the_row_it_was_made_of(link: str, alice: User, as_alice: APIClient) -> None:
    rows = [entry(alice, id=id, date=id // 3) for id in range(1, 31)]
    Transaction.objects.bulk_create(rows)
    ids = [str(row.id) for row in in_order(rows, "-date")]
    page = as_alice.get("/transactions?page_size=10").json()
    if link == "previous":
        page = as_alice.get(page["next"]).json()

    Transaction.objects.filter(pk__in=[row["id"] for row in page["results"]]).delete()

    wanted = ids[10:20] if link == "next" else ids[:10]
    assert [row["id"] for row in as_alice.get(page[link]).json()["results"]] == wanted


@pytest.mark.parametrize("path", ["/transactions", "/incomes", "/expenses", "/categories"])
def test_every_list_has_pages(path: str, alice: User, as_alice: APIClient, as_bob: APIClient) -> None:
    for _row in range(5):
        category = CategoryFactory.create(owner=alice)
        IncomeFactory.create(owner=alice, category=category)
        ExpenseFactory.create(owner=alice)
    pages = list(walk(as_alice, f"{path}?page_size=2", "next"))
    met = [row["id"] for page in pages for row in page["results"]]

    assert len(met) == len(set(met)) == (10 if path == "/transactions" else 5)
    assert as_bob.get(path).json()["results"] == []
    assert as_bob.get(pages[0]["next"]).json()["results"] == []


def test_a_page_has_fifty_rows_unless_another_size_is_asked_for(alice: User, as_alice: APIClient) -> None:
    Transaction.objects.bulk_create([entry(alice, id=id) for id in range(1, 502)])

    def size(query: str) -> int:
        return len(as_alice.get(f"/transactions{query}").json()["results"])

    assert [size(""), size("?page_size="), size("?page_size=1"), size("?page_size=500")] == [50, 50, 1, 500]
    assert as_alice.get("/transactions").json()["next"].startswith("http://testserver/transactions?cursor=")


@pytest.mark.parametrize("ordering", ["name", "-name"])
def test_categories_have_pages_in_whatever_order_the_database_sorts_text(
    ordering: str, alice: User, as_alice: APIClient
) -> None:
    for name in ("a", "A b", "a-b", "ab", "_a", "-b", "é", "e", "ë", "z", "10", "9", "ß", "ss t", "日本", "👩‍👧"):
        CategoryFactory.create(owner=alice, name=name)
    whole = [row["name"] for row in as_alice.get(f"/categories?ordering={ordering}").json()["results"]]
    assert len(whole) == 16

    pages = list(walk(as_alice, f"/categories?ordering={ordering}&page_size=3", "next"))
    assert [row["name"] for page in pages for row in page["results"]] == whole
    back = list(walk(as_alice, pages[-1]["previous"], "previous"))
    assert [row["name"] for page in reversed(back) for row in page["results"]] == whole[:15]
