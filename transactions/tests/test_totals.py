"""Sums of money against plain Decimal sums, whatever was written before, through the API and past it."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from rest_framework.test import APIClient

from cashman_project.money.amounts import HALF, UNITS, format_amount
from conftest import client_of
from transactions.choices import TransactionType
from transactions.models import Category, Expense, Income, MonthTotal, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.shares import cases, reached, reaches
from transactions.tests.strategies import CURRENCIES, sizes
from users.models import User

from .. import groupings
from ..totals import Total

PROXIES: dict[str, Any] = {"INCOME": Income, "EXPENSE": Expense}
CATEGORIES = [None, "Food", "Énergie"]
GROUP_OF = {"Énergie": "Household", "Food": "Household", "Savings": "Later"}  # of categories
PLACES = {"Énergie": "1", "Household": "1", "Food": "2", None: "3"}  # how categories and groups are ordered
# Days at the edges of months, years, and years of ISO 8601: 2027-01-01 is in the 53rd week of 2026.
DATES = [datetime.date(*day) for day in ((2025, 12, 31), (2026, 1, 1), (2026, 1, 31), (2026, 2, 1), (2027, 1, 1))]

kinds = st.sampled_from(TransactionType.values)
owners = st.integers(0, 1)
FILTERS = {
    "date_after": st.sampled_from(["2025-12-01", "2025-12-31", "2026-01-01", "2026-02-01"]),
    "date_before": st.sampled_from(["2025-12-31", "2026-01-30", "2026-01-31", "2026-02-28"]),
    "category": st.lists(st.sampled_from([name for name in CATEGORIES if name]), max_size=2),
    "uncategorized": st.sampled_from(["true", "false"]),
    "currency": st.sampled_from(CURRENCIES),
    "type": kinds,
}
filters = st.lists(st.sampled_from(list(FILTERS)), max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FILTERS[name] for name in names})
)  # more of them leave no row
money = st.sampled_from(CURRENCIES).flatmap(lambda code: st.tuples(sizes(code), st.just(code)))


@dataclass(frozen=True)
class Entry:
    """What a row should hold."""

    owner: int
    type: str
    amount: Decimal
    currency: str
    date: datetime.date
    category: str | None
    account: str | None = None


def signed(kind: str, size: Decimal) -> Decimal:
    return size if kind == TransactionType.INCOME else -size


KEYS: dict[str, Callable[[Any], str | None]] = {  # of an entry with a date, an amount and a category
    "day": lambda entry: f"{entry.date}",
    "week": lambda entry: f"{entry.date:%G-W%V}",
    "month": lambda entry: f"{entry.date:%Y-%m}",
    "quarter": lambda entry: f"{entry.date:%Y}-Q{-(-entry.date.month // 3)}",
    "year": lambda entry: f"{entry.date:%Y}",
    "category": lambda entry: entry.category,
    "group": lambda entry: GROUP_OF.get(entry.category),
    "account": lambda entry: entry.account,
    "type": lambda entry: "INCOME" if entry.amount > 0 else "EXPENSE",
}
GROUPINGS = [
    [],
    *([key] for key in KEYS),
    ["month", "category"],
    ["type", "year"],
    ["category", "type"],
    ["group", "month"],
]


def expected(entries: Iterable[Entry], group_by: list[str]) -> list[dict[str, Any]]:
    """Return what /summary should answer, by sums of Decimals alone."""
    groups: dict[tuple[tuple[str | None, ...], str], list[Decimal]] = defaultdict(list)
    for entry in entries:
        groups[tuple(KEYS[key](entry) for key in group_by), entry.currency].append(entry.amount)
    results = []
    for keys, currency in sorted(
        groups, key=lambda group: [PLACES.get(key, str(key)) for key in (*group[0], group[1])]
    ):
        amounts = groups[keys, currency]
        sums = {
            "income": sum((amount for amount in amounts if amount > 0), Decimal(0)),
            "expense": sum((amount for amount in amounts if amount < 0), Decimal(0)),
            "net": sum(amounts, Decimal(0)),
        }
        texts = {name: format_amount(amount, currency) for name, amount in sums.items()}
        named = dict(zip(group_by, keys, strict=True))
        results.append({"currency": currency, **named, **texts, "count": len(amounts)})
    return results


def without_days(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in ("from", "to")} for row in rows]


class Ledger(RuleBasedStateMachine):
    """Two people's books, written to in every way there is."""

    users: tuple[User, User]
    clients: tuple[APIClient, APIClient]
    rows = Bundle("rows")

    @initialize()
    def empty(self) -> None:
        Transaction.objects.all().delete()
        self.clients = (client_of(self.users[0]), client_of(self.users[1]))  # a token lasts five minutes
        self.entries: dict[str, Entry] = {}

    def category(self, owner: int, name: str | None) -> Category | None:
        return None if name is None else Category.objects.get(owner=self.users[owner], name=name)

    def note(self, row: Any, owner: int) -> str:
        category = None if row.category is None else row.category.name
        self.entries[str(row.id)] = Entry(owner, row.type, row.amount, row.currency, row.date, category)
        return str(row.id)

    @rule(target=rows, owner=owners, kind=kinds, money=money, date=st.sampled_from(DATES), minus=st.booleans(),
          category=st.sampled_from(CATEGORIES), typed=st.booleans())  # fmt: skip
    def post(self, owner: int, kind: str, money: tuple[Decimal, str], date: datetime.date, minus: bool,
             category: str | None, typed: bool) -> str:  # fmt: skip
        size, currency = money
        sent = -size if minus and kind == "EXPENSE" else size
        body = {"description": "x", "amount": f"{sent:f}", "currency": currency, "date": date, "category": category}
        path, extra = ("/transactions", {"type": kind}) if typed else (f"/{kind.lower()}s", {})
        created = self.clients[owner].post(path, body | extra)
        assert created.status_code == 201, created.content
        self.entries[created.json()["id"]] = Entry(owner, kind, signed(kind, size), currency, date, category)
        return str(created.json()["id"])

    @rule(target=rows, owner=owners, kind=kinds, money=st.lists(money, max_size=5), date=st.sampled_from(DATES),
          category=st.sampled_from(CATEGORIES))  # fmt: skip
    def create_many(self, owner: int, kind: str, money: list[tuple[Decimal, str]], date: datetime.date,
                    category: str | None) -> Any:  # fmt: skip
        factory: Any = {"INCOME": IncomeFactory, "EXPENSE": ExpenseFactory}[kind]
        common = {"owner": self.users[owner], "date": date, "category": self.category(owner, category)}
        rows = [factory.build(amount=size, currency=currency, **common) for size, currency in money]
        PROXIES[kind].objects.bulk_create(rows)
        return multiple(*(self.note(row, owner) for row in rows))

    @rule(row=rows, money=money, partial=st.booleans())
    def change(self, row: str, money: tuple[Decimal, str], partial: bool) -> None:
        entry, (size, currency) = self.entries[row], money
        client = self.clients[entry.owner]
        body = {"amount": f"{size:f}", "currency": currency}
        if partial:
            changed = client.patch(f"/transactions/{row}", body)
        else:
            changed = client.put(f"/transactions/{row}", client.get(f"/transactions/{row}").json() | body)
        assert changed.status_code == 200, changed.content
        amount = signed(entry.type, size)
        self.entries[row] = Entry(entry.owner, entry.type, amount, currency, entry.date, entry.category)

    @rule(row=rows, money=money, date=st.sampled_from(DATES), way=st.sampled_from(["save", "update", "bulk_update"]))
    def change_past_the_api(self, row: str, money: tuple[Decimal, str], date: datetime.date, way: str) -> None:
        entry, (size, currency) = self.entries[row], money
        rows = PROXIES[entry.type].objects.for_owner(self.users[entry.owner])
        held = rows.get(pk=row)
        if way == "update":
            rows.filter(pk=row).update(amount=signed(entry.type, size), currency=currency, date=date)
        else:
            held.amount, held.currency, held.date = size, currency, date
            held.save() if way == "save" else rows.bulk_update([held], ["amount", "currency", "date"])
        amount = signed(entry.type, size)
        self.entries[row] = Entry(entry.owner, entry.type, amount, currency, date, entry.category)

    @rule(row=rows, category=st.sampled_from(CATEGORIES), through_api=st.booleans())
    def categorize(self, row: str, category: str | None, through_api: bool) -> None:
        entry = self.entries[row]
        if through_api:
            answer = self.clients[entry.owner].patch("/transactions", [{"id": row, "category": category, "notes": "x"}])
            assert answer.status_code == 200, answer.content
        else:
            same = {key for key, other in self.entries.items() if other == entry}
            rows = Transaction.objects.for_owner(self.users[entry.owner]).filter(pk__in=same)
            assert rows.update(category=self.category(entry.owner, category)) == len(same)
        for key in [row] if through_api else same:
            self.entries[key] = replace(entry, category=category)

    @rule(row=rows, text=st.sampled_from(["x", "y"]))
    def reword(self, row: str, text: str) -> None:
        assert self.clients[self.entries[row].owner].patch(f"/transactions/{row}", {"notes": text}).status_code == 200

    @rule(owner=owners, name=st.sampled_from([name for name in CATEGORIES if name]), moved=st.booleans())
    def forget_a_category(self, owner: int, name: str, moved: bool) -> None:
        category = self.category(owner, name)
        assert category
        others = [other for other in CATEGORIES if other not in (None, name)]
        into = others[0] if moved else None
        query = {"into": into} if into else {"force": "true"}
        assert self.clients[owner].delete(f"/categories/{category.pk}?{urlencode(query)}").status_code == 204
        CategoryFactory.create(owner=self.users[owner], name=name, group=GROUP_OF[name])
        for row, entry in self.entries.items():
            if (entry.owner, entry.category) == (owner, name):
                self.entries[row] = replace(entry, category=into)

    @rule(many=st.lists(consumes(rows), min_size=1, max_size=4))
    def delete_many(self, many: list[str]) -> None:
        for owner in {self.entries[row].owner for row in many}:
            own = [row for row in many if self.entries[row].owner == owner]
            assert self.clients[owner].post("/transactions/delete", {"ids": own}).status_code == 204
        for row in many:
            del self.entries[row]

    @rule(row=consumes(rows), through_api=st.booleans())
    def delete(self, row: str, through_api: bool) -> None:
        entry = self.entries.pop(row)
        if through_api:
            assert self.clients[entry.owner].delete(f"/transactions/{row}").status_code == 204
        else:
            Transaction.objects.for_owner(self.users[entry.owner]).filter(pk=row).delete()

    @rule(row=rows, group_by=st.sampled_from(GROUPINGS), filters=filters)
    def ask(self, row: str, group_by: list[str], filters: dict[str, Any]) -> None:
        """A filter that leaves every row lets the transactions answer, where it were the totals otherwise."""
        owner, asked = self.entries[row].owner, {"group_by": ",".join(group_by), **filters}
        answers = [self.clients[owner].get("/summary", asked | extra) for extra in ({}, {"amount_min": 0})]
        assert answers[0].status_code == 200
        assert answers[0].content == answers[1].content
        reached("asked")
        if answers[0].json()["results"]:
            reached("sums")
            if filters:
                reached("filtered")

    @rule(row=rows)
    def try_what_is_another_owners(self, row: str) -> None:
        other = self.clients[1 - self.entries[row].owner]
        assert other.patch(f"/transactions/{row}", {"amount": "1"}).status_code == 404
        assert other.delete(f"/transactions/{row}").status_code == 404

    @invariant()
    def sums_are_exact(self) -> None:
        for owner, user in enumerate(self.users):
            left: dict[str, Decimal] = defaultdict(Decimal)
            for entry in self.entries.values():
                if entry.owner == owner:
                    left[entry.currency] += entry.amount
            for model in (Transaction, MonthTotal):
                sums: list[Total] = model.objects.for_owner(user).totals()
                assert {total.currency: Decimal(total.net) / UNITS for total in sums} == left

    def teardown(self) -> None:
        for owner, client in enumerate(self.clients):
            entries = [entry for entry in self.entries.values() if entry.owner == owner]
            if len({entry.category for entry in entries}) == 3:
                reached("categories")
            for group_by in GROUPINGS:
                answer = client.get("/summary", {"group_by": ",".join(group_by)})
                found = answer.json()
                assert without_days(found["results"]) == expected(entries, group_by)
                assert without_days(found["total"]) == expected(entries, [])


def test_each_grouping_has_its_key_in_python() -> None:
    assert set(KEYS) == groupings.GROUPINGS.keys() - {"tag"}  # which test_api_tags.py sums up


@reaches(asked=20, sums=10, filtered=5, categories=4)
def test_sums_are_those_of_plain_decimals(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        for name in filter(None, CATEGORIES):
            CategoryFactory.create(owner=owner, name=name, group=GROUP_OF[name])

    run_state_machine_as_test(
        type("Books", (Ledger,), {"users": (alice, bob)}),
        settings=settings(max_examples=cases(30), stateful_step_count=30),
    )


def test_conditions_that_rule_out_every_row_leave_no_total(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        ExpenseFactory.create(owner=owner)
    for model in (Transaction, MonthTotal):
        rows = model.objects.for_owner(alice)
        assert rows.filter(currency__in=[]).totals("month") == rows.none().totals() == []
        assert len(rows.totals()) == 1


@pytest.mark.parametrize(
    ("kind", "name", "net"),
    [(Income, "income", "999999999999900.07"), (Expense, "expense", "-999999999999900.07")],
)
def test_ten_thousand_of_the_largest_amounts_sum_exactly(
    kind: Any, name: str, net: str, alice: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    amounts = [Decimal("99999999999.99")] * 10_000 + [Decimal("0.01")] * 7
    common = {"owner": alice, "description": "x", "currency": "USD", "date": DATES[0]}
    kind.objects.bulk_create([kind(amount=amount, **common) for amount in amounts], batch_size=2_000)

    sums = {"income": "0.00", "expense": "0.00"} | {name: net}
    for query in ("", "?amount_min=0"):  # by the month's total, and by the transactions
        results = as_alice.get(f"/summary{query}").json()["results"]
        assert without_days(results) == [{"currency": "USD", **sums, "net": net, "count": 10_007}]
    [total] = MonthTotal.objects.for_owner(alice)
    assert abs(total.high * HALF + total.low) == Decimal(net.lstrip("-")) * UNITS > 2**63
    assert as_outsider.get("/summary").json() == {"results": [], "total": []}
