"""Finds the texts to translate: all of ours, and those of libraries that lack them in one of our languages."""

import io
from collections.abc import Iterator
from gettext import GNUTranslations, NullTranslations
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

from cashman_project.languages import LANGUAGES

ROOT = Path(__file__).parent.parent
OURS = ("cashman_project", "users", "ledgers", "transactions", "statements", "reports", "moving")
# Folders of libraries whose texts people see, and the folder of their own catalogues. The messages of simplejwt and
# django-filter never come through: tests/test_languages.py walks the pages and the errors.
LIBRARIES = {
    "django/core": "django/conf",
    "django/db": "django/conf",
    "django/forms": "django/conf",
    "django/views": "django/conf",
    "django/contrib/messages": "django/conf",
    "django/contrib/auth": "django/contrib/auth",
    "django/contrib/admin": "django/contrib/admin",
    "rest_framework": "rest_framework",
}
UNSEEN = {"tests", "migrations", "authtoken", "schemas", "rest_framework/templates"}
UNSEEN_FILES = {"rest_framework/filters.py", "rest_framework/pagination.py"}
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}


class Text(NamedTuple):
    """A text with its context. With a plural, `id` is both forms."""

    id: str | tuple[str, ...]
    context: str | None


def template() -> Catalog:
    """Return a catalogue of all texts to translate, without translations. Each names the files that it is from."""
    catalog = Catalog(project="Cashman", charset="utf-8")
    for folder in OURS:
        for text, path, comments in _texts_below(ROOT / folder):
            file = str(path.relative_to(ROOT))
            catalog.add(text.id, locations=[(file, 0)], auto_comments=comments, context=text.context)
    for text, library in sorted(_lacking(), key=lambda pair: (pair[1], str(pair[0]))):
        catalog.add(text.id, auto_comments=[f"From {library}, which lacks it in some languages."], context=text.context)
    return catalog


def _texts_below(folder: Path) -> Iterator[tuple[Text, Path, list[str]]]:
    """Yield each text, the file it is in, and the comments for translators above it."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".py", ".html", ".txt") or _is_unseen(path):
            continue
        source = path.read_text(encoding="utf-8")
        if path.suffix != ".py":
            lines = templatize(source, origin=str(path)).splitlines()
            source = "\n".join(line.strip() for line in lines)  # Python would take their spaces as an indentation
        code = io.BytesIO(source.encode())
        found = extract("python", code, KEYWORDS, ("Translators:",), options={"encoding": "utf-8"})
        for _line, message, comments, context in found:
            yield Text(message, context), path, list(comments)


def _is_unseen(path: Path) -> bool:
    text = str(path)
    return any(f"/{folder}/" in text for folder in UNSEEN) or any(text.endswith(f"/{name}") for name in UNSEEN_FILES)


def _lacking() -> Iterator[tuple[Text, str]]:
    """Yield the texts of libraries that their own catalogues lack in one of our languages, and the library's name."""
    for folder, catalogues in LIBRARIES.items():
        texts = {text for text, _path, _comments in _texts_below(_folder(folder)) if text.id}
        own = [_own(_folder(catalogues) / "locale", to_locale(code)) for code in LANGUAGES if code != "en"]
        yield from ((text, folder) for text in texts if not all(_has(catalogue, text) for catalogue in own))


def _folder(name: str) -> Path:
    package, _slash, rest = name.partition("/")
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / rest


def _own(folder: Path, locale: str) -> NullTranslations:
    """Return a library's texts in the language, with those in the language without its country behind them."""
    found = NullTranslations()
    for name in (locale.partition("_")[0], locale):
        path = folder / name / "LC_MESSAGES" / "django.mo"
        if path.exists():
            with path.open("rb") as file:
                catalogue = GNUTranslations(file)
            catalogue.add_fallback(found)
            found = catalogue
    return found


def _has(catalogue: NullTranslations, text: Text) -> bool:
    """Return whether the catalogue translates the text, and not by the same words."""
    word, *plural = [text.id] if isinstance(text.id, str) else text.id
    if plural:
        return catalogue.ngettext(word, plural[0], 1) != word
    return (catalogue.pgettext(text.context, word) if text.context else catalogue.gettext(word)) != word
