"""A balance over time, as a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from . import time_axis
from .formats import Formats, Period
from .frame import Canvas, Heading, Key, amount_axis, document, header, nothing
from .scales import chunks, with_zero
from .svg import number, path, polyline, spot, target
from .time_axis import Span

MOST_POINTS, MOST_NARROW = 120, 60  # if there are more periods, the last of some neighbours stands for them


@dataclass(frozen=True)
class Point:
    """The balance at the end of a period."""

    period: Period
    balance: Decimal


def draw(rows: Sequence[Point], name: str, currency: str, heading: Heading, formats: Formats, canvas: Canvas) -> str:
    """Return the chart of a balance at the end of each period."""
    if not any(row.balance for row in rows):
        return nothing(canvas, heading)
    runs = chunks(rows, MOST_NARROW if canvas.is_narrow else MOST_POINTS)
    head, top = header(canvas, heading, [Key("accent", name, formats.amount(rows[-1].balance, currency))])
    height = 200 if canvas.is_narrow else 260
    axis, scale, left = amount_axis(canvas, formats, _ends(rows), top, height)
    right = canvas.margin + canvas.inner
    band = (right - left) / len(runs)
    points = [(left + band * (index + 0.5), scale(run[-1].balance)) for index, run in enumerate(runs)]
    has_zero = scale.low <= 0 <= scale.high
    zero = scale(Decimal(0)) if has_zero else 0
    area = (
        [
            path(
                "area",
                polyline(points),
                f"L{number(points[-1][0])} {number(zero)}L{number(points[0][0])} {number(zero)}Z",
            )
        ]
        if has_zero
        else []
    )
    curve = [path("curve", polyline(points))] if len(points) > 1 else []
    targets = [
        target(
            f"{formats.span(run[0].period, run[-1].period)}\n{name}: {formats.amount(run[-1].balance, currency)}",
            *(left + band * index, top, band, height),
        )
        for index, run in enumerate(runs)
    ]
    end = spot("end", *points[-1], 5)
    spans = [Span(run[0].period, run[-1].period) for run in runs]
    labels = time_axis.labels(spans, formats, left, band, top + height)
    return document(canvas, heading, top + height + time_axis.HEIGHT, head, axis, *area, *curve, end, labels, *targets)


def _ends(rows: Sequence[Point]) -> tuple[Decimal, Decimal]:
    """Return the lowest and highest balance; with zero, unless all of them are far from it."""
    lowest, highest = min(row.balance for row in rows), max(row.balance for row in rows)
    distance, range_ = min(abs(lowest), abs(highest)), highest - lowest
    is_far = range_ and lowest * highest > 0 and distance > 3 * range_
    return (lowest, highest) if is_far else with_zero((lowest, highest))
