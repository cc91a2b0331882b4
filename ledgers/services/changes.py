"""The feed of a ledger: what was written since a position, each row once, as it is now.

A row's place in the feed is (its revision, its id). If a row is deleted, its place is that of the deletion. A follower
holds a position, and a page has what stands after it. This is complete while others write, although a page takes
several queries that each see what is committed when they begin (READ COMMITTED):

1. The writes of a ledger happen one after another (ledgers/writer.py). A revision's number, its rows and its changes
   are committed together, and before the next revision begins. So a query that begins after revision N was seen, sees
   all that revisions up to N wrote.
2. A page first reads the ledger's last revision, `last`, and takes nothing from later revisions. So all that belongs on
   the page is visible to each of its queries. If another writer changes such a row meanwhile, the row moves: it is
   missing here, and stands after `last`, where a later page finds it. Its old state is never needed.
3. So after each page this holds: the follower knows all rows, alive or deleted, whose place is up to its position. A
   row whose place that is was not written since `last` was read, so every query of the page saw it as it is, its JSON
   included, because a write that changes a row's JSON is a write of that row. All other rows stand further on.
4. Positions only grow, and places after them are taken in their order. So the order never goes back.
5. A deletion is left out if the row was restored since: then the row stands further on. It is left out up to `base`,
   the last revision when a follower who began with nothing began: no page of theirs can have had that row.
6. The sweep writes `kept_from` before it deletes older history, or at the same time. A page reads it after the
   history. So if anything that belongs on the page was deleted, the page is refused.
"""

from collections.abc import Iterator
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import BigIntegerField, Exists, F, Model, OuterRef, QuerySet, UUIDField

from cashman_project.api.pagination import RowComparison
from cashman_project.db.compiled import Parameter, Statement

from ..models import Change, Ledger, Operation
from ..resources import RESOURCES, Resource

ModelT = TypeVar("ModelT", bound=Model)

NUMBER: "BigIntegerField[int, int]" = BigIntegerField()  # of a revision
FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


class Place(NamedTuple):
    """Where something stands in the feed."""

    revision: int
    id: UUID


class Position(NamedTuple):
    """How far a follower has come: to (`revision`, `id`). Deletions up to the revision `base` don't concern them."""

    revision: int
    id: UUID
    base: int

    @property
    def place(self) -> Place:
        return Place(self.revision, self.id)

    @property
    def needed(self) -> int:
        """The first revision whose history is needed to go on from here."""
        return max(self.revision + (self.id == LAST_ID), self.base + 1)


class Entry(NamedTuple):
    """One entry of the feed: a row in JSON (`line`), or a deleted row, whose `line` is "null"."""

    place: Place
    resource: str
    operation: str
    line: str


class FeedPage(NamedTuple):
    """A page of the feed: its entries, the position after them, whether others follow, and the last revision."""

    entries: list[Entry]
    position: Position
    more: bool
    last: int


class Expired(Exception):
    """The history that a follower needs to go on is deleted, or they come from a future that a backup has undone."""


def feed_page(owner: UUID, since: Position | None, limit: int) -> FeedPage:
    """Return at most `limit` entries that stand after the position; the first ones if there is none.

    Raises Expired.
    """
    last = Ledger.objects.filter(pk=owner).values_list("revision", flat=True).first() or 0
    since = since or Position(0, FIRST_ID, last)
    if since.revision > last:
        raise Expired
    alive = islice(merge(*[_alive(owner, resource, since, last, limit) for resource in RESOURCES.values()]), limit + 1)
    found = list(alive)
    end = found[limit].place if len(found) > limit else Place(last, LAST_ID)
    deleted = _deleted(owner, since, end, limit)
    entries = list(islice(merge(found, deleted), limit + 1))
    more, entries = len(entries) > limit, entries[:limit]
    entries = _with_restored(owner, since, entries)
    if Ledger.objects.filter(pk=owner, kept_from__gt=since.needed).exists():
        raise Expired
    place = entries[-1].place if more else Place(last, LAST_ID)
    return FeedPage(entries, Position(*place, since.base), more, last)


def _alive(owner: UUID, resource: Resource, since: Position, last: int, limit: int) -> Iterator[Entry]:
    """Yield the first rows of the resource after the position, up to the revision `last`."""
    statement = _alive_statement(resource.name, limit)
    for row in statement.rows(_bounds(owner, since.place, Place(last, LAST_ID))):
        revision, pk, created, line = statement.converted(row)
        # To who began with nothing, every row of that time is new.
        is_new = revision <= since.base or Place(created, pk) > since.place
        operation = Operation.CREATED if is_new else Operation.UPDATED
        yield Entry(Place(revision, pk), resource.name, operation.value, line)


def _deleted(owner: UUID, since: Position, end: Place, limit: int) -> Iterator[Entry]:
    """Yield the first deletions after the position and after the base, up to the end.

    The end is that of the page, or the place of the row that is one too many for it.
    """
    start = max(since.place, Place(since.base, LAST_ID))
    if end <= start:
        return
    statement = _deleted_statement(limit)
    for row in statement.rows(_bounds(owner, start, end)):
        revision, pk, resource = statement.converted(row)
        yield Entry(Place(revision, pk), resource, Operation.DELETED.value, "null")


def _with_restored(owner: UUID, since: Position, entries: list[Entry]) -> list[Entry]:
    """Return the entries, in which rows that were deleted and restored after the position count as created."""
    keys = [entry.place.id for entry in entries if entry.operation == Operation.UPDATED]
    if not keys:
        return entries
    changes = Change.objects.filter(ledger=owner, row_id__in=keys, operation=Operation.CREATED)
    places = changes.filter(revision__gte=since.revision).values_list("revision", "row_id")
    restored = {pk for revision, pk in places if Place(revision, pk) > since.place}
    return [
        entry._replace(operation=Operation.CREATED.value) if entry.place.id in restored else entry for entry in entries
    ]


@lru_cache(maxsize=500)
def _alive_statement(name: str, limit: int) -> Statement:
    resource = RESOURCES[name]
    owner = Parameter("owner", resource.model._meta.get_field("owner"))
    rows = _between(resource.model.objects.for_owner(owner), "id")
    return Statement(
        rows.values_list("revision", "id", "created_revision", resource.row_json)[: limit + 1], prepared=False
    )


@lru_cache(maxsize=500)
def _deleted_statement(limit: int) -> Statement:
    owner = Parameter("owner", Ledger._meta.pk)
    later = Change.objects.filter(ledger=owner, row_id=OuterRef("row_id"), revision__gt=OuterRef("revision"))
    deletions = Change.objects.filter(ledger=owner, operation=Operation.DELETED)
    rows = _between(deletions, "row_id").exclude(Exists(later))
    return Statement(rows.values_list("revision", "row_id", "resource")[: limit + 1], prepared=False)


def _between(rows: "QuerySet[ModelT]", key: str) -> "QuerySet[ModelT]":
    """Return the rows whose place (revision, key) is after a start and not after an end, parameters, in their order.

    A page reads no other rows: both databases find the start and the end in their index.
    """
    for operator, edge in ((">", "start"), ("<=", "end")):
        place = (Parameter(edge, NUMBER), Parameter(f"{edge}_id", UUIDField()))
        rows = rows.filter(RowComparison(F("revision"), F(key), *place, operator=operator))
    return rows.order_by("revision", key)


def _bounds(owner: UUID, start: Place, end: Place) -> dict[str, object]:
    """Return the parameters of a statement of the owner's rows between two places."""
    return {"owner": owner, "start": start.revision, "start_id": start.id, "end": end.revision, "end_id": end.id}
