"""The lines of a plan on its page: what happens with each in words, and how that is changed."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cashman_project.api.tests.pages import Browser, Page, fields, form_of
from statements.models import Import
from statements.tests.pages import add, button, notice, page_path, path_of, plan_of, press, row_of, sentences
from statements.tests.plans import CSV, HEADER
from transactions.models import Account, Category, Tag, Transaction
from users.models import User


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


# -- Lines ------------------------------------------------------------------------------------


def test_a_line_is_left_out_and_taken_in_by_one_button_each(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")

    page = press(browser, page, "Leave out", 2)

    assert sentences(page) == ["Creates 3 transactions in Bank.", "Leaves out 1 other line."]
    assert page.rows()[1][3:] == ["Left out", "Take in"]
    page = press(browser, page, "Take in", 2)
    assert sentences(page) == ["Creates 4 transactions in Bank."]


def test_a_button_of_the_table_leads_back_to_its_row(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    one = row_of(page, 2).one("button")
    sent = fields(page.main.one("form", id="change")) | {one["name"]: one["value"]}

    response = browser.client.post(one["formaction"], sent)

    assert response["Location"].endswith("#row-2")


def test_what_was_imported_before_can_be_imported_again(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    browser.follow(browser.send(button(page, "Import 4 transactions")))
    Transaction.objects.filter(owner=alice, description="Rent").delete()
    page = plan_of(browser, CSV, account="Bank")
    assert page.main.one("h2", id="plan").text == "Nothing in this file is new"
    assert [row[3] for row in page.rows()] == ["Imported before, and deleted since", *3 * ["Imported before"]]

    page = press(browser, page, "Import again", 1)

    browser.follow(browser.send(button(page, "Import 1 transaction")))
    assert Transaction.objects.filter(owner=alice, description="Rent").count() == 1


def test_the_page_of_a_line_imports_it_again(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    browser.follow(browser.send(button(page, "Import 4 transactions")))
    page = plan_of(browser, CSV, account="Bank")
    form = form_of(browser.get(row_of(page, 1).all("a")[0]["href"]), "PATCH")
    assert [one.text for one in form.all("fieldset")[0].all("label")] == [
        "Leave it out, because it was imported before",
        "Import it again, as a new transaction",
    ]

    page = browser.follow(browser.send(form, what="new"))

    assert page.rows()[0][3] == "New transaction"


def test_matches_and_transfers_are_told_with_what_they_are(browser: Browser, alice: User, bank: Account) -> None:
    savings = Account.objects.create(owner=alice, name="Savings", currency="EUR")
    add(alice, bank, "Rent of mine", "-500.00", 2)
    add(alice, savings, "From checking", "3.50", 3)
    page = plan_of(browser, HEADER + b"2026-11-01,Rent,-500.00\n2026-11-02,Saved,-3.50\n", account="Bank")

    assert sentences(page) == [
        "Creates 1 transaction in Bank.",
        "1 of them becomes part of a transfer between your accounts.",
        "Recognises 1 transaction that you have typed already, and leaves it as it is.",
    ]
    assert [row[3] for row in page.rows()] == ["Is “Rent of mine” of 2 Nov 2026", "Transfer with Savings"]
    row = browser.get(page.main.all("td", class_="main")[1].one("a")["href"])
    assert [one.text for one in row.main.all("fieldset")[0].all("label")] == [
        "A transfer, with “From checking” in Savings",
        "Create a new transaction",
        "Leave it out",
    ]


def test_only_matches_have_a_button_of_their_own(browser: Browser, alice: User, bank: Account) -> None:
    add(alice, bank, "Rent of mine", "-500.00", 2)
    page = plan_of(browser, HEADER + b"2026-11-01,Rent,-500.00\n", account="Bank")

    page = browser.follow(browser.send(button(page, "Confirm 1 match")))

    assert notice(page) == "Done."
    assert Transaction.objects.filter(owner=alice).count() == 1


def test_the_sides_of_a_transfer_within_one_file_name_each_other(browser: Browser, alice: User, bank: Account) -> None:
    Account.objects.create(owner=alice, name="Savings", currency="EUR")
    content = b"Account,Date,Description,Amount\nBank,2026-11-01,Out,-5.00\nSavings,2026-11-02,In,5.00\n"

    page = plan_of(browser, content)

    assert [row[3] for row in page.rows()] == ["Transfer with Savings", "Transfer with Bank"]


def test_the_page_of_a_line_changes_what_it_becomes(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    row = browser.get(row_of(page, 1).one("a")["href"])
    form = form_of(row, "PATCH")
    shown = {name: fields(form)[name] for name in ("what", "date", "amount", "description", "account", "category")}
    assert [*shown.values()] == ["new", "2026-11-01", "-500.00", "Rent", "Bank", ""]
    assert fields(form)["_next"] == page_path(alice)

    changes = {"amount": "-501,25", "category": "Home", "tags": "flat, 2026", "notes": "raised"}
    page = browser.follow(browser.send(form, **changes))
    browser.follow(browser.send(button(page, "Import 4 transactions")))

    rent = Transaction.objects.get(owner=alice, description="Rent")
    assert (rent.amount, rent.notes, rent.tags) == (Decimal("-501.25"), "raised", '["flat","2026"]')
    assert rent.category == Category.objects.get(owner=alice, name="Home")
    assert Tag.objects.filter(owner=alice).count() == 2


def test_what_is_wrong_in_a_line_is_told_beside_its_input(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    form = form_of(browser.get(row_of(page, 1).all("a")[0]["href"]), "PATCH")

    refused = Page(browser.send(form, amount="much", description="Flat"))

    assert refused.status == 400
    assert refused.errors() == {"amount": "Not an amount: give a number such as 12.50."}
    assert fields(form_of(refused, "PATCH"))["description"] == "Flat"
    form = form_of(refused, "PATCH")
    page = browser.follow(browser.send(form, amount="-1.00"))
    assert page.rows()[0][1:3] == ["Flat", "−1.00 EUR"]


def test_values_of_a_line_that_is_left_out_are_refused(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    form = form_of(browser.get(row_of(page, 1).all("a")[0]["href"]), "PATCH")

    refused = Page(browser.send(form, what="skipped", description="Flat"))

    assert refused.errors() == {"description": "Only rows that become transactions have this to change."}


def test_a_line_becomes_a_match_of_what_its_page_offers(browser: Browser, alice: User, bank: Account) -> None:
    for name in ("One", "Two"):
        add(alice, bank, name, "-500.00", 1)
    page = plan_of(browser, HEADER + b"2026-11-01,Rent,-500.00\n", account="Bank")
    form = form_of(browser.get(row_of(page, 1).all("a")[0]["href"]), "PATCH")
    [choice] = [one for one in form.all("label") if one.text == "It is “Two” of 1 Nov 2026"]

    page = browser.follow(browser.send(form, what=choice.one("input")["value"]))

    assert page.rows()[0][3] == "Is “Two” of 1 Nov 2026"


def test_a_line_that_cannot_be_read_is_corrected(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, HEADER + b"2026-11-31,Rent,-500.00\n2026-11-20,Tea,-2.00\n", account="Bank")
    [row] = [one for one in page.main.one("tbody").all("tr") if "error" in one.attributes.get("class", "")]
    form = form_of(browser.get(row.one("a")["href"]), "PATCH")

    assert fields(form)["account"] == "Bank"
    values = {"date": "2026-11-30", "amount": "-500", "description": "Rent"}
    page = browser.follow(browser.send(form, what="new", **values))

    assert sentences(page) == ["Creates 2 transactions in Bank."]


def test_a_line_that_cannot_be_read_goes_into_an_account_that_the_commit_makes(browser: Browser, alice: User) -> None:
    page = plan_of(browser, HEADER + b"2026-11-31,Rent,-500.00\n2026-11-20,Tea,-2.00\n")
    page = browser.follow(browser.send(button(page, "Continue"), **{"new_account.0": "Purse"}))
    [row] = [one for one in page.main.one("tbody").all("tr") if "error" in one.attributes.get("class", "")]
    form = form_of(browser.get(row.one("a")["href"]), "PATCH")

    values = {"date": "2026-11-30", "amount": "-500", "description": "Rent"}
    page = browser.follow(browser.send(form, what="new", **values))
    browser.follow(browser.send(button(page, "Import 2 transactions")))

    assert Transaction.objects.filter(owner=alice, account__name="Purse").count() == 2


def test_a_file_without_a_line_that_can_be_read_says_so(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, MT940 % b"96,50", account="Bank")
    assert page.main.one("h2", id="plan").text == "This is what the import does"
    page = plan_of(browser, OFX.replace(b"-3.50", b"3..50"), account="Bank")

    assert page.main.one("h2", id="plan").text == "Nothing can be imported as it is"


# -- Balances, pages and strangers ------------------------------------------------------------

OFX = b"""OFXHEADER:100
DATA:OFXSGML

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>77<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261102<TRNAMT>-3.50<FITID>1<NAME>Coffee</STMTTRN></BANKTRANLIST>
<LEDGERBAL><BALAMT>493.00<DTASOF>20261102</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""
MT940 = b""":20:X
:25:77
:28C:1
:60F:C261101EUR100,00
:61:2611021102D3,50NTRFNONREF
:86:Coffee
:62F:C261102EUR%s
-
"""


@pytest.mark.parametrize(
    ("closing", "text"),
    [(b"96,50", "The lines add up to the closing balance."), (b"90,00", "The lines are off by −6.50 EUR.")],
)
def test_balances_add_up_or_are_off(browser: Browser, bank: Account, closing: bytes, text: str) -> None:
    page = plan_of(browser, MT940 % closing, account="Bank")

    balances = page.main.one("dl", class_="balances").text
    assert text in balances
    assert "The balance at the end of 2 Nov 2026 is kept as a check." in balances


def test_a_closing_balance_alone_is_told(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, OFX, account="Bank")

    assert "493.00 EUR" in page.main.one("dl", class_="balances").text


def test_lines_are_shown_in_pages_and_by_verdict(browser: Browser, bank: Account) -> None:
    lines = b"".join(b"2026-11-%02d,Line %d,-1.%02d\n" % (number % 28 + 1, number, number) for number in range(60))
    page = plan_of(browser, HEADER + lines, account="Bank")
    page = press(browser, page, "Leave out", 3)
    assert len(page.rows()) == 50
    [tab] = [one for one in page.main.one("nav", class_="tabs").all("a") if one.text == "New 59"]

    page = browser.get(tab["href"])

    assert len(page.rows()) == 50
    assert [one.text for one in page.main.all("a", aria_current="page")] == ["New 59"]
    page = browser.get(page.main.one("a", rel="next")["href"])
    assert len(page.rows()) == 9
    assert len(browser.get(page.main.one("a", rel="prev")["href"]).rows()) == 50


def test_a_verdict_that_no_line_has_any_more_leads_back(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    page = press(browser, page, "Leave out", 2)
    page = browser.get(next(one["href"] for one in page.main.all("a") if one.text == "Left out 1"))

    page = press(browser, page, "Take in", 2)

    assert "Nothing matches these filters." in page.main.text
    assert [one.text for one in page.main.one("nav", class_="tabs").all("a")] == ["All 4", "New 4"]


def test_the_list_of_rows_is_the_same_page(browser: Browser, alice: User, bank: Account) -> None:
    plan_of(browser, CSV, account="Bank")
    plan = Import.objects.get(owner=alice)

    assert browser.get(f"{path_of(plan)}/rows?verdict=new").rows() == browser.get(path_of(plan)).rows()


def test_a_page_asks_the_database_as_often_however_many_lines_there_are(
    browser: Browser, alice: User, bank: Account
) -> None:
    numbers = []
    for count in (2, 400):
        lines = b"".join(b"2026-11-01,Line %d,-1.%03d\n" % (number, number) for number in range(count))
        plan_of(browser, HEADER + lines, account="Bank")
        plan = Import.objects.filter(owner=alice).latest("created_at")
        with CaptureQueriesContext(connection) as queries:
            browser.get(path_of(plan))
        numbers.append(len(queries))

    assert numbers[0] == numbers[1] <= 12


@pytest.mark.parametrize("query", ["verdict=odd", "cursor=x", "colour=red"])
def test_parameters_of_a_page_are_strict(browser: Browser, alice: User, bank: Account, query: str) -> None:
    plan_of(browser, CSV, account="Bank")
    plan = Import.objects.get(owner=alice)

    browser.get(f"{path_of(plan)}?{query}", status=400)


def test_pages_of_others_are_not_there(browser: Browser, alice: User, bob: User, bank: Account) -> None:
    plan_of(browser, CSV, account="Bank")
    plan, stranger = Import.objects.get(owner=alice), Browser(bob)

    for path in (path_of(plan), f"{path_of(plan)}/rows", f"{path_of(plan)}/rows/1"):
        stranger.get(path, status=404)
    assert "november.csv" not in stranger.get("/imports").source
