"""The pages of imports: a file, its questions, the commit and its undo."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cashman_project.api.templatetags.days import timestamp
from cashman_project.api.tests.pages import Browser, Page, fields
from ledgers.models import Revision
from statements.models import Import
from statements.tests.pages import button, notice, path_of, plan_of, row_of, send_file, sentences
from statements.tests.plans import CSV
from transactions.models import Account, Transaction
from users.models import User

AMBIGUOUS = b"Date,Description,Amount\n03/04/2026,Coffee,-3.50\n05/04/2026,Tea,-2.00\n"


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


# -- The list and the file --------------------------------------------------------------------


def test_who_has_no_imports_is_invited(browser: Browser) -> None:
    page = browser.get("/imports")

    assert page.main.one("label", for_="file").text == "Import a file"
    assert not page.main.all("table")
    assert not page.main.all("select")  # without accounts, there is none to choose


def test_a_file_becomes_a_plan_that_says_in_words_what_it_does(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")

    assert notice(page) == "The file is read. Nothing is imported yet."
    assert page.main.one("h1").text == "november.csv"
    assert sentences(page) == ["Creates 4 transactions in Bank."]
    assert page.rows()[0] == ["1 Nov 2026", "Rent", "−500.00 EUR", "New transaction", "Leave out"]
    assert button(page, "Import 4 transactions")["action"].endswith("/commit")
    assert not Transaction.objects.filter(owner=alice).exists()


def test_a_form_that_is_sent_twice_makes_one_plan(browser: Browser, alice: User, bank: Account) -> None:
    [form] = browser.get("/imports").main.all("form", enctype="multipart/form-data")
    for _time in range(2):
        file = SimpleUploadedFile("november.csv", CSV)
        response = browser.client.post(form["action"], {**fields(form), "account": "Bank", "file": file})
        assert response.status_code == 303, response.content

    assert Import.objects.filter(owner=alice).count() == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\x00\x01\x02", "This is no text"), (b"", "empty")],
    ids=["binary", "empty"],
)
def test_a_file_that_cannot_be_read_is_refused_beside_the_form(
    browser: Browser, bank: Account, content: bytes, message: str
) -> None:
    page = Page(send_file(browser, content))

    assert page.status == 400
    assert page.main.one("div", role="alert").text
    assert page.main.all("form", enctype="multipart/form-data")


def test_earlier_imports_are_listed_with_their_state(browser: Browser, bank: Account) -> None:
    committed = plan_of(browser, CSV, account="Bank")
    browser.follow(browser.send(button(committed, "Import 4 transactions")))
    plan_of(browser, CSV, account="Bank")
    plan_of(browser, AMBIGUOUS, account="Bank")

    rows = browser.get("/imports").rows()

    assert [row[:3] for row in rows] == [
        ["november.csv", "", "Preview It has questions"],
        ["november.csv", "Bank", "Preview Here already 4"],
        ["november.csv", "Bank", "Imported New 4"],
    ]


def test_the_page_of_an_account_leads_to_the_form_with_that_account(browser: Browser, bank: Account) -> None:
    register = browser.get(f"/accounts/{bank.pk}/register")
    [link] = [one for one in register.main.all("a") if one.text == "Import a file"]

    form = browser.get(link["href"]).main.all("form", enctype="multipart/form-data")[0]

    assert fields(form)["account"] == "Bank"


def test_too_many_previews_are_told_on_the_page(browser: Browser, bank: Account, monkeypatch: Any) -> None:
    monkeypatch.setattr("statements.services.plans.MOST_PREVIEWS", 1)
    plan_of(browser, CSV, account="Bank")

    page = Page(send_file(browser, CSV))

    assert page.status == 409
    assert page.main.one("div", role="alert").text == "You have 1 previews. Commit or delete one of them first."
    assert page.rows()


# -- Questions --------------------------------------------------------------------------------


def test_questions_show_what_each_answer_means(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, AMBIGUOUS, account="Bank")
    question = page.main.one("fieldset")
    assert question.one("legend").text == (
        "The file does not say whether the day or the month comes first. What does 03/04/2026 mean?"
    )
    assert [one.text for one in question.all("label")] == ["3 Apr 2026", "4 Mar 2026"]

    form = button(page, "Continue")
    page = browser.follow(browser.send(form, **{"answer.0": "MDY"}))

    assert sentences(page) == ["Creates 2 transactions in Bank."]
    assert page.rows()[0][0] == "4 Mar 2026"


def test_an_answer_that_the_example_does_not_have_is_offered(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, b"!Type:Bank\nD13/2/2026\nT-1\nPA\n^\nD2/13/2026\nT-1\nPB\n^\n", account="Bank")

    assert [one.text for one in page.main.one("fieldset").all("label")] == ["13 Feb 2026", "?"]


def test_saving_without_an_answer_asks_again(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, AMBIGUOUS, account="Bank")

    page = browser.follow(browser.send(button(page, "Continue")))

    assert len(page.main.all("fieldset")) == 1


def test_an_account_is_made_by_the_answer(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV)
    labels = [one.text for one in page.main.one("fieldset").all("label")]
    assert labels[:2] == ["Bank EUR", "A new account"]

    form = button(page, "Continue")
    answers = {"answer.0": "new", "new_account.0": "My purse", "currency": "CHF"}
    page = browser.follow(browser.send(form, **answers))

    assert sentences(page) == [
        "Creates 4 transactions in My purse.",
        "Makes the account My purse, in CHF, with an opening balance of 1,000.00.",
    ]
    browser.follow(browser.send(button(page, "Import 4 transactions")))
    assert Account.objects.get(owner=alice, name="My purse").currency == "CHF"


def test_whoever_types_a_name_means_a_new_account(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV)

    page = browser.follow(browser.send(button(page, "Continue"), **{"new_account.0": "Purse"}))

    assert sentences(page) == [
        "Creates 4 transactions in Purse.",
        "Makes the account Purse, in USD, with an opening balance of 1,000.00.",
    ]


def test_a_new_account_needs_a_name(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV)

    refused = Page(browser.send(button(page, "Continue"), **{"answer.0": "new", "new_account.0": " "}))

    assert refused.status == 400
    assert refused.errors() == {"new_account.0": "Give the account a name."}
    assert fields(button(refused, "Continue"))["answer.0"] == "new"


def test_an_account_of_ones_own_is_the_answer(browser: Browser, bank: Account) -> None:
    page = plan_of(browser, CSV)

    page = browser.follow(browser.send(button(page, "Continue"), **{"answer.0": "own:Bank"}))

    assert sentences(page) == ["Creates 4 transactions in Bank."]


def test_several_accounts_are_asked_in_one_form(browser: Browser, alice: User, bank: Account) -> None:
    content = b"Account,Date,Description,Amount,Currency\nOne,2026-11-01,Rent,-1.00,EUR\nTwo,2026-11-02,Tea,-2.00,EUR\n"
    page = plan_of(browser, content)
    assert len(page.main.all("fieldset")) == 2

    answers = {"answer.0": "own:Bank", "answer.1": "new", "new_account.1": "Two"}
    page = browser.follow(browser.send(button(page, "Continue"), **answers))

    assert sentences(page) == ["Creates 2 transactions.", "Makes the account Two, in EUR."]


def test_an_account_is_called_as_the_file_calls_it(browser: Browser, alice: User) -> None:
    page = plan_of(browser, b"Account,Date,Description,Amount,Currency\nPurse,2026-11-20,Rent,-1.00,EUR\n")
    form = button(page, "Continue")
    assert fields(form)["new_account.0"] == "Purse"

    page = browser.follow(browser.send(form))

    assert sentences(page)[1] == "Makes the account Purse, in EUR."


def test_names_that_are_not_there_are_made_by_one_button(browser: Browser, alice: User, bank: Account) -> None:
    content = b"Date,Description,Amount,Category\n2026-11-01,Rent,-1.00,Home\n"
    page = plan_of(browser, content, account="Bank")
    form = button(page, "Make them, too")
    assert "Home" in form.text

    page = browser.follow(browser.send(form))

    assert sentences(page) == ["Creates 1 transaction in Bank.", "Makes these categories: Home."]


# -- Commit and undo --------------------------------------------------------------------------


def test_a_commit_is_told_with_links_and_undone_beside_them(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")

    page = browser.follow(browser.send(button(page, "Import 4 transactions")))

    assert notice(page) == "4 transactions imported."
    done = page.main.one("section", class_="done")
    assert "4 transactions imported" in done.text
    assert [one["href"] for one in done.all("a")] == [f"/accounts/{bank.pk}/register", "/revisions/2"]
    assert done.one("time").text == timestamp(Revision.objects.get(ledger=alice.pk, number=2).at)
    assert not page.main.all("form", id="change")
    page = browser.follow(browser.send(button(page, "Undo")))
    assert notice(page) == "4 transactions deleted."
    assert "This import is undone." in page.main.text
    assert not Transaction.objects.filter(owner=alice).exists()
    assert plan_of(browser, CSV, account="Bank").rows()[0][3] == "New transaction"


def test_what_was_edited_is_kept_and_deleted_when_asked(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    page = browser.follow(browser.send(button(page, "Import 4 transactions")))
    Transaction.objects.filter(owner=alice, description="Rent").update(notes="mine")

    page = browser.follow(browser.send(button(page, "Undo")))

    assert notice(page) == "3 transactions deleted."
    done = page.main.one("section", class_="done")
    assert [one.text for one in done.all("li")] == ["Rent 1 Nov 2026"]
    page = browser.follow(browser.send(button(page, "Delete these, too")))
    assert "This import is undone." in page.main.text
    assert not Transaction.objects.filter(owner=alice).exists()


def test_an_undo_that_kept_something_is_forgotten_if_it_is_undone(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    page = browser.follow(browser.send(button(page, "Import 4 transactions")))
    Transaction.objects.filter(owner=alice, description="Rent").update(notes="mine")
    browser.follow(browser.send(button(page, "Undo")))
    undo = Import.objects.get(owner=alice)
    assert undo.undone_by

    browser.follow(browser.send(button(browser.get(f"/revisions/{undo.undone_by}"), "Undo")))

    assert "4 transactions imported" in browser.get(path_of(undo)).main.one("section", class_="done").text


def test_a_stale_plan_says_what_to_do(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    other = plan_of(browser, CSV, account="Bank")
    browser.follow(browser.send(button(other, "Import 4 transactions")))

    refused = Page(browser.send(button(page, "Import 4 transactions")))

    assert refused.status == 409
    assert "so nothing is imported yet" in refused.main.one("div", role="alert").text
    assert not refused.main.all("ul", class_="does")
    page = browser.follow(browser.send(button(refused, "Read the file again")))
    assert sentences(page) == ["Leaves out 4 lines that were imported before."]


def test_a_preview_is_discarded(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")

    page = browser.follow(browser.send(page.main.one("form", id="discard")))

    assert notice(page) == "Discarded. Nothing was imported."
    assert not Import.objects.filter(owner=alice).exists()


def test_a_plan_that_is_committed_refuses_changes_on_its_page(browser: Browser, alice: User, bank: Account) -> None:
    page = plan_of(browser, CSV, account="Bank")
    browser.follow(browser.send(button(page, "Import 4 transactions")))
    one = row_of(page, 2).one("button")
    sent = fields(page.main.one("form", id="change")) | {one["name"]: one["value"]}

    refused = Page(browser.client.post(one["formaction"], sent))

    assert refused.status == 409
    assert (
        refused.main.one("div", role="alert").text
        == "This plan is not a preview: its file is not read yet, or it was imported already."
    )
