"""What an undo of a commit takes away, and what it leaves."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from statements.services import undoing
from statements.tests.plans import CSV, HEADER, commit, rows_of, undo, upload
from transactions.models import Account, BalanceCheck, Category, Tag, Transaction, Transfer
from users.models import User

TAGGED = b"Date,Description,Amount,Category,Tags\n2026-11-01,Rent,-500.00,Home,flat\n2026-11-02,Tea,-3.00,Food,out\n"


@pytest.fixture
def bank(alice: User) -> Account:
    return Account.objects.create(owner=alice, name="Bank", currency="EUR")


def split(client: APIClient, key: str, *amounts: str) -> None:
    answer = client.put(f"/transactions/{key}/split", {"parts": [{"amount": amount} for amount in amounts]})
    assert answer.status_code in (200, 201), answer.content


def test_force_takes_all_parts_of_a_split(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    rent, coffee, *_others = (row["transaction"] for row in rows_of(as_alice, plan["id"]))
    split(as_alice, rent, "300", "150", "50")
    as_alice.patch(f"/transactions/{coffee}", {"notes": "x"})

    undone = undo(as_alice, plan)
    assert (undone["deleted"], undone["kept_count"], {*undone["kept"]}) == (2, 2, {rent, coffee})
    assert Transaction.objects.filter(owner=alice).count() == 4

    assert undo(as_alice, plan, force=True)["deleted"] == 4
    assert not Transaction.objects.filter(owner=alice).exists()
    last = as_alice.get("/revisions").json()["results"][0]["number"]
    assert as_alice.post(f"/revisions/{last}/undo", {}).status_code == 201
    parts = as_alice.get(f"/transactions/{rent}/split").json()["parts"]
    assert sorted(part["amount"] for part in parts) == ["-150.00", "-300.00", "-50.00"]


def test_force_takes_no_part_that_a_check_keeps(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    split(as_alice, rows_of(as_alice, plan["id"])[0]["transaction"], "300", "200")
    BalanceCheck.objects.filter(owner=alice).delete()
    BalanceCheck.objects.create(owner=alice, account=bank, date="2026-11-01", balance=-500, locked=True)

    answer = as_alice.delete(f"/imports/{plan['id']}?force=true")

    assert (answer.status_code, answer.json()["code"]) == (409, "locked")
    assert Transaction.objects.filter(owner=alice).count() == 5


def test_force_takes_a_transfer_apart_that_was_made_since(as_alice: APIClient, alice: User, bank: Account) -> None:
    Account.objects.create(owner=alice, name="Savings", currency="EUR")
    typed = {"description": "typed", "amount": 500, "date": "2026-12-20", "account": "Savings"}
    other = as_alice.post("/incomes", typed).json()["id"]
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    rent = rows_of(as_alice, plan["id"])[0]["transaction"]
    assert as_alice.post("/transfers/link", {"expense": rent, "income": other}).status_code == 201

    assert undo(as_alice, plan)["kept"] == [rent]
    assert undo(as_alice, plan, force=True)["deleted"] == 1

    [left] = Transaction.objects.filter(owner=alice)
    assert (str(left.pk), left.transfer) == (other, None)
    assert not Transfer.objects.filter(owner=alice).exists()


def test_a_side_that_stays_does_not_keep_the_other(
    as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what somebody has edited is kept, however the file is cut into chunks."""
    monkeypatch.setattr(undoing, "CHUNK", 1)
    content = b"Date,Account,Description,Amount\n2026-11-01,A,Out,-5.00\n2026-11-02,B,In,5.00\n"
    plan = upload(as_alice, content, create_account="true", currency="EUR").json()
    assert plan["counts"]["transfer"] == 2
    commit(as_alice, plan)

    assert undo(as_alice, plan)["deleted"] == 2

    for model in (Transaction, Transfer, Account):
        rows: Any = model
        assert not rows.objects.filter(owner=alice).exists()


def test_categories_and_tags_that_nothing_has_go_too(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, TAGGED, account="Bank", create_categories="true"))
    assert plan["makes"] == {"accounts": [], "categories": ["Home", "Food"], "tags": ["flat", "out"]}
    body = {"description": "typed", "amount": 1, "tags": ["out"], "category": "Food"}
    typed = as_alice.post("/expenses", body).json()["id"]

    undo(as_alice, plan)

    assert [tag.name for tag in Tag.objects.filter(owner=alice)] == ["out"]
    assert [category.name for category in Category.objects.filter(owner=alice)] == ["Food"]
    for names in ({"flat", "out"}, {"out"}):  # the undo is undone, and this undo too
        last = as_alice.get("/revisions").json()["results"][0]["number"]
        assert as_alice.post(f"/revisions/{last}/undo", {}).status_code == 201
        assert {tag.name for tag in Tag.objects.filter(owner=alice)} == names
    assert as_alice.get(f"/expenses/{typed}").json()["tags"] == ["out"]


def test_what_the_commit_has_made_for_a_row_that_stays(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, TAGGED, account="Bank", create_categories="true"))
    rent = rows_of(as_alice, plan["id"])[0]["transaction"]
    as_alice.patch(f"/transactions/{rent}", {"notes": "x"})

    assert undo(as_alice, plan)["kept"] == [rent]
    assert [tag.name for tag in Tag.objects.filter(owner=alice)] == ["flat"]
    assert [category.name for category in Category.objects.filter(owner=alice)] == ["Home"]
    undo(as_alice, plan, force=True)
    assert not Tag.objects.filter(owner=alice).exists()
    assert not Category.objects.filter(owner=alice).exists()


def test_a_tag_that_was_renamed_stays(as_alice: APIClient, alice: User, bank: Account) -> None:
    content = HEADER.replace(b"\n", b",Tags\n") + b"2026-11-01,Rent,-500.00,flat\n"
    plan = commit(as_alice, upload(as_alice, content, account="Bank", create_categories="true"))
    flat = Tag.objects.get(owner=alice)
    as_alice.patch(f"/tags/{flat.pk}", {"name": "home"})

    undo(as_alice, plan, force=True)

    assert [tag.name for tag in Tag.objects.filter(owner=alice)] == ["home"]


def test_what_a_rule_gives_stays(as_alice: APIClient, alice: User, bank: Account) -> None:
    plan = commit(as_alice, upload(as_alice, TAGGED, account="Bank", create_categories="true"))
    given = {"category": "Home", "tags": ["out"]}
    assert as_alice.post("/rules", {"when": {"words": ["z"]}, "set": given}).status_code == 201

    assert undo(as_alice, plan)["deleted"] == 2

    assert [tag.name for tag in Tag.objects.filter(owner=alice)] == ["out"]
    assert [category.name for category in Category.objects.filter(owner=alice)] == ["Home"]
    [rule] = as_alice.get("/rules").json()["results"]
    assert rule["set"]["tags"] == ["out"]


def test_what_was_kept_and_then_comes_back_is_free_in_the_end(as_alice: APIClient, alice: User, bank: Account) -> None:
    """The lines of one import are stored by several revisions then."""
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    rent = rows_of(as_alice, plan["id"])[0]["transaction"]
    as_alice.patch(f"/transactions/{rent}", {"notes": "x"})
    assert undo(as_alice, plan)["kept"] == [rent]
    last = as_alice.get("/revisions").json()["results"][0]["number"]
    assert as_alice.post(f"/revisions/{last}/undo", {}).status_code == 201
    assert upload(as_alice, CSV, account="Bank").json()["counts"]["duplicate"] == 4

    assert undo(as_alice, plan, force=True)["deleted"] == 4

    assert not Transaction.objects.filter(owner=alice).exists()
    assert upload(as_alice, CSV, account="Bank").json()["counts"]["new"] == 4


def test_checks_and_tags_that_came_back_go_too(as_alice: APIClient, alice: User) -> None:
    """An undo that has kept something is undone, and then the import is undone again."""
    content = (
        TAGGED.replace(b"Amount", b"Amount,Balance").replace(b"500.00", b"500.00,10.00").replace(b"3.00", b"3.00,7.00")
    )
    said = {"account": "New", "create_account": "true", "currency": "EUR", "create_categories": "true"}
    plan = commit(as_alice, upload(as_alice, content, **said))
    rent = rows_of(as_alice, plan["id"])[0]["transaction"]
    as_alice.patch(f"/transactions/{rent}", {"notes": "x"})
    undone = undo(as_alice, plan)
    assert undone["kept"] == [rent]
    assert as_alice.post(f"/revisions/{undone['revision']}/undo", {}).status_code == 201
    assert BalanceCheck.objects.filter(owner=alice).exists()

    undo(as_alice, plan, force=True)

    for model in (Transaction, BalanceCheck, Tag, Category, Account):
        rows: Any = model
        assert not rows.objects.filter(owner=alice).exists()


@pytest.mark.parametrize("balance", ["2493.00", "2400.00"])
def test_a_check_goes_though_its_account_was_renamed(
    balance: str, as_alice: APIClient, alice: User, bank: Account
) -> None:
    """The rename has written it. What somebody has changed stays."""
    plan = commit(as_alice, upload(as_alice, CSV, account="Bank"))
    as_alice.patch(f"/accounts/{bank.pk}", {"name": "My bank"})
    assert as_alice.put(f"/accounts/{bank.pk}/checks/2026-11-30", {"balance": balance}).status_code == 200

    undo(as_alice, plan)

    assert BalanceCheck.objects.filter(owner=alice).exists() == (balance == "2400.00")


def test_an_undo_names_no_row_that_nothing_has_written(as_alice: APIClient, alice: User, bank: Account) -> None:
    """So it takes no longer per row than the database does: others wait for it on SQLite."""
    content = HEADER + b"".join(b"2026-11-%02d,Line %d,-%d.00\n" % (1 + n % 28, n, n + 1) for n in range(200))
    plan = commit(as_alice, upload(as_alice, content, account="Bank"))

    named = {row["transaction"].replace("-", "") for row in rows_of(as_alice, plan["id"])}
    with CaptureQueriesContext(connection) as queries:
        assert undo(as_alice, plan)["deleted"] == 200
    told = " ".join(query["sql"] for query in queries).replace("-", "")

    assert len(named) == 200
    assert "DELETE FROM" in told
    assert len([key for key in named if key in told]) <= 1  # the last of each part


def test_rows_of_an_import_are_looked_up_one_by_one(as_alice: APIClient, bank: Account) -> None:
    """A join of them takes minutes if the database knows nothing of them yet (cashman_project/db/looked_up.py)."""
    uploaded = upload(as_alice, CSV, account="Bank")
    with CaptureQueriesContext(connection) as of_commit:
        plan = commit(as_alice, uploaded)
    told = [query["sql"] for query in of_commit]
    with CaptureQueriesContext(connection) as of_undo:
        undo(as_alice, plan)
    told += [query["sql"] for query in of_undo]

    assert len([sql for sql in told if 'FROM "statements_' in sql and ") IS NOT NULL" in sql]) >= 4
    assert [sql for sql in told if 'FROM "statements_' in sql and "EXISTS" in sql] == []
