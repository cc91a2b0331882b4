"""Undoes revisions in tests, and shows what they have made of the rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection

from cashman_project.api.origin import API, Origin
from ledgers.models import Ledger
from ledgers.services.undo import undo
from transactions.models import Category, Transaction
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
def one_revision(owner: User) -> Iterator[None]:
    """Write several rows in one revision."""
    with Transaction.objects.writing(owner.pk) as write:
        write.lock()
        yield
