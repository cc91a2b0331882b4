"""Search, order and sign-in give the same answers on every database, whatever its locale.

The tests' own SQLite, or databases of these locales beside the tests' own PostgreSQL.
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from cashman_project.db.postgresql.citus import has_citus
from transactions.tests.live import LiveServer, serve

pytestmark = pytest.mark.live

PASSWORD = "gr\u00fcne Bl\u00e4tter 47"  # of nobody
ICU = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'"
LOCALES = {"C": "LOCALE 'C'", "C.UTF-8": "LOCALE 'C.UTF-8'", "ICU": ICU}
IS_SQLITE = settings.DATABASES["default"]["ENGINE"].endswith("sqlite")

NAMES = ["2", "apple", "Ärzte", "Bank", "Élève", "ёлка", "Жук", "日本"]
ROWS = [  # description, notes, category
    ("Caf\u00e9 au lait", "", "Bank"),
    ("CAFE\u0301", "r\u00e9sum\u00e9 100%", "\u00c4rzte"),
    ("Straße", "ΣΊΣΥΦΟΣ", "\u00c9l\u00e8ve"),
    ("Łódź ЁЖ", "le café du coin", "apple"),
]
SEARCHES = {
    "café": [0, 1, 3],
    "CAFE\u0301": [0, 1, 3],
    "cafe": [0, 1, 3],
    "LAIT CAFÉ": [0],
    "coin lodz": [3],
    "STRASSE": [2],
    "σίσυφος": [2],
    "ёж": [3],
    "ЕЖ": [3],
    "0%": [1],
    "_": [],
    "Cafe resume": [1],
}


@pytest.fixture(scope="module", params=["SQLite"] if IS_SQLITE else list(LOCALES))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[LiveServer]:
    directory: Path = tmp_path_factory.mktemp("locale")
    with django_db_blocker.unblock():
        if has_citus(connection):
            pytest.skip("Citus copies template1, with its locale")
    if IS_SQLITE:
        with serve(directory, ALLOW_SIGNUP="on") as server:
            yield server
        return
    name = f"cashman_locale_{request.param.lower().replace('.', '_').replace('-', '_')}"
    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(drop)
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {LOCALES[request.param]}")
        place = settings.DATABASES["default"]
        url = f"postgres://{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT']}/{name}"
        environment = {"DATABASE_URL": url, "ALLOW_SIGNUP": "on"}
        try:
            LiveServer(environment).manage("migrate", "--verbosity=0")
            with serve(directory, **environment) as server:
                yield server
        finally:
            cursor.execute(drop)


@pytest.fixture(scope="module")
def token(server: LiveServer) -> str:
    """A token of a user with these books, whom another user's books stand beside."""
    for name in ("Élodie", "outsider"):
        sent = {"username": name, "password": PASSWORD}
        assert server.request("POST", "/auth/register", sent).status == 201
        token: str = server.request("POST", "/auth/token", sent).json()["access"]
        for category in reversed(NAMES):
            assert server.request("POST", "/categories", {"name": category}, token=token).status == 201
        if name == "Élodie":
            mine = token
            rows = [
                {
                    "description": text,
                    "notes": notes,
                    "category": category.upper(),
                    "amount": 1,
                    "date": f"2026-11-0{n}",
                }
                for n, (text, notes, category) in enumerate(ROWS, start=1)
            ]
            assert server.request("POST", "/expenses", rows, token=token).status == 201
    return mine


def read(server: LiveServer, path: str, token: str) -> Any:
    answer = server.request("GET", path, token=token)
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.mark.parametrize("search", SEARCHES, ids=ascii)
def test_a_search_finds_the_same(search: str, server: LiveServer, token: str) -> None:
    results = read(server, f"/transactions?ordering=date&search={quote(search)}", token)["results"]
    assert [row["description"] for row in results] == [ROWS[place][0] for place in SEARCHES[search]]


def test_categories_come_in_the_same_order_in_lists_pages_and_sums(server: LiveServer, token: str) -> None:
    path, walked = "/categories?page_size=3", []
    while path:
        page = read(server, path, token)
        walked += [category["name"] for category in page["results"]]
        path = (page["next"] or "").removeprefix(server.url)
    assert walked == NAMES
    backwards = read(server, "/categories?ordering=-name", token)["results"]
    assert [category["name"] for category in backwards] == NAMES[::-1]
    used = {category for _description, _notes, category in ROWS}
    groups = read(server, "/summary?group_by=category", token)["results"]
    assert [group["category"] for group in groups] == [name for name in NAMES if name in used]


@pytest.mark.parametrize(("ordering", "places"), {"description": [1, 0, 3, 2], "category": [3, 1, 0, 2]}.items())
def test_transactions_come_in_the_same_order(ordering: str, places: list[int], server: LiveServer, token: str) -> None:
    for sign, expected in (("", places), ("-", places[::-1])):
        path, walked = f"/transactions?ordering={sign}{ordering}&page_size=1", []
        while path:
            page = read(server, path, token)
            walked += [row["description"] for row in page["results"]]
            path = (page["next"] or "").removeprefix(server.url)
        assert walked == [ROWS[place][0] for place in expected]


@pytest.mark.parametrize("username", ["Élodie", "élodie", "E\u0301LODIE", " Élodie "], ids=ascii)
def test_a_name_signs_in_however_it_is_typed(username: str, server: LiveServer, token: str) -> None:
    for password in (PASSWORD, unicodedata.normalize("NFD", PASSWORD)):
        sent = {"username": username, "password": password}
        assert server.request("POST", "/auth/token", sent).status == 200
    assert server.request("POST", "/auth/register", sent).status == 409
