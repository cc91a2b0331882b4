"""The queryset of owned rows, and the one way to update them.

The reasons are in docs/adr/0007-one-write-path.md, docs/adr/0037-bulk-inserts.md.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import FieldError
from django.db import connection, connections, models, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.db.models.sql.constants import ROW_COUNT
from django.utils import timezone

from cashman_project.db.compiled import Parameter, execute_prepared
from cashman_project.db.derived_fields import DerivedField, DerivedQuerySet, with_derived
from cashman_project.db.types import SQL, AnyField, DatabaseRow
from cashman_project.db.update_each import Given, UpdateEachQuery

if TYPE_CHECKING:
    from users.models import User

RowT = TypeVar("RowT", bound=models.Model)
ConvertedT = TypeVar("ConvertedT")


class OwnedQuerySet(DerivedQuerySet[RowT]):
    """Rows that have an owner. All updates, of one row or of many, write what `_written` returns."""

    fixed_fields: tuple[str, ...] = ("id", "owner", "owner_id", "created_at")

    def for_owner(self, owner: "User | Parameter") -> Self:
        """Return only the rows of `owner`."""
        return self.filter(owner=owner)

    def update(self, **values: object) -> int:
        """Update the rows, increment their `version` and set `updated_at`. Return the number of rows.

        Raises FieldError for a field that never changes.
        """
        return super().update(**self._written(values))

    def _written(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return everything that an UPDATE of these values writes. Raises FieldError for a field that never changes."""
        for name in self.fixed_fields:
            if name in values:
                raise FieldError(f"{name} never changes.")
        return {**values, "version": F("version") + 1, "updated_at": timezone.now()}

    def bulk_create(
        self,
        objs: Iterable[RowT],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[RowT]:
        """Insert the given rows. Raises ValueError for `update_conflicts`, which would change rows without `update`."""
        if update_conflicts:
            raise ValueError("Insert new rows, and use bulk_update for existing ones: bulk_create replaces no row.")
        return super().bulk_create(objs, batch_size, ignore_conflicts)

    def insert(self, columns: tuple[str, ...], rows: Sequence[DatabaseRow]) -> None:
        """Insert new rows. Each row has the values of its columns as the database stores them; no field prepares them.

        The values of derived fields are added. Raises IntegrityError.
        """
        columns, derived = with_derived(self.model, columns)
        database = connections[self.db]
        target = insert_target(self.model._meta.db_table, columns)
        with database.cursor() as cursor:
            if len(rows) < 2:
                for row in rows:
                    _insert_row(cursor, target, with_derived_values(row, derived))
                return
            values: list[DatabaseRow] = list(zip(*rows, strict=True))
            values += [field.derive_all(values[position]) for position, field in derived]
            if database.vendor == "sqlite":
                select, params = _select_from_json(values)
                cursor.execute(f"INSERT INTO {target} {select}", params)
            else:
                with database.wrap_database_errors:
                    cursor.copy_expert(f"COPY {target} FROM STDIN", StringIO(_copy_lines(values)))

    def bulk_update(self, objs: Iterable[RowT], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Update `fields` of the given rows in one statement, after each field's `pre_save`.

        Return the number of rows. Raises FieldError for a field that never changes.
        """
        rows, meta = list(objs), self.model._meta
        names, _derived = with_derived(self.model, tuple(fields))
        written = [_field(self.model, name) for name in names]
        given = [meta.pk, *written]
        values = self._written({field.attname: Given(position + 1, field) for position, field in enumerate(written)})
        if not rows:
            return 0
        for row in rows:
            row._prepare_related_fields_for_save("bulk_update", written)  # type: ignore[attr-defined]  # not in the stub
            for field in written:
                field.pre_save(row, add=False)
        query = self.query.chain(UpdateEachQuery)
        assert isinstance(query, UpdateEachQuery)
        query.fields = given
        query.rows = [[getattr(row, field.attname) for field in given] for row in rows]
        query.add_update_values(values)
        self._result_cache = None
        with transaction.mark_for_rollback_on_error(self.db):
            return query.get_compiler(self.db).execute_sql(ROW_COUNT)  # type: ignore[arg-type]  # not in the stub


def _field(model: type[models.Model], name: str) -> AnyField:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def with_derived_values(row: DatabaseRow, derived: Sequence[tuple[int, DerivedField]]) -> DatabaseRow:
    """Return the row's values with those that are derived from them."""
    return (*row, *[field.derive(row[position]) for position, field in derived])


def _insert_row(cursor: CursorWrapper, target: str, row: DatabaseRow) -> None:
    values = list(map(sqlite_value, row)) if cursor.db.vendor == "sqlite" else row
    execute_prepared(cursor, f"INSERT INTO {target} VALUES ({', '.join(['%s'] * len(row))})", values)  # noqa: S608  # no input


@lru_cache
def insert_target(table: str, columns: Sequence[str]) -> str:
    """Return a table and some of its columns, quoted for SQL."""
    name = connection.ops.quote_name
    return f"{name(table)} ({', '.join(map(name, columns))})"


STORED_TYPES = {str, int, type(None)}  # SQLite stores their values as they are


def _select_from_json(columns: Sequence[DatabaseRow]) -> SQL:
    """Return a SELECT of these columns' values for SQLite, and its parameters.

    One statement inserts all rows, because with triggers the cost of a statement is as high as that of a row. Values
    that change from row to row are read from one JSON text. Reading them is slow, so a value that all rows share is a
    parameter of its own. The first column is always in the JSON, so that it has all rows.
    """
    parts: list[str] = []
    params: list[object] = []
    changing: list[DatabaseRow] = []
    for column in columns:
        distinct = set(column)
        if changing and len(distinct) == 1:
            parts.append("%s")
            params.append(sqlite_value(distinct.pop()))
        else:
            parts.append(f"JSON_EXTRACT(value, '$[{len(changing)}]')")
            is_stored = set(map(type, distinct)) <= STORED_TYPES
            changing.append(column if is_stored else _converted(column, distinct, sqlite_value))
    lines = orjson.dumps(list(zip(*changing, strict=True))).decode()
    return f"SELECT {', '.join(parts)} FROM JSON_EACH(%s)", [*params, lines]  # noqa: S608  # no input


COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _copy_lines(columns: Sequence[DatabaseRow]) -> str:
    """Return these columns' values in the text format of PostgreSQL's COPY."""
    return "".join(["\t".join(row) + "\n" for row in zip(*map(_copy_column, columns), strict=True)])


def _copy_column(column: DatabaseRow) -> Sequence[str]:
    distinct = set(column)
    if set(map(type, distinct)) == {str}:  # escaped together, separated by a character that no database accepts
        return "\0".join(column).translate(COPY_ESCAPES).split("\0")
    return _converted(column, distinct, _copy_value)


def _copy_value(value: object) -> str:
    if value is None:
        return r"\N"
    return value.translate(COPY_ESCAPES) if isinstance(value, str) else str(value)


def _converted(
    column: DatabaseRow, distinct: set[object], convert: Callable[[object], ConvertedT]
) -> Sequence[ConvertedT]:
    """Return the converted values of a column. Equal values are converted once."""
    if len(distinct) == len(column):
        return list(map(convert, column))  # without a look-up, which takes the hash of a UUID twice
    converted = {value: convert(value) for value in distinct}
    return [converted[value] for value in column]


def sqlite_value(value: object) -> object:
    if isinstance(value, UUID):
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
