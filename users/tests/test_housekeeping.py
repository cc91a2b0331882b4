"""What has expired is deleted, by a command or once a day by itself, and nobody waits for it."""

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from cashman_project.api import sweeping
from cashman_project.api.models import Claim, IdempotencyKey
from cashman_project.api.sweeping import claim, delete_expired
from transactions.tests.live import LiveServer, migrated, running, unchecked
from transactions.tests.test_races import at_once
from users.models import Attempts, BrowserSession, PersonalToken, Session, User
from users.sessions import start_session

PATIENCE = 60  # seconds
MODELS: list[Any] = [IdempotencyKey, Session, BrowserSession, Attempts]


def fill(owner: User, timestamp: datetime, count: int = 1) -> None:
    """Store what expires at that moment, so many of each kind."""
    numbers = range(count)
    name = f"{owner.username}-{timestamp.timestamp()}"
    day = timedelta(hours=24)
    IdempotencyKey.objects.bulk_create(
        [
            IdempotencyKey(owner=owner, key=f"{name}-{n}", status=201, body="{}", created_at=timestamp - day)
            for n in numbers
        ]
    )
    Session.objects.bulk_create([Session(owner=owner, jti="x", auth_hash="x", expires_at=timestamp) for _n in numbers])
    BrowserSession.objects.bulk_create(
        [BrowserSession(digest=f"{name}-{n}", user=owner, session_data="x", expire_date=timestamp) for n in numbers]
    )
    Attempts.objects.bulk_create(
        [Attempts(account=f"{name}-{n}"[:64], address="", number=1, until=timestamp) for n in numbers]
    )


def counts() -> list[int]:
    return [model.objects.count() for model in MODELS]


def past() -> datetime:
    return timezone.now() - timedelta(seconds=1)


def future() -> datetime:
    return timezone.now() + timedelta(minutes=1)


# -- By a command -----------------------------------------------------------------------------


def test_the_command_deletes_what_has_expired_and_nothing_else(alice: User, bob: User, capsys: Any) -> None:
    live = start_session(bob)
    fill(alice, past(), 3)
    fill(bob, past(), 2)
    fill(alice, future())
    PersonalToken.objects.create(owner=alice, name="backup", scope="read", expires_at=past())

    call_command("sweep")

    assert capsys.readouterr().out == (
        "Deleted what had expired: 5 idempotency keys, 5 logins, 5 browser sessions, 5 counters of attempts,"
        " 0 import plans.\n"
    )
    assert counts() == [1, 2, 1, 1]
    assert PersonalToken.objects.count() == 1  # its user still sees that it has expired
    assert APIClient().post("/auth/token/refresh", {"refresh": str(live)}).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_few_rows_are_deleted_at_a_time(model: Any, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 3)
    fill(alice, past(), 7)
    fill(alice, future(), 2)
    seen: list[int] = []

    def wait(seconds: float) -> None:
        assert seconds > 0
        assert not connection.in_atomic_block or len(connection.savepoint_ids) == start
        seen.append(model.objects.count())

    start = len(connection.savepoint_ids)
    name = {IdempotencyKey: "created_at", BrowserSession: "expire_date", Attempts: "until"}.get(model, "expires_at")
    age = timedelta(hours=24) if model is IdempotencyKey else timedelta()
    expired = model.objects.filter(**{f"{name}__lte": timezone.now() - age})

    assert delete_expired(expired, wait=wait) == 7
    assert seen == [6, 3, 2]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_is_using_is_left(alice: User, bob: User) -> None:
    """On PostgreSQL it isn't waited for either; SQLite has waited for its turn at the start."""
    fill(alice, past())
    fill(bob, past())
    held, over = threading.Event(), threading.Event()

    def use() -> None:
        try:
            with transaction.atomic():
                keys = IdempotencyKey.objects.filter(owner=alice).select_for_update()
                assert len(keys) == 1
                keys.update(created_at=timezone.now())
                held.set()
                over.wait(1 if connection.vendor == "sqlite" else PATIENCE)
        finally:
            connection.close()

    user = threading.Thread(target=use)
    user.start()
    held.wait(PATIENCE)
    try:
        call_command("sweep", verbosity=0)
    finally:
        over.set()
        user.join()

    assert [key.owner for key in IdempotencyKey.objects.select_related("owner")] == [alice]


# -- By itself --------------------------------------------------------------------------------


def test_work_is_claimed_until_it_is_due_again(db: None) -> None:
    now = timezone.now()

    assert claim("sweep", now + timedelta(days=1))
    assert not claim("sweep", now + timedelta(days=1))
    assert claim("other", now + timedelta(days=1))
    Claim.objects.filter(work="sweep").update(until=past())
    assert claim("sweep", now + timedelta(days=1))
    assert not claim("sweep", now + timedelta(days=1))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_first", [True, False])
def test_of_many_who_claim_at_once_one_gets_it(is_first: bool) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            work = f"sweep {number}"
            if not is_first:
                Claim.objects.create(work=work, until=past())
            claims = at_once(pool, *[lambda work=work: claim(work, future()) for _process in range(8)])
            assert sorted(claims) == [False] * 7 + [True]


STORE = """
import django
django.setup()
from django.utils import timezone
from users.models import User
from users.tests.test_housekeeping import fill, future, past
user = User.objects.get_or_create(username="alice")[0]
fill(user, past(), 700)
fill(user, future(), 3)
"""


def count_all(database: Path) -> int:
    with closing(sqlite3.connect(database)) as file:
        return sum(file.execute(f"SELECT COUNT(*) FROM {model._meta.db_table}").fetchone()[0] for model in MODELS)  # noqa: S608


@pytest.mark.live
def test_a_server_sweeps_by_itself_once_a_day(tmp_path: Path) -> None:
    database = tmp_path / "live.sqlite3"
    server = unchecked({"DATABASE_URL": migrated(tmp_path), "WORKERS": "2"})
    subprocess.run([sys.executable, "-c", STORE], env=server.environment, check=True)
    assert count_all(database) == 4 * 703

    with running(server):
        server.wait_for("Swept: .*'idempotency keys': 700, 'logins': 700, 'browser sessions': 700")
        assert server.request("GET", "/livez").status == 200
    assert count_all(database) == 4 * 3

    with closing(sqlite3.connect(database)) as file, file:
        file.execute("UPDATE users_session SET expires_at = '2026-01-01 00:00:00'")
    with running(server):  # on the same day: nothing is due
        time.sleep(2)
        assert server.request("GET", "/readyz").status == 200
        assert [line for line in server.log() if "Swept" in line] == []
    assert count_all(database) == 4 * 3


@pytest.mark.live
def test_a_server_whose_database_is_not_migrated_serves(tmp_path: Path) -> None:
    server = LiveServer({"DATABASE_URL": f"sqlite:///{tmp_path / 'live.sqlite3'}"})

    with running(server):
        assert server.request("GET", "/livez").status == 200
        assert server.request("GET", "/readyz").status == 503
