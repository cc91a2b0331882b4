"""Personal tokens, logins and browser sessions in the admin: to see, and to revoke."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from transactions.tests.factories import PersonalTokenFactory, UserFactory
from users.models import BrowserSession, PersonalToken, Session, User
from users.sessions import start_session

MODELS: list[Any] = [PersonalToken, Session, BrowserSession]
NAMES = [model._meta.model_name for model in MODELS]


class Credentials:
    """One of each kind of a user, as clients that use them."""

    def __init__(self, owner: User) -> None:
        self.refresh = start_session(owner)
        token: PersonalToken = PersonalTokenFactory.create(owner=owner, name="backup", last_used_at=timezone.now())
        self.secret = token.secret
        script, login, browser = APIClient(), APIClient(), Client()
        script.credentials(HTTP_AUTHORIZATION=f"Bearer {self.secret}")
        login.credentials(HTTP_AUTHORIZATION=f"Bearer {self.refresh.access_token}")
        browser.force_login(owner)
        self.clients: list[Any] = [script, login, browser]
        self.key = browser.cookies["sessionid"].value

    def statuses(self) -> list[int]:
        return [client.get("/me").status_code for client in self.clients]


def path_of(model: Any) -> str:
    return f"/admin/users/{model._meta.model_name}/"


def row_of(model: Any, user: User) -> Any:
    return model.objects.get(**{"user" if model is BrowserSession else "owner": user})


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_they_are_seen_but_no_secret(model: Any, as_staff: Client, alice: User, bob: User) -> None:
    credentials = Credentials(alice)
    row = row_of(model, alice)

    listed = as_staff.get(path_of(model)).content.decode()
    page = as_staff.get(f"{path_of(model)}{row.pk}/change/").content.decode()

    for text in (listed, page):
        assert "alice" in text
        for secret in (credentials.secret, credentials.key, credentials.refresh["jti"]):
            assert secret not in text
        for hidden in ("digest", "auth_hash", "session_data", "jti"):
            value = getattr(row, hidden, "")
            if hidden != "digest" or model is PersonalToken:
                assert not value or value not in text
    assert '<input type="submit" value="Save"' not in page
    for name, found in (("alice", [row]), ("bob", [])):
        assert list(as_staff.get(f"{path_of(model)}?q={name}").context["cl"].result_list) == found


def test_the_key_of_a_browser_session_is_not_stored(alice: User) -> None:
    key = Credentials(alice).key

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM users_browsersession")
        assert key not in str(cursor.fetchall())


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_a_revoked_one_ends_at_once_and_alone(
    model: Any, together: bool, as_staff: Client, alice: User, bob: User
) -> None:
    alices, bobs = Credentials(alice), Credentials(bob)
    assert alices.statuses() == bobs.statuses() == [200, 200, 200]
    row = row_of(model, alice)
    sent: dict[str, Any] = {"post": "yes"}
    path = f"{path_of(model)}{row.pk}/delete/"
    if together:
        path, sent = path_of(model), sent | {"action": "delete_selected", "_selected_action": row.pk}

    assert as_staff.post(path, sent).status_code == 302

    ended = MODELS.index(model)
    assert alices.statuses() == [401 if number == ended else 200 for number in range(3)]
    assert bobs.statuses() == [200, 200, 200]


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_nobody_makes_or_changes_one(model: Any, as_staff: Client, alice: User, bob: User) -> None:
    Credentials(alice)
    row = row_of(model, alice)
    before = list(model.objects.order_by("pk").values())

    assert as_staff.get(f"{path_of(model)}add/").status_code == 403
    assert as_staff.post(f"{path_of(model)}add/", {"owner": bob.pk, "name": "x", "scope": "read"}).status_code == 403
    assert as_staff.post(f"{path_of(model)}{row.pk}/change/", {"owner": bob.pk, "name": "x"}).status_code == 403
    assert list(model.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_staff_may_revoke_what_they_are_let_but_not_of_who_may_do_more(
    model: Any, alice: User, bob: User, staff: User
) -> None:
    Credentials(alice)
    Credentials(staff)
    bob.is_staff = True
    bob.save()
    client = Client()
    client.force_login(bob)
    alices, staffs = row_of(model, alice), row_of(model, staff)
    path = path_of(model)
    assert client.get(path).status_code == 403
    may = {
        what: Permission.objects.get(content_type__app_label="users", codename=f"{what}_{model._meta.model_name}")
        for what in ("view", "delete")
    }
    bob.user_permissions.add(may["view"])
    assert client.get(path).status_code == 200
    assert client.post(f"{path}{alices.pk}/delete/", {"post": "yes"}).status_code == 403
    bob.user_permissions.add(may["delete"])

    both = {"action": "delete_selected", "_selected_action": [alices.pk, staffs.pk], "post": "yes"}
    assert client.post(f"{path}{staffs.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(path, both).status_code == 403
    assert model.objects.filter(pk__in=[alices.pk, staffs.pk]).count() == 2
    assert client.post(f"{path}{alices.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not model.objects.filter(pk=alices.pk).exists()


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_a_list_costs_the_same_queries_however_long_it_is(
    model: Any, as_staff: Client, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for more in (1, 7):
        for owner in UserFactory.create_batch(more):
            Credentials(owner)
        with django_assert_num_queries(4):
            response = as_staff.get(path_of(model))
        assert len(response.context["cl"].result_list) >= more
