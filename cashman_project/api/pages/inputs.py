"""The inputs of the pages' forms and filters, and the links that sort a list."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django import forms
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_filters import FilterSet
from rest_framework import serializers
from rest_framework.renderers import HTMLFormRenderer
from rest_framework.request import Request

from ..filters import DateFormField
from ..pagination import OrderedView, SortKey, starts_descending
from ..problems import FieldError
from ..types import FieldsSerializer, SerializerField


@dataclass(frozen=True)
class Suggestion:
    """A value that an input suggests. If it is chosen, the script fills other inputs with `fills`, by their names."""

    text: str
    fills: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Input:
    """One input of a form: `kind` is "select", "radio", "textarea", or the type of an HTML input."""

    name: str
    label: str
    kind: str = "text"
    values: list[str] = dataclasses.field(default_factory=list)
    choices: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    suggestions: list[Suggestion] = dataclasses.field(default_factory=list)
    mode: str = ""  # HTML's inputmode: the keyboard that a phone shows
    max_length: int | None = None
    required: bool = False
    errors: list[str] = dataclasses.field(default_factory=list)
    theirs: str | None = None  # what somebody else has stored meanwhile, if the form has another value
    more: bool = False  # whether it is behind "More"
    none: str = ""  # of a select: what it means to choose nothing
    all_options: SafeString | None = None  # of a select with many options; `choices` are those that come first

    @property
    def value(self) -> str:
        """The value of an input that has only one."""
        return self.values[0] if self.values else ""


@dataclass(frozen=True)
class Ordering:
    """A column that sorts a list. `url` sorts by it, or reverses the order; `direction` is the value of aria-sort."""

    url: str
    direction: str


def form_inputs(
    serializer: FieldsSerializer,
    errors: Iterable[FieldError] = (),
    new_row: Mapping[str, str] = MappingProxyType({}),
    suggestions: Mapping[str, list[Suggestion]] = MappingProxyType({}),
) -> list[Input]:
    """Return an input for each field that can be written, with the suggestions for it. Its value was sent, or is
    stored, or is that of `new_row`, or is the default."""
    is_sent = hasattr(serializer, "initial_data")
    values = serializer.data if serializer.instance is not None and not is_sent else serializer.get_initial()
    return [
        _form_input(
            name, field, new_row.get(name, values.get(name)), is_sent, _details(errors, name), suggestions.get(name)
        )
        for name, field in serializer.fields.items()
        if not field.read_only and not (isinstance(field, serializers.ChoiceField) and len(field.choices) == 1)
    ]


def _form_input(
    name: str,
    field: SerializerField,
    value: object,
    is_sent: bool,
    errors: list[str],
    suggestions: list[Suggestion] | None,
) -> Input:
    if value == []:  # which a form shows as nothing
        value = ""
    if isinstance(value, bool):
        value = "on" if value else "off"
    if value and not is_sent:  # what was sent is shown as it was typed
        value = getattr(field, "form_value", str)(value)
    style = {**HTMLFormRenderer.default_style[field], **field.style}
    template = style["base_template"].removesuffix(".html")
    kind = style["input_type"] if template == "input" else template
    return Input(
        name,
        str(field.label),
        kind=kind,
        values=[] if value is None or kind == "password" else [str(value)],
        choices=_choices(field) if kind in ("select", "radio") else [],
        suggestions=suggestions or [Suggestion(text) for text in sorted(style.get("suggestions", list)())],
        mode=style.get("mode", ""),
        max_length=getattr(field, "max_length", None),
        required=field.required,
        errors=errors,
    )


def _choices(field: SerializerField) -> list[tuple[str, str]]:
    """Return the choices of the field and their labels. The one that a new form begins with is the first."""
    choices = [(str(key), capfirst(str(label))) for key, label in getattr(field, "choices", {}).items()]
    return sorted(choices, key=lambda choice: choice[0] != field.initial)


def filter_inputs(filterset: FilterSet, request: Request, errors: Iterable[FieldError] = ()) -> dict[str, Input]:
    """Return the inputs of the filters by name, with the values in the request."""
    return {
        name: _filter_input(name, field, request.query_params.getlist(name), _details(errors, name))
        for name, field in filterset.form.fields.items()
    }


def _filter_input(name: str, field: forms.Field, values: list[str], errors: list[str]) -> Input:
    is_select = isinstance(field.widget, forms.Select)
    return Input(
        name,
        capfirst(name.replace("_", " ")),
        kind="select" if is_select else "date" if isinstance(field, DateFormField) else "text",
        values=[value for value in values if value],
        choices=[(str(key), capfirst(str(label))) for key, label in field.widget.choices if key] if is_select else [],
        mode=field.widget.attrs.get("inputmode", ""),
        max_length=getattr(field, "max_length", None),
        errors=errors,
    )


def _details(errors: Iterable[FieldError], name: str) -> list[str]:
    """Return what the errors say about the field."""
    return [error["detail"] for error in errors if error["field"] == name]


def orderings(request: Request, view: OrderedView) -> dict[str, Ordering]:
    """Return the view's orderings by name, for the headers of its columns."""
    current = request.query_params.get("ordering") or view.default_ordering
    query = request.query_params.copy()
    for name in ("cursor", "ordering"):
        query.pop(name, None)
    others = f"{encoded}&" if (encoded := query.urlencode()) else ""  # encoded once, since it may be long
    found = {}
    for name, key in view.orderings.items():
        descending = current == f"-{name}"
        direction = "descending" if descending else "ascending" if current == name else "none"
        next_descending = starts_descending(view.queryset.model, key) if direction == "none" else not descending
        next_ordering = f"-{name}" if next_descending else name
        found[name] = Ordering(f"{request.path}?{others}ordering={next_ordering}", direction)
    return found


def ordering_input(request: Request, view: OrderedView) -> Input:
    """Return the select of the view's orderings, for the form with its filters."""
    choices = []
    for name, key in view.orderings.items():
        label = capfirst(_ordering_name(view, name))
        both = [(f"-{name}", f"{label} ↓"), (name, f"{label} ↑")]
        choices += both if starts_descending(view.queryset.model, key) else both[::-1]
    current = request.query_params.get("ordering") or view.default_ordering
    return Input("ordering", _("Order"), kind="select", values=[current], choices=choices)


def _ordering_name(view: OrderedView, name: str) -> str:
    """Return what people call an ordering: as its sort key says, or as the field of that name, if there is one."""
    key = view.orderings[name]
    if isinstance(key, SortKey) and key.label:
        return str(key.label)
    fields = {field.name: field for field in view.queryset.model._meta.concrete_fields}
    return str(fields[name].verbose_name) if name in fields else name.replace("_", " ")
