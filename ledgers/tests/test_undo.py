"""Undo takes a revision back whole: rows come back with their ids, and as they were."""

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from cashman_project.api.origin import UNDO
from ledgers.models import Change, Revision
from transactions.models import Category, Expense, Income, Transaction
from transactions.services.categories import delete_category
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.models import User

from .undoing import WRITTEN, last, one_revision, rows_of, undone

pytestmark = pytest.mark.usefixtures("rows_of_others")


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
