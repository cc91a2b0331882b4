"""Categories: one name, however it is cased or composed, is one category of an owner."""

import unicodedata
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from transactions.models import Category
from transactions.tests.factories import CategoryFactory, ExpenseFactory
from transactions.tests.shares import reached, reaches
from users.models import User

from ..names import name_key

COMPOSED, DECOMPOSED = "\u00c9nergie", "E\u0301nergie"
SPELLINGS = [
    (COMPOSED, DECOMPOSED),
    (COMPOSED, "\u00e9nergie"),
    (COMPOSED, "e\u0301NERGIE"),
    ("straße", "STRASSE"),
    ("straße", "Straẞe"),
    ("Food", "  food\t"),
    ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ("Å", "\u212b"),  # the angstrom sign
]


@pytest.mark.parametrize(("name", "spelling"), SPELLINGS)
def test_two_spellings_of_a_name_are_one_category(name: str, spelling: str, alice: User, bob: User) -> None:
    category = CategoryFactory.create(owner=alice, name=name)
    CategoryFactory.create(owner=bob, name=spelling)

    with pytest.raises(ValidationError, match="already have a category"):
        Category(owner=alice, name=spelling).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        CategoryFactory.create(owner=alice, name=spelling)
    with pytest.raises(IntegrityError), transaction.atomic():
        Category.objects.bulk_create([Category(owner=alice, name=spelling)])
    other = CategoryFactory.create(owner=alice, name="other")
    for write in (
        lambda: Category.objects.filter(pk=other.pk).update(name=spelling),
        lambda: Category.objects.bulk_update([other], ["name"]),
        lambda: other.save(update_fields=["name"]),
    ):
        other.name = spelling
        with pytest.raises(IntegrityError), transaction.atomic():
            write()
    assert Category.objects.for_owner(alice).named(spelling).get() == category
    assert Category.objects.filter(owner=alice).count() == 2


@pytest.mark.parametrize(("name", "other"), [("Food", "Foods"), ("resume", "résumé"), ("a b", "ab"), ("ı", "i")])
def test_other_names_are_other_categories(name: str, other: str, alice: User) -> None:
    CategoryFactory.create(owner=alice, name=name)
    CategoryFactory.create(owner=alice, name=other)
    assert set(Category.objects.values_list("name", flat=True)) == {name, other}


@pytest.mark.parametrize("way", ["create", "save", "one field", "update", "bulk_update", "bulk_create"])
def test_a_name_is_kept_composed_and_trimmed_with_its_key(way: str, alice: User) -> None:
    sent = f"  {DECOMPOSED} "
    if way == "create":
        CategoryFactory.create(owner=alice, name=sent)
    elif way == "bulk_create":
        Category.objects.bulk_create([Category(owner=alice, name=sent)])
    else:
        category = CategoryFactory.create(owner=alice, name="before")
        category.name = sent
        writes: dict[str, Any] = {
            "save": category.save,
            "one field": lambda: category.save(update_fields=["name"]),
            "update": lambda: Category.objects.update(name=sent),
            "bulk_update": lambda: Category.objects.bulk_update([category], ["name"]),
        }
        writes[way]()

    assert Category.objects.values_list("name", "key").get() == (COMPOSED, "energie\1\u00e9nergie")
    assert Category.objects.filter(name=DECOMPOSED).exists()


def test_a_write_without_a_name_counts_as_a_write_of_the_category_alone(alice: User, bob: User) -> None:
    category = CategoryFactory.create(owner=alice)
    row = ExpenseFactory.create(owner=alice, category=category)
    bystander = CategoryFactory.create(owner=bob)

    assert Category.objects.for_owner(alice).update() == 1
    assert Category.objects.bulk_update([category], iter(())) == 1

    assert {one.pk: one.version for one in Category.objects.all()} == {category.pk: 3, bystander.pk: 1}
    assert type(row).objects.get().version == 1


def test_a_key_is_never_left_behind(alice: User) -> None:
    CategoryFactory.create(owner=alice, name="Food")
    with pytest.raises(FieldError, match="give the name as text"):
        Category.objects.update(name=Category.objects.values("key")[:1])


@reaches(recomposed=25, folded=35)
@given(st.text(max_size=20))
def test_a_key_is_the_same_for_each_way_to_compose_and_fold_a_name(name: str) -> None:
    key = name_key(name)
    assert key == name_key(unicodedata.normalize("NFD", name)) == name_key(f" {name}\n")
    assert unicodedata.is_normalized("NFC", key)
    if not unicodedata.is_normalized("NFD", name):
        reached("recomposed")
    if key != unicodedata.normalize("NFC", name.strip()):
        reached("folded")


@pytest.mark.parametrize(
    ("name", "fits"),
    [("x" * 100, True), ("x" * 101, False), ("ΐ" * 100, True), ("\ufb2c" * 33, True), ("\ufb2c" * 34, False)],
)
def test_a_name_fits_as_it_is_stored(name: str, fits: bool, alice: User) -> None:
    """Composing U+FB2C makes three characters of it, and folding the case of "ΐ" too."""
    category = Category(owner=alice, name=name)
    if fits:
        category.full_clean()
        category.save()
        category.refresh_from_db()
        assert len(category.name) <= 100
        assert len(category.key) <= 300
    else:
        with pytest.raises(ValidationError) as caught:
            category.full_clean()
        assert set(caught.value.error_dict) == {"name"}
        with pytest.raises(ValidationError):
            category.clean()


def test_categories_sort_without_regard_to_case(alice: User) -> None:
    for name in ("b", "C", "a"):
        CategoryFactory.create(owner=alice, name=name)
    assert [str(category) for category in Category.objects.all()] == ["a", "b", "C"]
