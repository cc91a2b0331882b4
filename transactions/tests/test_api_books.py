"""Transactions as journals of hledger and Beancount, read back: their balances are those of the accounts."""

import datetime
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from transactions.models import Account, Transaction
from transactions.services import beancount, hledger
from transactions.services.journals import BATCH, Names
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory, IncomeFactory, TagFactory
from transactions.tests.journals import Posting, balances, read
from transactions.tests.shares import reached, reaches
from transactions.tests.test_api_exports import text_of
from users.models import User

FORMS = ["journal", "beancount"]
TYPES = {"ofx": "application/x-ofx", "journal": "text/x-hledger", "beancount": "text/x-beancount"}
DAY = datetime.date(2026, 11, 2)


def entries_of(client: APIClient, form: str, query: str = "", path: str = "/transactions") -> list[Posting]:
    return read(text_of(client.get(f"{path}.{form}{query}")), form)


def new(client: APIClient, path: str, **body: Any) -> Any:
    response = client.post(path, body)
    assert response.status_code in (200, 201), response.content
    return response.json()


def fill(owner: User) -> None:
    """Give the owner accounts with openings, rows before and after these, transfers of each kind, and a split."""
    client = client_of(owner)
    new(client, "/categories", name="Food", group="Household")
    new(client, "/categories", name="Salary")
    for name in ("trip", "date", "summer trip"):
        new(client, "/tags", name=name)
    opening = {"date": "2026-11-02", "balance": "100.00"}
    new(client, "/accounts", name="Bank", opening=opening)
    new(client, "/accounts", name="Card", kind="card")
    new(client, "/accounts", name="Wallet", currency="EUR", opening={"date": "2026-10-01", "balance": "-0.50"})
    for day in (1, 2, 3):
        date = f"2026-11-{day:02}"
        new(client, "/expenses", description=f"bread {day}", amount="3.10", category="Food", account="Bank", date=date)
        new(client, "/incomes", description="pay", amount="50", category="Salary", account="Wallet", date=date)
    new(client, "/incomes", description="refund", amount="1", category="Food", account="Card", tags=["trip"])
    new(client, "/expenses", description="loose", amount="1200", currency="JPY", date="2026-11-04")
    transfer = {"description": "move", "date": "2026-11-05", "amount": "10"}
    new(client, "/transfers", **transfer, **{"from": "Bank", "to": "Card"})
    new(client, "/transfers", **transfer, **{"from": "Bank", "to": "Wallet"}, received="9.20")
    new(client, "/transfers", **transfer, **{"from": "Bank", "to": "Wallet"}, received="9", received_on="2026-11-07")
    new(client, "/transfers", **transfer, **{"from": "Bank", "to": "Card"}, received_on="2026-11-04")
    new(client, "/transfers", **transfer, **{"from": None, "to": "Bank"})
    row = new(client, "/expenses", description="market", amount="20", account="Bank", date="2026-11-06")
    parts = [{"amount": "12.50", "category": "Food", "tags": ["date"]}, {"amount": "7.50", "tags": ["summer trip"]}]
    assert client.put(f"/transactions/{row['id']}/split", {"parts": parts}).status_code == 200


@pytest.mark.parametrize("form", FORMS)
def test_the_balances_are_those_of_the_accounts_and_the_summary(
    form: str, alice: User, bob: User, as_alice: APIClient, as_outsider: APIClient
) -> None:
    for owner in (alice, bob):
        fill(owner)

    entries = entries_of(as_alice, form)

    last = balances(entries)
    for date in ("2026-11-01", "2026-11-04", "2026-11-05", "2026-11-06", "2026-11-30"):
        found = balances(entries, datetime.date.fromisoformat(date))
        for account in as_alice.get(f"/accounts?date={date}").json()["results"]:
            root = "Liabilities" if account["kind"] == "card" else "Assets"
            assert found[f"{root}:{account['name']}", account["currency"]] == Decimal(account["balance"]), date
    for total in as_alice.get("/summary").json()["total"]:
        for root, name in (("Expenses", "expense"), ("Income", "income")):
            sums = [
                sum_
                for (account, currency), sum_ in last.items()
                if account.startswith(f"{root}:") and currency == total["currency"]
            ]
            assert sum(sums) == -Decimal(total[name])
    in_transit = [name for name, _currency in last if "ransit" in name]
    assert in_transit
    assert not any(last[name, currency] for name in in_transit for currency in ("USD", "EUR"))
    assert entries_of(as_outsider, form) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_transfer_and_a_split_are_one_entry(form: str, alice: User, bob: User, as_alice: APIClient) -> None:
    fill(bob)
    fill(alice)
    entries = entries_of(as_alice, form)
    between = " " if form == "journal" else "-"

    def shown(entry: Posting) -> dict[str, tuple[str, str]]:
        return {posted.account: (str(posted.amount), posted.currency) for posted in entry.postings}

    [market] = [shown(entry) for entry in entries if "market" in entry.description]
    assert market == {
        "Expenses:Household:Food": ("12.50", "USD"),
        f"Expenses:Without{between}a{between}category": ("7.50", "USD"),
        "Assets:Bank": ("-20.00", "USD"),
    }
    moves = [shown(entry) for entry in entries if "move" in entry.description]
    assert len(moves) == 7  # two of those whose days differ
    assert {"Liabilities:Card": ("10.00", "USD"), "Assets:Bank": ("-10.00", "USD")} in moves
    assert {"Assets:Wallet": ("9.20", "EUR"), "Assets:Bank": ("-10.00", "USD")} in moves
    assert {"Assets:Bank": ("10.00", "USD"), "Equity:Adjustments": ("-10.00", "USD")} in moves


def test_tags_and_notes_are_where_each_program_looks_for_them(
    alice: User, as_alice: APIClient, as_bob: APIClient
) -> None:
    fill(alice)
    TagFactory.create(owner=alice, name="東京")
    notes = 'Total: 5\n; "x" \\ y'
    new(as_alice, "/expenses", description='(a) "b"; c', amount=1, tags=["trip", "東京"], notes=notes)

    [entry] = [one for one in entries_of(as_alice, "journal") if '"b"' in one.description]
    assert entry.description == '() (a) "b", c'
    assert entry.comments[1:] == ["trip:", "東京:", "Total : 5", '"x" \\ y']
    [market] = [one for one in entries_of(as_alice, "journal") if one.description == "market"]
    assert [posted.tags for posted in market.postings] == ["date-:", "summer-trip:", ""]
    [entry] = [one for one in entries_of(as_alice, "beancount") if one.description.startswith('"(a)')]
    assert entry.description == '"(a) \\"b\\"; c" #trip'
    assert entry.comments[1:] == ['tags: "東京"', 'notes: "Total: 5\\n; \\"x\\" \\\\ y"']
    [market] = [one for one in entries_of(as_alice, "beancount") if '"market"' in one.description]
    assert market.description == '"market" #date #summer-trip'
    assert entries_of(as_bob, "journal") == []


@pytest.mark.parametrize("form", FORMS)
def test_a_part_of_the_list_has_its_entries_and_no_openings(form: str, alice: User, as_alice: APIClient) -> None:
    fill(alice)

    def counted(query: str, path: str = "/transactions") -> int:
        entries = entries_of(as_alice, form, query, path)
        assert not [entry for entry in entries if "Opening" in entry.description]
        return len(entries)

    assert counted("?category=Food") == 5  # also the part of the split
    assert counted("?transfer=true") == 7
    assert counted("?account=Card&transfer=true") == 2  # each with its other account
    assert counted("", "/expenses") == 5
    assert counted("", "/incomes") == 4


# -- Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clean", "names"),
    [
        (hledger._account, {"a:b": "a-b", "a;  b": "a, b", "(x)": "(x)", "été": "été"}),
        (beancount._account, {"eating out": "Eating-out", "été": "Été", "食費": "X-食費", "🍕": "X", "3rd": "3rd"}),
    ],
)
def test_a_name_is_one_that_the_program_takes(clean: Any, names: dict[str, str]) -> None:
    assert {name: clean(name) for name in names} == names


NAMES = st.text(st.sampled_from("aA1:;-é食 ()🍕"), min_size=1, max_size=3)


@reaches(changed=60, alike=30)
@given(paths=st.lists(st.tuples(st.sampled_from(["Assets", "Income"]), NAMES), unique=True, min_size=2))
def test_two_names_never_become_one(paths: list[tuple[str, str]]) -> None:
    for clean, between, pattern in (
        (hledger._account, " ", r"[A-Z]\w+:[^:;]*"),
        (beancount._account, "-", r"[A-Z]\w+:[^\W_][\w-]*"),
    ):
        names = Names(clean, between)
        found = [names.of(path) for path in paths]
        assert len(set(found)) == len(paths)
        assert [names.of(path) for path in paths] == found
        assert all(re.fullmatch(pattern, name) for name in found), found
        if any(name != ":".join(path) for name, path in zip(found, paths, strict=True)):
            reached("changed")
        if len({(root, clean(name)) for root, name in paths}) < len(paths):
            reached("alike")


# -- As exports -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", TYPES)
def test_it_is_asked_for_by_suffix_or_accept_and_has_an_order_of_its_own(
    form: str, alice: User, as_alice: APIClient, nobody: APIClient
) -> None:
    fill(alice)
    for path in ("/transactions", "/expenses", "/incomes"):
        by_suffix = as_alice.get(f"{path}.{form}")
        by_accept = as_alice.get(path, headers={"Accept": TYPES[form]})
        assert by_suffix["Content-Type"] == f"{TYPES[form]}; charset=utf-8"
        assert by_suffix["Content-Disposition"] == f'attachment; filename="{path[1:]}.{form}"'
        seconds = re.compile("<DTSERVER>[0-9]+")
        assert seconds.sub("", text_of(by_suffix)) == seconds.sub("", text_of(by_accept))
        assert nobody.get(f"{path}.{form}").status_code == 401
    for name in ("ordering", "page_size", "cursor", "colour"):
        answer = as_alice.get(f"/transactions.{form}?{name}=date")
        problem_of(answer, 400, "unknown_parameter", (name, "unknown_parameter"))
    assert as_alice.get(f"/categories.{form}").status_code == 404
    assert as_alice.get("/categories", headers={"Accept": TYPES[form]}).status_code == 406


@pytest.mark.parametrize("form", TYPES)
def test_the_number_of_queries_is_constant(
    form: str, alice: User, bob: User, as_alice: APIClient, django_assert_max_num_queries: Any
) -> None:
    fill(alice)
    for number in range(20):
        account: Account = AccountFactory.create(owner=alice, name=f"Account {number}")
        category = CategoryFactory.create(owner=alice, name=f"Kind {number}")
        for factory in (ExpenseFactory, IncomeFactory):
            factory.create(owner=alice, account=account, category=category)
            factory.create(owner=bob)
    with django_assert_max_num_queries(10):
        assert text_of(as_alice.get(f"/transactions.{form}"))


@pytest.mark.parametrize("form", FORMS)
def test_transfers_are_found_in_every_batch(form: str, alice: User, as_alice: APIClient, bob: User) -> None:
    fill(alice)
    Transaction.objects.bulk_create(
        ExpenseFactory.build(owner=alice, date=datetime.date(2026, 11, 5)) for _number in range(BATCH)
    )
    assert len([entry for entry in entries_of(as_alice, form) if "move" in entry.description]) == 7
