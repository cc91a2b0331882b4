"""Login attempts are limited, and they don't reveal which users exist."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from cashman_project.api.errors import Throttled
from cashman_project.api.tests.problems import problem_of
from users.models import Attempts, User
from users.tests import hashers

from ..login_throttle import throttled_login

PASSWORD = "correct horse battery"
WINDOW = 15 * 60  # seconds
HTML = {"/api-auth/login/", "/admin/login/"}
LOGINS = ["/auth/token", *sorted(HTML)]


@pytest.fixture(autouse=True)
def hashed(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return a function that returns how many passwords were hashed since its last call."""
    file = tmp_path / "hashes"
    file.touch()
    monkeypatch.setenv("HASHES", str(file))
    settings.PASSWORD_HASHERS = [f"{hashers.HERE}.CountingHasher"]

    def ask() -> int:
        count = file.stat().st_size
        os.truncate(file, 0)
        return count

    return ask


@pytest.fixture
def known(hashed: Callable[[], int], alice: User) -> User:
    alice.set_password(PASSWORD)
    alice.is_staff = True
    alice.save()
    assert hashed() == 1
    return alice


def log_in(
    name: str = "alice", password: str = PASSWORD, *, path: str = "/auth/token", address: str = "127.0.0.1"
) -> Any:
    """Send what is typed at a login: a session's are forms."""
    client: Any = Client(REMOTE_ADDR=address) if path in HTML else APIClient(REMOTE_ADDR=address)
    return client.post(path, {"username": name, "password": password})


def fail(times: int, name: str = "alice", **where: str) -> None:
    for _time in range(times):
        assert log_in(name, "wrong", **where).status_code == (200 if where.get("path") in HTML else 401)


def pass_time(**time: int) -> None:
    """Let the windows that are open have been opened so long ago."""
    Attempts.objects.update(until=F("until") - timedelta(**time))


def throttled(response: Any, most: int = WINDOW) -> None:
    """Fail unless the answer is a 429 that says to wait, for no longer than `most` seconds."""
    problem = problem_of(response, 429, "throttled")
    assert most - 60 < int(response["Retry-After"]) <= most
    assert response["Retry-After"] in problem["detail"]


# -- Five for an account and an address -------------------------------------------------------


def test_the_sixth_try_is_refused_whatever_the_password_and_not_hashed(known: User, hashed: Callable[[], int]) -> None:
    fail(5)
    assert hashed() == 5

    for password in ("wrong", PASSWORD):
        throttled(log_in(password=password))
    assert hashed() == 0


@pytest.mark.parametrize("path", LOGINS)
@pytest.mark.parametrize("tried", LOGINS)
def test_every_login_counts_for_every_other(tried: str, path: str, known: User) -> None:
    fail(5, path=tried)

    response = log_in(path=path)

    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= WINDOW
    assert "sessionid" not in response.cookies


@pytest.mark.parametrize("path", sorted(HTML))
def test_a_browser_reads_what_is_the_matter(path: str, known: User) -> None:
    fail(5)
    client = Client(headers={"Accept": "text/html,*/*;q=0.8"})

    response = client.post(path, {"username": "alice", "password": PASSWORD})

    assert (response.status_code, response["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert "Too many attempts." in response.content.decode()
    assert response["Retry-After"] in response.content.decode()


def test_the_window_ends_when_it_was_to_end_however_many_were_tried(known: User) -> None:
    fail(1)
    pass_time(minutes=14)
    fail(4)
    for _time in range(3):
        throttled(log_in(), most=60)

    pass_time(minutes=1)

    assert log_in().status_code == 200


def test_a_new_window_has_room_for_five_again(known: User) -> None:
    fail(5)
    pass_time(minutes=15)

    fail(5)

    throttled(log_in())


def test_a_success_clears_the_failures(known: User) -> None:
    for _round in range(3):
        fail(4)
        assert log_in().status_code == 200


def test_others_are_not_locked_out(known: User, bob: User) -> None:
    bob.set_password(PASSWORD)
    bob.save()
    fail(5, address="192.0.2.1")

    throttled(log_in(address="192.0.2.1"))
    assert log_in("bob", address="192.0.2.1").status_code == 200
    assert log_in(address="192.0.2.2").status_code == 200
    throttled(log_in(address="192.0.2.1"))


def test_a_network_of_ipv6_is_one_address(known: User) -> None:
    for number in range(5):
        fail(1, address=f"2001:db8:0:7::{number:x}")

    throttled(log_in(address="2001:db8:0:7:ffff::1"))
    assert log_in(address="2001:db8:0:8::1").status_code == 200


@pytest.mark.parametrize("path", LOGINS)
def test_an_invented_address_does_not_help(path: str, known: User) -> None:
    client = APIClient()
    for number in range(5):
        client.post(
            "/auth/token", {"username": "alice", "password": "x"}, headers={"X-Forwarded-For": f"192.0.2.{number}"}
        )

    throttled(
        client.post(
            "/auth/token", {"username": "alice", "password": PASSWORD}, headers={"X-Forwarded-For": "192.0.2.9"}
        )
    )


def test_a_name_is_one_however_it_is_written(known: User) -> None:
    for name in ("alice", "ａｌｉｃｅ", "ⓐlice", "alicⓔ", "ａlice"):
        fail(1, name)

    throttled(log_in("alicｅ"))


# -- A hundred for an account -----------------------------------------------------------------


def test_an_account_is_closed_to_everyone_after_a_hundred(known: User) -> None:
    fail(1, address="192.0.2.1")
    Attempts.objects.filter(address="").update(number=99)
    fail(1, address="192.0.2.2")

    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        throttled(log_in(address=address), most=3600)


def test_what_the_account_refuses_the_address_does_not_count(known: User) -> None:
    fail(1)
    Attempts.objects.filter(address="").update(number=100)
    for _time in range(9):
        throttled(log_in(), most=3600)

    Attempts.objects.filter(address="").update(until=timezone.now())

    assert log_in().status_code == 200


def test_one_address_can_not_close_an_account(known: User) -> None:
    fail(5)
    for _time in range(9):
        throttled(log_in())

    assert Attempts.objects.get(address="").number == 5


def test_a_success_is_no_failure_of_the_account(known: User) -> None:
    fail(2, address="192.0.2.1")
    for _time in range(7):
        assert log_in().status_code == 200

    assert Attempts.objects.get(address="").number == 2


# -- Which users exist is not revealed --------------------------------------------------------


@pytest.mark.parametrize("path", LOGINS)
@pytest.mark.parametrize("name", ["alice", "nobody", "gone", "outside", "blank"])
def test_whoever_is_asked_for_costs_one_hash(name: str, path: str, known: User, hashed: Callable[[], int]) -> None:
    User.objects.create_user("gone", password=PASSWORD, is_active=False)
    User.objects.create_user("outside")
    User.objects.create(username="blank", password="")
    hashed()

    response = log_in(name, "wrong" if name == "alice" else PASSWORD, path=path)

    assert response.status_code == (200 if path in HTML else 401)
    assert "sessionid" not in response.cookies
    assert hashed() == 1


def test_a_success_costs_one_hash_too(known: User, hashed: Callable[[], int]) -> None:
    assert log_in().status_code == 200
    assert hashed() == 1


def test_a_name_of_nobody_is_refused_as_any_other(known: User) -> None:
    fail(5, "alice")
    fail(5, "nobody")

    answers = [log_in(name) for name in ("alice", "nobody")]

    for answer in answers:
        throttled(answer)
    assert answers[0].headers.keys() == answers[1].headers.keys()


def test_what_was_typed_for_a_name_is_not_kept(known: User) -> None:
    fail(1, "my own password")

    [pair, account] = Attempts.objects.order_by("-address").values_list("account", "address")
    assert pair == (account[0], "127.0.0.1")
    assert len(account[0]) == 64
    assert not {"my own password", "alice"} & set(pair + account)


# -- Whoever else asks for a password ---------------------------------------------------------


def test_a_password_that_confirms_counts_as_one_that_logs_in(known: User) -> None:
    """Django's `authenticate` is what every view asks."""
    request = RequestFactory().post("/me/erase", REMOTE_ADDR="127.0.0.1")

    assert [authenticate(request, username="alice", password=word) for word in ("wrong", PASSWORD)] == [None, known]
    fail(3)
    assert [authenticate(request, username="alice", password="wrong") for _time in range(2)] == [None, None]
    throttled(log_in())


def test_the_admin_takes_no_password_that_it_does_not_count(known: User, hashed: Callable[[], int]) -> None:
    browser = Client()
    browser.force_login(known)
    form = {"old_password": PASSWORD, "new_password1": "sal volatile 47", "new_password2": "sal volatile 47"}

    for response in (browser.get("/admin/password_change/"), browser.post("/admin/password_change/", form)):
        assert (response.status_code, response["Location"]) == (302, "/me")

    assert hashed() == 0
    assert browser.get("/me").json()["username"] == "alice"


def test_who_asks_without_a_request_is_counted_too(known: User) -> None:
    assert [authenticate(username="alice", password="wrong") for _time in range(5)] == 5 * [None]

    with pytest.raises(Throttled):
        authenticate(username="alice", password=PASSWORD)
    assert log_in().status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_count_can_not_be_taken_back_by_what_is_around(alice: User) -> None:
    asked: list[str] = []

    with transaction.atomic(), pytest.raises(RuntimeError):
        throttled_login(None, "alice", lambda: asked.append("hash"))

    assert not asked


# -- Registration -----------------------------------------------------------------------------


def register(name: str, address: str = "127.0.0.1") -> Any:
    return APIClient(REMOTE_ADDR=address).post("/auth/register", {"username": name, "password": PASSWORD})


def test_an_address_registers_sixty_an_hour(settings: Settings, known: User, hashed: Callable[[], int]) -> None:
    settings.ALLOW_SIGNUP = True
    assert register("zoe0").status_code == 201
    Attempts.objects.update(number=59)
    assert register("alice").status_code == 409
    assert hashed() == 2

    throttled(register("zoe2"), most=3600)

    assert hashed() == 0
    assert register("zoe2", "192.0.2.1").status_code == 201
    assert log_in().status_code == 200
    pass_time(hours=1)
    assert register("zoe3").status_code == 201


def test_a_registration_that_is_wrong_in_itself_is_not_counted(settings: Settings, db: None) -> None:
    settings.ALLOW_SIGNUP = True

    assert register("a b").status_code == 400
    assert not Attempts.objects.exists()


# -- The rows ---------------------------------------------------------------------------------


def test_rows_are_swept_once_their_window_has_ended(known: User) -> None:
    past, future = timezone.now() - timedelta(seconds=1), timezone.now() + timedelta(minutes=1)
    Attempts.objects.bulk_create(
        Attempts(account=f"{number}", address="", number=1, until=future if number == 7 else past)
        for number in range(150)
    )
    rows = Attempts.objects.exclude(address="127.0.0.1").filter(account__lt="999").exclude(account__regex=".{4,}")

    fail(1)
    assert rows.count() == 50
    fail(1)
    assert [row.account for row in rows] == ["7"]


def test_who_is_locked_out_is_let_in_by_a_command(known: User, bob: User, capsys: pytest.CaptureFixture[str]) -> None:
    fail(5)
    fail(5, "bob")

    for _time in range(2):
        call_command("unlock", "ａlice")

    assert capsys.readouterr().out == "Unlocked.\nThere were no failed login attempts for this name.\n"
    assert log_in().status_code == 200
    throttled(log_in("bob"))


# -- argon2 -----------------------------------------------------------------------------------


def test_two_passwords_are_hashed_at_once_and_no_more(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{hashers.HERE}.MeetingHasher"]
    threads = [threading.Thread(target=make_password, args=[PASSWORD]) for _thread in range(6)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert hashers.MeetingHasher.most == 2
