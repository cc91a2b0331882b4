"""What every owned row has: one write path, an owner for good, and links that hold within one owner."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import FieldError, ObjectDoesNotExist, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, RestrictedError
from django.forms import modelform_factory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from transactions.models import Category, Expense, Income, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from users.erasure import erase_users
from users.models import User

COMMON: dict[str, Any] = {"description": "x", "amount": Decimal(1), "currency": "USD"}
COMMON["date"] = datetime.date(2026, 11, 1)


def field_of(row: Any) -> str:
    return "name" if isinstance(row, Category) else "description"


def write_by_form(row: Any) -> None:
    form = modelform_factory(type(row), fields=[field_of(row)])({field_of(row): "changed"}, instance=row)
    assert form.is_valid()
    form.save()


def write_by_update_or_create(row: Any) -> None:
    defaults = {field_of(row): "changed"}
    _row, created = type(row).objects.update_or_create(owner=row.owner, pk=row.pk, defaults=defaults)
    assert not created


WRITES: dict[str, Callable[[Any], object]] = {
    "save": lambda row: row.save(),
    "save of one field": lambda row: row.save(update_fields=[field_of(row)]),
    "update": lambda row: type(row).objects.filter(pk=row.pk).update(**{field_of(row): "changed"}),
    "bulk_update": lambda row: type(row).objects.bulk_update([row], [field_of(row)]),
    "update_or_create": write_by_update_or_create,
    "form": write_by_form,
}


# -- One write path ---------------------------------------------------------------------------


@pytest.mark.parametrize("factory", [CategoryFactory, IncomeFactory, ExpenseFactory])
@pytest.mark.parametrize("way", WRITES)
def test_every_write_counts_and_notes_the_moment(factory: Any, way: str, alice: User) -> None:
    row, bystander = factory.create(owner=alice), factory.create(owner=alice)
    setattr(row, field_of(row), "changed")
    before = timezone.now()
    for version in (2, 3):
        WRITES[way](row)

        written = type(row).objects.get(pk=row.pk)
        assert getattr(written, field_of(row)) == "changed"
        assert written.version == version
        assert before < written.updated_at <= timezone.now()
        assert written.created_at == row.created_at < before
        before = written.updated_at
    bystander.refresh_from_db()
    assert bystander.version == 1


def test_an_update_of_many_says_how_many_there_were(alice: User, bob: User) -> None:
    rows = IncomeFactory.create_batch(3, owner=alice, notes="x")
    rows[0].notes = rows[1].notes = "changed"

    assert Income.objects.update(notes="x") == 3
    assert Income.objects.for_owner(bob).update(notes="x") == 0
    assert Income.objects.bulk_update([], ["notes"]) == 0
    assert Income.objects.for_owner(bob).bulk_update(rows[:2], ["notes"]) == 0
    assert Income.objects.bulk_update(rows[:2], ["notes"]) == 2
    assert sorted(Income.objects.values_list("notes", "version")) == [("changed", 3), ("changed", 3), ("x", 2)]


def test_a_saved_row_knows_its_new_version(alice: User) -> None:
    row = IncomeFactory.create(owner=alice)
    assert row.version == 1
    row.save()
    assert (row.version, row.updated_at) == Income.objects.values_list("version", "updated_at").get()
    assert row.version == 2


def test_a_stale_row_does_not_turn_the_version_back(alice: User) -> None:
    stale = IncomeFactory.create(owner=alice)
    Income.objects.update(notes="first")
    Income.objects.update(notes="second")

    stale.save(update_fields=["description"])

    assert Income.objects.values_list("version", "notes").get() == (4, "second")


def test_what_is_got_and_not_created_is_not_written(alice: User) -> None:
    row = IncomeFactory.create(owner=alice, external_id="a")
    got, created = Income.objects.get_or_create(owner=alice, external_id="a", defaults=COMMON)
    assert (got, created, got.version) == (row, False, 1)


def test_an_existing_row_is_not_replaced(alice: User) -> None:
    IncomeFactory.create(owner=alice, external_id="a")
    with pytest.raises(ValueError, match="replaces no row"):
        Income.objects.bulk_create(
            [IncomeFactory.build(owner=alice, external_id="a")],
            update_conflicts=True,
            update_fields=["amount"],
            unique_fields=["owner", "external_id"],
        )


@pytest.mark.parametrize("factory", [CategoryFactory, IncomeFactory])
@pytest.mark.parametrize("fields", [None, ["version"]])
def test_a_deleted_row_is_not_brought_back(factory: Any, fields: list[str] | None, alice: User) -> None:
    row = factory.create(owner=alice)
    type(row).objects.filter(pk=row.pk).delete()
    with pytest.raises(ObjectDoesNotExist), transaction.atomic():
        row.save(update_fields=fields)
    assert not type(row).objects.exists()


@pytest.mark.parametrize("factory", [CategoryFactory, IncomeFactory])
def test_an_owner_never_changes(factory: Any, alice: User, bob: User) -> None:
    row = factory.create(owner=alice)
    rows = type(row).objects
    row.owner = bob
    for write in (
        row.save,
        lambda: row.save(update_fields=["owner"]),
        lambda: row.save(update_fields=[field_of(row)]),
        lambda: rows.update(owner=bob),
        lambda: rows.update(owner_id=bob.pk),
        lambda: rows.bulk_update([row], ["owner"]),
    ):
        with pytest.raises((FieldError, ObjectDoesNotExist)), transaction.atomic():
            write()
    assert rows.values_list("owner", "version").get() == (alice.pk, 1)


@pytest.mark.parametrize("factory", [CategoryFactory, IncomeFactory])
def test_a_row_is_deleted_as_its_owners_alone(factory: Any, alice: User, bob: User) -> None:
    row = factory.create(owner=alice)
    row.owner = bob
    assert row.delete() == (0, {})

    row.owner = alice
    assert row.delete() == (1, {row._meta.label: 1})
    assert row.delete() == (0, {})
    assert not type(row).objects.exists()


@pytest.mark.parametrize("field", ["id", "created_at"])
def test_neither_the_id_nor_the_moment_of_entry_ever_changes(field: str, alice: User) -> None:
    IncomeFactory.create(owner=alice)
    with pytest.raises(FieldError, match="never changes"):
        Income.objects.update(**{field: F(field)})


def test_ids_are_in_order_of_entry(alice: User) -> None:
    ids = [IncomeFactory.create(owner=alice).id for _row in range(20)]
    assert ids == sorted(ids)
    assert {(number.version, number.variant) for number in ids} == {(7, "specified in RFC 4122")}


# -- Links within one owner -------------------------------------------------------------------


@pytest.fixture
def corrupted(alice: User, bob: User) -> Transaction:
    """A row of alice's that SQL by hand has linked to a category of bob's."""
    row = ExpenseFactory.create(owner=alice)
    secret = CategoryFactory.create(owner=bob, name="bob's secret")
    field: Any = Transaction._meta.get_field("category")
    values = [field.get_db_prep_value(key, connection) for key in (secret.pk, row.pk)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which would refuse that
            cursor.execute("ALTER TABLE transactions_transaction DISABLE TRIGGER ALL")
        cursor.execute("UPDATE transactions_transaction SET category_id = %s WHERE id = %s", values)
        assert cursor.rowcount == 1
    return Transaction.objects.get(pk=row.pk)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's keys are without the owner")
def test_the_database_refuses_another_owners_category(alice: User, bob: User) -> None:
    row, theirs = ExpenseFactory.create(owner=alice), CategoryFactory.create(owner=bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        Expense.objects.filter(pk=row.pk).update(category_id=theirs.pk)


def test_another_owners_category_is_not_reached_by_a_join(corrupted: Transaction) -> None:
    rows = Transaction.objects.all()

    assert rows.select_related("category").get().category is None
    assert rows.values_list("category__name", flat=True).get() is None
    assert rows.annotate(name=F("category__name")).values_list("name", flat=True).get() is None
    assert list(rows.values("category__name").annotate(count=Count("id"))) == [{"category__name": None, "count": 1}]
    assert not rows.filter(category__name="bob's secret").exists()
    assert not rows.filter(category__name__startswith="bob").exists()
    assert not rows.filter(category__owner=corrupted.owner).exists()
    assert rows.exclude(category__name="bob's secret").exists()
    assert rows.order_by("category__name").get() == corrupted
    assert rows.totals("category")[0].keys == {"category": None}


def test_another_owners_category_is_not_reached_by_access(corrupted: Transaction) -> None:
    with pytest.raises(Category.DoesNotExist):
        corrupted.category  # noqa: B018


def test_another_owners_category_is_not_prefetched(corrupted: Transaction, alice: User, bob: User) -> None:
    mine = ExpenseFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name="mine"))
    bobs = ExpenseFactory.create(owner=bob, category=Category.objects.get(owner=bob))

    with CaptureQueriesContext(connection) as queries:
        rows: Any = {row.pk: row for row in Transaction.objects.prefetch_related("category")}

    assert rows[corrupted.pk].category is None
    assert rows[mine.pk].category.name == "mine"
    assert rows[bobs.pk].category.name == "bob's secret"
    assert '"owner_id" IN' in queries[1]["sql"]  # which tells a distributed table where to look


@pytest.mark.parametrize("write", ["create", "save", "bulk_update", "bulk_create"])
def test_another_owners_category_is_not_linked(write: str, alice: User, bob: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    row.category = theirs = CategoryFactory.create(owner=bob)
    writes: dict[str, Callable[[], object]] = {
        "create": lambda: ExpenseFactory.create(owner=alice, category=theirs),
        "save": row.save,
        "bulk_update": lambda: Expense.objects.bulk_update([row], ["category"]),
        "bulk_create": lambda: Expense.objects.bulk_create([ExpenseFactory.build(owner=alice, category=theirs)]),
    }
    with pytest.raises(ValueError, match="belongs to another owner"), transaction.atomic():
        writes[write]()
    assert Transaction.objects.values_list("category", flat=True).get() is None


def test_full_clean_knows_the_owners_categories_alone(alice: User, bob: User) -> None:
    mine, theirs = CategoryFactory.create(owner=alice), CategoryFactory.create(owner=bob)
    row = ExpenseFactory.create(owner=alice, category=mine)
    row.full_clean()

    for key in (theirs.pk, IncomeFactory.create(owner=alice).pk):
        row.category_id = key
        with pytest.raises(ValidationError) as caught:
            row.full_clean()
        assert set(caught.value.error_dict) == {"category"}


# -- What goes with what ----------------------------------------------------------------------


def test_a_category_in_use_is_not_deleted(alice: User) -> None:
    used, unused = CategoryFactory.create(owner=alice), CategoryFactory.create(owner=alice)
    ExpenseFactory.create(owner=alice, category=used)

    with pytest.raises(RestrictedError):
        used.delete()
    with pytest.raises(RestrictedError):
        Category.objects.all().delete()
    unused.delete()

    assert list(Category.objects.all()) == [used]
    assert Expense.objects.get().category == used


def test_a_user_goes_with_all_that_is_theirs(alice: User, bob: User) -> None:
    for owner in (alice, bob):
        category = CategoryFactory.create(owner=owner)
        IncomeFactory.create(owner=owner, category=category)
        ExpenseFactory.create(owner=owner, category=category)

    erase_users(users=[alice])

    assert set(Transaction.objects.values_list("owner", flat=True)) == {bob.pk}
    assert Transaction.objects.count() == 2
    assert list(Category.objects.values_list("owner", flat=True)) == [bob.pk]
