"""A form that is sent after the sign-in has expired: it is kept, and shown again after the next sign-in."""

import hashlib
import json
import time
import zlib
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core import signing
from rest_framework.test import APIClient

from cashman_project.api.tests.pages import Browser, Node, Page, fields, form_of
from cashman_project.api.tests.problems import stored
from cashman_project.api.tests.test_pages_forms import FORM, add_form
from transactions.models import Transaction
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from users.models import BrowserSession, PersonalToken, User

PASSWORD = "correct horse battery"
TYPED = {"description": "pizza", "amount": "12.5", "notes": "two\r\nlines, \u00e9 & <b>"}


@pytest.fixture(autouse=True)
def passwords(alice: User, bob: User, outsider: User) -> None:
    for user in (alice, bob, outsider):
        user.set_password(PASSWORD)
        user.save()


@pytest.fixture
def browser(alice: User) -> Browser:
    return Browser(alice)


def sent_too_late(browser: Browser, form: Node, **changes: str) -> Page:
    """Return the page that answers the form, sent after the browser's session has expired."""
    BrowserSession.objects.all().delete()
    before = stored()
    page = Page(browser.send(form, **changes))
    assert stored() == before
    return page


def sign_in(browser: Browser, page: Page, name: str = "alice", **changes: str) -> Any:
    return browser.send(page.main.one("form"), username=name, password=PASSWORD, **changes)


def is_kept(page: Page) -> bool:
    assert page.status == 401
    return bool(page.main.all("input", name="_form"))


def carried(page: Page) -> Any:
    """Return the path and the fields that the sign-in page carries."""
    payload = fields(page.main.one("form"))["_form"].split(":")[0]
    content = signing.b64_decode(payload.removeprefix(".").encode())
    return json.loads(zlib.decompress(content) if payload[0] == "." else content)


def test_a_new_row_is_saved_with_one_click_after_signing_in(browser: Browser, alice: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    form = add_form(browser.get("/expenses?search=p"))

    page = sent_too_late(browser, form, **TYPED, category="Food")

    assert (page.status, page.main.one("h1").text) == (401, "Sign in")
    assert page.main.one("p", role="status").text == "You were signed out. Sign in to save what you typed."
    shown = Page(sign_in(browser, page))
    assert shown.status == 200
    assert shown.main.one("p", role="status").text == "You are signed in as alice. This is not saved yet."
    again = shown.main.one("form")
    token = {"csrfmiddlewaretoken": fields(again)["csrfmiddlewaretoken"]}
    assert fields(again) == fields(form) | TYPED | {"category": "Food"} | token
    assert not Transaction.objects.exists()

    response = browser.send(again)

    assert (response.status_code, response["Location"]) == (303, "/expenses?search=p")
    [row] = Transaction.objects.for_owner(alice)
    assert (row.description, str(row.amount), row.notes) == ("pizza", "-12.5", "two\nlines, \u00e9 & <b>")
    browser.follow(browser.send(again))  # a double click
    assert Transaction.objects.count() == 1


def test_what_was_saved_before_the_sign_in_expired_is_saved_once(browser: Browser) -> None:
    form = add_form(browser.get("/expenses"))
    browser.follow(browser.send(form, **TYPED))

    shown = Page(sign_in(browser, sent_too_late(browser, form, **TYPED)))

    browser.follow(browser.send(shown.main.one("form")))
    assert Transaction.objects.count() == 1


def test_a_change_is_saved_after_signing_in(browser: Browser, alice: User) -> None:
    row = ExpenseFactory.create(owner=alice, notes="old")
    form = form_of(browser.get(f"/expenses/{row.pk}"), "PATCH")

    shown = Page(sign_in(browser, sent_too_late(browser, form, notes="new")))
    row.amount = -7
    row.save()  # somewhere else, meanwhile

    browser.follow(browser.send(form_of(shown, "PATCH")))
    row.refresh_from_db()
    assert (row.notes, row.amount) == ("new", -7)


def test_the_start_page_is_where_its_form_leads_after_signing_in_too(browser: Browser, alice: User) -> None:
    alice.currency = "JPY"
    alice.save()
    [form] = browser.get("/").main.all("form", class_="quick")

    shown = Page(sign_in(browser, sent_too_late(browser, form, description="tea", amount="300")))
    response = browser.send(shown.main.one("form"))

    assert (response.status_code, response["Location"]) == (303, "/")
    [row] = Transaction.objects.for_owner(alice)
    assert (row.description, row.amount, row.currency) == ("tea", -300, "JPY")


def test_preferences_are_saved_after_signing_in(browser: Browser, alice: User) -> None:
    form = form_of(browser.get("/me"), "PATCH")

    shown = Page(sign_in(browser, sent_too_late(browser, form, email="new@example.com")))

    browser.follow(browser.send(form_of(shown, "PATCH")))
    alice.refresh_from_db()
    assert alice.email == "new@example.com"


def test_a_wrong_password_loses_nothing(browser: Browser) -> None:
    page = sent_too_late(browser, add_form(browser.get("/expenses")), **TYPED)

    page = Page(browser.send(page.main.one("form"), username="alice", password="wrong"))

    assert page.main.one("p", role="alert").text.startswith("Please enter a correct username")
    assert page.main.one("p", role="status").text == "You were signed out. Sign in to save what you typed."
    assert fields(Page(sign_in(browser, page)).main.one("form"))["description"] == "pizza"


@pytest.mark.parametrize("name", ["bob", "outsider"])
def test_somebody_else_who_signs_in_is_asked_and_gets_nothing_of_alice(
    name: str, browser: Browser, alice: User
) -> None:
    row = ExpenseFactory.create(owner=alice, description="of alice")
    page = sent_too_late(browser, form_of(browser.get(f"/expenses/{row.pk}"), "PATCH"), description="typed")

    shown = Page(sign_in(browser, page, name))

    assert shown.main.one("p", role="status").text == f"You are signed in as {name}. This is not saved yet."
    assert not Transaction.objects.for_owner(User.objects.get(username=name)).exists()
    assert Page(browser.send(form_of(shown, "PATCH"))).status == 404
    assert list(Transaction.objects.values_list("description", flat=True)) == ["of alice"]


def test_passwords_and_tokens_are_not_kept(browser: Browser) -> None:
    form = add_form(browser.get("/tokens"))
    token = fields(form)["csrfmiddlewaretoken"]

    page = sent_too_late(browser, form, name="laptop", scope="read", password="secret horse")

    path, kept = carried(page)
    assert (path, kept.keys()) == ("/tokens", {"name", "scope", "expires_at", "_key"})
    assert "secret horse" not in str(kept)
    assert token not in str(kept)
    again = Page(sign_in(browser, page)).main.one("form")
    assert (fields(again)["name"], fields(again)["password"]) == ("laptop", "")
    assert browser.send(again, password=PASSWORD).status_code == 201
    assert PersonalToken.objects.get().name == "laptop"


@pytest.mark.parametrize("path", ["/auth/password", "/me/erase"])
def test_a_form_of_passwords_is_not_kept(path: str, browser: Browser) -> None:
    [form] = [one for one in browser.get("/me").main.all("form") if one["action"].endswith(path)]

    page = sent_too_late(browser, form, **{name: "secret horse" for name in fields(form) if "password" in name})

    assert not is_kept(page)
    assert "secret horse" not in page.source


def test_a_form_that_deletes_is_not_kept(browser: Browser, alice: User) -> None:
    row = ExpenseFactory.create(owner=alice)
    page = browser.get(f"/expenses/{row.pk}")

    assert not is_kept(sent_too_late(browser, form_of(page, "DELETE")))
    assert not is_kept(sent_too_late(browser, form_of(page, "PATCH"), _method="DELETE"))
    assert is_kept(sent_too_late(browser, form_of(page, "PATCH")))


def test_the_form_of_another_site_is_not_kept(browser: Browser) -> None:
    """It comes without the cookie of this site's pages, or without the token that belongs to it."""
    sent = fields(add_form(browser.get("/expenses"))) | TYPED
    BrowserSession.objects.all().delete()

    for changes, cookies in (
        ({"csrfmiddlewaretoken": "x" * 64}, True),
        ({"csrfmiddlewaretoken": ""}, True),
        ({}, False),
    ):
        if not cookies:
            browser.client.cookies.clear()
        assert not is_kept(Page(browser.client.post("/expenses", urlencode(sent | changes), FORM)))
    browser.get("/api-auth/login/")
    assert not is_kept(
        Page(browser.client.post("/expenses", urlencode(sent), FORM, headers={"Origin": "https://x.example"}))
    )


@pytest.mark.parametrize("fault", ["tampered", "cut", "empty", "of another browser", "too old"])
def test_a_kept_form_that_this_site_did_not_give_this_browser_is_ignored(
    fault: str, browser: Browser, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sent_too_late(browser, add_form(browser.get("/expenses")), **TYPED)
    kept = fields(page.main.one("form"))["_form"]
    _path, values = carried(page)
    if fault == "of another browser":
        browser = Browser()
        page = browser.get("/api-auth/login/?next=/expenses")
        page.main.one("form").children.append(Node("input", {"name": "_form"}))
    elif fault == "too old":
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 24 * 3600 + 1)
    else:
        evil = signing.b64_encode(signing.JSONSerializer().dumps(["//evil.example", values])).decode()
        kept = {"tampered": ":".join([evil, *kept.split(":")[1:]]), "cut": kept[:-1], "empty": ""}[fault]

    response = sign_in(browser, page, _form=kept)

    assert (response.status_code, response["Location"]) == (302, "/expenses")
    assert not Transaction.objects.exists()


def test_a_kept_form_is_good_for_one_sign_in(browser: Browser, bob: User) -> None:
    page = sent_too_late(browser, add_form(browser.get("/expenses")), **TYPED)
    kept = fields(page.main.one("form"))["_form"]
    assert Page(sign_in(browser, page)).status == 200
    browser.send(browser.get("/").root.one("header").all("form")[0])  # signs out

    page = browser.get("/api-auth/login/?next=/expenses")
    page.main.one("form").children.append(Node("input", {"name": "_form"}))

    assert sign_in(browser, page, "bob", _form=kept)["Location"] == "/expenses"


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_no_kept_form_leads_out_of_this_site(path: str, browser: Browser) -> None:
    page = sent_too_late(browser, add_form(browser.get("/expenses?search=p")), **TYPED, _next=path)
    assert sign_in(browser, page, _form="", next=path)["Location"] == "/"

    page = sent_too_late(browser, add_form(browser.get("/expenses?search=p")), **TYPED, _next=path)
    shown = Page(sign_in(browser, page))

    assert path not in {link["href"] for link in shown.main.all("a")}
    refused = Page(browser.send(shown.main.one("form")))
    assert (refused.status, Transaction.objects.count()) == (400, 0)


@pytest.mark.parametrize("length", [2_000, 3_000])
def test_the_longest_texts_are_kept(length: int, browser: Browser) -> None:
    """Those that a field takes, and somewhat longer ones, of letters that need the most bytes and repeat little."""
    notes = "".join(chr(0x20000 + (n * n * 7919) % 40_000) for n in range(length))

    page = sent_too_late(browser, add_form(browser.get("/expenses")), description="\U0001f355" * 200, notes=notes)

    shown = Page(sign_in(browser, page))
    assert fields(shown.main.one("form"))["notes"] == notes


@pytest.mark.parametrize("name", ["notes", "unknown", "description"])
def test_what_is_too_large_is_not_kept(name: str, browser: Browser) -> None:
    sent = urlencode(fields(add_form(browser.get("/expenses"))) | TYPED)
    BrowserSession.objects.all().delete()
    noise = hashlib.shake_128(b"").hexdigest(25_000)
    many = urlencode([(name, n % 10) for n in range(10_000)])[: 65_000 - len(sent)]

    for body in (f"{sent}&notes={noise}", f"{sent}&{many}"):
        assert not is_kept(Page(browser.client.post("/expenses", body, FORM)))
    huge = Page(browser.client.post("/expenses", f"{sent}&notes={noise}{noise}", FORM))
    assert (huge.status, "_form" in huge.source) == (413, False)


def test_the_admin_and_programs_are_as_before(browser: Browser, nobody: APIClient) -> None:
    sent = fields(add_form(browser.get("/expenses"))) | TYPED
    BrowserSession.objects.all().delete()

    response = browser.client.post("/admin/transactions/transaction/add/", sent)
    assert response["Location"].startswith("/admin/login/")
    by_program = browser.client.post("/expenses", urlencode(sent), FORM, headers={"Accept": "application/json"})
    assert by_program["Content-Type"] == "application/problem+json"
    assert not is_kept(browser.get("/expenses", 401))
    assert not is_kept(Page(browser.client.post("/expenses", sent)))  # multipart, which no page sends
    assert nobody.post("/expenses", TYPED).status_code == 401


def test_the_page_of_a_kept_form_can_be_loaded_again(browser: Browser, alice: User) -> None:
    page = sent_too_late(browser, add_form(browser.get("/expenses?search=p")), **TYPED)
    sign_in_form = page.main.one("form")
    first = Page(browser.send(sign_in_form, username="alice", password=PASSWORD))

    for _time in range(2):
        again = Page(browser.send(sign_in_form, username="alice", password=PASSWORD))
        assert (again.status, again.main.text) == (200, first.main.text)

    browser.follow(browser.send(again.main.one("form")))
    assert [row.description for row in Transaction.objects.for_owner(alice)] == ["pizza"]


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_what_was_typed_survives_a_sign_in_in_another_window(name: str, browser: Browser) -> None:
    page = sent_too_late(browser, add_form(browser.get("/expenses")), **TYPED)
    sign_in(browser, browser.get("/api-auth/login/"), name)

    shown = Page(sign_in(browser, page))

    assert shown.main.one("p", role="status").text == f"You are signed in as {name}. This is not saved yet."
    assert not Transaction.objects.exists()
    browser.follow(browser.send(shown.main.one("form")))
    [row] = Transaction.objects.all()
    assert (row.owner.username, row.description) == (name, "pizza")


def test_two_windows_that_sign_in_both_lead_where_they_should(browser: Browser) -> None:
    browser = Browser()
    pages = [browser.get(path, 401) for path in ("/expenses?search=a", "/categories")]

    assert [sign_in(browser, page)["Location"] for page in pages] == ["/expenses?search=a", "/categories"]


@pytest.mark.parametrize("fault", ["no token", "another token", "another site", "signed out"])
def test_a_sign_in_that_is_sent_late_still_needs_its_token(fault: str, browser: Browser) -> None:
    page = sent_too_late(browser, add_form(browser.get("/expenses")), **TYPED)
    sent = fields(page.main.one("form")) | {"username": "alice", "password": PASSWORD}
    sign_in(browser, browser.get("/api-auth/login/"))
    headers = {}
    if fault == "no token":
        sent.pop("csrfmiddlewaretoken")
    elif fault == "another token":
        sent["csrfmiddlewaretoken"] = "x" * 64
    elif fault == "another site":
        headers = {"Origin": "https://x.example"}
    else:
        BrowserSession.objects.all().delete()

    response = browser.client.post("/api-auth/login/", urlencode(sent), FORM, headers=headers)

    assert response.status_code == 403
