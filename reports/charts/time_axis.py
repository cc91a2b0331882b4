"""The axis of months or years below a chart."""

from collections.abc import Sequence
from dataclasses import dataclass

from .formats import Formats, Period
from .frame import SMALL
from .scales import label_step
from .svg import text
from .texts import width

HEIGHT = 48  # pixels that the labels take


@dataclass(frozen=True)
class Span:
    """One or several neighbouring periods that are drawn as one."""

    first: Period
    last: Period


def labels(spans: Sequence[Span], formats: Formats, left: float, band: float, top: float) -> str:
    """Return a label below as many of the spans as have room; each span is `band` wide, the first one at `left`."""
    by_month = spans[0].first.month is not None
    needed = max(width(name, SMALL) for name in formats.short_months) + 10 if by_month else width("2026", SMALL) + 12
    step, parts, last_year = label_step(band, needed), [], None
    joined = any(span.first != span.last for span in spans)
    for index, span in enumerate(spans):
        place = span.first.month - 1 if span.first.month and not joined else index
        if place % min(step, 12) if by_month and not joined else index % step:
            continue
        if by_month and not joined and step > 12 and span.first.year % (step // 12):
            continue
        x, year = left + band * (index + 0.5), f"{span.first.year:04}"
        if span.first.month is None or (step >= 12 and not joined):
            parts.append(text(year, x, top + 18, "small", "middle"))
            continue
        parts.append(text(formats.short_months[span.first.month - 1], x, top + 18, "small", "middle"))
        if year != last_year:
            parts.append(text(year, x, top + 34, "small", "middle"))
            last_year = year
    return "".join(parts)
