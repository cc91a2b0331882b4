"""System checks of resources: a field that is declared in one place is in all others, and is read strictly."""

from collections.abc import Iterator

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core import checks
from django.db.models import Model, UniqueConstraint
from django.urls import get_resolver
from rest_framework import serializers

from cashman_project.db.derived_fields import DerivedField

from .fastpath.checks import routes_of
from .viewsets import OwnedModelViewSet


@checks.register
def check_resources(**kwargs: object) -> list[checks.CheckMessage]:
    """api.E004 to api.E008: what each viewset's serializer, model, admin and pages don't agree about, or don't say."""
    viewsets: dict[type[OwnedModelViewSet], set[str]] = {}  # with their actions
    for route in routes_of(get_resolver().url_patterns):
        viewsets.setdefault(route.cls, set()).update(route.actions.values())
    models = dict.fromkeys(viewset.queryset.model for viewset in viewsets)
    return [
        *[found for viewset in viewsets for found in [*_lenient(viewset), *_missing(viewset)]],
        *[found for viewset, actions in viewsets.items() for found in _pageless(viewset, actions)],
        *[found for model in models for found in [*_unmanaged(model), *_speechless(model)]],
    ]


def _lenient(viewset: type[OwnedModelViewSet]) -> Iterator[checks.CheckMessage]:
    """Yield the fields that convert what they are sent, or that find the rows of every owner."""
    serializer = viewset.serializer_class
    for name, field in serializer().fields.items() if serializer else ():
        if field.read_only:
            continue
        kind = getattr(field, "child", field)
        reader = _owner_of(kind, "to_internal_value")
        if isinstance(kind, serializers.RelatedField) and _is_foreign(_owner_of(kind, "get_queryset")):
            fault, hint = "finds the rows of every owner", "Override get_queryset() as transactions.CategoryField does."
        elif _is_foreign(reader) and reader not in (serializers.ListField, serializers.HiddenField):
            fault = "converts what it is sent"
            hint = "Declare a Strict... field of cashman_project/api/serializers.py, or write one."
        else:
            continue
        yield checks.Error(
            f"{serializer.__name__}.{name}: {type(kind).__name__} {fault}.", hint=hint, obj=viewset, id="api.E004"
        )


def _missing(viewset: type[OwnedModelViewSet]) -> Iterator[checks.CheckMessage]:
    """Yield the editable fields of the model that the serializer has not."""
    serializer = getattr(viewset, "serializer_class", None)
    if serializer is None:  # then get_serializer_class() is overridden
        return
    fields = serializer().fields.values()
    shown = {name for field in fields for name in getattr(field, "columns", [field.source.partition(".")[0]])}
    for name in _editable(viewset.queryset.model) - shown - {"owner"}:
        yield checks.Error(
            f"{viewset.queryset.model.__name__}.{name} is not in {serializer.__name__}.",
            hint=f"Add it to {serializer.__name__}.Meta.fields, or give the model's field editable=False.",
            obj=viewset,
            id="api.E005",
        )


def _pageless(viewset: type[OwnedModelViewSet], actions: set[str]) -> Iterator[checks.CheckMessage]:
    """Yield the actions that have a page by default, and lost it because the viewset declares others."""
    for action in actions & OwnedModelViewSet.pages.keys() - viewset.pages.keys():
        yield checks.Error(
            f"{viewset.__name__}.pages has no template for {action}.",
            hint=f"Add one, such as {OwnedModelViewSet.pages[action]}: `pages` replaces the default.",
            obj=viewset,
            id="api.E007",
        )


def _speechless(model: type[Model]) -> Iterator[checks.CheckMessage]:
    """Yield the unique constraints whose error would show Django's text, which names the constraint."""
    sent = {field.name for field in model._meta.concrete_fields if field.editable or isinstance(field, DerivedField)}
    for constraint in model._meta.constraints:
        if (
            isinstance(constraint, UniqueConstraint)
            and sent.intersection(constraint.fields) - {"owner"}
            and constraint.violation_error_message == UniqueConstraint.default_violation_error_message
        ):
            yield checks.Error(
                f"{model.__name__}'s constraint {constraint.name} has no violation_error_message.",
                hint='Say what is taken, such as "You already have a category with this name."',
                obj=model,
                id="api.E008",
            )


def _unmanaged(model: type[Model]) -> Iterator[checks.CheckMessage]:
    """Yield the model, if it is not in the admin, or its editable fields that the admin's form has not."""
    page = admin.site._registry.get(model)
    if page is None:
        yield checks.Error(f"{model.__name__} is not in the admin.", hint="Register it.", obj=model, id="api.E006")
    else:
        shown = flatten_fieldsets(page.fieldsets or [(None, {"fields": page.fields or ()})])
        for name in _editable(model) - {*shown, *(page.exclude or ())}:
            yield checks.Error(
                f"{model.__name__}.{name} is not in {type(page).__name__}.",
                hint=f"Add it to {type(page).__name__}.fields, or to its exclude.",
                obj=model,
                id="api.E006",
            )


def _editable(model: type[Model]) -> set[str]:
    return {field.name for field in model._meta.concrete_fields if field.editable and not field.primary_key}


def _owner_of(field: object, name: str) -> type:
    """Return the class that defines the method of the field."""
    return next(kind for kind in type(field).__mro__ if name in vars(kind))


def _is_foreign(kind: type) -> bool:
    return kind.__module__.startswith("rest_framework.")
