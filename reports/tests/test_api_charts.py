"""/charts: the same numbers as JSON, as a page and as SVG, of the owner's rows alone."""

import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from transactions.tests import books
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

from ..charts.styles import STYLES, STYLES_SOURCE

TWELVE_MONTHS = "date_after=2025-12-01&date_before=2026-11-30"

YEAR = "date_after=2026-01-01&date_before=2026-12-31"
QUERIES = {
    "income-and-expense": YEAR,
    "categories": YEAR,
    "category": f"category=Food&{YEAR}",
    "years": "year=2026",
    "balance": YEAR,
    "flow": YEAR,
}
ALL = {**QUERIES, "net-worth": YEAR, "transfers": YEAR}  # what the last two say is in test_account_charts.py
charts = pytest.mark.parametrize(("name", "query"), QUERIES.items())
all_charts = pytest.mark.parametrize(("name", "query"), ALL.items())


@pytest.fixture
def two_books(alice: User, bob: User) -> None:
    """Alice's rows, and the same as bob's under other names and amounts."""
    books.fill(alice)
    secret = CategoryFactory.create(owner=bob, name="secret")
    IncomeFactory.create(owner=bob, amount=701, category=secret)
    ExpenseFactory.create(owner=bob, amount=1403, category=secret)


def svg(response: Any) -> ET.Element:
    assert response.status_code == 200, response.content
    return ET.fromstring(response.content)  # noqa: S314  # our own


def rows(client: APIClient, path: str) -> list[list[Any]]:
    """Return the values of each row, but for the dates of its period."""
    found = client.get(f"/charts/{path}").json()["rows"]
    return [[value for name, value in row.items() if name not in ("from", "to")] for row in found]


# -- What they say ----------------------------------------------------------------------------


def test_the_numbers_of_each_chart(as_alice: APIClient, two_books: None) -> None:
    last = "date_after=2026-10-01&date_before=2026-11-30"
    assert rows(as_alice, f"income-and-expense?{last}") == [
        ["2026-10", "5000.00", "-120.00", "4880.00"],
        ["2026-11", "20.00", "-1.00", "19.00"],
    ]
    assert rows(as_alice, f"categories?{last}") == [
        ["Fun", "-100.00", "82.64", 1],
        ["Food", "-20.00", "16.53", 1],
        [None, "-1.00", "0.83", 1],
    ]
    assert rows(as_alice, f"categories?{last}&type=INCOME") == [
        ["Work", "5000.00", "99.60", 1],
        ["Food", "20.00", "0.40", 1],
    ]
    assert rows(as_alice, f"category?category=fOOD&{last}") == [
        ["2026-10", "0.00", "-20.00", "-20.00"],
        ["2026-11", "20.00", "0.00", "20.00"],
    ]
    assert rows(as_alice, f"category?uncategorized=true&{last}")[1] == ["2026-11", "0.00", "-1.00", "-1.00"]
    assert rows(as_alice, "years?year=2026&type=INCOME")[9:] == [
        ["2026-10", "5000.00", "0.00"],
        ["2026-11", "20.00", "0.00"],
        ["2026-12", "0.00", "1.00"],
    ]
    assert rows(as_alice, f"balance?{last}") == [["2026-10", "4881.00"], ["2026-11", "4900.00"]]
    assert rows(as_alice, f"flow?{last}") == [
        ["INCOME", "Work", "5000.00"],
        ["INCOME", "Food", "20.00"],
        ["EXPENSE", "Fun", "-100.00"],
        ["EXPENSE", "Food", "-20.00"],
        ["EXPENSE", None, "-1.00"],
    ]


def test_a_chart_is_in_one_currency(as_alice: APIClient, alice: User, two_books: None) -> None:
    assert as_alice.get("/charts/flow?currency=JPY").json()["rows"] == [
        {"type": "EXPENSE", "category": "Food", "amount": "-2000"}
    ]
    alice.currency = "CLF"
    alice.save()
    answer = as_alice.get(f"/charts/flow?{YEAR}").json()
    assert answer == {
        "currency": "CLF",
        "from": "2026-01-01",
        "to": "2026-12-31",
        "rows": [{"type": "INCOME", "category": "Work", "amount": "12.5000"}],
    }


def test_without_dates_it_is_twelve_months_up_to_the_present_one(as_alice: APIClient, alice: User) -> None:
    today = alice.today()
    IncomeFactory.create(owner=alice, date=today, amount=7)

    answer = as_alice.get("/charts/income-and-expense").json()

    assert len(answer["rows"]) == 12
    assert answer["rows"][-1]["period"] == f"{today:%Y-%m}"
    assert answer["rows"][-1]["income"] == "7.00"
    assert as_alice.get("/charts/years").json()["from"] == f"{today:%Y}-01-01"


def test_more_than_five_years_are_by_year(as_alice: APIClient, two_books: None) -> None:
    assert rows(as_alice, "income-and-expense?date_after=2020-11-01&date_before=2026-10-31")[-2:] == [
        ["2025", "1.00", "0.00", "1.00"],
        ["2026", "5000.00", "-120.00", "4880.00"],
    ]


def test_filters_leave_out_what_they_leave_out_of_lists(as_alice: APIClient, two_books: None) -> None:
    query = f"{YEAR}&category=Food&category=Fun"
    assert rows(as_alice, f"flow?{query}") == [
        ["INCOME", "Food", "20.00"],
        ["EXPENSE", "Fun", "-100.00"],
        ["EXPENSE", "Food", "-20.00"],
    ]
    assert rows(as_alice, f"categories?{YEAR}&uncategorized=true") == [[None, "-1.00", "100.00", 1]]
    assert rows(as_alice, "flow?date_after=2026-11-02&date_before=2026-11-01") == []


# -- How they are sent ------------------------------------------------------------------------


@all_charts
def test_a_chart_is_drawn_for_the_width_that_is_asked_for(
    name: str, query: str, as_alice: APIClient, two_books: None
) -> None:
    response = as_alice.get(f"/charts/{name}.svg?{query}")

    assert response["Content-Type"] == "image/svg+xml"
    assert svg(response).get("width") == "880"
    assert svg(as_alice.get(f"/charts/{name}.svg?{query}&width=360")).get("width") == "360"
    assert len(response.content) < 20_000


@charts
def test_json_and_svg_are_asked_for_by_their_tag(name: str, query: str, as_alice: APIClient, two_books: None) -> None:
    for path in (f"/charts/{name}?{query}", f"/charts/{name}.svg?{query}"):
        first = as_alice.get(path)
        assert first["Cache-Control"] == "no-store"
        again = as_alice.get(path, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])

        category = "Food" if name == "category" else "Fun"
        food = as_alice.get("/categories").json()["results"]
        assert category in [one["name"] for one in food]
        row = {"description": "x", "amount": 3, "date": "2026-10-02", "category": category}
        assert as_alice.post("/expenses", row).status_code == 201
        assert as_alice.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


@all_charts
def test_the_styles_of_a_chart_are_the_only_ones_that_its_policy_allows(
    name: str, query: str, as_alice: APIClient, two_books: None
) -> None:
    for path, accept in ((f"/charts/{name}.svg?{query}", "*/*"), (f"/charts/{name}?{query}", "text/html")):
        response = as_alice.get(path, headers={"Accept": accept})
        assert response["Content-Security-Policy"].endswith(f"; style-src 'self' {STYLES_SOURCE}")
        assert set(re.findall("<style>(.*?)</style>", response.content.decode(), re.DOTALL)) == {STYLES}
        assert "style=" not in response.content.decode()


@all_charts
def test_a_chart_without_data_says_so(name: str, query: str, as_outsider: APIClient, outsider: User) -> None:
    CategoryFactory.create(owner=outsider, name="Food")

    root = svg(as_outsider.get(f"/charts/{name}.svg?{query}"))

    assert [text for text in root.itertext() if re.match("Nothing |There is nothing ", text)]


@charts
def test_a_chart_is_of_the_owners_rows_alone(
    name: str, query: str, as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient, two_books: None
) -> None:
    bobs_query = query.replace("Food", "secret")
    for suffix, accept in (("", "*/*"), ("", "text/html"), (".svg", "*/*")):
        for client, text in ((as_alice, query), (as_outsider, query.replace("category=Food", "uncategorized=true"))):
            content = client.get(f"/charts/{name}{suffix}?{text}", headers={"Accept": accept}).content.decode()
            assert not re.search(r"\b(701|1,?403|702)\b|secret", content)
        own = as_bob.get(f"/charts/{name}{suffix}?{bobs_query}", headers={"Accept": accept}).content.decode()
        assert re.search(r"\b(701|1,?403|702)\b", own)
        if name == "category":
            answer = as_alice.get(f"/charts/category{suffix}?{bobs_query}")
            problem_of(answer, 400, "invalid", ("category", "does_not_exist"))


# -- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "field", "code"),
    [
        ("income-and-expense?colour=red", "colour", "unknown_parameter"),
        ("income-and-expense?width=360", "width", "unknown_parameter"),
        ("income-and-expense?search=x", "search", "unknown_parameter"),
        ("years?date_after=2026-01-01", "date_after", "unknown_parameter"),
        ("balance?currency=EUR&currency=USD", "currency", "repeated_parameter"),
        ("balance?date_after=yesterday", "date_after", "invalid"),
        ("balance?currency=XXX", "currency", "invalid_currency"),
        ("flow?category=Nope", "category", "does_not_exist"),
        ("categories?type=GIFT", "type", "invalid_choice"),
        ("years?year=1900", "year", "invalid"),
        ("years?year=2201", "year", "invalid"),
        ("years?year=٢٠٢٦", "year", "invalid"),
        ("flow.svg?width=319", "width", "invalid"),
        ("flow.svg?width=1601", "width", "invalid"),
        ("flow.svg?width=wide", "width", "invalid"),
    ],
)
def test_what_is_not_understood_is_refused(
    path: str, field: str, code: str, as_alice: APIClient, two_books: None
) -> None:
    problem_code = "unknown_parameter" if code == "unknown_parameter" else "invalid"

    problem_of(as_alice.get(f"/charts/{path}"), 400, problem_code, (field, code))


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("years?year=1901", 12),
        ("years?year=2200", 12),
        ("balance?date_before=1900-01-05", 1),
        ("balance?date_after=2200-12-31", 1),
        ("income-and-expense?date_after=1900-01-01&date_before=2200-12-31", 301),
    ],
)
def test_all_dates_that_a_row_can_have_can_be_shown(path: str, number: int, as_alice: APIClient) -> None:
    assert len(as_alice.get(f"/charts/{path}").json()["rows"]) == number
    assert len(svg(as_alice.get(f"/charts/{path.replace('?', '.svg?')}"))) > 3


def test_an_empty_parameter_counts_as_absent(as_alice: APIClient, two_books: None) -> None:
    plain = as_alice.get("/charts/categories").json()
    assert as_alice.get("/charts/categories?date_after=&date_before=&currency=&category=&type=").json() == plain


def test_there_are_these_charts_and_no_other(as_alice: APIClient) -> None:
    assert as_alice.get("/charts/pie").status_code == 404
    assert as_alice.get("/charts/flow.png").status_code == 404
    assert as_alice.get("/charts/flow.svg", headers={"Accept": "image/png"}).status_code == 406


@charts
def test_a_chart_takes_one_query_or_two_for_its_sums(
    name: str, query: str, as_alice: APIClient, two_books: None, django_assert_max_num_queries: Any
) -> None:
    # The category's id, and how its name is written; and the balance before the first day.
    further = {"category": 2, "balance": 1}.get(name, 0)
    with django_assert_max_num_queries(2 + further):
        assert as_alice.get(f"/charts/{name}.svg?{query}").status_code == 200


@pytest.mark.parametrize(
    ("query", "title", "expense"),
    [
        ("category=food", "Food", "-20.00"),
        ("category=Food&category=fun", "Food, Fun", "-120.00"),
        ("uncategorized=true", "Without a category", None),
        ("uncategorized=false", "With a category", "-120.00"),
        ("", "All categories", None),
        ("category=&uncategorized=", "All categories", None),
    ],
)
def test_the_chart_of_a_category_says_what_it_covers(
    query: str, title: str, expense: str | None, as_alice: APIClient, as_bob: APIClient, alice: User
) -> None:
    books.fill(alice)

    picture = as_alice.get(f"/charts/category.svg?{query}&{TWELVE_MONTHS}")
    assert picture.status_code == 200
    assert f">{title}<" in picture.content.decode()
    summary = as_alice.get(f"/summary?{query}&currency=USD&{TWELVE_MONTHS}").json()["results"]
    rows = as_alice.get(f"/charts/category?{query}&{TWELVE_MONTHS}").json()["rows"]
    total = sum((Decimal(row["expense"]) for row in rows), Decimal(0))
    assert expense is None or total == Decimal(expense)
    assert total == sum((Decimal(row["expense"]) for row in summary), Decimal(0))
    assert as_bob.get(f"/charts/category?{query}&{TWELVE_MONTHS}").status_code == (
        400 if "category=f" in query.lower() else 200
    )
