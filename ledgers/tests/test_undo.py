"""Undo takes a revision back whole: rows come back with their ids, and what stands in the way is named."""

import datetime
from collections.abc import Iterable
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from rest_framework.exceptions import NotFound
from uuid_utils.compat import uuid7

from cashman_project.api.origin import API, UNDO, Origin
from ledgers.models import Change, Ledger, Revision
from ledgers.services.undo import undo
from ledgers.services.undo_errors import (
    ChangedSince,
    HistoryExpired,
    InUse,
    NothingToUndo,
    ReferenceGone,
    Taken,
)
from transactions.models import Category, Expense, Income, Transaction
from transactions.services.categories import delete_category
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.triggers import differences
from users.models import User

# What an undo writes of a row that it brings back or changes.
WRITTEN = {"version", "updated_at", "revision"}


def undone(owner: User, number: int, force: bool = False) -> int:
    """Undo a revision of the owner's; return the number of the new one."""
    revision = undo(owner.pk, number, force, Origin(API, owner.pk, "a token", "a request"))
    assert revision == last(owner)
    assert differences(connection) == []
    return revision


def last(owner: User) -> int:
    """Return the number of the owner's last revision."""
    return Ledger.objects.values_list("revision", flat=True).get(pk=owner.pk)


def rows_of(owner: User, *without: str) -> dict[UUID, dict[str, Any]]:
    """Return all columns of the owner's rows, but for some."""
    return {
        values["id"]: {name: value for name, value in values.items() if name not in without}
        for model in (Category, Transaction)
        for values in model.objects.for_owner(owner).values()
    }


@contextmanager
def one_revision(owner: User) -> Any:
    """Write several rows in one revision."""
    with Transaction.objects.writing(owner.pk) as write:
        write.lock()
        yield


def errors_of(error: Any) -> Any:
    return error.value.members


@pytest.fixture(autouse=True)
def rows_of_others(bob: User, outsider: User) -> Any:
    """Whatever alice undoes, the rows of others stay as they are, also if their revisions have the same numbers."""
    for owner in (bob, outsider):
        category = CategoryFactory.create(owner=owner, name="Food")
        ExpenseFactory.create(owner=owner, category=category, external_id="1")
        ExpenseFactory.create_batch(5, owner=owner)
        Transaction.objects.for_owner(owner).update(notes="theirs")
    before = rows_of(bob), rows_of(outsider), Change.objects.count()
    yield
    assert (rows_of(bob), rows_of(outsider)) == before[:2]
    assert Change.objects.exclude(ledger__in=(bob.pk, outsider.pk)).count() == Change.objects.count() - before[2]


# -- What comes back --------------------------------------------------------------------------


def test_created_rows_are_deleted(alice: User) -> None:
    stays = ExpenseFactory.create(owner=alice)
    with one_revision(alice):
        category = CategoryFactory.create(owner=alice)
        ExpenseFactory.create(owner=alice, category=category)
        Transaction.objects.bulk_create([IncomeFactory.build(owner=alice, category=category)])

    undone(alice, last(alice))

    assert rows_of(alice).keys() == {stays.pk}


def test_deleted_rows_come_back_as_they_were(alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Ärzte")
    texts = ["", "a\tb\n\\N", '"', "é\U0001f600"]
    for number, text in enumerate(texts):
        amount = Decimal("99999999999.9999") - number
        external_id = f"{text}{number}" if text else None
        common = {"owner": alice, "notes": text, "category": category, "external_id": external_id}
        ExpenseFactory.create(description=f"x{text}", amount=amount, currency="JPY", **common)
    IncomeFactory.create(owner=alice, date=datetime.date(2200, 12, 31), amount=Decimal("0.0001"))
    Transaction.objects.for_owner(alice).filter(notes="").update(currency="EUR")
    before = rows_of(alice, *WRITTEN)
    versions = {pk: values["version"] for pk, values in rows_of(alice).items()}
    with one_revision(alice):
        Transaction.objects.for_owner(alice).delete()
        category.delete()
    number = last(alice)

    revision = undone(alice, number)

    assert rows_of(alice, *WRITTEN) == before
    after = rows_of(alice)
    assert {pk: values["version"] - 1 for pk, values in after.items()} == versions
    assert {values["revision"] for values in after.values()} == {revision}
    assert all(0 < values["created_revision"] < number for values in after.values())
    assert all(values["updated_at"] > values["created_at"] for values in after.values())
    stored = Revision.objects.get(ledger=alice.pk, number=revision)
    assert (stored.via, stored.by, stored.token, stored.undoes) == (UNDO, None, "a token", number)
    assert stored.counts == {"categories": {"created": 1}, "transactions": {"created": 5}}
    changes = Change.objects.filter(ledger=alice.pk, revision=revision)
    assert set(changes.values_list("row_id", "operation", "before")) == {(pk, "created", "") for pk in before}


def test_updated_rows_become_what_they_were(alice: User) -> None:
    category = CategoryFactory.create(owner=alice)
    rows = ExpenseFactory.create_batch(3, owner=alice, category=category, amount=Decimal("4.2001"), external_id=None)
    bystander = ExpenseFactory.create(owner=alice, notes="changed")
    before = rows_of(alice, *WRITTEN)
    for number, row in enumerate(rows):
        row.amount, row.date, row.category = Decimal(number + 1), datetime.date(2026, 1, 1), None
        row.notes, row.external_id, row.description = "changed", str(number), f"changed {number}"
    Transaction.objects.bulk_update(rows, ["amount", "date", "category", "notes", "external_id", "description"])

    revision = undone(alice, last(alice))

    assert rows_of(alice, *WRITTEN) == before
    assert {values["version"] for pk, values in rows_of(alice).items() if pk in {row.pk for row in rows}} == {3}
    assert Revision.objects.get(ledger=alice.pk, number=revision).counts == {"transactions": {"updated": 3}}
    assert Transaction.objects.for_owner(alice).containing("changed").get() == bystander  # folded texts follow, too


def test_renaming_back_counts_as_a_write_of_the_transactions(alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Fun")
    row, other = ExpenseFactory.create(owner=alice, category=category), ExpenseFactory.create(owner=alice)
    category.name = "Toys"
    category.save()
    assert Transaction.objects.get(pk=row.pk).version == 2

    revision = undone(alice, last(alice))

    assert Category.objects.get(pk=category.pk).name == "Fun"
    assert Category.objects.for_owner(alice).named("fun").exists()
    written = Transaction.objects.filter(owner=alice, revision=revision)
    assert list(written.values_list("pk", "version")) == [(row.pk, 3)]
    assert Transaction.objects.get(pk=other.pk).version == 1


def test_a_forced_deletion_of_a_category_comes_back_with_its_links(alice: User) -> None:
    category = CategoryFactory.create(owner=alice)
    rows = ExpenseFactory.create_batch(3, owner=alice, category=category)
    before = rows_of(alice, *WRITTEN)
    delete_category(category=category, force=True)

    undone(alice, last(alice))

    assert rows_of(alice, *WRITTEN) == before
    assert Transaction.objects.filter(category=category).count() == len(rows)


def test_a_category_that_was_made_for_a_row_goes_with_the_link(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    before = rows_of(alice, *WRITTEN)
    with one_revision(alice):
        row.category = CategoryFactory.create(owner=alice)
        row.save()

    undone(alice, last(alice))

    assert rows_of(alice, *WRITTEN) == before


def test_rows_that_were_written_several_times_in_one_revision(alice: User) -> None:
    row = ExpenseFactory.create(owner=alice, notes="first")
    before = rows_of(alice, *WRITTEN)
    with one_revision(alice):
        Transaction.objects.filter(owner=alice, pk=row.pk).update(notes="second")
        Transaction.objects.filter(owner=alice, pk=row.pk).update(notes="third")
        made = ExpenseFactory.create(owner=alice)
        Transaction.objects.filter(owner=alice, pk=made.pk).delete()
        Transaction.objects.filter(owner=alice, pk=row.pk).delete()

    undone(alice, last(alice))

    assert rows_of(alice, *WRITTEN) == before


def test_unique_values_are_exchanged_back(alice: User) -> None:
    first, second, third = (ExpenseFactory.create(owner=alice, external_id=name) for name in "abc")
    food, fun = (CategoryFactory.create(owner=alice, name=name) for name in ("Food", "Fun"))
    before = rows_of(alice, *WRITTEN)
    rows, categories = Transaction.objects.filter(owner=alice), Category.objects.filter(owner=alice)
    with one_revision(alice):
        rows.update(external_id=None)
        for row, name in ((first, "b"), (second, "c"), (third, "a")):
            rows.filter(pk=row.pk).update(external_id=name)
        categories.filter(pk=food.pk).update(name="?")
        categories.filter(pk=fun.pk).update(name="food")
        categories.filter(pk=food.pk).update(name="fun")

    number = undone(alice, last(alice))
    assert rows_of(alice, *WRITTEN) == before

    undone(alice, number)
    assert list(rows.order_by("pk").values_list("external_id", flat=True)) == ["b", "c", "a"]
    assert list(categories.order_by("pk").values_list("name", "key")) == [("fun", "fun"), ("food", "food")]


def test_unique_values_that_went_to_a_new_row_come_back(alice: User) -> None:
    old = ExpenseFactory.create(owner=alice, external_id="1", category=CategoryFactory.create(owner=alice, name="Fun"))
    before = rows_of(alice, *WRITTEN)
    with one_revision(alice):
        Transaction.objects.filter(owner=alice).delete()
        Category.objects.filter(owner=alice).delete()
        new = IncomeFactory.create(
            owner=alice, external_id="1", category=CategoryFactory.create(owner=alice, name="fun")
        )
    after = rows_of(alice, *WRITTEN)

    number = undone(alice, last(alice))
    assert rows_of(alice, *WRITTEN) == before

    number = undone(alice, number)
    assert rows_of(alice, *WRITTEN) == after
    assert {old.pk, new.pk}.isdisjoint(undone_rows := rows_of(alice)) is False
    operations = dict(Change.objects.filter(ledger=alice.pk, revision=number).values_list("row_id", "operation"))
    assert operations[old.pk] == "deleted"
    assert new.pk in undone_rows


@pytest.mark.parametrize("times", [2, 3, 4])
def test_an_undo_is_undone(times: int, alice: User) -> None:
    """Created, updated, deleted, renamed: each undo turns the last one round, and a version never comes twice."""
    category = CategoryFactory.create(owner=alice, name="Fun")
    updated, deleted = ExpenseFactory.create_batch(2, owner=alice, category=category, external_id=None)
    before = rows_of(alice, *WRITTEN)
    with one_revision(alice):
        ExpenseFactory.create(owner=alice)
        Transaction.objects.filter(owner=alice, pk=updated.pk).update(notes="x")
        Transaction.objects.filter(owner=alice, pk=deleted.pk).delete()
        Category.objects.filter(owner=alice).update(name="Toys")
    after, seen = rows_of(alice, *WRITTEN), rows_of(alice)
    number = last(alice)

    for time in range(times):
        number = undone(alice, number)
        assert rows_of(alice, *WRITTEN) == (after if time % 2 else before)
        for pk, values in rows_of(alice).items():
            assert pk not in seen or values["version"] > seen[pk]["version"] or values == seen[pk]
        seen |= rows_of(alice)


def test_a_row_that_is_restored_keeps_what_an_old_history_does_not_know(alice: User) -> None:
    """A history from before a column was added has no value of it, and one from before a column went has too many."""
    row = ExpenseFactory.create(owner=alice, notes="kept")
    Transaction.objects.filter(owner=alice).update(description="changed")
    number = last(alice)
    Transaction.objects.filter(owner=alice).delete()
    for change in Change.objects.filter(ledger=alice.pk):
        before = change.before.replace('"notes"', '"gone"').replace("_in_use", "")
        Change.objects.filter(ledger=alice.pk, revision=change.revision).update(before=before)

    undone(alice, last(alice))
    assert Transaction.objects.values_list("description", "notes").get(pk=row.pk) == ("changed", "")

    Transaction.objects.filter(owner=alice).update(notes="new")
    undone(alice, number, force=True)
    assert Transaction.objects.values_list("description", "notes").get(pk=row.pk) == ("pizza", "new")


# -- What stands in the way -------------------------------------------------------------------


@pytest.mark.parametrize("number", [-1, 0, 2, 99])
def test_there_is_no_such_revision(number: int, alice: User) -> None:
    ExpenseFactory.create(owner=alice)

    with pytest.raises(NotFound):
        undone(alice, number)
    assert last(alice) == 1


def test_an_owner_without_a_ledger_has_no_revision(alice: User) -> None:
    with pytest.raises(NotFound):
        undo(alice.pk, 1, force=True, origin=Origin())
    assert not Ledger.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("how", ["kept_from", "revision"])
def test_the_history_is_not_kept_any_more(how: str, alice: User) -> None:
    ExpenseFactory.create_batch(3, owner=alice)
    if how == "kept_from":
        Ledger.objects.filter(pk=alice.pk).update(kept_from=3)
    else:
        Revision.objects.filter(ledger=alice.pk, number__lt=3).delete()

    for force in (False, True):
        with pytest.raises(HistoryExpired):
            undone(alice, 2, force)
    undone(alice, 3)
    assert Transaction.objects.for_owner(alice).count() == 2


@pytest.mark.parametrize("way", ["update", "delete", "delete and restore"])
@pytest.mark.parametrize("operation", ["update", "delete", "restore"])
def test_rows_that_have_changed_since_are_named(operation: str, way: str, alice: User) -> None:
    """A later change of any kind of a row that was updated, of one that was deleted, and of one that was restored."""
    row, other = ExpenseFactory.create(owner=alice, notes="1"), ExpenseFactory.create(owner=alice, notes="1")
    rows = Transaction.objects.filter(owner=alice)
    before = rows_of(alice, *WRITTEN)
    if operation == "update":
        rows.update(notes="2")
    else:
        rows.delete()
    number = last(alice)
    if operation != "update":
        restored = undone(alice, number)
        if operation == "restore":
            number, before = restored, {}
    if way == "update":
        rows.filter(pk=row.pk).update(description="x")
    else:
        rows.filter(pk=row.pk).delete()
        if way == "delete and restore":
            undone(alice, last(alice))
    everything = rows_of(alice)
    is_gone = operation == "restore" and way == "delete"  # which is what the undo wants

    if not is_gone:
        with pytest.raises(ChangedSince) as error:
            undone(alice, number)
        ids = [str(row.pk), str(other.pk)] if operation == "delete" else [str(row.pk)]
        assert errors_of(error) == {"ids": ids, "count": len(ids)}
        assert rows_of(alice) == everything
    if (operation, way) == ("delete", "delete and restore"):
        with pytest.raises(NothingToUndo):  # each row is as it was before it was deleted
            undone(alice, number, force=True)
    else:
        undone(alice, number, force=True)

    assert rows_of(alice, *WRITTEN) == before
    for pk, values in rows_of(alice).items():
        assert values == everything.get(pk) or values["version"] > everything.get(pk, {"version": 2})["version"]


def test_a_hundred_changed_rows_are_named_and_all_are_counted(alice: User) -> None:
    with one_revision(alice):
        ExpenseFactory.create_batch(130, owner=alice)
    number = last(alice)
    Transaction.objects.filter(owner=alice).update(notes="x")

    with pytest.raises(ChangedSince) as error:
        undone(alice, number)

    first = Transaction.objects.for_owner(alice).order_by("pk").values_list("pk", flat=True)[:100]
    assert errors_of(error) == {"ids": list(map(str, first)), "count": 130}


def test_a_rename_changes_no_transaction_since(alice: User) -> None:
    category = CategoryFactory.create(owner=alice)
    row = ExpenseFactory.create(owner=alice, category=category)
    number = last(alice)
    Category.objects.filter(owner=alice).update(name="Toys")

    undone(alice, number)

    assert rows_of(alice).keys() == {category.pk}
    assert not Transaction.objects.filter(pk=row.pk).exists()


def test_rows_that_are_deleted_already_need_no_force(alice: User) -> None:
    with one_revision(alice):
        rows = ExpenseFactory.create_batch(3, owner=alice)
    number = last(alice)
    Transaction.objects.filter(owner=alice, pk=rows[0].pk).delete()

    undone(alice, number)
    assert rows_of(alice) == {}


@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_left_to_undo(force: bool, alice: User) -> None:
    ExpenseFactory.create(owner=alice)
    Transaction.objects.filter(owner=alice).delete()

    with pytest.raises(NothingToUndo):
        undone(alice, 1, force)
    assert last(alice) == 2


@pytest.mark.parametrize("force", [False, True])
def test_an_external_id_that_is_taken_is_named(force: bool, alice: User) -> None:
    ExpenseFactory.create(owner=alice, external_id="a")
    Transaction.objects.filter(owner=alice).delete()
    number = last(alice)
    new = IncomeFactory.create(owner=alice, external_id="a")

    with pytest.raises(Taken) as error:
        undone(alice, number, force)

    assert errors_of(error) == {"field": "external_id", "value": "a", "id": str(new.pk), "count": 1}
    assert rows_of(alice).keys() == {new.pk}
    Transaction.objects.filter(owner=alice).update(external_id="b")
    undone(alice, number)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("way", ["delete", "rename"])
def test_a_name_that_is_taken_is_named(way: str, force: bool, alice: User) -> None:
    category = CategoryFactory.create(owner=alice, name="Café")
    if way == "delete":
        category.delete()
    else:
        Category.objects.filter(owner=alice).update(name="Bar")
    number = last(alice)
    new = CategoryFactory.create(owner=alice, name="CAFE\u0301")
    before = rows_of(alice)

    with pytest.raises(Taken) as error:
        undone(alice, number, force)

    assert errors_of(error) == {"field": "name", "value": "Café", "id": str(new.pk), "count": 1}
    assert rows_of(alice) == before


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_a_category_that_is_gone_is_named(operation: str, alice: User) -> None:
    category = CategoryFactory.create(owner=alice)
    rows = ExpenseFactory.create_batch(2, owner=alice, category=category, external_id=None)
    before = rows_of(alice, *WRITTEN)
    if operation == "update":
        Transaction.objects.filter(owner=alice).update(category=None)
    else:
        Transaction.objects.filter(owner=alice).delete()
    number = last(alice)
    category.delete()
    deletion = last(alice)

    with pytest.raises(ReferenceGone) as error:
        undone(alice, number)
    assert errors_of(error) == {"field": "category", "id": str(category.pk), "revision": deletion, "count": 2}

    without = {pk: values | {"category_id": None} for pk, values in before.items() if pk != category.pk}
    if operation == "delete":
        forced = undone(alice, number, force=True)
        assert rows_of(alice, *WRITTEN) == without
        undone(alice, forced)
    else:
        with pytest.raises(NothingToUndo):
            undone(alice, number, force=True)
        assert rows_of(alice, *WRITTEN) == without
    undone(alice, deletion)
    undone(alice, number, force=operation == "delete")
    assert rows_of(alice, *WRITTEN) == before
    assert Transaction.objects.filter(category=category).count() == len(rows)


def test_a_category_that_is_in_use_is_unlinked_with_force(alice: User) -> None:
    category = CategoryFactory.create(owner=alice)
    number = last(alice)
    ExpenseFactory.create_batch(3, owner=alice, category=category)
    before = rows_of(alice, *WRITTEN)

    with pytest.raises(InUse) as error:
        undone(alice, number)
    assert errors_of(error) == {"resource": "transactions", "count": 3}
    assert rows_of(alice, *WRITTEN) == before

    forced = undone(alice, number, force=True)
    assert set(Transaction.objects.for_owner(alice).values_list("category", flat=True)) == {None}
    assert not Category.objects.for_owner(alice).exists()

    undone(alice, forced)
    assert rows_of(alice, *WRITTEN) == before


def test_others_rows_of_the_same_revision_are_not_found(alice: User, bob: User) -> None:
    """Revision 2 of bob's exists. For alice it does not, and his rows with her category's name are no conflict."""
    ExpenseFactory.create(owner=alice, external_id="1")
    with pytest.raises(NotFound):
        undone(alice, 2)
    Transaction.objects.filter(owner=alice).delete()

    undone(alice, 2)

    assert Transaction.objects.for_owner(alice).get().external_id == "1"


def test_an_undo_that_fails_leaves_no_revision(alice: User) -> None:
    """Half of it was written when the conflict was found."""
    category = CategoryFactory.create(owner=alice)
    row = ExpenseFactory.create(owner=alice)
    with one_revision(alice):
        Transaction.objects.filter(owner=alice).delete()
        new = CategoryFactory.create(owner=alice)
    number = last(alice)
    IncomeFactory.create(owner=alice, category=new)
    before, revisions, changes = rows_of(alice), Revision.objects.count(), Change.objects.count()

    with pytest.raises(InUse):
        undone(alice, number)

    assert (rows_of(alice), Revision.objects.count(), Change.objects.count()) == (before, revisions, changes)
    assert last(alice) == number + 1
    assert {category.pk, new.pk} <= rows_of(alice).keys()
    assert row.pk not in rows_of(alice)


@pytest.mark.parametrize("size", [1, 7])
def test_rows_are_written_in_parts(size: int, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledgers.services.undo.PART", size)
    categories = [CategoryFactory.create(owner=alice, name=name) for name in ("a", "b", "c")]
    rows = [ExpenseFactory.create(owner=alice, external_id=str(n), category=categories[n % 3]) for n in range(20)]
    before = rows_of(alice, *WRITTEN)
    with one_revision(alice):
        mine = Transaction.objects.filter(owner=alice)
        mine.filter(pk__in=[row.pk for row in rows[:6]]).delete()
        changed = rows[6:]
        mine.update(external_id=None)
        names = [row.external_id for row in changed]
        for row, name in zip(changed, names[1:] + names[:1], strict=True):
            row.external_id, row.category = name, None
        Transaction.objects.bulk_update(changed, ["external_id", "category"])
        for category in categories:
            delete_category(category=category, force=True)
        CategoryFactory.create(owner=alice, name="A")
        made: Iterable[Any] = [IncomeFactory.build(owner=alice, external_id=str(n), id=uuid7()) for n in range(6)]
        Transaction.objects.bulk_create(made)
    after = rows_of(alice, *WRITTEN)
    number = last(alice)

    for expected in (before, after, before):
        number = undone(alice, number)
        assert rows_of(alice, *WRITTEN) == expected


def test_types_keep_apart(alice: User) -> None:
    income, expense = IncomeFactory.create(owner=alice), ExpenseFactory.create(owner=alice)
    Transaction.objects.filter(owner=alice).delete()

    undone(alice, last(alice))

    assert Income.objects.for_owner(alice).get().pk == income.pk
    assert Expense.objects.for_owner(alice).get().pk == expense.pk
