"""/tokens: personal access tokens, for scripts."""

import datetime
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Page
from cashman_project.api.tests.problems import problem_of, stored
from cashman_project.db.tests.sql import text_of
from transactions.models import Transaction
from transactions.tests.factories import PersonalTokenFactory
from users.models import PersonalToken, User
from users.tests.tokens import PASSWORD

pytestmark = pytest.mark.usefixtures("known")  # alice has a password
CHALLENGE = 'Bearer realm="cashman"'
SECRET = re.compile("cashman_[A-Za-z0-9_-]{64}")
BACKUP: dict[str, Any] = {"name": "backup", "scope": "read", "password": PASSWORD}
INCOME = {"description": "salary", "amount": 1}
MISSING = "01a20000-0000-7000-8000-000000000000"


def made(owner: User, **values: Any) -> PersonalToken:
    token: PersonalToken = PersonalTokenFactory.create(owner=owner, **{"name": "backup", "scope": "read"} | values)
    return token


def last_use(token: PersonalToken) -> datetime.datetime:
    timestamp = PersonalToken.objects.get(pk=token.pk).last_used_at
    assert timestamp
    return timestamp


def script(secret: str, scheme: str = "Bearer") -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"{scheme} {secret}")
    return client


# -- Made, listed, deleted --------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"Prefer": "return=minimal"}])
def test_the_secret_is_told_once_and_not_stored(headers: dict[str, str], as_alice: APIClient, alice: User) -> None:
    response = as_alice.post("/tokens", BACKUP, headers=headers)

    token = response.json()
    assert response.status_code == 201
    assert list(token) == ["id", "name", "scope", "expires_at", "last_used_at", "created_at", "token"]
    assert (token["name"], token["scope"], token["expires_at"], token["last_used_at"]) == ("backup", "read", None, None)
    assert SECRET.fullmatch(secret := token.pop("token"))
    assert response["Location"] == f"http://testserver/tokens/{token['id']}"
    assert response["Cache-Control"] == "no-store"
    assert as_alice.get("/tokens").json() == {"next": None, "previous": None, "results": [token]}
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM users_personaltoken")
        assert secret.removeprefix("cashman_")[-40:] not in str(cursor.fetchall())
    assert script(secret).get("/me").json()["username"] == "alice"


def test_secrets_differ(as_alice: APIClient) -> None:
    secrets = [client.post("/tokens", BACKUP).json()["token"] for client in 3 * [as_alice]]

    assert len({secret[-43:] for secret in secrets}) == 3


def test_everybody_has_their_own(as_alice: APIClient, as_outsider: APIClient, alice: User, bob: User) -> None:
    token, bobs = made(alice), made(bob)

    assert [row["id"] for row in as_alice.get("/tokens").json()["results"]] == [str(token.pk)]
    assert as_outsider.get("/tokens").json()["results"] == []
    for pk in (bobs.pk, MISSING, "x"):
        problem_of(as_alice.delete(f"/tokens/{pk}"), 404, "not_found")
    assert script(bobs.secret).get("/me").json()["username"] == "bob"


def test_a_deleted_one_is_good_no_more(as_alice: APIClient, alice: User) -> None:
    token, other = made(alice), made(alice)
    assert script(token.secret).get("/me").status_code == 200

    response = as_alice.delete(f"/tokens/{token.pk}")

    assert (response.status_code, response.content) == (204, b"")
    problem_of(script(token.secret).get("/me"), 401, "invalid_token")
    assert script(other.secret).get("/me").status_code == 200
    problem_of(as_alice.delete(f"/tokens/{token.pk}"), 404, "not_found")


def test_one_that_has_changed_since_is_not_deleted(as_alice: APIClient, alice: User) -> None:
    created = as_alice.post("/tokens", BACKUP)
    address = f"/tokens/{created.json()['id']}"
    script(created.json()["token"]).get("/me")

    problem_of(as_alice.delete(address, headers={"If-Match": created["ETag"]}), 412, "precondition_failed")
    PersonalToken.objects.update(last_used_at=None)
    assert as_alice.delete(address, headers={"If-Match": created["ETag"]}).status_code == 204


def test_they_are_listed_in_pages_the_newest_first(as_alice: APIClient, alice: User, bob: User) -> None:
    made(bob)
    names = [f"token {number}" for number in range(5)]
    for name in names:
        made(alice, name=name)
    found, url = [], "/tokens?page_size=2"

    while url:
        page = as_alice.get(url).json()
        found += [row["name"] for row in page["results"]]
        url = page["next"]

    assert found == names[::-1]
    assert as_alice.get("/tokens?ordering=created_at").json()["results"][0]["name"] == "token 0"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": None}, "name", "null"),
        ({"name": ""}, "name", "blank"),
        ({"name": 101 * "x"}, "name", "max_length"),
        ({"name": 5}, "name", "invalid"),
        ({"scope": None}, "scope", "null"),
        ({"scope": "write"}, "scope", "invalid_choice"),
        ({"scope": "READ"}, "scope", "invalid_choice"),
        ({"scope": ["read"]}, "scope", "invalid_choice"),
        ({"expires_at": ""}, "expires_at", "invalid"),
        ({"expires_at": 1_800_000_000}, "expires_at", "invalid"),
        ({"expires_at": "2200-01-01"}, "expires_at", "invalid"),
        ({"expires_at": "2200-01-01T00:00:00"}, "expires_at", "invalid"),
        ({"expires_at": "2201-01-01T00:00:00Z"}, "expires_at", "invalid"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at", "past"),
        ({"token": "cashman_mine"}, "token", "unknown_field"),
        ({"owner": MISSING}, "owner", "unknown_field"),
        ({"digest": "x"}, "digest", "unknown_field"),
        ({"id": MISSING}, "id", "read_only"),
        ({"last_used_at": None}, "last_used_at", "read_only"),
    ],
)
def test_a_wrong_body_is_refused_by_its_field(
    changes: dict[str, Any], field: str, code: str, as_alice: APIClient
) -> None:
    response = as_alice.post("/tokens", json.dumps(BACKUP | changes), content_type="application/json")

    problem_of(response, 400, code if code == "unknown_field" else "invalid", (field, code))
    assert not PersonalToken.objects.exists()


@pytest.mark.parametrize("missing", ["name", "scope", "password"])
def test_a_name_a_scope_and_the_password_are_needed(missing: str, as_alice: APIClient) -> None:
    body = {name: value for name, value in BACKUP.items() if name != missing}

    problem_of(as_alice.post("/tokens", body), 400, "invalid", (missing, "required"))
    assert not PersonalToken.objects.exists()


# -- Used -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_it_opens_what_its_owner_has(scheme: str, alice: User, bob: User, as_bob: APIClient) -> None:
    client = script(made(alice, scope="read_write").secret, scheme)

    row = client.post("/incomes", INCOME)

    assert row.status_code == 201
    assert Transaction.objects.get().owner == alice
    assert [entry["id"] for entry in client.get("/incomes").json()["results"]] == [row.json()["id"]]
    assert client.patch(f"/incomes/{row.json()['id']}", {"amount": 2}).status_code == 200
    assert client.delete(f"/incomes/{row.json()['id']}").status_code == 204
    assert client.patch("/me", {"currency": "EUR"}).status_code == 200
    assert as_bob.get("/me").json()["currency"] == "USD"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_one_that_may_read_does_not_write(method: str, alice: User, as_alice: APIClient) -> None:
    client = script(made(alice, last_used_at=timezone.now()).secret)
    address = "/incomes" if method == "POST" else f"/incomes/{as_alice.post('/incomes', INCOME).json()['id']}"
    before = stored()

    assert client.get(address).status_code == 200
    response = client.generic(method, address, json.dumps(INCOME), content_type="application/json")

    problem_of(response, 403, "permission_denied")
    assert response["WWW-Authenticate"] == f'{CHALLENGE}, error="insufficient_scope"'
    assert stored() == before


@pytest.mark.parametrize("scope", ["read", "read_write"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tokens"),
        ("POST", "/tokens"),
        ("DELETE", "/tokens/{id}"),
        ("POST", "/auth/password"),
        ("POST", "/me/erase"),
    ],
)
def test_none_touches_what_its_owner_logs_in_by(method: str, path: str, scope: str, known: User, bob: User) -> None:
    token = made(known, scope=scope, last_used_at=timezone.now())
    before = stored()

    response: Any = script(token.secret).generic(
        method, path.format(id=token.pk), "{}", content_type="application/json"
    )

    problem_of(response, 403, "permission_denied")
    assert response["WWW-Authenticate"] == f'{CHALLENGE}, error="insufficient_scope"'
    assert stored() == before


def test_it_expires(as_alice: APIClient, bob: User) -> None:
    expires_at = (timezone.now() + datetime.timedelta(days=1)).replace(microsecond=0)
    token = as_alice.post("/tokens", BACKUP | {"expires_at": expires_at.isoformat()}).json()
    assert token["expires_at"] == expires_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    client = script(token["token"])
    assert client.get("/me").status_code == 200

    PersonalToken.objects.update(expires_at=timezone.now())

    response = client.get("/me")
    problem_of(response, 401, "token_expired")
    assert response["WWW-Authenticate"] == f'{CHALLENGE}, error="invalid_token"'


def test_one_that_is_not_quite_right_is_refused(alice: User, bob: User) -> None:
    token, bobs = made(alice).secret, made(bob).secret
    head, tail = token[:29], token[29:]  # the prefix and the owner's id in the first, random alone in the second

    for wrong in (
        bobs[:29] + tail,
        head + bobs[29:],
        head + tail.swapcase(),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "=",
        token.removeprefix("cashman_"),
        token.replace("cashman_", "Cashman_"),
        f"{token}.{token}",
    ):
        problem_of(script(wrong).get("/me"), 401, "invalid_token")
    assert script(token).get("/me").status_code == 200


def test_it_is_looked_for_once_and_among_its_owners(
    alice: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = script(made(alice, last_used_at=timezone.now()).secret)

    with django_assert_num_queries(1) as queries:
        assert client.get("/secured/ping").status_code == 200

    assert '"users_personaltoken"."owner_id" = ' in text_of(queries[0]["sql"]).partition(" WHERE ")[2]


def test_its_use_is_noted_about_once_a_minute(as_alice: APIClient, alice: User) -> None:
    token = made(alice)
    made(alice, name="another")
    client = script(token.secret)
    start = timezone.now()

    client.get("/me")
    first = last_use(token)
    assert first >= start
    client.get("/me")
    assert last_use(token) == first

    PersonalToken.objects.filter(pk=token.pk).update(last_used_at=first - datetime.timedelta(minutes=1))
    client.get("/me")
    assert last_use(token) >= first
    assert {row["last_used_at"] is None for row in as_alice.get("/tokens").json()["results"]} == {True, False}


# -- In a browser -----------------------------------------------------------------------------


def test_a_browser_makes_shows_and_deletes_one(alice: User, bob: User) -> None:
    made(bob, name="secret of bob")
    browser = Browser(alice)
    form = browser.get("/tokens").main.one("form")

    response = browser.send(
        form, name="laptop", scope="read_write", expires_at="2200-01-01T00:00:00Z", password=PASSWORD
    )

    page = Page(response)
    assert page.status == 201
    secret = page.main.one("code", id="token").text
    assert script(secret).get("/me").json()["username"] == "alice"
    listed = browser.get("/tokens")
    assert secret not in listed.main.text
    [[name, scope, _created, _used, expires, _delete]] = listed.rows()
    assert (name, scope, expires) == ("laptop", "Read and write", "1 Jan 2200, 00:00")

    [form] = listed.main.one("tbody").all("form")
    after = browser.follow(browser.send(form))
    assert after.main.one("p", role="status").text == "Deleted: laptop"
    assert [token.name for token in PersonalToken.objects.all()] == ["secret of bob"]


def test_a_wrong_form_says_what_is_wrong(alice: User) -> None:
    browser = Browser(alice)

    page = Page(browser.send(browser.get("/tokens").main.one("form"), name="laptop", expires_at="tomorrow"))

    assert page.status == 400
    assert page.errors().keys() == {"scope", "expires_at"}
    assert page.main.one("input", name="name")["value"] == "laptop"


def test_deleting_a_token_asks_first(alice: User) -> None:
    made(alice)
    page = Browser(alice).get("/tokens")

    question = page.main.one("details", class_="confirm")
    assert "open" not in question.attributes
    assert question.one("p").text == "Scripts that use it stop working at once."
    assert question.one("form").one("button").text == "Delete it"
