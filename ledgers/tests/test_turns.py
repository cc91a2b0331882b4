"""Writers of one ledger take turns, and who waits keeps no database connection from others."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from cashman_project.api.errors import Unavailable
from cashman_project.api.tests.problems import problem_of
from cashman_project.db.connection_pool import ConnectionPool
from ledgers import turns
from ledgers.models import Ledger
from ledgers.turns import TURNS, Turns
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from transactions.tests.live import PATIENCE
from users.models import User

OWNER, OTHER = uuid4(), uuid4()
NEW = {"description": "coffee", "amount": "3.50"}


class Waiter(threading.Thread):
    """Has the turn of an owner until it is told to go on."""

    def __init__(self, own: Turns, owner: UUID) -> None:
        super().__init__(daemon=True)
        self.turns, self.owner = own, owner
        self.has_turn, self.may_go = threading.Event(), threading.Event()

    def run(self) -> None:
        with self.turns.of(self.owner):
            self.has_turn.set()
            assert self.may_go.wait(PATIENCE)


def test_one_thread_at_a_time_has_the_turn_of_an_owner_and_nothing_is_left() -> None:
    own = Turns()
    first, second, other = Waiter(own, OWNER), Waiter(own, OWNER), Waiter(own, OTHER)
    first.start()
    assert first.has_turn.wait(PATIENCE)
    second.start()
    other.start()
    assert other.has_turn.wait(PATIENCE)
    assert not second.has_turn.wait(0.1)

    first.may_go.set()
    assert second.has_turn.wait(PATIENCE)

    for waiter in (second, other):
        waiter.may_go.set()
    for waiter in (first, second, other):
        waiter.join(PATIENCE)
    assert not own._turns


def test_an_error_ends_a_turn() -> None:
    own = Turns()
    with pytest.raises(ZeroDivisionError), own.of(OWNER):
        raise ZeroDivisionError
    with own.of(OWNER):
        assert set(own._turns) == {OWNER}
    assert not own._turns


@contextmanager
def busy(own: Turns, owner: UUID) -> Iterator[None]:
    """Let another thread have the turn of the owner."""
    holder = Waiter(own, owner)
    holder.start()
    assert holder.has_turn.wait(PATIENCE)
    try:
        yield
    finally:
        holder.may_go.set()
        holder.join(PATIENCE)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT", 0.01)
    own = Turns()
    with busy(own, OWNER):
        with pytest.raises(Unavailable), own.of(OWNER):
            raise AssertionError
        with own.of(OTHER):
            pass
    with own.of(OWNER):
        pass
    assert not own._turns


def test_one_too_many_does_not_wait_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_THREADS", 1)
    own = Turns()
    with busy(own, OWNER), pytest.raises(Unavailable), own.of(OWNER):
        raise AssertionError
    assert not own._turns


def test_every_request_that_writes_a_ledger_takes_its_turn(
    alice: User, as_alice: APIClient, as_bob: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT", 0.01)
    row, food = ExpenseFactory.create(owner=alice), CategoryFactory.create(owner=alice, name="Food")
    revision = Ledger.objects.get(pk=alice.pk).revision
    change: Any = {"id": str(row.pk), "notes": "x"}
    requests: list[tuple[str, str, Any]] = [
        ("post", "/expenses", NEW),
        ("post", "/expenses", [NEW]),
        ("post", "/expenses/bulk", [NEW]),
        ("post", "/transactions/delete", {"ids": [str(row.pk)]}),
        ("patch", "/transactions", [change]),
        ("patch", f"/expenses/{row.pk}", {"notes": "x"}),
        ("delete", f"/expenses/{row.pk}", None),
        ("post", "/categories", {"name": "Fun"}),
        ("patch", f"/categories/{food.pk}", {"name": "Fun"}),
        ("delete", f"/categories/{food.pk}", None),
        ("post", f"/revisions/{revision}/undo", None),
    ]
    with busy(TURNS, alice.pk):
        for method, path, body in requests:
            response = getattr(as_alice, method)(path, body, format="json")
            problem_of(response, 503, "unavailable")
            assert response.headers["Retry-After"] == "1"
        assert as_alice.get("/transactions").status_code == 200
        assert as_bob.post("/expenses", NEW).status_code == 201
    assert Ledger.objects.get(pk=alice.pk).revision == revision
    assert as_alice.post("/expenses", NEW).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_who_waits_to_write_keeps_no_connection_from_others(
    alice: User, bob: User, as_alice: APIClient, as_bob: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are two connections. One is in use to write in alice's ledger, and four more of her requests come."""
    pool = ConnectionPool(2)
    monkeypatch.setattr(turns, "POOL", pool)
    done: list[tuple[str, int]] = []

    def lent(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            pool.lend()
            try:
                work()
            finally:
                pool.take_back()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    slow = Waiter(TURNS, alice.pk)
    threads = [lent(slow.run)]
    assert slow.has_turn.wait(PATIENCE)
    threads += [
        lent(lambda: done.append(("alice", as_alice.post("/expenses", NEW).status_code))) for _number in range(4)
    ]
    while TURNS._turns[alice.pk].threads < 2:
        threads[-1].join(0.01)
    reader = lent(lambda: done.append(("bob", as_bob.get("/expenses").status_code)))
    reader.join(5)
    done_meanwhile = list(done)
    slow.may_go.set()
    for thread in (*threads, reader):
        thread.join(PATIENCE)
    for one in pool._idle:
        one.close()

    assert done_meanwhile == [("bob", 200)]
    assert sorted(done) == [*4 * [("alice", 201)], ("bob", 200)]
    assert Transaction.objects.for_owner(alice).count() == 4
