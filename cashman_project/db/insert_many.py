"""Inserts of many rows in one statement (docs/adr/0037-bulk-inserts.md)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple, TypeVar

import orjson
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from .sqlite.values import sqlite_value
from .types import DatabaseRow

ConvertedT = TypeVar("ConvertedT")


@lru_cache
def insert_target(table: str, columns: Sequence[str]) -> str:
    """Return a table and some of its columns, quoted for SQL."""
    name = connection.ops.quote_name
    return f"{name(table)} ({', '.join(map(name, columns))})"


class Insert(NamedTuple):
    """A statement that inserts rows: what all rows share, and what changes from row to row as the database reads it."""

    sql: str
    params: DatabaseRow
    rows: bytes


def insert_many(database: BaseDatabaseWrapper, target: str, columns: Sequence[DatabaseRow]) -> None:
    """Insert rows, of which `columns` has the values of each column, into the target. Raises IntegrityError."""
    run_insert(database, prepare_insert(database, target, columns))


def prepare_insert(database: BaseDatabaseWrapper, target: str, columns: Sequence[DatabaseRow]) -> Insert:
    """Return what `run_insert` inserts. On SQLite, it is best made before a transaction, which others wait for."""
    if database.vendor == "sqlite":
        return _insert_from_json(target, columns)
    return Insert(f"COPY {target} FROM STDIN", (), _copy_lines(columns).encode())


def run_insert(database: BaseDatabaseWrapper, insert: Insert) -> None:
    """Insert the rows. Raises IntegrityError."""
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute(insert.sql, [*insert.params, insert.rows])
        else:
            with database.wrap_database_errors:
                cursor.copy_expert(insert.sql, BytesIO(insert.rows))


STORED_TYPES = {str, int, type(None)}  # SQLite stores their values as they are


def _insert_from_json(target: str, columns: Sequence[DatabaseRow]) -> Insert:
    """Return what inserts these columns' values on SQLite.

    One statement inserts all rows, because with triggers the cost of a statement is as high as that of a row. Values
    that change from row to row are read from one JSON text. Reading them is slow, so a value that all rows share is a
    parameter of its own. The first column is always in the JSON, so that it has all rows.
    """
    parts: list[str] = []
    params: list[object] = []
    changing: list[DatabaseRow] = []
    for column in columns:
        first = column[0]
        if changing and all(value is first or value == first for value in column):
            parts.append("%s")
            params.append(sqlite_value(first))
        else:
            parts.append(f"JSON_EXTRACT(value, '$[{len(changing)}]')")
            changing.append(column if STORED_TYPES.issuperset(map(type, column)) else _converted(column, sqlite_value))
    lines = orjson.dumps(list(zip(*changing, strict=True)))  # not a text: with an accent, Python would keep it twice
    select = f"SELECT {', '.join(parts)} FROM JSON_EACH(CAST(%s AS TEXT))"  # noqa: S608  # no input
    return Insert(f"INSERT INTO {target} {select}", params, lines)


COPY_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}  # the first one is in all others


def _copy_lines(columns: Sequence[DatabaseRow]) -> str:
    """Return these columns' values in the text format of PostgreSQL's COPY."""
    return "".join(["\t".join(row) + "\n" for row in zip(*map(_copy_column, columns), strict=True)])


def _copy_column(column: DatabaseRow) -> Sequence[str]:
    if set(map(type, column)) == {str}:  # escaped together, separated by a character that no database accepts
        return _escaped("\0".join(column)).split("\0")
    return _converted(column, _copy_value)


def _copy_value(value: object) -> str:
    if value is None:
        return r"\N"
    return _escaped(value) if isinstance(value, str) else str(value)


def _escaped(text: str) -> str:
    for character, escape in COPY_ESCAPES.items():  # many times as fast as `translate` if the text has an accent
        text = text.replace(character, escape)
    return text


def _converted(column: DatabaseRow, convert: Callable[[object], ConvertedT]) -> Sequence[ConvertedT]:
    """Return the converted values of a column. A value that many rows share is converted once."""
    shared = dict(zip(map(id, column), column, strict=True))  # by identity: the hash of a UUID is as slow as converting
    if len(shared) == len(column):
        return list(map(convert, column))
    converted = {key: convert(value) for key, value in shared.items()}
    return list(map(converted.__getitem__, map(id, column)))
