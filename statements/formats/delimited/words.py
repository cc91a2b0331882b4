"""The words of statements in many languages, from words.txt: names of columns by what they have, and others."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

LONGEST = 80  # characters of a name

_SECTION = re.compile(r"\[(\w+)\]")
_BRACKETS = re.compile(r"[(\[\uff08][^()\[\]\uff08\uff09]{0,20}[)\]\uff09]")
_BREAKS = re.compile(r"[^\w+]+")
_NUMBERED = re.compile(r"(.*\D) ?(?:\d{1,2}|[a-z]{3})")
_UNMARKED = str.maketrans(
    {"_": " ", "ł": "l", "ø": "o", "đ": "d", "\u0131": "i"}
)  # letters that Unicode takes as whole


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Return a name as it is compared: without case, accents, punctuation and brackets."""
    text = _BRACKETS.sub(" ", text[:LONGEST]).casefold().translate(_UNMARKED)
    text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(_BREAKS.sub(" ", text).split())


def _sections() -> dict[str, list[str]]:
    texts: dict[str, str] = {}
    section = ""
    for line in Path(__file__).with_name("words.txt").read_text("utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if heading := _SECTION.fullmatch(line):
            section = heading[1]
        elif line:
            texts[section] = f"{texts.get(section, '')} {line}"
    return {section: [name for name in map(folded, text.split(";")) if name] for section, text in texts.items()}


WORDS = _sections()
MEANINGS = {name: section for section, names in WORDS.items() if section.islower() for name in names}
OUT_WORDS = frozenset(WORDS["OUT"])
IN_WORDS = frozenset(WORDS["IN"])
PENDING_WORDS = frozenset(WORDS["PENDING"])
DEAD_WORDS = frozenset(WORDS["DEAD"])
OPENING = tuple(WORDS["OPENING"])
CLOSING = tuple(WORDS["CLOSING"])
ACCOUNT = tuple(WORDS["ACCOUNT"])
TOTALS = frozenset(WORDS["TOTALS"])
CURRENCY = tuple(WORDS["CURRENCY"])


@lru_cache(maxsize=4096)
def meaning(name: str) -> str | None:
    """Return what a column of this name has. None if the name is not known."""
    key = folded(name)
    if key in MEANINGS:
        return MEANINGS[key]
    # "Description 2", "Amount EUR".
    match = _NUMBERED.fullmatch(key)
    return MEANINGS.get(match[1].strip()) if match else None


def direction_of(cell: str) -> bool | None:
    """Return whether a word means that money went out. None if it does not say."""
    word = folded(cell)
    return True if word in OUT_WORDS else False if word in IN_WORDS else None


def known_words(text: str) -> int:
    """Count the cells with letters beyond ASCII that are names of columns, in a text of any dialect."""
    cells = {cell.strip(' "#') for cell in re.split(r"[;,\t|\r\n]", text[:8192])}
    return sum(not cell.isascii() and meaning(cell) is not None for cell in cells)
