"""Writes that meet: a key that is sent again meanwhile, If-Match, and people who change different fields of one row."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from cashman_project.api import idempotency
from cashman_project.api.models import IdempotencyKey
from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from ledgers.writer import LEDGERS
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory, IncomeFactory
from transactions.tests.live import PATIENCE
from transactions.tests.server import holds_others_up
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {"Idempotency-Key": "sent-while-the-first-runs"}
BODY = {"description": "salary", "amount": 5000}
LOCKS = f"UPDATE {LEDGERS}" if connection.settings_dict.get("POOLED") else "EXECUTE"  # the ledger


class Meanwhile(threading.Thread):
    """A request on a connection of its own; `begun` is set right before it asks for what is locked."""

    def __init__(self, send: Callable[[], Any], lock: str) -> None:
        super().__init__()
        self.send, self.begun = send, threading.Event()
        self.lock = lock if connection.vendor == "postgresql" else "BEGIN"
        self.answer: Any = None

    def wait_until_it_waits(self) -> None:
        """Return once this connection holds the other up, as PostgreSQL says, or is about to, on SQLite."""
        assert self.begun.wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        waits = connection.vendor != "postgresql"
        while not waits:
            assert self.is_alive()
            assert time.monotonic() < deadline
            waits = holds_others_up()
        assert self.is_alive()

    def run(self) -> None:
        def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            if self.lock in sql:
                self.begun.set()
            return execute(sql, *rest)

        try:
            with connection.execute_wrapper(watch):
                self.answer = self.send()
        finally:
            self.begun.set()
            connection.close()


def meanwhile(first: Callable[[], Any], second: Callable[[], Any], lock: str, *, undo: bool = False) -> tuple[Any, Any]:
    """Let `second` begin while the transaction of `first` is open (and undone at last or not); return the answers."""
    with transaction.atomic():
        answer = first()
        other = Meanwhile(second, lock)
        other.start()
        other.wait_until_it_waits()
        transaction.set_rollback(undo)
    other.join()
    return answer, other.answer


# -- Idempotency-Key --------------------------------------------------------------------------


def test_a_duplicate_waits_for_the_first_and_repeats_its_answer(alice: User) -> None:
    send = partial(client_of(alice).post, "/incomes", BODY, headers=KEY)

    first, second = meanwhile(send, send, "api_idempotencykey")

    assert (second.status_code, second.content) == (201, first.content)
    assert second["Idempotency-Replayed"] == "true"
    assert Transaction.objects.for_owner(alice).count() == 1


def test_a_duplicate_of_what_came_to_nothing_runs_itself(alice: User) -> None:
    send = partial(client_of(alice).post, "/incomes", BODY, headers=KEY)

    first, second = meanwhile(send, send, "api_idempotencykey", undo=True)

    assert (second.status_code, "Idempotency-Replayed" in second) == (201, False)
    assert [str(row.pk) for row in Transaction.objects.for_owner(alice)] == [second.json()["id"]]
    assert first.json()["id"] != second.json()["id"]


def test_another_request_with_the_key_waits_and_is_refused(alice: User) -> None:
    client = client_of(alice)

    _first, second = meanwhile(
        partial(client.post, "/incomes", BODY, headers=KEY),
        partial(client.post, "/expenses", BODY, headers=KEY),
        "api_idempotencykey",
    )

    problem_of(second, 422, "idempotency_key_reused")


def test_a_duplicate_does_not_wait_for_ever(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT", timedelta(milliseconds=50))
    send = partial(client_of(alice).post, "/incomes", BODY, headers=KEY)

    def impatient() -> Any:
        if connection.vendor == "sqlite":
            connection.cursor().execute("PRAGMA busy_timeout = 50")
        return send()

    with transaction.atomic():
        send()
        other = Meanwhile(impatient, "api_idempotencykey")
        other.start()
        other.join(PATIENCE)

    if connection.vendor == "postgresql":
        problem_of(other.answer, 409, "idempotency_in_progress")
    else:  # which does not say for what its writers wait
        problem_of(other.answer, 503, "unavailable")
    assert other.answer["Retry-After"] == "1"
    assert send()["Idempotency-Replayed"] == "true"


def test_the_limit_of_the_wait_is_that_of_the_key_alone(alice: User) -> None:
    limit = "SHOW lock_timeout" if connection.vendor == "postgresql" else "PRAGMA busy_timeout"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(limit)
        before = cursor.fetchone()
        assert client_of(alice).post("/incomes", BODY, headers=KEY).status_code == 201
        cursor.execute(limit)
        assert cursor.fetchone() == before


def test_a_key_that_is_swept_while_it_is_waited_for_is_new(alice: User) -> None:
    client = client_of(alice)
    assert client.post("/incomes", BODY, headers=KEY).status_code == 201

    def sweep() -> int:
        return IdempotencyKey.objects.all().delete()[0]

    swept, second = meanwhile(sweep, partial(client.post, "/incomes", BODY, headers=KEY), "api_idempotencykey")

    assert swept == 1
    assert (second.status_code, "Idempotency-Replayed" in second) == (201, False)


def test_a_key_that_is_swept_while_it_is_looked_up_is_new(alice: User) -> None:
    client = client_of(alice)
    assert client.post("/incomes", BODY, headers=KEY).status_code == 201
    swept: list[int] = []

    def sweep() -> None:
        try:
            swept.append(IdempotencyKey.objects.all().delete()[0])
        finally:
            connection.close()

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if (
            "api_idempotencykey" in sql and "FOR NO KEY UPDATE" in sql and not swept
        ):  # never on SQLite: nobody else writes
            other = threading.Thread(target=sweep)
            other.start()
            other.join()
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        answer = client.post("/incomes", BODY, headers=KEY)

    assert answer.status_code == 201
    assert ("Idempotency-Replayed" in answer) == (not swept) == (connection.vendor == "sqlite")


def at_once(requests: list[Callable[[], Any]]) -> list[Any]:
    """Send the requests at the same time, each over its own connection; return what each returns."""
    barrier = threading.Barrier(len(requests))

    def send(request: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return request()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


@pytest.mark.parametrize("body", [BODY, [BODY, BODY | {"external_id": "bank-4711"}]], ids=["one", "many"])
def test_one_key_from_many_clients_makes_one_answer(body: Any, alice: User, bob: User) -> None:
    clients = [client_of(alice) for _client in range(6)]
    for number in range(5):
        key = {"Idempotency-Key": f"parallel-{number}"}
        rows = [row | {"external_id": f"bank-{number}"} for row in body[1:]] if isinstance(body, list) else []
        sent = [body[0], *rows] if rows else body

        answers = at_once([partial(client.post, "/incomes", sent, headers=key) for client in clients])

        assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
        assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
        assert Transaction.objects.for_owner(alice).count() == (number + 1) * (len(sent) if rows else 1)
    assert not Transaction.objects.for_owner(bob).exists()


# -- Changes of one row -----------------------------------------------------------------------


def test_no_increment_with_if_match_is_lost(alice: User) -> None:
    path = f"/incomes/{IncomeFactory.create(owner=alice, amount=1).pk}"
    clients = [client_of(alice) for _client in range(4)]

    def increment(client: Any) -> int:
        tries = 0
        for _time in range(10):
            status = 412
            while status == 412:
                tries += 1
                read = client.get(path)
                amount = int(float(read.json()["amount"])) + 1
                status = client.patch(path, {"amount": amount}, headers={"If-Match": read["ETag"]}).status_code
            assert status == 200
        return tries

    tries = at_once([partial(increment, client) for client in clients])

    row = clients[0].get(path).json()
    assert (row["amount"], row["version"]) == ("41.00", 41)
    assert sum(tries) >= 40


@pytest.mark.parametrize("many", [False, True], ids=["one by one", "many at once"])
def test_people_who_change_different_fields_both_win(many: bool, alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    clients = [client_of(alice) for _client in range(2)]

    def change(client: Any, field: str) -> list[bool]:
        kept = []
        for number in range(20):
            value = {field: f"{field} {number}"}
            if many:
                answer = client.patch("/transactions", [{"id": str(row.pk)} | value]).json()[0]
            else:
                answer = client.patch(f"/expenses/{row.pk}", value).json()
            kept.append(answer[field] == value[field])
        return kept

    kept = at_once([partial(change, clients[0], "description"), partial(change, clients[1], "notes")])

    assert kept == 2 * [20 * [True]]
    row.refresh_from_db()
    assert (row.description, row.notes, row.version) == ("description 19", "notes 19", 41)


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_change_that_waited_answers_with_what_the_other_linked_to(many: bool, alice: User) -> None:
    food, fun = (CategoryFactory.create(owner=alice, name=name) for name in ("Food", "Fun"))
    row = ExpenseFactory.create(owner=alice, category=food)
    client, path = client_of(alice), f"/expenses/{row.pk}"
    second = (
        partial(client.patch, "/transactions", [{"id": str(row.pk), "notes": "x"}])
        if many
        else partial(client.patch, path, {"notes": "x"})
    )

    _first, answer = meanwhile(partial(client.patch, path, {"category": fun.name}), second, LOCKS)

    changed = answer.json()[0] if many else answer.json()
    assert (changed["category"], changed["notes"], changed["version"]) == ("Fun", "x", 3)
    assert client.get(path).json() == changed


def test_many_changes_in_opposite_orders_do_not_lock_each_other_out(alice: User) -> None:
    ids = [str(row.pk) for row in ExpenseFactory.create_batch(20, owner=alice)]
    clients = [client_of(alice) for _client in range(4)]

    def change(client: Any, order: int) -> set[int]:
        bodies = [[{"id": pk, "notes": f"{client} {number}"} for pk in ids[::order]] for number in range(5)]
        return {client.patch("/transactions", body).status_code for body in bodies}

    statuses = at_once([partial(change, client, order) for client, order in zip(clients, (1, -1, 1, -1), strict=True)])

    assert statuses == 4 * [{200}]
    assert {row.version for row in Transaction.objects.for_owner(alice)} == {21}
