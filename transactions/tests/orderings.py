"""The orderings of lists of transactions, sorted by Python."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cashman_project.texts import fold, text_key
from transactions.models import Transaction
from transactions.names import LONGEST_NAME

KEYS: dict[str, Callable[[Transaction], Any]] = {  # Any: they are only compared with each other
    "date": lambda row: row.date,
    "description": lambda row: fold(row.description),
    "category": lambda row: (row.category is None, row.category and text_key(row.category.name, LONGEST_NAME)),
    "amount": lambda row: row.amount,
    "absolute_amount": lambda row: (row.currency, abs(row.amount)),
    "created_at": lambda row: row.created_at,
}
ORDERINGS = [sign + name for name in KEYS for sign in ("", "-")]


def in_order(rows: Iterable[Transaction], ordering: str) -> list[Transaction]:
    key = KEYS[ordering.removeprefix("-")]
    return sorted(rows, key=lambda row: (key(row), row.id.int), reverse=ordering.startswith("-"))


def ids_of(rows: Sequence[Transaction]) -> list[str]:
    return [str(row.id) for row in rows]
