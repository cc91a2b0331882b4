"""A write that loses a race is judged once more."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError, transaction

from cashman_project.api.transactions import DEADLOCK, in_transaction
from users.models import User


class Broken(Exception):
    """What the database's driver raises below Django's own error."""

    pgcode = DEADLOCK


def lost(times: int, error: Exception, user: User) -> Callable[[], str]:
    """Return a write that writes, and is lost so many times."""
    tries: list[int] = []

    def write() -> str:
        assert transaction.get_connection().in_atomic_block
        tries.append(1)
        User.objects.create_user(f"{user.username} {len(tries)}")
        if len(tries) <= times:
            raise error
        return f"try {len(tries)}"

    return write


def deadlock() -> OperationalError:
    error = OperationalError("deadlock detected")
    error.__cause__ = Broken()
    return error


@pytest.mark.parametrize("error", [IntegrityError("gone"), deadlock()], ids=["integrity", "deadlock"])
def test_a_lost_write_is_tried_once_more_from_the_start(error: Exception, alice: User, bob: User) -> None:
    assert in_transaction(lost(1, error, alice)) == "try 2"
    assert set(User.objects.values_list("username", flat=True)) == {"alice", "bob", "alice 2"}


@pytest.mark.parametrize("error", [IntegrityError("gone"), deadlock()], ids=["integrity", "deadlock"])
def test_a_write_that_is_lost_twice_raises_and_leaves_nothing(error: Exception, alice: User) -> None:
    with pytest.raises(type(error)):
        in_transaction(lost(2, error, alice))

    assert set(User.objects.values_list("username", flat=True)) == {"alice"}


def test_a_database_out_of_reach_is_not_tried_again(alice: User) -> None:
    with pytest.raises(OperationalError):
        in_transaction(lost(1, OperationalError("no connection"), alice))
