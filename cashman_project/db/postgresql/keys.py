"""Keys that begin with the owner, for tables that have others (docs/adr/0043-keys-with-the-owner.md).

A migration calls `make_keys`, and then `validate_keys`. What is there already stays, so both may run again. Writers are
only held out while the keys are exchanged, which takes no time that grows with the table.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from django.apps.registry import Apps
from django.db import OperationalError, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from ..owned_tables import foreign_keys, primary_key, reference
from .schema import DatabaseSchemaEditor

SUFFIX = "_fk_%(to_table)s_%(to_column)s"  # Django's own
ATTEMPTS, PAUSE = 120, 1  # seconds between two attempts to lock the tables
# While the migration waits for a lock, all others wait too. So it gives up soon, and before PostgreSQL looks for
# deadlocks, which might end the transaction of somebody else.
SET_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '200ms'"
NO_LOCK = "55P03"  # PostgreSQL's code for a lock that was not available in time

Operation = Callable[[Apps, BaseDatabaseSchemaEditor], None]


def make_keys(*names: str) -> Operation:
    """Return what gives the tables of these models ("app.Model") their keys. Foreign keys are not validated yet."""
    return partial(_on_postgresql, names, _make_keys)


def validate_keys(*names: str) -> Operation:
    """Return what validates the foreign keys of these models."""
    return partial(_on_postgresql, names, _validate)


def _on_postgresql(
    names: Sequence[str],
    work: Callable[[DatabaseSchemaEditor, CursorWrapper, list[type[Model]]], None],
    apps: Apps,
    schema_editor: DatabaseSchemaEditor,
) -> None:
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            work(schema_editor, cursor, [apps.get_model(name) for name in names])
            cursor.execute("RESET statement_timeout")


def _make_keys(editor: DatabaseSchemaEditor, cursor: CursorWrapper, models: list[type[Model]]) -> None:
    drops, keys, additions = [], [], []
    tables: dict[str, None] = {}  # in the order in which writers lock them
    for model in models:
        table, columns = model._meta.db_table, ", ".join(primary_key(model))
        present = _constraints(cursor, table, "f")
        wanted = dict(_wanted(editor, model))
        tables |= dict.fromkeys([*(reference(model, field).to_table for field in foreign_keys(model)), table])
        drops += [f"ALTER TABLE {table} DROP CONSTRAINT {present[key]}" for key in present.keys() - wanted.keys()]
        added = [statement for definition, statement in wanted.items() if definition not in present]
        additions += [f"{statement}{_not_valid(cursor, table)}" for statement in added]
        [[definition, name]] = _constraints(cursor, table, "p").items()
        if definition != f"PRIMARY KEY ({columns})":
            index = f"{table}_owner"  # which the key takes over, with its own name
            _build_index(cursor, index, table, columns)
            keys.append(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            keys.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {index}")
    statements = [*drops, *keys, *additions]
    if statements:
        locks = f"LOCK TABLE {', '.join([*tables, *(_referenced(cursor, tables) - tables.keys())])}"
        _execute_soon(cursor, editor.connection.alias, "; ".join([locks, *statements]))


def _validate(_editor: DatabaseSchemaEditor, cursor: CursorWrapper, models: list[type[Model]]) -> None:
    for model in models:
        table = model._meta.db_table
        for definition, name in _constraints(cursor, table, "f").items():
            if definition.endswith(" NOT VALID"):
                cursor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _constraints(cursor: CursorWrapper, table: str, kind: str) -> dict[str, str]:
    """Return the names of the table's constraints of a kind, by their definitions."""
    cursor.execute(
        "SELECT pg_get_constraintdef(oid), quote_ident(conname) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = %s AND conparentid = 0",
        [table, kind],
    )
    return dict(cursor.fetchall())


def _referenced(cursor: CursorWrapper, tables: Iterable[str]) -> set[str]:
    """Return the tables to which foreign keys of these tables refer."""
    query = (
        "SELECT confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)"
    )
    cursor.execute(query, [list(tables)])
    return {table for (table,) in cursor.fetchall()}


def _wanted(editor: DatabaseSchemaEditor, model: type[Model]) -> Iterator[tuple[str, str]]:
    """Yield the definition of each foreign key that the table should have, and the statement that makes it."""
    for field in foreign_keys(model):
        columns, to_table, to_columns = reference(model, field)
        definition = f"FOREIGN KEY ({', '.join(columns)}) REFERENCES {to_table}({', '.join(to_columns)})"
        yield definition, str(editor._create_fk_sql(model, field, SUFFIX))


def _not_valid(cursor: CursorWrapper, table: str) -> str:
    """Return what lets a foreign key be made without a look at the rows, which a partitioned table does not know."""
    cursor.execute("SELECT relkind FROM pg_class WHERE oid = %s::regclass", [table])
    return "" if cursor.fetchone() == ("p",) else " NOT VALID"


def _build_index(cursor: CursorWrapper, name: str, table: str, columns: str) -> None:
    """Build a unique index while others write."""
    cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")  # which an attempt before has perhaps left unfinished
    cursor.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns})")


def _execute_soon(cursor: CursorWrapper, using: str, sql: str) -> None:
    """Execute the statements in one transaction as soon as nobody uses the tables. Let others go first meanwhile."""
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic(using):
                cursor.execute(SET_LOCK_TIMEOUT)
                cursor.execute(sql)
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) != NO_LOCK or attempt == ATTEMPTS - 1:
                raise
            time.sleep(PAUSE)
        else:
            return
