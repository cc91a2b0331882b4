"""/summary: sums by currency and by what one asks for."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from reports.summary_view import SummaryView
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

SUMS = {"income": "5000.00", "expense": "-50.00", "net": "4950.00", "count": 2}


@pytest.mark.parametrize(
    ("group_by", "keys", "first", "last"),
    [
        ("", {}, None, None),
        ("day", {"day": "2026-11-20"}, "2026-11-20", "2026-11-20"),
        ("week", {"week": "2026-W47"}, "2026-11-16", "2026-11-22"),
        ("month", {"month": "2026-11"}, "2026-11-01", "2026-11-30"),
        ("quarter", {"quarter": "2026-Q4"}, "2026-10-01", "2026-12-31"),
        ("year", {"year": "2026"}, "2026-01-01", "2026-12-31"),
        ("category", {"category": "Fun"}, None, None),
        ("category,month", {"category": "Fun", "month": "2026-11"}, "2026-11-01", "2026-11-30"),
        ("quarter,week", {"quarter": "2026-Q4", "week": "2026-W47"}, "2026-11-16", "2026-11-22"),
    ],
)
def test_a_group_has_its_keys_and_no_other(
    group_by: str,
    keys: dict[str, str],
    first: str | None,
    last: str | None,
    as_alice: APIClient,
    alice: User,
    as_outsider: APIClient,
) -> None:
    fun = CategoryFactory.create(owner=alice, name="Fun")
    for factory in (IncomeFactory, ExpenseFactory):
        factory.create(owner=alice, category=fun, date=datetime.date(2026, 11, 20))

    results = as_alice.get("/summary", {"group_by": group_by}).json()["results"]

    assert [list(group.items()) for group in results] == [
        list({"currency": "USD", **keys, "from": first, "to": last, **SUMS}.items())
    ]
    assert as_outsider.get("/summary", {"group_by": group_by}).json()["results"] == []


@pytest.mark.parametrize("group_by", SummaryView.groupings)
def test_a_grouping_works_while_sql_is_logged(group_by: str, as_alice: APIClient, as_bob: APIClient) -> None:
    """With DEBUG, Django formats each statement once more, which fails if a template lacks a level of percents."""
    as_alice.post("/expenses", {"description": "pizza", "amount": 50})

    with CaptureQueriesContext(connection):
        [group] = as_alice.get("/summary", {"group_by": group_by}).json()["results"]
        assert as_bob.get("/summary", {"group_by": group_by}).json()["results"] == []

    assert group["expense"] == "-50.00"


# The sums of the transactions: the keys, then currency, income, expense, net and count; "-" is no category.
GROUPS = {
    "": """
        CLF 12.5000  0.0000  12.5000 1
        JPY 0        -2000   -2000   1
        USD 5021.00  -121.00 4900.00 6
    """,
    "category": """
        Food JPY 0       -2000   -2000   1
        Food USD 20.00   -20.00  0.00    2
        Fun  USD 0.00    -100.00 -100.00 1
        Work CLF 12.5000 0.0000  12.5000 1
        Work USD 5000.00 0.00    5000.00 1
        -    USD 1.00    -1.00   0.00    2
    """,
    "type": """
        EXPENSE JPY 0       -2000   -2000   1
        EXPENSE USD 0.00    -121.00 -121.00 3
        INCOME  CLF 12.5000 0.0000  12.5000 1
        INCOME  USD 5021.00 0.00    5021.00 3
    """,
    "year": """
        2025 USD 1.00    0.00    1.00    1
        2026 CLF 12.5000 0.0000  12.5000 1
        2026 JPY 0       -2000   -2000   1
        2026 USD 5020.00 -121.00 4899.00 5
    """,
    "month": """
        2025-12 USD 1.00    0.00    1.00    1
        2026-10 USD 5000.00 -120.00 4880.00 3
        2026-11 CLF 12.5000 0.0000  12.5000 1
        2026-11 JPY 0       -2000   -2000   1
        2026-11 USD 20.00   -1.00   19.00   2
    """,
    "category,month": """
        Food 2026-10 USD 0.00    -20.00  -20.00  1
        Food 2026-11 JPY 0       -2000   -2000   1
        Food 2026-11 USD 20.00   0.00    20.00   1
        Fun  2026-10 USD 0.00    -100.00 -100.00 1
        Work 2026-10 USD 5000.00 0.00    5000.00 1
        Work 2026-11 CLF 12.5000 0.0000  12.5000 1
        -    2025-12 USD 1.00    0.00    1.00    1
        -    2026-11 USD 0.00    -1.00   -1.00   1
    """,
    "year,category": """
        2025 -    USD 1.00    0.00    1.00    1
        2026 Food JPY 0       -2000   -2000   1
        2026 Food USD 20.00   -20.00  0.00    2
        2026 Fun  USD 0.00    -100.00 -100.00 1
        2026 Work CLF 12.5000 0.0000  12.5000 1
        2026 Work USD 5000.00 0.00    5000.00 1
        2026 -    USD 0.00    -1.00   -1.00   1
    """,
}


@pytest.mark.parametrize("group_by", GROUPS)
def test_groups_are_ordered_by_their_keys_and_the_currency(
    group_by: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    books.fill(alice)
    books.fill(bob)
    names = [*filter(None, group_by.split(",")), "currency", "income", "expense", "net", "count"]
    wanted = [dict(zip(names, line.split(), strict=True)) for line in GROUPS[group_by].strip().splitlines()]

    results = as_alice.get("/summary", {"group_by": group_by}).json()["results"]

    assert [{name: str(group[name] or "-") for name in names} for group in results] == wanted
    assert as_outsider.get("/summary", {"group_by": group_by}).json() == {"results": [], "total": []}


@pytest.mark.parametrize("query", [query for query in books.FILTERS if "transfer=" not in query])
def test_a_summary_is_of_what_the_filters_leave(query: str, alice: User, bob: User, as_alice: APIClient) -> None:
    books.fill(alice)
    books.fill(bob)

    answer = as_alice.get(f"/summary?group_by=month,category&{query}")

    assert answer.status_code == 200, answer.content
    assert sum(group["count"] for group in answer.json()["results"]) == len(books.FILTERS[query].split())


def test_income_and_expense_make_the_net(alice: User, as_alice: APIClient) -> None:
    books.fill(alice)
    for group in as_alice.get("/summary?group_by=category").json()["results"]:
        assert Decimal(group["income"]) + Decimal(group["expense"]) == Decimal(group["net"])
        assert Decimal(group["expense"]) <= 0 <= Decimal(group["income"])


def test_categories_sort_by_their_letters_on_every_database(alice: User, as_alice: APIClient) -> None:
    """Without case and accents, then by code point, as lists of categories do."""
    names = ["10", "9", "_", "apple", "Ärzte", "b", "Bb", "Élève", "resume", "résumé", "Résumés", "Straße", "z", "日本"]
    for name in reversed(names):
        IncomeFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name=name))
    results = as_alice.get("/summary?group_by=category").json()["results"]
    assert [group["category"] for group in results] == names
    by_currency = as_alice.get("/summary?group_by=type,category").json()["results"]
    assert [group["category"] for group in by_currency] == names
    assert [category["name"] for category in as_alice.get("/categories").json()["results"]] == names


@pytest.mark.parametrize(
    ("date", "day", "week", "quarter"),
    [
        ("1900-01-01", "1900-01-01", "1900-W01 1900-01-01 1900-01-07", "1900-Q1 1900-01-01 1900-03-31"),
        ("2023-01-01", "2023-01-01", "2022-W52 2022-12-26 2023-01-01", "2023-Q1 2023-01-01 2023-03-31"),
        ("2024-12-30", "2024-12-30", "2025-W01 2024-12-30 2025-01-05", "2024-Q4 2024-10-01 2024-12-31"),
        ("2026-12-31", "2026-12-31", "2026-W53 2026-12-28 2027-01-03", "2026-Q4 2026-10-01 2026-12-31"),
        ("2027-01-03", "2027-01-03", "2026-W53 2026-12-28 2027-01-03", "2027-Q1 2027-01-01 2027-03-31"),
        ("2027-01-04", "2027-01-04", "2027-W01 2027-01-04 2027-01-10", "2027-Q1 2027-01-01 2027-03-31"),
        ("2024-06-30", "2024-06-30", "2024-W26 2024-06-24 2024-06-30", "2024-Q2 2024-04-01 2024-06-30"),
        ("2024-07-01", "2024-07-01", "2024-W27 2024-07-01 2024-07-07", "2024-Q3 2024-07-01 2024-09-30"),
        ("2200-12-31", "2200-12-31", "2201-W01 2200-12-29 2201-01-04", "2200-Q4 2200-10-01 2200-12-31"),
    ],
)
def test_periods_at_the_ends_of_years_and_quarters(
    date: str, day: str, week: str, quarter: str, alice: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    ExpenseFactory.create(owner=alice, date=datetime.date.fromisoformat(date))
    for name, wanted in (("day", f"{day} {day} {day}"), ("week", week), ("quarter", quarter)):
        [row] = as_alice.get(f"/summary?group_by={name}").json()["results"]
        assert f"{row[name]} {row['from']} {row['to']}" == wanted
        [row] = as_alice.get(f"/summary?group_by={name}&date={date}").json()["results"]
        assert (row[name], row["from"], row["to"]) == (wanted.split()[0], date, date)
        assert as_outsider.get(f"/summary?group_by={name}").json() == {"results": [], "total": []}


def test_fill_and_compare_make_no_more_groups_than_is_told(alice: User, as_alice: APIClient, as_bob: APIClient) -> None:
    ExpenseFactory.create(owner=alice, date=datetime.date(2026, 1, 1))
    many, most = "date_after=2016-01-01&date_before=2026-12-15", "date_after=2016-01-01&date_before=2026-12-13"
    for name, value in (("fill", "true"), ("compare", "year")):
        path = f"/summary?group_by=day&{name}={value}"
        assert problem_of(as_alice.get(f"{path}&{many}"), 400, "invalid", (name, "too_many"))
        assert as_alice.get(f"{path}&{most}").status_code == 200
    assert len(as_alice.get(f"/summary?group_by=day&fill=true&{most}").json()["results"]) == 4_000
    assert as_bob.get(f"/summary?group_by=day&fill=true&{most}").json() == {"results": [], "total": []}


def test_a_currency_that_is_asked_for_is_filled_in(as_alice: APIClient) -> None:
    query = "group_by=quarter&fill=true&date_after=2026-01-01&date_before=2026-12-31"
    assert as_alice.get(f"/summary?{query}").json()["results"] == []
    rows = as_alice.get(f"/summary?{query}&currency=EUR").json()["results"]
    assert [(row["quarter"], row["net"]) for row in rows] == [(f"2026-Q{number}", "0.00") for number in range(1, 5)]


def test_without_dates_it_is_filled_from_the_first_transaction_to_the_last(alice: User, as_alice: APIClient) -> None:
    for day in ("2026-01-15", "2026-04-15"):
        ExpenseFactory.create(owner=alice, date=datetime.date.fromisoformat(day))
    for query, months in (("", "1234"), ("&date_after=2026-03-01", "34"), ("&date_before=2026-02-28", "12")):
        rows = as_alice.get(f"/summary?group_by=month&fill=true{query}").json()["results"]
        assert [row["month"] for row in rows] == [f"2026-0{month}" for month in months]


def test_a_balance_begins_with_what_came_before(
    alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    books.fill(alice)
    books.fill(bob)
    query = "group_by=month&balance=true&date_after=2026-11-01&currency=USD"
    answer = as_alice.get(f"/summary?{query}").json()
    assert [row["balance"] for row in answer["results"]] == ["4900.00"] == [row["balance"] for row in answer["total"]]
    [row] = as_alice.get(f"/summary?{query}&exclude_category=Work").json()["results"]
    assert row["balance"] == "-100.00"
    answer = as_alice.get("/summary?group_by=month&balance=true&date_after=2027-01-01&currency=USD").json()
    assert (answer["results"], [row["balance"] for row in answer["total"]]) == ([], ["4900.00"])
    assert as_outsider.get(f"/summary?{query}").json() == {"results": [], "total": []}
