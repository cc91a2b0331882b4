"""Django's schema editor, which gives owned tables keys that begin with the owner.

The models keep their key `id`. The reasons are in docs/adr/0043-keys-with-the-owner.md.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.backends.ddl_references import Columns, ForeignKeyName, Statement, Table
from django.db.backends.postgresql import schema
from django.db.models import Model

from ..owned_tables import owner_field, primary_key, reference
from ..types import AnyField, AnyForeignKey
from .citus import distribute, is_sharded


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    sql_create_column_inline_fk = None  # type: ignore[assignment]  # a key of two columns can't be a part of one

    def __enter__(self) -> "DatabaseSchemaEditor":
        super().__enter__()
        if self.atomic_migration and not self.collect_sql:
            super().execute("SELECT 1")  # BEGIN is sent with it, because Citus takes each change of a table alone
        return self

    def execute(self, sql: Statement | str, params: Sequence[object] | None = ()) -> None:
        """Execute a statement. Django drops a foreign key by two, of which Citus takes only one at a time."""
        parts: list[Statement | str] = [sql]
        if str(sql).startswith("SET CONSTRAINTS"):
            parts = [*str(sql).split("; ", 1)]
        for part in parts:
            super().execute(part, params)

    def create_model(self, model: type[Model]) -> None:
        """Create the table of a model. If the ledgers are distributed, so is it, before it gets foreign keys."""
        super().create_model(model)
        owner = owner_field(model)
        if owner is not None and is_sharded(self.connection):
            distribute(self.connection, model._meta.db_table, owner.column)

    def _iter_column_sql(
        self, column_db_type: str, params: list[object], model: type[Model], field: AnyField, *args: object
    ) -> Iterator[str]:
        """Yield the parts of a column's definition. After the primary key of a model, yield that of its table."""
        for part in super()._iter_column_sql(column_db_type, params, model, field, *args):  # type: ignore[misc]
            is_key = part == "PRIMARY KEY" and primary_key(model) != [field.column]
            yield f", {self._pk_constraint_sql(primary_key(model))}" if is_key else part  # type: ignore[attr-defined]

    def _create_fk_sql(self, model: type[Model], field: AnyForeignKey, suffix: str) -> Statement:
        """Return the statement of a foreign key. That of an owned table is checked at once, and holds the owner."""
        statement: Statement = super()._create_fk_sql(model, field, suffix)  # type: ignore[misc]
        if owner_field(model) is None:
            return statement
        table, (columns, to_table, to_columns) = model._meta.db_table, reference(model, field)
        parts: dict[str, Any] = statement.parts  # Any: the stub forgets that some are texts
        parts |= {
            "name": ForeignKeyName(table, [field.column], to_table, [to_columns[-1]], suffix, self._quoted_name),
            "column": Columns(table, columns, self.quote_name),
            "to_table": Table(to_table, self.quote_name),
            "to_column": Columns(to_table, to_columns, self.quote_name),
            "deferrable": "",
        }
        return statement

    def _quoted_name(self, *args: object, **kwargs: object) -> str:
        return self.quote_name(self._create_index_name(*args, **kwargs))  # type: ignore[attr-defined]
