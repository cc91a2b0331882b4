"""The triggers that update the month totals whenever transactions are written (docs/adr/0015-month-totals.md).

To alter a table on SQLite, Django creates a new one, without triggers. So after each migration, `restore` creates
triggers that are missing. A migration that alters MonthTotal has to begin with `RunPython(remove, install)`, because
SQLite can't rename a table that a trigger refers to.
"""

# ruff: noqa: S608  # no input

from django.apps.registry import Apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.recorder import MigrationRecorder

from cashman_project.db.types import DatabaseRow
from cashman_project.money.amounts import HALF

from .totals import NO_CATEGORY

TOTALS, TRANSACTIONS = "transactions_monthtotal", "transactions_transaction"
KEY = "owner_id, date, currency, type, category_id"
COLUMNS = f"{KEY}, high, low, count"
CREATED_BY = ("transactions", "0003_month_total_triggers")  # the migration
EVENTS = ("INSERT", "UPDATE", "DELETE")
# Subtracting a transaction from a total that is already deleted, as in an erasure, makes a total with a negative count.
# It is deleted at once, like a total with a count of zero.
MERGE = (
    f"ON CONFLICT ({KEY}) DO UPDATE SET high = {TOTALS}.high + excluded.high, low = {TOTALS}.low + excluded.low,"
    f" count = {TOTALS}.count + excluded.count"
)


def install(apps: Apps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create or replace the triggers, and count all transactions. Nobody can write meanwhile."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":  # CREATE TRIGGER waits for writers, and then blocks them
        statements = ["SET LOCAL statement_timeout = 0", *map(_function, EVENTS), *map(_by_statement, EVENTS)]
    else:
        remove(apps, schema_editor)
        statements = [*map(_by_row, EVENTS)]
    sums = _sums(f"SELECT {_change(vendor, 1)} FROM {TRANSACTIONS}")
    statements += [f"DELETE FROM {TOTALS}", f"INSERT INTO {TOTALS} ({COLUMNS}) {sums}"]
    for statement in statements:
        schema_editor.execute(statement, params=None)


def replace_functions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Replace what the triggers do on PostgreSQL. Nobody waits for it."""
    if schema_editor.connection.vendor == "postgresql":
        for event in EVENTS:
            schema_editor.execute(_function(event), params=None)


def remove(apps: Apps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers if they exist."""
    for name in map(_trigger_name, EVENTS):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name} CASCADE", params=None)
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)


def differences(connection: BaseDatabaseWrapper) -> list[DatabaseRow]:
    """Return the keys of all totals that differ from the sums of their transactions, in the order of the keys."""
    statement = (
        f"WITH part ({COLUMNS}) AS (SELECT {_change(connection.vendor, 1)} FROM {TRANSACTIONS}"
        f" UNION ALL SELECT {KEY}, -high, -low, -count FROM {TOTALS})"
        f" SELECT {KEY} FROM part GROUP BY {KEY} HAVING (SUM(high), SUM(low), SUM(count)) <> (0, 0, 0) ORDER BY {KEY}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        keys: list[DatabaseRow] = cursor.fetchall()
    return keys


def restore(using: str, **kwargs: object) -> None:
    """Create the triggers and count all transactions, if a migration has dropped a trigger.

    It is a receiver of `post_migrate`.
    """
    connection = connections[using]
    is_migrated = CREATED_BY in MigrationRecorder(connection).applied_migrations()
    if is_migrated and not _trigger_names(connection) >= {_trigger_name(event) for event in EVENTS}:
        with connection.schema_editor() as editor:
            install(None, editor)


def _trigger_names(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of the triggers on the transactions' table."""
    query = {
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass",
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query, [TRANSACTIONS])
        return {name for (name,) in cursor.fetchall()}


def _trigger_name(event: str) -> str:
    return f"{TOTALS}_{event.lower()}"


def _function(event: str) -> str:
    """Return the function of the trigger for PostgreSQL. It changes the totals one by one, so that each statement names
    its owner. It does so in the order of the keys, so that two statements can't deadlock."""
    added, taken = f"SELECT {_change('postgresql', 1)} FROM added", f"SELECT {_change('postgresql', -1)} FROM taken"
    changes = {"INSERT": added, "UPDATE": f"{added} UNION ALL {taken}", "DELETE": taken}[event]
    key = ", ".join(f"total.{name}" for name in KEY.split(", "))
    return f"""
        CREATE OR REPLACE FUNCTION {_trigger_name(event)}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            total record;
            number bigint;
        BEGIN
            FOR total IN {_sums(changes)} LOOP
                INSERT INTO {TOTALS} ({COLUMNS}) VALUES ({key}, total.high, total.low, total.count)
                    {MERGE} RETURNING {TOTALS}.count INTO number;
                IF number <= 0 THEN
                    DELETE FROM {TOTALS} WHERE ({KEY}) = ({key}) AND count <= 0;
                END IF;
            END LOOP;
            RETURN NULL;
        END $$
    """


def _by_statement(event: str) -> str:
    """Return the trigger for PostgreSQL. It runs once for all rows of a statement."""
    rows = {
        "INSERT": "NEW TABLE AS added",
        "UPDATE": "NEW TABLE AS added OLD TABLE AS taken",
        "DELETE": "OLD TABLE AS taken",
    }[event]
    return f"""
        CREATE OR REPLACE TRIGGER {_trigger_name(event)} AFTER {event} ON {TRANSACTIONS} REFERENCING {rows}
        FOR EACH STATEMENT EXECUTE FUNCTION {_trigger_name(event)}()
    """


def _by_row(event: str) -> str:
    """Return the trigger for SQLite. It runs once for each row."""
    insert = f"INSERT INTO {TOTALS} ({COLUMNS})"
    old, new = _key("sqlite", "OLD."), _key("sqlite", "NEW.")
    added = f"{insert} VALUES ({_change('sqlite', 1, 'NEW.')}) {MERGE};"
    clear = f"DELETE FROM {TOTALS} WHERE ({KEY}) = ({old}) AND count <= 0;"
    taken = f"{insert} VALUES ({_change('sqlite', -1, 'OLD.')}) {MERGE}; {clear}"
    when, statements = {
        "INSERT": ("", added),
        "UPDATE": (f"WHEN ({old}, OLD.amount) <> ({new}, NEW.amount)", f"{added} {taken}"),
        "DELETE": ("", taken),
    }[event]
    return f"CREATE TRIGGER {_trigger_name(event)} AFTER {event} ON {TRANSACTIONS} {when} BEGIN {statements} END"


def _sums(changes: str) -> str:
    """Return the query of what the changes add to each total, in the order of the keys."""
    return (
        f"WITH change ({COLUMNS}) AS ({changes})"
        f" SELECT {KEY}, SUM(high) AS high, SUM(low) AS low, SUM(count) AS count FROM change GROUP BY {KEY}"
        f" HAVING (SUM(high), SUM(low), SUM(count)) <> (0, 0, 0) ORDER BY {KEY}"
    )


def _change(vendor: str, sign: int, row: str = "") -> str:
    """Return the values that a transaction adds to a total. If `sign` is negative, they are subtracted."""
    return f"{_key(vendor, row)}, {sign} * ({row}amount / {HALF}), {sign} * ({row}amount % {HALF}), {sign}"


def _key(vendor: str, row: str = "") -> str:
    """Return the key of a transaction's total. `row` is the prefix of the transaction's columns."""
    month, none = f"DATE_TRUNC('month', {row}date::timestamp)::date", str(NO_CATEGORY)
    if vendor == "sqlite":
        month, none = f"SUBSTR({row}date, 1, 8) || '01'", NO_CATEGORY.hex
    return f"{row}owner_id, {month}, {row}currency, {row}type, COALESCE({row}category_id, '{none}')"
