"""The queryset of owned rows, and the one way to update them.

The reasons are in docs/adr/0007-one-write-path.md and docs/adr/0042-one-writer.md.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeVar
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import RESTRICT, F, RestrictedError
from django.db.models.expressions import Col
from django.db.models.lookups import Exact
from django.db.models.sql import Query
from django.db.models.sql.constants import ROW_COUNT
from django.db.models.sql.where import AND
from django.utils import timezone

from cashman_project.api.fastpath.owner_query import OwnerColumn
from cashman_project.api.origin import Origin
from cashman_project.db.compiled import Parameter, database_values, execute_later
from cashman_project.db.derived_fields import DerivedQuerySet, with_derived
from cashman_project.db.insert_many import insert_many, insert_target
from cashman_project.db.types import SQL, AnyField, DatabaseRow
from cashman_project.db.update_each import Given, UpdateEachQuery

from .history import record
from .writer import COMMAND, CREATED, DELETED, UPDATED, Write, writing, writing_each

if TYPE_CHECKING:
    from users.models import User

RowT = TypeVar("RowT", bound=models.Model)


class OwnedQuerySet(DerivedQuerySet[RowT]):
    """Rows that have an owner. Each method that writes them does so in a write of the owner's ledger.

    All updates, of one row or of many, write what `_written` returns.
    """

    fixed_fields: tuple[str, ...] = ("id", "owner", "owner_id", "created_at", "created_revision")

    @property
    def _resource(self) -> str:
        model: Any = self.model  # an OwnedModel; only month totals are not, which nobody writes by these methods
        resource: str = model.resource
        return resource

    def for_owner(self, owner: "User | UUID | Parameter") -> Self:
        """Return only the rows of `owner`."""
        return self.filter(owner=owner)

    def writing(self, owner: UUID, origin: Origin = COMMAND) -> AbstractContextManager[Write]:
        """Begin a write of the owner's ledger, in a database transaction, or continue the one that was begun."""
        return writing(owner, origin, self.db)

    def update(self, **values: object) -> int:
        """Update the rows, increment their `version`, and set `updated_at` and `revision`. Return the number of rows.

        Without values, it counts as a write of the rows, because their JSON has changed by another row's. Raises
        FieldError for a field that never changes.
        """
        rows_of = self.by_owner()
        with writing_each(rows_of, self.db) as writes:
            return sum(rows._update_in(writes[owner], values) for owner, rows in rows_of.items())

    def _update_in(self, write: Write, values: Mapping[str, object]) -> int:
        if values:
            self.check_update(write, values)
            record(self, write, UPDATED)
        number = super().update(**self._written(values, write))
        write.count(self._resource, UPDATED, number)
        return number

    def _written(self, values: Mapping[str, object], write: Write) -> dict[str, object]:
        """Return everything that an UPDATE of these values writes. Raises FieldError for a field that never changes."""
        for name in self.fixed_fields:
            if name in values:
                raise FieldError(f"{name} never changes.")
        return {**values, "version": F("version") + 1, "updated_at": timezone.now(), "revision": write.revision}

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows. What they were is kept in the history. Return what Django does.

        Raises RestrictedError if other rows refer to them. Django would look for those, and delete the rows, by ids
        alone.
        """
        number = 0
        rows_of = self.by_owner()
        with writing_each(rows_of, self.db) as writes:
            for owner, rows in rows_of.items():
                rows.check_delete(writes[owner])
                rows._check_unused(owner)
                record(rows, writes[owner], DELETED)
                deleted = rows._raw_delete(self.db) or 0  # None if the conditions rule out every row
                writes[owner].count(self._resource, DELETED, deleted)
                number += deleted
        return number, {self.model._meta.label: number} if number else {}

    def erase(self) -> None:
        """Delete the rows for good. The caller has locked their ledgers, and deletes the history too."""
        self._raw_delete(self.db)

    def _check_unused(self, owner: UUID) -> None:
        for field in references_to(self.model):
            users = field.model._base_manager.using(self.db).filter(owner=owner, **{f"{field.name}__in": self})
            if users.exists():
                raise RestrictedError(f"Rows of {field.model._meta.label} refer to these rows.", set(users[:1]))

    def by_owner(self) -> "dict[UUID, Self]":
        """Return the rows of each owner."""
        if owner := _owner_in(self.query):
            return {owner: self}
        owners = self.order_by().values_list("owner", flat=True).distinct()
        return {owner: self.filter(owner=owner) for owner in owners}

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
        rows: list[Any] = list(objs)  # of OwnedModels, as above
        with writing_each({row.owner_id for row in rows}, self.db) as writes:
            self.check_new(rows)
            for row in rows:
                row.revision = row.created_revision = writes[row.owner_id].revision
            created = super().bulk_create(rows, batch_size, ignore_conflicts)
            for owner, write in writes.items():
                keys = [row.pk for row in rows if row.owner_id == owner]
                stored = self.model._base_manager.filter(owner=owner, pk__in=keys)
                write.count(self._resource, CREATED, stored.count() if ignore_conflicts else len(keys))
        return created

    def check_new(self, rows: Sequence[RowT]) -> None:
        """Raise a Conflict if these new rows are refused. Their ledgers are locked."""

    def check_inserted(self, write: Write, columns: tuple[str, ...], rows: Sequence[DatabaseRow]) -> None:
        """Raise a Conflict if new rows with these values, as the database stores them, are refused."""

    def check_update(self, write: Write, values: Mapping[str, object]) -> None:
        """Raise a Conflict if writing these values to the rows is refused."""

    def check_rows(self, write: Write, rows: Sequence[RowT], names: Collection[str]) -> None:
        """Raise a Conflict if writing these fields of the rows, which have their new values, is refused."""

    def check_delete(self, write: Write) -> None:
        """Raise a Conflict if deleting the rows is refused."""

    def being_undone(self, write: Write, keys: Collection[UUID]) -> AbstractContextManager[None]:
        """Return the context in which an undo writes the rows with these ids. It may raise a Conflict at its end."""
        return nullcontext()

    def insert(self, owner: UUID, columns: tuple[str, ...], rows: Sequence[DatabaseRow]) -> None:
        """Insert new rows of the owner. Each row has the values of its columns as the database stores them; no field
        prepares them.

        The values of the owner, of the revisions and of derived fields are added. An undo gives `created_revision` as a
        column, because it inserts rows again. Raises IntegrityError; for a single row perhaps only when the transaction
        is committed.
        """
        is_new = "created_revision" not in columns
        columns, derived = with_derived(self.model, columns)
        added = ("owner_id", "revision", "created_revision") if is_new else ("owner_id", "revision")
        target = insert_target(self.model._meta.db_table, (*columns, *added))
        with self.writing(owner) as write:
            constants = (owner, write.lock(), write.revision)[: len(added)]
            self.check_inserted(write, columns, rows)
            write.count(self._resource, CREATED, len(rows))
            if len(rows) < 2:
                for row in rows:
                    values = (*row, *[field.derive(row[position]) for position, field in derived], *constants)
                    execute_later(write.connection, _insert_row(target, len(values)), values, prepared=True)
                return
            many: list[DatabaseRow] = list(zip(*rows, strict=True))
            many += [field.derive_all(many[position]) for position, field in derived]
            many += [[constant] * len(rows) for constant in constants]
            insert_many(write.connection, target, many)

    def insert_selected(
        self,
        owner: UUID,
        values: Mapping[str, str],
        params: Sequence[object],
        sources: Iterable[SQL],
        checked: tuple[tuple[str, ...], Sequence[DatabaseRow]],
    ) -> None:
        """Insert new rows of the owner whose values another table has already, with a statement for each source.

        `values` has an expression of SQL for each column, also of the owner and of derived fields, and `params` their
        parameters; a source is what follows FROM. The values of the revisions are added. `checked` are some columns,
        and all that the rows have in them.
        """
        target = insert_target(self.model._meta.db_table, (*values, "revision", "created_revision"))
        with self.writing(owner) as write, write.connection.cursor() as cursor:
            revision = write.lock()
            self.check_inserted(write, *checked)
            for source, conditions in sources:
                select = f"SELECT {', '.join(values.values())}, %s, %s FROM {source}"  # noqa: S608  # no input
                given = database_values(write.connection, [*params, revision, revision, *conditions])
                cursor.execute(f"INSERT INTO {target} {select}", given)
                write.count(self._resource, CREATED, cursor.rowcount)

    def bulk_update(self, objs: Iterable[RowT], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Update `fields` of the given rows, after each field's `pre_save`: one statement for each owner.

        Return the number of rows. Raises FieldError for a field that never changes.
        """
        names, _derived = with_derived(self.model, tuple(fields))
        rows: list[Any] = list(objs)  # of OwnedModels, as above
        self._result_cache = None
        with writing_each({row.owner_id for row in rows}, self.db) as writes:
            return sum(
                self.filter(owner=owner)._update_each([row for row in rows if row.owner_id == owner], names, write)
                for owner, write in writes.items()
            )

    def _update_each(self, rows: Sequence[Any], names: Sequence[str], write: Write) -> int:  # Any: as above
        self.check_rows(write, rows, names)
        written = [_field(self.model, name) for name in names]
        given = [self.model._meta.pk, *written]
        for row in rows:
            row._prepare_related_fields_for_save("bulk_update", written)
            for field in written:
                field.pre_save(row, add=False)
        query = self.query.chain(UpdateEachQuery)
        assert isinstance(query, UpdateEachQuery)
        query.fields = given
        query.rows = [[getattr(row, field.attname) for field in given] for row in rows]
        values = {field.attname: Given(position + 1, field) for position, field in enumerate(written)}
        query.add_update_values(self._written(values, write))
        record(self.filter(pk__in=[row.pk for row in rows]), write, UPDATED)
        number: int = query.get_compiler(self.db).execute_sql(ROW_COUNT)  # type: ignore[arg-type]  # not in the stub
        write.count(self._resource, UPDATED, number)
        return number


@lru_cache
def _insert_row(target: str, size: int) -> str:
    return f"INSERT INTO {target} VALUES ({', '.join(['%s'] * size)})"  # noqa: S608  # no input


@lru_cache
def last_revision() -> OwnerColumn:
    """Return the number of the last revision of a ledger, as a column of the query that finds its owner."""
    ledgers = apps.get_model("ledgers", "Ledger")
    owner = Parameter("owner", ledgers._meta.pk)
    return OwnerColumn(ledgers._default_manager.filter(pk=owner).values("revision"))


@lru_cache
def references_to(model: Any) -> list[AnyField]:  # Any: a model; the stub hides what a relation has
    """Return the foreign keys of owned rows that refer to the model's rows."""
    relations = model._meta.concrete_model._meta.get_fields(include_hidden=True)
    return [one.field for one in relations if one.auto_created and not one.concrete and one.on_delete is RESTRICT]


def _owner_in(query: Query) -> UUID | None:
    """Return the one owner whose rows the query is limited to; None if its conditions don't say so."""
    if query.where.connector != AND or query.where.negated:
        return None
    for condition in query.where.children:
        if isinstance(condition, Exact) and isinstance(condition.lhs, Col) and condition.lhs.target.name == "owner":
            return condition.rhs if isinstance(condition.rhs, UUID) else None
    return None


def _field(model: type[models.Model], name: str) -> AnyField:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field
