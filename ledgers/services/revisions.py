"""What a revision changed, and the versions of a row.

What a change made of a row is what the row was before its next change or, if there is none, what it is now. Rows are
read before the changes. So if a row is changed between the two queries, its next change is found.
"""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from cashman_project.api.types import JSONObject

from ..models import Change, Operation, OwnedModel, Revision
from ..resources import RESOURCES, Resource
from .states import State, differences, link, shown, state_of

MOST_CHANGES = 100  # of a revision that are listed
States = tuple[State | None, State | None]  # of a row, before a change and after it


class RowChange(NamedTuple):
    """What a revision did to a row: the `fields` that it changed, or the row that it created or deleted (`data`).

    `name` is what people call the row; "" if that is not known."""

    resource: str
    id: UUID
    operation: str
    fields: list[JSONObject]
    data: JSONObject | None
    name: str


class Version(NamedTuple):
    """What a revision did to a row. `origin` is the revision; None if it is not kept, and `at` is when it was, too."""

    revision: int
    at: Any  # a timestamp; None until it is looked up
    operation: str
    changes: list[JSONObject]
    origin: Revision | None


def changes_of(revision: Revision, most: int = MOST_CHANGES) -> tuple[list[RowChange], bool]:
    """Return the first changes of the revision, and whether there are more.

    A row that it created and that was deleted since is listed by the revision that deleted it.
    """
    owner = revision.ledger_id
    changes = Change.objects.filter(ledger=owner, revision=revision.number).order_by("row_id")
    alive: dict[UUID, State] = {}
    for resource in RESOURCES.values():
        if resource.name in revision.counts:
            keys = changes.filter(resource=resource.name).values("row_id")[: most + 1]
            alive |= {row.pk: row for row in resource.model.objects.for_owner(owner).filter(pk__in=keys)}
    first = list(_with_next(owner, changes)[: most + 1])
    states = [_states(RESOURCES[change.resource].model, owner, change, alive.get(change.row_id)) for change in first]
    created = [
        (resource, row)
        for resource in RESOURCES.values()
        for row in _created(revision, resource, most + 1 - len(first))
    ]
    link(owner, [state for pair in states for state in pair] + [row for _resource, row in created])
    listed = [_row_change(change, *pair) for change, pair in zip(first, states, strict=True)]
    listed += [
        RowChange(resource.name, row.pk, Operation.CREATED.value, [], shown(resource, row), str(row))
        for resource, row in created
    ]
    return listed[:most], len(listed) > most


def _created(revision: Revision, resource: Resource, most: int) -> list[State]:
    """Return the first rows that the revision has created and that are still there."""
    number = min(revision.counts.get(resource.name, {}).get(Operation.CREATED, 0), most)
    if not number:
        return []
    rows = resource.model.objects.for_owner(revision.ledger_id)
    # Those that were not changed since are the first in the index.
    rows = rows.filter(revision__gte=revision.number, created_revision=revision.number)
    return list(rows.order_by("revision", "id")[:number])


def _row_change(change: Change, old: State | None, new: State | None) -> RowChange:
    resource = RESOURCES[change.resource]
    state = old if change.operation == Operation.DELETED else new
    data = shown(resource, state) if change.operation != Operation.UPDATED and state is not None else None
    fields, known = _fields(resource, change, old, new), new or old
    return RowChange(change.resource, change.row_id, change.operation, fields, data, str(known) if known else "")


def versions_of(
    owner: UUID, model: type[OwnedModel], pk: UUID, size: int, start: int | None, *, descending: bool
) -> list[Version]:
    """Return the first `size` versions of the row, in the order of their revisions, after the revision `start`.

    Raises LookupError if the owner never had such a row of the model, which may be a proxy.
    """
    resource = RESOURCES[model.resource]
    changes = Change.objects.filter(ledger=owner, row_id=pk, resource=resource.name)
    alive, known = _last_states(model, owner, pk)
    if start is not None:
        changes = changes.filter(**{"revision__lt" if descending else "revision__gt": start})
    found = list(_with_next(owner, changes).order_by("-revision" if descending else "revision")[:size])
    states = [_states(resource.model, owner, change, alive) for change in found]
    link(owner, [state for pair in states for state in pair])
    versions = [
        Version(change.revision, None, change.operation, _fields(resource, change, *pair), None)
        for change, pair in zip(found, states, strict=True)
    ]
    created = known.created_revision
    if start is None or (created < start if descending else created > start):
        versions.append(Version(created, known.created_at, Operation.CREATED.value, [], None))
    versions = sorted(versions, key=lambda version: version.revision, reverse=descending)[:size]
    numbers = [version.revision for version in versions]
    revisions = Revision.objects.filter(ledger=owner, number__in=numbers).select_related("by")
    origins = {revision.number: revision for revision in revisions}
    return [
        version._replace(origin=origin, at=origin.at) if (origin := origins.get(version.revision)) else version
        for version in versions
    ]


def name_of(owner: UUID, model: type[OwnedModel], pk: UUID) -> str:
    """Return what people call the row, or called it before it was deleted; raises LookupError as `versions_of` does."""
    return str(_last_states(model, owner, pk)[1])


def deletion_of(owner: UUID, model: type[OwnedModel], pk: UUID) -> tuple[str, Revision | None]:
    """Return the name of a deleted row, and the revision that deleted it, unless that is not kept any more.

    Raises LookupError if the owner has no such deleted row.
    """
    deletion, state = _deletion(model, owner, pk)
    revision = Revision.objects.filter(ledger=owner, number=deletion.revision).select_related("by").first()
    return str(state), revision


def is_undone(owner: UUID, number: int, pk: UUID) -> bool:
    """Return whether the last change of the row is an undo of the revision, which has changed the row, too."""
    last = Change.objects.filter(ledger=owner, row_id=pk).order_by("-revision").values("revision")[:1]
    return Revision.objects.filter(ledger=owner, number=Subquery(last), undoes=number).exists()


def names_in(owner: UUID, numbers: Collection[int]) -> dict[int, tuple[Resource, str]]:
    """Return the resource and the name of the row that each of these revisions wrote, by their numbers.

    Each revision has written one row. A row that was created and has changed since is left out.
    """
    found = {}
    for change in Change.objects.filter(ledger=owner, revision__in=numbers).exclude(before=""):
        resource = RESOURCES[change.resource]
        found[change.revision] = resource, str(state_of(resource.model, owner, change.before))
    others = set(numbers) - found.keys()
    for resource in RESOURCES.values() if others else ():
        rows = resource.model.objects.for_owner(owner).filter(revision__in=others, created_revision=F("revision"))
        found |= {row.revision: (resource, str(row)) for row in rows.order_by("revision")}
    return found


def _last_states(model: type[OwnedModel], owner: UUID, pk: UUID) -> tuple[State | None, State]:
    """Return the row, None if it is deleted, and what it was at last; raises LookupError."""
    alive = model.objects.for_owner(owner).filter(pk=pk).first()
    return alive, alive or _deletion(model, owner, pk)[1]


def _deletion(model: type[OwnedModel], owner: UUID, pk: UUID) -> tuple[Change, State]:
    """Return the last deletion of the row, and what it was; raises LookupError."""
    changes = Change.objects.filter(ledger=owner, row_id=pk, resource=model.resource)
    deletion = changes.order_by("-revision").first()
    if deletion is None or deletion.operation != Operation.DELETED:  # it is there, but of another proxy
        raise LookupError
    try:
        return deletion, state_of(model, owner, deletion.before)
    except ValueError:  # the row is of another proxy
        raise LookupError from None


def _with_next(owner: UUID, changes: "QuerySet[Change]") -> "QuerySet[Any]":  # Any: a Change with `next_before`
    """Return the owner's changes, each with what its row was before the next change of it."""
    later = Change.objects.filter(ledger=owner, row_id=OuterRef("row_id"), revision__gt=OuterRef("revision"))
    return changes.annotate(next_before=Subquery(later.order_by("revision").values("before")[:1]))


# The change has its `next_before`.
def _states(model: type[OwnedModel], owner: UUID, change: Any, alive: State | None) -> States:
    """Return what the row was before the change and after it; None for what it was not, or what is not known."""
    old = state_of(model, owner, change.before) if change.before else None
    if change.operation == Operation.DELETED:
        return old, None
    return old, state_of(model, owner, change.next_before) if change.next_before else alive


def _fields(resource: Resource, change: Change, old: State | None, new: State | None) -> list[JSONObject]:
    """Return the fields that an update has changed."""
    if change.operation != Operation.UPDATED or old is None or new is None:
        return []
    return differences(shown(resource, old), shown(resource, new))
