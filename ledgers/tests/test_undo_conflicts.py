"""What stands in the way of an undo is named, and some of it gives way to force."""

from typing import Any

import pytest
from rest_framework.exceptions import NotFound

from cashman_project.api.origin import Origin
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
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

from .undoing import WRITTEN, last, one_revision, rows_of, undone

pytestmark = pytest.mark.usefixtures("rows_of_others")


def errors_of(error: Any) -> Any:
    return error.value.members


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
    # What the undo wants is there, or what the revision has left is there again.
    is_good = (operation == "restore" and way == "delete") or (operation != "delete" and way == "delete and restore")

    if not is_good:
        with pytest.raises(ChangedSince) as error:
            undone(alice, number)
        changed = [row] if operation != "delete" else [other] if way == "delete" else [row, other]
        ids = [str(row.pk) for row in changed]
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


def test_what_was_changed_and_undone_since_is_no_conflict(alice: User, bob: User) -> None:
    row = ExpenseFactory.create(owner=alice, description="first", notes="")
    others = rows_of(bob)
    numbers = []
    for values in ({"description": "second"}, {"notes": "third"}):
        Transaction.objects.filter(pk=row.pk, owner=alice).update(**values)
        numbers.append(last(alice))

    for number in reversed(numbers):
        undone(alice, number)

    row.refresh_from_db()
    assert (row.description, row.notes) == ("first", "")
    assert rows_of(bob) == others
