"""What an IntegrityError of the database means for the client."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from django.apps import apps
from django.db import DatabaseError, IntegrityError
from django.db.models import BaseConstraint, Model, ProtectedError, RestrictedError, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from .derived_fields import DerivedField

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

FOREIGN_KEY_VIOLATION = "23503"  # PostgreSQL's code
SQLITE_FOREIGN_KEY_MESSAGE = "FOREIGN KEY constraint failed"
CITUS_FOREIGN_KEY_MESSAGE = "violates foreign key constraint"  # of a COPY, whose errors have no code


class Violation(NamedTuple):
    """The field of a constraint error (None if it is not known) and the message for the client."""

    field: str | None
    message: "_StrOrPromise | None"


def field_of(model: type[Model], constraint: BaseConstraint) -> str | None:
    """Return the field that a unique constraint of the model is about. The constraint is named MODEL_FIELD_unique."""
    if not isinstance(constraint, UniqueConstraint):
        return None
    return constraint.name.removeprefix(f"{model._meta.model_name}_").removesuffix("_unique")


def conflict_of(error: IntegrityError) -> Violation | None:
    """Return what the client conflicts with; None if the error is not a conflict, but a bug of ours.

    A conflict is a value that must be unique and is taken, or a reference to a row that was deleted meanwhile.
    PostgreSQL names the constraint, SQLite its columns. Citus names the constraint of a shard in its message: after the
    name comes the shard's number. These messages are not passed on, because they may hold the row.
    """
    if isinstance(
        error, ProtectedError | RestrictedError
    ):  # raised by Django, before it sends anything to the database
        return Violation(None, _("Something still refers to this. Change or delete that first."))
    if is_foreign_key_violation(error):
        return Violation(None, _("What this refers to has just been deleted. Read it again, then try again."))
    name = _constraint_name(error)
    columns = re.findall(r"\w+\.\w+", str(error)) if name is None else []
    for model in apps.get_models():
        for constraint_name, own_columns, violation in _unique_constraints(model):
            is_named = name is not None and re.fullmatch(rf"{constraint_name}(_\d+)?", name)
            if is_named or (columns and own_columns == columns):
                return violation
    return None


def is_foreign_key_violation(error: DatabaseError) -> bool:
    """Return whether a row refers to another one that is not there."""
    return (
        getattr(error.__cause__, "pgcode", None) == FOREIGN_KEY_VIOLATION
        or str(error) == SQLITE_FOREIGN_KEY_MESSAGE
        or CITUS_FOREIGN_KEY_MESSAGE in str(error)
    )


def _constraint_name(error: IntegrityError) -> str | None:
    if name := getattr(getattr(error.__cause__, "diag", None), "constraint_name", None):
        return str(name)
    match = re.search(r'constraint "(\w+)"', str(error))
    return match[1] if match else None


def _unique_constraints(model: type[Model]) -> Iterator[tuple[str, list[str], Violation]]:
    """Yield name, columns and meaning of each unique constraint of the model, except for its primary key."""
    table = model._meta.db_table
    columns = {field.name: f"{table}.{field.column}" for field in model._meta.concrete_fields}
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            violation = Violation(field_of(model, constraint), constraint.violation_error_message)
            yield constraint.name, [columns[field] for field in constraint.fields], violation
    for field in model._meta.local_concrete_fields:
        if field.unique and not field.primary_key:
            name = field.source if isinstance(field, DerivedField) else field.name  # the name that people know
            [message] = model().unique_error_message(model, [name]).messages
            # PostgreSQL gives this name to the constraint of a single column.
            yield f"{table}_{field.column}_key", [f"{table}.{field.column}"], Violation(name, message)
