"""A whole write in one round trip to PostgreSQL: a new row, which may link to another, and its revision.

A write of more than that is begun by `writing`. The reasons are in docs/adr/0041-two-round-trips.md.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections

from cashman_project.api.origin import Origin
from cashman_project.db.compiled import execute_later
from cashman_project.db.derived_fields import with_derived
from cashman_project.db.insert_many import insert_target
from cashman_project.db.types import DatabaseRow

from .writer import CREATED, INTO_REVISIONS, LEDGERS, Write

if TYPE_CHECKING:
    from .models import OwnedModel

LOCK = f"SELECT FROM {LEDGERS} WHERE id = %s FOR NO KEY UPDATE"


class Link(NamedTuple):
    """The row that a new row links to: the column that gets its id, and SQL that finds it and returns its id first."""

    column: str
    find: str
    params: Sequence[object]


def can_insert_at_once() -> bool:
    """Return whether `insert_at_once` may work here. SQLite has no round trips, Citus can't send a WITH of several
    tables to one machine, and a transaction that has begun may hold more than the one write."""
    database: Any = connections[DEFAULT_DB_ALIAS]  # of one of our two backends
    return database.vendor == "postgresql" and database.is_one_server and not database.in_atomic_block


def insert_at_once(
    owner: UUID, origin: Origin, model: "type[OwnedModel]", columns: tuple[str, ...], row: DatabaseRow, link: Link
) -> DatabaseRow | None:
    """Lock the owner's ledger, insert the new row, store the revision, and commit. The row has the values of `columns`
    as `OwnedQuerySet.insert` takes them.

    Return the number of the revision and the columns that the link finds. If it finds nothing, or if the owner has
    written nothing before or has rules for new rows, write nothing and return None. Raises IntegrityError.
    """
    write = Write(owner, origin, DEFAULT_DB_ALIAS)
    database = write.connection
    write.count(model.resource, CREATED, 1)
    columns, derived = with_derived(model, columns)
    values = (*row, *[field.derive(row[position]) for position, field in derived])
    target = insert_target(model._meta.db_table, (*columns, link.column, "owner_id", "revision", "created_revision"))
    params = [*link.params, owner, *values, *write.description()]
    with database.cursor() as cursor:  # which connects, if that is needed
        sql = database.prepared(_statement(target, len(values), link.find), tuple(range(len(params))))
        # Both are one message to the server, and so one transaction.
        execute_later(database, LOCK, [owner], prepared=True)
        try:
            cursor.execute(sql, params)
        except NotSupportedError:  # a table was altered after the statement was prepared
            database.statements.clear()
            return None
        found: DatabaseRow | None = cursor.fetchone()
        return found


@lru_cache
def _statement(target: str, size: int, find: str) -> str:
    """Return the SQL that writes the row and its revision, if `find` finds a row.

    All parts of it see what was stored when it began. So the ledger is locked by a statement before.
    """
    values = ", ".join(["%s"] * size)
    return (
        f"WITH written AS (UPDATE {LEDGERS} SET revision = revision + 1 FROM ({find}) AS found"  # noqa: S608  # no input
        f" WHERE {LEDGERS}.id = %s AND NOT {LEDGERS}.has_rules RETURNING revision, {LEDGERS}.id AS ledger, found.*),"
        f" row AS (INSERT INTO {target} SELECT {values}, id, ledger, revision, revision FROM written),"
        f" stored AS ({INTO_REVISIONS} SELECT ledger, revision, %s, %s, %s, %s, %s, %s, %s FROM written)"
        " SELECT * FROM written"
    )
