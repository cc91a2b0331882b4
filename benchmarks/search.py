"""What a search of 50,000 rows takes, beside reading the same texts and finding nothing in them: `make bench-search`.

It fills a database of its own, which it drops again, and measures what the database does for the first page of a
search, of words that many rows have, and of words that none or one of them has, which takes reading them all.
"""

import datetime
import os
import time
from random import Random
from typing import Any

import django
from django.db import connection
from django.db.models import Q

ROWS, RUNS = 50_000, 15
WORDS = [
    "coffee",
    "rent",
    "salary",
    "market",
    "train",
    "ticket",
    "dinner",
    "hotel",
    "doctor",
    "books",
    "garden",
    "shoes",
    "cinema",
    "taxi",
    "bread",
    "water",
]
SEARCHES = {
    "1 word, frequent": "coffee",
    "2 words, frequent": "dinner coffee",
    "3 words, frequent": "hotel dinner coffee",
    "1 word, rare": "zeppelin",
    "2 words, rare": "zeppelin coffee",
    "3 words, rare": "zeppelin dinner coffee",
    "1 word, in no row": "submarine",
    "2 words, together in no row": "submarine coffee",
    "3 words, together in no row": "submarine dinner coffee",
    "3 frequent words, together in no row": "coffee dinner nothotel",
    "repeats itself, in no row": "a" * 199 + "b",
}


def main() -> None:
    django.setup()
    from transactions.models import Transaction  # which needs the settings
    from users.models import User

    connection.creation.create_test_db(verbosity=0)
    try:
        owner, other = (User.objects.create_user(name) for name in ("owner", "other"))
        for user in (owner, other):
            fill(Transaction, user)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        rows: Any = Transaction.objects.for_owner(owner).order_by("-date", "-pk").values_list("pk")
        none = rows.filter(Q(description_folded="\1") | Q(notes_folded="\1"))
        scan = best(none[:51])
        print(f"{connection.vendor}: {ROWS:,} rows; a bare scan of their texts {1000 * scan:.1f} ms")
        worst = 0.0
        for name, text in SEARCHES.items():
            taken = best(rows.containing(text)[:51])
            worst = max(worst, taken / scan)
            print(f"  {name:38} {1000 * taken:6.1f} ms  {taken / scan:.2f} of the scan")
        print(f"at most {worst:.2f} of a bare scan")
    finally:
        connection.creation.destroy_test_db(os.devnull, verbosity=0)


def fill(model: Any, owner: Any) -> None:
    random = Random(11)  # nothing secret
    model.objects.bulk_create(
        [
            model(
                owner=owner,
                type="EXPENSE",
                description=" ".join(random.choices(WORDS, k=3)).title(),
                notes=" ".join(random.choices(WORDS, k=random.randrange(12))) + (" zeppelin" if number == 7 else ""),
                amount=-1,
                currency="EUR",
                date=datetime.date(2020, 1, 1) + datetime.timedelta(days=number // 25),
            )
            for number in range(ROWS)
        ],
        batch_size=5_000,
    )


def best(rows: Any) -> float:
    """Return the fewest seconds that a query takes: others may use the machine meanwhile."""
    times = []
    for _run in range(RUNS):
        start = time.perf_counter()
        list(rows.all())
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
