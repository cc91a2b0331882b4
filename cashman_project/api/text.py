"""Text that people read."""

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

UNSEEN = {"Cc", "Cf", "Zl", "Zp", "Zs"}  # Unicode's categories of controls, formats (zero-width, bidi) and spaces


def check_seen(row: models.Model, name: str) -> None:
    """Raise ValidationError where the row's text of this name shows nothing; empty ones its field itself refuses."""
    text = getattr(row, name)
    if isinstance(text, str) and text and all(unicodedata.category(character) in UNSEEN for character in text):
        field: Any = row._meta.get_field(name)
        raise ValidationError({name: ValidationError(field.error_messages["blank"], code="blank")})
