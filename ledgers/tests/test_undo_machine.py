"""Random writes, undos and undos of undos, against a model that keeps a full copy of the rows at each revision."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rest_framework.exceptions import APIException

from cashman_project.api.origin import Origin
from ledgers.models import Change, Ledger, Revision
from ledgers.services.undo import undo
from ledgers.services.undo_errors import ChangedSince, InUse, NothingToUndo, ReferenceGone, Taken
from transactions.models import Category, Transaction
from transactions.services.categories import delete_category
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.shares import cases, reached, reaches
from transactions.triggers import differences
from users.models import User

Rows = dict[UUID, dict[str, Any]]  # columns by the id of their row
WRITTEN = ("version", "updated_at", "revision")  # which every write changes
NAMES = ["Food", "FOOD", "Fun", "Toys", "Rent", "Kids"]
EXTERNAL_IDS = ["a", "b", "c"]
FACTORIES: list[Any] = [IncomeFactory, ExpenseFactory]
picks = st.integers(0, 99)  # of one of the rows that there are then
some_picks = st.lists(picks, min_size=1, max_size=4)
names = st.sampled_from(NAMES)
external_ids = st.sampled_from([None, *EXTERNAL_IDS])


def stored_rows(owner: User) -> Rows:
    """Return the owner's rows. A transaction also has the name of its category, which its JSON shows."""
    categories: Rows = {row["id"]: {**row} for row in Category.objects.for_owner(owner).values()}
    rows: Rows = {row["id"]: {**row} for row in Transaction.objects.for_owner(owner).values()}
    for row in rows.values():
        row["category_name"] = row["category_id"] and categories[row["category_id"]]["name"]
    return {**categories, **rows}


def content(rows: Rows) -> Rows:
    """Return the rows without what every write changes, and what follows from other rows."""
    hidden = {*WRITTEN, "category_name"}
    return {pk: {name: value for name, value in row.items() if name not in hidden} for pk, row in rows.items()}


def unique_values(rows: Rows, pk: UUID) -> list[tuple[str, str]]:
    """Return the values of the row that no other row may have."""
    found = [(name, rows[pk].get(name)) for name in ("external_id", "key")]
    return [(name, value) for name, value in found if value is not None]


class Writes(RuleBasedStateMachine):
    """One person's rows, written and undone in every way there is."""

    owner: User
    counter = 0

    @initialize()
    def empty(self) -> None:
        for model in (Transaction, Category):
            model.objects.for_owner(self.owner).erase()
        for history in (Change, Revision):
            history.objects.filter(ledger=self.owner.pk).delete()
        Ledger.objects.filter(pk=self.owner.pk).delete()
        self.copies: list[Rows] = [{}]  # the rows after each revision
        self.undos: list[int] = []
        self.shown: dict[tuple[UUID, int], dict[str, Any]] = {}  # what each version was
        with Transaction.objects.writing(self.owner.pk):
            for name in NAMES[1:3]:
                CategoryFactory.create(owner=self.owner, name=name)
        self.everything_adds_up()
        self.create_many(list(range(1, 7)))
        self.everything_adds_up()

    # -- Writes -------------------------------------------------------------------------------

    def keys(self, is_category: bool) -> list[UUID]:
        return sorted(pk for pk, row in self.copies[-1].items() if ("key" in row) == is_category)

    def picked(self, numbers: Sequence[int]) -> list[UUID]:
        """Return the ids of these transactions."""
        keys = self.keys(is_category=False)
        return list(dict.fromkeys(keys[number % len(keys)] for number in numbers)) if keys else []

    def category(self, number: int) -> UUID | None:
        """Return the id of a category; None for every fifth number."""
        keys = self.keys(is_category=True)
        return keys[number % len(keys)] if keys and number % 5 else None

    def is_free(self, name: str, value: str | None, but_for: UUID | None = None) -> bool:
        rows = self.copies[-1].items()
        return value is None or not any(row.get(name) == value for pk, row in rows if pk != but_for)

    def text(self) -> str:
        """Return a text that no row has had, so that each write of it is a change."""
        self.counter += 1
        return str(self.counter)

    def new(self, number: int, external_id: str | None) -> Any:
        factory = FACTORIES[number % 2]
        day = datetime.date(2026, 1 + number % 12, 1)
        free = external_id if self.is_free("external_id", external_id) else None
        common = {"owner": self.owner, "date": day, "external_id": free, "notes": self.text()}
        return factory.build(amount=Decimal(number + 1), category_id=self.category(number), **common)

    def rows(self) -> Any:
        return Transaction.objects.filter(owner=self.owner.pk)

    @rule(number=picks, external_id=external_ids)
    def create(self, number: int, external_id: str | None) -> None:
        self.new(number, external_id).save()

    @rule(numbers=some_picks)
    def create_many(self, numbers: list[int]) -> None:
        Transaction.objects.bulk_create([self.new(number, None) for number in numbers])

    @rule(name=names, number=picks, others=some_picks)
    def create_with_a_new_category(self, name: str, number: int, others: list[int]) -> None:
        if self.is_free("key", name.lower()):
            with Transaction.objects.writing(self.owner.pk):
                category = CategoryFactory.create(owner=self.owner, name=name)
                row = self.new(number, None)
                row.category = category
                row.save()
                self.rows().filter(pk__in=self.picked(others)).update(category=category, notes=self.text())

    @rule(number=picks, change=picks, external_id=external_ids)
    def update(self, number: int, change: int, external_id: str | None) -> None:
        for pk in self.picked([number]):
            row = self.rows().get(pk=pk)
            row.amount, row.notes, row.category_id = change + 1, self.text(), self.category(change)
            if self.is_free("external_id", external_id, but_for=pk):
                row.external_id = external_id
            row.save()

    @rule(numbers=some_picks, change=picks)
    def update_many(self, numbers: list[int], change: int) -> None:
        rows = list(self.rows().filter(pk__in=self.picked(numbers)))
        for row in rows:
            row.notes, row.category_id, row.currency = self.text(), self.category(change), ("EUR", "JPY")[change % 2]
        Transaction.objects.bulk_update(rows, ["notes", "category", "currency"])

    @rule()
    def exchange_external_ids(self) -> None:
        found = dict(self.rows().exclude(external_id=None).order_by("pk").values_list("pk", "external_id"))
        if len(found) > 1:
            with Transaction.objects.writing(self.owner.pk):
                self.rows().filter(pk__in=found).update(external_id=None)
                for pk, external_id in zip(found, [*found.values()][1:] + [*found.values()][:1], strict=True):
                    self.rows().filter(pk=pk).update(external_id=external_id)

    @rule(numbers=some_picks)
    def delete(self, numbers: list[int]) -> None:
        self.rows().filter(pk__in=self.picked(numbers)).delete()

    @rule(name=names)
    def create_category(self, name: str) -> None:
        if self.is_free("key", name.lower()):
            CategoryFactory.create(owner=self.owner, name=name)

    @rule(number=picks, name=names)
    def rename_category(self, number: int, name: str) -> None:
        pk = self.category(number)
        if pk and self.is_free("key", name.lower(), but_for=pk) and self.copies[-1][pk]["name"] != name:
            Category.objects.filter(owner=self.owner.pk, pk=pk).update(name=name)

    @rule(number=picks)
    def delete_category(self, number: int) -> None:
        if pk := self.category(number):
            delete_category(category=Category.objects.get(owner=self.owner, pk=pk), force=True)

    # -- Undos --------------------------------------------------------------------------------

    @rule(age=st.integers(0, 2), force=st.booleans())
    def undo_what_was_just_written(self, age: int, force: bool) -> None:
        self.undo_and_compare(max(1, len(self.copies) - 1 - age), force)

    @rule(number=picks, force=st.booleans())
    def undo(self, number: int, force: bool) -> None:
        self.undo_and_compare(1 + number % (len(self.copies) - 1), force)

    @precondition(lambda self: self.undos)
    @rule(force=st.booleans())
    def undo_the_last_undo(self, force: bool) -> None:
        self.undo_and_compare(self.undos[-1], force)

    @rule(number=picks, changes=st.tuples(picks, picks), force=st.booleans())
    def undo_what_was_changed_again(self, number: int, changes: tuple[int, int], force: bool) -> None:
        if self.picked([number]):
            for change in changes:
                self.update(number, change, None)
                self.everything_adds_up()
            self.undo_and_compare(len(self.copies) - 2, force)

    @rule(number=picks, force=st.booleans())
    def undo_a_deletion_whose_category_is_gone(self, number: int, force: bool) -> None:
        if pk := self.category(number):
            self.rows().filter(category=pk).delete()
            self.everything_adds_up()
            Category.objects.filter(owner=self.owner.pk, pk=pk).delete()
            self.everything_adds_up()
            self.undo_and_compare(len(self.copies) - 2, force)

    @rule(name=names, numbers=some_picks, force=st.booleans())
    def undo_a_category_that_rows_have_got(self, name: str, numbers: list[int], force: bool) -> None:
        if self.is_free("key", name.lower()):
            category = CategoryFactory.create(owner=self.owner, name=name)
            self.everything_adds_up()
            self.rows().filter(pk__in=self.picked(numbers)).update(category=category, notes=self.text())
            self.everything_adds_up()
            self.undo_and_compare(len(self.copies) - 2, force)

    @rule(number=picks, external_id=st.sampled_from(EXTERNAL_IDS), force=st.booleans())
    def undo_the_loss_of_an_external_id_that_is_taken(self, number: int, external_id: str, force: bool) -> None:
        self.rows().filter(external_id=external_id).update(external_id=None)
        self.everything_adds_up()
        self.new(number, external_id).save()
        self.everything_adds_up()
        self.undo_and_compare(len(self.copies) - 2, force)

    def undo_and_compare(self, number: int, force: bool) -> None:
        errors, expected = self.expected(number, force)
        before = stored_rows(self.owner)
        raised: type[APIException] | None = None
        try:
            revision = undo(self.owner.pk, number, force, Origin())
        except APIException as error:
            raised = type(error)
        if raised:
            assert raised in errors
            assert stored_rows(self.owner) == before
            reached(raised.__name__)
            return
        assert errors == set()
        assert content(stored_rows(self.owner)) == expected
        reached("undone")
        if number in self.undos:
            reached("redone")
        if force and self.expected(number, force=False)[0]:
            reached("forced")
        self.undos.append(revision)

    def changed_in(self, number: int) -> set[UUID]:
        before, after = self.copies[number - 1], self.copies[number]
        return {pk for pk in {*before, *after} if before.get(pk) != after.get(pk)}

    def expected(self, number: int, force: bool) -> tuple[set[type[APIException]], Rows]:
        """Return the errors of which an undo must raise one, and what it makes of the rows if there are none."""
        before, after, now = self.copies[number - 1], self.copies[number], self.copies[-1]
        own = self.changed_in(number)
        changed = {pk for pk in own if now.get(pk) != after.get(pk)}
        if not force and any(pk in before or pk in now for pk in changed):
            return {ChangedSince}, now
        errors: set[type[APIException]] = set()
        rows = {pk: dict(row) for pk, row in now.items() if pk not in own}
        rows |= {pk: dict(before[pk]) for pk in own if pk in before}
        for pk, row in rows.items():
            if row.get("category_id") and row["category_id"] not in rows:
                if not force:
                    errors.add(ReferenceGone if pk in own else InUse)
                row["category_id"] = None
        others = {value for pk in rows.keys() - own for value in unique_values(rows, pk)}
        if any(value in others for pk in own & rows.keys() for value in unique_values(rows, pk)):
            errors.add(Taken)
        if not errors and rows == now:
            errors.add(NothingToUndo)
        return errors, rows

    @invariant()
    def everything_adds_up(self) -> None:
        assert differences(connection) == []
        rows = stored_rows(self.owner)
        last = Ledger.objects.filter(pk=self.owner.pk).values_list("revision", flat=True).first() or 0
        if last == len(self.copies):
            self.copies.append(content(rows))
        assert last == len(self.copies) - 1
        assert content(rows) == self.copies[-1]
        for pk, row in rows.items():
            json = {name: value for name, value in row.items() if name != "revision"}
            assert self.shown.setdefault((pk, row["version"]), json) == json, "two states with the same version"
            assert 0 < row["created_revision"] <= row["revision"] <= last


@reaches(undone=150, redone=50, forced=20, ChangedSince=20, Taken=5, ReferenceGone=5, InUse=5, NothingToUndo=5)
def test_an_undo_leads_to_what_the_copies_say(alice: User, bob: User) -> None:
    category = CategoryFactory.create(owner=bob, name="Food")
    ExpenseFactory.create_batch(3, owner=bob, category=category, external_id=None)
    ExpenseFactory.create(owner=bob, category=category, external_id="a")
    before = stored_rows(bob)

    machine = type("Undos", (Writes,), {"owner": alice})
    run_state_machine_as_test(machine, settings=settings(max_examples=cases(60), stateful_step_count=40))

    assert stored_rows(bob) == before
