"""The start is refused if a resource's model, serializer and admin don't agree, or a field is not read strictly."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import UniqueConstraint
from pytest_django import Settings
from rest_framework import serializers
from rest_framework.test import APIClient

import cashman_project.urls
from cashman_project.api.resource_checks import check_resources
from cashman_project.api.routers import OptionalSlashRouter
from cashman_project.api.serializers import StrictCharField
from cashman_project.api.viewsets import OwnedModelViewSet
from transactions.models import Category, Tag, Transaction
from transactions.name_views import CategoryViewSet
from transactions.serializers import CategorySerializer, TransactionSerializer
from transactions.views import TransactionViewSet

FIELDS: list[Any] = list(TransactionSerializer.Meta.fields)


def derived(base: type, **members: Any) -> Any:
    """Return a class named Derived with these members."""
    return type("Derived", (base,), members)


def with_fields(names: list[str], **members: Any) -> Any:
    """Return a serializer of transactions with fields of these names."""
    meta = type("Meta", (TransactionSerializer.Meta,), {"fields": names})
    return derived(TransactionSerializer, Meta=meta, **members)


def found(settings: Settings, serializer: Any, viewset: Any = TransactionViewSet) -> list[tuple[Any, str]]:
    """Return what the check says if a viewset of the serializer has a route, too: ids and messages."""
    router = OptionalSlashRouter()
    router.register("derived", derived(viewset, serializer_class=serializer), "derived")
    settings.ROOT_URLCONF = (*router.urls, *cashman_project.urls.urlpatterns)
    return [(one.id, one.msg) for one in check_resources()]


def test_the_resources_of_the_service_agree() -> None:
    assert check_resources() == []


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        (serializers.CharField(), "CharField converts what it is sent."),
        (serializers.IntegerField(), "IntegerField converts what it is sent."),
        (serializers.BooleanField(required=False), "BooleanField converts what it is sent."),
        (derived(serializers.DateField)(), "Derived converts what it is sent."),
        (serializers.ListField(child=serializers.UUIDField()), "UUIDField converts what it is sent."),
        (
            serializers.PrimaryKeyRelatedField(queryset=Category.objects.all()),
            "PrimaryKeyRelatedField finds the rows of every owner.",
        ),
        (
            serializers.SlugRelatedField("name", queryset=Category.objects.all(), many=True),
            "ManyRelatedField converts what it is sent.",
        ),
    ],
)
def test_a_field_that_is_not_strict(field: Any, fault: str, settings: Settings) -> None:
    assert found(settings, with_fields([*FIELDS, "extra"], extra=field)) == [("api.E004", f"Derived.extra: {fault}")]


@pytest.mark.parametrize(
    "field",
    [
        serializers.CharField(read_only=True, source="notes"),
        StrictCharField(),
        serializers.ListField(child=StrictCharField()),
        derived(serializers.IntegerField, to_internal_value=lambda self, data: data)(),
        derived(serializers.PrimaryKeyRelatedField, get_queryset=lambda self: None, to_internal_value=print)(),
    ],
    ids=["read only", "strict", "list", "its own reading", "its own rows"],
)
def test_a_field_that_is(field: Any, settings: Settings) -> None:
    assert found(settings, with_fields([*FIELDS, "extra"], extra=field)) == []


def test_a_field_that_the_serializer_has_not(settings: Settings) -> None:
    serializer = with_fields([name for name in FIELDS if name != "notes"])

    assert found(settings, serializer) == [("api.E005", "Transaction.notes is not in Derived.")]


def test_one_that_it_has_by_another_name_and_those_that_nobody_edits(settings: Settings) -> None:
    names = [name for name in FIELDS if name not in ("notes", "version")]

    assert found(settings, with_fields([*names, "remark"], remark=StrictCharField(source="notes"))) == []


def test_a_viewset_that_finds_its_serializer_itself(settings: Settings) -> None:
    viewset = derived(CategoryViewSet, fastpath=False, get_serializer_class=lambda self: CategorySerializer)

    assert found(settings, None, viewset) == []


def test_a_model_that_is_not_in_the_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: Any = admin.site._registry
    monkeypatch.delitem(pages, Category)

    assert [(one.id, one.msg) for one in check_resources()] == [("api.E006", "Category is not in the admin.")]


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"fields": ["owner"]}, [("api.E006", "Tag.name is not in TagAdmin.")]),
        ({"fields": ["owner"], "exclude": ["name"]}, []),
        ({"fields": [("owner", "name")]}, []),
        ({"fields": None, "fieldsets": [(None, {"fields": ["owner", "name"]})]}, []),
    ],
)
def test_a_field_that_the_admin_has_not(options: dict[str, Any], faults: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    page = admin.site._registry[Tag]
    for name, value in options.items():
        monkeypatch.setattr(page, name, value)

    assert [(one.id, one.msg) for one in check_resources()] == faults
    assert Transaction in admin.site._registry


def test_a_page_that_the_default_has_is_not_lost(settings: Settings) -> None:
    viewset = derived(CategoryViewSet, pages={"list": "transactions/category_list.html"})

    assert found(settings, CategorySerializer, viewset) == [("api.E007", "Derived.pages has no template for retrieve.")]


def test_a_unique_constraint_says_what_is_taken(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    [constraint] = [one for one in Category._meta.constraints if isinstance(one, UniqueConstraint)]
    monkeypatch.setattr(constraint, "violation_error_message", UniqueConstraint.default_violation_error_message)

    assert found(settings, CategorySerializer, CategoryViewSet) == [
        ("api.E008", f"Category's constraint {constraint.name} has no violation_error_message.")
    ]


def test_a_viewset_of_a_queryset_and_a_serializer_is_enough(
    settings: Settings, as_alice: APIClient, as_bob: APIClient, as_outsider: APIClient
) -> None:
    viewset = derived(OwnedModelViewSet, queryset=Category.objects.all(), fastpath=True)
    assert found(settings, CategorySerializer, viewset) == []
    as_alice.post("/derived", {"name": "Food"})

    assert [row["name"] for row in as_alice.get("/derived").json()["results"]] == ["Food"]
    for other in (as_bob, as_outsider):
        assert other.get("/derived").json()["results"] == []
