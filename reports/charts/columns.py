"""One amount for each period, as columns, and their mean: a category over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from . import time_axis
from .bars import MOST_GROUPS, MOST_NARROW, column
from .formats import Formats, Period
from .frame import Canvas, Heading, Key, amount_axis, document, header, nothing
from .scales import chunks, with_zero
from .svg import line, target
from .time_axis import Span


@dataclass(frozen=True)
class Sum:
    """The amount of a period: above zero it is drawn upwards."""

    period: Period
    amount: Decimal


@dataclass(frozen=True)
class Names:
    """`mean` names the mean of a period; `mean_of_run` that of `{count}` periods, which are drawn as one column."""

    amount: str
    mean: str
    mean_of_run: str


def draw(rows: Sequence[Sum], names: Names, currency: str, heading: Heading, formats: Formats, canvas: Canvas) -> str:
    """Return the chart of an amount by period. The mean is that of as many periods as a column stands for."""
    if not any(row.amount for row in rows):
        return nothing(canvas, heading)
    runs = chunks(rows, MOST_NARROW if canvas.is_narrow else MOST_GROUPS)
    groups, length = [_joined(run) for run in runs], len(runs[0])
    total = sum((row.amount for row in rows), Decimal(0))
    mean = total * length / len(rows)  # the last column may stand for fewer periods
    name = names.mean if length == 1 else names.mean_of_run.format(count=length)
    keys = [
        Key("accent", names.amount, formats.amount(total, currency)),
        Key("mean", name, formats.rounded(mean, currency), "dashes"),
    ]
    head, top = header(canvas, heading, keys)
    height = 200 if canvas.is_narrow else 240
    axis, scale, left = amount_axis(canvas, formats, with_zero(amount for _span, amount in groups), top, height)
    right = canvas.margin + canvas.inner
    band = (right - left) / len(groups)
    bars = [column("accent", left + band * index, band, scale, group[1]) for index, group in enumerate(groups)]
    targets = [
        target(
            f"{formats.span(span.first, span.last)}\n{names.amount}: {formats.amount(amount, currency)}",
            *(left + band * index, top, band, height),
        )
        for index, (span, amount) in enumerate(groups)
    ]
    average = [line(style, left, scale(mean), right, scale(mean)) for style in ("gap", "mean")]
    labels = time_axis.labels([group[0] for group in groups], formats, left, band, top + height)
    return document(canvas, heading, top + height + time_axis.HEIGHT, head, axis, *bars, *average, labels, *targets)


def _joined(run: Sequence[Sum]) -> tuple[Span, Decimal]:
    return Span(run[0].period, run[-1].period), sum((row.amount for row in run), Decimal(0))
