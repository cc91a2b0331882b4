"""Splits: one transaction as several parts, and the parts as one again."""

import datetime
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from ledgers.models import Revision
from transactions.errors import PartOfSplit
from transactions.models import Account, BalanceCheck, Transaction
from transactions.triggers import differences
from users.models import User

from .factories import AccountFactory, CategoryFactory, ExpenseFactory, TagFactory, TransferFactory

DAY = datetime.date(2026, 11, 1)


@pytest.fixture(autouse=True)
def names(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        AccountFactory.create(owner=owner, name="Bank")
    for name in ("Food", "Household"):
        CategoryFactory.create(owner=alice, name=name)
    CategoryFactory.create(owner=bob, name="Secret")
    TagFactory.create(owner=alice, name="trip")


@pytest.fixture
def row(as_alice: APIClient) -> dict[str, Any]:
    body: dict[str, Any] = {
        "description": "supermarket",
        "amount": "70.00",
        "date": str(DAY),
        "account": "Bank",
        "category": "Food",
    }
    body |= {"tags": ["trip"], "notes": "receipt", "external_id": "bank-1"}
    created: dict[str, Any] = as_alice.post("/expenses", body).json()
    return created


def split(client: APIClient, row: dict[str, Any], *parts: Any, **more: Any) -> Any:
    return client.put(f"/transactions/{row['id']}/split", {"parts": list(parts)}, **more)


def part(amount: object, **values: object) -> dict[str, object]:
    return {"amount": amount, **values}


def rows_of(client: APIClient) -> list[tuple[Any, ...]]:
    found = client.get("/transactions?ordering=created_at").json()["results"]
    return [(row["amount"], row["category"], row["description"], row["tags"], row["notes"]) for row in found]


def orphans() -> list[Any]:
    """Return the splits that are none: of one part, or of parts that differ in what they share."""
    parts: dict[Any, list[Any]] = {}
    for one in Transaction.objects.filter(split__isnull=False):
        parts.setdefault(one.split, []).append(one)
    return [
        key
        for key, own in parts.items()
        if len(own) < 2
        or key not in {one.pk for one in own}
        or len({(one.account_id, one.date, one.currency, one.type, one.owner_id) for one in own}) > 1
        or any(one.transfer_id for one in own)
    ]


def test_a_row_is_split_and_joined(as_alice: APIClient, as_bob: APIClient, row: dict[str, Any]) -> None:
    alone = as_alice.get(f"/transactions/{row['id']}/split").json()
    assert alone == {"split": None, "amount": "-70.00", "currency": "USD", "parts": [row]}
    before = Revision.objects.count()
    answer = split(as_alice, row, part("50.00"), part(-20, category="Household", description="soap"))
    assert answer.status_code == 200, answer.json()
    assert Revision.objects.count() == before + 1
    content = answer.json()
    first, second = content["parts"]
    assert (content["split"], content["amount"], content["currency"]) == (row["id"], "-70.00", "USD")
    assert first | {name: row[name] for name in ("amount", "split", "version", "updated_at")} == row
    assert (first["amount"], first["split"], first["version"]) == ("-50.00", row["id"], 2)
    kept = {"type": "EXPENSE", "date": "2026-11-01", "account": "Bank", "currency": "USD", "split": row["id"]}
    new = {"amount": "-20.00", "description": "soap", "category": "Household", "tags": [], "notes": ""}
    assert second | kept | new | {"external_id": None, "transfer": None} == second
    for part_ in (first, second):
        assert as_alice.get(f"/transactions/{part_['id']}").json() == part_
        assert as_alice.get(f"/transactions/{part_['id']}/split").json() == content
        assert as_bob.get(f"/transactions/{part_['id']}/split").status_code == 404
        assert split(as_bob, part_, part(35), part(35)).status_code == 404
        assert as_bob.delete(f"/transactions/{part_['id']}/split").status_code == 404
    found = as_alice.get(f"/transactions?split={row['id']}").json()["results"]
    assert {one["id"] for one in found} == {first["id"], second["id"]}
    assert as_bob.get(f"/transactions?split={row['id']}").json()["results"] == []
    sums = as_alice.get("/summary?group_by=category").json()["results"]
    assert {one["category"]: one["net"] for one in sums} == {"Food": "-50.00", "Household": "-20.00"}
    assert as_alice.delete(f"/transactions/{second['id']}/split").status_code == 204
    again = as_alice.get(f"/transactions/{row['id']}").json()
    assert again | {name: row[name] for name in ("version", "updated_at")} == row
    assert as_alice.get(f"/transactions/{second['id']}").status_code == 404
    written = Revision.objects.count()
    assert as_alice.delete(f"/transactions/{row['id']}/split").status_code == 204
    assert Revision.objects.count() == written
    assert differences(connection) == []


def test_a_split_is_split_anew(as_alice: APIClient, row: dict[str, Any]) -> None:
    parts = [part(40), part("20.00", category="Household"), part("10", notes="tip")]
    first = split(as_alice, row, *parts).json()
    written = Revision.objects.count()
    assert split(as_alice, first["parts"][2], *parts).json() == first
    assert Revision.objects.count() == written
    again = split(as_alice, first["parts"][1], part("69.5", category=None), part("0.50")).json()
    assert [one["id"] for one in again["parts"]] == [one["id"] for one in first["parts"][:2]]
    assert rows_of(as_alice) == [
        ("-69.50", None, "supermarket", ["trip"], "receipt"),
        ("-0.50", "Household", "supermarket", [], ""),
    ]
    three = split(as_alice, row, part(60), part(5), part(5)).json()["parts"]
    two = split(as_alice, three[2], part(60), part(10)).json()["parts"]  # by way of the part that goes
    assert [one["id"] for one in two] == [one["id"] for one in three[:2]]
    more = split(as_alice, row, *[part("1.00")] * 20, part(50)).json()["parts"]
    assert len({one["id"] for one in more}) == 21
    assert [one["id"] for one in more] == sorted(one["id"] for one in more)
    assert orphans() == []


@pytest.mark.parametrize(
    ("parts", "field", "code"),
    [
        ([part(70)], "parts", "number_of_parts"),
        ([part(1)] * 51, "parts", "number_of_parts"),
        ([], "parts", "number_of_parts"),
        ("x", "parts", "not_a_list"),
        ([part(50), part(19.99)], "parts", "not_exact"),
        ([part(50), part(21)], "parts", "not_exact"),
        ([part(70), part(0)], "parts.1.amount", "zero"),
        ([part(50), part("20.001")], "parts.1.amount", "too_many_decimals"),
        ([part(50), {}], "parts.1.amount", "required"),
        ([part(50), part(20, category="Secret")], "parts.1.category", "does_not_exist"),
        ([part(50), part(20, tags=["nonesuch"])], "parts.1.tags", "does_not_exist"),
        ([part(50), part(20, date="2026-01-01")], "parts.1.date", "unknown_field"),
        ([part(50), part(20, description=" ")], "parts.1.description", "blank"),
        ([part(50), 5], "parts.1", "invalid"),
    ],
)
def test_what_a_split_refuses(as_alice: APIClient, row: dict[str, Any], parts: Any, field: str, code: str) -> None:
    answer = as_alice.put(f"/transactions/{row['id']}/split", {"parts": parts})
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert Transaction.objects.count() == 1


def test_an_income_is_split_into_incomes(as_alice: APIClient) -> None:
    row = as_alice.post("/incomes", {"description": "salary", "amount": "100.00"}).json()
    assert split(as_alice, row, part(-60), part(40)).status_code == 400
    assert split(as_alice, row, part(160), part(-60)).status_code == 400
    assert [one["amount"] for one in split(as_alice, row, part(60), part(40)).json()["parts"]] == ["60.00", "40.00"]


def test_what_is_left_is_told(as_alice: APIClient, row: dict[str, Any]) -> None:
    answer = split(as_alice, row, part(50), part("19.99")).json()
    assert answer["errors"][0]["detail"] == "0.01 USD is left to assign."
    answer = split(as_alice, row, part(50), part("21")).json()
    assert answer["errors"][0]["detail"] == "1.00 USD is assigned too much."


def test_a_leg_is_not_split_and_a_part_not_linked(as_alice: APIClient, alice: User, row: dict[str, Any]) -> None:
    transfer = TransferFactory.create(owner=alice)
    leg = Transaction.objects.get(transfer=transfer, type="EXPENSE")
    answer = as_alice.put(f"/transactions/{leg.pk}/split", {"parts": [part(25), part(25)]})
    assert (answer.status_code, answer.json()["code"]) == (409, "part_of_transfer")
    first = split(as_alice, row, part(50), part(20)).json()["parts"][0]
    other = as_alice.post("/accounts", {"name": "Purse"}).json()["name"]
    into = as_alice.post("/incomes", {"description": "x", "amount": 50, "account": other, "date": str(DAY)}).json()
    assert as_alice.post("/transfers/link", {"expense": first["id"], "income": into["id"]}).status_code == 400
    assert as_alice.get("/transfers/proposals").json()["results"] == []


def test_what_may_change_of_a_part(as_alice: APIClient, row: dict[str, Any]) -> None:
    as_alice.post("/accounts", {"name": "Purse"})
    for one in split(as_alice, row, part(50), part(20)).json()["parts"]:
        path = f"/transactions/{one['id']}"
        for body in (
            {"amount": 1},
            {"type": "INCOME"},
            {"date": "2026-01-01"},
            {"account": None},
            {"currency": "EUR", "account": None},
        ):
            refused = as_alice.patch(path, body)
            assert (refused.status_code, refused.json()["code"]) == (409, "part_of_split"), body
            refused = as_alice.patch("/transactions", [{"id": one["id"], **body}])
            assert (refused.status_code, refused.json()["code"]) == (409, "part_of_split"), body
        assert as_alice.delete(path).json()["code"] == "part_of_split"
        assert as_alice.delete(path.replace("transactions", "expenses")).json()["code"] == "part_of_split"
        assert as_alice.post("/transactions/delete", {"ids": [one["id"]]}).json()["code"] == "part_of_split"
        open_ = {"category": "Household", "notes": "x", "description": "y", "tags": [], "external_id": one["id"]}
        assert as_alice.patch(path, open_).status_code == 200
        assert as_alice.patch(path, {"amount": one["amount"], "date": one["date"]}).status_code == 200
    assert orphans() == []


def test_all_parts_move_and_go_together(as_alice: APIClient, row: dict[str, Any]) -> None:
    as_alice.post("/accounts", {"name": "Purse"})
    ids = [one["id"] for one in split(as_alice, row, part(50), part(20)).json()["parts"]]
    moved = as_alice.patch("/transactions", [{"id": pk, "date": "2026-10-01", "account": "Purse"} for pk in ids])
    assert [(one["date"], one["account"]) for one in moved.json()] == [("2026-10-01", "Purse")] * 2
    apart = [{"id": pk, "date": f"2026-10-0{place}"} for place, pk in enumerate(ids, 2)]
    assert as_alice.patch("/transactions", apart).json()["code"] == "part_of_split"
    assert as_alice.patch("/transactions", [{"id": pk, "amount": 35} for pk in ids]).json()["code"] == "part_of_split"
    assert orphans() == []
    alone = as_alice.post("/expenses", {"description": "x", "amount": 1}).json()["id"]
    assert as_alice.post("/transactions/delete", {"ids": [alone, ids[1]]}).json()["code"] == "part_of_split"
    deleted = as_alice.post("/transactions/delete", {"ids": [alone, *ids]})
    assert deleted.status_code == 204
    assert as_alice.post(f"/revisions/{deleted['Ledger-Revision']}/undo").status_code == 201
    assert orphans() == []
    assert len(as_alice.get(f"/transactions?split={row['id']}").json()["results"]) == 2
    assert differences(connection) == []


def test_an_account_is_deleted_by_force_with_whole_splits(as_alice: APIClient, row: dict[str, Any]) -> None:
    split(as_alice, row, part(50), part(20))
    bank = Account.objects.get(name="Bank", owner__username="alice")
    assert as_alice.delete(f"/accounts/{bank.pk}?force=true").status_code == 204
    assert {one["account"] for one in as_alice.get("/transactions").json()["results"]} == {None}
    assert orphans() == []


def test_rows_without_a_split_can_t_get_one(alice: User, row: dict[str, Any]) -> None:
    for make in (
        ExpenseFactory.create,
        lambda **values: Transaction.objects.bulk_create([ExpenseFactory.build(**values)]),
    ):
        with pytest.raises(PartOfSplit):
            make(owner=alice, split=row["id"])


def test_preconditions(as_alice: APIClient, row: dict[str, Any]) -> None:
    path = f"/transactions/{row['id']}/split"
    tag = as_alice.get(path)["ETag"]
    assert as_alice.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert split(as_alice, row, part(50), part(20), headers={"If-Match": '"x"'}).status_code == 412
    answer = split(as_alice, row, part(50), part(20), headers={"If-Match": tag})
    assert answer.status_code == 200
    assert as_alice.get(path)["ETag"] == answer["ETag"]
    assert as_alice.delete(path, headers={"If-Match": tag}).status_code == 412
    second = answer.json()["parts"][1]["id"]
    as_alice.patch(f"/transactions/{second}", {"notes": "seen"})
    assert as_alice.delete(path, headers={"If-Match": answer["ETag"]}).status_code == 412
    assert as_alice.delete(path, headers={"If-Match": as_alice.get(path)["ETag"]}).status_code == 204


# -- Undo -------------------------------------------------------------------------------------


def undo(client: APIClient, revision: object, force: bool = False) -> Any:
    return client.post(f"/revisions/{revision}/undo", {"force": force})


def test_a_split_a_join_and_a_new_split_are_undone(as_alice: APIClient, row: dict[str, Any]) -> None:
    states: list[Any] = [rows_of(as_alice)]
    path = f"/transactions/{row['id']}/split"
    revisions = []
    for parts in ([50, 20], [30, 30, 10], [65, 5]):
        revisions.append(split(as_alice, row, *map(part, parts))["Ledger-Revision"])
        states.append(rows_of(as_alice))
    revisions.append(as_alice.delete(path)["Ledger-Revision"])
    for number, state in zip(reversed(revisions), reversed(states), strict=True):
        assert undo(as_alice, number).status_code == 201
        assert rows_of(as_alice) == state
        assert orphans() == []
        assert differences(connection) == []


def test_an_undo_leaves_no_orphan_and_counts_nothing_twice(as_alice: APIClient, row: dict[str, Any]) -> None:
    created = as_alice.get("/revisions").json()["results"][0]["number"]
    first = split(as_alice, row, part(50), part(20))["Ledger-Revision"]
    noted = as_alice.patch(f"/transactions/{row['id']}", {"notes": "n"})["Ledger-Revision"]
    second = split(as_alice, row, part(50), part(15), part(5))["Ledger-Revision"]
    before = rows_of(as_alice)
    for number in (created, first):
        assert undo(as_alice, number).json()["code"] == "changed_since"
        refused = undo(as_alice, number, force=True)
        assert (refused.status_code, refused.json()["code"]) == (409, "part_of_split"), refused.json()
        assert rows_of(as_alice) == before
    third = split(as_alice, row, part(60), part(10))["Ledger-Revision"]
    for number in (second, noted):  # each would leave parts that add up to something else
        refused = undo(as_alice, number, force=True)
        assert refused.json()["code"] == "part_of_split", refused.json()
    assert undo(as_alice, third).status_code == 201
    assert rows_of(as_alice) == before
    assert orphans() == []


def test_a_split_keeps_what_a_lock_keeps(as_alice: APIClient, alice: User, row: dict[str, Any]) -> None:
    path = f"/transactions/{row['id']}/split"
    bank = Account.objects.get(owner=alice, name="Bank")
    BalanceCheck.objects.create(owner=alice, account=bank, date=DAY, balance=-70, locked=True)
    first = split(as_alice, row, part(50), part(20))
    assert first.status_code == 200
    second = split(as_alice, row, part(50), part(10), part(10))
    assert undo(as_alice, second["Ledger-Revision"]).status_code == 201
    joined = as_alice.delete(path)
    assert joined.status_code == 204
    assert undo(as_alice, joined["Ledger-Revision"]).status_code == 201
    assert undo(as_alice, first["Ledger-Revision"]).status_code == 201
    assert len(rows_of(as_alice)) == 1
    assert as_alice.get(f"/accounts/{bank.pk}/checks/{DAY}").json()["difference"] == "0.00"


def test_a_lock_holds_for_parts(as_alice: APIClient, alice: User, row: dict[str, Any]) -> None:
    bank = Account.objects.get(owner=alice, name="Bank")
    ids = [one["id"] for one in split(as_alice, row, part(50), part(20)).json()["parts"]]
    moved = as_alice.patch("/transactions", [{"id": pk, "date": "2026-11-02"} for pk in ids])["Ledger-Revision"]
    deleted = as_alice.post("/transactions/delete", {"ids": ids})["Ledger-Revision"]
    BalanceCheck.objects.create(owner=alice, account=bank, date=DAY, balance=0, locked=True)
    assert undo(as_alice, deleted).status_code == 201  # on the day after
    assert undo(as_alice, moved, force=True).json()["code"] == "locked"
    BalanceCheck.objects.filter(owner=alice).delete()
    BalanceCheck.objects.create(owner=alice, account=bank, date="2026-11-02", balance=-70, locked=True)
    for body in ([{"id": pk, "date": "2026-12-01"} for pk in ids], [{"id": pk, "account": None} for pk in ids]):
        assert as_alice.patch("/transactions", body).json()["code"] == "locked"
    assert as_alice.post("/transactions/delete", {"ids": ids}).json()["code"] == "locked"
    assert undo(as_alice, moved, force=True).json()["code"] == "locked"
    assert as_alice.patch("/transactions", [{"id": pk, "notes": "x"} for pk in ids]).status_code == 200
    assert orphans() == []
