"""Months that begin on another day than the first, for people who are paid on the 25th."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser
from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from reports.periods import Window, before, last_month, month_of, parts, window_of, year_before, year_window
from reports.services.accounts import balances_at
from transactions.calendar import starting
from transactions.groupings import FROM_MONTH_START, GROUPINGS, MONTH, groupings_of
from transactions.models import Transaction
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, IncomeFactory, TransferFactory
from transactions.tests.shares import reached, reaches
from transactions.tests.test_totals import KEYS
from users.models import User

from .months import STARTS, named_day

date = datetime.date.fromisoformat
DAY = datetime.timedelta(days=1)
EDGES = [date("1900-01-01"), date("2024-02-29"), date("2023-12-31"), date("2200-12-31")]


@pytest.fixture
def paid(alice: User) -> User:
    alice.month_start = 25
    alice.save()
    return alice


def summary(client: APIClient, query: str) -> list[tuple[Any, ...]]:
    """Return the key, the days and the net of each group."""
    answer = client.get(f"/summary?{query}")
    assert answer.status_code == 200, answer.content
    name = query.partition("=")[2].partition("&")[0]
    return [(row[name], row["from"], row["to"], row["net"]) for row in answer.json()["results"]]


# -- Periods ----------------------------------------------------------------------------------


def test_each_grouping_by_whole_months_follows_the_owners_day() -> None:
    days = [date("2023-11-15") + number * DAY for number in range(600)]
    periods = {name: grouping.period for name, grouping in GROUPINGS.items() if grouping.period}
    starts = {name: {period.first(period.key(day)).day for day in days} for name, period in periods.items()}
    assert {name for name in starts if starts[name] == {1}} == FROM_MONTH_START, "declare it with whole_months()"


@pytest.mark.parametrize("month_start", range(1, 29))
def test_periods_are_those_of_plain_steps(month_start: int) -> None:
    lengths = {name: starting(GROUPINGS[name].period or MONTH, month_start) for name in FROM_MONTH_START}
    days = [date("2023-11-15") + number * DAY for number in range(600)]
    for name, length in lengths.items():
        keys = [KEYS[name](type("Row", (), {"date": named_day(day, month_start)})) for day in days]
        assert [length.key(day) for day in days] == keys
        for day, key in zip(days, keys, strict=True):
            first, last = length.first(str(key)), length.last(day)
            assert (first.day, (last + DAY).day) == (month_start, month_start)
            assert length.key(first) == length.key(last) == key
            assert length.key(first - DAY) != key != length.key(last + DAY)


@pytest.mark.parametrize("month_start", [2, 28])
def test_the_first_and_the_last_period_have_days_that_can_be_asked_for(month_start: int) -> None:
    month = starting(MONTH, month_start)
    assert month.key(EDGES[0]) == "1899-12"
    assert month.first("1899-12") == EDGES[0]
    assert month.last(EDGES[0]).isoformat() == f"1900-01-{month_start - 1:02}"
    assert month.last(EDGES[-1]) == EDGES[-1]
    assert [one.period for one in parts(Window(EDGES[-1], EDGES[-1], month_start))] == [(2200, 12)]
    assert year_window(2200, month_start).last == EDGES[-1]


@reaches(shifted=20)
@given(st.lists(st.sampled_from(EDGES) | st.dates(EDGES[0], EDGES[-1]), min_size=5, max_size=9), STARTS)
def test_the_database_finds_the_same_keys(alice: User, days: list[datetime.date], month_start: int) -> None:
    Transaction.objects.all().delete()
    Transaction.objects.bulk_create(
        Transaction(owner=alice, type="INCOME", description="x", amount=1, currency="USD", date=day) for day in days
    )
    groupings = groupings_of(month_start)
    for name in FROM_MONTH_START:
        period = groupings[name].period
        assert period is not None
        found = Transaction.objects.for_owner(alice).values_list("date", groupings[name].key)
        assert {(day, str(key)) for day, key in found} == {(day, period.key(day)) for day in days}
        if any(period.key(day) != groupings_of(1)[name].period.key(day) for day in days):  # type: ignore[union-attr]
            reached("shifted")


# -- The summary ------------------------------------------------------------------------------


def test_a_summary_has_the_owners_months(paid: User, as_alice: APIClient, as_bob: APIClient, bob: User) -> None:
    for owner in (paid, bob):
        for day, amount in (("2024-01-24", 1), ("2024-01-25", 20), ("2024-02-24", 300), ("2024-02-25", 4000)):
            IncomeFactory.create(owner=owner, date=date(day), amount=amount)

    assert summary(as_alice, "group_by=month") == [
        ("2023-12", "2023-12-25", "2024-01-24", "1.00"),
        ("2024-01", "2024-01-25", "2024-02-24", "320.00"),
        ("2024-02", "2024-02-25", "2024-03-24", "4000.00"),
    ]
    assert summary(as_alice, "group_by=quarter") == [
        ("2023-Q4", "2023-10-25", "2024-01-24", "1.00"),
        ("2024-Q1", "2024-01-25", "2024-04-24", "4320.00"),
    ]
    assert summary(as_alice, "group_by=year") == [
        ("2023", "2023-01-25", "2024-01-24", "1.00"),
        ("2024", "2024-01-25", "2025-01-24", "4320.00"),
    ]
    assert summary(as_alice, "group_by=week")[0][:3] == ("2024-W04", "2024-01-22", "2024-01-28")
    assert summary(as_bob, "group_by=month") == [
        ("2024-01", "2024-01-01", "2024-01-31", "21.00"),
        ("2024-02", "2024-02-01", "2024-02-29", "4300.00"),
    ]


def test_whole_months_are_compared_with_whole_months(paid: User, as_alice: APIClient) -> None:
    for day, amount in (("2026-01-24", 1), ("2026-01-25", 20), ("2026-02-24", 300), ("2026-02-25", 4000)):
        IncomeFactory.create(owner=paid, date=date(day), amount=amount)
    query = "group_by=month&date_after=2026-02-25&date_before=2026-03-24"
    [row] = as_alice.get(f"/summary?{query}&compare=previous").json()["results"]
    assert (row["net"], row["previous"]["net"]) == ("4000.00", "320.00")
    assert (row["previous"]["from"], row["previous"]["to"]) == ("2026-01-25", "2026-02-24")
    [filled] = summary(as_alice, f"{query}&fill=true")
    assert filled == ("2026-02", "2026-02-25", "2026-03-24", "4000.00")


def test_the_calendars_months_are_read_from_month_totals(paid: User, as_alice: APIClient, as_bob: APIClient) -> None:
    def tables(client: APIClient, query: str) -> bool:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(f"/summary?{query}").status_code == 200
        return any("monthtotal" in query["sql"] for query in queries)

    for query in ("group_by=month", "group_by=year,category"):
        assert tables(as_bob, query)
        assert not tables(as_alice, query)
    for query in ("", "group_by=category", "group_by=category&date_after=2026-01-01"):
        assert tables(as_alice, query)


# -- Windows ----------------------------------------------------------------------------------


def window(first: str, last: str, month_start: int = 25) -> Window:
    return Window(date(first), date(last), month_start)


def test_windows_of_months() -> None:
    assert window_of(None, None, date("2026-03-10"), 25) == window("2025-03-25", "2026-03-24")
    assert window("2026-01-25", "2026-03-24").is_whole_months
    assert window("2026-01-25", "2026-03-24").months == 2
    assert not window("2026-01-01", "2026-01-31").is_whole_months
    assert window("2026-01-25", "2026-02-24").whole_months is None  # which are named by their days
    assert [part.period for part in parts(window("2026-01-10", "2026-02-28"))] == [(2025, 12), (2026, 1), (2026, 2)]
    assert year_window(2026, 25) == window("2026-01-25", "2027-01-24")


@pytest.mark.parametrize(
    ("today", "month", "last", "same_days"),
    [
        ("2026-03-10", "2026-02-25", ("2026-01-25", "2026-02-24"), "2026-02-10"),
        ("2026-03-24", "2026-02-25", ("2026-01-25", "2026-02-24"), "2026-02-24"),
        ("2026-03-25", "2026-03-25", ("2026-02-25", "2026-03-24"), "2026-02-25"),
        ("2026-03-31", "2026-03-25", ("2026-02-25", "2026-03-24"), "2026-02-28"),
        ("2024-03-31", "2024-03-25", ("2024-02-25", "2024-03-24"), "2024-02-29"),
        ("2026-01-05", "2025-12-25", ("2025-11-25", "2025-12-24"), "2025-12-05"),
    ],
)
def test_the_same_days_of_last_month(today: str, month: str, last: tuple[str, str], same_days: str) -> None:
    this = month_of(date(today), 25)
    assert this == window(month, today)
    assert last_month(this) == (window(*last), window(last[0], same_days))


@reaches(inside=60)
@given(st.dates(date("1999-12-01"), date("2024-12-31")), STARTS)
def test_the_same_days_are_days_of_last_month(today: datetime.date, month_start: int) -> None:
    whole, same_days = last_month(month_of(today, month_start))
    assert whole.is_whole_months
    assert whole.months == 1
    assert whole.first <= same_days.last <= whole.last
    assert same_days.last.day in (today.day, 28, 29, 30)
    reached("inside")


def test_a_month_is_compared_with_the_days_of_the_same_numbers() -> None:
    whole = window("2026-02-25", "2026-04-24")
    assert before(whole, whole, None) == window("2025-12-25", "2026-02-24")
    some = window("2026-03-25", "2026-04-10")
    assert year_before(some, None) == window("2025-03-25", "2025-04-10")
    assert before(some, some, None) == window("2026-03-08", "2026-03-24")  # no whole months: as many days


# -- Pages ------------------------------------------------------------------------------------


def test_the_dashboard_shows_the_owners_month(paid: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda user: date("2026-03-10"))
    for owner in (paid, bob):
        for day, amount in (("2026-02-24", 3), ("2026-02-25", 50), ("2026-03-10", 700), ("2026-03-24", 9000)):
            IncomeFactory.create(owner=owner, date=date(day), amount=amount, currency="USD")
        ExpenseFactory.create(
            owner=owner, date=date("2026-01-25"), amount=6, category=CategoryFactory.create(owner=owner)
        )

    page = Browser(paid).get("/")
    figures = page.main.one("ul", class_="figures").text
    assert "750.00" in figures
    [link, *_others] = [one["href"] for one in page.main.one("ul", class_="figures").all("a")]
    assert "date_after=2026-02-25&date_before=2026-03-10" in link
    assert "700.00" in Browser(bob).get("/").main.one("ul", class_="figures").text


def test_pages_offer_the_owners_months_and_years(paid: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda user: date("2026-01-10"))
    IncomeFactory.create(owner=paid, date=date("2026-01-05"))
    browser = Browser(paid)
    page = browser.get("/transactions")
    links = {link.text: link["href"] for link in page.main.all("a")}
    for label, days in {
        "This month": "date_after=2025-12-25&date_before=2026-01-24",
        "Last month": "date_after=2025-11-25&date_before=2025-12-24",
        "This year": "date_after=2025-01-25&date_before=2026-01-24",
        "Last year": "date_after=2024-01-25&date_before=2025-01-24",
    }.items():
        assert links[label].endswith(days)
    month = browser.get(links["This month"])
    assert "25 Dec 2025 \u2013 24 Jan 2026" in month.main.text.replace("\u2009", " ").replace("\u202f", " ")
    hrefs = [link["href"] for link in month.main.all("a")]
    assert any("date_after=2026-01-25&date_before=2026-02-24" in href for href in hrefs)
    year = browser.get("/charts/years")
    assert "2025" in year.main.one("h1").text or "2025" in year.main.text


def test_the_tables_name_the_days_of_a_month(paid: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda user: date("2026-03-10"))
    IncomeFactory.create(owner=paid, date=date("2026-02-05"))
    browser = Browser(paid)
    for path in ("/summary?group_by=month", "/charts/income-and-expense"):
        assert "25 Jan \u2013 24 Feb 2026" in browser.get(path).main.text.replace("\u2009", " ")


@reaches(moved=30)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.dates(date("2025-01-01"), date("2026-03-15"))), min_size=4, max_size=9
    ),
    STARTS,
)
def test_worth_at_the_ends_of_months(alice: User, rows: list[Any], month_start: int) -> None:
    today = date("2026-03-10")
    Transaction.objects.legs().all().delete()
    TransferFactory.create(alice)  # whose legs count in accounts, but not on these days
    account = AccountFactory.create(owner=alice)
    alice.month_start = month_start
    for amount, day in rows:
        IncomeFactory.create(owner=alice, account=account, amount=amount, date=day)
    now = sum(amount for amount, day in rows if day <= today) * 10_000

    window = window_of(None, None, today, month_start)
    ends = [min(part.window.last, today) for part in parts(window)]

    found = balances_at(alice, {account.pk: now}, ends, {account.pk: now})[account.pk]

    assert len(found) == 12
    for units, end in zip(found, ends, strict=True):
        assert units == sum(amount for amount, day in rows if day <= end) * 10_000
    if month_start > 1 and len(set(found)) > 1:
        reached("moved")


# -- /me --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *((0, "min_value"), (29, "max_value"), (-1, "min_value"), (10**30, "max_value")),
        *(("25", "invalid"), (2.5, "invalid"), (True, "invalid"), (None, "null"), ([25], "invalid")),
    ],
)
def test_what_is_no_start_of_a_month(value: Any, code: str, as_alice: APIClient, alice: User) -> None:
    problem_of(as_alice.patch("/me", {"month_start": value}), 400, "invalid", ("month_start", code))
    alice.refresh_from_db()
    assert alice.month_start == 1


def test_it_is_set_for_its_owner_alone(as_alice: APIClient, as_bob: APIClient, alice: User, bob: User) -> None:
    IncomeFactory.create(owner=alice, date=date("2026-01-05"), amount=Decimal(5))
    assert as_alice.patch("/me", {"month_start": 25}).json()["month_start"] == 25
    assert as_bob.get("/me").json()["month_start"] == 1
    assert summary(as_alice, "group_by=month")[0][0] == "2025-12"
    assert summary(client_of(alice), "group_by=month")[0][0] == "2025-12"


def test_the_form_of_the_preferences_has_it(alice: User) -> None:
    browser = Browser(alice)
    [form] = [one for one in browser.get("/me").main.all("form") if one.all("select", name="month_start")]
    assert browser.send(form, month_start="25").status_code == 303
    alice.refresh_from_db()
    assert alice.month_start == 25
