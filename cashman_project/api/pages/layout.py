"""How a form is laid out: the order of its inputs, which of them are behind "More", and selects with many options.

A serializer names the order in `Meta.form_order`, and says the rest in the style of a field: {"more": True} and
{"select": Select(...)}. What it does not name comes after that, so a new field is in the form at once.
"""

import dataclasses
from typing import TYPE_CHECKING

from ..types import FieldsSerializer
from .inputs import Input
from .selects import Select

if TYPE_CHECKING:
    from users.models import User


def laid_out(inputs: list[Input], serializer: FieldsSerializer, owner: "User") -> list[Input]:
    """Return the inputs of the serializer's form as they are shown to the owner."""
    order = {name: place for place, name in enumerate(getattr(getattr(serializer, "Meta", None), "form_order", ()))}
    shown = sorted(inputs, key=lambda one: order.get(one.name, len(order)))
    styled = [_styled(one, serializer.fields[one.name].style, owner) for one in shown]
    return [one for one in styled if one.kind != "select" or one.choices or one.all_options]  # with nothing to choose


def _styled(one: Input, style: dict[str, object], owner: "User") -> Input:
    select = style.get("select")
    if isinstance(select, Select):
        first, rest = select.first(owner, one.value), select.html()
        one = dataclasses.replace(one, kind="select", none=str(select.none), choices=first, all_options=rest)
    return dataclasses.replace(one, more=bool(style.get("more")))
