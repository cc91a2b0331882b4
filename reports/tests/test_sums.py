"""The sums of the charts against plain Decimal sums over random ledgers of two people."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.money.amounts import format_amount
from conftest import client_of
from transactions.models import Account, Category, Tag, Transaction
from transactions.names import tags_text
from transactions.tests.shares import cases, reached, reaches
from transactions.tests.strategies import CURRENCIES, sizes
from transactions.tests.test_totals import GROUP_OF, KEYS
from users.models import User

from .months import STARTS, named_day

NAMES: list[str | None] = [None, "Food", "Énergie", "Work", "Savings"]
SPELLED = {"Énergie": "household"}  # groups that are not spelled as elsewhere
EXCLUDED = ["Savings"]
GROUPS = ["HOUSEHOLD", "later"]  # as requests spell them
ACCOUNTS, TAGS = ["Bank", "Cash"], ["trip", "gift"]
ACCOUNT_OF = dict(zip(CURRENCIES[:2], ACCOUNTS, strict=True))
DAYS = [datetime.date(2024, 12, 31), datetime.date(2025, 1, 1), datetime.date(2026, 2, 28), datetime.date(2026, 3, 1)]


@dataclass(frozen=True)
class Entry:
    owner: int
    amount: Decimal
    currency: str
    date: datetime.date
    category: str | None
    account: str | None = None
    tags: tuple[str, ...] = ()


# Other filters, and what they may be.
FURTHER: dict[str, list[str]] = {
    "group": GROUPS,
    "account": ACCOUNTS,
    "exclude_account": ACCOUNTS,
    "tag": TAGS,
    "exclude_tag": TAGS,
    "excluded": ["true", "false"],
}
dates = st.one_of(st.sampled_from(DAYS), st.dates(datetime.date(2024, 11, 1), datetime.date(2027, 1, 31)))


def entries_on(dates: st.SearchStrategy[datetime.date]) -> st.SearchStrategy[Entry]:
    """Return rows of two owners, in two currencies, some of them in an account of their currency."""
    return st.builds(
        lambda owner, money, sign, date, category, has_account, tags: Entry(
            owner, money[0] * sign, money[1], date, category, ACCOUNT_OF[money[1]] if has_account else None, tags
        ),
        st.integers(0, 1),
        st.sampled_from(CURRENCIES[:2]).flatmap(lambda code: st.tuples(sizes(code), st.just(code))),
        st.sampled_from([1, -1]),
        dates,
        st.sampled_from(NAMES),
        st.booleans(),
        st.sampled_from([(), ("trip",), ("gift", "trip")]),
    )


entries = st.lists(entries_on(dates), min_size=4, max_size=16)
OPTIONAL: dict[str, Any] = {
    "category": NAMES[1:],
    "exclude_category": NAMES[1:],
    "uncategorized": ["true", "false"],
    **FURTHER,
}
optional = st.lists(st.sampled_from(list(OPTIONAL)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: st.sampled_from(OPTIONAL[name]) for name in names})
)  # more of them leave no row
queries = st.builds(
    lambda given, further: given | further,
    st.fixed_dictionaries(
        {
            "currency": st.sampled_from(CURRENCIES[:2]),
            "date_after": st.sampled_from(["2024-12-01", "2024-12-31", "2025-12-15", "2019-01-01"]),
            "date_before": st.sampled_from(["2026-02-28", "2026-03-01", "2027-12-31"]),
        }
    ),
    optional,
)


@pytest.fixture
def people(alice: User, bob: User) -> tuple[list[User], dict[tuple[int, str | None], Category | None]]:
    users = [alice, bob]
    categories: dict[tuple[int, str | None], Category | None] = {(0, None): None, (1, None): None}
    for index, owner in enumerate(users):
        for name in filter(None, NAMES):
            group = SPELLED.get(name, GROUP_OF.get(name))
            values: dict[str, Any] = {"group": group, "excluded": name in EXCLUDED}
            categories[index, name] = Category.objects.create(owner=owner, name=name, **values)
        for code, name in ACCOUNT_OF.items():
            Account.objects.create(owner=owner, name=name, currency=code)
        Tag.objects.bulk_create(Tag(owner=owner, name=name) for name in TAGS)
    return users, categories


def fill(people: Any, rows: Iterable[Entry]) -> None:
    users, categories = people
    accounts = {(one.owner, one.name): one for one in Account.objects.filter(owner__in=users).select_related("owner")}
    Transaction.objects.all().delete()
    Transaction.objects.bulk_create(
        Transaction(
            owner=users[row.owner],
            type="INCOME" if row.amount > 0 else "EXPENSE",
            description="x",
            amount=row.amount,
            currency=row.currency,
            date=row.date,
            category=categories[row.owner, row.category],
            account=accounts.get((users[row.owner], row.account or "")),
            tags=tags_text(row.tags),
        )
        for row in rows
    )


def left_by(rows: Iterable[Entry], owner: int, query: dict[str, Any]) -> list[Entry]:
    """Return the owner's rows that a query sums up, whatever their date."""
    given = {name: {texts} if isinstance(texts, str) else set(texts) for name, texts in query.items()}
    groups = {name.capitalize() for name in given.get("group", ())}
    found = []
    for row in rows:
        has = {row.owner == owner, row.currency in given.get("currency", {row.currency})}
        has.add(row.category in given.get("category", NAMES) and row.category not in given.get("exclude_category", ()))
        has.add(given.get("uncategorized", {str(row.category is None).lower()}) == {str(row.category is None).lower()})
        has.add(not groups or GROUP_OF.get(row.category or "") in groups)
        has.add(row.account in given.get("account", [None, *ACCOUNTS]))
        has.add(row.account not in given.get("exclude_account", ()))
        has.add(given.get("tag", set()) <= set(row.tags) and not given.get("exclude_tag", set()) & set(row.tags))
        has.add(row.category not in EXCLUDED or "category" in given or given.get("excluded") == {"true"})
        has.add(KEYS["type"](row) in given.get("type", ["INCOME", "EXPENSE"]))
        has.add(abs(row.amount) >= Decimal(query.get("amount_min", 0)))
        found += [row] if has == {True} else []
    return found


def total(rows: Iterable[Entry], wanted: Callable[[Entry], bool], currency: str) -> str:
    return format_amount(sum((row.amount for row in rows if wanted(row)), Decimal(0)), currency)


def flows(rows: list[Entry], currency: str) -> dict[tuple[str, str | None], str]:
    """Return the sum of each type and category that is not zero."""
    found: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
    for row in rows:
        found["INCOME" if row.amount > 0 else "EXPENSE", row.category] += row.amount
    return {key: format_amount(amount, currency) for key, amount in found.items()}


def within(first: str, last: str) -> Callable[[Entry], bool]:
    return lambda row: first <= row.date.isoformat() <= last


def chart(client: APIClient, name: str, query: dict[str, Any]) -> dict[str, Any]:
    response = client.get(f"/charts/{name}", query)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


@reaches(shown=40)
def test_the_sums_are_those_of_the_owners_rows(people: Any) -> None:
    clients = [client_of(user) for user in people[0]]

    @settings(max_examples=cases(100))
    @given(entries, queries, STARTS)
    def check(rows: list[Entry], query: dict[str, Any], month_start: int) -> None:
        User.objects.update(month_start=month_start)
        fill(people, rows)
        code = query["currency"]
        for owner, client in enumerate(clients):
            own = left_by(rows, owner, query)
            data = chart(client, "income-and-expense", query)
            shown = [row for row in own if within(data["from"], data["to"])(row)]
            if shown:
                reached("shown")

            assert len(data["rows"]) == len({row["period"] for row in data["rows"]})
            for row in data["rows"]:
                named = {
                    named_day(datetime.date.fromisoformat(row[end]), month_start).isoformat()[: len(row["period"])]
                    for end in ("from", "to")
                }
                assert named == {row["period"]}
                here = [entry for entry in shown if within(row["from"], row["to"])(entry)]
                assert row["income"] == total(here, lambda entry: entry.amount > 0, code)
                assert row["expense"] == total(here, lambda entry: entry.amount < 0, code)
                assert row["net"] == total(here, lambda entry: True, code)
            assert sum(Decimal(row["net"]) for row in data["rows"]) == sum(entry.amount for entry in shown)

            of_all = {name: value for name, value in query.items() if name not in ("account", "exclude_account")}
            whole = left_by(rows, owner, of_all)
            for row in chart(client, "balance", of_all)["rows"]:
                assert row["balance"] == total(whole, within("0001-01-01", row["to"]), code)

            flow = {(row["type"], row["category"]): row["amount"] for row in chart(client, "flow", query)["rows"]}
            assert flow == flows(shown, code)
            for kind in ("INCOME", "EXPENSE"):
                found = chart(client, "categories", {**query, "type": kind})["rows"]
                assert {row["category"]: row["amount"] for row in found} == {
                    name: amount for (one, name), amount in flow.items() if one == kind
                }
                in_order = [abs(Decimal(row["amount"])) for row in found]
                assert in_order == sorted(in_order)[::-1]
                shares = [Decimal(row["share"]) for row in found]
                assert not shares or abs(sum(shares, Decimal(-100))) < Decimal("0.1")

    check()


@reaches(compared=50)
def test_two_years_and_a_category_are_those_of_the_owners_rows(people: Any) -> None:
    clients = [client_of(user) for user in people[0]]

    @given(entries, st.sampled_from(["INCOME", "EXPENSE"]), st.sampled_from(NAMES), STARTS)
    def check(rows: list[Entry], kind: str, name: str | None, month_start: int) -> None:
        User.objects.update(month_start=month_start)
        fill(people, rows)
        sign = 1 if kind == "INCOME" else -1

        def named(entry: Entry) -> datetime.date:
            return named_day(entry.date, month_start)

        for owner, client in enumerate(clients):
            own = left_by(rows, owner, {"currency": "USD"})
            data = chart(client, "years", {"currency": "USD", "year": "2026", "type": kind})
            assert [row["period"] for row in data["rows"]] == [f"2026-{month:02}" for month in range(1, 13)]
            for row in data["rows"]:
                of_month = [entry for entry in own if named(entry).month == int(row["period"][5:])]
                of_type = [entry for entry in of_month if entry.amount * sign > 0]
                if of_type:
                    reached("compared")
                assert row["amount"] == total(of_type, lambda entry: named(entry).year == 2026, "USD")
                assert row["previous"] == total(of_type, lambda entry: named(entry).year == 2025, "USD")

            query = {"category": name} if name else {"uncategorized": "true"}
            window = {"date_after": "2024-11-01", "date_before": "2027-01-31", "currency": "USD"}
            data = chart(client, "category", {**query, **window})
            own = left_by(rows, owner, {"currency": "USD", **query})
            for row in data["rows"]:
                here = [entry for entry in own if entry.category == name and within(row["from"], row["to"])(entry)]
                assert row["net"] == total(here, lambda entry: True, "USD")

    check()
