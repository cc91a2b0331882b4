"""Where the money flows: from the incomes, through all of it, to the expenses and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .formats import Formats
from .frame import NORMAL, SMALL, Canvas, Heading, Key, document, header, nothing
from .ranking import Group, ranked
from .svg import bar, element, number, path, text, tooltip
from .texts import cut, width

MOST = 9  # groups at each side; if there are more, the smallest are joined
SLOT = 38  # pixels for the two lines of a label, at least
LEAST = 1.5  # pixels: what is not zero is seen


@dataclass(frozen=True)
class Names:
    """`left` is what is left over, `drawn` what was spent beyond the income; `other` is as of `ranked`."""

    income: str
    expense: str
    left: str
    drawn: str
    other: str


def draw(
    incomes: Sequence[Group],
    expenses: Sequence[Group],
    names: Names,
    currency: str,
    heading: Heading,
    formats: Formats,
    canvas: Canvas,
) -> str:
    """Return the chart of the flows. All amounts are above zero."""
    came, went = (sum((group.amount for group in groups), Decimal(0)) for groups in (incomes, expenses))
    total = max(came, went)
    if not total:
        return nothing(canvas, heading)
    sources = [(group, "rest" if group.rest else "income") for group in ranked(incomes, names.other, formats, MOST)]
    targets = [(group, "rest" if group.rest else "expense") for group in ranked(expenses, names.other, formats, MOST)]
    if went > came:
        sources.append((Group(names.drawn, went - came), "accent"))
    if came > went:
        targets.append((Group(names.left, came - went), "accent"))
    keys = [
        Key("income", names.income, formats.amount(came, currency)),
        Key("expense", names.expense, formats.amount(went, currency)),
    ]
    if came != went:
        name = names.left if came > went else names.drawn
        keys.append(Key("accent", name, formats.amount(abs(came - went), currency)))
    head, top = header(canvas, heading, keys)
    full = 260 if canvas.is_narrow else 320
    columns = [
        [(group, style, max(full * float(group.amount / total), LEAST)) for group, style in side]
        for side in (sources, targets)
    ]
    tallest = max(sum(max(height, SLOT) for _group, _style, height in column) for column in columns)
    middle = top + tallest / 2
    hub_height = max(sum(height for _group, _style, height in column) for column in columns)
    hub_x, hub_width, node_width = canvas.width / 2 - 6, 12, 10
    widest = max(width(group.name, NORMAL) for group, _style in (*sources, *targets))
    amounts = max(width(formats.amount(group.amount, currency), SMALL) for group, _style in (*sources, *targets))
    room = min(max(widest, amounts) + 16, canvas.inner * 0.32)
    parts = []
    for column, is_source in zip(columns, (True, False), strict=True):
        slots = [max(height, SLOT) for _group, _style, height in column]
        y, hub_y = middle - sum(slots) / 2, middle - full / 2
        for (group, style, height), slot in zip(column, slots, strict=True):
            node_y = y + (slot - height) / 2
            x = canvas.margin + room if is_source else canvas.width - canvas.margin - room - node_width
            amount = formats.amount(group.amount, currency)
            label = amount if width(amount, SMALL) <= room - 8 else formats.short(group.amount)
            words = f"{group.name}\n{amount} ({formats.percent(group.amount / total)})"
            ends = (x + node_width, node_y, hub_x, hub_y) if is_source else (hub_x + hub_width, hub_y, x, node_y)
            parts.append(
                element("g", tooltip(words), ribbon(style, *ends, height), bar(style, x, node_y, node_width, height, 2))
            )
            text_x, anchor = (x - 8, "end") if is_source else (x + node_width + 8, "start")
            parts.append(text(cut(group.name, NORMAL, room - 8), text_x, y + slot / 2 - 2, "", anchor))
            parts.append(text(label, text_x, y + slot / 2 + 13, "small", anchor))
            y, hub_y = y + slot, hub_y + height
    all_of_it = f"{names.income}\n{formats.amount(came, currency)}"
    hub = element("g", tooltip(all_of_it), bar("hub", hub_x, middle - full / 2, hub_width, hub_height, 2))
    return document(canvas, heading, top + max(tallest, full) + canvas.margin, head, *parts, hub)


def ribbon(style: str, x1: float, y1: float, x2: float, y2: float, height: float) -> str:
    """Return a band of that height from one point to another, both at its upper edge."""
    bend = (x1 + x2) / 2
    upper = (
        f"M{number(x1)} {number(y1)}C{number(bend)} {number(y1)} {number(bend)} {number(y2)} {number(x2)} {number(y2)}"
    )
    lower = (
        f"v{number(height)}C{number(bend)} {number(y2 + height)} {number(bend)} {number(y1 + height)} "
        f"{number(x1)} {number(y1 + height)}Z"
    )
    return path(f"flow {style}", upper, lower)
