"""Fast creation derives what it does from model and serializer, and steps aside if it does not know enough."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from cashman_project.api.serializers import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateField,
    StrictIntegerField,
)
from cashman_project.money.serializer_field import AmountField
from transactions.checks import check_fast_creation
from transactions.models import Transaction
from transactions.name_fields import CategoryField
from transactions.serializers import TransactionSerializer
from transactions.services.fast_create import create_fast
from transactions.services.usual_notation import (
    MODEL_HOOKS,
    RULES,
    SERIALIZER_HOOKS,
    Unknown,
    find_notation,
    notation_of,
)
from transactions.views import ExpenseViewSet
from users.models import User

FIELDS: list[Any] = list(TransactionSerializer.Meta.fields)
BODY = {"type": "EXPENSE", "description": "pizza", "amount": 50}


@pytest.fixture(autouse=True)
def found_anew() -> Iterator[None]:
    """What was found of a serializer is forgotten, since a test changes the model that it was found of."""
    notation_of.cache_clear()
    yield
    notation_of.cache_clear()


def nothing(*args: Any, **kwargs: Any) -> Any:
    """Stand for a method that is overridden; nobody calls it."""


def derived(base: type, **members: Any) -> Any:
    """Return a class named Derived with these members."""
    return type("Derived", (base,), members)


def of_model(model: type[models.Model]) -> Any:
    """Return the serializer of transactions with another model."""
    return derived(TransactionSerializer, Meta=type("Meta", (TransactionSerializer.Meta,), {"model": model}))


def unknown(serializer: Any) -> str:
    """Return what fast creation does not know of the serializer."""
    assert notation_of(serializer) is None
    with pytest.raises(Unknown) as caught:
        find_notation(serializer)
    return str(caught.value)


# -- Stepping aside ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SERIALIZER_HOOKS, "validate_notes"])
def test_a_method_of_the_serializer_that_it_would_not_call(name: str) -> None:
    """Each is found before any of them is called."""
    assert unknown(derived(TransactionSerializer, **{name: nothing})) == f"the method Derived.{name}"


@pytest.mark.parametrize("name", MODEL_HOOKS)
def test_a_method_of_the_model_that_it_would_not_call(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transaction, name, nothing, raising=False)
    assert unknown(TransactionSerializer) == f"the method Transaction.{name}"


@pytest.mark.parametrize("name", ["create", "bulk_create"])
def test_a_method_of_the_rows_that_it_would_not_call(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = type(Transaction.objects.all())
    monkeypatch.setattr(rows, name, nothing, raising=False)
    assert unknown(TransactionSerializer) == f"the method {rows.__name__}.{name}"


# The methods that make a value of a body, and a body of a value.
READING = [
    *("to_internal_value", "run_validation", "validate_empty_values", "run_validators", "get_default", "get_value"),
    *("get_attribute", "to_representation"),
]


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (serializers.ListField(required=False), "ListField"),
        *((derived(StrictCharField, **{name: nothing})(), "Derived") for name in READING),
        (derived(CategoryField, to_internal_value=nothing)(), "Derived"),
        (StrictCharField(source="description"), "StrictCharField"),
        (StrictCharField(write_only=True), "StrictCharField"),
    ],
)
def test_a_field_of_a_kind_that_it_has_no_rule_for(field: Any, reason: str) -> None:
    meta = type("Meta", (TransactionSerializer.Meta,), {"fields": [*FIELDS, "colour"]})
    serializer = derived(TransactionSerializer, Meta=meta, colour=field)

    assert unknown(serializer) == f"the field colour: {reason}"
    assert create_fast(owner=User(), serializer=serializer, data=[BODY]) is None


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"notes": StrictBooleanField()}, "the model's field notes: TextField"),
        (
            {"notes": StrictCharField(validators=[UniqueValidator(Transaction.objects.all())])},
            "a validator of the field notes",
        ),
        ({"notes": StrictCharField(default=str)}, "the default of the field notes"),
        ({"notes": serializers.CharField(read_only=True)}, "the field notes, which can't be written"),
        ({"amount": AmountField(allow_null=True)}, "the field amount, which has validators or may be left out"),
    ],
)
def test_a_field_that_it_does_not_know_enough_of(members: Any, reason: str) -> None:
    assert unknown(derived(TransactionSerializer, **members)) == reason


def test_a_serializer_without_a_field_that_it_needs() -> None:
    meta = type("Meta", (TransactionSerializer.Meta,), {"fields": [name for name in FIELDS if name != "category"]})
    assert unknown(derived(TransactionSerializer, Meta=meta, category=None)) == "no field category"


class Shouted(models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    def pre_save(self, model_instance: Any, add: bool) -> Any:
        return str(getattr(model_instance, self.attname)).upper()


def with_column(monkeypatch: pytest.MonkeyPatch, **columns: Any) -> None:
    """Give the model of transactions these fields, which no table has."""
    options: Any = Transaction._meta
    for name, column in columns.items():
        column.set_attributes_from_name(name)
        column.model = Transaction
    monkeypatch.setitem(options.__dict__, "concrete_fields", (*options.concrete_fields, *columns.values()))


@pytest.mark.parametrize(
    "column",
    [
        models.CharField(max_length=9, default=str),
        models.CharField(max_length=9, db_default="x"),
        models.DateField(auto_now=True),
        models.UUIDField(default="01a20000-0000-7000-8000-000000000000"),
        Shouted(max_length=9, default=""),
    ],
)
def test_a_column_that_no_body_has_and_that_it_cannot_fill(column: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with_column(monkeypatch, colour=column)
    assert unknown(TransactionSerializer) == "the model's field colour, which no body has"


def test_a_column_that_no_body_has_holds_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    with_column(
        monkeypatch,
        colour=models.CharField(max_length=9),
        checked=models.BooleanField(default=True),
        place=models.IntegerField(null=True),
    )
    assert find_notation(TransactionSerializer).others == {"colour": "", "checked": True}


# -- Rules ------------------------------------------------------------------------------------

VALUES: list[Any] = [
    "",
    "x",
    " x",
    "é",
    "a\nb",
    "ab",
    9 * "x",
    10 * "x",
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    10**20,
    1.5,
    [],
    {},
]
VALUES += [Decimal("1.5"), Decimal(1), "true", "1", "red", "2026-11-30", "2026-02-30", "1899-12-31", "2020-01-01"]


@pytest.mark.parametrize(
    "field",
    [
        StrictCharField(max_length=9),
        StrictCharField(max_length=9, allow_blank=True, allow_null=True),
        StrictCharField(min_length=2, validators=[RegexValidator("^[a-z]*$")]),
        StrictCharField(trim_whitespace=False),
        StrictBooleanField(),
        StrictBooleanField(allow_null=True),
        StrictIntegerField(),
        StrictIntegerField(allow_null=True, min_value=0, max_value=1),
        StrictChoiceField(["red", "x"]),
        StrictChoiceField([("red", "Red"), (1, "One")], allow_null=True, allow_blank=True),
        StrictDateField(),
        StrictDateField(allow_null=True, validators=[MinValueValidator(datetime.date(2026, 1, 1))]),
    ],
)
def test_a_rule_takes_nothing_that_the_field_refuses_and_reads_the_same(field: Any) -> None:
    parent = derived(serializers.Serializer, field=field)(data={})
    bound, (rule, _columns) = parent.fields["field"], RULES[type(field)]
    read = rule(bound)
    taken = 0
    for value in VALUES:
        try:
            result = read(value)
        except (ValueError, ValidationError, serializers.ValidationError):
            continue
        assert (result, type(result)) == (bound.run_validation(value), type(bound.run_validation(value)))
        assert value is None or bound.to_representation(result) == value
        taken += 1
    assert taken > 0
    assert bool(field.allow_null) == (None in [value for value in VALUES if value is None and _takes(read, value)])


def _takes(read: Any, value: Any) -> bool:
    try:
        read(value)
    except (ValueError, ValidationError):
        return False
    return True


# -- The model's own rules --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "is_taken"),
    [
        (lambda row: None, True),
        (lambda row: row.date.year == 2026 and row.amount > 0 and row.notes == "", True),
        (lambda row: row.category is None, True),
        (lambda row: row.owner, False),  # which fast creation does not know
        (lambda row: row.is_large(), False),
        (lambda row: row.__dict__.update(notes="changed"), False),
    ],
    ids=["none", "values", "no category", "owner", "method", "change"],
)
def test_a_rule_that_is_added_to_the_model_holds(
    rule: Any, is_taken: bool, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transaction, "clean", rule)
    rows = create_fast(owner=alice, serializer=TransactionSerializer, data=[BODY])
    assert (rows is not None) == is_taken


def test_a_rule_that_asks_for_the_category_leaves_those_with_one_to_the_serializer(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transaction, "clean", lambda row: row.category and row.category.name)
    found = [
        create_fast(owner=alice, serializer=TransactionSerializer, data=[BODY | {"category": name}])
        for name in (None, "Food")
    ]
    assert (found[0] is None, found[1]) == (False, None)


# -- The check --------------------------------------------------------------------------------


def test_a_check_says_why_no_row_is_created_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_fast_creation() == []
    monkeypatch.setattr(ExpenseViewSet, "serializer_class", derived(TransactionSerializer, validate=nothing))
    [message] = check_fast_creation()
    assert (message.id, message.msg, message.level) == (
        "transactions.W001",
        "ExpenseViewSet creates no row fast: fast creation does not know the method Derived.validate.",
        checks.WARNING,
    )
    monkeypatch.setattr(ExpenseViewSet, "fastpath", False)
    assert check_fast_creation() == []
