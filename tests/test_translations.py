"""The catalogues have every text, in every language, and nothing that breaks a page."""

import pytest
from babel.messages.catalog import Catalog
from django.utils import translation
from django.utils.translation import ngettext

from cashman_project.languages import LANGUAGES
from translations import catalogues
from translations.texts import template

ROWS = ("%(count)d row", "%(count)d rows")
PLURALS = {  # of 0, 1, 2, 5 and 21 rows
    "de": ["0 Einträge", "1 Eintrag", "2 Einträge", "5 Einträge", "21 Einträge"],
    "es": ["0 registros", "1 registro", "2 registros", "5 registros", "21 registros"],
    "fr": ["0 élément", "1 élément", "2 éléments", "5 éléments", "21 éléments"],
    "it": ["0 voci", "1 voce", "2 voci", "5 voci", "21 voci"],
    "nl": ["0 items", "1 item", "2 items", "5 items", "21 items"],
    "pl": ["0 wpisów", "1 wpis", "2 wpisy", "5 wpisów", "21 wpisów"],
    "pt-br": ["0 registro", "1 registro", "2 registros", "5 registros", "21 registros"],
    "ru": ["0 записей", "1 запись", "2 записи", "5 записей", "21 запись"],
    "tr": ["0 kayıt", "1 kayıt", "2 kayıt", "5 kayıt", "21 kayıt"],
    "ja": ["0件", "1件", "2件", "5件", "21件"],
    "zh-hans": ["0 条记录", "1 条记录", "2 条记录", "5 条记录", "21 条记录"],
    "ar": ["لا عناصر (0)", "عنصر واحد (1)", "عنصران (2)", "5 عناصر", "21 عنصرًا"],
}


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return template()


@pytest.mark.parametrize("code", catalogues.CODES)
def test_a_catalogue_is_complete_and_compiled(code: str, texts: Catalog) -> None:
    assert len(texts) > 500
    assert list(catalogues.errors(code, texts)) == []


def test_there_is_a_catalogue_for_each_language() -> None:
    assert {path.name for path in catalogues.FOLDER.iterdir() if (path / "LC_MESSAGES").exists()} == {
        translation.to_locale(code) for code in LANGUAGES if code != "en"
    }


@pytest.mark.parametrize("code", catalogues.CODES)
def test_plurals_are_right(code: str) -> None:
    with translation.override(code):
        assert [ngettext(*ROWS, count) % {"count": count} for count in (0, 1, 2, 5, 21)] == PLURALS[code]


@pytest.mark.parametrize(
    ("text", "translated", "wrong"),
    [
        ("Hello %(name)s", "Hallo %(name)s", False),
        ("Hello %(name)s", "Hallo %(Name)s", True),
        ("Hello %(name)s", "Hallo", True),
        ("%(value)r is odd", "%(value)s ist ungerade", True),
        ("Wait {wait}", "Warte {warten}", True),
        ("<b>Hello</b>", "<b>Hallo", True),
        (" Hello", "Hallo", True),
        ("Hello", "", True),
        (("one row", "%(count)d rows"), ("eine Zeile", "%(count)d Zeilen"), False),
        (("one row", "%(count)d rows"), ("eine Zeile", "viele Zeilen %(zahl)d"), True),
        (("one row", "%(count)d rows"), ("eine Zeile",), True),
    ],
)
def test_a_broken_translation_is_found(text: str | tuple[str, str], translated: str, wrong: bool) -> None:
    catalogue = Catalog(locale="de")
    message = catalogue.add(text, translated)

    assert bool(list(catalogues._errors_of(message, 2))) == wrong


def test_a_fuzzy_translation_is_found() -> None:
    message = Catalog(locale="de").add("Hello", "Hallo", flags=["fuzzy"])

    assert list(catalogues._errors_of(message, 2)) == ["is marked fuzzy"]
