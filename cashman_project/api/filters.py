"""Strict filters: a parameter that is not understood is a 400 that names it. An empty value counts as absent.

The reasons are in docs/adr/0031-filters-by-class.md.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote_to_bytes

import django_filters
from django import forms
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters.constants import EMPTY_VALUES
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.serializers import as_serializer_error

from ..db.compiled import Parameter
from .dates import INVALID_DATE, INVALID_TIMESTAMP, parse_date, parse_timestamp
from .types import Validated

if TYPE_CHECKING:
    from rest_framework.views import APIView

NO_FLAG = _("Give true or false.")
ModelT = TypeVar("ModelT", bound=Model)


class FilterSet(django_filters.FilterSet):
    """The filters of a list. The class reads and applies their values; an instance is only for the form of a page.

    django-filter would copy all filters and make a form of them for each request. A filter's `method` is a function
    that needs no request: `values_of` has looked up what depends on the request.
    """

    @classmethod
    def names_in(cls, request: Request) -> set[str]:
        """Return the names of the filters that have a value in the request."""
        return {name for name, texts in request.query_params.lists() if name in cls.base_filters and any(texts)}

    @classmethod
    def values_of(cls, request: Request) -> Validated:
        """Return the values of the request's filters; raises ValidationError (400) that names each wrong parameter."""
        names, values, errors = cls.names_in(request), {}, {}
        for name, field in _fields(cls).items():
            if name in names:
                try:
                    values[name] = field.clean(field.widget.value_from_datadict(request.query_params, {}, name))
                except DjangoValidationError as error:
                    errors[name] = error
        if errors:
            raise ValidationError(as_serializer_error(DjangoValidationError(errors)))
        return {name: value for name, value in values.items() if value not in EMPTY_VALUES}

    @classmethod
    # The rows are a queryset of any class, and stay one of the same class.
    def applied(cls, rows: Any, values: Mapping[str, object]) -> Any:
        """Return the rows that match the values, or parameters that stand for values."""
        for name, value in values.items():
            rows = cls.base_filters[name].filter(rows, value)
        return rows

    @classmethod
    def allow_parameters(cls, values: Mapping[str, object]) -> bool:
        """Return whether `parameters` can stand for the values: each filter compares one value with a column."""
        return not any(cls.base_filters[name].method or isinstance(value, list) for name, value in values.items())

    @classmethod
    def parameters(cls, model: type[Model], names: Iterable[str]) -> dict[str, Parameter]:
        """Return the parameters of a statement that stand for the values of these filters."""
        fields = {name: model._meta.get_field(str(cls.base_filters[name].field_name)) for name in names}
        return {name: Parameter(name, field) for name, field in fields.items()}


@lru_cache
def _fields(filterset: type[FilterSet]) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = filterset().get_form_class().base_fields
    return fields


class StrictFilterBackend(DjangoFilterBackend):
    """Applies the view's `filterset_class`; raises ValidationError (400) that names each wrong parameter."""

    # The stub has Django's request here, but the REST framework gives its own.
    def filter_queryset(self, request: Any, queryset: QuerySet[ModelT], view: "APIView") -> QuerySet[ModelT]:
        filters: type[FilterSet] | None = getattr(view, "filterset_class", None)
        return filters.applied(queryset, filters.values_of(request)) if filters else queryset


def check_parameters(request: Request, allowed: frozenset[str], repeatable: frozenset[str]) -> None:
    """Raise ValidationError that names each parameter that is not `allowed`, or is given twice and not `repeatable`.

    Raises ParseError (400) if the query is not UTF-8; Django would drop some of its characters.
    """
    query = request.META["QUERY_STRING"]
    if not query:
        return
    try:
        unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise ParseError(_("The query is not UTF-8.")) from None
    unknown = {name: [_("There is no such parameter here.")] for name in request.query_params if name not in allowed}
    if unknown:
        raise ValidationError(unknown, code="unknown_parameter")
    twice = {
        name: [_("This parameter is given more than once.")]
        for name, values in request.query_params.lists()
        if len(values) > 1 and name not in repeatable
    }
    if twice:
        raise ValidationError(twice, code="repeated_parameter")


def flag_of(request: Request, name: str, *, default: bool = False) -> bool:
    """Return whether a parameter is true; the default if it is absent. Raises ValidationError (400) on any other
    value."""
    text = request.query_params.get(name) or ("true" if default else "false")
    if text not in ("true", "false"):
        raise ValidationError({name: [NO_FLAG]}, code="invalid")
    return text == "true"


def word_of(request: Request, name: str, words: Sequence[str]) -> str:
    """Return which of the words a parameter has, or "" if it is absent. Raises ValidationError (400)."""
    text: str = request.query_params.get(name, "")
    if text and text not in words:
        message = gettext("Give one of %(words)s.") % {"words": ", ".join(words)}
        raise ValidationError({name: [message]}, code="invalid_choice")
    return text


def number_of(request: Request, name: str, least: int, most: int) -> int | None:
    """Return the whole number that a parameter is; None if it is absent. Raises ValidationError (400)."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        message = _("Give a whole number from %(least)d to %(most)d.") % {"least": least, "most": most}
        raise ValidationError({name: [message]}, code="invalid")
    return int(text)


class DateFormField(forms.Field):
    """A date such as 2026-11-30."""

    widget = forms.DateInput

    def to_python(self, value: str | None) -> datetime.date | None:
        try:
            return parse_date(value) if value else None
        except ValueError:
            raise forms.ValidationError(INVALID_DATE, code="invalid") from None


class TimestampFormField(forms.Field):
    """A timestamp such as 2026-11-30T08:15:00Z."""

    def to_python(self, value: str | None) -> datetime.datetime | None:
        try:
            return parse_timestamp(value) if value else None
        except ValueError:
            raise forms.ValidationError(INVALID_TIMESTAMP, code="invalid") from None


class FlagFormField(forms.Field):
    """true or false."""

    widget = forms.Select(choices=[("", "---------"), ("true", _("Yes")), ("false", _("No"))])

    def to_python(self, value: str | None) -> bool | None:
        try:
            return {"true": True, "false": False}[value] if value else None
        except KeyError:
            raise forms.ValidationError(NO_FLAG, code="invalid") from None


class TextsFormField(forms.Field):
    """A repeatable parameter's texts."""

    widget = forms.SelectMultiple

    def to_python(self, value: list[str] | None) -> list[str]:
        texts = [text for text in value or [] if text]
        for text in texts:
            if "\0" in text:
                raise forms.ValidationError(_("Null characters are not allowed."), code="invalid")
        return texts


class DateFilter(django_filters.Filter):
    field_class = DateFormField


class TimestampFilter(django_filters.Filter):
    field_class = TimestampFormField


@extend_schema_field(OpenApiTypes.BOOL)
class FlagFilter(django_filters.Filter):
    field_class = FlagFormField


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class TextsFilter(django_filters.Filter):
    """A filter whose parameter may be repeated."""

    field_class = TextsFormField
