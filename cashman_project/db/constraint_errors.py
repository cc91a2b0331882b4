"""What an IntegrityError of the database means for the client."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db import DatabaseError, IntegrityError
from django.db.models import BaseConstraint, ProtectedError, RestrictedError, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from .derived_fields import DerivedField

FOREIGN_KEY_VIOLATION = "23503"  # PostgreSQL's code
SQLITE_FOREIGN_KEY_MESSAGE = "FOREIGN KEY constraint failed"


class Violation(NamedTuple):
    """The field of a constraint error (None if it is not known) and the message for the client."""

    field: str | None
    message: Any


def field_of(model: Any, constraint: BaseConstraint) -> str | None:
    """Return the field that a unique constraint of the model is about: its name is MODEL_FIELD_unique."""
    if not isinstance(constraint, UniqueConstraint):
        return None
    return constraint.name.removeprefix(f"{model._meta.model_name}_").removesuffix("_unique")


def conflict_of(error: IntegrityError) -> Violation | None:
    """Return what is in the way; None if the error is no conflict between people, but a bug of ours.

    A conflict is a unique constraint of a model, or a row that was deleted while it was referred to. PostgreSQL names
    the constraint, SQLite its columns. Neither's message is passed on: it may hold the row.
    """
    if isinstance(error, ProtectedError | RestrictedError):  # Django's own, from before it asks the database
        return Violation(None, _("Something still refers to this. Change or delete that first."))
    if is_foreign_key_violation(error):
        return Violation(None, _("What this refers to has just been deleted. Read it again, then try again."))
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    columns = re.findall(r"\w+\.\w+", str(error)) if name is None else []
    for model in apps.get_models():
        for constraint_name, own_columns, violation in _unique_constraints(model):
            if name == constraint_name or (columns and own_columns == columns):
                return violation
    return None


def is_foreign_key_violation(error: DatabaseError) -> bool:
    """Return whether a row refers to another one that is not there."""
    return getattr(error.__cause__, "pgcode", None) == FOREIGN_KEY_VIOLATION or str(error) == SQLITE_FOREIGN_KEY_MESSAGE


def _unique_constraints(model: Any) -> Iterator[tuple[str, list[str], Violation]]:
    """Yield the name, the columns and the meaning of each unique constraint of the model, but for its primary key."""
    table = model._meta.db_table
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            columns = [f"{table}.{model._meta.get_field(field).column}" for field in constraint.fields]
            yield constraint.name, columns, Violation(field_of(model, constraint), constraint.violation_error_message)
    for field in model._meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            name = field.source if isinstance(field, DerivedField) else field.name  # which people know
            [message] = model().unique_error_message(model, [name]).messages
            # The name that PostgreSQL gives to a column's own constraint.
            yield f"{table}_{field.column}_key", [f"{table}.{field.column}"], Violation(name, message)
