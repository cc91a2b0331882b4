"""Database transactions around a write."""

from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, IntegrityError, NotSupportedError, OperationalError, transaction

from .constraint_errors import is_foreign_key_violation

TRIES = 4
ResultT = TypeVar("ResultT")

LOST_RACES = {"40P01", "0A000"}  # PostgreSQL's deadlock_detected and feature_not_supported


def in_transaction(write: Callable[[], ResultT]) -> ResultT:
    """Return the result of `write`, run in one transaction.

    It loses a race if a row that it links to is gone when the transaction ends, if PostgreSQL breaks a deadlock, or if
    a migration has altered a table that a prepared statement reads. Then it is run again on what is stored now. It is
    run up to TRIES times, because it can lose several races in turn: first to a deadlock, then to a deletion.

    Raises what `write` raises, and the IntegrityError, OperationalError or NotSupportedError of the last try.
    """
    for _try in range(TRIES - 1):
        try:
            with transaction.atomic():
                return write()
        except (IntegrityError, NotSupportedError, OperationalError) as error:
            if not _is_lost_race(error):
                raise
    with transaction.atomic():
        return write()


def _is_lost_race(error: DatabaseError) -> bool:
    return is_foreign_key_violation(error) or getattr(error.__cause__, "pgcode", None) in LOST_RACES
