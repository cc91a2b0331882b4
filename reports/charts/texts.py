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
# Characters without width, for a text whose direction is not that of what is around it (Unicode's annex 9).
RIGHT_TO_LEFT, BY_ITS_LETTERS, AS_BEFORE = "\u2067", "\u2068", "\u2069"
LONGEST = 300  # characters that are looked at: none has room for more


def isolated(text: str) -> str:
    """Return a text that stays one piece beside others, even if it has letters that are written from right to left."""
    mixed = any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
    return f"{BY_ITS_LETTERS}{text}{AS_BEFORE}" if mixed else text


def from_right_to_left(text: str) -> str:
    """Return a text whose words and numbers follow one another from right to left."""
    return f"{RIGHT_TO_LEFT}{text}{AS_BEFORE}"


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
