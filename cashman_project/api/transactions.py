"""Database transactions around a write."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

ResultT = TypeVar("ResultT")

DEADLOCK = "40P01"  # PostgreSQL's code


def in_transaction(write: Callable[[], ResultT]) -> ResultT:
    """Return the result of `write`, run in one transaction.

    Where it lost a race (a row that it checked is gone when the transaction ends, or PostgreSQL broke
    a deadlock), it is run once more, so that it is judged by what is stored now. Raises what `write`
    raises, and IntegrityError or OperationalError where it fails twice.
    """
    try:
        with transaction.atomic():
            return write()
    except IntegrityError:
        pass
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != DEADLOCK:
            raise
    with transaction.atomic():
        return write()
