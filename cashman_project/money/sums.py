"""Exact sums of money, made by the database (docs/adr/0003-money-as-ten-thousandths.md)."""

from typing import Any, Self

from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Q, Sum
from django.db.models.sql.compiler import SQLCompiler

from .amounts import HALF
from .model_field import ExactSum, MoneyField, is_exact


class MoneySum(ExactSum, models.Sum):
    """The exact sum of a MoneyField, a `Decimal`; None if there is no row.

    SQLite's SUM overflows past 9,223 of the largest amounts, so there the high and the low parts
    are summed apart ("high:low") and joined in Python. So you can't filter by a sum (FieldError) or order by it in the
    database. Raises FieldError on anything but money, and on a `default`.
    """

    allow_distinct = False  # distinct halves are not those of distinct amounts

    def is_exact(self) -> bool:
        return is_exact(self.get_source_expressions()[0])

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


class HalvesSum(ExactSum, Func):
    """The exact sum, a `Decimal`, of money that two columns hold in halves; None if there is no row.

    The halves are joined in Python, as those of `MoneySum`. You can't filter by it either.
    """

    template = "(%(expressions)s)"
    arg_joiner = " || ':' || "
    convert_value = MoneySum.convert_value

    def __init__(self, high: str, low: str, *, filter: Q) -> None:
        super().__init__(Sum(high, filter=filter), Sum(low, filter=filter), output_field=MoneyField())
