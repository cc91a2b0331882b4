"""However many sign in at the same moment, others are answered meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import problem_of
from cashman_project.db.connection_pool import ConnectionPool
from transactions.tests.live import PATIENCE
from users import hashers
from users.models import User

from ..login_throttle import PER_PAIR

PASSWORD = "correct horse battery"


@contextmanager
def busy_hasher() -> Iterator[None]:
    """Hash as many passwords as there may be at the same time, until the block ends."""
    with ExitStack() as stack:
        for _turn in range(2):
            stack.enter_context(hashers.HASHING)
        yield


@contextmanager
def crowd() -> Iterator[None]:
    """Have as many wait for their turn as may, until the block ends."""
    with busy_hasher(), ExitStack() as stack:
        while hashers.WAITING.acquire(blocking=False):
            stack.callback(hashers.WAITING.release)
        yield


@pytest.mark.parametrize("username", ["alice", "nobody"])
def test_one_too_many_is_told_to_come_again_and_it_counts_as_no_wrong_password(
    username: str, nobody: APIClient, alice: User
) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    details = {"username": username, "password": PASSWORD}
    with crowd():
        for _attempt in range(PER_PAIR.number + 1):
            response = nobody.post("/auth/token", details)
            problem_of(response, 503, "unavailable")
            assert response.headers["Retry-After"] == "1"
    assert nobody.post("/auth/token", details).status_code == (200 if username == "alice" else 401)


def test_who_waits_to_have_a_password_hashed_keeps_no_connection_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = ConnectionPool(1)
    monkeypatch.setattr(hashers, "POOL", pool)

    def sign_in() -> None:
        pool.lend()
        hashers.BoundedArgon2Hasher().encode(PASSWORD, "salt" * 4)
        pool.take_back()

    def read() -> None:
        pool.lend()
        pool.take_back()

    first, second = threading.Thread(target=sign_in), threading.Thread(target=read, daemon=True)
    with busy_hasher():
        first.start()
        second.start()
        second.join(2)
        was_answered = not second.is_alive()
    first.join(PATIENCE)
    assert was_answered
    assert not first.is_alive()
