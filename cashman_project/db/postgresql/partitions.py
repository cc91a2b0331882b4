"""Owned tables split into hash partitions by owner, as a stand-in for a database that is distributed by owner.

The tests run with it too (`make test-partitions`). It is no setting, because nobody needs it but the tests.
"""

import os
from types import TracebackType

from django.db.models import Model

from ..owned_tables import owner_field
from .schema import DatabaseSchemaEditor

PARTITIONS = int(os.environ.get("TEST_PARTITIONS", "0"))  # of each table


class PartitionsSchemaEditor(DatabaseSchemaEditor):
    def table_sql(self, model: type[Model]) -> tuple[str, list[object]]:
        sql, params = super().table_sql(model)
        owner = owner_field(model)
        return (f"{sql} PARTITION BY HASH ({self.quote_name(owner.column)})" if owner else sql), params

    def create_model(self, model: type[Model]) -> None:
        super().create_model(model)
        table = model._meta.db_table
        for number in range(PARTITIONS if owner_field(model) else 0):
            values = f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
            self.execute(f"CREATE TABLE {table}_{number} PARTITION OF {table} {values}")

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(exc_type, exc_value, traceback)
        if exc_type is None:
            self._name_constraints()

    def _name_constraints(self) -> None:
        """Give a partition's unique constraint the name of its table's and a number, as Citus does for a shard."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT part.conrelid::regclass::text, part.conname, whole.conname FROM pg_constraint AS part"
                " JOIN pg_constraint AS whole ON whole.oid = part.conparentid WHERE part.contype = 'u'"
            )
            for table, name, whole in cursor.fetchall():
                wanted = f"{whole}_{table.rpartition('_')[2]}"
                if name != wanted:
                    cursor.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO {wanted}")
