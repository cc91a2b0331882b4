"""The sums on the start page against plain Decimal sums over random ledgers of two people."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cashman_project.api.tests.pages import Browser
from conftest import client_of
from transactions.models import Category, Transaction
from transactions.tests.shares import cases, reached, reaches
from users.models import User

from .test_pages_dashboard import TODAY, figures, net, number, on, shares


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda user: TODAY)


DAYS = [
    on(text)
    for text in (
        "2026-11-01",
        "2026-11-01",
        "2026-11-20",
        "2026-11-20",
        "2026-11-21",
        "2026-10-20",
        "2026-10-21",
        "2025-12-01",
    )
]
NAMES: list[str | None] = [None, "Food", "Fun"]
entries = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1]),
        st.integers(1 - 10**13, 10**13 - 1).filter(bool).map(lambda cents: Decimal(cents).scaleb(-2)),
        st.sampled_from(["USD", "USD", "EUR"]),
        st.sampled_from(DAYS),
        st.sampled_from(NAMES),
    ),
    min_size=6,
    max_size=14,
)


def total(rows: Iterable[Any], first: str, last: str, sign: int = 0) -> Decimal:
    """Return the sum of those of the first owner in USD, of these days and of one sign or both."""
    amounts = [
        amount
        for owner, amount, currency, date, _category in rows
        if (owner, currency) == (0, "USD") and on(first) <= date <= on(last) and amount * (sign or amount) > 0
    ]
    return sum(amounts, Decimal(0))


@reaches(spent=30, compared=30)
def test_the_numbers_are_those_of_the_owners_rows(alice: User, bob: User) -> None:
    categories = {
        (index, name): Category.objects.create(owner=owner, name=name) if name else None
        for index, owner in enumerate((alice, bob))
        for name in NAMES
    }
    browser, client = Browser(alice), client_of(alice)

    @settings(max_examples=cases(200))
    @given(entries)
    def check(rows: list[Any]) -> None:
        Transaction.objects.all().delete()
        Transaction.objects.bulk_create(
            Transaction(
                owner=(alice, bob)[owner],
                type="INCOME" if amount > 0 else "EXPENSE",
                description="x",
                amount=amount,
                currency=currency,
                date=date,
                category=categories[owner, category],
            )
            for owner, amount, currency, date, category in rows
        )
        if not any(owner == 0 for owner, *_others in rows):
            return
        page = browser.get("/")
        now, before = ("2026-11-01", "2026-11-20"), ("2026-10-01", "2026-10-20")
        for name, sign, factor in (("Income", 1, 1), ("Expense", -1, -1), ("Left over", 0, 1)):
            amount, words = figures(page)[name]
            assert amount == total(rows, *now, sign) * factor
            change = (total(rows, *now, sign) - total(rows, *before, sign)) * factor
            if change:
                reached("compared")
                assert number(words) == abs(change)
                assert ("more" in words) == (change > 0)
        if not page.main.all("table"):
            return
        spent = total(rows, *now, -1)
        if spent:
            reached("spent")
        assert sum((number(row[1]) for row in shares(page) if row[1] != "\u2013"), Decimal(0)) == -spent
        last = total(rows, "2026-10-01", "2026-10-31", -1)
        assert sum((number(row[2]) for row in shares(page) if row[2] != "\u2013"), Decimal(0)) == -last
        for link in page.main.one("table").one("tbody").all("a"):
            query = parse_qs(urlsplit(link["href"]).query)
            wanted = [
                amount
                for owner, amount, currency, date, category in rows
                if owner == 0
                and currency == "USD"
                and amount < 0
                and on(query["date_after"][0]) <= date <= on(query["date_before"][0])
                and category == (query["category"][0] if "category" in query else None)
            ]
            assert net(client, link["href"]) == sum(wanted, Decimal(0))

    check()
