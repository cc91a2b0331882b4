"""What moves between accounts: from those at one side to those at the other."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .flow import LEAST, MOST, SLOT, ribbon
from .formats import Formats
from .frame import NORMAL, SMALL, Canvas, Heading, Key, document, header, nothing
from .ranking import Group, ranked
from .svg import bar, element, text, tooltip
from .texts import cut, width

NODE = 10  # pixels: how wide the mark of an account is
GAP = 8  # pixels between two of them


@dataclass(frozen=True)
class Move:
    """An amount above zero, and the names of where it came from and where it went."""

    source: str
    target: str
    amount: Decimal


@dataclass
class Place:
    """An account at one of the sides: where its mark begins, how high it is, and where its next band begins."""

    group: Group
    y: float
    height: float
    free: float


def draw(
    moves: Sequence[Move], name: str, other: str, currency: str, heading: Heading, formats: Formats, canvas: Canvas
) -> str:
    """Return the chart of the moves. `name` is that of their sum, and `other` is as of `ranked`."""
    total = sum((move.amount for move in moves), Decimal(0))
    if not total:
        return nothing(canvas, heading)
    head, top = header(canvas, heading, [Key("accent", name, formats.amount(total, currency))])
    full = 260 if canvas.is_narrow else 320
    sides = [_side(moves, end, other, formats) for end in ("source", "target")]
    tallest = max(sum(_slot(group, total, full) for group in groups) for groups, _names in sides)
    places = [_places(groups, total, full, top + tallest / 2) for groups, _names in sides]
    drawn = [place.group for side in places for place in side.values()]
    widest = max(width(group.name, NORMAL) for group in drawn)
    amounts = max(width(formats.amount(group.amount, currency), SMALL) for group in drawn)
    room = min(max(widest, amounts) + 16, canvas.inner * 0.32)
    left, right = canvas.margin + room, canvas.width - canvas.margin - room - NODE
    bands, marks = [], []
    for move in _joined(moves, sides):
        source, target = places[0][move.source], places[1][move.target]
        height = full * float(move.amount / total)
        band = ribbon("accent", left + NODE, source.free, right, target.free, max(height, LEAST))
        words = f"{move.source} \u2192 {move.target}\n{formats.amount(move.amount, currency)}"
        bands.append(element("g", tooltip(words), band))
        source.free, target.free = source.free + height, target.free + height
    for side, x, text_x, anchor in ((places[0], left, left - 8, "end"), (places[1], right, right + NODE + 8, "start")):
        for place in side.values():
            amount = formats.amount(place.group.amount, currency)
            label = amount if width(amount, SMALL) <= room - 8 else formats.short(place.group.amount)
            words = f"{place.group.name}\n{amount} ({formats.percent(place.group.amount / total)})"
            style, middle = "rest" if place.group.rest else "accent", place.y + place.height / 2
            marks.append(element("g", tooltip(words), bar(style, x, place.y, NODE, place.height, 2)))
            marks.append(text(cut(place.group.name, NORMAL, room - 8), text_x, middle - 2, "", anchor))
            marks.append(text(label, text_x, middle + 13, "small", anchor))
    return document(canvas, heading, top + tallest + canvas.margin, head, *bands, *marks)


def _side(moves: Sequence[Move], end: str, other: str, formats: Formats) -> tuple[list[Group], dict[str, str]]:
    """Return the groups of a side, and the name of the group that each name is in."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for move in moves:
        sums[getattr(move, end)] += move.amount
    groups = ranked([Group(name, amount) for name, amount in sums.items()], other, formats, MOST)
    named = {group.name for group in groups if not group.rest}
    return groups, {name: name if name in named else groups[-1].name for name in sums}


def _joined(moves: Sequence[Move], sides: Sequence[tuple[list[Group], dict[str, str]]]) -> list[Move]:
    """Return the moves between groups, in the order in which these stand."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    names = [names for _groups, names in sides]
    for move in moves:
        sums[names[0][move.source], names[1][move.target]] += move.amount
    places = [{group.name: place for place, group in enumerate(groups)} for groups, _names in sides]
    ends = sorted(sums, key=lambda ends: (places[0][ends[0]], places[1][ends[1]]))
    return [Move(*pair, sums[pair]) for pair in ends]


def _slot(group: Group, total: Decimal, full: int) -> float:
    return max(full * float(group.amount / total) + GAP, SLOT)


def _places(groups: Sequence[Group], total: Decimal, full: int, middle: float) -> dict[str, Place]:
    """Return the places of a side, by their names."""
    y, places = middle - sum(_slot(group, total, full) for group in groups) / 2, {}
    for group in groups:
        slot, height = _slot(group, total, full), max(full * float(group.amount / total), LEAST)
        start = y + (slot - height) / 2
        places[group.name] = Place(group, start, height, start)
        y += slot
    return places
