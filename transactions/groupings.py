"""What sums can be grouped by. Each grouping is declared once, in `GROUPINGS`."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, F, Func
from django.db.models.expressions import Combinable
from django.db.models.sql.compiler import SQLCompiler

from cashman_project.db.types import SQL

from .calendar import Day, Month, PeriodLength, Quarter, Week, Year, starting
from .choices import TransactionType

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FIRST_MONDAY = datetime.date(1900, 1, 1)  # the first date of all

KeyOf: TypeAlias = Callable[[str | Combinable], Expression]  # of the name of a column, or an expression


@dataclass(frozen=True)
class Grouping:
    """A key to group sums by. `key` is its SQL, and `text` makes a text of what the database returns.

    The key of a group of categories is not its name, which the sums are given later.

    `month_totals` says whether month totals can answer it: it isn't finer than a month. `period` is the length of its
    periods if it is by date. `key_of` makes the key of a date, if its periods are whole months, which begin on the
    owner's day. The others describe the key in the API: an `example`, its `choices`, and whether it is `nullable`.
    """

    key: Expression | F
    month_totals: bool = False
    text: Callable[[Any], str | None] | None = None  # Any: what the database returns for the key
    period: PeriodLength | None = None
    key_of: KeyOf | None = None
    example: str = ""
    choices: "Sequence[tuple[str, StrOrPromise]]" = field(default_factory=list)
    nullable: bool = False


class DatePart(Func):
    """The first characters of a date in ISO 8601, such as "2026-11". SQLite calls no Python function for it."""

    output_field = models.CharField()

    def __init__(self, expression: str | Expression, form: str) -> None:
        super().__init__(expression, form=form, length=len(form))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, %(length)s)")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template="TO_CHAR(%(expressions)s, '%(form)s')")


class DaysEarlier(Func):
    """The date so many days before a date."""

    output_field = models.DateField()

    def __init__(self, expression: str, days: int) -> None:
        super().__init__(expression, days=days)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, template="DATE(%(expressions)s, '-%(days)d days')")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template="(%(expressions)s - %(days)d)")


class DateKey(Func):
    """A date as it is stored. On SQLite it is its text, so that nothing converts it."""

    output_field = models.CharField()
    template = "%(expressions)s"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1)")


class QuarterKey(Func):
    """The quarter of a date, such as "2026-Q4"."""

    output_field = models.CharField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        number = "((SUBSTR(%(expressions)s, 6, 2) + 2) / 3)"
        return self.as_sql(compiler, connection, template=f"(SUBSTR(%(expressions)s, 1, 4) || '-Q' || {number})")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template="TO_CHAR(%(expressions)s, 'YYYY-\"Q\"Q')")


class WeekNumber(Func):
    """The number of weeks from Monday, 1900-01-01. The text of an ISO week would cost the database three times more."""

    output_field = models.IntegerField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: object) -> SQL:
        days = f"CAST(JULIANDAY(%(expressions)s) - JULIANDAY('{FIRST_MONDAY}') AS INTEGER)"
        return self.as_sql(compiler, connection, template=f"({days} / 7)")

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        return self.as_sql(compiler, connection, template=f"((%(expressions)s - DATE '{FIRST_MONDAY}') / 7)")


def whole_months(key_of: KeyOf, period: PeriodLength, example: str) -> Grouping:
    """Return a grouping by periods of whole months."""
    return Grouping(key_of("date"), month_totals=True, period=period, key_of=key_of, example=example)


@lru_cache(maxsize=20_000)  # more than there are weeks from 1900 to 2200
def _week_of(number: int) -> str:
    return WEEK.key(FIRST_MONDAY + datetime.timedelta(weeks=number))


DAY, WEEK, MONTH, QUARTER, YEAR = Day(), Week(), Month(), Quarter(), Year()
GROUPINGS = {
    "day": Grouping(DateKey("date"), text=str, period=DAY, example="2026-11-20"),
    "week": Grouping(WeekNumber("date"), text=_week_of, period=WEEK, example="2026-W47"),
    "month": whole_months(partial(DatePart, form="YYYY-MM"), MONTH, "2026-11"),
    "quarter": whole_months(QuarterKey, QUARTER, "2026-Q4"),
    "year": whole_months(partial(DatePart, form="YYYY"), YEAR, "2026"),
    "category": Grouping(F("category__name"), month_totals=True, nullable=True),
    "group": Grouping(F("category__group_key"), month_totals=True, nullable=True),
    "account": Grouping(F("account__name"), month_totals=True, nullable=True),
    "tag": Grouping(F("tag_names__name"), nullable=True),
    "type": Grouping(F("type"), month_totals=True, choices=TransactionType.choices),
}

# The groupings whose periods begin on the owner's day.
FROM_MONTH_START = frozenset(name for name, grouping in GROUPINGS.items() if grouping.key_of)


@lru_cache
def groupings_of(month_start: int) -> Mapping[str, Grouping]:
    """Return the groupings of an owner whose months begin on that day. Month totals know the months of the calendar
    alone."""
    if month_start == 1:
        return GROUPINGS
    date = DaysEarlier("date", month_start - 1)
    shifted = {
        name: replace(one, key=one.key_of(date), month_totals=False, period=starting(one.period or DAY, month_start))
        for name, one in GROUPINGS.items()
        if one.key_of
    }
    return {**GROUPINGS, **shifted}
