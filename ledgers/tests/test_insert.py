"""Rows that are inserted past the model's fields hold what they were given, on each database's own way in."""

import datetime
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from cashman_project.db.derived_fields import derived_fields
from cashman_project.texts import fold
from transactions.models import Transaction
from users.models import User

TIMESTAMP = datetime.datetime(2026, 11, 1, 8, 15, 3, 250_001, tzinfo=datetime.UTC)
DATE = datetime.date(2026, 11, 1)
COLUMNS = (
    *("id", "version", "created_at", "updated_at", "type", "amount", "currency", "date"),
    *("description", "notes", "external_id"),
)
# What COPY, SQL and JSON have a meaning of their own for.
TEXTS = ["\\", "\\\\", "\\N", "\\.", "a\\tb", "a\\nb", "\\x41", "C:\\new\\temp", "x\\"]
TEXTS += [
    "a\tb",
    "a\nb",
    "a\rb",
    "\r\n",
    "\t",
    "\x0b",
    "\x1b",
    "%s",
    "%",
    "'",
    '"',
    "''",
    "NULL",
    "",
    "$[0]",
    "\U0001f600",
]


@pytest.mark.parametrize("together", [True, False])
def test_every_text_is_inserted_as_it_is(together: bool, alice: User, outsider: User) -> None:
    rows: list[Any] = [
        (
            uuid7(),
            1,
            TIMESTAMP,
            TIMESTAMP,
            "INCOME",
            12_500,
            "USD",
            DATE.isoformat(),
            f"x{text}",
            text,
            text or None,
        )
        for text in TEXTS
    ]

    for part in [rows] if together else [[row] for row in rows]:
        Transaction.objects.insert(alice.pk, COLUMNS, part)

    stored = Transaction.objects.for_owner(alice).order_by("id")
    assert list(stored.values_list("description", "notes", "external_id")) == [(f"x{t}", t, t or None) for t in TEXTS]
    assert set(stored.values_list("created_at", "updated_at", "date", "version")) == {(TIMESTAMP, TIMESTAMP, DATE, 1)}
    assert not Transaction.objects.for_owner(outsider).exists()
    derived = [field.name for field in derived_fields(Transaction).values()]
    inserted = list(stored.values_list(*derived))
    for row in stored:
        row.save()
    assert derived
    assert list(stored.values_list(*derived)) == inserted


@pytest.mark.parametrize(
    "texts", [["same"] * 3, [""] * 3, ["a", "b", "c"], ["É", "e\u0301", "\u0301"], ["A", "", "Ä"], ["\\", "\\", "\t"]]
)
def test_values_that_rows_share_are_inserted_in_each_row(texts: list[str], alice: User) -> None:
    start = (TIMESTAMP, TIMESTAMP, "INCOME", 12_500, "USD", DATE.isoformat(), "x")
    keys = [uuid7() for _text in texts]

    Transaction.objects.insert(
        alice.pk, COLUMNS, [(key, 1, *start, text, None) for key, text in zip(keys, texts, strict=True)]
    )

    stored = Transaction.objects.order_by("id")
    assert list(stored.values_list("id", "notes", "notes_folded", "external_id", "version")) == [
        (key, text, fold(text), None, 1) for key, text in zip(keys, texts, strict=True)
    ]
    assert set(stored.values_list("created_at", "owner", "description_folded")) == {(TIMESTAMP, alice.pk, "x")}


def test_nothing_is_inserted_of_no_rows(alice: User) -> None:
    Transaction.objects.insert(alice.pk, COLUMNS, [])

    assert not Transaction.objects.exists()
