"""A write that loses a race is judged again."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, NotSupportedError, OperationalError, transaction

from users.models import User

from ..retry import TRIES, in_transaction


class Broken(Exception):
    """What PostgreSQL's driver raises below Django's own error."""

    def __init__(self, pgcode: str) -> None:
        self.pgcode = pgcode


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


def caused(error: Exception, pgcode: str) -> Exception:
    error.__cause__ = Broken(pgcode)
    return error


LOST = pytest.mark.parametrize(
    "error",
    [
        IntegrityError("FOREIGN KEY constraint failed"),
        caused(IntegrityError("gone"), "23503"),
        caused(OperationalError("deadlock detected"), "40P01"),
        caused(NotSupportedError("cached plan must not change result type"), "0A000"),
    ],
    ids=["link on SQLite", "link on PostgreSQL", "deadlock", "altered table"],
)


@LOST
@pytest.mark.parametrize("times", [1, TRIES - 1])
def test_a_lost_write_is_tried_again_from_the_start(times: int, error: Exception, alice: User, bob: User) -> None:
    assert in_transaction(lost(times, error, alice)) == f"try {times + 1}"
    assert set(User.objects.values_list("username", flat=True)) == {"alice", "bob", f"alice {times + 1}"}


@LOST
def test_a_write_that_is_lost_every_time_raises_and_leaves_nothing(error: Exception, alice: User) -> None:
    with pytest.raises(type(error)):
        in_transaction(lost(TRIES, error, alice))

    assert set(User.objects.values_list("username", flat=True)) == {"alice"}


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("no connection"),
        IntegrityError("UNIQUE constraint failed: t.a"),
        caused(IntegrityError("taken"), "23505"),
    ],
    ids=["out of reach", "taken on SQLite", "taken on PostgreSQL"],
)
def test_what_would_fail_again_is_not_tried_again(error: Exception, alice: User) -> None:
    with pytest.raises(type(error)):
        in_transaction(lost(1, error, alice))
