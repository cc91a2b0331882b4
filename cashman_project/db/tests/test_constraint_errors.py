"""What a database's refusal of a row means: a conflict between people, or a bug of ours."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cashman_project.api.exception_handler import exception_handler
from cashman_project.db.constraint_errors import conflict_of
from transactions.models import Category, Transaction
from transactions.tests.factories import CategoryFactory, IncomeFactory
from users.models import User


def refusal_of(write: Callable[[], Any]) -> IntegrityError:
    """Return the database's own error for a write that breaks a constraint."""
    with pytest.raises(IntegrityError) as raised, transaction.atomic():
        write()
    return raised.value


def test_a_unique_constraint_names_its_field(alice: User, bob: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    CategoryFactory.create(owner=bob, name="Food")
    conflict = conflict_of(refusal_of(lambda: Category.objects.bulk_create([Category(owner=alice, name="FOOD")])))

    assert conflict is not None
    assert (conflict.field, str(conflict.message)) == ("name", "You already have a category with this name.")


def test_a_unique_column_names_its_field(alice: User) -> None:
    conflict = conflict_of(refusal_of(lambda: User.objects.create_user("alice")))

    assert conflict is not None
    assert conflict.field == "username"
    assert "alice" not in str(conflict.message)


def test_a_row_that_was_deleted_meanwhile_is_a_conflict(alice: User) -> None:
    # What both databases say at the end of such a transaction, which a test's own never reaches.
    conflict = conflict_of(IntegrityError("FOREIGN KEY constraint failed"))

    assert conflict is not None
    assert conflict.field is None


@pytest.mark.parametrize(
    "write",
    [
        lambda row: Transaction.objects.filter(pk=row.pk).update(amount=-1),  # the check constraint of type and sign
        lambda row: IncomeFactory.create(id=row.pk, owner=row.owner),  # an id that is there already
        lambda row: Transaction.objects.filter(pk=row.pk).update(currency=None),
    ],
    ids=["check", "primary key", "not null"],
)
def test_anything_else_is_a_bug_and_no_conflict(alice: User, write: Callable[[Transaction], Any]) -> None:
    row = IncomeFactory.create(owner=alice)
    error = refusal_of(lambda: write(row))

    assert conflict_of(error) is None
    assert exception_handler(error, {"request": None, "view": None}) is None  # so it is logged, and a 500


def test_a_shards_constraint_names_its_field() -> None:
    """Citus adds the number of the shard to the name, and gives it in the message only."""
    conflict = conflict_of(
        IntegrityError('duplicate key value violates unique constraint "category_name_unique_102178"')
    )

    assert conflict is not None
    assert conflict.field == "name"
    assert conflict_of(IntegrityError('violates unique constraint "transactions_category_pkey_102178"')) is None
