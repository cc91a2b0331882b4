"""Merges the texts into the catalogues, compiles these, and says what they lack.

`python -m translations.catalogues` does the first two, and fails if anything is lacking.
"""

import io
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import to_locale

from cashman_project.languages import LANGUAGES

from .texts import template

FOLDER = Path(__file__).parent
CODES = [code for code in LANGUAGES if code != "en"]  # the texts themselves are English
PLACEHOLDER = re.compile(r"%\(\w+\)[sdfir]|%[sd]|\{\w*(?::[^}]*)?\}|</?\w+|&\w+;")


def po_path(code: str) -> Path:
    return FOLDER / to_locale(code) / "LC_MESSAGES" / "django.po"


def read(code: str) -> Catalog:
    """Return the catalogue of a language, which is empty if there is none yet."""
    path = po_path(code)
    if not path.exists():
        return Catalog(locale=to_locale(code), charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=to_locale(code))


def merge(code: str, texts: Catalog) -> None:
    """Give the catalogue of a language all texts, without a translation if it is new, and drop those that are gone."""
    catalogue = read(code)
    revised = catalogue.revision_date if po_path(code).exists() else texts.creation_date
    catalogue.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.revision_date = revised
    catalogue.project, catalogue.version, catalogue.fuzzy = "Cashman", "1", False
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = ""
    catalogue.header_comment = f"# The texts of Cashman in {LANGUAGES[code]}. See docs/translating.md."
    po_path(code).parent.mkdir(parents=True, exist_ok=True)
    with po_path(code).open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, include_lineno=False, omit_header=False)


def compiled(code: str) -> bytes:
    """Return the catalogue of a language as the file that Django reads."""
    file = io.BytesIO()
    write_mo(file, read(code))
    return file.getvalue()


def errors(code: str, texts: Catalog) -> Iterator[str]:
    """Yield what is wrong with the catalogue of a language."""
    catalogue = read(code)
    for text in texts:
        if text.id and (message := catalogue.get(text.id, text.context)) is None:
            yield f"{code}: {text.id!r} is not in the catalogue: run make messages"
        elif text.id and message is not None:
            yield from (f"{code}: {text.id!r} {error}" for error in _errors_of(message, catalogue.num_plurals))
    for message in catalogue:
        if message.id and texts.get(message.id, message.context) is None:
            yield f"{code}: {message.id!r} is no text any more: run make messages"
    path = po_path(code).with_suffix(".mo")
    if not path.exists() or path.read_bytes() != compiled(code):
        yield f"{code}: the catalogue is not compiled: run make messages"


def _errors_of(message: Message, plurals: int) -> Iterator[str]:
    if message.fuzzy:
        yield "is marked fuzzy"
    ids, strings = _forms(message.id), _forms(message.string)
    if len(strings) != (plurals if len(ids) > 1 else 1) or not all(strings):
        yield "has no translation"
        return
    wanted = [Counter(PLACEHOLDER.findall(one)) for one in ids]
    for string in strings:
        if Counter(PLACEHOLDER.findall(string)) not in wanted:
            yield f"has other placeholders or tags: {string!r}"
        if _edges(string) != _edges(ids[0]):
            yield f"begins or ends with another space: {string!r}"


def _edges(text: str) -> tuple[bool, bool]:
    """Return whether the text begins and ends with a space or a line break that joins it to what is around it."""
    return text[0] in " \n", text[-1] in " \n"


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return a text, or the forms of a plural."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def main() -> int:
    texts = template()
    for code in CODES:
        merge(code, texts)
        po_path(code).with_suffix(".mo").write_bytes(compiled(code))
    found = [error for code in CODES for error in errors(code, texts)]
    sys.stdout.write("\n".join([*found, f"{len(CODES)} catalogues of {len(texts)} texts, {len(found)} errors.", ""]))
    return 1 if found else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    django.setup()
    sys.exit(main())
