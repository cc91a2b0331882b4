"""The form for a new personal access token, which may be sent twice."""

import datetime

import pytest
from django.utils import timezone

from cashman_project.api.idempotency import expired_keys
from cashman_project.api.models import IdempotencyKey
from cashman_project.api.tests.pages import Browser, Node, Page
from users.models import PersonalToken, User
from users.tests.test_api_tokens import script
from users.tests.tokens import PASSWORD

pytestmark = pytest.mark.usefixtures("known")  # alice has a password


def new_token_form(browser: Browser) -> Node:
    return browser.get("/tokens").main.one("details", class_="add").one("form")


def test_a_form_that_is_sent_twice_makes_one_token_and_shows_it_twice(alice: User, bob: User) -> None:
    browser = Browser(alice)
    form = new_token_form(browser)
    typed = {"name": "laptop", "scope": "read", "password": PASSWORD}

    first, second = (Page(browser.send(form, **typed)) for _click in range(2))

    assert (first.status, second.status) == (201, 201)
    [secret] = {page.main.one("code", id="token").text for page in (first, second)}
    assert script(secret).get("/me").json()["username"] == "alice"
    assert PersonalToken.objects.count() == 1

    changed = Page(browser.send(form, **{**typed, "scope": "read_write"}))
    assert changed.status == 422
    assert PersonalToken.objects.count() == 1
    assert Page(browser.send(changed.main.one("form"), password=PASSWORD)).status == 201  # it has a new key
    assert PersonalToken.objects.count() == 2

    wrong = Page(browser.send(form, **{**typed, "password": "not it"}))
    assert (wrong.status, secret in wrong.main.raw_text) == (400, False)
    PersonalToken.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=2))
    late = Page(browser.send(form, **typed))
    assert (late.status, secret in late.main.raw_text) == (422, False)


@pytest.mark.parametrize("hours", [0, 25])  # after a day its key is forgotten
def test_a_form_that_is_sent_again_never_brings_a_deleted_secret_back(hours: int, alice: User) -> None:
    browser = Browser(alice)
    form = new_token_form(browser)
    typed = {"name": "laptop", "scope": "read", "password": PASSWORD}
    secret = Page(browser.send(form, **typed)).main.one("code", id="token").text
    PersonalToken.objects.all().delete()  # because somebody has seen it
    IdempotencyKey.objects.update(created_at=timezone.now() - datetime.timedelta(hours=hours))
    if hours:
        expired_keys().delete()

    assert Page(browser.send(form, **typed)).status == (201 if hours else 422)

    assert script(secret).get("/me").status_code == 401


@pytest.mark.parametrize("key", ["", "two words", "x" * 256])
def test_a_form_whose_key_is_none_makes_a_token_each_time(key: str, alice: User) -> None:
    browser = Browser(alice)
    form = new_token_form(browser)

    for _click in range(2):
        assert Page(browser.send(form, name="laptop", scope="read", password=PASSWORD, _key=key)).status == 201

    assert PersonalToken.objects.count() == 2


def test_the_same_key_of_two_users_makes_two_secrets(alice: User, bob: User) -> None:
    secrets = []
    bob.set_password(PASSWORD)
    bob.save()
    for user in (alice, bob):
        browser = Browser(user)
        form = new_token_form(browser)
        page = Page(browser.send(form, name="laptop", scope="read", password=PASSWORD, _key="the-same"))
        secrets.append(page.main.one("code", id="token").text)
    assert script(secrets[0]).get("/me").json()["username"] == "alice"
    assert script(secrets[1]).get("/me").json()["username"] == "bob"
    assert secrets[0][-40:] != secrets[1][-40:]


def test_a_token_made_on_a_page_can_expire_at_the_end_of_a_day(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    browser = Browser(alice)
    form = new_token_form(browser)
    assert form.one("input", name="expires_at")["type"] == "date"

    page = Page(browser.send(form, name="laptop", scope="read", password=PASSWORD, expires_at="2199-12-31"))

    assert page.status == 201
    expires = PersonalToken.objects.get().expires_at
    assert expires == datetime.datetime(2199, 12, 31, 14, 59, 59, tzinfo=datetime.UTC)
    listed = browser.get("/tokens")
    assert listed.rows()[0][4] == "31 Dec 2199, 23:59"
    example = page.main.one("code", id="example").text
    assert example.startswith('curl -H "Authorization: Bearer cashman_')
    assert example.endswith(" http://testserver/me")
