"""Who may do what, continued: every route with a credential that has ended, or that may only read."""

import datetime
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS
from rest_framework.test import APIClient

from cashman_project.api.tests.problems import stored
from conftest import client_of
from transactions.tests.factories import PersonalTokenFactory
from transactions.tests.test_permissions import BODIES, EXPECTED, FACTORIES, METHODS, OPEN, path_of, resource_of, send
from users.models import User
from users.sessions import start_session
from users.tests.tokens import claims_of, signed

# What a personal token may not even look at.
LOGIN = {"/auth/password", "/me/erase", "/tokens", "/tokens/<pk>"}


def expired(alice: User) -> Any:
    return with_token(signed(claims_of(alice) | {"exp": 1}))


def expired_token(alice: User) -> Any:
    past = timezone.now() - datetime.timedelta(seconds=1)
    return with_token(PersonalTokenFactory.create(owner=alice, expires_at=past).secret)


def deactivated(alice: User) -> Any:
    client = client_of(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    return client


def deactivated_token(alice: User) -> Any:
    client = with_token(PersonalTokenFactory.create(owner=alice).secret)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    return client


def deactivated_browser(alice: User) -> Any:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    return client


def read_only(alice: User) -> Any:
    return with_token(PersonalTokenFactory.create(owner=alice, scope="read", last_used_at=timezone.now()).secret)


def with_token(token: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def expected(make: Any, path: str, method: str) -> int:
    """Return the status that the table leads to for a credential that is as good as none, or reads alone."""
    if make is not read_only or path in OPEN:
        return EXPECTED[path, "nobody"][method]
    return EXPECTED[path, "owner"][method] if method in SAFE_METHODS and path not in LOGIN else 403


@pytest.mark.parametrize("path", [path for path, role in EXPECTED if role == "nobody"])
@pytest.mark.parametrize(
    "make", [expired, expired_token, deactivated, deactivated_token, deactivated_browser, read_only]
)
def test_a_credential_that_is_worth_less_opens_less(make: Any, path: str, alice: User, bob: User) -> None:
    resource = resource_of(path)
    refresh, client = str(start_session(bob)), make(alice)
    body = {"refresh": refresh} if path in ("/auth/token/refresh", "/auth/logout") else BODIES.get(resource, {})
    if path == "/auth/token":
        bob.set_password(body["password"])
        bob.save()
        body = body | {"username": "bob"}

    row = FACTORIES[resource].create(owner=alice) if "<" in path else None
    before = stored()
    for method in METHODS:
        as_it_was = transaction.savepoint()
        response = send(client, method, path_of(path, row), body)

        assert response.status_code == expected(make, path, method), (method, response.content)
        assert stored() == before
        transaction.savepoint_rollback(as_it_was)  # what an open path does is of no use to the next method
