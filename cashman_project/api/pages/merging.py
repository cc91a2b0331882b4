"""A change that is saved on a page after the row was changed elsewhere (docs/adr/0009-pages-without-a-script.md).

The form knows the values that it was opened with. So it is known which fields the user changed, and which somebody else
did. Only a field that both changed, to different values, needs a decision. Two texts that mean the same, such as 7 and
7.00, are one value.
"""

import copy
from typing import Any, NamedTuple

import orjson
from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.fields import SkipField

from ..parsers import BASE_FIELD, TAKE_FIELD
from ..problems import FieldError
from ..serializers import assign
from ..types import FieldsSerializer, JSONObject
from .inputs import Input, form_inputs


class Merged(NamedTuple):
    """The form with the user's changes, and what is stored in the other fields; and the fields that both changed."""

    data: QueryDict
    conflicts: frozenset[str]


def base_of(inputs: list[Input]) -> str:
    """Return the values that a form is opened with, for its hidden field."""
    return orjson.dumps({one.name: one.value for one in inputs}).decode()


def decided(data: Any) -> Any:  # Any: a QueryDict, which the stub does not promise
    """Return the form with the values that it was opened with in the fields that are to stay as they are stored."""
    base, names = _base(data.get(BASE_FIELD)), data.getlist(TAKE_FIELD)
    if not names:
        return data
    result = data.copy()
    for name in base.keys() & set(names):
        result[name] = base[name]
    return result


def merged(sent: Any, stored: Any) -> Merged | None:  # Any: FieldsSerializers, likewise
    """Return the form of the serializer `sent`, merged into the row of the serializer `stored`. It is None
    if the form doesn't know what it was opened with.
    """
    data: QueryDict = sent.initial_data
    base = _base(data.get(BASE_FIELD))
    present = {one.name: one.value for one in form_inputs(stored)}
    if not base or not base.keys() <= present.keys():
        return None
    changed = {name for name in base if not _is_same(sent, name, data.get(name, base[name]), base[name])}
    result = data.copy()
    for name in base.keys() - changed:
        if name in result:
            result[name] = present[name]
    both = {
        name
        for name in changed
        if not any(_is_same(sent, name, present[name], text) for text in (base[name], str(data[name])))
    }
    return Merged(result, frozenset(both))


def differences(sent: FieldsSerializer, stored: JSONObject, conflicts: frozenset[str] | None) -> list[FieldError]:
    """Return an error for each of the `conflicts`: the fields that both sides have changed. If they aren't known, there
    is one for each field that was sent with another value than the stored one."""
    message = _("Stored now: %(value)s")
    texts = sent.get_initial()
    shown = {name: getattr(sent.fields[name], "form_value", str)(stored[name] or "") for name in texts}
    if conflicts is None:
        conflicts = frozenset(name for name, text in texts.items() if not _is_same(sent, name, text or "", shown[name]))
    return [
        {"field": name, "code": "changed", "detail": message % {"value": shown[name] or "\u2014"}}
        for name in texts
        if name in conflicts
    ]


def _is_same(serializer: Any, name: str, one: str, other: str) -> bool:  # Any: as above
    """Return whether two texts of a form mean the same value of the serializer's row."""
    if one == other:
        return True
    row, field = copy.copy(serializer.instance), serializer.fields[name]
    try:
        for text in (one, other):
            form = QueryDict(mutable=True)
            form[name] = text
            changed = assign(row, {str(field.source): field.run_validation(field.get_value(form))})
    except (ValidationError, SkipField):  # no value at all
        return False
    return not changed


def _base(text: object) -> dict[str, str]:
    try:
        base = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(base, dict) or not all(isinstance(value, str) for value in base.values()):
        return {}
    return base
