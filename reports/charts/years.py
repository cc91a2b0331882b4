"""This year against the year before, month by month: a narrow bar before a wide, faint one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from .bars import column
from .formats import Formats
from .frame import SMALL, Canvas, Heading, Key, amount_axis, document, header, nothing
from .scales import with_zero
from .svg import target, text
from .texts import width


@dataclass(frozen=True)
class Month:
    """The amounts of a month (1 to 12) of the year and of the year before it, both drawn upwards above zero."""

    month: int
    amount: Decimal
    before: Decimal


def draw(rows: Sequence[Month], year: int, currency: str, heading: Heading, formats: Formats, canvas: Canvas) -> str:
    """Return the chart of the months of two years."""
    if not any(row.amount or row.before for row in rows):
        return nothing(canvas, heading)
    total, earlier = (sum((getattr(row, name) for row in rows), Decimal(0)) for name in ("amount", "before"))
    this, last = f"{year:04}", f"{year - 1:04}"
    keys = [
        Key("accent", this, formats.amount(total, currency)),
        Key("before", last, formats.amount(earlier, currency)),
    ]
    head, top = header(canvas, heading, keys)
    height = 200 if canvas.is_narrow else 260
    ends = with_zero(amount for row in rows for amount in (row.amount, row.before))
    axis, scale, left = amount_axis(canvas, formats, ends, top, height)
    band = (canvas.margin + canvas.inner - left) / len(rows)
    names = [formats.short_months[row.month - 1] for row in rows]
    if max(width(name, SMALL) for name in names) + 4 > band:  # some fonts are wider
        names = [name if index % 2 == 0 else "" for index, name in enumerate(names)]
    parts, targets = [], []
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        x = left + band * index
        parts += [
            column("before", x, band, scale, row.before, 0.74),
            column("accent", x, band, scale, row.amount, 0.4),
            text(name, x + band / 2, top + height + 18, "small", "middle") if name else "",
        ]
        sums = ((this, row.amount), (last, row.before))
        lines = [formats.months[row.month - 1], *(f"{year}: {formats.amount(sum_, currency)}" for year, sum_ in sums)]
        targets.append(target("\n".join(lines), x, top, band, height))
    return document(canvas, heading, top + height + 34, head, axis, *parts, *targets)
