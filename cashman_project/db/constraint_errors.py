"""What a database's refusal of a row means to the person who sent it."""

import re
from typing import Any, NamedTuple

from django.apps import apps
from django.db import IntegrityError
from django.db.models import BaseConstraint, UniqueConstraint
from django.utils.translation import gettext_lazy as _


class Violation(NamedTuple):
    """The field that a refusal is about (None where that is not known) and what to tell."""

    field: str | None
    message: Any


def field_of(model: Any, constraint: BaseConstraint) -> str | None:
    """Return the field that a unique constraint of the model is about: its name is MODEL_FIELD_unique."""
    if not isinstance(constraint, UniqueConstraint):
        return None
    return constraint.name.removeprefix(f"{model._meta.model_name}_").removesuffix("_unique")


def conflict_of(error: IntegrityError) -> Violation:
    """Return what is in the way.

    PostgreSQL names the constraint, whose `violation_error_message` says it in words, SQLite its
    columns. Neither's message is passed on: it may hold the row.
    """
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    columns = re.findall(r"\w+\.\w+", str(error)) if name is None else []
    for model in apps.get_models():
        table = model._meta.db_table
        for constraint in model._meta.constraints:
            if not isinstance(constraint, UniqueConstraint):
                continue
            own_columns = [f"{table}.{model._meta.get_field(field).column}" for field in constraint.fields]  # type: ignore[union-attr]
            if constraint.name == name or (columns and own_columns == columns):
                return Violation(field_of(model, constraint), constraint.violation_error_message)
    return Violation(None, _("This conflicts with what is stored already."))
