"""The largest first: bars beside names."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .formats import Formats
from .frame import BOLD, NORMAL, SMALL, Canvas, Heading, document, header, in_column, nothing
from .svg import bar, target, text
from .texts import cut, width

MOST = 12  # bars; if there are more groups, the smallest ones are joined as the last bar
LEAST_BAR = 2  # pixels: what is not zero is seen


@dataclass(frozen=True)
class Group:
    """A name and its amount, which is not negative. `rest` says that it stands for the groups that are not named."""

    name: str
    amount: Decimal
    rest: bool = False


def ranked(groups: Sequence[Group], other: str, formats: Formats, most: int = MOST) -> list[Group]:
    """Return the groups that are not zero, the largest first; those that are too many as one of the name `other`.

    `{count}` in that name stands for how many they are.
    """
    largest = sorted((group for group in groups if group.amount), key=lambda group: -group.amount)
    if len(largest) <= most:
        return largest
    rest = largest[most - 1 :]
    joined = Group(
        other.format(count=formats.count(len(rest))), sum((group.amount for group in rest), Decimal(0)), rest=True
    )
    return [*largest[: most - 1], joined]


def draw(groups: Sequence[Group], other: str, currency: str, heading: Heading, formats: Formats, canvas: Canvas) -> str:
    """Return the chart of groups by their amounts, with the share of each in all of them."""
    rows = ranked(groups, other, formats)
    if not rows:
        return nothing(canvas, heading)
    head, top = header(canvas, heading)
    total, largest = sum((row.amount for row in rows), Decimal(0)), max(row.amount for row in rows if not row.rest)
    amounts = [formats.amount(row.amount, currency) for row in rows]
    shares = [formats.percent(row.amount / total) for row in rows]
    right = canvas.margin + canvas.inner
    share_room = max(width(share, SMALL) for share in shares) + 10
    amount_room = max(width(amount, NORMAL * BOLD) for amount in amounts) + 12
    pitch = 46 if canvas.is_narrow else 34
    if canvas.is_narrow:
        left, room = float(canvas.margin), float(canvas.inner)
        name_room = room - share_room - amount_room
    else:
        name_room = min(max(width(row.name, NORMAL) for row in rows) + 12, canvas.inner * 0.34)
        left = canvas.margin + name_room
        room = right - left - share_room - amount_room
    parts = []
    for index, (row, amount, share) in enumerate(zip(rows, amounts, shares, strict=True)):
        y = top + pitch * index
        base = y + 18 if canvas.is_narrow else y + 21
        size = max(room * min(float(row.amount / largest), 1), LEAST_BAR)
        thick, bar_y = (8, y + 26) if canvas.is_narrow else (18, y + 8)
        style = "muted" if row.rest else ""
        if not row.rest:  # which may be larger than all the others: its numbers say so
            parts.append(bar("accent", left, bar_y, size, thick, min(thick / 4, size / 2)))
        parts += [
            text(cut(row.name, NORMAL, name_room - 10), canvas.margin, base, style),
            in_column(canvas, amount, right - share_room, amount_room - 12, base, "strong"),
            in_column(canvas, share, right, share_room - 10, base, "small"),
            target(f"{row.name}\n{amount} ({share})", canvas.margin - 6, y + 2, canvas.inner + 12, pitch - 2),
        ]
    return document(canvas, heading, top + pitch * len(rows) + canvas.margin - 6, head, *parts)
