"""Lines that are here already: typed by hand, or as the other side of a transfer."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from statements.tests.plans import HEADER, commit, rows_of, undo, upload, verdicts
from transactions.models import Account, Transaction, Transfer
from users.models import User


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


@pytest.fixture
def savings(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Savings", currency="EUR")


def typed(client: APIClient, amount: str, date: str, account: str = "Bank") -> str:
    kind = "expenses" if amount.startswith("-") else "incomes"
    body = {"description": "typed", "amount": amount.lstrip("-"), "date": date, "account": account}
    response = client.post(f"/{kind}", body)
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


def file(*lines: str) -> bytes:
    return HEADER + "".join(f"{line}\n" for line in lines).encode()


def test_an_entry_that_was_typed_is_matched(as_alice: APIClient, alice: User, bank: Account) -> None:
    bread = typed(as_alice, "-3.00", "2026-11-03")
    typed(as_alice, "-9.00", "2026-11-09")  # too far away
    content = file("2026-11-05,BAKERY,-3.00", "2026-11-05,SHOES,-9.00")

    plan = upload(as_alice, content, account="Bank").json()
    assert [(row["verdict"], row["transaction"] == bread) for row in rows_of(as_alice, plan["id"])] == [
        ("match", True),
        ("new", False),
    ]
    commit(as_alice, plan)

    assert Transaction.objects.filter(owner=alice).count() == 3
    assert as_alice.get(f"/expenses/{bread}").json()["description"] == "typed"
    again = upload(as_alice, content, account="Bank").json()
    assert verdicts(as_alice, again["id"]) == ["duplicate", "duplicate"]

    undo(as_alice, plan)
    assert as_alice.get(f"/expenses/{bread}").status_code == 200
    assert verdicts(as_alice, upload(as_alice, content, account="Bank").json()["id"]) == ["match", "new"]


def test_a_plan_of_matches_alone_writes_no_revision(as_alice: APIClient, alice: User, bank: Account) -> None:
    bread = typed(as_alice, "-3.00", "2026-11-03")
    before = as_alice.get("/revisions").json()["results"][0]["number"]
    content = file("2026-11-05,BAKERY,-3.00")

    plan = commit(as_alice, upload(as_alice, content, account="Bank"))

    assert plan["revision"] is None
    assert as_alice.get("/revisions").json()["results"][0]["number"] == before
    assert undo(as_alice, plan) == {"deleted": 0, "kept": [], "kept_count": 0, "revision": None}
    row = rows_of(as_alice, upload(as_alice, content, account="Bank").json()["id"])[0]
    assert (row["verdict"], row["transaction"]) == ("match", bread)


@pytest.mark.parametrize(
    ("entries", "lines"),
    [
        (["2026-11-03", "2026-11-04"], ["2026-11-04"]),  # two that it could be
        (["2026-11-03"], ["2026-11-03", "2026-11-04"]),  # two that could be it
    ],
)
def test_what_is_ambiguous_is_no_match(
    entries: list[str], lines: list[str], as_alice: APIClient, bank: Account
) -> None:
    for date in entries:
        typed(as_alice, "-3.00", date)

    plan = upload(as_alice, file(*(f"{date},BAKERY,-3.00" for date in lines)), account="Bank").json()

    assert verdicts(as_alice, plan["id"]) == ["new"] * len(lines)


def test_a_row_that_a_file_brought_is_no_match(as_alice: APIClient, bank: Account) -> None:
    commit(as_alice, upload(as_alice, file("2026-11-03,BAKERY,-3.00"), account="Bank"))

    plan = upload(as_alice, file("2026-11-04,BAKERY,-3.00"), account="Bank").json()

    assert verdicts(as_alice, plan["id"]) == ["new"]


def test_the_other_account_of_a_transfer(as_alice: APIClient, alice: User, bank: Account, savings: Account) -> None:
    out = commit(as_alice, upload(as_alice, file("2026-11-03,TO SAVINGS,-200.00"), account="Bank"))
    leg = rows_of(as_alice, out["id"])[0]["transaction"]

    plan = upload(
        as_alice, file("2026-11-05,FROM BANK,200.00", "2026-11-05,INTEREST,0.10"), account="Savings", unsigned="in"
    ).json()
    first = rows_of(as_alice, plan["id"])[0]
    assert (first["verdict"], first["transfer_with"]) == ("transfer", leg)
    commit(as_alice, plan)

    [transfer] = as_alice.get("/transfers").json()["results"]
    assert (transfer["from"], transfer["to"], transfer["amount"]) == ("Bank", "Savings", "200.00")
    assert (transfer["date"], transfer["received_on"]) == ("2026-11-03", "2026-11-05")
    assert Transfer.objects.get(owner=alice).date.isoformat() == "2026-11-03"  # that of the expense
    [total] = as_alice.get("/summary").json()["total"]
    assert (total["income"], total["expense"], total["count"]) == ("0.10", "0.00", 1)

    assert undo(as_alice, plan)["deleted"] == 2
    assert as_alice.get("/transfers").json()["results"] == []
    assert as_alice.get(f"/expenses/{leg}").json()["transfer"] is None


def test_both_sides_of_a_transfer_are_in_one_file(as_alice: APIClient, alice: User) -> None:
    content = b"""Account,Date,Description,Amount,Currency
DE1,2026-11-03,To savings,-200.00,EUR
DE2,2026-11-03,From bank,200.00,EUR
DE1,2026-11-04,Bread,-3.00,EUR
"""
    plan = upload(as_alice, content, create_account="true").json()
    assert plan["questions"] == []
    rows = rows_of(as_alice, plan["id"])
    assert [row["verdict"] for row in rows] == ["transfer", "transfer", "new"]
    assert rows[0]["transfer_with"] == rows[1]["transaction"]

    committed = commit(as_alice, plan)

    assert Transfer.objects.filter(owner=alice).count() == 1
    assert undo(as_alice, committed)["deleted"] == 3
    assert not Transfer.objects.filter(owner=alice).exists()
    assert not Account.objects.filter(owner=alice).exists()


def test_equal_transfers_of_one_day_are_ambiguous(as_alice: APIClient, bank: Account, savings: Account) -> None:
    twins = file("2026-11-03,TO SAVINGS,-200.00", "2026-11-03,TO SAVINGS,-200.00")
    commit(as_alice, upload(as_alice, twins, account="Bank"))

    plan = upload(as_alice, file("2026-11-03,FROM BANK,200.00"), account="Savings", unsigned="in").json()

    assert verdicts(as_alice, plan["id"]) == ["new"]


def test_a_pair_that_was_rejected_is_no_transfer(as_alice: APIClient, bank: Account, savings: Account) -> None:
    leg = typed(as_alice, "-200.00", "2026-11-03")
    income = typed(as_alice, "200.00", "2026-11-03", "Savings")
    as_alice.post("/transfers/rejections", {"expense": leg, "income": income})

    plan = upload(as_alice, file("2026-11-03,FROM BANK,200.00"), account="Savings", unsigned="in").json()

    assert verdicts(as_alice, plan["id"]) == ["match"]  # which is the income that was typed


# -- Changes of rows --------------------------------------------------------------------------


def change(client: APIClient, plan: dict[str, Any], number: int, **values: Any) -> Any:
    return client.patch(f"/imports/{plan['id']}/rows/{number}", values)


def test_rows_are_changed_by_hand(as_alice: APIClient, alice: User, bank: Account, savings: Account) -> None:
    as_alice.post("/categories", {"name": "Food"})
    as_alice.post("/tags", {"name": "trip"})
    bread = typed(as_alice, "-3.00", "2026-10-01")
    leg = typed(as_alice, "-200.00", "2026-10-30", "Savings")
    lines = ("2026-11-05,BAKERY,-3.00", "2026-11-05,SHOES,-9.00", "2026-11-05,BACK,200.00", "2026-11-05,X,-1.00")
    plan = upload(as_alice, file(*lines), account="Bank").json()
    assert plan["counts"]["new"] == 4

    assert change(as_alice, plan, 1, verdict="match", transaction=bread).status_code == 200
    edited = change(
        as_alice, plan, 2, description="Boots", amount="-9.50", date="2026-11-04", category="food", tags=["Trip"]
    )
    assert edited.status_code == 200, edited.content
    assert {name: edited.json()[name] for name in ("description", "amount", "date", "category", "tags")} == {
        "description": "Boots",
        "amount": "-9.50",
        "date": "2026-11-04",
        "category": "Food",
        "tags": ["trip"],
    }
    far = change(as_alice, plan, 3, verdict="transfer", transfer_with=leg)
    assert far.status_code == 400  # six days apart
    assert change(as_alice, plan, 3, date="2026-11-03").status_code == 200
    assert change(as_alice, plan, 3, verdict="transfer", transfer_with=leg).status_code == 200
    assert change(as_alice, plan, 4, verdict="skipped").status_code == 200

    read = as_alice.get(f"/imports/{plan['id']}").json()
    assert read["counts"] == {"new": 1, "duplicate": 0, "match": 1, "transfer": 1, "error": 0, "skipped": 1}
    commit(as_alice, read)

    boots = as_alice.get("/expenses?search=boots").json()["results"][0]
    assert (boots["amount"], boots["category"], boots["tags"]) == ("-9.50", "Food", ["trip"])
    assert Transaction.objects.filter(owner=alice).count() == 4
    again = upload(as_alice, file(*lines), account="Bank").json()
    assert verdicts(as_alice, again["id"]) == ["duplicate", "duplicate", "duplicate", "new"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"verdict": "error"}, "verdict"),
        ({"verdict": "duplicate"}, "verdict"),
        ({"verdict": "match"}, "transaction"),
        ({"verdict": "transfer"}, "transfer_with"),
        ({"verdict": "skipped", "amount": "-1"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": 1e300}, "amount"),
        ({"account": "nowhere"}, "account"),
        ({"category": "nonesuch"}, "category"),
        ({"tags": ["nonesuch"]}, "tags"),
        ({"description": ""}, "description"),
        ({"date": "2026-02-30"}, "date"),
        ({"transaction": "1"}, "transaction"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_change_that_can_not_be(values: dict[str, Any], field: str, as_alice: APIClient, bank: Account) -> None:
    plan = upload(as_alice, file("2026-11-05,BAKERY,-3.00"), account="Bank").json()
    before = rows_of(as_alice, plan["id"])

    response = change(as_alice, plan, 1, **values)

    assert response.status_code == 400, response.content
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert rows_of(as_alice, plan["id"]) == before


def test_one_side_of_a_transfer_in_the_plan_is_left_out(
    as_alice: APIClient, alice: User, bank: Account, savings: Account
) -> None:
    out = typed(as_alice, "-200.00", "2026-11-03", "Savings")
    plan = upload(as_alice, file("2026-11-03,FROM SAVINGS,200.00"), account="Bank", unsigned="in").json()
    assert verdicts(as_alice, plan["id"]) == ["transfer"]
    assert change(as_alice, plan, 1, amount="5").status_code == 400

    changed = change(as_alice, plan, 1, verdict="new")

    assert (changed.json()["verdict"], changed.json()["transfer_with"]) == ("new", None)
    commit(as_alice, plan)
    assert as_alice.get(f"/expenses/{out}").json()["transfer"] is None
    assert not Transfer.objects.filter(owner=alice).exists()


def test_a_row_without_an_amount_is_no_match(as_alice: APIClient, bank: Account) -> None:
    bread = typed(as_alice, "-3.00", "2026-11-05")
    plan = upload(as_alice, file("2026-11-05,SHOES,-9.00", "x,y,z"), account="Bank").json()

    response = change(as_alice, plan, 2, verdict="match", transaction=bread)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["transaction"]


@pytest.mark.parametrize("how", ["match", "transfer"])
def test_a_transaction_that_is_newer_than_the_plan_can_be_chosen(
    how: str, as_alice: APIClient, alice: User, bank: Account, savings: Account
) -> None:
    """It counts as it was when it was chosen."""
    plan = upload(as_alice, file("2026-11-05,BAKERY,-3.00"), account="Bank").json()
    if how == "match":
        chosen = typed(as_alice, "-3.00", "2026-10-01")
        values = {"verdict": "match", "transaction": chosen}
    else:
        chosen = typed(as_alice, "3.00", "2026-11-05", "Savings")
        values = {"verdict": "transfer", "transfer_with": chosen}
    assert change(as_alice, plan, 1, **values).status_code == 200
    as_alice.patch(f"/transactions/{chosen}", {"notes": "x"})
    stale = as_alice.post(f"/imports/{plan['id']}/commit", {})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")

    assert change(as_alice, plan, 1, **values).status_code == 200
    commit(as_alice, plan)

    assert Transaction.objects.filter(owner=alice).count() == (1 if how == "match" else 2)
    assert Transfer.objects.filter(owner=alice).count() == (how == "transfer")


def test_a_line_is_imported_again_as_a_match(as_alice: APIClient, alice: User, bank: Account) -> None:
    content = file("2026-11-05,BAKERY,-3.00")
    first = typed(as_alice, "-3.00", "2026-11-05")
    commit(as_alice, upload(as_alice, content, account="Bank"))
    as_alice.delete(f"/expenses/{first}")
    second = typed(as_alice, "-3.00", "2026-11-05")
    plan = upload(as_alice, content, account="Bank").json()
    values = {"verdict": "match", "transaction": second}

    refused = change(as_alice, plan, 1, **values)
    assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("reimport", "invalid")]
    assert change(as_alice, plan, 1, **values, reimport=True).status_code == 200
    plan = commit(as_alice, plan)

    [row] = rows_of(as_alice, upload(as_alice, content, account="Bank").json()["id"])
    assert (row["verdict"], row["transaction"]) == ("duplicate", second)
    undo(as_alice, plan)  # the line is as it was: imported once, and deleted by hand
    [row] = rows_of(as_alice, upload(as_alice, content, account="Bank").json()["id"])
    assert (row["verdict"], row["transaction"]) == ("duplicate", first)
