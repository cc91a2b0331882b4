"""What a plan asks of the account of a file, how a page asks it, and how a new account begins."""

import datetime
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Page, fields
from statements.tests.pages import button, plan_of, sentences
from statements.tests.plans import commit, upload
from transactions.models import Account, BalanceCheck
from users.models import User

LINES = b"Date,Description,Amount\n2026-11-20,Rent,-500.00\n2026-11-21,Tea,-2.50\n"
EUROS = b"Date,Description,Amount,Currency\n2026-11-20,Rent,-500.00,EUR\n2026-11-21,Tea,-2.50,EUR\n"
MT940 = b""":20:REF
:25:NL99BANK0123456789
:60F:C261031EUR100,00
:61:2611051105D10,00NMSCNONREF
:86:BAKERY
:62F:C261130EUR90,00
-
"""
# Of an account whose balance the bank tells at the end only.
OFX = b"""OFXHEADER:100
DATA:OFXSGML
VERSION:102

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>123<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261101<DTEND>20261130
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261105<TRNAMT>-10.00<FITID>1<NAME>BAKERY</STMTTRN>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261107<TRNAMT>30.00<FITID>2<NAME>SALARY</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>120.00<DTASOF>20261130</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


@pytest.fixture
def purse(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Purse", currency="USD")


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


def labels(page: Page) -> list[str]:
    return [one.text for one in page.main.one("fieldset").all("label")]


# -- The question ------------------------------------------------------------------------------


def test_a_question_of_an_account_has_its_first_lines(as_alice: APIClient, bank: Account) -> None:
    [question] = upload(as_alice, EUROS).json()["questions"]

    assert question["option"] == "account"
    assert question["lines"] == [
        {"line": 2, "date": "2026-11-20", "amount": "-500.00", "currency": "EUR", "description": "Rent"},
        {"line": 3, "date": "2026-11-21", "amount": "-2.50", "currency": "EUR", "description": "Tea"},
    ]


def test_each_of_several_accounts_has_its_own_lines(as_alice: APIClient, bank: Account) -> None:
    content = b"Account,Date,Description,Amount,Currency\nOne,2026-11-20,Rent,-1.00,EUR\nTwo,2026-11-21,Tea,-2.00,EUR\n"

    questions = upload(as_alice, content).json()["questions"]

    told = {one["example"]: [line["description"] for line in one["lines"]] for one in questions}
    assert told == {"One": ["Rent"], "Two": ["Tea"]}


def test_an_import_makes_no_more_than_50_accounts(as_alice: APIClient, bank: Account) -> None:
    content = b"Account,Date,Description,Amount,Currency\n"
    content += b"".join(b"%d,2026-11-20,Rent,-1.00,EUR\n" % number for number in range(1, 53))
    plan = upload(as_alice, content, create_account="true").json()
    assert [(one["option"], one["example"]) for one in plan["questions"]] == [("accounts", "51"), ("accounts", "52")]

    plan = as_alice.patch(f"/imports/{plan['id']}", {"accounts": {"51": "Bank", "52": "Bank"}}).json()

    assert (plan["counts"]["new"], len(plan["makes"]["accounts"])) == (52, 50)


def test_five_lines_are_enough(as_alice: APIClient, bank: Account) -> None:
    [question] = upload(as_alice, LINES + b"2026-11-22,Tea,-2.50\n" * 9).json()["questions"]

    assert len(question["lines"]) == 5
    assert question["lines"][0]["currency"] is None


def test_a_line_may_have_more_decimals_than_amounts(browser: Browser, as_alice: APIClient, bank: Account) -> None:
    [question] = upload(as_alice, EUROS.replace(b"-2.50", b"-2.12345")).json()["questions"]

    assert [one["amount"] for one in question["lines"]] == ["-500.00", "-2.12345"]
    page = plan_of(browser, EUROS.replace(b"-2.50", b"-2.12345"))
    rows = page.main.one("table", class_="sample").all("tr")
    assert [row.all("td")[2].text for row in rows] == ["−500.00 EUR", "−2.12345 EUR"]


def test_a_question_of_a_reader_has_no_lines(as_alice: APIClient, bank: Account) -> None:
    content = b"Date,Description,Amount\n03/04/2026,Coffee,-3.50\n"

    [question] = upload(as_alice, content, account="Bank").json()["questions"]

    assert (question["option"], question["lines"]) == ("date_format", [])


def test_only_accounts_of_the_currency_of_the_file_are_offered(
    as_alice: APIClient, bank: Account, purse: Account
) -> None:
    for content, names in ((EUROS, ["Bank"]), (LINES, ["Bank", "Purse"])):
        [question] = upload(as_alice, content).json()["questions"]

        assert [one["value"] for one in question["choices"]] == names


# -- On a page ---------------------------------------------------------------------------------


def test_the_page_shows_the_lines_and_the_currencies(browser: Browser, bank: Account, purse: Account) -> None:
    page = plan_of(browser, LINES)

    shown = [[cell.text for cell in row.all("td")] for row in page.main.one("table", class_="sample").all("tr")]
    assert shown == [["20 Nov 2026", "Rent", "−500"], ["21 Nov 2026", "Tea", "−2.5"]]
    assert labels(page)[:3] == ["Bank EUR", "Purse USD", "A new account"]
    assert page.main.one("fieldset").one("select")["name"] == "currency"


def test_a_currency_that_the_file_says_is_not_asked(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, EUROS)

    assert not page.main.one("fieldset").all("select")
    page = browser.follow(browser.send(button(page, "Continue"), **{"answer.0": "new", "new_account.0": "New"}))
    assert sentences(page)[1] == "Makes the account New, in EUR."


def test_any_currency_can_be_the_answer(browser: Browser, as_alice: APIClient, bank: Account) -> None:
    plan = upload(as_alice, LINES, account="New", create_account="true").json()
    assert [one["option"] for one in plan["questions"]] == ["currency"]

    page = browser.get(f"/imports/{plan['id']}")
    assert "JPY" in [one["value"] for one in page.main.one("fieldset").one("select").all("option")]
    page = browser.follow(browser.send(button(page, "Continue"), **{"answer.0": "CHF"}))

    assert sentences(page)[1] == "Makes the account New, in CHF."


def test_the_account_of_the_last_file_of_this_kind_is_chosen(
    browser: Browser, as_alice: APIClient, bank: Account, purse: Account
) -> None:
    assert "answer.0" not in fields(button(plan_of(browser, LINES), "Continue"))
    commit(as_alice, upload(as_alice, LINES, account="Purse"))

    page = plan_of(browser, LINES.replace(b"Tea", b"Jam"))

    assert fields(button(page, "Continue"))["answer.0"] == "own:Purse"
    assert labels(page)[1] == "Purse USD as for the last files of this kind"
    assert "answer.0" not in fields(button(plan_of(browser, LINES.replace(b"Date", b"Day")), "Continue"))


def test_nothing_is_chosen_if_such_files_were_of_two_accounts(
    browser: Browser, as_alice: APIClient, bank: Account, purse: Account
) -> None:
    for name in ("Bank", "Purse"):
        commit(as_alice, upload(as_alice, LINES, account=name))

    assert "answer.0" not in fields(button(plan_of(browser, LINES), "Continue"))


def test_a_number_is_chosen_only_if_it_is_the_same(browser: Browser, as_alice: APIClient, bank: Account) -> None:
    commit(as_alice, upload(as_alice, MT940, account="Bank"))

    assert fields(button(plan_of(browser, MT940), "Continue"))["answer.0"] == "own:Bank"
    other = MT940.replace(b"NL99BANK0123456789", b"NL88BANK0123456780")
    assert "answer.0" not in fields(button(plan_of(browser, other), "Continue"))


def test_another_account_can_be_chosen(browser: Browser, bank: Account, purse: Account) -> None:
    page = plan_of(browser, LINES, account="Purse")
    assert sentences(page) == ["Creates 2 transactions in Purse."]

    page = browser.follow(browser.send(page.main.one("form", id="account")))

    page = browser.follow(browser.send(button(page, "Continue"), **{"answer.0": "own:Bank"}))
    assert sentences(page) == ["Creates 2 transactions in Bank."]


def test_a_name_beside_another_answer_is_refused(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, LINES)

    refused = Page(browser.send(button(page, "Continue"), **{"answer.0": "own:Bank", "new_account.0": "New"}))

    assert refused.status == 400
    assert refused.errors() == {"new_account.0": "Choose “A new account”, or clear its name."}


# -- Where an account begins -------------------------------------------------------------------


def test_a_new_account_has_the_closing_balance_of_the_file(as_alice: APIClient, alice: User) -> None:
    plan = upload(as_alice, OFX, account="New", create_account="true").json()
    assert plan["statement"]["opening"] is None
    [made] = plan["makes"]["accounts"]
    assert made["opening"] == {"date": "2026-11-04", "balance": "100.00"}

    commit(as_alice, plan)

    account = Account.objects.get(owner=alice)
    assert (account.opening_date, account.opening_balance) == (datetime.date(2026, 11, 4), 100)
    [check] = as_alice.get(f"/accounts/{account.pk}/checks").json()["results"]
    assert Decimal(check["difference"]) == 0


def test_where_it_begins_is_not_guessed_if_a_line_is_unreadable(as_alice: APIClient, alice: User) -> None:
    plan = upload(as_alice, OFX.replace(b"-10.00", b"ten"), account="New", create_account="true").json()

    assert plan["counts"]["error"] == 1
    assert plan["makes"]["accounts"][0]["opening"] is None


def test_where_it_begins_is_not_guessed_if_an_unreadable_line_may_be_of_it(as_alice: APIClient, alice: User) -> None:
    """The file has two accounts, and does not say of which one a line is that can't be read."""
    first = OFX[OFX.index(b"<STMTTRNRS>") : OFX.index(b"</BANKMSGSRSV1>")]
    second = first.replace(b"<ACCTID>123", b"<ACCTID>456").replace(b"-10.00", b"ten")
    plan = upload(as_alice, OFX.replace(first, first + second), create_account="true").json()

    assert plan["counts"]["error"] == 1
    assert [one["opening"] for one in plan["makes"]["accounts"]] == [None, None]


def test_where_it_begins_is_not_guessed_if_the_lines_end_before_the_balance(as_alice: APIClient, alice: User) -> None:
    """Some banks give the balance of today, whatever the period of the lines is."""
    content = OFX.replace(b"<DTEND>20261130", b"<DTEND>20261110")
    plan = upload(as_alice, content, account="New", create_account="true").json()

    assert plan["makes"]["accounts"][0]["opening"] is None


def test_an_account_without_lines_begins_with_its_closing_balance(as_alice: APIClient, alice: User) -> None:
    lines = OFX[OFX.index(b"<STMTTRN>") : OFX.index(b"</BANKTRANLIST>")]
    plan = upload(as_alice, OFX.replace(lines, b""), account="New", create_account="true").json()
    assert plan["makes"]["accounts"][0]["opening"] == {"date": "2026-11-30", "balance": "120.00"}

    commit(as_alice, plan)

    account = Account.objects.get(owner=alice)
    [check] = as_alice.get(f"/accounts/{account.pk}/checks").json()["results"]
    assert Decimal(check["difference"]) == 0


def test_a_balance_in_another_currency_is_none_of_the_account(as_alice: APIClient, alice: User, purse: Account) -> None:
    plan = upload(as_alice, MT940, account="Purse").json()

    assert plan["counts"]["error"] == 1
    assert (plan["statement"]["opening"], plan["statement"]["closing"]) == (None, None)
    commit(as_alice, plan)
    assert not BalanceCheck.objects.filter(owner=alice).exists()
