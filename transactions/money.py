"""Money: how it is stored, summed, read and written. The one place that knows digits.

An amount is a `Decimal` in Python, a whole number of ten-thousandths in the database (which holds
every ISO 4217 currency exactly), and a string with its currency's digits in JSON.
"""

import decimal
import re
from decimal import Decimal
from typing import Any, Self

import iso4217
from django import forms
from django.core.exceptions import EmptyResultSet, FieldError, ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, Max, Min, Q, Sum, Value, lookups
from django.db.models.expressions import Col, Expression, Ref
from django.db.models.functions import Abs
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

STORED_DIGITS = 4
UNITS = 10**STORED_DIGITS  # ten-thousandths in one
LIMIT = Decimal(100_000_000_000)  # amounts stay below: 15 digits, which a client's JSON float still holds
AMOUNT = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,19})?")
EXACT = decimal.Context(prec=decimal.MAX_PREC, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX)

# Codes that ISO 4217 has withdrawn since 2010: books that hold them stay readable and writable.
WITHDRAWN = dict.fromkeys(
    ["ANG", "BGN", "CUC", "EEK", "HRK", "LTL", "LVL", "MRO", "SLL", "STD", "VEF", "ZMK", "ZWL"], 2
) | {"BYR": 0}
DIGITS: dict[str, int] = WITHDRAWN | {
    currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None
}


# -- Rules ------------------------------------------------------------------------------------


def validate_currency(code: str) -> None:
    """Raise ValidationError unless `code` is an upper-case ISO 4217 code that has minor units."""
    if code not in DIGITS:
        raise ValidationError(
            _("Not a currency: give an upper-case ISO 4217 code, such as EUR, USD or JPY."), code="invalid_currency"
        )


def validate_amount(amount: Decimal, currency: str) -> None:
    """Raise ValidationError unless `amount` fits `currency`: not zero, in range, and no digit too many.

    Digits count as written: 1.000 has three decimals.
    """
    if not amount:
        raise ValidationError(_("Zero is no amount: give the money that came in or went out."), code="zero")
    if not -LIMIT < amount < LIMIT:
        raise ValidationError(
            _("Too large: an amount stays below %(limit)s."), code="out_of_range", params={"limit": f"{LIMIT:f}"}
        )
    digits = DIGITS.get(currency, STORED_DIGITS)
    if int(amount.as_tuple().exponent) < -digits:
        raise ValidationError(
            _("Too many decimals: %(currency)s has %(digits)d."),
            code="too_many_decimals",
            params={"currency": currency, "digits": digits},
        )


def exact_decimal(value: object) -> Decimal:
    """Return a finite Decimal or int as a Decimal; raises TypeError on another type, ValueError on NaN and infinity."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"Money is a Decimal or an int, not {type(value).__name__}.")
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError("Money is finite.")
    return amount


def parse_amount(text: str) -> Decimal:
    """Read a plain ASCII decimal number such as "-12.50"; raises ValueError on any other notation."""
    if not AMOUNT.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def format_amount(amount: Decimal, currency: str) -> str:
    """Write `amount` with its currency's digits: "-50.00" in USD, "1200" in JPY; raises ValueError as `units_of`."""
    return format_units(units_of(amount), currency)


def format_units(units: int, currency: str) -> str:
    """Write ten-thousandths as an amount with its currency's digits, and what further ones it needs."""
    text = f"{units:06d}" if units < 0 else f"{units:05d}"  # one digit, at least, before the stored ones
    fraction, digits = text[-STORED_DIGITS:], DIGITS[currency]
    fraction = fraction[:digits] + fraction[digits:].rstrip("0")
    return f"{text[:-STORED_DIGITS]}.{fraction}" if fraction else text[:-STORED_DIGITS]


def units_of(amount: Decimal) -> int:
    """Return an amount's ten-thousandths; raises ValueError where there is a fraction of one."""
    units = EXACT.multiply(amount, UNITS)
    if units != units.to_integral_value():
        raise ValueError(f"{amount} has more than four decimals")
    return int(units)


def units_of_sum(value: Decimal | int | str | None) -> int:
    """Return the ten-thousandths of a sum as the database gives it, be it in halves; 0 where there is no row."""
    high, low = value.split(":") if isinstance(value, str) else (0, value or 0)
    return int(high) * HALF + int(low)


# -- Model field ------------------------------------------------------------------------------


class MoneyField(models.Field):  # type: ignore[type-arg]  # not subscriptable at run time
    """An exact amount of money: a `Decimal` in Python, a BIGINT of ten-thousandths in the database.

    It is compared (exact, gt, gte, lt, lte, in) with any finite Decimal or int, and taken through
    Sum (as `MoneySum`), Min, Max and Abs. Every other expression or lookup raises FieldError, since
    it would work on ten-thousandths unawares; but one whose `output_field` is of another kind, and
    a lookup class called by hand, are out of its sight. Saving a float raises
    TypeError; a fraction of a ten-thousandth or a number out of range, ValueError.
    """

    description = _("Amount of money")
    default_error_messages = {"invalid": _("Not an amount: write it in plain digits, such as 12.50.")}
    exact_lookups = frozenset({"exact", "gt", "gte", "lt", "lte", "in", "isnull"})

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def to_python(self, value: Any) -> Decimal | None:
        """Return a Decimal for a Decimal, an int or a plain number's text; raises ValidationError on others."""
        try:
            return parse_amount(value) if isinstance(value, str) else value if value is None else exact_decimal(value)
        except (TypeError, ValueError):
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None

    def get_lookup(self, lookup_name: str) -> Any:
        """Return the lookup of that name; None, so that Django raises FieldError, where it isn't exact."""
        return super().get_lookup(lookup_name) if lookup_name in self.exact_lookups else None

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        amount = exact_decimal(value)
        if not -LIMIT < amount < LIMIT:
            raise ValueError(f"{value} is out of range")
        return units_of(amount)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if hasattr(value, "resolve_expression"):
            _check_written(value)
        return super().get_db_prep_save(value, connection)

    def from_db_value(self, value: Any, expression: Expression, connection: BaseDatabaseWrapper) -> Decimal | None:
        if not _is_exact(expression):
            raise FieldError(f"{type(expression).__name__} on money: only MoneySum, Min, Max and Abs are exact.")
        return None if value is None else Decimal(units_of_sum(value)) / UNITS

    def formfield(self, **kwargs: Any) -> forms.Field | None:  # type: ignore[override]  # the stub's signature is wider
        options: dict[str, Any] = {"form_class": AmountFormField, "max_digits": 15, "decimal_places": 4}
        return super().formfield(**options | kwargs)


def _is_exact(expression: Any) -> bool:
    """Return whether reading the expression gives ten-thousandths of what was meant."""
    match expression:
        case Col() | HalvesSum():
            return True
        case Ref() | MoneySum() | Min() | Max() | Abs():
            return _is_exact(expression.get_source_expressions()[0])
    return False


def _check_written(expression: Any) -> None:
    """Raise FieldError unless writing the expression writes a given amount: `F("amount") + 1` would add units."""
    match expression:
        case Value() if expression.value is None or isinstance(expression.output_field, MoneyField):
            return
        case _:
            raise FieldError(f"{type(expression).__name__} written to money: give it a Decimal.")


def _check_sides(lookup: Any) -> None:
    """Raise FieldError unless the lookup compares amounts, as the database holds them, with given ones."""
    # A check constraint is validated with the row's amount as a Value; SQLite's sum of money is no number yet.
    if isinstance(lookup.lhs, MoneySum | HalvesSum) or not (_is_exact(lookup.lhs) or isinstance(lookup.lhs, Value)):
        raise FieldError(f"{type(lookup.lhs).__name__} compared: of money only amounts, Min, Max and Abs are.")
    if not lookup.rhs_is_direct_value():
        raise FieldError("Money compares with a Decimal, not with an expression.")


class _Comparison(lookups.FieldGetDbPrepValueMixin, lookups.BuiltinLookup):  # type: ignore[type-arg]  # not subscriptable at run time
    """A comparison whose right-hand side is rounded to ten-thousandths such that its result stays exact."""

    rounding: str | None = None  # None: a fraction equals no stored amount

    def get_prep_lookup(self) -> Any:
        _check_sides(self)
        return _comparable(self.rhs, self.rounding)

    def process_rhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        if self.rhs is None:
            raise EmptyResultSet
        return super().process_rhs(compiler, connection)


def _comparable(value: object, rounding: str | None) -> int | None:
    amount = max(-2 * LIMIT, min(2 * LIMIT, exact_decimal(value)))  # past the limit only the side matters
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
    def get_prep_lookup(self) -> Any:
        _check_sides(self)
        units = (_comparable(value, None) for value in self.rhs)
        return [unit for unit in units if unit is not None]


HALF = 1_000_000_000  # where ten-thousandths are split for a sum that would overflow a BIGINT: high * HALF + low


class MoneySum(models.Sum):
    """The exact sum of a MoneyField, a `Decimal`; None where there is no row.

    SQLite's SUM overflows past 9,223 of the largest amounts, so there the high and the low parts
    are summed apart ("high:low") and joined in Python. So a sum can't be filtered by (FieldError),
    and its order is Python's to make. Raises FieldError on anything but money, and on a `default`.
    """

    allow_distinct = False  # distinct halves are not those of distinct amounts

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        resolved: Any = super().resolve_expression(*args, **kwargs)
        if not isinstance(resolved, MoneySum) or not isinstance(resolved.output_field, MoneyField):
            raise FieldError("MoneySum sums money, without a default.")
        return resolved

    @property
    def convert_value(self) -> Any:
        """Django's own conversion would read "high:low" as one number: the field's is enough."""
        return self._convert_value_noop  # type: ignore[attr-defined]  # not in the stub

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        # "%%%%" is one "%" in the SQL, after the template's and the parameters' formatting.
        high, high_params = self._of_parts("/").as_sql(compiler, connection, **context)
        low, low_params = self._of_parts("%%%%").as_sql(compiler, connection, **context)
        return f"({high} || ':' || {low})", (*high_params, *low_params)

    def _of_parts(self, operator: str) -> Self:
        """Return the sum, under the same filter, of what the operator makes of each amount and HALF."""
        part = self.copy()
        amount, *others = self.get_source_expressions()
        part.set_source_expressions([Func(amount, template=f"%(expressions)s {operator} {HALF}"), *others])
        return part


class HalvesSum(Func):
    """The exact sum, a `Decimal`, of money that two columns hold in halves; None where there is no row.

    The halves are joined in Python, as those of `MoneySum`, and it can't be filtered by either.
    """

    template = "(%(expressions)s)"
    arg_joiner = " || ':' || "
    convert_value = MoneySum.convert_value

    def __init__(self, high: str, low: str, *, filter: Q) -> None:
        super().__init__(Sum(high, filter=filter), Sum(low, filter=filter), output_field=MoneyField())


# -- Form field -------------------------------------------------------------------------------


class AmountFormField(forms.DecimalField):
    """An amount in an HTML form: a plain number, read exactly in every language.

    Every written digit counts: 50.000 is a change of 50.00, which the currency's digits then refuse.
    """

    widget = forms.TextInput({"inputmode": "decimal", "class": "money"})
    default_error_messages = MoneyField.default_error_messages

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # the stub has an integer field's
        text = str(value).strip()
        if value is None or not text:
            return None
        try:
            return parse_amount(text)
        except ValueError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != str(data or "").strip()


# -- Serializer fields ------------------------------------------------------------------------


class AmountField(serializers.Field[Any, Any, Any, Any]):
    """An amount in JSON. In: a plain number, or its text, read exactly. Out: text with its currency's digits.

    The row's `currency` says how many digits; `validate_amount` holds the amount against it. In a
    text every written digit counts ("1.000" may be a thousand or one); a JSON number has no
    trailing zeros (1.0 is 1).
    """

    default_error_messages = {
        "invalid": _("Not an amount: give a plain number such as 12.50, with a point and no other sign or space.")
    }

    def to_internal_value(self, data: object) -> Decimal:
        try:
            return parse_amount(data) if isinstance(data, str) else EXACT.normalize(exact_decimal(data))
        except (TypeError, ValueError):
            self.fail("invalid")

    def get_attribute(self, instance: Any) -> tuple[Decimal, str]:
        return getattr(instance, str(self.source)), instance.currency

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        return format_amount(*value)

    def json_value(self) -> "AmountJSON":
        return AmountJSON(F(str(self.source)), F("currency"))


class AmountJSON(Func):
    """An amount and its currency as what `format_amount` writes, made by the database: text to be `quoted` in JSON."""

    output_field = models.TextField()
    quoted = True

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        units, digits = self._parts(compiler)
        number = f"({units} / {UNITS}::numeric)"
        return f"ROUND({number}, GREATEST({digits}, MIN_SCALE({number})))", []

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        units, digits = self._parts(compiler)
        fraction = f"PRINTF('%%04d', ABS({units}) %% {UNITS})"
        digits = f"MAX({digits}, LENGTH(RTRIM({fraction}, '0')))"
        sign = f"CASE WHEN {units} < 0 THEN '-' ELSE '' END"
        point = f"CASE WHEN {digits} > 0 THEN '.' ELSE '' END"
        return f"{sign} || (ABS({units}) / {UNITS}) || {point} || SUBSTR({fraction}, 1, {digits})", []

    def _parts(self, compiler: SQLCompiler) -> tuple[str, str]:
        """Return the SQL of the ten-thousandths, and of the digits that the currency has."""
        units, currency = (compiler.compile(column)[0] for column in self.get_source_expressions())
        codes = {digits: [f"'{code}'" for code in DIGITS if DIGITS[code] == digits] for digits in set(DIGITS.values())}
        usual = max(codes, key=lambda digits: len(codes[digits]))
        cases = [
            f"WHEN {currency} IN ({', '.join(codes[digits])}) THEN {digits}" for digits in codes if digits != usual
        ]
        return units, f"CASE {' '.join(cases)} ELSE {usual} END"
