"""What the browsable pages are made of: the inputs of their forms, the links that sort, and what a sent form does.

The pages need no script. HTML forms know GET and POST alone, so a form names another method in `_method`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_filters import FilterSet
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.renderers import HTMLFormRenderer
from rest_framework.request import Request, is_form_media_type
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.utils.urls import remove_query_param, replace_query_param

from .filters import DateFormField
from .parsers import FORM_HEADERS, METHOD_FIELD

FORM_METHODS = {"PUT", "PATCH", "DELETE"}


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
    told = _("By now: %(value)s")
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
    url = remove_query_param(request.get_full_path(), "cursor")
    found = {}
    for name in view.orderings:
        descending = present == f"-{name}"
        direction = "descending" if descending else "ascending" if present == name else "none"
        turned = view.default_ordering.startswith("-") if direction == "none" else not descending
        found[name] = Ordering(replace_query_param(url, "ordering", f"-{name}" if turned else name), direction)
    return found


def ordering_input(request: Request, view: Any) -> Input:
    """Return the select of the view's orderings, for the form of its filters."""
    choices = []
    for name in view.orderings:
        label = capfirst(name.removesuffix("_at").replace("_", " "))
        choices += [(f"-{name}", f"{label} ↓"), (name, f"{label} ↑")]
    present = request.query_params.get("ordering") or view.default_ordering
    return Input("ordering", _("Order"), kind="select", values=[present], choices=choices)


def is_page_form(request: Request) -> bool:
    """Return whether a browser session sent this request by a form, and takes a page for an answer."""
    return (
        is_form_media_type(request.content_type)
        and request.accepted_renderer.format == "api"
        and isinstance(request.successful_authenticator, SessionAuthentication)
    )


def take_method(request: Request, view: Any) -> None:
    """Give the request the method and the headers that its form holds. Its CSRF token has been checked by then."""
    if request.method == "POST" and is_page_form(request):
        for name, header in FORM_HEADERS.items():
            if name in request.data:
                request.META[header] = str(request.data[name])
        method = request.data.get(METHOD_FIELD)
        if method in FORM_METHODS:
            request._request.method = method
            if hasattr(view, "action_map"):
                view.action = view.action_map.get(method.lower())


def see_other(request: Request, response: Response, view: Any) -> HttpResponse:
    """Return the 303 that answers a form that was accepted: a reload of what it leads to sends nothing again."""
    url, notice = request.path, _("Saved.")
    if response.status_code == 201:
        if row := _created(response.data, view):
            notice = format_html('{} <a href="{}">{}</a>', _("Saved:"), response["Location"], row)
    elif response.status_code == 204 and not hasattr(view, "basename"):
        url, notice = reverse("root"), _("Done.")
    elif response.status_code == 204:
        url, notice = reverse(f"{view.basename}-list"), format_html("{} {}", _("Deleted:"), view.row)
    messages.success(request._request, notice)
    return HttpResponse(status=303, headers={"Location": url})


def _created(data: Any, view: Any) -> Any:
    """Return the row that was created with that data; None where a form was sent again after the row was deleted."""
    serializer = getattr(data, "serializer", None)
    return serializer.instance if serializer else view.get_queryset().filter(pk=data["id"]).first()
