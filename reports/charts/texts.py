"""How wide a text is, and how it is cut to fit.

No font is known when a chart is drawn, so widths are guessed from those of wide, common ones. A guess that is too wide
leaves some space, and one that is too narrow would let texts touch.
"""

import unicodedata
from functools import lru_cache

NARROW = dict.fromkeys("iljI.,:;'!|", 0.32) | dict.fromkeys(' ftr()[]{}"-*\\/', 0.42)
WIDE = dict.fromkeys("mMw%@\u2026\u2013\u2212", 0.92) | {"W": 1.0}
CAPITAL, OTHER, FULL = 0.72, 0.62, 1.05
ELLIPSIS = "\u2026"
LEFT_TO_RIGHT = "\u200e"  # a mark without width: what comes after it goes on to the right
LONGEST = 300  # characters that are looked at: none has room for more


def is_right_to_left(text: str) -> bool:
    """Return whether the text has letters that are written from right to left."""
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)


@lru_cache(maxsize=1_024)
def _advance(character: str) -> float:
    """Return the width of a character, in units of the font's size."""
    known = NARROW.get(character) or WIDE.get(character)
    if known:
        return known
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0xFFFF:
        return FULL
    return CAPITAL if character.isupper() else OTHER


def width(text: str, size: float) -> float:
    """Return about how many pixels the text takes in a font of that size."""
    return size * sum(_advance(character) for character in text[:LONGEST])


def cut(text: str, size: float, room: float) -> str:
    """Return the text if it fits into that many pixels, or else as much of it as fits, with an ellipsis."""
    if len(text) <= LONGEST and width(text, size) <= room:
        return text
    left, end = room / size - _advance(ELLIPSIS), 0
    for character in text[:LONGEST]:
        left -= _advance(character)
        if left < 0:
            break
        end += 1
    return text[:end].rstrip() + ELLIPSIS
