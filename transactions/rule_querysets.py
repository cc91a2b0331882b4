"""Queries of rules, and what is kept when they are written."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext as _

from cashman_project.api.errors import Conflict
from cashman_project.api.origin import UNDO
from cashman_project.db.types import DatabaseRow
from ledgers.models import Ledger
from ledgers.querysets import OwnedQuerySet
from ledgers.writer import Write

from .names import NO_TAGS
from .transaction_querysets import check_tags

if TYPE_CHECKING:
    from .models import Rule  # the rows

MOST_RULES = 1_000  # of an owner
LAST_POSITION = 1_000_000


class RuleQuerySet(OwnedQuerySet["Rule"]):
    """Rules. The ledger says whether there are any (`has_rules`), so that owners without rules pay nothing for them."""

    def idle(self) -> Self:
        """Return the rules that do nothing: what they gave is gone."""
        return self.filter(category__isnull=True, tags=NO_TAGS, description__isnull=True, stop=False)

    def next_position(self) -> int:
        """Return the position after the last one of these rules. If there is none, they make room."""
        last = int(self.order_by().aggregate(last=Max("position"))["last"] or 0)
        if last < LAST_POSITION:
            return last + 1
        self.make_room(LAST_POSITION)
        return LAST_POSITION

    def move(self, rule: "Rule", position: int) -> None:
        """Give the rule, one of these, a position, and let those between make room: each moves by one. The ledger is
        locked."""
        rules = list(self.order_by("position", "id"))
        places = [one.position for one in rules]
        others = [one for one in rules if one.pk != rule.pk]
        down = position > rule.position
        before = [one for one in others if one.position < position or (down and one.position == position)]
        in_order = [*before, rule, *others[len(before) :]]
        self._renumber(in_order, places)

    def make_room(self, position: int) -> None:
        """Move these rules from the position on, if it is taken, up to the first gap. If there is none, those up to the
        position move down."""
        later = self.filter(position__gte=position).order_by("position", "id")
        if not self._shift(later, position, 1):
            self._shift(self.filter(position__lte=position).order_by("-position", "-id"), position, -1)

    def _shift(self, rules: "Iterable[Rule]", place: int, step: int) -> bool:
        """Move rules, one after another, by a step each, away from the place and up to the first gap. Return whether
        there is one."""
        changed = []
        for one in rules:
            if (one.position - place) * step > 0:
                break
            place += step
            one.position = place
            changed.append(one)
        if not 0 < place <= LAST_POSITION:
            return False
        if changed:
            self.bulk_update(changed, ["position"])
        return True

    def _renumber(self, rules: "Sequence[Rule]", places: Sequence[int]) -> None:
        """Give the rules these positions in their order. Where two are the same, the later ones move up, or at the end
        of all positions the earlier ones down."""
        changed = []
        for one, place in zip(rules, _apart(places), strict=True):
            if one.position != place:
                one.position = place
                changed.append(one)
        if changed:
            self.bulk_update(changed, ["position"])

    # -- What is kept -------------------------------------------------------------------------

    def check_new(self, rows: "Sequence[Rule]") -> None:
        for owner in {row.owner_id for row in rows}:
            self._check_number(owner, sum(row.owner_id == owner for row in rows))
            check_tags(owner, [row.tags for row in rows if row.owner_id == owner])
            self._tell(owner, True)

    def check_inserted(self, write: Write, columns: tuple[str, ...], rows: Sequence[DatabaseRow]) -> None:
        place = columns.index("tags")
        self._check_number(write.owner, len(rows))
        check_tags(write.owner, [row[place] for row in rows], write.origin.via == UNDO)
        self._tell(write.owner, True)

    def check_rows(self, write: Write, rows: "Sequence[Rule]", names: Collection[str]) -> None:
        if "tags" in names:
            check_tags(write.owner, [row.tags for row in rows], write.origin.via == UNDO)

    def check_update(self, write: Write, values: Mapping[str, object]) -> None:
        if isinstance(tags := values.get("tags"), str):
            check_tags(write.owner, [tags])

    def delete(self) -> tuple[int, dict[str, int]]:
        owners = list(self.by_owner())
        deleted = super().delete()
        for owner in owners:
            self._tell(owner, self._of(owner).exists())
        return deleted

    @contextmanager
    def being_undone(self, write: Write, keys: Collection[UUID]) -> Iterator[None]:
        """Let an undo bring rules back to positions that others have by now. Then these move on by one."""
        yield
        rules = list(self._of(write.owner).order_by("position", "id"))
        self._of(write.owner)._renumber(rules, [one.position for one in rules])

    def _of(self, owner: UUID) -> "RuleQuerySet":
        rows = self.model._base_manager.using(self.db).filter(owner=owner)
        assert isinstance(rows, RuleQuerySet)
        return rows

    def _check_number(self, owner: UUID, new: int) -> None:
        if self._of(owner).count() + new > MOST_RULES:
            raise Conflict(_("You have %(most)d rules, and can't have more.") % {"most": MOST_RULES})

    def _tell(self, owner: UUID, has_rules: bool) -> None:
        """Let the ledger, which is locked, say whether there are rules."""
        Ledger.objects.using(self.db).filter(pk=owner).update(has_rules=has_rules)


def _apart(places: Sequence[int]) -> list[int]:
    """Return these positions, which are in order, without any twice."""
    found, last = [], 0
    for place in places:
        last = max(place, last + 1)
        found.append(last)
    first = LAST_POSITION + 1
    for number in reversed(range(len(found))):
        found[number] = first = min(found[number], first - 1)
    return found
