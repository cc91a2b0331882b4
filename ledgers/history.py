"""What rows were before they were changed, written to the history by the database, and read from it."""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F, QuerySet, Value

from cashman_project.db.compiled import execute_later
from cashman_project.db.derived_fields import DerivedField
from cashman_project.db.json_object import ColumnsJSON
from cashman_project.db.types import Values

from .writer import DELETED, UPDATED, Write

if TYPE_CHECKING:
    from .models import OwnedModel

Converter: TypeAlias = Callable[[Any], object]  # Any: a value of JSON of the column's kind

CHANGES = "ledgers_change"
TARGET = f"INSERT INTO {CHANGES} (ledger_id, revision, resource, row_id, operation, before)"  # no input


def record(rows: "QuerySet[Any]", write: Write, operation: str) -> None:  # Any: an OwnedModel
    """Store what the rows are, before the write updates or deletes them.

    Rows that this write has created have no earlier state. Those that it has updated already have theirs stored, but
    not those whose JSON it has changed by another row's.
    """
    model: type[OwnedModel] = rows.model
    earlier = rows.order_by().filter(created_revision__lt=write.revision)
    select = earlier.values_list(
        F("owner_id"),
        Value(write.revision),
        Value(model.resource),
        F("pk"),
        Value(operation),
        ColumnsJSON(*stored_columns(model)),
    )
    try:
        sql, params = select.query.sql_with_params()
    except EmptyResultSet:
        return
    execute_later(write.connection, f"{TARGET} {sql} ON CONFLICT DO NOTHING", params)
    if operation == DELETED and UPDATED in write.counts.get(model.resource, ()):
        changes = apps.get_model("ledgers", "Change")._default_manager.using(rows.db)
        keys = rows.order_by().filter(revision=write.revision).values("pk")
        changes.filter(ledger=write.owner, revision=write.revision, row_id__in=keys).update(operation=DELETED)


@lru_cache
def stored_columns(model: "type[OwnedModel]") -> tuple[str, ...]:
    """Return the names of the columns that the history keeps: all but the owner and those that follow from others."""
    return tuple(
        field.attname
        for field in model._meta.concrete_fields
        if field.name != "owner" and not isinstance(field, DerivedField)
    )


def read_before(model: "type[OwnedModel]", before: str) -> Values:
    """Return what a row was: the `before` of a Change as the model's fields have it in Python, by the names of columns.

    Columns that the model has lost since are left out, and those that it has got since are missing.
    """
    stored = json.loads(before, parse_float=Decimal)
    return {
        name: stored[name] if convert is None or stored[name] is None else convert(stored[name])
        for name, convert in _converters(model)
        if name in stored
    }


@lru_cache
def _converters(model: "type[OwnedModel]") -> list[tuple[str, Converter | None]]:
    """Return the names of the columns, with what makes values in Python of those in JSON; None if they are the same."""
    return [(name, _converter(model._meta.get_field(name))) for name in stored_columns(model)]


def _converter(field: Any) -> Converter | None:  # Any: a field of any kind
    if hasattr(field, "from_db_value"):  # an amount stays exact: it is a number of ten-thousandths
        return lambda value: field.from_db_value(value, field.cached_col, connection)
    if isinstance(field, models.CharField | models.TextField | models.IntegerField):
        return None
    if isinstance(field, models.DateTimeField):
        return _timestamp
    convert: Converter = field.to_python
    return convert


def _timestamp(text: str) -> datetime.datetime:
    """Return a timestamp. SQLite writes it in UTC, and does not say so."""
    timestamp = datetime.datetime.fromisoformat(text)
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=datetime.UTC)
