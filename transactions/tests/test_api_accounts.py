"""Accounts: their fields, their balances, their registers and their checks."""

import datetime
import json
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from transactions.models import Account, BalanceCheck, Transaction
from transactions.tests.factories import AccountFactory, CategoryFactory, ExpenseFactory
from users.erasure import erase_users
from users.models import User

BANK = {"name": "Bank", "opening": {"date": "2026-01-31", "balance": "100.00"}}


def make(client: APIClient, **body: Any) -> Any:
    answer = client.post("/accounts", {"name": "Bank", **body})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def spend(client: APIClient, amount: Any, date: str, **body: Any) -> Any:
    kind = "INCOME" if amount > 0 else "EXPENSE"
    body = {"type": kind, "description": "x", "amount": str(amount), "date": date, "account": "Bank", **body}
    answer = client.post("/transactions", body)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def balance(client: APIClient, pk: str, date: str = "2200-12-31") -> str:
    return str(client.get(f"/accounts/{pk}?date={date}").json()["balance"])


def test_an_account_has_these_fields(as_alice: APIClient) -> None:
    row = make(as_alice)
    fields = ["id", "name", "kind", "currency", "identifier", "opening", "archived", "balance"]
    assert list(row) == [*fields, "version", "created_at", "updated_at"]
    assert {name: row[name] for name in fields[2:]} == {
        "kind": "checking",
        "currency": "USD",
        "identifier": None,
        "opening": None,
        "archived": False,
        "balance": "0.00",
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Bank", "kind": "piggy"}, "kind"),
        ({"name": "Bank", "currency": "XXX"}, "currency"),
        ({"name": "Bank", "opening": {"date": "2026-01-31"}}, "opening.balance"),
        ({"name": "Bank", "opening": {"date": "31.1.2026", "balance": 1}}, "opening.date"),
        ({"name": "Bank", "opening": {"date": "2026-01-31", "balance": 1, "x": 1}}, "opening.x"),
        ({"name": "Bank", "opening": "2026-01-31 5"}, "opening"),
        ({"name": "Bank", "currency": "JPY", "opening": {"date": "2026-01-31", "balance": "1.5"}}, "opening"),
        ({"name": "Bank", "balance": "5.00"}, "balance"),
        ({"name": "Bank", "opening": {"date": "2026-01-31", "balance": 10**12}}, "opening"),
    ],
)
def test_what_an_account_refuses(as_alice: APIClient, body: Any, field: str) -> None:
    answer = as_alice.post("/accounts", body)
    assert answer.status_code == 400
    assert [error["field"].partition(".")[0] for error in answer.json()["errors"]] == [field.partition(".")[0]]


def test_a_balance_is_sent_back_as_it_is_or_refused(as_alice: APIClient) -> None:
    account = as_alice.post("/accounts", {"name": "Bank"}).json()
    url = f"/accounts/{account['id']}"

    assert as_alice.patch(url, {"name": "Bank 2", "balance": account["balance"]}).status_code == 200
    others: list[Any] = ["7.00", "7", 7, None, [], ""]
    for balance in others:
        problem_of(as_alice.patch(url, {"balance": balance}), 400, "invalid", ("balance", "read_only"))


def test_names_are_unique_for_their_owner(as_alice: APIClient, as_bob: APIClient) -> None:
    make(as_alice)
    assert as_alice.post("/accounts", {"name": " bank"}).status_code == 409
    make(as_bob)


def test_a_balance_counts_from_the_opening_on_both_sides(as_alice: APIClient, as_bob: APIClient) -> None:
    pk = make(as_alice, **BANK)["id"]
    make(as_bob)
    spend(as_bob, -7, "2026-02-01")
    for amount, date in ((-10, "2025-12-15"), (5, "2026-01-31"), (-3, "2026-02-01"), (2, "2026-03-15")):
        spend(as_alice, amount, date)
    days = {
        "2025-12-14": "105.00",  # so that it is 100.00 at the end of the opening date
        "2025-12-15": "95.00",
        "2026-01-30": "95.00",
        "2026-01-31": "100.00",
        "2026-02-01": "97.00",
        "2026-03-14": "97.00",
        "2026-03-15": "99.00",
    }
    assert {day: balance(as_alice, pk, day) for day in days} == days
    assert as_alice.get("/accounts?date=2026-02-01").json()["results"][0]["balance"] == "97.00"
    assert as_alice.get("/accounts?date=x").status_code == 400


def test_an_older_row_changes_no_balance_after_the_opening(as_alice: APIClient) -> None:
    pk = make(as_alice, **BANK)["id"]
    spend(as_alice, -30, "2026-02-02")
    before = balance(as_alice, pk)
    spend(as_alice, -1000, "2020-05-05")
    assert balance(as_alice, pk) == before == "70.00"


def test_the_tag_changes_with_the_balance(as_alice: APIClient) -> None:
    pk = make(as_alice)["id"]
    tag = as_alice.get(f"/accounts/{pk}")["ETag"]
    assert as_alice.get(f"/accounts/{pk}", headers={"If-None-Match": tag}).status_code == 304
    spend(as_alice, -1, "2026-01-01")
    assert as_alice.get(f"/accounts/{pk}", headers={"If-None-Match": tag}).status_code == 200


def test_balances_of_many_accounts_take_one_query(
    alice: User, as_alice: APIClient, django_assert_max_num_queries: Any
) -> None:
    for number in range(50):
        account = AccountFactory.create(owner=alice, opening_date=datetime.date(2026, 1, 1), opening_balance=number)
        ExpenseFactory.create(owner=alice, account=account, amount=1)
    with django_assert_max_num_queries(5):
        rows = as_alice.get("/accounts?page_size=100").json()["results"]
    assert sorted(Decimal(row["balance"]) for row in rows) == [number - 1 for number in range(50)]


def test_a_row_takes_the_currency_of_its_account(as_alice: APIClient) -> None:
    make(as_alice, currency="JPY")
    row = spend(as_alice, -100, "2026-01-01")
    assert (row["currency"], row["account"], row["amount"]) == ("JPY", "Bank", "-100")
    many = as_alice.post("/expenses", [{"description": "x", "amount": 5, "account": name} for name in ("bank", "BANK")])
    assert {(one["currency"], one["account"]) for one in many.json()} == {("JPY", "Bank")}
    body = {"description": "x", "amount": 5, "account": "Bank", "currency": "USD"}
    for answer in (as_alice.post("/expenses", body), as_alice.patch(f"/transactions/{row['id']}", {"currency": "USD"})):
        assert answer.status_code == 400
        assert [error["code"] for error in answer.json()["errors"]] == ["currency_mismatch"]
    assert as_alice.post("/expenses", body | {"account": "Nowhere"}).status_code == 400


def test_nobody_names_the_account_of_another(alice: User, as_alice: APIClient, as_bob: APIClient) -> None:
    make(as_alice)
    body = {"description": "x", "amount": 5, "account": "Bank"}
    assert as_bob.post("/expenses", body).status_code == 400
    row = as_bob.post("/expenses", body | {"account": None}).json()
    assert as_bob.patch(f"/expenses/{row['id']}", {"account": "Bank"}).status_code == 400
    assert as_bob.get("/transactions?account=Bank").status_code == 400
    assert as_bob.patch("/me", {"account": "Bank"}).status_code == 400


def test_the_default_account_is_that_of_new_rows_with_its_currency(as_alice: APIClient) -> None:
    pk = make(as_alice, currency="USD")["id"]
    make(as_alice, name="Yen", currency="JPY")
    assert as_alice.get("/me").json()["account"] is None
    assert as_alice.patch("/me", {"account": "bank"}).json()["account"] == "Bank"
    body = {"description": "x", "amount": 5}
    accounts = [
        as_alice.post("/expenses", {**body, **more}).json()["account"]
        for more in ({}, {"currency": "EUR"}, {"account": None}, {"account": "Yen"}, {"notes": "\n\r"})
    ]
    assert accounts == ["Bank", None, None, "Yen", "Bank"]
    assert [row["account"] for row in as_alice.post("/expenses", [body, body]).json()] == ["Bank", "Bank"]
    assert as_alice.delete(f"/accounts/{pk}?force=true").status_code == 204
    assert as_alice.get("/me").json()["account"] is None
    assert as_alice.post("/expenses", body).json()["account"] is None


def test_the_currency_stays_once_there_are_rows(as_alice: APIClient) -> None:
    pk = make(as_alice)["id"]
    assert as_alice.patch(f"/accounts/{pk}", {"currency": "EUR"}).status_code == 200
    spend(as_alice, -1, "2026-01-01")
    assert as_alice.patch(f"/accounts/{pk}", {"currency": "USD"}).status_code == 400
    assert as_alice.patch(f"/accounts/{pk}", {"archived": True, "name": "Old"}).status_code == 200
    assert as_alice.get("/transactions").json()["results"][0]["account"] == "Old"
    assert as_alice.get("/accounts?archived=false").json()["results"] == []


def test_an_account_in_use_is_deleted_by_force(as_alice: APIClient) -> None:
    pk = make(as_alice)["id"]
    row = spend(as_alice, -1, "2026-01-01")
    refused = as_alice.delete(f"/accounts/{pk}")
    assert (refused.status_code, refused.json()["transactions"]) == (409, 1)
    deleted = as_alice.delete(f"/accounts/{pk}?force=true")
    assert as_alice.get(f"/transactions/{row['id']}").json()["account"] is None
    assert as_alice.post(f"/revisions/{deleted['Ledger-Revision']}/undo").status_code == 201
    assert as_alice.get(f"/transactions/{row['id']}").json()["account"] == "Bank"
    assert balance(as_alice, pk) == "-1.00"


def test_filters_and_groups(as_alice: APIClient) -> None:
    make(as_alice)
    spend(as_alice, -1, "2026-01-01")
    spend(as_alice, -2, "2026-01-02", account=None)
    assert [row["amount"] for row in as_alice.get("/expenses?account=BANK").json()["results"]] == ["-1.00"]
    groups = as_alice.get("/summary?group_by=account").json()["results"]
    assert [(group["account"], group["expense"]) for group in groups] == [("Bank", "-1.00"), (None, "-2.00")]
    found = as_alice.get("/summary?group_by=month&account=bank&date_before=2026-01-15").json()["results"]
    assert [group["expense"] for group in found] == ["-1.00"]
    csv = b"".join(as_alice.get("/expenses.csv")).decode()
    assert ",account," in csv.splitlines()[0]
    assert ",Bank," in csv
    assert b"".join(as_alice.get("/accounts.xlsx")).startswith(b"PK")
    assert "opening" in b"".join(as_alice.get("/accounts.csv")).decode()


# -- Registers --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_a_register_has_the_balance_after_each_row(as_alice: APIClient, as_bob: APIClient, size: int) -> None:
    pk = make(as_alice, **BANK)["id"]
    amounts = {"2025-12-15": [-10], "2026-01-31": [5, -1], "2026-02-01": [-3, 4, -5], "2026-03-15": [2]}
    rows = [spend(as_alice, amount, day) for day, found in amounts.items() for amount in found]
    assert as_bob.get(f"/accounts/{pk}/register").status_code == 404
    expected, sum_ = [], Decimal("106.00")  # 100.00 at the end of the opening date
    for row in rows:
        sum_ += Decimal(row["amount"])
        expected.append((row["id"], str(sum_)))
    found, url = [], f"/accounts/{pk}/register?page_size={size}"
    pages = []
    while url:
        page = as_alice.get(url).json()
        pages.append(page)
        found += [(row["id"], row["balance"]) for row in page["results"]]
        url = page["next"]
    assert found == expected[::-1]
    if len(pages) > 1:
        assert as_alice.get(pages[1]["previous"]).json()["results"] == pages[0]["results"]


# -- Checks -----------------------------------------------------------------------------------


def test_a_check_is_compared_and_locked_when_it_is_right(as_alice: APIClient, as_bob: APIClient) -> None:
    pk = make(as_alice, **BANK)["id"]
    row = spend(as_alice, -10, "2026-02-05")
    path = f"/accounts/{pk}/checks/2026-02-28"
    assert as_alice.get(path).status_code == 404
    stated = as_alice.put(path, {"balance": "85.00"})
    assert stated.json() == {
        "date": "2026-02-28",
        "balance": "85.00",
        "computed": "90.00",
        "difference": "-5.00",
        "locked": False,
    }
    assert as_alice.put(path, {"balance": "85.00", "locked": True}).status_code == 400
    spend(as_alice, -5, "2026-02-28")
    assert as_alice.get(path).json()["difference"] == "0.00"
    assert as_alice.put(path, {"balance": 85, "locked": True}).json()["locked"] is True
    assert [one["date"] for one in as_alice.get(f"/accounts/{pk}/checks").json()["results"]] == ["2026-02-28"]
    assert as_bob.get(path).status_code == as_bob.put(path, {"balance": 1}).status_code == 404
    assert as_bob.delete(path).status_code == 404
    assert as_alice.put(path.replace("02-28", "02-31"), {"balance": 1}).status_code == 404
    assert as_alice.put(path, {"balance": "1.00001"}).status_code == 400

    detail = f"/transactions/{row['id']}"
    assert as_alice.patch(detail, {"amount": 11}).json()["code"] == "locked"
    assert as_alice.delete(path).status_code == 204
    assert as_alice.patch(detail, {"amount": 11}).status_code == 200


@pytest.fixture
def locked(alice: User) -> dict[str, Any]:
    """An account that is locked up to 2026-02-28, with a row before and a row after."""
    account = AccountFactory.create(owner=alice, name="Bank")
    category = CategoryFactory.create(owner=alice, name="Food")
    CategoryFactory.create(owner=alice, name="Later")
    values = {"account": account, "category": category, "amount": 1}
    old = ExpenseFactory.create(owner=alice, date=datetime.date(2026, 2, 1), **values)
    new = ExpenseFactory.create(owner=alice, account=account, date=datetime.date(2026, 3, 1), amount=2)
    free = ExpenseFactory.create(owner=alice, date=datetime.date(2026, 2, 1), amount=3)
    day = datetime.date(2026, 2, 28)
    BalanceCheck.objects.create(owner=alice, account=account, date=day, balance=-1, locked=True)
    return {"account": account.pk, "category": category.pk, "old": old.pk, "new": new.pk, "free": free.pk}


def requests() -> list[tuple[str, str, Any, int]]:
    """Return each way to change a locked row: a method, a path, a body, and the status."""
    new = {"description": "x", "amount": 1, "account": "Bank"}
    return [
        ("POST", "/expenses", new | {"date": "2026-02-28"}, 409),
        ("POST", "/expenses", new | {"date": "2026-02-28", "notes": "\r"}, 409),
        ("POST", "/expenses", [new | {"date": "2026-03-01"}, new | {"date": "2026-01-01"}], 409),
        ("POST", "/expenses", new | {"date": "2026-03-01"}, 201),
        ("PATCH", "/expenses/<old>", {"amount": 2}, 409),
        ("PATCH", "/expenses/<old>", {"date": "2026-03-05"}, 409),
        ("PATCH", "/expenses/<old>", {"account": None}, 409),
        ("PATCH", "/expenses/<old>", {"notes": "seen", "description": "y"}, 200),
        ("PATCH", "/expenses/<old>", {"category": None}, 200),
        ("DELETE", "/categories/<category>?into=Later", None, 204),
        ("DELETE", "/categories/<category>?force=true", None, 204),
        ("PATCH", "/categories/<category>", {"name": "Else", "group": "x", "excluded": True}, 200),
        ("PATCH", "/expenses/<new>", {"date": "2026-02-28"}, 409),
        ("PATCH", "/expenses/<new>", {"amount": 3}, 200),
        ("PATCH", "/expenses/<free>", {"account": "Bank"}, 409),
        ("PATCH", "/expenses/<free>", {"account": "Bank", "date": "2026-03-01"}, 200),
        ("PATCH", "/expenses/<free>", {"account": "Bank", "date": "2026-02-28"}, 409),
        ("PATCH", "/transactions", [{"id": "<new>", "amount": 5}, {"id": "<old>", "amount": 5}], 409),
        ("PATCH", "/transactions", [{"id": "<new>", "date": "2026-02-28"}], 409),
        ("PATCH", "/transactions", [{"id": "<old>", "notes": "x"}, {"id": "<new>", "amount": 5}], 200),
        ("DELETE", "/expenses/<old>", None, 409),
        ("DELETE", "/expenses/<new>", None, 204),
        ("POST", "/transactions/delete", {"ids": ["<new>", "<old>"]}, 409),
        ("DELETE", "/accounts/<account>?force=true", None, 409),
        ("POST", "/transfers", {"from": "Bank", "to": "Wallet", "amount": 1, "date": "2026-02-28"}, 409),
        ("POST", "/transfers", {"from": "Bank", "to": "Wallet", "amount": 1, "date": "2026-03-01"}, 201),
    ]


@pytest.mark.parametrize(("method", "path", "body", "status"), requests())
def test_a_lock_holds_at_every_door(
    locked: dict[str, Any], alice: User, as_alice: APIClient, method: str, path: str, body: Any, status: int
) -> None:
    AccountFactory.create(owner=alice, name="Wallet")
    text = json.dumps(body)
    for name, pk in locked.items():
        path, text = path.replace(f"<{name}>", str(pk)), text.replace(f"<{name}>", str(pk))
    before = list(Transaction.objects.order_by("pk").values())
    answer: Any = as_alice.generic(method, path, "" if body is None else text, content_type="application/json")
    assert answer.status_code == status, answer.content
    if status == 409:
        assert answer.json()["code"] == "locked"
        assert list(Transaction.objects.order_by("pk").values()) == before


def test_a_lock_holds_against_an_undo(locked: dict[str, Any], alice: User, as_alice: APIClient) -> None:
    BalanceCheck.objects.for_owner(alice).update(locked=False)
    changed = as_alice.patch(f"/expenses/{locked['old']}", {"amount": 9})["Ledger-Revision"]
    deleted = as_alice.delete(f"/expenses/{locked['old']}")["Ledger-Revision"]
    BalanceCheck.objects.for_owner(alice).update(locked=True)
    for number in (deleted, changed):
        answer = as_alice.post(f"/revisions/{number}/undo", {"force": True})
        assert (answer.status_code, answer.json()["code"]) == (409, "locked")


def test_an_erasure_is_not_held_up(locked: dict[str, Any], alice: User) -> None:
    erase_users(users=[alice])
    assert not Account.objects.exists()
    assert not Transaction.objects.exists()


def test_preconditions_of_a_check(as_alice: APIClient) -> None:
    path = f"/accounts/{make(as_alice)['id']}/checks/2026-02-28"
    assert as_alice.put(path, {"balance": 1}, headers={"If-Match": "*"}).status_code == 412
    assert as_alice.put(path, {"balance": 1}, headers={"If-None-Match": "*"}).status_code == 200
    assert as_alice.put(path, {"balance": 2}, headers={"If-None-Match": "*"}).status_code == 412
    tag = as_alice.get(path)["ETag"]
    assert as_alice.put(path, {"balance": 2}, headers={"If-Match": tag}).status_code == 200
    assert as_alice.delete(path, headers={"If-Match": tag}).status_code == 412
    assert as_alice.delete(path).status_code == 204
