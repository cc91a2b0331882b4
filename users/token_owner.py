"""The owner of a token, read in one column together with the token. If the column has not changed, its parsed values
are used again."""

from functools import lru_cache

import orjson
from django.db.models import DateTimeField

from cashman_project.api.fastpath.row_json import ArrayJSON
from cashman_project.db.derived_fields import DerivedField

from .models import User

# No request with a token needs the other fields. Besides, the two databases write timestamps differently.
FIELDS = [field for field in User._meta.concrete_fields if not isinstance(field, DateTimeField | DerivedField)]
NAMES = [field.attname for field in FIELDS]


def owner_column() -> ArrayJSON:
    """Return the expression of a row's owner, as text that `owner_from` reads."""
    return ArrayJSON(*[f"owner__{name}" for name in NAMES])


def owner_from(text: str) -> User:
    """Return the user from an `owner_column`. Fields that it lacks are read when they are needed."""
    return User.from_db(None, NAMES, _values(text))


@lru_cache(maxsize=4_096)
def _values(text: str) -> list[object]:
    return [field.to_python(value) for field, value in zip(FIELDS, orjson.loads(text), strict=True)]
