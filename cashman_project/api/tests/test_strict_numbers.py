"""Numbers and booleans are read as they are sent: no text, boolean or fraction becomes a number on its way."""

from decimal import Decimal
from typing import Any

import pytest
from django.http import QueryDict
from rest_framework import serializers

from cashman_project.api.serializers import StrictBooleanField, StrictDecimalField, StrictIntegerField


class Sample(serializers.Serializer[Any]):
    flag = StrictBooleanField(required=False)
    number = StrictIntegerField(required=False, min_value=-5)
    price = StrictDecimalField(required=False, max_digits=5, decimal_places=2)


def read(data: Any) -> dict[str, Any]:
    """Return the values that are read; raises ValidationError."""
    serializer = Sample(data=data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


@pytest.mark.parametrize(
    ("name", "sent", "value"),
    [
        ("flag", True, True),
        ("flag", False, False),
        ("number", 0, 0),
        ("number", -5, -5),
        ("number", 10**30, 10**30),
        ("price", "1.50", Decimal("1.50")),
        ("price", "-0.5", Decimal("-0.50")),
        ("price", 7, Decimal("7.00")),
        ("price", Decimal("1.5"), Decimal("1.50")),
    ],
)
def test_what_is_read(name: str, sent: Any, value: Any) -> None:
    result = read({name: sent})[name]
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("flag", ["true", "on", 1, 0, "", None, [], {}]),
        ("number", ["1", True, False, 1.0, Decimal(1), -6, "", None, [], {}, "\u0661"]),
        ("price", ["1e2", " 1", "1 ", "+1", ".5", "5.", "1,5", "NaN", "\u0661", "1.555", "1000.00", "9" * 2000]),
        ("price", [True, 1.5, Decimal("NaN"), Decimal("Infinity"), Decimal("1.555"), "", None, [], {}]),
    ],
)
def test_what_is_refused(name: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(serializers.ValidationError):
            read({name: value})


def test_a_form_holds_texts() -> None:
    assert read(QueryDict("flag=on&number=-4&price=1.5")) == {"flag": True, "number": -4, "price": Decimal("1.50")}
    for text in ("number=1.0", "number=+1", "number=x", "number=" + "9" * 20, "price=1,5", "flag=yes"):
        with pytest.raises(serializers.ValidationError):
            read(QueryDict(text))
