"""An income that was an expense, and the other way round: the type is corrected, and turns the sign of the amount."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, form_of
from cashman_project.api.tests.problems import problem_of
from cashman_project.money.amounts import UNITS
from conftest import client_of
from ledgers.tests.undoing import last, undone
from transactions.models import BalanceCheck, MonthTotal, Transaction
from transactions.tests.factories import AccountFactory, ExpenseFactory, IncomeFactory, TransferFactory
from transactions.tests.pages import change, errors_of
from transactions.tests.shares import reached, reaches
from transactions.triggers import differences
from users.models import User


def stored() -> list[tuple[str, Decimal, int]]:
    return list(Transaction.objects.order_by("created_at").values_list("type", "amount", "version"))


@pytest.mark.parametrize(
    ("body", "amount"),
    [
        ({"type": "INCOME"}, "50.00"),
        ({"type": "INCOME", "amount": "-50.00"}, "50.00"),  # as it was read
        ({"type": "INCOME", "amount": -50}, "50.00"),
        ({"type": "INCOME", "amount": "7.25"}, "7.25"),
        ({"type": "INCOME", "amount": 50}, "50.00"),
        ({"type": "EXPENSE", "amount": 7}, "-7.00"),
        ({"type": "EXPENSE"}, "-50.00"),
    ],
    ids=str,
)
def test_a_new_type_turns_the_sign(
    body: dict[str, Any], amount: str, as_alice: APIClient, alice: User, as_bob: APIClient, as_outsider: APIClient
) -> None:
    path = f"/transactions/{ExpenseFactory.create(owner=alice).pk}"
    for stranger in (as_bob, as_outsider):
        assert stranger.patch(path, body).status_code == 404
    before = as_alice.get(path)

    answer = as_alice.patch(path, body, headers={"If-Match": before["ETag"]})

    row = answer.json()
    assert (answer.status_code, row["id"], row["type"], row["amount"]) == (200, path[14:], body["type"], amount)
    is_changed = {name: row[name] for name in ("type", "amount")} != {
        name: before.json()[name] for name in ("type", "amount")
    }
    assert row["version"] == 1 + is_changed
    assert (answer["ETag"] != before["ETag"]) == is_changed
    assert as_alice.get(path).content == answer.content
    assert as_alice.patch(path, body, headers={"If-Match": before["ETag"]}).status_code == (412 if is_changed else 200)


def test_the_row_moves_from_one_list_to_the_other(as_alice: APIClient, alice: User) -> None:
    pk = ExpenseFactory.create(owner=alice).pk

    as_alice.patch(f"/transactions/{pk}", {"type": "INCOME"})

    assert as_alice.get(f"/incomes/{pk}").json() == as_alice.get(f"/transactions/{pk}").json()
    assert as_alice.get(f"/incomes/{pk}/history").json() == as_alice.get(f"/transactions/{pk}/history").json()
    for path in (f"/expenses/{pk}", f"/expenses/{pk}/history"):
        assert as_alice.get(path).status_code == 404
    [updated, created] = as_alice.get(f"/incomes/{pk}/history").json()["results"]
    assert updated["changes"] == [
        {"field": "type", "old": "EXPENSE", "new": "INCOME"},
        {"field": "amount", "old": "-50.00", "new": "50.00"},
    ]
    assert created["operation"] == "created"
    [change_] = as_alice.get("/changes").json()["changes"]
    assert (change_["id"], change_["data"]["type"]) == (str(pk), "INCOME")


def test_a_row_that_was_deleted_before_its_type_was_corrected_is_not_said_to_be_deleted(
    as_alice: APIClient, alice: User
) -> None:
    row = ExpenseFactory.create(owner=alice)
    row.delete()
    undone(alice, last(alice))
    as_alice.patch(f"/transactions/{row.pk}", {"type": "INCOME"})

    assert as_alice.get(f"/expenses/{row.pk}/history").status_code == 404
    assert len(as_alice.get(f"/incomes/{row.pk}/history").json()["results"]) == 4


def test_a_put_turns_it_too_and_needs_no_type(as_alice: APIClient, alice: User) -> None:
    path = f"/transactions/{ExpenseFactory.create(owner=alice).pk}"
    row = as_alice.get(path).json()

    income = as_alice.put(path, row | {"type": "INCOME"}).json()
    assert (income["type"], income["amount"]) == ("INCOME", "50.00")
    again = as_alice.put(path, {"description": "pizza", "amount": 8}).json()
    assert (again["type"], again["amount"], again["version"]) == ("INCOME", "8.00", 3)


@pytest.mark.parametrize(
    ("path", "body", "fault"),
    [
        ("transactions", {"type": "INCOME", "amount": -7}, ("amount", "negative")),
        ("transactions", {"type": "GIFT"}, ("type", "invalid_choice")),
        ("transactions", {"type": None}, ("type", "null")),
        ("expenses", {"type": "INCOME"}, ("type", "read_only")),
    ],
    ids=str,
)
def test_what_is_refused(
    path: str, body: dict[str, Any], fault: tuple[str, str], as_alice: APIClient, alice: User
) -> None:
    pk = ExpenseFactory.create(owner=alice).pk

    problem_of(as_alice.patch(f"/{path}/{pk}", body), 400, "invalid", fault)

    assert stored() == [("EXPENSE", Decimal(-50), 1)]


def test_a_leg_and_a_locked_row_stay(as_alice: APIClient, as_staff: Client, alice: User) -> None:
    TransferFactory.create(alice)
    account = AccountFactory.create(owner=alice)
    locked = ExpenseFactory.create(owner=alice, account=account)
    day = locked.date
    BalanceCheck.objects.create(owner=alice, account=account, date=day, balance=0, locked=True)
    before = stored()

    for row in Transaction.objects.exclude(transfer=None):
        problem_of(as_alice.patch(f"/transactions/{row.pk}", {"type": turned(row)}), 409, "part_of_transfer")
    for path, body in ((f"/{locked.pk}", {}), ("", {"id": str(locked.pk)})):
        body = {"type": "INCOME", **body}
        problem_of(as_alice.patch(f"/transactions{path}", body if path else [body]), 409, "locked")
    change(as_staff, Transaction.objects.get(pk=locked.pk), type="INCOME")

    assert stored() == before


def turned(row: Transaction) -> str:
    return "INCOME" if row.type == "EXPENSE" else "EXPENSE"


def test_many_turn_at_once_each_with_its_own_amount(as_alice: APIClient, alice: User) -> None:
    rows = [ExpenseFactory.create(owner=alice), IncomeFactory.create(owner=alice), ExpenseFactory.create(owner=alice)]
    bodies = [{"type": turned(row)} for row in rows[:2]] + [{"type": "INCOME", "amount": 3, "notes": "seen"}]

    answer = as_alice.patch(
        "/transactions", [{"id": str(row.pk), **body} for row, body in zip(rows, bodies, strict=True)]
    )

    assert [(row["type"], row["amount"], row["version"]) for row in answer.json()] == [
        ("INCOME", "50.00", 2),
        ("EXPENSE", "-5000.00", 2),
        ("INCOME", "3.00", 2),
    ]
    assert differences(connection) == []
    undone(alice, last(alice))
    assert [row[:2] for row in stored()] == [(row.type, row.amount) for row in rows]


def test_an_undo_takes_it_back(as_alice: APIClient, alice: User) -> None:
    pk = ExpenseFactory.create(owner=alice).pk
    as_alice.patch(f"/transactions/{pk}", {"type": "INCOME"})

    undone(alice, last(alice))
    assert stored() == [("EXPENSE", Decimal(-50), 3)]
    undone(alice, last(alice))
    assert stored() == [("INCOME", Decimal(50), 4)]


# -- Totals -----------------------------------------------------------------------------------

EDITS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["INCOME", "EXPENSE"]),
        st.none() | st.integers(1, 10**13 - 1).map(lambda cents: str(Decimal(cents) / 100)),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@reaches(turned=50, together=30)
@given(edits=EDITS)
def test_every_total_is_exact_after_any_corrections(alice: User, bob: User, edits: list[Any]) -> None:
    """A row's amount keeps its digits while its type turns, alone or with others, and the totals follow."""
    Transaction.objects.all().delete()
    client = client_of(alice)
    ExpenseFactory.create(owner=bob)
    rows = [factory.create(owner=alice) for factory in (ExpenseFactory, IncomeFactory, ExpenseFactory)]
    keys = [str(row.pk) for row in rows]
    expected = {str(row.pk): (str(row.type), Decimal(row.amount)) for row in rows}
    for place, kind, amount, together in edits:
        changes = {"type": kind, **({"amount": amount} if amount else {})}
        chosen = keys[place:] if together else [keys[place]]
        if together:
            reached("together")
            answer = client.patch("/transactions", [{"id": key, **changes} for key in chosen])
        else:
            answer = client.patch(f"/transactions/{chosen[0]}", changes)
        assert answer.status_code == 200, answer.content
        for key in chosen:
            if kind != expected[key][0]:
                reached("turned")
            size = Decimal(amount) if amount else abs(expected[key][1])
            expected[key] = kind, size if kind == "INCOME" else -size

    rows_now = Transaction.objects.for_owner(alice).values_list("pk", "type", "amount")
    assert {str(pk): (kind, amount) for pk, kind, amount in rows_now} == expected
    for model in (Transaction, MonthTotal):
        [total] = model.objects.for_owner(alice).totals()
        sums = [sum(amount for one, amount in expected.values() if one == kind) for kind in ("INCOME", "EXPENSE")]
        assert [total.income, total.expense, total.count] == [sums[0] * UNITS, sums[1] * UNITS, 3]
    assert differences(connection) == []


# -- Pages and the admin ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["transactions", "expenses"])
def test_a_quiet_button_of_the_form_corrects_it(path: str, alice: User, bob: User, outsider: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    browser = Browser(alice)
    page = browser.get(f"/{path}/{row.pk}")
    form = form_of(page, "PATCH")
    save, turn = form.all("button")
    assert (save.text, turn.text) == ("Save", "This was an income")  # Enter takes the first one
    assert not form.all("input", name="type")
    form.attributes["action"] = turn["formaction"]
    for user in (bob, outsider):
        assert f"/{path}/{row.pk}" not in Browser(user).get(f"/{path}/{row.pk}", 404).source

    page = browser.follow(browser.send(form, type=turn["value"], notes="sold"))

    assert page.main.one("p", class_="notice").text == "Saved. It is an income now."
    assert stored() == [("INCOME", Decimal(50), 2)]
    assert Transaction.objects.get().notes == "sold"
    assert form_of(page, "PATCH").all("button")[1].text == "This was an expense"
    assert "Type Expense →became Income" in page.main.text
    page = browser.follow(browser.send(page.main.one("form", class_="undo")))
    assert stored() == [("EXPENSE", Decimal(-50), 3)]


def test_the_undo_of_a_correction_leads_to_a_page_that_is_there(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    client_of(alice).patch(f"/transactions/{row.pk}", {"type": "INCOME"})
    browser = Browser(alice)
    [form] = [one for one in browser.get(f"/incomes/{row.pk}").main.all("form") if one["action"].endswith("/undo")]

    assert browser.follow(browser.send(form)).status == 200


def test_the_page_of_a_leg_offers_none(alice: User) -> None:
    TransferFactory.create(alice)
    leg = Transaction.objects.first()
    assert leg
    assert len(form_of(Browser(alice).get(f"/transactions/{leg.pk}"), "PATCH").all("button")) == 1


def test_the_admin_corrects_it_too(as_staff: Client, alice: User) -> None:
    row = Transaction.objects.get(pk=ExpenseFactory.create(owner=alice).pk)

    refused = change(as_staff, row, type="INCOME", amount="-7")
    assert list(errors_of(refused)) == ["amount"]
    assert change(as_staff, row, type="INCOME").status_code == 302
    assert stored() == [("INCOME", Decimal(50), 2)]
    row.refresh_from_db()
    assert change(as_staff, row, type="EXPENSE", amount="7.25").status_code == 302
    assert stored() == [("EXPENSE", Decimal("-7.25"), 3)]
    assert change(as_staff, row, date=datetime.date(2026, 11, 5)).status_code == 302
    assert stored() == [("EXPENSE", Decimal("-7.25"), 4)]
