"""Every grouping of the summary, and what can stand beside it, against plain Decimal sums over random ledgers."""

import datetime
import itertools
from decimal import Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.money.amounts import format_amount
from conftest import client_of
from reports.tests.test_sums import FURTHER, NAMES, Entry, entries_on, fill, left_by
from reports.tests.test_sums import people as people  # a fixture
from transactions.groupings import FROM_MONTH_START, GROUPINGS
from transactions.tests.shares import cases, reached, reaches
from transactions.tests.strategies import CURRENCIES
from transactions.tests.test_totals import KEYS
from users.models import User

from .months import STARTS, named_day

PERIODS = [name for name, grouping in GROUPINGS.items() if grouping.period]
GROUP_BY = [(), *itertools.permutations(KEYS, 1), *itertools.permutations(KEYS, 2)]

# First and last days: whole months, years and weeks, and others; over a 29 February and a 53rd week.
SPANS = [
    *(
        ("2024-12-01", "2026-12-31"),
        ("2026-01-01", "2026-12-31"),
        ("2025-01-01", "2025-12-31"),
        ("2026-02-01", "2026-03-31"),
    ),
    *(("2024-12-30", "2025-01-12"), ("2025-12-15", "2026-03-01"), ("2026-12-28", "2027-01-31")),
    *(("2024-11-15", "2025-02-10"), ("2026-03-01", "2026-02-28"), ("2026-02-28", "2026-02-28")),
]
DAYS = [datetime.date(2024, 2, 29), datetime.date(2024, 12, 31), datetime.date(2026, 12, 31)]
dates = st.one_of(st.sampled_from(DAYS), st.dates(datetime.date(2024, 12, 1), datetime.date(2026, 12, 31)))
entries = st.lists(entries_on(dates), min_size=10, max_size=30)
FILTERS = {
    "category": st.lists(st.sampled_from(NAMES[1:]), min_size=1, max_size=2),
    "exclude_category": st.lists(st.sampled_from(NAMES[1:]), min_size=1, max_size=2),
    "uncategorized": st.sampled_from(["true", "false"]),
    "type": st.sampled_from(["INCOME", "EXPENSE"]),
    "currency": st.sampled_from(CURRENCIES[:2]),
    **{name: st.lists(st.sampled_from(FURTHER[name]), min_size=1, max_size=2) for name in ("group", "account")},
    **{name: st.sampled_from(FURTHER[name]) for name in ("exclude_account", "tag", "exclude_tag", "excluded")},
    "amount_min": st.sampled_from(["0", "1000"]),  # which month totals do not know
}
options = st.fixed_dictionaries(
    {
        "group_by": st.sampled_from(GROUP_BY),
        "span": st.one_of(st.sampled_from(SPANS[:3]), st.sampled_from(SPANS)),
        "compare": st.sampled_from(["previous", "year"]),
        "fill": st.just("true"),
        "balance": st.just("true"),
    },
)
filters = st.lists(st.sampled_from(list(FILTERS)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)  # more of them leave no row
dropped = st.sets(st.sampled_from(["compare", "fill", "balance"]), max_size=2)


@lru_cache(None)
def key_of_day(name: str, day: datetime.date, month_start: int) -> str | None:
    return KEYS[name](SimpleNamespace(date=named_day(day, month_start) if name in FROM_MONTH_START else day))


def keys_of(row: Entry, group_by: tuple[str, ...], month_start: int) -> dict[str, str | None]:
    return {
        name: key_of_day(name, row.date, month_start) if name in FROM_MONTH_START else KEYS[name](row)
        for name in group_by
    }


def check_sums(found: dict[str, Any], rows: list[Entry], currency: str) -> None:
    """Check that what was found has the sums of the rows."""
    amounts = [row.amount for row in rows]
    sums = {
        "income": sum((amount for amount in amounts if amount > 0), Decimal(0)),
        "expense": sum((amount for amount in amounts if amount < 0), Decimal(0)),
        "net": sum(amounts, Decimal(0)),
    }
    assert {name: found[name] for name in sums} == {name: format_amount(sums[name], currency) for name in sums}
    assert found["count"] == len(rows)


def within(rows: list[Entry], span: dict[str, Any]) -> list[Entry]:
    """Return the rows of the days from `from` to `to`; none if these are null."""
    return [row for row in rows if span["from"] and span["from"] <= row.date.isoformat() <= span["to"]]


def check_answer(answer: dict[str, Any], rows: list[Entry], query: dict[str, Any], span: tuple[str, str]) -> None:
    """Check the summary of an owner's rows that the filters leave."""
    group_by = query["group_by"]
    asked = {"from": span[0], "to": span[1]}
    here = within(rows, asked)
    days = [datetime.date.fromisoformat(span[0]) + datetime.timedelta(days=number) for number in range(800)]
    days = [day for day in days if day.isoformat() <= span[1]]
    periods = [name for name in group_by if name in PERIODS]
    found = [(tuple(row[name] for name in group_by), row["currency"]) for row in answer["results"]]
    assert len(found) == len(set(found))
    month_start = query.get("month_start", 1)
    assert {(tuple(keys_of(row, group_by, month_start).values()), row.currency) for row in here} <= set(found)
    days_of: dict[tuple[str | None, ...], list[datetime.date]] = {}
    for day in days:
        days_of.setdefault(tuple(key_of_day(name, day, month_start) for name in periods), []).append(day)
    others = [name for name in group_by if name not in PERIODS]
    rows_of: dict[tuple[str | None, ...], list[Entry]] = {}
    for one in rows:
        rows_of.setdefault((one.currency, *(KEYS[name](one) for name in others)), []).append(one)
    if not query.keys() & {"fill", "compare"}:
        assert all(row["count"] for row in answer["results"])

    for row in answer["results"]:
        currency = row["currency"]
        of_keys = rows_of.get((currency, *(row[name] for name in others)), [])
        of_group = days_of[tuple(row[name] for name in periods)]
        assert (row["from"], row["to"]) == (of_group[0].isoformat(), of_group[-1].isoformat())
        assert len(of_group) == (of_group[-1] - of_group[0]).days + 1
        check_sums(row, within(of_keys, row), currency)
        if "balance" in query:
            up_to = [one for one in rows if one.currency == currency and one.date.isoformat() <= row["to"]]
            assert row["balance"] == format_amount(sum((one.amount for one in up_to), Decimal(0)), currency)
        if "compare" in query:
            check_sums(row["previous"], within(of_keys, row["previous"]), currency)
            if row["previous"]["count"]:
                reached("compared")
    if "fill" in query and days:
        for currency in {row["currency"] for row in answer["results"]}:
            shown = [row for row in answer["results"] if row["currency"] == currency]
            kinds = {tuple(row[name] for name in others) for row in shown}
            assert len(shown) == len(days_of) * len(kinds)
            reached("filled")

    assert [row["currency"] for row in answer["total"]] == sorted({row["currency"] for row in answer["total"]})
    assert {row["currency"] for row in answer["results"]} <= {row["currency"] for row in answer["total"]}
    for row in answer["total"]:
        of_currency = [one for one in rows if one.currency == row["currency"]]
        assert (row["from"], row["to"]) == span
        check_sums(row, within(of_currency, asked), row["currency"])
        if "balance" in query:
            up_to = [one for one in of_currency if one.date.isoformat() <= span[1]]
            assert row["balance"] == format_amount(sum((one.amount for one in up_to), Decimal(0)), row["currency"])
        if "compare" in query:
            check_sums(row["previous"], within(of_currency, row["previous"]), row["currency"])
    if here:
        reached("summed")
        if month_start > 1 and FROM_MONTH_START.intersection(periods):
            reached("later")


@reaches(summed=60, filled=40, compared=10, later=30)
def test_the_sums_are_those_of_the_owners_rows(people: Any) -> None:
    clients = [client_of(user) for user in people[0]]

    @settings(max_examples=cases(210))
    @given(entries, options, filters, dropped, STARTS)
    def check(
        rows: list[Entry], options: dict[str, Any], filters: dict[str, Any], dropped: set[str], month_start: int
    ) -> None:
        query = {name: value for name, value in (options | filters).items() if name not in dropped}
        query["month_start"] = month_start
        User.objects.update(month_start=month_start)
        fill(people, rows)
        group_by, span = query["group_by"], query["span"]
        periods = [name for name in group_by if name in PERIODS]
        if not periods:
            query.pop("fill", None)
        if len(periods) != 1 or len(group_by) != 1:
            query.pop("balance", None)
        given = {name: value for name, value in query.items() if name not in ("group_by", "span", "month_start")}
        dates = {"date_after": span[0], "date_before": span[1]}
        for owner, client in enumerate(clients):
            response = client.get("/summary", {**given, **dates, "group_by": ",".join(group_by)})
            assert response.status_code == 200, response.content
            check_answer(response.json(), left_by(rows, owner, given), query, span)

    check()


@pytest.mark.parametrize("group_by", GROUP_BY, ids=",".join)
def test_another_owner_has_sums_of_nothing(group_by: tuple[str, ...], people: Any, as_outsider: APIClient) -> None:
    fill(people, [Entry(0, Decimal(7), "USD", datetime.date(2026, 11, 20), "Food")])
    query: dict[str, Any] = {"date_after": "2026-01-01", "date_before": "2026-12-31", "compare": "year"}
    if set(group_by) & set(PERIODS):
        query["fill"] = "true"
    answer = as_outsider.get("/summary", {**query, "group_by": ",".join(group_by)})
    assert answer.json() == {"results": [], "total": []}
