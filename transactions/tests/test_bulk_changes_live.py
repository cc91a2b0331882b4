"""Changes of many rows by many clients of a real server, in opposite orders: each waits its turn, and none is refused.

Rows that differ still share their month totals, so without a lock that comes first, these deadlocked as well.
"""

import datetime
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.db import connection

from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory
from transactions.tests.live import running, unchecked
from transactions.triggers import differences
from users.models import User

CLIENTS = 8
ROUNDS = 4
ROWS = 240
PASSWORD = "correct horse battery"


def database_url() -> str:
    """Return the DATABASE_URL of the test's own database."""
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{place['NAME']}"
    user = f"{place['USER']}:{place['PASSWORD']}" if place["PASSWORD"] else place["USER"]
    return urlsplit(f"postgres://{user}@{place['HOST']}:{place['PORT']}")._replace(path=f"/{place['NAME']}").geturl()


def deadlocks() -> int:
    """Return how many deadlocks PostgreSQL has counted in the database."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        count: int = cursor.fetchone()[0]
    return count


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_shared", [False, True], ids=["disjoint", "overlapping"])
def test_many_changes_in_opposite_orders_all_succeed(is_shared: bool, alice: User, bob: User) -> None:
    for owner in (alice, bob):
        categories = CategoryFactory.create_batch(4, owner=owner)
        Transaction.objects.bulk_create(
            Transaction(
                owner=owner,
                type="EXPENSE",
                description="x",
                amount=Decimal(-1),
                currency="EUR",
                date=datetime.date(2026, 1 + number % 12, 1),
                category=categories[number % 4],
            )
            for number in range(ROWS)
        )
    alice.set_password(PASSWORD)
    alice.save()
    ids = [str(pk) for pk in Transaction.objects.for_owner(alice).values_list("pk", flat=True)]
    before = deadlocks()
    server = unchecked({"DATABASE_URL": database_url(), "WORKERS": "2"})
    with running(server):
        token = server.request("POST", "/auth/token", {"username": "alice", "password": PASSWORD}).json()["access"]

        def change(client: int) -> Counter[int]:
            own = ids if is_shared else ids[client::CLIENTS]
            statuses: Counter[int] = Counter()
            for number in range(ROUNDS):
                rows = own[:: -1 if client % 2 else 1]
                body = [{"id": pk, "amount": 2 + client + CLIENTS * number} for pk in rows]
                statuses[server.request("PATCH", "/transactions", body, token=token).status] += 1
            return statuses

        with ThreadPoolExecutor(CLIENTS) as pool:
            statuses = sum(pool.map(change, range(CLIENTS)), Counter())

    assert statuses == {200: CLIENTS * ROUNDS}
    assert deadlocks() == before  # counted at the latest when the server's connections end
    writes = CLIENTS * ROUNDS if is_shared else ROUNDS
    assert set(Transaction.objects.for_owner(alice).values_list("version", flat=True)) == {1 + writes}
    assert set(Transaction.objects.for_owner(bob).values_list("version", flat=True)) == {1}
    assert differences(connection) == []
