"""Text that people read: when two texts are the same, and in which order they come (docs/adr/0017-the-same-text.md)."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Zs"}  # Unicode's categories of controls, formats (zero-width, bidi) and spaces
DECOMPOSED = 2  # a text may be this many times longer than its limit, because composing makes it shorter
TIE = "\1"  # sorts before any character with which a longer name could continue
# Letters with a stroke, and two letters in one. Unicode doesn't decompose them, but sorts them as these letters (UCA).
LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe"}
SHORT = 8  # characters
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
BREAKS = {"Cc", "Zl", "Zp"}  # control characters (such as tabs and line feeds), and separators of lines and paragraphs


def check_visible(row: models.Model, name: str) -> None:
    """Raise ValidationError if the row's text of this name has no visible character. The field refuses an empty one."""
    text = getattr(row, name)
    if not isinstance(text, str) or not text or "!" <= text[0] <= "~":  # most texts start with a visible one of ASCII
        return
    if all(unicodedata.category(character) in INVISIBLE for character in text):
        field = row._meta.get_field(name)
        assert isinstance(field, models.Field)
        raise ValidationError({name: ValidationError(field.error_messages["blank"], code="blank")})


def validate_one_line(text: str) -> None:
    """Raise ValidationError on a line break or a control character, which an input of one line can't hold.

    A form that shows such a text would send a different one back. Other rules refuse NUL in any text.
    """
    if not text.isprintable() and any(
        unicodedata.category(character) in BREAKS and character != "\0" for character in text
    ):
        raise ValidationError(_("One line only: remove line breaks, tabs and control characters."), code="not_one_line")


def is_bounded(text: str, limit: int) -> bool:
    """Return whether the text is short enough to be composed, if the result may have `limit` characters.

    The time that composing takes grows with the square of the length of a run of accents, so check this first.
    """
    return len(text) <= DECOMPOSED * limit


def compose(text: str, limit: int, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """Return the text in a normal form of Unicode. A text that is too long for `limit` is returned unchanged."""
    return unicodedata.normalize(form, text) if is_bounded(text, limit) else text


def fold(text: str) -> str:
    """Return the text without case and accents, for search and order: "CAFÉ" and "Cafe\\u0301" become "cafe".

    The time that it takes grows only with the length. A text that has nothing but accents keeps them.
    """
    if text.isascii():
        return text.lower()
    return BEYOND_ASCII.sub(_folded_run, text.casefold()) or text


def _folded_run(found: re.Match[str]) -> str:
    """Return a run of characters beyond ASCII without accents. In many languages, the same few come again."""
    run = found[0]
    return _remembered(run) if len(run) < SHORT else _without_accents(run)


def _without_accents(text: str) -> str:
    bare = _bare(text)  # first, because decomposing is slow on long runs of accents
    return unicodedata.normalize("NFC", _bare(unicodedata.normalize("NFD", bare)))


_remembered = lru_cache(maxsize=1_024)(_without_accents)


def _bare(text: str) -> str:
    return "".join([LETTERS.get(letter, letter) for letter in text if not unicodedata.combining(letter)])


def text_key(text: str, limit: int) -> str:
    """Return the key that all ways to write a text share: trimmed, composed (NFC) and caseless.

    Keys in the order of code points are sorted by letters first, then by accents. A text that is too long for `limit`
    characters gets the key "", which no other text has.
    """
    text = text.strip()
    if text.isascii():
        return text.lower()
    if not is_bounded(text, limit):
        return ""
    caseless = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    folded = fold(caseless)
    return caseless if folded == caseless else f"{folded}{TIE}{caseless}"
