"""The inputs of the pages' forms and filters, and the links that sort a list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_filters import FilterSet
from rest_framework import serializers
from rest_framework.renderers import HTMLFormRenderer
from rest_framework.request import Request

from ..filters import DateFormField


@dataclass(frozen=True)
class Input:
    """One input of a form: `kind` is "select", "textarea", or the type of an HTML input."""

    name: str
    label: str
    kind: str = "text"
    values: list[str] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    suggestions: list[str] = field(default_factory=list)
    mode: str = ""  # the keyboard that a telephone shows
    max_length: int | None = None
    required: bool = False
    errors: list[str] = field(default_factory=list)

    @property
    def value(self) -> str:
        """The one value of an input that is no select."""
        return self.values[0] if self.values else ""


@dataclass(frozen=True)
class Ordering:
    """A way to sort a list: `url` sorts by it, or turns the present order round; `direction` is ARIA's word."""

    url: str
    direction: str


def form_inputs(serializer: serializers.Serializer[Any], faults: Iterable[Mapping[str, Any]] = ()) -> list[Input]:
    """Return the inputs of the fields that can be written, with what was sent, is stored, or is the default."""
    is_sent = hasattr(serializer, "initial_data")
    values = serializer.data if serializer.instance is not None and not is_sent else serializer.get_initial()
    return [
        _form_input(name, one, values.get(name), _errors(faults, name))
        for name, one in serializer.fields.items()
        if not one.read_only and not (isinstance(one, serializers.ChoiceField) and len(one.choices) == 1)
    ]


def _form_input(name: str, one: Any, value: object, errors: list[str]) -> Input:
    style = {**HTMLFormRenderer.default_style[one], **one.style}
    template = style["base_template"].removesuffix(".html")
    kind = style["input_type"] if template == "input" else template
    return Input(
        name,
        str(one.label),
        kind=kind,
        values=[] if value is None or kind == "password" else [str(value)],
        choices=[(str(key), capfirst(str(label))) for key, label in getattr(one, "choices", {}).items()],
        suggestions=sorted(style.get("suggestions", list)()),
        mode=style.get("mode", ""),
        max_length=getattr(one, "max_length", None),
        required=one.required,
        errors=errors,
    )


def differences(serializer: serializers.Serializer[Any], present: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a fault for each field that was sent with another value than the present one."""
    told = _("It is now: %(value)s")
    return [
        {"field": name, "detail": told % {"value": present[name] or "—"}}
        for name, value in serializer.get_initial().items()
        if (value or "") != (present[name] or "")
    ]


def filter_inputs(filterset: FilterSet, request: Request, faults: Iterable[Mapping[str, Any]] = ()) -> dict[str, Input]:
    """Return the inputs of the filters by name, with what the request filters by."""
    return {
        name: _filter_input(name, one, request.query_params.getlist(name), _errors(faults, name))
        for name, one in filterset.form.fields.items()
    }


def _filter_input(name: str, one: forms.Field, values: list[str], errors: list[str]) -> Input:
    is_select = isinstance(one.widget, forms.Select)
    return Input(
        name,
        capfirst(name.replace("_", " ")),
        kind="select" if is_select else "date" if isinstance(one, DateFormField) else "text",
        values=[value for value in values if value],
        choices=[(str(key), capfirst(str(label))) for key, label in one.widget.choices if key] if is_select else [],
        mode=one.widget.attrs.get("inputmode", ""),
        max_length=getattr(one, "max_length", None),
        errors=errors,
    )


def _errors(faults: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    return [fault["detail"] for fault in faults if fault["field"] == name]


def orderings(request: Request, view: Any) -> dict[str, Ordering]:
    """Return the view's orderings by name, for the heads of its columns."""
    present = request.query_params.get("ordering") or view.default_ordering
    query = request.query_params.copy()
    for name in ("cursor", "ordering"):
        query.pop(name, None)
    others = f"{encoded}&" if (encoded := query.urlencode()) else ""  # encoded once, since it may be long
    found = {}
    for name in view.orderings:
        descending = present == f"-{name}"
        direction = "descending" if descending else "ascending" if present == name else "none"
        turned = view.default_ordering.startswith("-") if direction == "none" else not descending
        found[name] = Ordering(f"{request.path}?{others}ordering={'-' if turned else ''}{name}", direction)
    return found


def ordering_input(request: Request, view: Any) -> Input:
    """Return the select of the view's orderings, for the form of its filters."""
    choices = []
    for name in view.orderings:
        label = capfirst(name.removesuffix("_at").replace("_", " "))
        choices += [(f"-{name}", f"{label} ↓"), (name, f"{label} ↑")]
    present = request.query_params.get("ordering") or view.default_ordering
    return Input("ordering", _("Order"), kind="select", values=[present], choices=choices)


def _created(data: Any, view: Any) -> Any:
    """Return the row that was created with that data; None where a form was sent again after the row was deleted."""
    serializer = getattr(data, "serializer", None)
    return serializer.instance if serializer else view.get_queryset().filter(pk=data["id"]).first()
