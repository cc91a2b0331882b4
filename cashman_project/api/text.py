"""Text that people read."""

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Zs"}  # Unicode's categories of controls, formats (zero-width, bidi) and spaces

BREAKS = {
    "Cc",
    "Zl",
    "Zp",
}  # controls, with tabs and the usual ends of lines, and the separators of lines and paragraphs


def check_seen(row: models.Model, name: str) -> None:
    """Raise ValidationError where the row's text of this name shows nothing; empty ones its field itself refuses."""
    text = getattr(row, name)
    if isinstance(text, str) and text and all(unicodedata.category(character) in UNSEEN for character in text):
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
