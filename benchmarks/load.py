"""Fill an empty, migrated database with what the benchmarks read. It runs with Cashman's own packages and settings.

At SCALE 1 these are 1,000,000 transactions of 1,000 users. The first user has 200,000 of them. Every run has the same
ones.
"""

import datetime
import io
import itertools
import os
import random
from collections.abc import Iterator
from uuid import UUID

import django

django.setup()  # before the models are imported, hence the order

from django.contrib.auth.hashers import make_password  # noqa: E402
from django.db import connection  # noqa: E402
from uuid_utils.compat import uuid7  # noqa: E402

from cashman_project.texts import fold  # noqa: E402
from transactions.models import Category  # noqa: E402
from users.models import User  # noqa: E402

SCALE = float(os.environ.get("SCALE") or 1)
USERS = max(20, round(1_000 * SCALE))
HEAVY_ROWS = round(200_000 * SCALE)  # the first user's
ROWS = round(1_000_000 * SCALE)
FIRST_DAY = datetime.date(2024, 1, 1)
DAYS = 731  # to the end of 2025
CATEGORIES = [
    "Clothing",
    "Eating out",
    "Groceries",
    "Health",
    "Holidays",
    "Home",
    "Rent",
    "Salary",
    "Transport",
    "Work",
]
NOUNS = ["bakery", "bicycle repair", "bus ticket", "invoice", "market", "monthly rent", "pharmacy", "refund", "salary"]
COLUMNS = (
    "id, owner_id, type, description, amount, currency, date, category_id, notes, external_id, version, created_at,"
    " updated_at, description_folded, notes_folded"
)
BATCH = 50_000

generator = random.Random(6)


def rows(users: list[User], categories: dict[UUID, list[str]]) -> Iterator[str]:
    """Yield lines of COPY's text format in the order in which they would come in: by date, of all users in turn."""
    owners = users[:1] * HEAVY_ROWS + users[1:] * ((ROWS - HEAVY_ROWS) // (len(users) - 1))
    generator.shuffle(owners)
    for number, owner in enumerate(owners):
        income = generator.random() < 0.1
        amount = generator.randrange(100, 50_000) * (1_000 if income else -100)  # of ten-thousandths
        day = FIRST_DAY + datetime.timedelta(DAYS * number // len(owners))
        timestamp = f"{day} 12:{number // 60 % 60:02}:{number % 60:02}.{generator.randrange(1_000):03}Z"
        text = f"{generator.choice(NOUNS)} {number}"
        notes = f"paid by card, slip {number}" if generator.random() < 0.2 else ""
        external_id = f"bank-{number}" if generator.random() < 0.5 else r"\N"
        category = generator.choice(categories[owner.id])
        kind = "INCOME" if income else "EXPENSE"
        columns = [
            uuid7(),
            owner.id,
            kind,
            text,
            amount,
            "USD",
            day,
            category,
            notes,
            external_id,
            1,
            timestamp,
            timestamp,
        ]
        columns += [fold(text), fold(notes)]
        yield "\t".join(map(str, columns)) + "\n"


def copy(lines: str) -> None:
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(  # psycopg2's own cursor: Django has no COPY
            f"COPY transactions_transaction ({COLUMNS}) FROM STDIN", io.StringIO(lines)
        )


def load() -> None:
    """Make user0000 (the heavy one), user0001 and so on, all with the password of PASSWORD."""
    password = make_password(os.environ["PASSWORD"])
    users = User.objects.bulk_create(
        [User(id=(key := uuid7()), subject=str(key), username=f"user{n:04}", password=password) for n in range(USERS)]
    )
    ids: dict[UUID, list[str]] = {user.id: [r"\N"] for user in users}  # the ids of each owner's, and none
    for category in Category.objects.bulk_create(
        Category(owner=user, name=name) for user in users for name in CATEGORIES
    ):
        ids[category.owner_id].append(str(category.id))
    lines = rows(users, ids)
    while batch := "".join(itertools.islice(lines, BATCH)):
        copy(batch)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    load()
