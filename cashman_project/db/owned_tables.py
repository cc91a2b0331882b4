"""Which tables hold rows of owners, and the keys that these have on PostgreSQL (docs/adr/0043-keys-with-the-owner.md).

The rows of a model have owners if it has a field `owner`, or `ledger`, as the history has. Everything here works for
the models of migrations too.
"""

from graphlib import TopologicalSorter
from typing import NamedTuple

from django.apps import apps
from django.db.models import ForeignKey, Model

from .types import AnyField, AnyForeignKey

OWNER_FIELDS = ("owner", "ledger")


class Reference(NamedTuple):
    """What a foreign key of a table refers to: its columns, and the table and the columns that they refer to."""

    columns: list[str]
    to_table: str
    to_columns: list[str]


def owner_field(model: type[Model]) -> "AnyField | None":
    """Return the field that says whose the rows are; None if the rows have no owner."""
    return next((field for field in model._meta.concrete_fields if field.name in OWNER_FIELDS), None)


def primary_key(model: type[Model]) -> list[str]:
    """Return the columns of the primary key on PostgreSQL. It begins with the owner."""
    owner, keys = owner_field(model), [field.column for field in model._meta.pk_fields]
    return keys if owner is None or owner.column in keys else [owner.column, *keys]


def foreign_keys(model: type[Model]) -> "list[AnyForeignKey]":
    """Return the fields that have a foreign key."""
    fields = model._meta.concrete_fields
    return [field for field in fields if isinstance(field, ForeignKey) and field.db_constraint]  # type: ignore[attr-defined]


def reference(model: type[Model], field: AnyForeignKey) -> Reference:
    """Return what a foreign key refers to on PostgreSQL. Between rows of owners, it holds the owner."""
    target, to_model = field.target_field, field.target_field.model
    if to_table := getattr(field, "references_ledger", None):
        return Reference([field.column], to_table, ["id"])
    owner, to_owner = owner_field(model), owner_field(to_model)
    if owner is None or to_owner is None or target.column == to_owner.column:
        return Reference([field.column], to_model._meta.db_table, [target.column])
    return Reference([owner.column, field.column], to_model._meta.db_table, [to_owner.column, target.column])


def owned_models() -> list[type[Model]]:
    """Return the models with owners: first the ledgers, and each model after those that it refers to."""
    models = {model._meta.db_table: model for model in apps.get_models() if not model._meta.proxy}
    owned = {table: model for table, model in models.items() if owner_field(model)}
    graph = {
        table: [to for field in foreign_keys(model) if (to := reference(model, field).to_table) in owned]
        for table, model in owned.items()
    }
    found = [owned[table] for table in TopologicalSorter(graph).static_order()]
    return sorted(found, key=lambda model: not model._meta.pk.is_relation)  # a ledger's key is its owner's
