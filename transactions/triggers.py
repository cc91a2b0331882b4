"""The triggers that run whenever transactions are written: they update the month totals
(docs/adr/0015-month-totals.md) and the table of tags (transactions/tag_triggers.py).

To alter a table on SQLite, Django creates a new one, without triggers. So after each migration, `restore` creates
triggers that are missing. A migration that alters MonthTotal has to begin with `RunPython(remove, install)`, because
SQLite can't rename a table that a trigger refers to.

Migrations before and after the present one use this module too. So it asks the database which parts a key has.
"""

# ruff: noqa: S608  # no input

from functools import cached_property

from django.apps.registry import Apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.recorder import MigrationRecorder

from cashman_project.db.types import DatabaseRow
from cashman_project.money.amounts import HALF

from . import tag_triggers
from .totals import NO_ACCOUNT, NO_CATEGORY

TOTALS, TRANSACTIONS = "transactions_monthtotal", "transactions_transaction"
CREATED_BY = ("transactions", "0003_month_total_triggers")  # the migration
EVENTS = ("INSERT", "UPDATE", "DELETE")


def install(apps: Apps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create or replace the triggers, and count all transactions. Nobody can write meanwhile."""
    connection = schema_editor.connection
    vendor, totals = connection.vendor, Totals(connection)
    if vendor == "postgresql":  # CREATE TRIGGER waits for writers, and then blocks them
        statements = [
            "SET LOCAL statement_timeout = 0",
            *map(totals.function, EVENTS),
            *map(totals.by_statement, EVENTS),
        ]
    else:
        remove(apps, schema_editor)
        statements = [*map(totals.by_row, EVENTS)]
    statements += totals.counting()
    if _has_tags(connection):
        statements += tag_triggers.statements(vendor)
    for statement in statements:
        schema_editor.execute(statement, params=None)


def replace_functions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Replace what the triggers do on PostgreSQL. Nobody waits for it."""
    if schema_editor.connection.vendor == "postgresql":
        for event in EVENTS:
            schema_editor.execute(Totals(schema_editor.connection).function(event), params=None)


def remove(apps: Apps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers if they exist."""
    for name in (*map(_trigger_name, EVENTS), *tag_triggers.NAMES):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name} CASCADE", params=None)
        else:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}", params=None)


def differences(connection: BaseDatabaseWrapper) -> list[DatabaseRow]:
    """Return the keys of all totals that differ from the sums of their transactions, in the order of the keys."""
    with connection.cursor() as cursor:
        cursor.execute(Totals(connection).differing())
        keys: list[DatabaseRow] = cursor.fetchall()
    return keys


def restore(using: str, **kwargs: object) -> None:
    """Create the triggers and count all transactions, if a migration has dropped a trigger.

    It is a receiver of `post_migrate`.
    """
    connection = connections[using]
    if CREATED_BY not in MigrationRecorder(connection).applied_migrations():
        return
    names = {*map(_trigger_name, EVENTS), *(tag_triggers.NAMES if _has_tags(connection) else ())}
    if not _trigger_names(connection) >= names:
        with connection.schema_editor() as editor:
            install(None, editor)


def _has_tags(connection: BaseDatabaseWrapper) -> bool:
    return tag_triggers.TAGS in connection.introspection.table_names()


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


class Totals:
    """The SQL of the month totals, for the columns that their table has."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.vendor = connection.vendor

    # -- The key of a total -------------------------------------------------------------------

    @cached_property
    def parts(self) -> dict[str, str]:
        """The columns of the key, and how each is made of a transaction. `{row}` is the prefix of its columns."""
        month = "DATE_TRUNC('month', {row}date::timestamp)::date"
        category, account = str(NO_CATEGORY), str(NO_ACCOUNT)
        if self.vendor == "sqlite":
            month = "SUBSTR({row}date, 1, 8) || '01'"
            category, account = NO_CATEGORY.hex, NO_ACCOUNT.hex
        parts = {
            "owner_id": "{row}owner_id",
            "date": month,
            "currency": "{row}currency",
            "type": "{row}type",
            "category_id": f"COALESCE({{row}}category_id, '{category}')",
            "account_id": f"COALESCE({{row}}account_id, '{account}')",
            "transfer": "({row}transfer_id IS NOT NULL)",
        }
        with self.connection.cursor() as cursor:
            there = {column.name for column in self.connection.introspection.get_table_description(cursor, TOTALS)}
        return {name: part for name, part in parts.items() if name in there}

    @property
    def key(self) -> str:
        return ", ".join(self.parts)

    @property
    def columns(self) -> str:
        return f"{self.key}, high, low, count"

    def key_of(self, row: str = "") -> str:
        """Return the key of a transaction's total. `row` is the prefix of the transaction's columns."""
        return ", ".join(part.format(row=row) for part in self.parts.values())

    def change(self, sign: int, row: str = "") -> str:
        """Return the values that a transaction adds to a total. If `sign` is negative, they are subtracted."""
        return f"{self.key_of(row)}, {sign} * ({row}amount / {HALF}), {sign} * ({row}amount % {HALF}), {sign}"

    @property
    def merge(self) -> str:
        """What adds to a total that is there.

        Subtracting a transaction from a total that is already deleted, as in an erasure, makes a total with a negative
        count. It is deleted at once, like a total with a count of zero.
        """
        return (
            f"ON CONFLICT ({self.key}) DO UPDATE SET high = {TOTALS}.high + excluded.high,"
            f" low = {TOTALS}.low + excluded.low, count = {TOTALS}.count + excluded.count"
        )

    def sums(self, changes: str) -> str:
        """Return the query of what the changes add to each total, in the order of the keys."""
        return (
            f"WITH change ({self.columns}) AS ({changes})"
            f" SELECT {self.key}, SUM(high) AS high, SUM(low) AS low, SUM(count) AS count FROM change"
            f" GROUP BY {self.key} HAVING (SUM(high), SUM(low), SUM(count)) <> (0, 0, 0) ORDER BY {self.key}"
        )

    # -- Statements ---------------------------------------------------------------------------

    def counting(self) -> list[str]:
        """Return the statements that count all transactions again."""
        sums = self.sums(f"SELECT {self.change(1)} FROM {TRANSACTIONS}")
        return [f"DELETE FROM {TOTALS}", f"INSERT INTO {TOTALS} ({self.columns}) {sums}"]

    def differing(self) -> str:
        """Return the query of the keys whose totals are wrong."""
        return (
            f"WITH part AS (SELECT {self.key}, -high AS high, -low AS low, -count AS count FROM {TOTALS}"
            f" UNION ALL SELECT {self.change(1)} FROM {TRANSACTIONS}) SELECT {self.key} FROM part"
            f" GROUP BY {self.key} HAVING (SUM(high), SUM(low), SUM(count)) <> (0, 0, 0) ORDER BY {self.key}"
        )

    def function(self, event: str) -> str:
        """Return the function of the trigger for PostgreSQL. It changes the totals one by one, so that each statement
        names its owner. It does so in the order of the keys, so that two statements can't deadlock."""
        added, taken = f"SELECT {self.change(1)} FROM added", f"SELECT {self.change(-1)} FROM taken"
        changes = {"INSERT": added, "UPDATE": f"{added} UNION ALL {taken}", "DELETE": taken}[event]
        key = ", ".join(f"total.{name}" for name in self.parts)
        return f"""
            CREATE OR REPLACE FUNCTION {_trigger_name(event)}() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                total record;
                number bigint;
            BEGIN
                FOR total IN {self.sums(changes)} LOOP
                    INSERT INTO {TOTALS} ({self.columns}) VALUES ({key}, total.high, total.low, total.count)
                        {self.merge} RETURNING {TOTALS}.count INTO number;
                    IF number <= 0 THEN
                        DELETE FROM {TOTALS} WHERE ({self.key}) = ({key}) AND count <= 0;
                    END IF;
                END LOOP;
                RETURN NULL;
            END $$
        """

    def by_statement(self, event: str) -> str:
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

    def by_row(self, event: str) -> str:
        """Return the trigger for SQLite. It runs once for each row."""
        insert = f"INSERT INTO {TOTALS} ({self.columns})"
        old, new = self.key_of("OLD."), self.key_of("NEW.")
        added = f"{insert} VALUES ({self.change(1, 'NEW.')}) {self.merge};"
        clear = f"DELETE FROM {TOTALS} WHERE ({self.key}) = ({old}) AND count <= 0;"
        taken = f"{insert} VALUES ({self.change(-1, 'OLD.')}) {self.merge}; {clear}"
        when, statements = {
            "INSERT": ("", added),
            "UPDATE": (f"WHEN ({old}, OLD.amount) <> ({new}, NEW.amount)", f"{added} {taken}"),
            "DELETE": ("", taken),
        }[event]
        return f"CREATE TRIGGER {_trigger_name(event)} AFTER {event} ON {TRANSACTIONS} {when} BEGIN {statements} END"
