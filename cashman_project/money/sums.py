"""Exact sums of money, made by the database (docs/adr/0003-money-as-ten-thousandths.md)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Q, Subquery, Sum
from django.db.models.sql.compiler import SQLCompiler

from ..db.types import SQL
from .amounts import HALF
from .model_field import ExactSum, MoneyField, is_exact

if TYPE_CHECKING:
    from django.db.models.sql.query import Query


class MoneySum(ExactSum, models.Sum):
    """The exact sum of a MoneyField, as a `Decimal`. It is None if there is no row.

    SQLite's SUM overflows after 9,223 of the largest amounts. So on SQLite the high and the low halves are summed
    separately ("high:low") and joined in Python, and the database can't filter (FieldError) or order by the sum. Raises
    FieldError on anything but money, and on a `default`.
    """

    allow_distinct = False  # different amounts may have equal halves

    def is_exact(self) -> bool:
        return is_exact(self.get_source_expressions()[0])

    def resolve_expression(
        self,
        query: "Query | None" = None,
        allow_joins: bool = True,
        reuse: set[str] | None = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> Self:
        resolved: object = super().resolve_expression(query, allow_joins, reuse, summarize, for_save)
        if not isinstance(resolved, type(self)) or not isinstance(resolved.output_field, MoneyField):
            raise FieldError("MoneySum sums money, without a default.")
        return resolved

    @property
    def convert_value(self) -> Callable[..., object]:
        """Convert nothing. Django would read "high:low" as one number, and the field converts the value already."""
        convert: Callable[..., object] = self._convert_value_noop  # type: ignore[attr-defined]  # not in the stub
        return convert

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        # "%%%%" becomes one "%" in the SQL, after the formatting of the template and of the parameters.
        high, high_params = self._of_halves("/").as_sql(compiler, connection)
        low, low_params = self._of_halves("%%%%").as_sql(compiler, connection)
        return f"({high} || ':' || {low})", (*high_params, *low_params)

    def _of_halves(self, operator: str) -> Self:
        """Return the sum of one half of each amount, with the same filter. The operator between amount and HALF says
        which half."""
        part = self.copy()
        amount, *others = self.get_source_expressions()
        part.set_source_expressions([Func(amount, template=f"%(expressions)s {operator} {HALF}"), *others])
        return part


class HalvesSum(ExactSum, Func):
    """The exact sum of money that two columns hold in halves, as a `Decimal`. It is None if there is no row.

    The halves are joined in Python, as those of `MoneySum`. So the database can't filter by it either.
    """

    template = "(%(expressions)s)"
    arg_joiner = " || ':' || "
    convert_value = MoneySum.convert_value

    def __init__(self, high: str, low: str, *, filter: Q | None = None) -> None:
        super().__init__(Sum(high, filter=filter), Sum(low, filter=filter), output_field=MoneyField())


class SumSubquery(ExactSum, Subquery):
    """A subquery of one such sum, as a `Decimal`. It is None if there is no row."""

    output_field = MoneyField()
    convert_value = MoneySum.convert_value
