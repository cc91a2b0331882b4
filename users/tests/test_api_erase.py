"""/me/erase: a user is deleted with everything that they own."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Page
from cashman_project.api.tests.problems import problem_of, stored
from conftest import client_of
from transactions.models import Category, MonthTotal, Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from transactions.tests.test_races import at_once
from users.models import PersonalToken, Session, User
from users.sessions import start_session
from users.tests.tokens import PASSWORD


def fill(owner: User) -> str:
    """Give the owner a row of each kind; return the secret of a personal token."""
    ExpenseFactory.create_batch(3, owner=owner, category=CategoryFactory.create(owner=owner))
    secret: str = PersonalToken.objects.create(owner=owner, name="backup", scope="read_write").secret
    return secret


def test_it_takes_every_row_and_every_credential_along(
    known: User, bob: User, nobody: APIClient, settings: Any
) -> None:
    secrets = {owner.username: fill(owner) for owner in (known, bob)}
    refresh, as_alice, as_bob, browser, script = (
        start_session(known),
        client_of(known),
        client_of(bob),
        Client(),
        APIClient(),
    )
    browser.force_login(known)
    script.credentials(HTTP_AUTHORIZATION=f"Bearer {secrets['alice']}")

    response = as_alice.post("/me/erase", {"password": PASSWORD})

    assert (response.status_code, response.content) == (204, b"")
    for model in (Transaction, MonthTotal, Category, PersonalToken, Session):
        assert {row.owner for row in model._base_manager.all()} == {bob}
    assert User.objects.get() == bob
    assert [client.get("/me").status_code for client in (as_alice, browser, script, as_bob)] == [401, 401, 401, 200]
    problem_of(as_alice.post("/me/erase", {"password": PASSWORD}), 401, "invalid_token")
    problem_of(nobody.post("/auth/token/refresh", {"refresh": str(refresh)}), 401, "invalid_token")
    problem_of(nobody.post("/auth/token", {"username": "alice", "password": PASSWORD}), 401, "bad_credentials")

    settings.ALLOW_SIGNUP = True
    assert nobody.post("/auth/register", {"username": "alice", "password": PASSWORD}).status_code == 201
    pair = nobody.post("/auth/token", {"username": "alice", "password": PASSWORD}).json()
    nobody.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert nobody.get("/transactions").json()["results"] == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"password": "wrong horse"}, "password", "wrong_password"),
        ({"password": PASSWORD.upper()}, "password", "wrong_password"),
        ({"password": ""}, "password", "blank"),
        ({"password": None}, "password", "null"),
        ({"password": True}, "password", "invalid"),
        ({}, "password", "required"),
        ({"password": PASSWORD, "username": "bob"}, "username", "unknown_field"),
    ],
)
def test_a_wrong_body_erases_nothing(body: dict[str, Any], field: str, code: str, known: User, bob: User) -> None:
    fill(known)
    as_alice, before = client_of(known), stored()

    response = as_alice.post("/me/erase", json.dumps(body), content_type="application/json")

    problem_of(response, 400, code if code == "unknown_field" else "invalid", (field, code))
    assert stored() == before
    assert as_alice.get("/me").status_code == 200


def test_who_has_no_password_is_not_erased_by_one(as_alice: APIClient, alice: User, bob: User) -> None:
    for password in (alice.password, "!", "None"):
        problem_of(as_alice.post("/me/erase", {"password": password}), 400, "invalid", ("password", "wrong_password"))
    assert User.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_added_at_the_same_time_goes_as_well(bob: User) -> None:
    CategoryFactory.create(owner=bob, name="Bob's")
    with ThreadPoolExecutor(9) as pool:
        for number in range(5):
            user = User.objects.create_user(f"zoe{number}", password=PASSWORD)
            clients = [client_of(user) for _client in range(9)]

            erased, *others = at_once(
                pool,
                partial(clients[0].post, "/me/erase", {"password": PASSWORD}),
                *[
                    partial(client.post, path, body)
                    for client, (path, body) in zip(
                        clients[1:],
                        2
                        * [
                            ("/categories", {"name": f"Race {number}"}),
                            ("/expenses", {"description": "Race", "amount": 1}),
                            ("/tokens", {"name": "backup", "scope": "read", "password": PASSWORD}),
                            ("/auth/token", {"username": user.username, "password": PASSWORD}),
                        ],
                        strict=True,
                    )
                ],
            )

            assert erased.status_code == 204
            assert Counter(other.status_code for other in others).keys() <= {
                200,
                201,
                400,
                401,
                409,
            }  # a password that is gone is no right one
            assert not User.objects.filter(pk=user.pk).exists()
    assert [row.owner for row in Category.objects.all()] == [bob]
    for model in (Transaction, MonthTotal, PersonalToken, Session):
        assert not model._base_manager.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_adds_a_row_while_it_goes_on(known: User, bob: User) -> None:
    client, outcomes = client_of(known), list[str]()

    def add() -> None:
        try:
            with connection.cursor() as cursor:  # who has to wait gives up, so that this test goes on
                cursor.execute({"sqlite": "PRAGMA busy_timeout = 0"}.get(connection.vendor, "SET lock_timeout = 100"))
            CategoryFactory.create(owner=known)
            outcomes.append("added")
        except OperationalError:
            outcomes.append("shut out")
        finally:
            connection.close()

    def add_meanwhile(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('DELETE FROM "users_user" '):
            writer = threading.Thread(target=add)
            writer.start()
            writer.join()
        return execute(sql, *rest)

    with connection.execute_wrapper(add_meanwhile):
        response = client.post("/me/erase", {"password": PASSWORD})

    assert (response.status_code, outcomes) == (204, ["shut out"])
    assert User.objects.get() == bob


def test_a_browser_does_it_by_a_form(known: User, bob: User) -> None:
    fill(known)
    browser = Browser(known)
    [form] = browser.get("/me").main.all("form", action="/me/erase")

    wrong = browser.send(form, password="wrong horse")
    page = Page(wrong)
    assert page.status == 400
    assert page.errors() == {"password": "This is not your password."}
    after = browser.follow(browser.send(page.main.one("form"), password=PASSWORD))

    assert after.main.one("p", role="status").text == "Done."
    assert User.objects.get() == bob
    browser.get("/me", 401)
