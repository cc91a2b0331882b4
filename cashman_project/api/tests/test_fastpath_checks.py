"""A viewset opts into the fast path, and the start is refused if that would bypass one of its methods."""

from typing import Any

import pytest
from django.core.checks import Error
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.urls import path
from pytest_django import Settings
from rest_framework import serializers
from rest_framework.permissions import BasePermission, IsAuthenticated

import cashman_project.urls
from cashman_project.api.fastpath.checks import VIEW_HOOKS, check_fastpath
from cashman_project.api.filters import StrictFilterBackend
from cashman_project.api.pagination import KeysetPagination
from cashman_project.api.routers import OptionalSlashRouter
from cashman_project.api.serializers import StrictCharField, StrictChoiceField
from cashman_project.api.viewsets import OwnedModelViewSet
from cashman_project.money.serializer_field import AmountField
from transactions.models import Category, Transaction
from transactions.name_views import CategoryViewSet
from transactions.serializers import CategorySerializer, TransactionListSerializer, TransactionSerializer
from transactions.views import TransactionViewSet


def nothing(*args: Any, **kwargs: Any) -> Any:
    """Stand for a method that is overridden; nobody calls it."""


def derived(base: type, **members: Any) -> Any:
    """Return a class named Derived with these members."""
    return type("Derived", (base,), members)


def found(settings: Settings, viewset: Any) -> list[tuple[str, str, str]]:
    """Return what the check says of the viewset if it has routes: ids, messages and hints."""
    router = OptionalSlashRouter()
    router.register("derived", viewset, "derived")
    settings.ROOT_URLCONF = (*router.urls, *cashman_project.urls.urlpatterns)
    faults = check_fastpath()
    assert {one.obj for one in faults} <= {viewset}
    return [(str(one.id), str(one.msg), str(one.hint)) for one in faults]


def names_of(faults: list[tuple[str, str, str]]) -> list[str]:
    """Return what the messages of api.E002 name: the class and the method that is bypassed."""
    assert {number for number, _message, _hint in faults} <= {"api.E002"}
    assert all(hint.startswith("Set fastpath = False in Derived, or ") for _number, _message, hint in faults)
    return [message.rpartition("bypasses ")[2] for _number, message, _hint in faults]


def test_the_viewsets_of_the_service_override_nothing() -> None:
    assert check_fastpath() == []
    assert CategoryViewSet.fastpath
    assert not OwnedModelViewSet.fastpath


@pytest.mark.parametrize("name", VIEW_HOOKS)
@pytest.mark.parametrize("viewset", [CategoryViewSet, TransactionViewSet])
def test_a_method_of_a_viewset_is_refused(name: str, viewset: type, settings: Settings) -> None:
    assert found(settings, derived(viewset, **{name: nothing})) == [
        (
            "api.E002",
            f"Derived has fastpath = True, which bypasses Derived.{name}.",
            f"Set fastpath = False in Derived, or do without Derived.{name}.",
        )
    ]


def test_a_method_that_a_mixin_overrides_is_refused_and_the_mixin_named(settings: Settings) -> None:
    mixin = type("Recent", (), {"get_queryset": nothing})

    assert names_of(found(settings, type("Derived", (mixin, CategoryViewSet), {}))) == ["Recent.get_queryset."]


def test_what_does_not_opt_in_may_override_everything(settings: Settings) -> None:
    hooks: dict[str, Any] = dict.fromkeys(VIEW_HOOKS, nothing)

    assert found(settings, derived(CategoryViewSet, fastpath=False, **hooks)) == []


def test_other_methods_may_be_overridden(settings: Settings) -> None:
    assert found(settings, derived(CategoryViewSet, perform_destroy=nothing, create=nothing, update=nothing)) == []


@pytest.mark.parametrize("name", ["__init__", "get_fields", "fields", "to_representation", "data"])
def test_a_method_of_a_serializer_is_refused(name: str, settings: Settings) -> None:
    """It does what it did, so that the fields can be read."""
    serializer = type("Renamed", (CategorySerializer,), {name: getattr(CategorySerializer, name)})

    assert names_of(found(settings, derived(CategoryViewSet, serializer_class=serializer))) == [f"Renamed.{name}."]


@pytest.mark.parametrize("name", ["to_representation", "data"])
def test_a_method_of_a_list_serializer_is_refused(name: str, settings: Settings) -> None:
    many = type("Many", (TransactionListSerializer,), {name: nothing})
    meta = type("Meta", (TransactionSerializer.Meta,), {"list_serializer_class": many})
    viewset = derived(TransactionViewSet, serializer_class=derived(TransactionSerializer, Meta=meta))

    assert names_of(found(settings, viewset)) == [f"Many.{name}."]


def test_a_method_of_a_permission_a_filter_backend_or_a_paginator_is_refused(settings: Settings) -> None:
    mine: Any = type("Mine", (BasePermission,), {"has_object_permission": nothing})
    backend = type("Backend", (StrictFilterBackend,), {"filter_queryset": nothing})
    pages = type("Pages", (KeysetPagination,), {"paginate_queryset": nothing, "get_paginated_response": nothing})

    for permission in (mine, IsAuthenticated & mine, ~mine | IsAuthenticated):
        viewset = derived(CategoryViewSet, permission_classes=[IsAuthenticated, permission])
        assert names_of(found(settings, viewset)) == ["Mine.has_object_permission."]
    for declared, names in {
        "filter_backends": ([StrictFilterBackend, backend], ["Backend.filter_queryset."]),
        "pagination_class": (pages, ["Pages.paginate_queryset.", "Pages.get_paginated_response."]),
    }.items():
        viewset = derived(CategoryViewSet, **{declared: names[0]})
        assert names_of(found(settings, viewset)) == names[1]
    for permission in (IsAuthenticated, IsAuthenticated & ~IsAuthenticated):
        assert found(settings, derived(CategoryViewSet, permission_classes=[permission])) == []


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        (serializers.FloatField(), "the fast path has no form in SQL for a FloatField."),
        (serializers.SerializerMethodField(), "the fast path has no form in SQL for a SerializerMethodField."),
        (derived(StrictCharField, to_representation=nothing)(), "the fast path has no form in SQL for a Derived."),
        (derived(AmountField, get_attribute=nothing)(), "the fast path has no form in SQL for a Derived."),
        (StrictCharField(source="owner.nickname"), "the database has no such column. "),
        (
            StrictChoiceField(['"'], source="name"),
            "a choice has characters that JSON escapes, which the fast path does not expect in one.",
        ),
    ],
)
def test_a_field_without_a_form_is_refused(field: Any, fault: str, settings: Settings) -> None:
    meta = type("Meta", (CategorySerializer.Meta,), {"fields": ["id", "extra"], "read_only_fields": ["id"]})
    serializer = type("Extended", (CategorySerializer,), {"Meta": meta, "extra": field, "get_extra": nothing})

    [(number, message, hint)] = found(settings, derived(CategoryViewSet, serializer_class=serializer))

    assert (number, message[: len(fault) + 16]) == ("api.E003", f"Extended.extra: {fault}")
    assert hint.startswith(f"Give {type(field).__name__} a method json_value() ")
    assert hint.endswith("or set fastpath = False in Derived.")


def test_a_field_that_says_its_form_anew_may_represent_it_anew(settings: Settings) -> None:
    field = derived(StrictCharField, to_representation=nothing, json_value=AmountField.json_value)(source="amount")
    meta = type("Meta", (CategorySerializer.Meta,), {"fields": ["id", "extra"], "read_only_fields": ["id"]})
    serializer = derived(TransactionSerializer, Meta=meta, extra=field)

    assert found(settings, derived(TransactionViewSet, serializer_class=serializer, queryset=Transaction.objects)) == []


@pytest.mark.parametrize(
    "name",
    [
        *("fastpath", "filter_backends", "filterset_class", "pagination_class", "permission_classes", "queryset"),
        "serializer_class",
    ],
)
def test_a_route_gives_a_view_no_other_declaration(name: str, settings: Settings) -> None:
    route: Any = CategoryViewSet.as_view({"get": "list"}, **{name: getattr(CategoryViewSet, name)})
    other: Any = CategoryViewSet.as_view({"post": "create"}, **{name: None})
    settings.ROOT_URLCONF = (path("a", route), path("b", other))

    assert check_fastpath() == [
        Error(
            f"A route gives {name} to CategoryViewSet.as_view(), but the fast path reads the class.",
            hint="Declare it in a class derived from the viewset.",
            obj=CategoryViewSet,
            id="api.E002",
        )
    ]


def test_a_route_may_give_a_view_its_description_and_one_without_the_fast_path_everything(settings: Settings) -> None:
    slow: Any = derived(CategoryViewSet, fastpath=False)
    settings.ROOT_URLCONF = (
        path("a", CategoryViewSet.as_view({"get": "list"}, description="x")),
        path("b", slow.as_view({"get": "list"}, queryset=Category.objects.none())),
    )
    assert check_fastpath() == []


def test_the_start_is_refused(settings: Settings) -> None:
    found(settings, derived(CategoryViewSet, get_queryset=nothing))

    with pytest.raises(SystemCheckError, match=r"bypasses Derived\.get_queryset"):
        call_command("check")
