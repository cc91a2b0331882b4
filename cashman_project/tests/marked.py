"""A language in which every translated text is marked, so that what is not translated can be seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import translation
from django.utils.translation import trans_real

from cashman_project.api.pages import selects

LANGUAGE = "ja"  # whose dates, numbers and currencies have no Latin letters
BEGIN, END = "\u27e6", "\u27e7"
CONTEXT = "\x04"  # between the context and a text with one


class MarkedTranslation:
    """Stands for Django's translation of a language: it returns each text itself, between marks."""

    def gettext(self, text: str) -> str:
        return BEGIN + text.rpartition(CONTEXT)[2] + END

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.gettext(one if number == 1 else many)

    def to_language(self) -> str:
        return LANGUAGE

    def language(self) -> str:
        return LANGUAGE


@contextmanager
def marked_texts() -> Iterator[None]:
    """Let LANGUAGE mark its texts until the block ends."""
    translations: dict[str, Any] = trans_real._translations  # type: ignore[attr-defined]  # not in the stub
    before = translation.get_language()
    translation.activate(LANGUAGE)
    real = translations[LANGUAGE]
    translations[LANGUAGE] = MarkedTranslation()
    _forget()
    try:
        yield
    finally:
        translations[LANGUAGE] = real
        _forget()
        translation.activate(before or "en")


def _forget() -> None:
    """Forget the selects that were written in a language."""
    selects._labels.cache_clear()
    selects._html.cache_clear()
