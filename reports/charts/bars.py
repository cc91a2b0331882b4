"""Income above the line, expense below it, and the net as a line over both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from . import time_axis
from .formats import Formats, Period
from .frame import Canvas, Heading, Key, amount_axis, document, header, nothing
from .scales import Scale, chunks, with_zero
from .svg import column_path, path, polyline, spot, target
from .time_axis import Span

MOST_GROUPS, MOST_NARROW = 60, 36  # bars; if there are more periods, neighbours are added up
LEAST_BAR = 1.5  # pixels: what is not zero is seen


@dataclass(frozen=True)
class Flows:
    """What came in and went out in a period: `expense` is negative or zero."""

    period: Period
    income: Decimal
    expense: Decimal


@dataclass(frozen=True)
class Names:
    income: str
    expense: str
    net: str


Join = Callable[[Sequence[Flows]], tuple[Decimal, Decimal]]


def added(rows: Sequence[Flows]) -> tuple[Decimal, Decimal]:
    """Return the income and the expense of several periods together."""
    return sum((row.income for row in rows), Decimal(0)), sum((row.expense for row in rows), Decimal(0))


def last_of(rows: Sequence[Flows]) -> tuple[Decimal, Decimal]:
    """Return those of the last period: what is there at the end of it can't be added up."""
    return rows[-1].income, rows[-1].expense


def draw(
    rows: Sequence[Flows],
    names: Names,
    currency: str,
    heading: Heading,
    formats: Formats,
    canvas: Canvas,
    join: Join = added,
) -> str:
    """Return the chart of income, expense and net by period. `join` says what neighbouring periods have together."""
    if not any(row.income or row.expense for row in rows):
        return nothing(canvas, heading)
    runs = chunks(rows, MOST_NARROW if canvas.is_narrow else MOST_GROUPS)
    groups = [(Span(run[0].period, run[-1].period), *join(run)) for run in runs]
    income, expense = join(rows)
    keys = [
        Key("income", names.income, formats.amount(income, currency)),
        Key("expense", names.expense, formats.amount(expense, currency)),
        Key("net", names.net, formats.amount(income + expense, currency), "line"),
    ]
    head, top = header(canvas, heading, keys)
    height = 220 if canvas.is_narrow else 280
    ends = with_zero(amount for _span, *amounts in groups for amount in amounts)
    axis, scale, left = amount_axis(canvas, formats, ends, top, height)
    band = (canvas.margin + canvas.inner - left) / len(groups)
    bars, targets, points = [], [], []
    for index, (span, came, went) in enumerate(groups):
        x = left + band * index
        bars += [column(style, x, band, scale, amount) for style, amount in (("income", came), ("expense", went))]
        points.append((x + band / 2, scale(came + went)))
        sums = zip((names.income, names.expense, names.net), (came, went, came + went), strict=True)
        lines = [formats.span(span.first, span.last), *(f"{name}: {formats.amount(s, currency)}" for name, s in sums)]
        targets.append(target("\n".join(lines), x, top, band, height))
    net = [path("under", polyline(points)), path("net", polyline(points))]
    dots = [spot("dot", x, y, 3.5 if band > 20 else 2.5) for x, y in points] if band > 9 else []
    labels = time_axis.labels([group[0] for group in groups], formats, left, band, top + height)
    return document(canvas, heading, top + height + time_axis.HEIGHT, head, axis, *bars, *net, *dots, labels, *targets)


def column(style: str, x: float, band: float, scale: Scale, amount: Decimal, share: float = 0.56) -> str:
    """Return the bar of an amount, from zero, in the middle of its band; "" for zero."""
    if not amount:
        return ""
    zero, end = scale(Decimal(0)), scale(amount)
    size, thick = max(abs(end - zero), LEAST_BAR), min(band * share, 36)
    left, sign = x + (band - thick) / 2, -1 if amount > 0 else 1
    return column_path(style, left, zero, thick, sign * size)
