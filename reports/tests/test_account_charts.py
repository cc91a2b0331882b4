"""The charts of accounts: net worth and transfers, of the owner's rows alone, and exact."""

import datetime
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser
from cashman_project.api.tests.problems import problem_of
from cashman_project.money.amounts import format_amount
from conftest import client_of
from transactions.models import Account, Transaction, Transfer
from transactions.tests.factories import AccountFactory, ExpenseFactory, IncomeFactory, TagFactory
from transactions.tests.shares import reached, reaches
from users.models import User

YEAR = "date_after=2026-01-01&date_before=2026-12-31"
DAYS = [datetime.date(*day) for day in ((2024, 12, 31), (2025, 1, 1), (2026, 1, 31), (2026, 2, 1), (2026, 2, 14))]
NAMES = ["Bank", "Savings", "Card"]


def rows(client: APIClient, path: str) -> list[dict[str, Any]]:
    response = client.get(f"/charts/{path}")
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = response.json()["rows"]
    return found


def moved(client: APIClient, source: str | None, target: str | None, amount: str, **further: str) -> None:
    body = {"from": source, "to": target, "amount": amount, "date": "2026-02-01", **further}
    response = client.post("/transfers", body)
    assert response.status_code == 201, response.content


@pytest.fixture
def books(alice: User, bob: User, as_alice: APIClient, as_bob: APIClient) -> None:
    """Alice's accounts and transfers, and the same names with other amounts of bob."""
    opening = {"opening_date": datetime.date(2025, 12, 31)}
    for owner, client, factor in ((alice, as_alice, 1), (bob, as_bob, 7)):
        bank, card, _yen = (
            AccountFactory.create(owner=owner, name=name, currency=code, opening_balance=balance * factor, **opening)
            for name, code, balance in (("Bank", "USD", 1000), ("Card", "USD", -100), ("Yen", "JPY", 5000))
        )
        AccountFactory.create(owner=owner, name="Savings", archived=True)
        ExpenseFactory.create(owner=owner, account=bank, amount=30 * factor, date=datetime.date(2026, 1, 15))
        ExpenseFactory.create(owner=owner, account=card, amount=5 * factor, date=datetime.date(2026, 2, 3))
        IncomeFactory.create(owner=owner, amount=999 * factor, date=datetime.date(2026, 2, 3))  # of no account
        moved(client, "Bank", "Card", f"{60 * factor}")
        moved(client, "Bank", "Card", f"{40 * factor}", date="2026-03-01")
        moved(client, "Bank", "Yen", f"{10 * factor}", received="1500")
        moved(client, None, "Savings", f"{2 * factor}")
        moved(client, "Card", "Bank", "1", date="2025-12-30")


def test_net_worth_is_what_is_in_the_accounts_at_each_end(as_alice: APIClient, books: None) -> None:
    found = rows(as_alice, "net-worth?date_after=2026-01-01&date_before=2026-02-14")

    assert found == [
        {
            "period": "2026-01",
            "from": "2026-01-01",
            "to": "2026-01-31",
            "assets": "970.00",
            "debts": "-100.00",
            "net_worth": "870.00",
            "accounts": [
                {"account": "Bank", "balance": "970.00"},
                {"account": "Card", "balance": "-100.00"},
                {"account": "Savings", "balance": "0.00"},
            ],
        },
        {
            "period": "2026-02",
            "from": "2026-02-01",
            "to": "2026-02-14",
            "assets": "902.00",
            "debts": "-45.00",
            "net_worth": "857.00",
            "accounts": [
                {"account": "Bank", "balance": "900.00"},
                {"account": "Card", "balance": "-45.00"},
                {"account": "Savings", "balance": "2.00"},
            ],
        },
    ]
    [of_card] = rows(as_alice, "net-worth?date_after=2026-02-01&date_before=2026-02-28&account=cARD")
    assert (of_card["net_worth"], len(of_card["accounts"])) == ("-45.00", 1)
    [in_yen] = rows(as_alice, "net-worth?date_after=2026-02-01&date_before=2026-02-28&currency=JPY")
    assert in_yen["net_worth"] == "6500"


def test_the_smallest_of_many_accounts_are_one(as_alice: APIClient, alice: User) -> None:
    for number in range(22):
        opening = {"opening_date": datetime.date(2025, 12, 31), "opening_balance": number}
        AccountFactory.create(owner=alice, name=f"Bank {number:02}", **opening)

    [row] = rows(as_alice, "net-worth?date_after=2026-02-01&date_before=2026-02-28")

    names = [held["account"] for held in row["accounts"]]
    assert names == [*(f"Bank {number:02}" for number in range(2, 22)), None]
    assert row["accounts"][-1]["balance"] == "1.00"
    assert sum(Decimal(held["balance"]) for held in row["accounts"]) == Decimal(row["net_worth"])


def test_transfers_are_added_up_by_where_they_came_from_and_went(as_alice: APIClient, books: None) -> None:
    assert rows(as_alice, f"transfers?{YEAR}") == [
        {"from": "Bank", "to": "Card", "amount": "100.00"},
        {"from": "Bank", "to": "Yen", "amount": "10.00"},
        {"from": None, "to": "Savings", "amount": "2.00"},
    ]
    assert rows(as_alice, f"transfers?{YEAR}&currency=JPY") == [{"from": "Bank", "to": "Yen", "amount": "1500"}]
    assert rows(as_alice, f"transfers?{YEAR}&account=Savings&account=yen") == [
        {"from": "Bank", "to": "Yen", "amount": "10.00"},
        {"from": None, "to": "Savings", "amount": "2.00"},
    ]
    assert len(rows(as_alice, f"transfers?{YEAR}&account=Savings")) == 1
    assert rows(as_alice, "transfers?date_after=2026-03-01&date_before=2026-03-31")[0]["amount"] == "40.00"


@pytest.mark.parametrize("name", ["net-worth", "transfers"])
def test_a_chart_of_accounts_has_another_tag_when_it_has_changed(name: str, as_alice: APIClient, books: None) -> None:
    for path in (f"/charts/{name}?{YEAR}", f"/charts/{name}.svg?{YEAR}"):
        first = as_alice.get(path)
        assert as_alice.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304

        moved(as_alice, "Bank", "Card", "3")

        assert as_alice.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_another_owners_accounts_are_none(as_outsider: APIClient, books: None) -> None:
    assert rows(as_outsider, f"transfers?{YEAR}") == []
    assert all(row["accounts"] == [] for row in rows(as_outsider, f"net-worth?{YEAR}"))
    for name in ("net-worth", "transfers", "flow", "income-and-expense", "categories", "years", "category"):
        wrong = ("account", "does_not_exist")
        problem_of(as_outsider.get(f"/charts/{name}?account=Bank"), 400, "invalid", wrong)


@pytest.mark.parametrize("name", ["income-and-expense", "categories", "category?category=Fun", "years", "flow"])
def test_charts_are_filtered_by_account_and_tag(name: str, alice: User, as_alice: APIClient) -> None:
    category = as_alice.post("/categories", {"name": "Fun"}).json()["name"]
    account, _tag = AccountFactory.create(owner=alice, name="Bank"), TagFactory.create(owner=alice, name="trip")
    for amount, tags in ((1, []), (2, ["trip"])):
        body = {"description": "x", "amount": amount, "date": "2026-02-01", "category": category, "tags": tags}
        assert as_alice.post("/expenses", {**body, "account": account.name}).status_code == 201
        assert as_alice.post("/expenses", {**body, "amount": 10 * amount}).status_code == 201
    link = f"{name}{'&' if '?' in name else '?'}"

    def spent(query: str) -> Decimal:
        dates = "year=2026" if name == "years" else YEAR
        found = rows(as_alice, f"{link}{dates}&{query}")
        return sum((Decimal(row["amount"] if "amount" in row else row["expense"]) for row in found), Decimal(0))

    assert [spent(query) for query in ("", "account=Bank", "tag=trip", "account=bank&tag=TRIP")] == [-33, -3, -22, -2]
    page = Browser(alice).get(f"/charts/{link}account=Bank&tag=trip")
    assert "Bank \u00b7 trip" in page.main.one("figure").text
    for field in ("account", "tag"):
        assert page.main.one("select", name=field).one("option", selected="")["value"] in ("Bank", "trip")


def test_the_balance_is_not_that_of_an_account(as_alice: APIClient) -> None:
    """It leaves transfers out. Net worth has them."""
    wrong = ("account", "unknown_parameter")
    problem_of(as_alice.get("/charts/balance?account=Bank"), 400, "unknown_parameter", wrong)


def test_the_numbers_lead_to_accounts_and_transfers(alice: User, books: None) -> None:
    browser = Browser(alice)

    page = browser.get("/charts/net-worth?date_after=2026-01-01&date_before=2026-02-28")
    [_january, february] = page.main.one("tbody").all("a")
    assert february["href"] == "/accounts?date=2026-02-28"
    browser.get(february["href"])
    heads = [cell.text for cell in page.main.one("thead").all("th")]
    assert heads == ["Period", "Assets", "Debts", "Net worth", "Bank", "Card", "Savings"]

    page = browser.get(f"/charts/transfers?{YEAR}")
    assert page.rows()[2] == ["outside", "Savings", "2.00"]
    link = page.main.one("tbody").all("a")[1]["href"]
    assert link == "/transfers?date_after=2026-01-01&date_before=2026-12-31&account=Card"
    assert len(browser.get(link).rows()) == 2


entries = st.lists(
    st.tuples(
        st.integers(0, 1),  # whose it is
        st.sampled_from([*NAMES, None]),
        st.sampled_from([*NAMES, None]),
        st.integers(1, 10**12).map(lambda cents: Decimal(cents) / 100),
        st.sampled_from(DAYS),
    ).filter(lambda entry: entry[1] != entry[2]),
    max_size=12,
)


@reaches(moved=40)
def test_the_sums_are_those_of_the_owners_rows(alice: User, bob: User) -> None:
    users = [alice, bob]
    clients = [client_of(user) for user in users]
    accounts: Any = {
        (owner, name): AccountFactory.create(owner=user, name=name)
        for owner, user in enumerate(users)
        for name in NAMES
    }
    opened, start = datetime.date(2025, 6, 30), Decimal("12.34")
    for owner in (0, 1):
        Account.objects.filter(pk=accounts[owner, "Bank"].pk).update(opening_date=opened, opening_balance=start)

    @given(entries, st.sampled_from(["2024-12-31", "2019-01-01", "2026-01-01"]), st.sampled_from(["02-14", "01-31"]))
    def check(drawn: list[Any], first: str, last: str) -> None:
        Transaction.objects.legs().delete()
        Transfer.objects.all().delete()
        legs: list[tuple[int, str, Decimal, datetime.date]] = []
        for owner, source, target, amount, date in drawn:
            transfer = Transfer.objects.create(owner=users[owner], date=date)
            for name, factory, sign in ((source, ExpenseFactory, -1), (target, IncomeFactory, 1)):
                if name is not None:
                    account = accounts[owner, name]
                    factory.create(owner=users[owner], account=account, transfer=transfer, amount=amount, date=date)
                    legs.append((owner, name, sign * amount, date))
        window = f"date_after={first}&date_before=2026-{last}"
        for owner, client in enumerate(clients):

            def balance(name: str, at: datetime.date, owner: int = owner) -> Decimal:
                own = [(date, amount) for one, held, amount, date in legs if (one, held) == (owner, name)]
                until = sum((amount for date, amount in own if date <= at), Decimal(0))
                before = sum((amount for date, amount in own if date <= opened), Decimal(0))
                return start + until - before if name == "Bank" else until

            for row in rows(client, f"net-worth?{window}"):
                held = {name: balance(name, datetime.date.fromisoformat(row["to"])) for name in NAMES}
                assert {one["account"]: one["balance"] for one in row["accounts"]} == {
                    name: format_amount(amount, "USD") for name, amount in held.items()
                }
                assert row["net_worth"] == format_amount(sum(held.values(), Decimal(0)), "USD")
                assert row["assets"] == format_amount(sum((one for one in held.values() if one > 0), Decimal(0)), "USD")
            sums: dict[tuple[str | None, str | None], Decimal] = defaultdict(Decimal)
            for whose, source, target, amount, date in drawn:
                if whose == owner and first <= date.isoformat() <= f"2026-{last}":
                    sums[source, target] += amount
            found = rows(client, f"transfers?{window}")
            assert {(row["from"], row["to"]): row["amount"] for row in found} == {
                ends: format_amount(amount, "USD") for ends, amount in sums.items()
            }
            if len(sums) > 1:
                reached("moved")

    check()
