"""What all charts share: the card, title, subtitle, legend, an axis of amounts, and what is shown of no data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import get_language_bidi

from .formats import Formats
from .scales import Scale, ticks
from .styles import STYLES
from .svg import bar, element, escape, line, number, spot, text
from .texts import cut, from_right_to_left, isolated, width

WIDE, PHONE = 880, 360  # pixels: the widths that a chart is drawn for
SMALL, NORMAL, LARGE = 12, 13, 17  # sizes of letters, as in the styles
BOLD = 1.1  # how much wider bold letters are
LINE = 20  # from one line of text to the next
EMPTY_HEIGHT = 260
GAP = 2 * "\u00a0"  # between a name in the legend and its sum
SEPARATOR = " \u00b7 "  # of the parts of a subtitle


@dataclass(frozen=True)
class Heading:
    """The words around a chart, in the reader's language.

    Parts of the subtitle that don't fit come on a line of their own. `empty` is shown if there is nothing to draw.
    """

    title: str
    subtitle: Sequence[str]
    description: str
    empty: str


@dataclass(frozen=True)
class Canvas:
    """What to draw on: the width, a name that no other chart of the same page has, and whether it is mirrored.

    It is in a language that is written from right to left. Whoever draws need not know: `document` mirrors everything,
    and then each text in its place.
    """

    width: int = WIDE
    name: str = "chart"
    mirrored: bool = field(default_factory=get_language_bidi)

    @property
    def is_narrow(self) -> bool:
        return self.width < 560

    @property
    def margin(self) -> int:
        return 16 if self.is_narrow else 24

    @property
    def inner(self) -> int:
        """The width between the margins."""
        return self.width - 2 * self.margin


@dataclass(frozen=True)
class Key:
    """An entry of the legend: the style and the shape ("bar", "line" or "dashes") of a mark, its name, and its sum."""

    style: str
    name: str
    total: str = ""
    shape: str = "bar"


def document(canvas: Canvas, heading: Heading, height: float, *content: str) -> str:
    """Return the SVG of a chart of that height."""
    title, description = f"{canvas.name}-title", f"{canvas.name}-description"
    whole = f"{canvas.width} {number(height)}"
    if canvas.mirrored:
        content = (element("g", *content, class_="mirrored", transform=f"translate({canvas.width}) scale(-1 1)"),)
    return element(
        "svg",
        element("title", escape(heading.title), id=title),
        element("desc", escape(heading.description), id=description),
        element("style", STYLES),
        bar("card", 0, 0, canvas.width, height, 10),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {whole}",
        width=canvas.width,
        height=height,
        class_="chart",
        role="img",
        aria_labelledby=f"{title} {description}",
    )


def header(canvas: Canvas, heading: Heading, keys: Sequence[Key] = ()) -> tuple[str, float]:
    """Return the title, the subtitle and the legend, and the y below them."""
    x, y = canvas.margin, canvas.margin + LARGE - 3
    parts = [text(_said(cut(heading.title, LARGE * BOLD, canvas.inner), canvas), x, y, "title")]
    for part in _lines(heading.subtitle, canvas.inner):
        y += LINE
        parts.append(text(_said(cut(part, NORMAL, canvas.inner), canvas), x, y, "muted"))
    if keys:
        y += LINE + 8
        left: float = x
        for key in keys:
            room = 18 + width(key.name, NORMAL) + (8 + width(key.total, NORMAL * BOLD) if key.total else 0)
            if left > x and left + room > x + canvas.inner:
                left, y = x, y + LINE + 2
            parts.append(_key(key, left, y, canvas.margin + canvas.inner - left, canvas.mirrored))
            left += room + 22
    return "".join(parts), y + (24 if keys else 14)


def _said(words: str, canvas: Canvas) -> str:
    return from_right_to_left(words) if canvas.mirrored else words


def _lines(parts: Sequence[str], room: float) -> list[str]:
    """Return the parts joined to as few lines as fit, one part a line at least."""
    lines = list(parts[:1])
    for part in parts[1:]:
        joined = f"{lines[-1]}{SEPARATOR}{part}"
        if width(joined, NORMAL) <= room:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines


def _key(key: Key, x: float, y: float, room: float, mirrored: bool) -> str:
    if key.shape == "line":
        marks = line("net", x, y - 4, x + 13, y - 4) + spot("dot", x + 6.5, y - 4, 3)
    elif key.shape == "dashes":
        marks = line("mean", x, y - 4, x + 14, y - 4)
    else:
        marks = bar(key.style, x, y - 10, 12, 12, 3)
    total = width(key.total, NORMAL * BOLD)
    name = cut(key.name, NORMAL, room - 18 - (total + 8 if key.total else 0))
    words = [element("tspan", escape(isolated(name)), class_="muted")]
    if key.total:
        words.append(element("tspan", escape(key.total), class_="strong"))
    words = list(reversed(words)) if mirrored else words
    return marks + element("text", GAP.join(words), x=x + 18, y=y)


def in_column(canvas: Canvas, words: str, right: float, room: float, y: float, style: str) -> str:
    """Return a number at the right of a column, in a mirrored chart too: the digits stand below one another."""
    return text(words, right - room, y, style) if canvas.mirrored else text(words, right, y, style, "end")


def nothing(canvas: Canvas, heading: Heading) -> str:
    """Return a chart that says that there is nothing to draw."""
    head, top = header(canvas, heading)
    middle, ground = canvas.width / 2, top + 90
    ghosts = [
        bar("ghost", middle - 58 + 24 * index, ground - size, 16, size, 3)
        for index, size in enumerate((26, 44, 34, 58, 48))
    ]
    words = text(_said(cut(heading.empty, NORMAL, canvas.inner), canvas), middle, ground + 40, "muted", "middle")
    axis = line("zero", middle - 70, ground, middle + 70, ground)
    return document(canvas, heading, EMPTY_HEIGHT, head, *ghosts, axis, words)


def amount_axis(
    canvas: Canvas, formats: Formats, amounts: tuple[Decimal, Decimal], top: float, height: float
) -> tuple[str, Scale, float]:
    """Return the lines and labels of round amounts, their scale, and the x right of the labels."""
    steps = ticks(*amounts)
    scale = Scale(steps[0], steps[-1], top + height, top)
    labels = formats.axis(steps)
    left = canvas.margin + max(width(label, SMALL) for label in labels) + 8
    right = canvas.margin + canvas.inner
    parts = []
    for step, label in zip(steps, labels, strict=True):
        y = scale(step)
        parts.append(line("zero" if step == 0 else "grid", left, y, right, y))
        parts.append(text(label, left - 8, y + 4, "small", "end"))
    return "".join(parts), scale, left


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
