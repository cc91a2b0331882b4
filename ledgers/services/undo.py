"""Undo of a revision: a new revision that takes everything in it back.

The reasons are in docs/adr/0042-one-writer.md.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from graphlib import TopologicalSorter
from itertools import islice
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import CharField, F, Model, QuerySet, UniqueConstraint
from django.db.models.functions import Cast
from django.dispatch import Signal
from django.utils import timezone
from rest_framework.exceptions import NotFound

from cashman_project.api.origin import UNDO, Origin
from cashman_project.db.constraint_errors import field_of
from cashman_project.db.derived_fields import DerivedField
from cashman_project.db.insert_many import insert_many, insert_target
from cashman_project.db.types import AnyField, Values

from ..history import CHANGES, read_before, record, stored_columns
from ..models import Change, Ledger, OwnedModel, Revision
from ..models.foreign_key import OwnedForeignKey
from ..querysets import OwnedQuerySet
from ..resources import RESOURCES
from ..writer import CREATED, DELETED, UPDATED, Write, writing
from .undo_errors import (
    MAX_IDS,
    ChangedSince,
    HistoryExpired,
    InUse,
    NothingToUndo,
    ReferenceGone,
    Taken,
    TooLargeToUndo,
    TooManyLinks,
)

# Rows of a revision, and rows that are unlinked from them. Nobody else can write the ledger while they are undone, and
# on SQLite nobody can write anything.
MOST_UNDONE = 50_000
PART = 10_000  # rows that are read and written together
EVERY_WRITE = {"version", "updated_at", "revision"}  # the columns that each write of a row changes
# The apps above receive it with the `write` that has undone the revision `number`, and with its database transaction
# open. They take back what they have stored beside the rows.
undone = Signal()

T = TypeVar("T")
OwnedRowModel: TypeAlias = Any  # a type[OwnedModel], of whose fields and managers the stub knows too little


def undo(owner: UUID, number: int, force: bool, origin: Origin) -> int:
    """Take everything in the revision `number` of the owner's ledger back; return the number of the new revision.

    Rows that it created are deleted. Rows that it updated or deleted become what they were, with their ids. A row that
    was created in it and is deleted already stays so. The new revision can be undone in turn.

    With `force`, changes that later revisions made to these rows are lost, and rows are unlinked from what is not
    there. Raises NotFound if there is no such revision, HistoryExpired, and the conflicts. `force` overrides most of
    ChangedSince, ReferenceGone and InUse, but not Taken, NothingToUndo, TooLargeToUndo and TooManyLinks.
    """
    with writing(owner, origin._replace(via=UNDO)) as write:
        last = write.lock() - 1
        kept_from = Ledger.objects.values_list("kept_from", flat=True).get(pk=owner)
        if not 0 < number <= last:
            raise NotFound
        revision = Revision.objects.filter(ledger=owner, number=number).first()
        if revision is None or number < kept_from:
            raise HistoryExpired
        if is_too_large(revision):
            raise TooLargeToUndo(MOST_UNDONE)
        write.undoes = number
        Undo(write, revision, force).run()
        if not write.counts:
            raise NothingToUndo
        undone.send(sender=Undo, write=write, number=number)
        return write.revision


def is_too_large(revision: Revision) -> bool:
    """Return whether the revision wrote more rows than an undo takes back.

    Its counts include the transactions of a renamed category, of which nothing is taken back. They have no Change.
    """
    if sum(sum(counts.values()) for counts in revision.counts.values()) <= MOST_UNDONE:
        return False
    changes = Change.objects.filter(ledger=revision.ledger_id, revision=revision.number).exclude(operation=CREATED)
    created: int = sum(counts.get(CREATED, 0) for counts in revision.counts.values())
    return created + changes[: MOST_UNDONE + 1].count() > MOST_UNDONE


@lru_cache
def owned_models() -> tuple[OwnedRowModel, ...]:
    """Return the models of owned rows, those that others refer to first."""
    models = [resource.model for resource in RESOURCES.values()]
    referred = {model: {field.remote_field.model for field in references(model)} - {model} for model in models}
    return tuple(TopologicalSorter(referred).static_order())


def is_still(row: OwnedModel, values: Values) -> bool:
    """Return whether the row has these values, but for those that every write changes."""
    return all(getattr(row, name) == value for name, value in values.items() if name not in EVERY_WRITE)


def references(model: OwnedRowModel) -> list[OwnedForeignKey]:
    """Return the model's foreign keys to owned rows."""
    return [field for field in model._meta.concrete_fields if isinstance(field, OwnedForeignKey)]


class Undo:
    """The undo of one revision, as a write that has locked the ledger."""

    def __init__(self, write: Write, revision: Revision, force: bool) -> None:
        self.write = write
        self.number = revision.number
        self.force = force
        # By model: the rows that get back what they were, and those that are deleted.
        self.returning: dict[OwnedRowModel, set[UUID]] = {}
        self.leaving: dict[OwnedRowModel, set[UUID]] = {}
        self.written_later: set[UUID] = set()  # rows that later revisions wrote, perhaps back to what they were
        changes = Change.objects.filter(ledger=write.owner, revision=self.number)
        for model in owned_models():
            own = list(changes.filter(resource=model.resource).values_list("row_id", "operation"))
            self.returning[model] = {pk for pk, operation in own if operation != CREATED}
            created = {pk for pk, operation in own if operation == CREATED}
            self.leaving[model] = set(self._existing(model, created))
            if CREATED in revision.counts.get(model.resource, ()):
                new = self._rows(model).filter(revision__gte=self.number, created_revision=self.number)
                self.leaving[model].update(new.values_list("pk", flat=True))

    def run(self) -> None:
        """Write all rows. Raises a Conflict if they can't be written, or can't be left as they are then."""
        self._check_changes()
        if self.force:
            self._check_links()
        with ExitStack() as stack:
            for model in owned_models():
                if keys := self.returning[model] | self.leaving[model]:
                    rows: OwnedQuerySet[OwnedModel] = model._base_manager.filter(owner=self.write.owner)
                    stack.enter_context(rows.being_undone(self.write, keys))
            self._write()

    def _write(self) -> None:
        """Write all rows: those that others refer to come back first, and leave last."""
        for model in owned_models():
            for part in self._parts_of_history(model):
                self._check_references(model, part)
                self._free_values(model, part)
                rows = {row.pk: row for row in self._rows(model).filter(pk__in=part)}
                self._insert(model, {pk: values for pk, values in part.items() if pk not in rows})
                self._update(model, rows, part)
        for model in reversed(owned_models()):
            for keys in parts_of(self.leaving[model]):
                self._unlink(model, keys)
                self._rows(model).filter(pk__in=keys).delete()

    def _rows(self, model: OwnedRowModel) -> "QuerySet[OwnedModel]":
        rows: QuerySet[OwnedModel] = model._base_manager.filter(owner=self.write.owner)
        return rows

    def _existing(self, model: OwnedRowModel, keys: Collection[UUID]) -> Iterator[UUID]:
        for part in parts_of(keys):
            yield from self._rows(model).filter(pk__in=part).values_list("pk", flat=True)

    def _parts_of_history(self, model: OwnedRowModel) -> Iterator[dict[UUID, Values]]:
        """Yield what the returning rows were, by their keys."""
        changes = Change.objects.filter(ledger=self.write.owner, revision=self.number)
        for keys in parts_of(self.returning[model]):
            found = changes.filter(row_id__in=keys).values_list("row_id", "before")
            yield {pk: read_before(model, before) for pk, before in found}

    # -- Conflicts ----------------------------------------------------------------------------

    def _check_changes(self) -> None:
        changed: set[UUID] = set()
        for model in owned_models():
            for keys in parts_of(self.returning[model] | self.leaving[model]):
                changed.update(self._changed_since(model, keys))
        if changed and not self.force:
            raise ChangedSince(ids=[str(pk) for pk in sorted(changed)[:MAX_IDS]], count=len(changed))

    def _changed_since(self, model: OwnedRowModel, keys: Collection[UUID]) -> Iterator[UUID]:
        """Yield the rows that are not as the revision has left them. What was changed and undone since is as it was."""
        later = Change.objects.filter(ledger=self.write.owner, revision__gt=self.number, row_id__in=keys)
        left: dict[UUID, str] = {}  # what the revision has left of a row, or "" for a row that it deleted
        for pk, before in later.order_by("row_id", "revision").values_list("row_id", "before").iterator():
            left.setdefault(pk, before)
        self.written_later.update(left)
        rows = {row.pk: row for row in self._rows(model).filter(pk__in=left)} if left else {}
        for pk, before in left.items():
            row = rows.get(pk)
            if not (is_still(row, read_before(model, before)) if row and before else row is None and not before):
                yield pk

    def _check_links(self) -> None:
        """Raise TooManyLinks if more than MOST_UNDONE rows, without those of this revision, would be unlinked."""
        left = MOST_UNDONE
        for model in owned_models():
            for keys in parts_of(self.leaving[model]):
                for _field, rows in self._referring(model, keys):
                    left -= rows.exclude(created_revision=self.number)[: left + 1].count()
                    if left < 0:
                        raise TooManyLinks(MOST_UNDONE)

    def _check_references(self, model: OwnedRowModel, part: Mapping[UUID, Values]) -> None:
        """Raise ReferenceGone if a row would refer to a row that is not there. With force, it refers to none."""
        for field in references(model):
            wanted: set[UUID] = {values[field.attname] for values in part.values()} - {None}
            gone = wanted.difference(self._existing(field.remote_field.model, wanted))
            without = [values for values in part.values() if values[field.attname] in gone]
            if without and not (self.force and field.null):
                [pk, *_others] = sorted(gone)
                deletion = Change.objects.filter(ledger=self.write.owner, row_id=pk, operation=DELETED)
                revision = deletion.order_by("-revision").values_list("revision", flat=True).first()
                raise ReferenceGone(field=field.name, id=str(pk), revision=revision, count=len(without))
            for values in without:
                values[field.attname] = None

    def _free_values(self, model: OwnedRowModel, part: Mapping[UUID, Values]) -> None:
        """Free the unique values that the rows had from other rows of this revision.

        So rows may exchange them. Raises Taken if a row that is not of this revision has one of them.
        """
        for constraint in model._meta.total_unique_constraints:
            fields = unique_fields(model, constraint)
            wanted = {key: pk for pk, values in part.items() if None not in (key := unique_key(fields, values))}
            names = [field.attname for field in fields]
            holding: list[UUID] = []
            taken: list[tuple[UUID, UUID]] = []  # who has it, and who had it
            for keys in parts_of(wanted):
                holders = self._rows(model).filter(**{f"{names[0]}__in": {key[0] for key in keys}})
                for pk, *key in holders.values_list("pk", *names):
                    if (former := wanted.get(tuple(key), pk)) != pk:
                        is_own = pk in self.returning[model] or pk in self.leaving[model]
                        (holding if is_own else taken).append(pk if is_own else (pk, former))  # type: ignore[arg-type]
            if taken:
                pk, former = taken[0]
                field = field_of(model, constraint)
                raise Taken(field=field, value=part[former].get(field or ""), id=str(pk), count=len(taken))
            freed: dict[str, Cast | None] = {
                field.attname: None if field.null else Cast(F("pk"), CharField())
                for field in fields
                if field.null or isinstance(field, CharField)
            }
            leaving = self.leaving[model].intersection(holding)
            for operation, all_keys in ((DELETED, leaving), (UPDATED, set(holding) - leaving)):
                for ids in parts_of(all_keys):
                    rows = self._rows(model).filter(pk__in=ids)
                    record(rows, self.write, operation)
                    QuerySet.update(rows, **freed, revision=self.write.revision)  # a step that nobody sees

    def _unlink(self, model: OwnedRowModel, keys: Collection[UUID]) -> None:
        """Remove the rows, which are deleted next, from all rows that refer to them. Raises InUse if there are any and
        this is not forced."""
        for field, rows in self._referring(model, keys):
            if self.force and field.null:
                rows.update(**{field.name: None})
            elif count := rows.count():
                referring: OwnedRowModel = field.model
                raise InUse(resource=referring.resource, count=count)

    def _referring(
        self, model: OwnedRowModel, keys: Collection[UUID]
    ) -> "Iterator[tuple[OwnedForeignKey, QuerySet[OwnedModel]]]":
        """Yield each field that refers to the model, and the rows that refer by it to one of these keys."""
        for referring in owned_models():
            for field in references(referring):
                if field.remote_field.model is model:
                    yield field, self._rows(referring).filter(**{f"{field.name}__in": keys})

    # -- Writes -------------------------------------------------------------------------------

    def _insert(self, model: OwnedRowModel, part: Mapping[UUID, Values]) -> None:
        """Insert the rows again, as they were. The history says so, because they were created long ago."""
        if not part:
            return
        versions = self._last_versions(part)
        now = timezone.now()
        fields: list[AnyField] = [model._meta.get_field(name) for name in stored_columns(model) if name != "revision"]
        rows = [{**values, "version": versions[pk] + 1, "updated_at": now} for pk, values in part.items()]
        columns = []
        for field in fields:
            column = [row[field.attname] if field.attname in row else field.get_default() for row in rows]
            stored = {value: field.get_db_prep_save(value, connection) for value in set(column)}  # many are the same
            columns.append([stored[value] for value in column])
        names = tuple(field.attname for field in fields)
        model._base_manager.insert(self.write.owner, names, list(zip(*columns, strict=True)))
        target = insert_target(CHANGES, ("ledger_id", "revision", "row_id", "resource", "operation", "before"))
        changes = [(self.write.owner, self.write.revision, pk, model.resource, CREATED, "") for pk in part]
        insert_many(connection, target, list(zip(*changes, strict=True)))

    def _last_versions(self, part: Mapping[UUID, Values]) -> dict[UUID, int]:
        """Return the versions that the rows had when they were deleted. A version never comes twice."""
        versions: dict[UUID, int] = {pk: values["version"] for pk, values in part.items()}
        later = Change.objects.filter(ledger=self.write.owner, revision__gt=self.number, operation=DELETED)
        if changed := self.written_later.intersection(part):
            for change in later.filter(row_id__in=changed).order_by("revision"):
                versions[change.row_id] = read_before(RESOURCES[change.resource].model, change.before)["version"]
        return versions

    def _update(self, model: OwnedRowModel, rows: Mapping[UUID, OwnedModel], part: Mapping[UUID, Values]) -> None:
        """Update the rows that differ from what they were."""
        queryset: Any = self._rows(model)  # the stub knows no class of ours
        kept = {*queryset.fixed_fields, *EVERY_WRITE}
        fields = [
            field
            for name in stored_columns(model)
            if (field := model._meta.get_field(name)).name not in kept and name not in kept
        ]
        written, names = [], set()
        for pk, row in rows.items():
            values = part[pk]
            changes = [
                field
                for field in fields
                if getattr(row, field.attname) != values.get(field.attname, getattr(row, field.attname))
            ]
            for field in changes:
                setattr(row, field.attname, values[field.attname])
                names.add(field.name)
            if changes:
                written.append(row)
        if written:
            queryset.bulk_update(written, sorted(names))


def parts_of(values: Collection[T]) -> Iterator[list[T]]:
    """Yield the values in parts of limited size."""
    iterator = iter(values)
    while part := list(islice(iterator, PART)):
        yield part


def unique_fields(model: type[Model], constraint: UniqueConstraint) -> list[AnyField]:
    """Return the fields of a unique constraint, without the owner."""
    return [model._meta.get_field(name) for name in constraint.fields if name != "owner"]  # type: ignore[misc]


def unique_key(fields: Sequence[AnyField], values: Values) -> tuple[object, ...]:
    """Return the values of these fields. A derived field follows its source."""
    return tuple(
        field.derived(values[field.source]) if isinstance(field, DerivedField) else values[field.attname]
        for field in fields
    )
