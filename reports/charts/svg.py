"""Elements of SVG as text. Whatever comes in is escaped."""

import re

# What XML 1.0 has no way to write.
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def escape(text: str) -> str:
    """Return the text for an attribute or for the content of an element."""
    return UNWRITABLE.sub("\ufffd", text).translate(ENTITIES)


def number(value: float) -> str:
    """Return pixels, with one decimal at most."""
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def element(name: str, *content: str, **attributes: str | float) -> str:
    """Return an element with that content, which is SVG already.

    In the names of attributes "_" stands for "-", and one at the end counts for nothing: `class_`, `text_anchor`.
    """
    start = name + "".join(
        [
            f' {key.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else number(value)}"'
            for key, value in attributes.items()
        ]
    )
    return f"<{start}>{''.join(content)}</{name}>" if content else f"<{start}/>"


def text(content: str, x: float, y: float, style: str = "", anchor: str = "start") -> str:
    """Return a line of text whose baseline starts, ends or is centred at a point."""
    attributes: dict[str, str | float] = {"x": x, "y": y}
    if anchor != "start":
        attributes["text_anchor"] = anchor
    if style:
        attributes["class_"] = style
    return element("text", escape(content), **attributes)


def tooltip(content: str) -> str:
    """Return what a browser shows while the pointer is over the element that it is in."""
    return element("title", escape(content))


def bar(style: str, x: float, y: float, width: float, height: float, radius: float = 0) -> str:
    """Return a rectangle."""
    rounded: dict[str, float] = {"rx": radius} if radius else {}
    return element("rect", class_=style, x=x, y=y, width=width, height=height, **rounded)


def column_path(style: str, x: float, base: float, width: float, size: float) -> str:
    """Return a column that stands on `base`, downwards if `size` is above zero; its end is rounded, its foot is not."""
    radius = min(3, width / 3, abs(size) / 2)
    turn = radius if size > 0 else -radius
    corners = (
        f"q0 {number(turn)} {number(radius)} {number(turn)}h{number(width - 2 * radius)}"
        f"q{number(radius)} 0 {number(radius)} {number(-turn)}"
    )
    return path(style, f"M{number(x)} {number(base)}v{number(size - turn)}", corners, f"V{number(base)}z")


def line(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return element("line", class_=style, x1=x1, y1=y1, x2=x2, y2=y2)


def path(style: str, *parts: str) -> str:
    return element("path", class_=style, d="".join(parts))


def polyline(points: list[tuple[float, float]]) -> str:
    """Return the path data of a line through the points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def spot(style: str, x: float, y: float, radius: float) -> str:
    return element("circle", class_=style, cx=x, cy=y, r=radius)


def target(content: str, x: float, y: float, width: float, height: float) -> str:
    """Return an unseen rectangle over a mark: it shows the tooltip, and tints what the pointer is over."""
    return element("rect", tooltip(content), class_="target", x=x, y=y, width=width, height=height)
