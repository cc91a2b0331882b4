"""A condition that is looked up row by row."""

from django.db.models import Model, QuerySet, Subquery, Value
from django.db.models.lookups import IsNull


def looked_up(rows: "QuerySet[Model, Model]") -> IsNull:
    """Return whether there is one of `rows`, which refer to the outer query: as `Exists`, but never as a join.

    PostgreSQL makes a join of EXISTS. In which order, it guesses from statistics, which it lacks of rows that are new.
    For 99,000 rows of an import, a wrong guess takes minutes.
    """
    return IsNull(Subquery(rows.order_by().values(one=Value(1))[:1]), False)
