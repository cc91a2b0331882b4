"""Names and passwords as text: the same ones, however they are typed, and hostile ones."""

import getpass
import time
import unicodedata
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models import F
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from users.models import User, username_key
from users.tests.tokens import PASSWORD

from ..login_throttle import account_key

SPELLINGS = ["Zoë", "zoë", "ZOË", "Zoe\u0308", "zOE\u0308", "  Zoë\t", "Ｚｏë"]
COMPOSED, DECOMPOSED = "gr\u00fcne Bl\u00e4tter 7", unicodedata.normalize("NFD", "gr\u00fcne Bl\u00e4tter 7")
HOSTILE = "a" + "\u0315\u0300" * 40_000


def sign_in(username: str, password: str) -> int:
    return APIClient().post("/auth/token", {"username": username, "password": password}).status_code


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_name_is_one_users_however_it_is_written(
    spelling: str, settings: Settings, nobody: APIClient, alice: User, bob: User
) -> None:
    settings.ALLOW_SIGNUP = True
    sent = {"username": SPELLINGS[0], "password": PASSWORD}
    assert nobody.post("/auth/register", sent).json()["username"] == "Zoë"
    zoe = User.objects.get(username="Zoë")

    assert sign_in(spelling, PASSWORD) == 200
    assert sign_in("zoe", PASSWORD) == sign_in("alice", PASSWORD) == 401
    assert nobody.post("/auth/register", sent | {"username": spelling}).status_code == 409
    assert User.objects.get_by_natural_key(spelling) == zoe
    assert account_key(spelling) == account_key("zoë")
    for write in (
        lambda: User.objects.create_user(spelling),
        lambda: User.objects.bulk_create([User(username=spelling, subject="x")]),
        lambda: User.objects.filter(pk=bob.pk).update(username=spelling),
        lambda: User(pk=bob.pk, username=spelling, subject=bob.subject).save(update_fields=["username"]),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
    with pytest.raises(FieldError):
        User.objects.update(username=F("email"))
    bob.refresh_from_db()
    assert (bob.username, bob.username_key) == ("bob", "bob")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_admin_takes_a_name_once_and_lets_its_user_in(spelling: str, as_staff: Client) -> None:
    zoe = User.objects.create_superuser("Zoë", password=PASSWORD)
    fields = {"username": spelling, "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    fields |= {"currency": "USD", "time_zone": "UTC", "month_start": "1", "language": "en"}
    response = as_staff.post("/admin/users/user/add/", fields)
    assert list(response.context["adminform"].form.errors) == ["username"]
    assert User.objects.count() == 2

    browser = Client()
    browser.post("/admin/login/", {"username": spelling, "password": PASSWORD})
    assert browser.session["_auth_user_id"] == str(zoe.pk)
    assert [user.username for user in as_staff.get("/admin/users/user/?q=zOe").context["cl"].result_list] == ["Zoë"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_commands_know_a_name_however_it_is_written(
    spelling: str, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_user("Zoë", password=PASSWORD)
    monkeypatch.setattr(getpass, "getpass", lambda *args, **kwargs: "smelling salts 48")  # there is nobody to type it

    call_command("changepassword", spelling, verbosity=0, stdout=StringIO())
    assert (sign_in("Zoë", "smelling salts 48"), sign_in("Zoë", PASSWORD), sign_in("bob", PASSWORD)) == (200, 401, 401)
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", interactive=False, username=spelling, email="zoe@example.com")
    with pytest.raises(CommandError, match="no user with the name 'zoe'"):
        call_command("changepassword", "zoe")
    assert User.objects.count() == 2


def test_the_admin_lists_names_in_the_order_of_letters(as_staff: Client) -> None:
    names = ["apple", "Ärzte", "Bank", "Élève", "staff", "Zoo"]
    for name in names:
        if name != "staff":
            User.objects.create_user(name)
    page = as_staff.get("/admin/users/user/?o=1")
    assert [user.username for user in page.context["cl"].result_list] == names


@pytest.mark.parametrize(("kept", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), (DECOMPOSED, DECOMPOSED)])
def test_a_password_is_the_same_however_it_is_composed(
    kept: str, typed: str, as_alice: APIClient, alice: User, bob: User
) -> None:
    alice.set_password(kept)
    alice.save()
    stored = User.objects.get(pk=alice.pk).password
    assert sign_in("alice", typed) == 200
    assert sign_in("alice", typed.upper()) == sign_in("bob", typed) == 401
    assert User.objects.get(pk=alice.pk).password == stored


def test_an_old_hash_is_of_the_password_as_it_was_typed_until_that_is_typed_again(alice: User, bob: User) -> None:
    hasher = Argon2PasswordHasher()
    old = hasher.encode(DECOMPOSED, hasher.salt())
    User.objects.update(password=old)

    assert sign_in("alice", COMPOSED) == 401
    assert sign_in("alice", DECOMPOSED) == 200
    assert User.objects.get(pk=alice.pk).password != old
    assert sign_in("alice", COMPOSED) == sign_in("alice", DECOMPOSED) == 200
    assert User.objects.get(pk=bob.pk).password == old


def test_a_changed_password_is_composed(alice: User) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    client = APIClient()
    client.force_authenticate(alice)
    sent = {"current_password": PASSWORD, "new_password": DECOMPOSED}
    assert client.post("/auth/password", sent).status_code == 204
    assert sign_in("alice", COMPOSED) == 200


DOORS: dict[str, Callable[[str], Any]] = {
    "token": lambda text: APIClient().post("/auth/token", {"username": text, "password": PASSWORD}),
    "register": lambda text: APIClient().post("/auth/register", {"username": text, "password": PASSWORD}),
    "admin": lambda text: Client().post("/admin/login/", {"username": text, "password": PASSWORD}),
    "password": lambda text: APIClient().post("/auth/token", {"username": "alice", "password": text}),
    "admin password": lambda text: Client().post("/admin/login/", {"username": "alice", "password": text}),
    "key": username_key,
    "creation": lambda text: User.normalize_username(text),
    "check": lambda text: User(password="!").check_password(text),  # none
}


@pytest.mark.parametrize("door", DOORS)
def test_a_hostile_text_costs_what_a_harmless_one_does(door: str, settings: Settings, alice: User) -> None:
    settings.ALLOW_SIGNUP = True
    settings.PASSWORD_HASHERS = ["users.tests.hashers.CheapHasher"]  # that a password's own time hides nothing

    def cost(text: str) -> float:
        times = []
        for _run in range(2):
            start = time.process_time()
            DOORS[door](text)
            times.append(time.process_time() - start)
        return min(times)

    cost("warm up")
    harmless = "aé" * (len(HOSTILE) // 2)
    assert cost(HOSTILE) < 3 * cost(harmless) + 0.005
