"""A commit does what the plan shows, or 409."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from statements.models import LineIdentity
from statements.tests.plans import CSV, HEADER, commit, rows_of, undo, upload
from transactions.models import Account, BalanceCheck, Transaction
from users.models import User

BREAD = HEADER + b"2026-11-05,BAKERY,-3.00\n"


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


def refused(client: APIClient, plan: dict[str, Any], code: str, **body: Any) -> None:
    before = [*Transaction.objects.order_by("pk").values()], LineIdentity.objects.count()
    response = client.post(f"/imports/{plan['id']}/commit", body)
    assert (response.status_code, response.json()["code"]) == (409, code), response.content
    assert ([*Transaction.objects.order_by("pk").values()], LineIdentity.objects.count()) == before


def test_what_others_write_meanwhile_does_no_harm(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = upload(as_alice, BREAD, account="Bank").json()
    as_alice.post("/expenses", {"description": "other", "amount": 7})
    as_alice.patch(f"/accounts/{bank.pk}", {"name": "My bank"})
    shown = rows_of(as_alice, plan["id"])

    committed = commit(as_alice, plan)

    assert committed["account"] == "My bank"
    assert rows_of(as_alice, plan["id"]) == shown
    row = as_alice.get(f"/expenses/{shown[0]['transaction']}").json()
    assert (row["amount"], row["account"], row["date"]) == ("-3.00", "My bank", "2026-11-05")


def test_a_line_that_came_in_meanwhile(as_alice: APIClient, bank: Account) -> None:
    first, second = (upload(as_alice, BREAD, account="Bank").json() for _time in range(2))
    commit(as_alice, first)

    refused(as_alice, second, "stale")

    again = as_alice.patch(f"/imports/{second['id']}", {})
    assert again.json()["counts"]["duplicate"] == 1
    commit(as_alice, second)


def test_a_line_that_was_undone_meanwhile(as_alice: APIClient, bank: Account) -> None:
    first = commit(as_alice, upload(as_alice, BREAD, account="Bank"))
    second = upload(as_alice, BREAD, account="Bank").json()
    undo(as_alice, first)

    refused(as_alice, second, "stale")


@pytest.mark.parametrize("how", ["edited", "deleted", "matched"])
def test_a_match_that_has_changed_meanwhile(how: str, as_alice: APIClient, bank: Account) -> None:
    typed = {"description": "typed", "amount": 3, "date": "2026-11-05", "account": "Bank"}
    bread = as_alice.post("/expenses", typed).json()["id"]
    plan, other = (upload(as_alice, BREAD, account="Bank").json() for _time in range(2))
    assert plan["counts"]["match"] == 1
    if how == "edited":
        as_alice.patch(f"/expenses/{bread}", {"amount": 4})
    elif how == "deleted":
        as_alice.delete(f"/expenses/{bread}")
    else:
        commit(as_alice, other)

    refused(as_alice, plan, "stale")


def test_a_category_that_is_gone_meanwhile(as_alice: APIClient, bank: Account) -> None:
    food = as_alice.post("/categories", {"name": "Food"}).json()["id"]
    plan = upload(as_alice, BREAD, account="Bank").json()
    as_alice.patch(f"/imports/{plan['id']}/rows/1", {"category": "Food"})
    as_alice.patch(f"/categories/{food}", {"name": "Meals"})
    assert rows_of(as_alice, plan["id"])[0]["category"] == "Meals"
    as_alice.delete(f"/categories/{food}")

    refused(as_alice, plan, "stale")


def test_an_account_that_is_gone_or_made_meanwhile(as_alice: APIClient, alice: User, bank: Account) -> None:
    gone = upload(as_alice, BREAD, account="Bank").json()
    made = upload(as_alice, BREAD, account="Purse", create_account="true", currency="EUR").json()
    as_alice.delete(f"/accounts/{bank.pk}")
    as_alice.post("/accounts", {"name": "purse", "currency": "EUR"})

    refused(as_alice, gone, "stale")
    refused(as_alice, made, "stale")


def test_a_plan_is_committed_once(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = upload(as_alice, BREAD, account="Bank").json()
    key = {"Idempotency-Key": "once"}
    path = f"/imports/{plan['id']}/commit"
    first = as_alice.post(path, {}, headers=key)
    again = as_alice.post(path, {}, headers=key)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert as_alice.post(path, {}).json()["code"] == "not_a_preview"
    assert as_alice.patch(f"/imports/{plan['id']}", {}).json()["code"] == "not_a_preview"
    assert as_alice.patch(f"/imports/{plan['id']}/rows/1", {"verdict": "skipped"}).json()["code"] == "not_a_preview"
    assert Transaction.objects.filter(owner=alice).count() == 1


def test_a_file_that_is_sent_again_with_its_key_is_one_plan(as_alice: APIClient, bank: Account) -> None:
    key = {"Idempotency-Key": "once"}
    sent = [
        as_alice.post("/imports?account=Bank", content, content_type="text/csv", headers=key)
        for content in (BREAD, BREAD, CSV)
    ]

    assert [response.status_code for response in sent] == [201, 201, 422]
    assert sent[0].json() == sent[1].json()
    assert len(as_alice.get("/imports").json()["results"]) == 1


def test_only_the_version_that_was_seen(as_alice: APIClient, bank: Account) -> None:
    plan = upload(as_alice, BREAD, account="Bank").json()
    as_alice.patch(f"/imports/{plan['id']}/rows/1", {"description": "Bread"})

    refused(as_alice, plan, "stale", version=plan["version"])
    read = as_alice.get(f"/imports/{plan['id']}")
    tagged = as_alice.patch(f"/imports/{plan['id']}", {}, headers={"If-Match": '"other"'})
    assert tagged.status_code == 412
    body = {"version": read.json()["version"]}
    assert as_alice.post(f"/imports/{plan['id']}/commit", body).status_code == 200


def test_a_locked_account_takes_no_lines(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = upload(as_alice, BREAD, account="Bank").json()
    BalanceCheck.objects.create(owner=alice, account=bank, date="2026-11-30", balance=0, locked=True)

    refused(as_alice, plan, "locked")


def test_a_commit_is_one_revision_through_the_import(as_alice: APIClient, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))

    revision = as_alice.get(f"/revisions/{plan['revision']}").json()

    assert revision["via"] == "import"
    assert revision["counts"]["transactions"] == {"created": 4}
    changes = as_alice.get("/changes").json()["changes"]
    assert {change["revision"] for change in changes if change["resource"] == "transactions"} == {plan["revision"]}
    versions = as_alice.get(f"/transactions/{rows_of(as_alice, plan['id'])[0]['transaction']}/history").json()
    assert [version["via"] for version in versions["results"]] == ["import"]


# -- Balances ---------------------------------------------------------------------------------


def test_the_file_adds_up_and_its_closing_balance_is_a_check(as_alice: APIClient, alice: User) -> None:
    ofx = b"""OFXHEADER:100
DATA:OFXSGML

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><BANKID>1<ACCTID>4711<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261101<DTEND>20261130
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261105<TRNAMT>-3.00<FITID>a1<NAME>BAKERY</STMTTRN>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261106<TRNAMT>10.00<FITID>a2<NAME>REFUND</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>107.00<DTASOF>20261130</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
    account = Account.objects.create(owner=alice, name="Bank", currency="EUR", identifier="47 11")

    plan = upload(as_alice, ofx).json()

    assert (plan["format"], plan["account"]) == ("ofx", "Bank")
    assert plan["statement"] == {
        "account": "Bank",
        "currency": "EUR",
        "opening": None,
        "closing": {"balance": "107.00", "date": "2026-11-30"},
        "adds_up": None,
        "difference": None,
    }
    commit(as_alice, plan)
    [check] = as_alice.get(f"/accounts/{account.pk}/checks").json()["results"]
    assert (check["date"], check["balance"], check["computed"], check["difference"], check["locked"]) == (
        "2026-11-30",
        "107.00",
        "7.00",
        "100.00",
        False,
    )


@pytest.mark.parametrize(("closing", "difference"), [("107,00", "0.00"), ("119,40", "12.40")])
def test_a_made_account_begins_with_the_opening_balance(
    closing: str, difference: str, as_alice: APIClient, alice: User
) -> None:
    mt940 = f""":20:1
:25:12345678/4711
:28C:1/1
:60F:C261031EUR100,00
:61:2611051105D3,00NMSCNONREF
:86:BAKERY
:61:2611061106C10,00NMSCNONREF
:86:REFUND
:62F:C261130EUR{closing}
-
""".encode()

    plan = upload(as_alice, mt940, create_account="true", account="Giro").json()

    assert plan["questions"] == []
    assert [one["name"] for one in plan["makes"]["accounts"]] == ["Giro"]
    assert plan["statement"]["opening"] == {"balance": "100.00", "date": "2026-10-31"}
    assert (plan["statement"]["adds_up"], plan["statement"]["difference"]) == (difference == "0.00", difference)
    committed = commit(as_alice, plan)
    account = Account.objects.get(owner=alice)
    assert (account.name, account.opening_date.isoformat() if account.opening_date else None) == ("Giro", "2026-10-31")
    [check] = as_alice.get(f"/accounts/{account.pk}/checks").json()["results"]
    assert check["difference"] == difference
    undo(as_alice, committed)
    assert not Account.objects.filter(owner=alice).exists()


def test_a_check_that_is_there_stays(as_alice: APIClient, alice: User, bank: Account) -> None:
    day = {"date": "2026-11-30", "balance": 5, "locked": False}
    BalanceCheck.objects.create(owner=alice, account=bank, **day)
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))

    assert BalanceCheck.objects.filter(owner=alice, balance=5).count() == 1
    undo(as_alice, plan)
    assert BalanceCheck.objects.filter(owner=alice, balance=5).count() == 1


@pytest.mark.parametrize("how", ["renamed", "deleted"])
def test_a_tag_that_has_changed_meanwhile(how: str, as_alice: APIClient, bank: Account) -> None:
    tag = as_alice.post("/tags", {"name": "trip"}).json()["id"]
    plan = upload(as_alice, BREAD, account="Bank").json()
    assert as_alice.patch(f"/imports/{plan['id']}/rows/1", {"tags": ["trip"]}).status_code == 200
    if how == "renamed":
        as_alice.patch(f"/tags/{tag}", {"name": "journey"})
    else:
        as_alice.delete(f"/tags/{tag}")

    refused(as_alice, plan, "stale")
