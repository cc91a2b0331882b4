"""Text that people read: when two texts are the same, and in which order they come (docs/adr/0017-the-same-text.md)."""

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Zs"}  # Unicode's categories of controls, formats (zero-width, bidi) and spaces
DECOMPOSED = 2  # how many times longer than its limit a text may come, since composing it makes it shorter
TIE = "\1"  # sorts before whatever a longer name goes on with
# Letters that are another one with a stroke, or two in one. Unicode decomposes none of them, but sorts them so (UCA).
LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe"}

BREAKS = {
    "Cc",
    "Zl",
    "Zp",
}  # controls, with tabs and the usual ends of lines, and the separators of lines and paragraphs


def check_visible(row: models.Model, name: str) -> None:
    """Raise ValidationError where the row's text of this name shows nothing; empty ones its field itself refuses."""
    text = getattr(row, name)
    if not isinstance(text, str) or not text or "!" <= text[0] <= "~":  # most texts start with a visible one of ASCII
        return
    if all(unicodedata.category(character) in INVISIBLE for character in text):
        field: Any = row._meta.get_field(name)
        raise ValidationError({name: ValidationError(field.error_messages["blank"], code="blank")})


def validate_one_line(text: str) -> None:
    """Raise ValidationError on a line break or a control character, which an input of one line can't hold.

    A form that shows such a text would send another one back. NUL is refused where any text is.
    """
    if not text.isprintable() and any(
        unicodedata.category(character) in BREAKS and character != "\0" for character in text
    ):
        raise ValidationError(
            _("One line only: take line breaks, tabs and control characters out."), code="not_one_line"
        )


def is_bounded(text: str, limit: int) -> bool:
    """Return whether the text is short enough to be composed, if `limit` characters is what may come of it.

    Composing takes time by the square of a run of accents, so this is asked first, always.
    """
    return len(text) <= DECOMPOSED * limit


def compose(text: str, limit: int, form: Any = "NFC") -> str:
    """Return the text in a normal form of Unicode; as it is if it is too long to have `limit` characters then."""
    return unicodedata.normalize(form, text) if is_bounded(text, limit) else text


def fold(text: str) -> str:
    """Return the text without case and accents, for search and order: "CAFÉ" and "Cafe\\u0301" become "cafe".

    It takes time by the length alone. A text of nothing but accents keeps them.
    """
    if text.isascii():
        return text.lower()
    bare = _bare(text.casefold())  # first, since long runs of accents are what decomposing is slow at
    folded = unicodedata.normalize("NFC", _bare(unicodedata.normalize("NFD", bare)))
    return folded or text


def _bare(text: str) -> str:
    return "".join([LETTERS.get(letter, letter) for letter in text if not unicodedata.combining(letter)])


def text_key(text: str, limit: int) -> str:
    """Return what all ways to write a text of up to `limit` characters share: trimmed, composed (NFC) and caseless.

    In the order of code points keys sort by letters first, then by accents. No text has the key "", which is
    returned for one that is too long.
    """
    text = text.strip()
    if text.isascii():
        return text.lower()
    if not is_bounded(text, limit):
        return ""
    caseless = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    folded = fold(caseless)
    return caseless if folded == caseless else f"{folded}{TIE}{caseless}"
