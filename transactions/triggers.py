"""The triggers that keep the month totals, in whatever way transactions are written.

Django alters a table on SQLite by making it anew, without its triggers. So a migration that alters
Transaction there ends with `RunPython(install, remove)`; one that alters MonthTotal begins with
`RunPython(remove, install)`, too, since SQLite renames no table that a trigger is about to miss.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from .money import HALF
from .querysets import NO_CATEGORY

TOTALS, TRANSACTIONS = "transactions_monthtotal", "transactions_transaction"
KEY = "owner_id, date, currency, type, category_id"
EVENTS = ("INSERT", "UPDATE", "DELETE")

# Once a statement, for all of its rows, which are tables here.
POSTGRESQL = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {statements}
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {table} REFERENCING {tables}
FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""
TABLES = {
    "INSERT": "NEW TABLE AS added",
    "UPDATE": "NEW TABLE AS added OLD TABLE AS taken",
    "DELETE": "OLD TABLE AS taken",
}
# Once for each row.
SQLITE = "CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW BEGIN {statements} END"
ROW = (
    "(SELECT {0}.owner_id AS owner_id, {0}.date AS date, {0}.currency AS currency, {0}.type AS type,"
    " {0}.category_id AS category_id, {0}.amount AS amount)"
)


def install(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers, anew where they are there, and count all transactions, of which none is written meanwhile."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":  # where CREATE TRIGGER waits for those who write, and then holds them up
        schema_editor.execute("SET LOCAL statement_timeout = 0", params=None)
    else:
        remove(apps, schema_editor)
    for event in EVENTS:
        schema_editor.execute(_trigger(vendor, event), params=None)
    schema_editor.execute(f"DELETE FROM {TOTALS}", params=None)
    schema_editor.execute(_counted(_changes(vendor, TRANSACTIONS, 1)), params=None)


def remove(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers, where they are there."""
    for event in EVENTS:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {_name(event)} CASCADE", params=None)
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {_name(event)}", params=None)


def _name(event: str) -> str:
    return f"{TOTALS}_{event.lower()}"


def _trigger(vendor: str, event: str) -> str:
    by_row = vendor != "postgresql"
    added = _changes(vendor, ROW.format("NEW") if by_row else "added", 1)
    taken = _changes(vendor, ROW.format("OLD") if by_row else "taken", -1)
    changes = {"INSERT": added, "UPDATE": f"{added} UNION ALL {taken}", "DELETE": taken}[event]
    statements = f"{_counted(changes)};"
    if event != "INSERT":
        statements += f" DELETE FROM {TOTALS} WHERE count <= 0 AND ({KEY}) IN (SELECT {KEY} FROM ({taken}) AS change);"
    template = SQLITE if by_row else POSTGRESQL
    return template.format(
        name=_name(event), event=event, table=TRANSACTIONS, tables=TABLES[event], statements=statements
    )


def _changes(vendor: str, rows: str, sign: int) -> str:
    """Return the query of what each of the rows adds to a total or, with a negative sign, takes away from it."""
    month, none = "DATE_TRUNC('month', date::timestamp)::date", str(NO_CATEGORY)
    if vendor == "sqlite":
        month, none = "SUBSTR(date, 1, 8) || '01'", NO_CATEGORY.hex
    return (
        f"SELECT owner_id, {month} AS date, currency, type, COALESCE(category_id, '{none}') AS category_id,"
        f" {sign} * (amount / {HALF}) AS high, {sign} * (amount % {HALF}) AS low, {sign} AS count FROM {rows}"
    )


def _counted(changes: str) -> str:
    """Return the statement that brings the changes to the totals, in the order of the key, so that two can't deadlock.

    What is taken away from a total that is gone, with all of its owner's, stays behind below zero.
    """
    sums = ", ".join(f"{name} = {TOTALS}.{name} + excluded.{name}" for name in ("high", "low", "count"))
    return (
        f"INSERT INTO {TOTALS} ({KEY}, high, low, count)"
        f" SELECT {KEY}, SUM(high), SUM(low), SUM(count) FROM ({changes}) AS change GROUP BY {KEY}"
        " HAVING (SUM(high), SUM(low), SUM(count)) <> (0, 0, 0)"
        f" ORDER BY {KEY} ON CONFLICT ({KEY}) DO UPDATE SET {sums}"
    )
