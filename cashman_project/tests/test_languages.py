"""Which language a response is in: the user's, else the one chosen in the browser, else that of Accept-Language."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from rest_framework.test import APIClient

from cashman_project.languages import LANGUAGES
from users.models import User

REQUIRED = {
    "de": "Dieses Feld ist zwingend erforderlich.",
    "en": "This field is required.",
    "fr": "Ce champ est obligatoire.",
}
PAGES = ["/", "/nope", "/api-auth/login/", "/incomes", "/admin/login/"]


def speak(user: User, language: str | None) -> None:
    user.language = language
    user.save()


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_users_language_comes_before_that_of_the_client(
    language: str, as_alice: APIClient, as_bob: APIClient, alice: User, bob: User
) -> None:
    speak(alice, language)
    speak(bob, None)

    alices, bobs = [
        client.post("/incomes", {"amount": 1}, headers={"Accept-Language": "fr"}) for client in (as_alice, as_bob)
    ]

    assert alices.json()["errors"][0]["detail"] == REQUIRED[language]
    assert bobs.json()["errors"][0]["detail"] == REQUIRED["fr"]
    assert (alices["Content-Language"], bobs["Content-Language"]) == (language, "fr")


def test_a_user_is_refused_in_their_language_too(as_alice: APIClient, alice: User) -> None:
    speak(alice, "de")

    refused = as_alice.delete("/me", headers={"Accept-Language": "fr"})

    assert (refused.status_code, refused["Content-Language"]) == (405, "de")


@pytest.mark.parametrize("path", ["/", "/transactions", "/me", "/admin/", "/admin/transactions/transaction/"])
@pytest.mark.parametrize(("language", "browser"), [("de", "en"), ("en", "de"), ("ar", "fr")])
def test_all_pages_are_in_the_language_of_who_is_signed_in(
    language: str, browser: str, path: str, as_staff: Client, staff: User
) -> None:
    speak(staff, language)

    page = as_staff.get(path, headers={"Accept": "text/html", "Accept-Language": browser})

    assert page.status_code == 200
    assert page["Content-Language"] == language
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in page.content.decode()
    assert {"Accept-Language", "Cookie"} <= set(page["Vary"].split(", "))


@pytest.mark.parametrize("path", PAGES)
def test_pages_for_nobody_follow_the_browser(path: str, client: Client) -> None:
    page = client.get(path, headers={"Accept": "text/html", "Accept-Language": "sv, fr;q=0.9, de;q=0.8"})

    assert page["Content-Language"] == "fr"
    assert '<html lang="fr"' in page.content.decode()


def test_who_is_not_signed_in_can_choose_a_language(client: Client) -> None:
    page = client.get("/", headers={"Accept": "text/html", "Accept-Language": "fr"}).content.decode()

    answer = client.post("/api-auth/language/", {"language": "ja", "next": "/incomes"})

    assert all(f'lang="{code}"' in page and name in page for code, name in LANGUAGES.items())
    assert (answer.status_code, answer["Location"]) == (302, "/incomes")
    later = client.get("/", headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert later["Content-Language"] == "ja"


@pytest.mark.parametrize("text", ["xx", "a" * 500, "a" * 9_000, "../../etc/passwd", "\u00e9"])
def test_a_wrong_cookie_chooses_nothing(text: str, client: Client) -> None:
    client.cookies["language"] = text

    answer = client.get("/ping", headers={"Accept-Language": "de"})

    assert answer["Content-Language"] == "de"


def test_a_choice_leads_to_no_other_site(client: Client) -> None:
    answer = client.post("/api-auth/language/", {"language": "ja", "next": "https://elsewhere.example/"})

    assert answer["Location"] == "/"


@pytest.mark.parametrize(
    ("headers", "language"),
    [({}, None), ({"Accept-Language": "de-AT, en;q=0.5"}, "de"), ({"Accept-Language": "pt"}, "pt-br")],
)
def test_a_new_user_has_the_language_that_they_register_in(
    headers: dict[str, str], language: str | None, nobody: APIClient, settings: Any
) -> None:
    settings.ALLOW_SIGNUP = True

    answer = nobody.post("/auth/register", {"username": "carol", "password": "smelling salts 48"}, headers=headers)

    assert answer.json()["language"] == language
    assert User.objects.get(username="carol").language == language


def test_the_language_can_be_left_to_the_browser(as_alice: APIClient, alice: User) -> None:
    speak(alice, "de")

    assert as_alice.patch("/me", {"language": None}).json()["language"] is None
    assert as_alice.post("/incomes", {}, headers={"Accept-Language": "fr"})["Content-Language"] == "fr"


@pytest.mark.parametrize(
    ("path", "status"), [("/api-auth/login/", 503), ("/api-auth/language/", 302), ("/admin/", 503)]
)
def test_a_page_that_cannot_know_its_user_is_in_the_language_of_the_browser(
    path: str, status: int, as_staff: Client, staff: User
) -> None:
    speak(staff, "de")

    def fail(*_statement: object) -> None:
        raise OperationalError

    with connection.execute_wrapper(fail):
        page = as_staff.get(path, headers={"Accept": "text/html", "Accept-Language": "fr"})

    assert (page.status_code, page["Content-Language"]) == (status, "fr")
