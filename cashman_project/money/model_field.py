"""The model field that stores an exact amount, and its lookups (docs/adr/0003-money-as-ten-thousandths.md)."""

import decimal
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import EmptyResultSet, FieldError, ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Max, Min, Value, lookups
from django.db.models.expressions import Col, Expression, Ref
from django.db.models.functions import Abs
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from ..db.types import SQL
from .amounts import EXACT, INVALID_AMOUNT, LIMIT, UNITS, exact_decimal, parse_amount, units_of, units_of_sum
from .form_field import AmountFormField


class MoneyField(models.Field):  # type: ignore[type-arg]  # not subscriptable at run time
    """An exact amount of money. It is a `Decimal` in Python, and a BIGINT of ten-thousandths in the database.

    The lookups exact, gt, gte, lt, lte and in compare it with any finite Decimal or int. The expressions MoneySum, Min,
    Max and Abs may be used on it. All others raise FieldError, because they would work on ten-thousandths by mistake.
    But the field can't notice an expression with an `output_field` of another class, or a lookup class that is called
    directly. Saving raises TypeError for a float, and ValueError for a number with more than four decimals or out of
    range.
    """

    description = _("Amount of money")
    default_error_messages = {"invalid": INVALID_AMOUNT}
    exact_lookups = frozenset({"exact", "gt", "gte", "lt", "lte", "in", "isnull"})

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def to_python(self, value: object) -> Decimal | None:
        """Return a Decimal, an int or the text of a number as a Decimal. Raises ValidationError for anything else."""
        try:
            return parse_amount(value) if isinstance(value, str) else value if value is None else exact_decimal(value)
        except (TypeError, ValueError):
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def get_lookup(self, lookup_name: str) -> "type[models.Lookup[object]] | None":
        """Return the lookup with this name. If it isn't exact, return None, so that Django raises FieldError."""
        return super().get_lookup(lookup_name) if lookup_name in self.exact_lookups else None

    def get_prep_value(self, value: object) -> object:
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        amount = exact_decimal(value)
        if not -LIMIT < amount < LIMIT:
            raise ValueError(f"{value} is out of range")
        return units_of(amount)

    def get_db_prep_save(self, value: object, connection: BaseDatabaseWrapper) -> object:
        if hasattr(value, "resolve_expression"):
            _check_written(value)
        return super().get_db_prep_save(value, connection)

    def from_db_value(
        self, value: Decimal | int | str | None, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Decimal | None:
        if not is_exact(expression):
            raise FieldError(f"{type(expression).__name__} on money: only MoneySum, Min, Max and Abs are exact.")
        return None if value is None else Decimal(units_of_sum(value)) / UNITS

    def formfield(
        self,
        form_class: type[forms.Field] | None = None,
        choices_form_class: type[forms.ChoiceField] | None = None,
        **options: Any,  # Any: the options of any form field
    ) -> forms.Field | None:
        options = {"max_digits": 15, "decimal_places": 4, **options}
        return super().formfield(form_class or AmountFormField, choices_form_class, **options)


class ExactSum:
    """The base of an expression that is a sum of money, which `MoneyField` can read."""

    def is_exact(self) -> bool:
        """Return whether it sums ten-thousandths."""
        return True


def is_exact(expression: object) -> bool:
    """Return whether the expression's value is in ten-thousandths."""
    match expression:
        case Col():
            return True
        case ExactSum():
            return expression.is_exact()
        case Ref() | Min() | Max() | Abs():
            return is_exact(expression.get_source_expressions()[0])
    return False


def _check_written(expression: object) -> None:
    """Raise FieldError unless the expression is a given amount: `F("amount") + 1` would add a ten-thousandth."""
    match expression:
        case Value() if expression.value is None or isinstance(expression.output_field, MoneyField):
            return
        case _:
            raise FieldError(f"{type(expression).__name__} written to money: give it a Decimal.")


def _check_sides(lookup: "models.Lookup[object]") -> None:
    """Raise FieldError unless the lookup compares stored amounts with given ones."""
    # When a check constraint is validated, the row's amount is a Value. On SQLite, a sum is not yet a number.
    if isinstance(lookup.lhs, ExactSum) or not (is_exact(lookup.lhs) or isinstance(lookup.lhs, Value)):
        raise FieldError(f"{type(lookup.lhs).__name__} on money can't be compared: only amounts, Min, Max and Abs can.")
    if not lookup.rhs_is_direct_value():
        raise FieldError("Money can't be compared with an expression: give it a Decimal.")


class _Comparison(lookups.FieldGetDbPrepValueMixin, lookups.BuiltinLookup):  # type: ignore[type-arg]  # not subscriptable at run time
    """The base of comparisons. The right-hand side is rounded to ten-thousandths so that the result stays exact."""

    rounding: str | None = None  # None: no stored amount equals a fraction of a ten-thousandth

    def get_prep_lookup(self) -> int | None:
        _check_sides(self)
        return _comparable(self.rhs, self.rounding)

    def process_rhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        if self.rhs is None:
            raise EmptyResultSet
        return super().process_rhs(compiler, connection)


def _comparable(value: object, rounding: str | None) -> int | None:
    amount = max(-2 * LIMIT, min(2 * LIMIT, exact_decimal(value)))  # beyond the limit, only the sign matters
    units = EXACT.multiply(amount, UNITS)
    if rounding is None:
        return int(units) if units == units.to_integral_value() else None
    return int(units.to_integral_value(rounding))


@MoneyField.register_lookup
class _Exact(_Comparison):
    lookup_name = "exact"


@MoneyField.register_lookup
class _GreaterThan(_Comparison):
    lookup_name = "gt"
    rounding = decimal.ROUND_FLOOR


@MoneyField.register_lookup
class _GreaterThanOrEqual(_Comparison):
    lookup_name = "gte"
    rounding = decimal.ROUND_CEILING


@MoneyField.register_lookup
class _LessThan(_Comparison):
    lookup_name = "lt"
    rounding = decimal.ROUND_CEILING


@MoneyField.register_lookup
class _LessThanOrEqual(_Comparison):
    lookup_name = "lte"
    rounding = decimal.ROUND_FLOOR


@MoneyField.register_lookup
class _In(lookups.In):  # type: ignore[type-arg]  # not subscriptable at run time
    def get_prep_lookup(self) -> list[int]:
        _check_sides(self)
        units = (_comparable(value, None) for value in self.rhs)
        return [unit for unit in units if unit is not None]
