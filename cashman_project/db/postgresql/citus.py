"""Citus, which spreads the tables of a PostgreSQL over several machines: the tables of owned rows by their owner.

Citus hashes the owner. All rows of an owner, in all tables, are on the same machine, in a small table of its own (a
shard). So a statement that names the owner runs on one machine. The users are a reference table: every machine has all
of them, so owned rows can refer to them. All other tables stay on the coordinator, to which Cashman connects.

The reasons are in docs/adr/0046-citus.md.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

from ..owned_tables import owned_models, owner_field
from ..types import DatabaseRow

LEDGERS = "ledgers_ledger"  # the table with which all others are colocated
# Citus refuses triggers, because one could write rows of another machine. Ours write rows of the same owner.
SETTINGS = {
    "citus.enable_unsafe_triggers": "on",
    "citus.propagate_set_commands": "local",  # SET LOCAL works on the workers too, such as lock_timeout
    "citus.multi_shard_modify_mode": "sequential",  # so one transaction may write many shards and a reference table
}


class Distribution(NamedTuple):
    """How Citus stores a table: its method ("h" by hash), the column that it hashes, and the group of tables whose
    shards are on the same machines."""

    method: str
    column: str | None
    group: int

    @property
    def is_reference(self) -> bool:
        return self.method == "n" and self.group != 0


def has_citus(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the database has Citus."""
    query = "SELECT FROM pg_extension WHERE extname = 'citus'"
    return connection.vendor == "postgresql" and bool(_rows(connection, query))


def owned_tables() -> dict[str, str]:
    """Return the owned tables, each with the column of the owner. That of the ledgers comes first."""
    fields = {model._meta.db_table: owner_field(model) for model in owned_models()}
    columns = {table: field.column for table, field in fields.items() if field is not None}
    return dict(sorted(columns.items(), key=lambda item: item[0] != LEDGERS))


def users_table() -> str:
    """Return the name of the users' table."""
    return str(apps.get_model(settings.AUTH_USER_MODEL)._meta.db_table)


def is_sharded(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the database has been distributed."""
    return has_citus(connection) and LEDGERS in _distributions(connection)


def local_tables(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the tables of owned rows that are not distributed though the ledgers are. It is empty without Citus."""
    if not has_citus(connection):
        return []
    stored = _distributions(connection)
    return [table for table in owned_tables() if LEDGERS in stored and not _is_distributed(table, stored)]


def distribute(connection: BaseDatabaseWrapper, table: str, column: str) -> None:
    """Distribute a table by the column that has the owner. Its rows move to the shards."""
    group = "default" if table == LEDGERS else LEDGERS
    _execute(connection, "SELECT create_distributed_table(%s, %s, colocate_with => %s)", [table, column, group])


def shard(connection: BaseDatabaseWrapper, tell: Callable[[str], object]) -> None:
    """Distribute the tables that are not, and tell what is done.

    Everything happens in one database transaction, but for the deletion of the copies that Citus leaves behind. So a
    run that is interrupted has done nothing, or all but this deletion, which the next run makes up for.
    """
    _set_up(connection)
    with transaction.atomic(connection.alias):
        _execute(connection, "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        stored = _distributions(connection)
        tables = {table: column for table, column in owned_tables().items() if not _is_distributed(table, stored)}
        keys, triggers = _foreign_keys(connection, tables), _triggers(connection, tables)
        for table, name, _definition in keys:
            _execute(connection, f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for table, name, _definition in triggers:
            _execute(connection, f"DROP TRIGGER {name} ON {table}")
        users = users_table()
        if users not in stored or not stored[users].is_reference:
            tell(_("%(table)s: to every machine") % {"table": users})
            _execute(connection, "SELECT create_reference_table(%s)", [users])
        for table, column in tables.items():
            tell(_("%(table)s: by %(column)s") % {"table": table, "column": column})
            distribute(connection, table, column)
        for table, name, definition in keys:
            _execute(connection, f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for _table, _name, definition in triggers:
            _execute(connection, definition)
    for table in _copied(connection):
        tell(_("%(table)s: the copy on the coordinator is deleted") % {"table": table})
        _execute(connection, "SELECT truncate_local_data_after_distributing_table(%s)", [table])


def _set_up(connection: BaseDatabaseWrapper) -> None:
    """Give the database, and the connection, the settings that Citus needs."""
    for name, value in SETTINGS.items():
        if _rows(connection, f"SHOW {name}") != [(value,)]:
            _execute(connection, f"ALTER DATABASE {_database(connection)} SET {name} = {value}")
    connection.close()


def _database(connection: BaseDatabaseWrapper) -> str:
    [[name]] = _rows(connection, "SELECT quote_ident(current_database())")
    return str(name)


def faults(connection: BaseDatabaseWrapper) -> list[str]:
    """Return what is not as `shard` leaves it."""
    stored = _distributions(connection)
    group = stored[LEDGERS].group if LEDGERS in stored else None
    found = []
    if not (users_table() in stored and stored[users_table()].is_reference):
        found.append(_("%(table)s is not on every machine.") % {"table": users_table()})
    for table, column in owned_tables().items():
        if not _is_distributed(table, stored):
            found.append(_("%(table)s is not distributed.") % {"table": table})
        elif stored[table].column != column:
            values = {"table": table, "wrong": stored[table].column, "column": column}
            found.append(_("%(table)s is distributed by %(wrong)s, not by %(column)s.") % values)
        elif stored[table].group != group:
            found.append(
                _("%(table)s is not on the same machines as %(ledgers)s.") % {"table": table, "ledgers": LEDGERS}
            )
        else:
            found += _trigger_faults(connection, table)
    found += [_("%(table)s has a copy on the coordinator.") % {"table": table} for table in _copied(connection)]
    for name, port in _rows(connection, "SELECT nodename, nodeport FROM pg_dist_node WHERE NOT isactive"):
        found.append(_("The machine %(name)s:%(port)s is not active.") % {"name": name, "port": port})
    wrong = [name for name, value in SETTINGS.items() if _rows(connection, f"SHOW {name}") != [(value,)]]
    found += [
        _("The database's setting %(name)s is not %(value)s.") % {"name": name, "value": SETTINGS[name]}
        for name in wrong
    ]
    return found


def unfit_keys(connection: BaseDatabaseWrapper) -> list[DatabaseRow]:
    """Return tables and names of the unique keys that lack the owner, which Citus could not keep."""
    columns = owned_tables()
    query = """
        SELECT conrelid::regclass::text, conname, array_agg(attname::text)
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
        WHERE conrelid = ANY (%s::regclass[]) AND contype IN ('p', 'u') GROUP BY conrelid, conname ORDER BY 1, 2
    """
    return [row[:2] for row in _rows(connection, query, [list(columns)]) if columns[row[0]] not in row[2]]


def nodes(connection: BaseDatabaseWrapper) -> list[DatabaseRow]:
    """Return group, name and port of each machine. The coordinator is group 0."""
    return _rows(connection, "SELECT groupid, nodename, nodeport FROM pg_dist_node ORDER BY groupid, nodeid")


def _distributions(connection: BaseDatabaseWrapper) -> dict[str, Distribution]:
    query = """
        SELECT logicalrelid::text, partmethod::text, column_to_column_name(logicalrelid, partkey), colocationid
        FROM pg_dist_partition
    """
    return {table: Distribution(*values) for table, *values in _rows(connection, query)}


def _is_distributed(table: str, stored: dict[str, Distribution]) -> bool:
    return table in stored and stored[table].method == "h"


def _foreign_keys(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> list[DatabaseRow]:
    """Return table, name and definition of each foreign key of the tables, or to one of them."""
    query = """
        SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'f' AND (conrelid = ANY (%s::regclass[]) OR confrelid = ANY (%s::regclass[])) ORDER BY 1, 2
    """
    return _rows(connection, query, [list(tables)] * 2)


def _triggers(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> list[DatabaseRow]:
    """Return table, name and definition of each trigger of the tables. They would count the rows that move."""
    query = """
        SELECT tgrelid::regclass::text, quote_ident(tgname), pg_get_triggerdef(oid) FROM pg_trigger
        WHERE NOT tgisinternal AND tgrelid = ANY (%s::regclass[]) ORDER BY 1, 2
    """
    return _rows(connection, query, [list(tables)])


def _trigger_faults(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """Return what is wrong with the shards of a table that has triggers: whether they have these, and can be read."""
    number = len(_triggers(connection, [table]))
    if not number:
        return []
    count = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = '%s'::regclass"
    query = "SELECT shardid, success, result FROM run_command_on_shards(%s, %s) ORDER BY 1"
    found = []
    for shard_id, is_answered, result in _rows(connection, query, [table, count]):
        values = {"table": table, "shard": shard_id, "result": result, "number": number}
        if not is_answered:
            found.append(_("Shard %(shard)s of %(table)s can't be read: %(result)s") % values)
        elif result != str(number):
            found.append(_("Shard %(shard)s of %(table)s has %(result)s triggers, not %(number)s.") % values)
    return found


def _copied(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the tables whose rows Citus has copied to the shards, and left on the coordinator too."""
    query = """
        SELECT logicalrelid::text FROM pg_dist_partition
        WHERE (partmethod = 'h' OR colocationid <> 0) AND pg_relation_size(logicalrelid) > 0 ORDER BY 1
    """
    return [table for (table,) in _rows(connection, query)]


def _rows(connection: BaseDatabaseWrapper, query: str, params: DatabaseRow | None = None) -> list[DatabaseRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        rows: list[DatabaseRow] = cursor.fetchall()
        return rows


def _execute(connection: BaseDatabaseWrapper, statement: str, params: DatabaseRow | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
