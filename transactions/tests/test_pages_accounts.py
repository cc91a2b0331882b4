"""The pages of accounts and transfers: balances by kind, registers, reconciling, and money that moves."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from cashman_project.api.tests.pages import Browser, Node, Page, fields
from transactions.models import Account, BalanceCheck, Transaction, Transfer
from transactions.tests.factories import AccountFactory, ExpenseFactory, IncomeFactory
from users.models import User

TODAY = datetime.date(2026, 3, 15)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(User, "today", lambda _user: TODAY)


@pytest.fixture
def bank(alice: User) -> Account:
    opening = {"opening_date": datetime.date(2026, 1, 31), "opening_balance": Decimal(100)}
    account = AccountFactory.create(owner=alice, name="Bank", **opening)
    ExpenseFactory.create(owner=alice, account=account, amount=Decimal(30), date=datetime.date(2026, 2, 3))
    IncomeFactory.create(owner=alice, account=account, amount=Decimal(50), date=datetime.date(2026, 3, 1))
    return account


@pytest.fixture
def savings(alice: User) -> Account:
    return AccountFactory.create(owner=alice, name="Savings", kind="savings")


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


def form_to(page: Page, path: str, text: str = "", method: str = "post") -> Node:
    """Return the page's only form to this path that has this text."""
    [form] = [form for form in page.main.all("form", method=method) if form["action"] == path and text in form.text]
    return form


def send(browser: Browser, form: Node, **values: str) -> Page:
    """Send the form with these values, and return the page that it leads to."""
    return browser.follow(post(browser, form["action"], {**fields(form), **values}))


def post(browser: Browser, path: str, values: Mapping[str, object]) -> Any:
    """Return the response to a form with these values."""
    return browser.client.post(path, urlencode(values, doseq=True), "application/x-www-form-urlencoded")


def test_accounts_are_shown_by_kind_with_their_sums(
    browser: Browser, alice: User, bob: User, bank: Account, savings: Account
) -> None:
    AccountFactory.create(owner=bob, name="Not hers")
    AccountFactory.create(owner=alice, name="Yen", currency="JPY", opening_date=TODAY, opening_balance=Decimal(700))
    AccountFactory.create(owner=alice, name="Old", kind="savings", archived=True)

    page = browser.get("/accounts")

    assert page.rows() == [
        ["Checking account"],
        ["Bank", "120.00 USD"],
        ["Yen", "700 JPY"],
        ["Savings account"],
        ["Savings", "0.00 USD"],
        ["Archived"],
        ["Old", "0.00 USD"],
    ]
    assert page.main.one("ul", class_="worth").text == "120.00 USD in all accounts, today 700 JPY"
    assert next(link["href"] for link in page.main.one("tbody").all("a")) == f"/accounts/{bank.pk}/register"


def test_without_accounts_the_page_says_what_one_is(browser: Browser) -> None:
    page = browser.get("/accounts")

    assert "An account is where money is" in page.main.one("p", class_="empty").text
    assert "open" in page.main.one("details", class_="add").attributes


def test_a_new_account_begins_with_what_is_in_it(browser: Browser, alice: User) -> None:
    form = form_to(browser.get("/accounts"), "/accounts")
    sent = {**fields(form), "name": "Wallet", "kind": "cash", "opening": ["2026-03-01", "1.234,50"]}

    browser.follow(post(browser, "/accounts", sent))
    account = Account.objects.get(owner=alice)
    assert (account.opening_date, account.opening_balance) == (datetime.date(2026, 3, 1), Decimal("1234.5"))


def test_a_register_has_the_balance_after_each_row_and_the_checks_between_them(
    browser: Browser, alice: User, bank: Account
) -> None:
    BalanceCheck.objects.create(owner=alice, account=bank, date=datetime.date(2026, 2, 28), balance=Decimal(70))
    BalanceCheck.objects.create(owner=alice, account=bank, date=TODAY, balance=Decimal(119))

    rows = browser.get(f"/accounts/{bank.pk}/register").rows()

    assert [row[-1] for row in rows] == [
        "≠ 15 Mar 2026: the bank says 119.00. The difference is −1.00.",
        "120.00",
        "✓ 28 Feb 2026: the bank says 70.00, as you do.",
        "70.00",
    ]


def test_pages_of_a_register_have_each_check_once(browser: Browser, alice: User, bank: Account) -> None:
    for day in (5, 28):
        check = {"date": datetime.date(2026, 2, day), "balance": Decimal(70)}
        BalanceCheck.objects.create(owner=alice, account=bank, **check)
    ExpenseFactory.create(owner=alice, account=bank, amount=Decimal(1), date=datetime.date(2026, 2, 10))
    path, told = f"/accounts/{bank.pk}/register?page_size=1", []
    while path:
        page = browser.get(path)
        told += [row.text[:13] for row in page.main.one("tbody").all("tr", class_="check")]
        path = next((link["href"].removeprefix("http://testserver") for link in page.main.all("a", rel="next")), "")

    assert told == ["≠ 28 Feb 2026", "✓ 5 Feb 2026:"]


def test_an_entry_from_the_register_is_of_its_account(browser: Browser, alice: User, bank: Account) -> None:
    page = browser.get(f"/accounts/{bank.pk}/register")

    page = send(browser, form_to(page, "/expenses"), description="Bread", amount="2.50")

    assert page.rows()[0] == ["15 Mar 2026", "Bread", "", "−2.50", "117.50"]
    assert Transaction.objects.get(description="Bread").account == bank


def test_reconciling_shows_what_is_missing_and_locks(browser: Browser, alice: User, bank: Account) -> None:
    page = browser.get(f"/accounts/{bank.pk}/checks")
    asked = form_to(page, f"/accounts/{bank.pk}/checks", method="get")
    assert fields(asked) == {"date": "2026-03-15", "balance": ""}

    page = browser.get(f"/accounts/{bank.pk}/checks?date=2026-03-10&balance=90")
    told = page.main.one("section", class_="compare").text
    assert "The bank says 90.00 USD Your transactions say 120.00 USD Difference −30.00 USD" in told
    assert "Lock" not in told
    assert page.rows() == [
        ["1 Mar 2026", page.rows()[0][1], "+50.00"],
        ["3 Feb 2026", page.rows()[1][1], "−30.00"],
    ]
    assert "as much as the difference" in page.rows()[1][1]
    missing = form_to(page, "/expenses")
    assert (fields(missing)["amount"], fields(missing)["date"]) == ("30.00", "2026-03-10")
    page = send(browser, missing, description="Forgotten")
    assert "Both agree." in page.main.one("section", class_="compare").text

    check = f"/accounts/{bank.pk}/checks/2026-03-10"
    page = send(browser, form_to(page, check), _method="PUT")
    assert "locked" in page.main.one("section", class_="compare").text
    assert BalanceCheck.objects.get(owner=alice).locked
    page = send(browser, form_to(page, check, "Unlock"), _method="PUT")
    assert not BalanceCheck.objects.get(owner=alice).locked
    page = send(browser, form_to(page, check, "Delete it"))
    assert not BalanceCheck.objects.exists()


@pytest.mark.parametrize(("query", "name"), [("date=x&balance=1", "date"), ("date=2026-03-01&balance=x", "balance")])
def test_what_can_not_be_compared_is_told(browser: Browser, bank: Account, query: str, name: str) -> None:
    page = browser.get(f"/accounts/{bank.pk}/checks?{query}")

    assert list(page.errors()) == [name]
    assert not page.main.all("section", class_="compare")


def test_another_owners_account_has_no_pages(browser: Browser, bob: User) -> None:
    other = AccountFactory.create(owner=bob)

    for path in ("", "/register", "/checks", "/checks?date=2026-03-01&balance=1", "/checks/2026-03-01"):
        browser.get(f"/accounts/{other.pk}{path}", 404)


def test_a_transfer_is_shown_by_both_accounts(browser: Browser, bank: Account, savings: Account) -> None:
    page = send(browser, form_to(browser.get("/transfers"), "/transfers"), amount="12,50")

    [row] = page.rows()
    assert row == ["15 Mar 2026", "Bank → Savings", "Bank → to Savings", "12.50 USD"]
    rows = browser.get("/transactions?transfer=true").rows()
    assert {row[-2] for row in rows} == {"Bank → to Savings"}
    assert {row[-1] for row in rows} == {"+12.50 USD", "−12.50 USD"}
    register = browser.get(f"/accounts/{savings.pk}/register").rows()
    assert [row[2:] for row in register] == [["Bank → to Savings", "+12.50", "12.50"]]


def test_a_leg_points_to_its_transfer_and_keeps_what_belongs_to_it(
    browser: Browser, bank: Account, savings: Account
) -> None:
    send(browser, form_to(browser.get("/transfers"), "/transfers"), amount="5")
    leg = Transaction.objects.filter(transfer__isnull=False)[0]

    page = browser.get(f"/transactions/{leg.pk}")

    assert "Bank → to Savings" in page.main.one("p", class_="callout").text
    [form] = page.main.all("form")
    kept = {"amount", "date", "account", "currency"}
    assert not kept & fields(form).keys()
    send(browser, form, notes="monthly")
    leg.refresh_from_db()
    assert leg.notes == "monthly"
    send(browser, form_to(browser.get(f"/transfers/{leg.transfer_id}"), f"/transfers/{leg.transfer_id}/unlink"))
    assert not Transfer.objects.exists()
    assert Transaction.objects.filter(transfer__isnull=True).count() == 4


def pair(alice: User, bank: Account, savings: Account, amount: int = 77) -> tuple[Any, Any]:
    values = {"owner": alice, "amount": Decimal(amount), "date": TODAY}
    return ExpenseFactory.create(account=bank, **values), IncomeFactory.create(account=savings, **values)


def test_a_proposal_is_accepted_or_rejected(browser: Browser, alice: User, bank: Account, savings: Account) -> None:
    pair(alice, bank, savings)
    page = browser.get("/transfers/proposals")
    [form] = page.main.one("ul", class_="pairs").all("form")
    [reject] = form.all("button", formaction="/transfers/rejections")
    page = browser.follow(post(browser, reject["formaction"], fields(form)))
    assert not page.main.all("ul", class_="pairs")

    pair(alice, bank, savings, 78)
    [form] = browser.get("/transfers/proposals").main.one("ul", class_="pairs").all("form")
    send(browser, form)
    assert Transfer.objects.count() == 1


def test_a_transaction_offers_to_be_linked(browser: Browser, alice: User, bank: Account, savings: Account) -> None:
    _expense, income = pair(alice, bank, savings)

    page = send(browser, form_to(browser.get(f"/incomes/{income.pk}"), "/transfers/link"))

    assert Transfer.objects.count() == 1
    assert page.status == 200


def test_forms_offer_the_accounts_and_begin_with_the_default_one(
    browser: Browser, alice: User, bank: Account, savings: Account
) -> None:
    AccountFactory.create(owner=alice, name="Old", archived=True)
    User.objects.filter(pk=alice.pk).update(account=savings.pk)

    select = browser.get("/expenses").main.one("select", id="new-account")

    assert [option["value"] for option in select.all("option")] == ["", "Bank", "Savings"]
    assert [option["value"] for option in select.all("option", selected="")] == ["Savings"]
    select = browser.get("/expenses?account=Bank").main.one("select", id="new-account")
    assert [option["value"] for option in select.all("option", selected="")] == ["Bank"]


def test_who_has_no_accounts_is_not_asked_for_one(browser: Browser) -> None:
    assert not browser.get("/expenses").main.all("select", name="account")
