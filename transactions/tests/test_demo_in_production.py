"""The demo stays what it is: no server without DEBUG starts while anyone can log in by a password of the demo's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core import checks
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from transactions.checks import check_demo_passwords
from transactions.services.demo import create_demo
from transactions.tests.live import PATIENCE, LiveServer, running
from users.models import User
from users.tests.test_login_throttle_live import url_of_the_tests

PASSWORD = "correct horse battery"
PRODUCTION = {
    "DEBUG": "off",
    "HTTPS": "off",
    "SECRET_KEY": 64 * "s",
    "JWT_SIGNING_KEY": 64 * "j",
    "ALLOWED_HOSTS": "127.0.0.1",
}


def found() -> list[str]:
    """Return what the check says of this database, to the colon."""
    return [str(fault.msg).partition(":")[0] for fault in check_demo_passwords(["default"])]


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,  # where a server starts that should not
    )


@pytest.mark.django_db
def test_a_known_password_is_found_until_it_is_changed() -> None:
    create_demo()
    assert sorted(found()) == ["Anyone can sign in as admin / admin", "Anyone can sign in as demo / demo"]

    demo = User.objects.get(username="demo")
    demo.set_password(PASSWORD)
    demo.save()
    assert found() == ["Anyone can sign in as admin / admin"]

    User.objects.filter(username="admin").update(is_active=False)
    assert found() == []


@pytest.mark.django_db
def test_it_costs_two_queries_and_a_hash_for_each_of_the_two_names(
    alice: User, bob: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hashes = tmp_path / "hashes"
    monkeypatch.setenv("HASHES", str(hashes))
    settings.PASSWORD_HASHERS = ["users.tests.hashers.CountingHasher"]
    for user in (alice, bob, User(username="admin", currency="USD")):
        user.set_password("alice")
        user.save()
    hashes.write_bytes(b"")

    with CaptureQueriesContext(connection) as queries:
        assert found() == []

    assert len(queries) == 2
    assert hashes.read_bytes() == b"."


@pytest.mark.django_db
def test_with_debug_nothing_is_asked(settings: Settings) -> None:
    create_demo()
    settings.DEBUG = True
    with CaptureQueriesContext(connection) as queries:
        assert found() == []
    assert len(queries) == 0


def test_no_worker_asks() -> None:
    """A worker runs the checks that need no database."""
    assert check_demo_passwords in checks.registry.registry.get_checks()
    assert check_demo_passwords.tags == (checks.Tags.database,)


@pytest.mark.live
@pytest.mark.django_db(transaction=True)
def test_serving_refuses_a_demo_user_in_any_database() -> None:
    create_demo()
    environment = PRODUCTION | {"DATABASE_URL": url_of_the_tests()}

    refused = manage(environment, "serve")
    assert refused.returncode == 1
    assert "Anyone can sign in as demo / demo: the demo of `make run` made this user." in refused.stderr
    assert "`python manage.py changepassword demo`" in refused.stderr
    assert "Anyone can sign in as admin / admin" in refused.stderr
    assert "Traceback" not in refused.stderr

    for user in User.objects.all():
        user.set_password(PASSWORD)
        user.save()
    server = LiveServer(environment)
    with running(server):
        assert server.request("GET", "/readyz").status == 200


@pytest.mark.live
def test_what_make_run_made_is_refused_by_a_production_start(tmp_path: Path) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'demo.sqlite3'}"}
    server = LiveServer(database, [sys.executable, "manage.py", "run"])
    with running(server):
        assert server.request("POST", "/auth/token", {"username": "demo", "password": "demo"}).status == 200

    refused = manage(PRODUCTION | database, "serve")

    assert refused.returncode == 1
    assert "Anyone can sign in as admin / admin" in refused.stderr


def test_the_demo_has_a_file_of_its_own() -> None:
    names = {}
    for debug in ("on", "off"):
        code = "from cashman_project import settings; print(settings.DATABASES['default']['NAME'])"
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | PRODUCTION
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=settings.BASE_DIR,
            env=environment | {"DEBUG": debug, "DATABASE_URL": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        names[debug] = Path(done.stdout.strip())
    assert names == {"on": settings.BASE_DIR / "demo.sqlite3", "off": settings.BASE_DIR / "cashman.sqlite3"}
