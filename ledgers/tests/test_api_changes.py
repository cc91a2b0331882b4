"""GET /changes: what was created, changed and deleted since a position."""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.core.signing import Signer
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from cashman_project.db.derived_fields import DerivedQuerySet
from ledgers.models import Change, Ledger
from ledgers.services import changes
from ledgers.tests.followers import Follower, ledger_of, restore
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User


def told(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(change["operation"], change["id"]) for change in changes]


# -- What is told -----------------------------------------------------------------------------


def test_who_begins_with_nothing_gets_every_row_as_a_get_gives_it(as_alice: APIClient, alice: User, bob: User) -> None:
    category = CategoryFactory.create(owner=alice, name='Büro "é" \\')
    income = IncomeFactory.create(owner=alice, category=category, notes="a\nb\t\u2028", external_id="x1")
    expense = ExpenseFactory.create(owner=alice)
    IncomeFactory.create(owner=bob, category=CategoryFactory.create(owner=bob))

    response = as_alice.get("/changes")

    page = response.json()
    assert response.headers["Ledger-Revision"] == "3"
    assert page["more"] is False
    assert [(change["revision"], change["resource"], change["id"]) for change in page["changes"]] == [
        (1, "categories", str(category.pk)),
        (2, "transactions", str(income.pk)),
        (3, "transactions", str(expense.pk)),
    ]
    assert {change["operation"] for change in page["changes"]} == {"created"}
    single = as_alice.get(f"/transactions/{income.pk}").content
    assert b'"data":' + single + b"}" in response.content


def test_a_new_ledger_has_an_empty_feed_that_can_be_followed(as_outsider: APIClient, outsider: User) -> None:
    response = as_outsider.get("/changes")
    assert response.headers["Ledger-Revision"] == "0"
    assert (response.json()["more"], response.json()["changes"]) == (False, [])

    row = IncomeFactory.create(owner=outsider)

    page = as_outsider.get("/changes", {"since": response.json()["cursor"]}).json()
    assert told(page["changes"]) == [("created", str(row.pk))]


def test_each_change_is_told_once_as_the_row_is_now(as_alice: APIClient, alice: User) -> None:
    kept, changed, gone = IncomeFactory.create_batch(3, owner=alice)
    follower = Follower(as_alice)
    follower.catch_up()
    for amount in (1, 2, 3):
        as_alice.patch(f"/incomes/{changed.pk}", {"amount": amount})
    as_alice.delete(f"/incomes/{gone.pk}")
    new = as_alice.post("/incomes", {"description": "new", "amount": 1}).json()
    as_alice.patch(f"/incomes/{new['id']}", {"amount": 2})

    found = follower.catch_up()

    assert told(found) == [("updated", str(changed.pk)), ("deleted", str(gone.pk)), ("created", new["id"])]
    assert [change["data"] and change["data"]["amount"] for change in found] == ["3.00", None, "2.00"]
    assert found[1]["resource"] == "transactions"
    assert follower.catch_up() == []
    assert follower.rows == ledger_of(as_alice)
    assert ("transactions", str(kept.pk)) in follower.rows


def test_a_renamed_category_tells_every_row_that_shows_its_name(as_alice: APIClient, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Food")
    row = IncomeFactory.create(owner=alice, category=category)
    IncomeFactory.create(owner=alice)
    follower = Follower(as_alice)
    follower.catch_up()

    as_alice.patch(f"/categories/{category.pk}", {"name": "Meals"})

    found = follower.catch_up()
    assert sorted(told(found)) == sorted([("updated", str(category.pk)), ("updated", str(row.pk))])
    assert {change["data"].get("category") for change in found} == {None, "Meals"}
    assert follower.rows == ledger_of(as_alice)


def test_deletions_of_before_are_not_told_to_who_begins_with_nothing(as_alice: APIClient, alice: User) -> None:
    rows = IncomeFactory.create_batch(4, owner=alice)
    rows[0].delete()
    follower = Follower(as_alice, limit=1)
    first = follower.read()
    assert (told(first["changes"]), first["more"]) == ([("created", str(rows[1].pk))], True)

    rows[1].delete()
    rows[2].delete()

    assert told(follower.catch_up()) == [
        ("created", str(rows[3].pk)),
        ("deleted", str(rows[1].pk)),
        ("deleted", str(rows[2].pk)),
    ]
    assert follower.rows == ledger_of(as_alice)


def test_every_row_is_new_to_who_begins_with_nothing(as_alice: APIClient, alice: User) -> None:
    rows = IncomeFactory.create_batch(3, owner=alice)
    as_alice.patch(f"/incomes/{rows[0].pk}", {"amount": 1})
    follower = Follower(as_alice, limit=1)

    assert told(follower.catch_up()) == [("created", str(row.pk)) for row in (rows[1], rows[2], rows[0])]
    as_alice.patch(f"/incomes/{rows[2].pk}", {"amount": 1})
    assert told(follower.catch_up()) == [("updated", str(rows[2].pk))]


def test_a_page_ends_at_the_revision_that_it_began_with(
    as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is written while a page is read belongs to the next one, which tells it once."""
    IncomeFactory.create(owner=alice)
    follower = Follower(as_alice)
    read = changes._alive

    def meanwhile(*args: Any) -> Any:
        monkeypatch.undo()
        IncomeFactory.create(owner=alice)
        return read(*args)

    monkeypatch.setattr(changes, "_alive", meanwhile)
    page = follower.read()

    assert [change["revision"] for change in page["changes"]] == [1]
    assert [change["revision"] for change in follower.catch_up()] == [2]
    assert follower.rows == ledger_of(as_alice)


def test_a_restored_row_is_created_again(as_alice: APIClient, alice: User) -> None:
    row = IncomeFactory.create(owner=alice)
    early, late = Follower(as_alice), Follower(as_alice)
    early.catch_up()
    late.catch_up()
    row.delete()
    assert told(early.catch_up()) == [("deleted", str(row.pk))]
    row = IncomeFactory.build(pk=row.pk, owner=alice, created_revision=1)
    restore(row)

    for follower in (early, late):
        assert told(follower.catch_up()) == [("created", str(row.pk))]
        assert follower.rows == ledger_of(as_alice)

    Transaction.objects.filter(owner=alice).delete()
    assert told(early.catch_up()) == [("deleted", str(row.pk))]


def test_rows_from_before_there_were_revisions_come_first(as_alice: APIClient, alice: User) -> None:
    rows = IncomeFactory.create_batch(3, owner=alice)
    old = {"revision": 0, "created_revision": 0}
    for row in rows[:2]:
        DerivedQuerySet(Transaction).filter(pk=row.pk).update(**old)
    follower = Follower(as_alice, limit=1)

    found = follower.catch_up()

    assert [(change["revision"], change["id"]) for change in found] == [
        (0, str(rows[0].pk)),
        (0, str(rows[1].pk)),
        (3, str(rows[2].pk)),
    ]
    assert {change["operation"] for change in found} == {"created"}


def test_the_rows_of_one_revision_may_be_on_several_pages(as_alice: APIClient, alice: User) -> None:
    as_alice.post("/transactions", [{"type": "INCOME", "description": str(n), "amount": 1} for n in range(250)])
    follower = Follower(as_alice)

    sizes = [len(follower.read()["changes"]) for _page in range(3)]

    assert sizes == [100, 100, 50]
    assert {revision for revision, _id in follower.places} == {1}
    assert follower.rows == ledger_of(as_alice)
    assert len(as_alice.get("/changes?limit=1000").json()["changes"]) == 250


# -- Whose, and until when --------------------------------------------------------------------


def test_nobody_sees_anothers_changes(as_outsider: APIClient, as_bob: APIClient, alice: User) -> None:
    row = IncomeFactory.create(owner=alice, category=CategoryFactory.create(owner=alice))
    cursors = [client.get("/changes").json()["cursor"] for client in (as_bob, as_outsider)]
    row.delete()

    for client, cursor in zip((as_bob, as_outsider), cursors, strict=True):
        for query in ({}, {"since": cursor}):
            assert client.get("/changes", query).json()["changes"] == []


def test_anothers_cursor_is_refused(as_alice: APIClient, as_bob: APIClient, bob: User) -> None:
    IncomeFactory.create(owner=bob)
    cursor = as_bob.get("/changes").json()["cursor"]

    problem_of(as_alice.get("/changes", {"since": cursor}), 400, "invalid", ("since", "invalid_cursor"))


def forged(cursor: str) -> Iterator[str]:
    """Yield what looks like the cursor."""
    payload, _dot, signature = cursor.rpartition(".")
    yield from ("x", "é", "\0", 5_000 * "x", payload, f"{payload}.", f".{signature}", cursor[:-1], cursor.swapcase())
    other = base64.urlsafe_b64encode(b'[0,"00000000000000000000000000000000",0]').rstrip(b"=").decode()
    yield from (f"{other}.{signature}", Signer(sep=".").sign_object([0, UUID(int=0).hex, 0]))


def test_a_cursor_that_we_did_not_sign_is_refused(as_alice: APIClient, alice: User) -> None:
    IncomeFactory.create(owner=alice)
    for cursor in forged(as_alice.get("/changes").json()["cursor"]):
        problem_of(as_alice.get("/changes", {"since": cursor}), 400, "invalid", ("since", "invalid_cursor"))


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.0", "x", " 1", "１", "²", 5_000 * "1"])
def test_a_wrong_limit_is_refused(limit: str, as_alice: APIClient) -> None:
    problem_of(as_alice.get("/changes", {"limit": limit}), 400, "invalid", ("limit", "invalid"))


def test_a_cursor_older_than_the_history_that_is_kept_has_expired(as_alice: APIClient, alice: User) -> None:
    rows = IncomeFactory.create_batch(3, owner=alice)
    at_three = as_alice.get("/changes").json()["cursor"]
    in_two = as_alice.get("/changes?limit=2").json()["cursor"]
    rows[0].delete()
    at_four = as_alice.get("/changes").json()["cursor"]

    Ledger.objects.filter(pk=alice.pk).update(kept_from=4)
    assert told(as_alice.get("/changes", {"since": at_three}).json()["changes"]) == [("deleted", str(rows[0].pk))]
    # Only deletions are read from the history, and those up to 3 don't concern who began then.
    assert as_alice.get("/changes", {"since": in_two}).status_code == 200
    Ledger.objects.filter(pk=alice.pk).update(kept_from=5)
    for cursor in (at_three, in_two):
        problem_of(as_alice.get("/changes", {"since": cursor}), 410, "cursor_expired")
    assert as_alice.get("/changes", {"since": at_four}).json()["changes"] == []
    assert len(as_alice.get("/changes").json()["changes"]) == 2


def test_a_cursor_from_the_future_of_a_backup_has_expired(as_alice: APIClient, alice: User) -> None:
    IncomeFactory.create_batch(2, owner=alice)
    cursor = as_alice.get("/changes").json()["cursor"]
    Ledger.objects.filter(pk=alice.pk).update(revision=1)

    problem_of(as_alice.get("/changes", {"since": cursor}), 410, "cursor_expired")


def test_a_sweep_between_the_queries_of_a_page_is_noticed(
    as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = IncomeFactory.create_batch(2, owner=alice)
    cursor = as_alice.get("/changes").json()["cursor"]
    rows[0].delete()
    rows[1].delete()
    read = changes._deleted

    def swept(*args: Any) -> Any:
        Ledger.objects.filter(pk=alice.pk).update(kept_from=5)
        Change.objects.filter(ledger=alice.pk).delete()
        return read(*args)

    monkeypatch.setattr(changes, "_deleted", swept)
    problem_of(as_alice.get("/changes", {"since": cursor}), 410, "cursor_expired")


@pytest.mark.parametrize("step", ["_alive", "_deleted", "_with_restored"])
def test_writes_between_the_queries_of_a_page_are_told_by_the_next(
    step: str, as_alice: APIClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each query of a page: a row is changed, one is deleted, one is created, and a category is renamed."""
    category = CategoryFactory.create(owner=alice)
    rows = IncomeFactory.create_batch(12, owner=alice, category=category)
    follower = Follower(as_alice, limit=3)
    read = getattr(changes, step)

    def meanwhile(*args: Any) -> Any:
        if len(rows) > 4:
            rows.pop().delete()
            rows[0].notes += "x"
            rows[0].save()
            rows.insert(1, IncomeFactory.create(owner=alice, category=category))
            category.name += "x"
            category.save()
            rows.pop(3).delete()
        return read(*args)

    monkeypatch.setattr(changes, step, meanwhile)
    for _page in range(40):
        follower.read()
    monkeypatch.undo()
    assert len(rows) <= 4
    follower.catch_up()
    assert follower.rows == ledger_of(as_alice)
