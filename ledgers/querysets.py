"""The queryset of owned rows, and the one way to update them.

The reasons are in docs/adr/0007-one-write-path.md, docs/adr/0037-bulk-inserts.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import FieldError
from django.db import connection, connections, transaction
from django.db.models import F
from django.db.models.sql.constants import ROW_COUNT
from django.utils import timezone

from cashman_project.db.compiled import execute_prepared
from cashman_project.db.derived_fields import DerivedField, DerivedQuerySet, with_following
from cashman_project.db.update_each import Given, UpdateEachQuery

if TYPE_CHECKING:
    from transactions.models import OwnedModel
    from users.models import User


RowT = TypeVar("RowT", bound="OwnedModel", covariant=True)


class OwnedQuerySet(DerivedQuerySet):
    """Rows that belong to someone. What every update writes, of one row or many, `_written` says."""

    fixed_fields: tuple[str, ...] = ("id", "owner", "owner_id", "created_at")

    def for_owner(self, owner: "User") -> Self:
        """Return only the rows of `owner`."""
        return self.filter(owner=owner)

    def update(self, **values: Any) -> int:
        """Update the rows, increment their `version` and set `updated_at`; return how many there were.

        Raises FieldError for a field that never changes.
        """
        return super().update(**self._written(values))

    def _written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that an UPDATE of these values writes; raises FieldError where one never changes."""
        for name in self.fixed_fields:
            if name in values:
                raise FieldError(f"{name} never changes.")
        return {**values, "version": F("version") + 1, "updated_at": timezone.now()}

    def bulk_create(self, objs: Iterable[Any], *args: Any, update_conflicts: bool = False, **kwargs: Any) -> Any:
        """Insert the given rows; raises ValueError for `update_conflicts`, which would change rows without `update`."""
        if update_conflicts:
            raise ValueError("Insert what is new and bulk_update the rest: a row in the way is not overwritten.")
        return super().bulk_create(objs, *args, **kwargs)

    def insert(self, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        """Insert new rows. Each row is the values of its columns as the database holds them; no field prepares them.

        What is derived from them is inserted, too. Raises IntegrityError.
        """
        columns, following = with_following(self.model, columns)
        database: Any = connections[self.db]
        target = _target(self.model._meta.db_table, columns)
        with database.cursor() as cursor:
            if len(rows) < 2:
                for row in rows:
                    _insert_row(cursor, target, _followed(row, following))
                return
            values: list[Sequence[Any]] = list(zip(*rows, strict=True))
            values += [field.derive_all(values[position]) for position, field in following]
            if database.vendor == "sqlite":
                # One statement for all rows, because each statement that triggers follow costs as much again as a row.
                parts = ", ".join(f"JSON_EXTRACT(value, '$[{position}]')" for position in range(len(columns)))
                lines = orjson.dumps(list(_converted(values, _sqlite_value))).decode()
                cursor.execute(f"INSERT INTO {target} SELECT {parts} FROM JSON_EACH(%s)", [lines])  # noqa: S608  # no input
            else:
                lines = "".join(["\t".join(row) + "\n" for row in _converted(values, _copy_value)])
                with database.wrap_database_errors:
                    cursor.copy_expert(f"COPY {target} FROM STDIN", StringIO(lines))

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Update `fields` of the given rows in one statement, after what each field does before a save.

        Return how many there were. Raises FieldError for a field that never changes.
        """
        rows, meta = list(objs), self.model._meta
        names, _following = with_following(self.model, tuple(fields))
        written: list[Any] = [meta.get_field(name) for name in names]
        given: list[Any] = [meta.pk, *written]
        values = self._written({field.attname: Given(position + 1, field) for position, field in enumerate(written)})
        if not rows:
            return 0
        for row in rows:
            row._prepare_related_fields_for_save(operation_name="bulk_update", fields=written)
            for field in written:
                field.pre_save(row, add=False)
        query: Any = self.query.chain(UpdateEachQuery)
        query.fields = given
        query.rows = [[getattr(row, field.attname) for field in given] for row in rows]
        query.add_update_values(values)
        self._result_cache = None
        with transaction.mark_for_rollback_on_error(self.db):
            count: int = query.get_compiler(self.db).execute_sql(ROW_COUNT)
        return count


def _followed(row: Sequence[Any], following: Sequence[tuple[int, DerivedField]]) -> tuple[Any, ...]:
    """Return the row's values with those that follow them."""
    return (*row, *[field.derive(row[position]) for position, field in following])


def _insert_row(cursor: Any, target: str, row: Sequence[Any]) -> None:
    values = list(map(_sqlite_value, row)) if cursor.db.vendor == "sqlite" else row
    execute_prepared(cursor, f"INSERT INTO {target} VALUES ({', '.join(['%s'] * len(row))})", values)  # noqa: S608  # no input


@lru_cache
def _target(table: str, columns: Sequence[str]) -> str:
    """Return a table and some of its columns as SQL names them."""
    name = connection.ops.quote_name
    return f"{name(table)} ({', '.join(map(name, columns))})"


COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _converted(columns: Iterable[Sequence[Any]], convert: Callable[[Any], Any]) -> Iterable[tuple[Any, ...]]:
    """Return the rows of the columns' values, each of a column converted once: most say the same in many rows."""
    converted = []
    for column in columns:
        values = {value: convert(value) for value in set(column)}
        converted.append([values[value] for value in column])
    return zip(*converted, strict=True)


def _copy_value(value: Any) -> str:
    """Return a value in the text format of PostgreSQL's COPY."""
    return r"\N" if value is None else str(value).translate(COPY_ESCAPES)


def _sqlite_value(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
