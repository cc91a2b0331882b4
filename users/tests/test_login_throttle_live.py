"""Passwords tried all at once, on a server of several processes."""

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection
from django.db.models import F
from pytest_django import Settings

from transactions.tests.live import Answer, LiveServer, running, unchecked
from users.models import Attempts, User

WORKERS = 4
TRIES = 200
PASSWORD = "correct horse battery"
CLIENT = "198.51.100.7"


def url_of_the_tests() -> str:
    """Return the DATABASE_URL of the database that the tests run on."""
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{place['NAME']}"
    login = ":".join(quote(place[part], safe="") for part in ("USER", "PASSWORD"))
    return f"postgres://{login}@{place['HOST']}:{place['PORT']}/{place['NAME']}"


def log_in(server: LiveServer, password: str, forwarded: str) -> Answer:
    return server.request(
        "POST", "/auth/token", {"username": "alice", "password": password}, headers={"X-Forwarded-For": forwarded}
    )


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("proxies", [0, 1])
def test_of_two_hundred_tries_at_once_five_are_hashed(
    proxies: int, alice: User, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = tmp_path / "hashes"
    monkeypatch.setenv("HASHES", str(hashes))
    settings.PASSWORD_HASHERS = ["users.tests.hashers.CountingHasher"]
    alice.set_password(PASSWORD)
    alice.save()
    os.truncate(hashes, 0)
    environment = {
        "DATABASE_URL": url_of_the_tests(),
        "DJANGO_SETTINGS_MODULE": "users.tests.counting_settings",
        "NUM_PROXIES": str(proxies),
        "WORKERS": str(WORKERS),
    }
    barrier = threading.Barrier(TRIES)

    def forwarded() -> str:
        """Return what the client has made up, and what a proxy has added to it."""
        invented = ".".join(str(byte) for byte in random.randbytes(4))
        return f"{invented}, {CLIENT}" if proxies else invented

    def guess(number: int) -> Answer:
        barrier.wait()
        return log_in(server, f"wrong {number}", forwarded())

    server = unchecked(environment)
    with running(server), ThreadPoolExecutor(TRIES) as pool:
        answers = list(pool.map(guess, range(TRIES)))

        assert Counter(answer.status for answer in answers) == {401: 5, 429: TRIES - 5}
        assert hashes.stat().st_size == 5
        for answer in answers:
            if answer.status == 429:
                assert answer.json()["code"] == "throttled"
                assert 0 < int(answer.headers["retry-after"]) <= 900
        assert log_in(server, PASSWORD, forwarded()).status == 429
        assert hashes.stat().st_size == 5
        assert set(Attempts.objects.values_list("address", "number")) == {
            (CLIENT if proxies else "127.0.0.1", 5),
            ("", 5),
        }

        Attempts.objects.exclude(address="").update(until=F("until") - timedelta(minutes=15))

        assert log_in(server, PASSWORD, forwarded()).status == 200
        assert hashes.stat().st_size == 6
