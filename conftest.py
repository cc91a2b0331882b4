"""Three people for every test that touches data: alice and bob have rows, and the outsider must see none of them."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

from cashman_project.db.postgresql.citus import has_citus
from ledgers.tests.owner_guard import GUARD
from transactions.tests.live import LiveServer, serve, unmarked
from transactions.tests.shares import cases
from users.models import User
from users.sessions import start_session

# The same examples at every run: a failure is met by whoever causes it. The fixtures, which are made once for all
# examples of a test, are people; each example makes its own rows.
settings.register_profile(
    "cashman",
    max_examples=cases(60),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("cashman")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    translation.deactivate()  # the language of the last request of the test before
    unmarked[:] = [] if {"live", "e2e"} & {marker.name for marker in item.iter_markers()} else [item.nodeid]


def pytest_configure() -> None:
    GUARD.install()
    # Hypothesis draws constants that it finds in the modules that are imported. Then what a test reaches would depend
    # on which other tests run with it.
    providers._get_local_constants = Constants


@pytest.fixture(autouse=True)
def owner_in_every_statement() -> Iterator[None]:
    """Fail if the code asks for an owner's rows without the owner as a parameter."""
    GUARD.found, GUARD.is_on = [], True
    yield
    GUARD.is_on = False
    assert not GUARD.found, "\n".join(map(str, GUARD.found))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Distribute the tables of the tests' database if it has Citus."""
    with django_db_blocker.unblock():
        if has_citus(connection):
            call_command("shard")


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob")


@pytest.fixture
def outsider(db: None) -> User:
    return User.objects.create_user("outsider")


@pytest.fixture
def staff(db: None) -> User:
    """The person who runs the service, and may do everything in the admin."""
    return User.objects.create_superuser("staff")


def client_of(user: User) -> APIClient:
    """Return a client that sends the token of a new login of the user, and gets a 500 as a browser would."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user).access_token}")
    return client


@pytest.fixture
def nobody(db: None) -> APIClient:
    """A client without a token."""
    return APIClient(raise_request_exception=False)


@pytest.fixture
def as_alice(alice: User) -> APIClient:
    return client_of(alice)


@pytest.fixture
def as_bob(bob: User) -> APIClient:
    return client_of(bob)


@pytest.fixture
def as_outsider(outsider: User) -> APIClient:
    return client_of(outsider)


@pytest.fixture
def as_staff(staff: User) -> Client:
    """A browser with a session of the staff."""
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def few_time_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the admin offer three time zones. A page with all six hundred takes half a second to make and to read."""
    monkeypatch.setattr("users.admin.available_timezones", lambda: {"UTC", "Asia/Tokyo", "Europe/Berlin"})


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A real server with its own empty database. Anybody may register."""
    with serve(tmp_path_factory.mktemp("live"), ALLOW_SIGNUP="on") as server:
        yield server
