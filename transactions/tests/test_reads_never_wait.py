"""A read is answered while another process writes, and a write waits for its turn. The other process is real."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory, PersonalTokenFactory
from transactions.tests.live import PATIENCE
from users.models import PersonalToken, User

pytestmark = pytest.mark.django_db(transaction=True)

# Takes the lock, says so, and holds it until it is told to go on. With a write-ahead log EXCLUSIVE is what IMMEDIATE
# is; without one it shuts readers out, as every commit would.
HOLDER = {
    "sqlite": """
import json, sqlite3, sys
held = sqlite3.connect(json.loads(sys.argv[1])["NAME"], isolation_level=None)
held.execute("BEGIN EXCLUSIVE")
held.execute("UPDATE transactions_transaction SET notes = 'held'")
print("held", flush=True)
sys.stdin.readline()
held.execute("ROLLBACK")
""",
    "postgresql": """
import json, psycopg2, sys
names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
settings = json.loads(sys.argv[1])
held = psycopg2.connect(**{names[name]: settings[name] for name in names})
held.cursor().execute("UPDATE transactions_transaction SET notes = 'held'")
held.cursor().execute("UPDATE users_personaltoken SET name = 'held'")
print("held", flush=True)
sys.stdin.readline()
held.rollback()
""",
}


@contextmanager
def lock_held() -> Iterator[Callable[[], None]]:
    """Let another process hold the lock that a writer takes; yield what makes it let go."""
    place = json.dumps({name: connection.settings_dict[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER[connection.vendor], place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"

        def release() -> None:
            holder.communicate("go on\n")

        try:
            yield release
        finally:
            if holder.poll() is None:
                release()
    assert holder.returncode == 0


class Writer(threading.Thread):
    """A request on a database connection of its own. `begun` is set right before it asks for the lock."""

    def __init__(self, send: Callable[[], Any], lock: str) -> None:
        super().__init__()
        self.send, self.lock, self.begun = send, lock, threading.Event()
        self.status: int | None = None

    def run(self) -> None:
        def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            if self.lock in sql:
                self.begun.set()
            return execute(sql, *rest)

        try:
            with connection.execute_wrapper(watch):
                self.status = self.send().status_code
        finally:
            self.begun.set()
            connection.close()


@pytest.fixture
def row(alice: User) -> Transaction:
    IncomeFactory.create(owner=alice)
    expense: Transaction = ExpenseFactory.create(owner=alice, category=CategoryFactory.create(owner=alice, name="Food"))
    return expense


def check_reads(client: APIClient, row: Transaction) -> None:
    assert connection.get_autocommit()
    for path in (
        "/transactions",
        "/incomes",
        "/expenses?category=Food&search=pizza",
        f"/expenses/{row.pk}",
        "/categories",
        "/summary?group_by=month,category",
        "/me",
        "/secured/ping",
        "/readyz",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, answer.content
        assert "held" not in answer.content.decode()


def test_a_read_is_answered_while_another_process_writes(as_alice: APIClient, row: Transaction) -> None:
    with lock_held():
        check_reads(as_alice, row)


def test_a_write_waits_for_the_other_and_then_succeeds(as_alice: APIClient, row: Transaction) -> None:
    lock = {"sqlite": "BEGIN", "postgresql": 'UPDATE "transactions'}[connection.vendor]
    with lock_held() as release:
        writer = Writer(lambda: as_alice.patch(f"/expenses/{row.pk}", {"description": "changed"}), lock)
        writer.start()
        assert writer.begun.wait(PATIENCE)
        check_reads(as_alice, row)
        assert writer.is_alive()
        release()
    writer.join()

    assert writer.status == 200
    assert Transaction.objects.values_list("description", "notes", "version").get(pk=row.pk) == ("changed", "", 2)


def test_the_note_that_a_token_was_used_is_left_out_rather_than_waited_for(alice: User, row: Transaction) -> None:
    token, statuses = PersonalTokenFactory.create(owner=alice), list[int]()
    client = APIClient(headers={"Authorization": f"Bearer {token.secret}"})

    def read() -> None:
        try:
            if connection.vendor == "sqlite":  # who waits at all now waits past the end of this test
                connection.cursor().execute(f"PRAGMA busy_timeout = {3 * PATIENCE * 1000}")
            statuses.extend(client.get("/transactions").status_code for _time in range(2))
            statuses.append(client.post("/incomes", {"description": "x", "amount": 1}).status_code)
        finally:
            connection.close()

    with lock_held() as release:
        reader = threading.Thread(target=read)
        reader.start()
        while len(statuses) < 2 and reader.is_alive():
            reader.join(0.01)
        assert statuses[:2] == [200, 200]  # on PostgreSQL the third need not wait
        assert PersonalToken.objects.get().last_used_at is None
        release()
    reader.join()

    assert statuses == [200, 200, 201]
    assert client.get("/transactions").status_code == 200
    assert PersonalToken.objects.get().last_used_at
