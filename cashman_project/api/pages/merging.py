"""A change that is saved on a page after the row was changed elsewhere (docs/adr/0009-pages-without-a-script.md).

The form knows the values that it was opened with. So it is known which fields the user changed, and which somebody else
did. Only a field that both changed, to different values, needs a decision.
"""

from typing import Any, NamedTuple

import orjson
from django.http import QueryDict

from ..parsers import BASE_FIELD
from .inputs import Input, form_inputs


class Merged(NamedTuple):
    """The form with the user's changes, and what is stored in the other fields; and the fields that both changed."""

    data: QueryDict
    conflicts: frozenset[str]


def base_of(inputs: list[Input]) -> str:
    """Return the values that a form is opened with, for its hidden field."""
    return orjson.dumps({one.name: one.value for one in inputs}).decode()


def merged(data: Any, stored: Any) -> Merged | None:
    """Return the form merged into the row as it is stored; None if the form doesn't know what it was opened with.

    `data` is the QueryDict of a form, and `stored` a serializer of the row. They are Any because their callers take
    other bodies and serializers, too.
    """
    base = _base(data.get(BASE_FIELD))
    present = {one.name: one.value for one in form_inputs(stored)}
    if not base or not base.keys() <= present.keys():
        return None
    changed = {name for name in base if data.get(name, base[name]) != base[name]}
    result = data.copy()
    for name in base.keys() - changed:
        if name in result:
            result[name] = present[name]
    both = {name for name in changed if present[name] not in (base[name], data[name])}
    return Merged(result, frozenset(both))


def _base(text: object) -> dict[str, str]:
    try:
        base = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(base, dict) or not all(isinstance(value, str) for value in base.values()):
        return {}
    return base
