"""/auth/password: a new password ends every login, however it is set."""

import getpass
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Page
from cashman_project.api.tests.problems import problem_of
from conftest import client_of
from users.models import PersonalToken, User
from users.sessions import start_session
from users.tests.tokens import PASSWORD

NEW = "staple battery horse"
BODY = {"current_password": PASSWORD, "new_password": NEW}


def statuses(*clients: Any) -> list[int]:
    return [client.get("/me").status_code for client in clients]


def test_it_ends_every_login_at_once_and_no_personal_token(known: User, bob: User, nobody: APIClient) -> None:
    refreshes = [start_session(known) for _login in range(2)]
    clients = [client_of(known) for _login in range(2)]
    browser, script, as_bob, bobs_browser = Client(), APIClient(), client_of(bob), Client()
    browser.force_login(known)
    bobs_browser.force_login(bob)
    secret = PersonalToken.objects.create(owner=known, name="backup", scope="read").secret
    script.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert statuses(*clients, browser, script) == [200, 200, 200, 200]

    response = clients[0].post("/auth/password", BODY)

    assert (response.status_code, response.content) == (204, b"")
    assert statuses(*clients, browser) == [401, 401, 401]
    for refresh in refreshes:
        problem_of(nobody.post("/auth/token/refresh", {"refresh": str(refresh)}), 401, "invalid_token")
    assert statuses(script, as_bob, bobs_browser) == [200, 200, 200]
    problem_of(nobody.post("/auth/token", {"username": "alice", "password": PASSWORD}), 401, "bad_credentials")
    assert nobody.post("/auth/token", {"username": "alice", "password": NEW}).status_code == 200


@pytest.mark.parametrize("revoke", [True, False])
def test_it_revokes_the_personal_tokens_if_asked_to(revoke: bool, known: User, bob: User) -> None:
    scripts = []
    for owner in (known, known, bob):
        scripts.append(APIClient())
        secret = PersonalToken.objects.create(owner=owner, name="backup", scope="read").secret
        scripts[-1].credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    assert client_of(known).post("/auth/password", BODY | {"revoke_tokens": revoke}).status_code == 204

    assert statuses(*scripts) == ([401, 401, 200] if revoke else [200, 200, 200])


def test_a_wrong_password_revokes_nothing(known: User) -> None:
    PersonalToken.objects.create(owner=known, name="backup", scope="read")
    body = BODY | {"current_password": "wrong horse", "revoke_tokens": True}

    problem_of(client_of(known).post("/auth/password", body), 400, "invalid", ("current_password", "wrong_password"))
    assert PersonalToken.objects.count() == 1


def by_the_admin(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Client()
    admin.force_login(User.objects.create_superuser("staff"))
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert admin.post(f"/admin/users/user/{user.pk}/password/", form).status_code == 302


def by_the_command(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda *args, **kwargs: NEW)  # there is nobody to type it
    call_command("changepassword", user.username, verbosity=0)


def by_the_model(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user.set_password(NEW)
    user.save(update_fields=["password"])


def by_taking_it_away(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user.set_unusable_password()
    User.objects.filter(pk=user.pk).update(password=user.password)


@pytest.mark.parametrize("way", [by_the_admin, by_the_command, by_the_model, by_taking_it_away])
def test_every_way_to_set_one_ends_the_logins(
    way: Callable[[User, pytest.MonkeyPatch], None],
    known: User,
    bob: User,
    nobody: APIClient,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refresh, as_alice, as_bob, browser = start_session(known), client_of(known), client_of(bob), Client()
    browser.force_login(known)
    assert statuses(as_alice, browser) == [200, 200]

    way(User.objects.get(pk=known.pk), monkeypatch)

    assert statuses(as_alice, browser, as_bob) == [401, 401, 200]
    problem_of(nobody.post("/auth/token/refresh", {"refresh": str(refresh)}), 401, "invalid_token")
    problem_of(nobody.post("/auth/logout", {"refresh": str(refresh)}), 401, "invalid_token")


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"current_password": "wrong horse"}, [("current_password", "wrong_password")]),
        ({"current_password": PASSWORD + " "}, [("current_password", "wrong_password")]),
        ({"current_password": NEW}, [("current_password", "wrong_password")]),
        ({"current_password": ""}, [("current_password", "blank")]),
        ({"current_password": None}, [("current_password", "null")]),
        ({"current_password": 5}, [("current_password", "invalid")]),
        ({"current_password": 1_001 * "x"}, [("current_password", "max_length")]),
        ({"new_password": "short"}, [("new_password", "password_too_short")]),
        ({"new_password": "alice.42"}, [("new_password", "password_too_similar")]),
        ({"new_password": "8473920183746"}, [("new_password", "password_entirely_numeric")]),
        ({"new_password": ""}, [("new_password", "blank")]),
        ({"new_password": "\0 and more than eight"}, [("new_password", "null_characters_not_allowed")]),
        ({"new_password": "\ud800 and more than eight"}, [("new_password", "surrogate_characters_not_allowed")]),
        ({"revoke_tokens": None}, [("revoke_tokens", "null")]),
        ({"revoke_tokens": "on"}, [("revoke_tokens", "invalid")]),
        ({"revoke_tokens": "true"}, [("revoke_tokens", "invalid")]),
        ({"revoke_tokens": 1}, [("revoke_tokens", "invalid")]),
        ({"revoke_tokens": []}, [("revoke_tokens", "invalid")]),
        ({"username": "bob"}, [("username", "unknown_field")]),
    ],
)
def test_a_wrong_body_changes_nothing(
    changes: dict[str, Any], faults: list[tuple[str, str]], known: User, bob: User
) -> None:
    as_alice = client_of(known)

    response = as_alice.post("/auth/password", json.dumps(BODY | changes), content_type="application/json")

    problem_of(response, 400, "unknown_field" if "username" in changes else "invalid", *faults)
    assert statuses(as_alice) == [200]
    assert User.objects.get(pk=known.pk).password == known.password


def test_anothers_password_is_no_current_one(known: User, bob: User) -> None:
    response = client_of(bob).post("/auth/password", BODY)

    problem_of(response, 400, "invalid", ("current_password", "wrong_password"))
    assert User.objects.get(pk=known.pk).password == known.password


def test_one_that_is_set_meanwhile_is_not_overwritten(known: User) -> None:
    as_alice = client_of(known)
    known.set_password("what the staff set")

    def set_first(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "users_user" SET "password"') and not seen:
            seen.append(sql)
            known.save()
        return execute(sql, *rest)

    seen: list[str] = []
    with connection.execute_wrapper(set_first):
        response = as_alice.post("/auth/password", BODY)

    assert seen
    problem_of(response, 400, "invalid", ("current_password", "wrong_password"))
    assert not User.objects.get(pk=known.pk).check_password(NEW)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_browser_revokes_the_personal_tokens_by_a_box(at_once: bool, known: User, bob: User) -> None:
    for owner in (known, bob):
        PersonalToken.objects.create(owner=owner, name="backup", scope="read")
    browser = Browser(known)
    [form] = browser.get("/me").main.all("form", action="/auth/password")
    assert form.one("input", name="revoke_tokens")["type"] == "checkbox"

    if not at_once:
        page = Page(browser.send(form, **BODY | {"current_password": "wrong horse"}, revoke_tokens="on"))
        form = page.main.one("form")
        assert "checked" in form.one("input", name="revoke_tokens", type="checkbox").attributes
    browser.follow(browser.send(form, **BODY, revoke_tokens="on"))

    assert [token.owner for token in PersonalToken.objects.all()] == [bob]


def test_a_browser_changes_it_by_a_form_and_logs_in_anew(known: User) -> None:
    PersonalToken.objects.create(owner=known, name="backup", scope="read")
    browser = Browser(known)
    [form] = browser.get("/me").main.all("form", action="/auth/password")

    wrong = browser.send(form, current_password="wrong horse", new_password=NEW)
    page = Page(wrong)
    assert page.status == 400
    assert page.errors() == {"current_password": "This is not your password."}
    assert NEW not in wrong.content.decode()
    assert "wrong horse" not in wrong.content.decode()
    after = browser.follow(browser.send(page.main.one("form"), **BODY))

    assert after.main.one("p", role="status").text == "Done."
    browser.get("/me", 401)
    assert User.objects.get(pk=known.pk).check_password(NEW)
    assert PersonalToken.objects.count() == 1  # the box was not checked
