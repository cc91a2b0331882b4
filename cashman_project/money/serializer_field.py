"""The serializer field of an amount, and the SQL that writes the same JSON."""

from decimal import Decimal
from typing import Any, Protocol

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.utils.html import is_html_input

from ..db.types import SQL
from .amounts import EXACT, UNITS, exact_decimal, format_amount, parse_amount
from .currencies import DIGITS
from .typed import form_amount, typed_amount

AmountWithCurrency = tuple[Decimal, str]


class HasCurrency(Protocol):
    """A row with a currency, in which its amounts are."""

    currency: str


# The stub has one type for the value that is read (a Decimal) and the one that is written (with its currency).
class AmountField(serializers.Field[Any, object, str, HasCurrency]):
    """An amount in JSON. It is read exactly from a number or a text, and written as text with its currency's decimals.

    The row's `currency` says how many decimals there may be, which `validate_amount` checks. In a text trailing zeros
    count, because "1.000" may mean a thousand or one. In a JSON number they don't: 1.0 is 1. A form takes what people
    type (typed.py).
    """

    is_decimal = True  # its text is a number with decimals, in a spreadsheet

    default_error_messages = {
        "invalid": _("Not an amount: give a plain number such as 12.50, with a point and no other sign or space.")
    }

    def to_internal_value(self, data: object) -> Decimal:
        if isinstance(data, str) and is_html_input(getattr(self.parent, "initial_data", None)):
            return typed_amount(data, self._currency())
        try:
            return parse_amount(data) if isinstance(data, str) else EXACT.normalize(exact_decimal(data))
        except (TypeError, ValueError):
            self.fail("invalid")

    def _currency(self) -> str:
        """Return the currency of the form that the amount is in: the chosen one, the row's, or the owner's."""
        form: Any = self.parent  # Any: a serializer with `defaults`, which is not known here
        return str(
            form.initial_data.get("currency")
            or getattr(form.instance, "currency", "")
            or form.defaults.get("currency", "")  # there is none if the currency is required
        )

    def form_value(self, text: str) -> str:
        """Return an amount of JSON as a form shows it."""
        return form_amount(text)

    def get_attribute(self, instance: HasCurrency) -> AmountWithCurrency:
        return getattr(instance, str(self.source)), instance.currency

    def to_representation(self, value: AmountWithCurrency) -> str:
        return format_amount(*value)

    def json_value(self) -> "AmountJSON":
        return AmountJSON(F(str(self.source)), F("currency"))


class AmountJSON(Func):
    """An amount with its currency's decimals, written by the database exactly as `format_amount` writes it."""

    output_field = models.TextField()
    quoted = True  # in JSON

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        units, digits = self._parts(compiler)
        number = f"({units} / {UNITS}::numeric)"
        return f"ROUND({number}, GREATEST({digits}, MIN_SCALE({number})))", []

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        units, digits = self._parts(compiler)
        fraction = f"PRINTF('%%04d', ABS({units}) %% {UNITS})"
        digits = f"MAX({digits}, LENGTH(RTRIM({fraction}, '0')))"
        sign = f"CASE WHEN {units} < 0 THEN '-' ELSE '' END"
        point = f"CASE WHEN {digits} > 0 THEN '.' ELSE '' END"
        return f"{sign} || (ABS({units}) / {UNITS}) || {point} || SUBSTR({fraction}, 1, {digits})", []

    def _parts(self, compiler: SQLCompiler) -> tuple[str, str]:
        """Return the SQL of the ten-thousandths and of the number of the currency's decimals."""
        units, currency = (compiler.compile(column)[0] for column in self.get_source_expressions())
        codes = {digits: [f"'{code}'" for code in DIGITS if DIGITS[code] == digits] for digits in set(DIGITS.values())}
        usual = max(codes, key=lambda digits: len(codes[digits]))
        cases = [
            f"WHEN {currency} IN ({', '.join(codes[digits])}) THEN {digits}" for digits in codes if digits != usual
        ]
        return units, f"CASE {' '.join(cases)} ELSE {usual} END"
