"""System checks: a viewset is on the fast path only if that bypasses nothing, and can write each of its fields."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, cast

import orjson
from django.core import checks
from django.core.exceptions import FieldError
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import BasePermission, OperandHolder, SingleOperandHolder
from rest_framework.serializers import ListSerializer

from ..filters import StrictFilterBackend
from ..pagination import KeysetPagination
from ..serializers import StrictListSerializer, StrictModelSerializer
from ..types import SerializerField
from ..viewsets import OwnedModelViewSet
from .overrides import overridden
from .row_json import WordJSON, find_form, readable_fields

# The methods that decide which rows are seen and how they look, and that the fast path does not call.
VIEW_HOOKS = (
    "get_queryset",
    "filter_queryset",
    "get_object",
    "paginate_queryset",
    "get_paginated_response",
    "get_serializer",
    "get_serializer_class",
    "list",
    "retrieve",
    "check_object_permissions",
    "get_permissions",  # which would hide permissions from this check
)
SERIALIZER_HOOKS = ("__init__", "get_fields", "fields", "to_representation", "data")
LIST_HOOKS = ("to_representation", "data")
PAGE_HOOKS = ("paginate_queryset", "get_paginated_response")


class Route(Protocol):
    """The view of a viewset's route: a function with these attributes."""

    cls: type[OwnedModelViewSet]
    actions: Mapping[str, str]  # by the method of the request
    initkwargs: Mapping[str, object]


# What the fast path reads from the class, so that a route's `as_view()` can't give the view another.
DECLARATIONS = {
    "fastpath",
    "filter_backends",
    "filterset_class",
    "pagination_class",
    "permission_classes",
    "queryset",
    "serializer_class",
}


@checks.register
def check_fastpath(**kwargs: object) -> list[checks.CheckMessage]:
    """api.E002 and api.E003: what the fast path would bypass, and what it can't write, of each viewset that has it."""
    routes = [route for route in routes_of(get_resolver().url_patterns) if _is_read(route)]
    viewsets = dict.fromkeys(route.cls for route in routes if route.cls.fastpath)
    return [
        *[message for route in routes for message in route_faults(route)],
        *[message for viewset in viewsets for message in [*hook_faults(viewset), *field_faults(viewset)]],
    ]


def route_faults(route: Route) -> list[checks.CheckMessage]:
    """Return what a route gives its view in place of what the class of the viewset declares."""
    given = sorted(DECLARATIONS & route.initkwargs.keys())
    if not given or not (route.cls.fastpath or "fastpath" in given):
        return []
    return [
        checks.Error(
            f"A route gives {', '.join(given)} to {route.cls.__name__}.as_view(), but the fast path reads the class.",
            hint="Declare it in a class derived from the viewset.",
            obj=route.cls,
            id="api.E002",
        )
    ]


def hook_faults(viewset: type[OwnedModelViewSet]) -> list[checks.CheckMessage]:
    """Return the methods that the viewset, or what it declares, overrides and the fast path would bypass."""
    return [
        checks.Error(
            f"{viewset.__name__} has fastpath = True, which bypasses {owner.__name__}.{name}.",
            hint=f"Set fastpath = False in {viewset.__name__}, or do without {owner.__name__}.{name}.",
            obj=viewset,
            id="api.E002",
        )
        for owner, name in _bypassed(viewset)
    ]


def field_faults(viewset: type[OwnedModelViewSet]) -> list[checks.CheckMessage]:
    """Return the fields of the viewset's serializer that the database can't write as the serializer does."""
    serializer = getattr(viewset, "serializer_class", None)
    if serializer is None:  # then get_serializer_class() is overridden, which is an error of its own
        return []
    return [
        checks.Error(
            f"{serializer.__name__}.{name}: {fault}",
            hint=f"Give {type(field).__name__} a method json_value() that returns the SQL of what to_representation "
            f"makes, add it to VALUES in fastpath/row_json.py, or set fastpath = False in {viewset.__name__}.",
            obj=viewset,
            id="api.E003",
        )
        for name, field in readable_fields(serializer()).items()
        if (fault := _field_fault(viewset, field))
    ]


def _field_fault(viewset: type[OwnedModelViewSet], field: SerializerField) -> str:
    form = find_form(field)
    if form is None:
        return f"the fast path has no form in SQL for a {type(field).__name__}."
    try:
        viewset.queryset.values_list(form)
    except FieldError as error:
        return f"the database has no such column. {error}"
    if isinstance(form, WordJSON) and any(
        orjson.dumps(str(word)) != f'"{word}"'.encode() for word in getattr(field, "choices", ())
    ):
        return "a choice has characters that JSON escapes, which the fast path does not expect in one."
    return ""


def _bypassed(viewset: type[OwnedModelViewSet]) -> Iterator[tuple[type, str]]:
    """Yield each method that is bypassed, and the class that overrides it."""
    yield from overridden(viewset, OwnedModelViewSet, VIEW_HOOKS)
    if serializer := viewset.serializer_class:
        many = getattr(getattr(serializer, "Meta", None), "list_serializer_class", ListSerializer)
        yield from overridden(serializer, StrictModelSerializer, SERIALIZER_HOOKS)
        yield from overridden(many, StrictListSerializer, LIST_HOOKS)
    yield from overridden(viewset.pagination_class or type(None), KeysetPagination, PAGE_HOOKS)
    for backend in viewset.filter_backends:
        yield from overridden(backend, StrictFilterBackend, ("filter_queryset",))
    for permission in _permissions(viewset.permission_classes):
        yield from overridden(permission, BasePermission, ("has_object_permission",))


def _permissions(declared: Iterable[object]) -> Iterator[type]:
    """Yield the classes of permissions; of one that is made of others by &, | and ~ those others."""
    for permission in declared:
        if isinstance(permission, OperandHolder):
            yield from _permissions([permission.op1_class, permission.op2_class])
        elif isinstance(permission, SingleOperandHolder):
            yield from _permissions([permission.op1_class])
        elif isinstance(permission, type):
            yield permission


def routes_of(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[Route]:
    """Yield the view of each route of a viewset."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes_of(pattern.url_patterns)
        elif issubclass(getattr(pattern.callback, "cls", object), OwnedModelViewSet):
            yield cast(Route, pattern.callback)


def _is_read(route: Route) -> bool:
    return not {"list", "retrieve"}.isdisjoint(route.actions.values())
