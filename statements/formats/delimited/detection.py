"""In which encoding a file is: said by its first bytes, proved by them, or judged by the letters that it gives."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from ..encodings import MARKS, USUAL, decodes, encoding_of, lines
from ..limits import CHUNK
from ..recognition import NO_TEXT
from ..results import Choice, Message, Options, Question, UnreadableFile, shown
from .alphabets import MONEY, MULTI_BYTE, SIGNS, SINGLE_BYTE, WESTERN, WITHIN_NUMBERS, WITHIN_WORDS
from .words import known_words

SPOTS = 50_000  # enough to judge by
HEAD = 1 << 14
CHOICES = 6
BEFORE = 20  # characters that are shown before the first that is open
SURE = 0.75  # a text has this share of letters of one language at least
MIXED = 0.9
LEAD = 0.02  # by which the best encoding must be better than the next, if they read the text differently

WHICH_ENCODING = _("The file does not say its encoding. Which text is right?")

# Each byte beyond ASCII, with the one before and the one behind it.
_NEIGHBOURS = re.compile(rb"(?=([\x00-\xff][\x80-\xff][\x00-\xff]))")
# The first bytes of the commoner characters of each encoding.
_COMMON = {"cp932": (0x88, 0x97), "gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "euc_jp": (0xB0, 0xCF)}


@dataclass(frozen=True, slots=True)
class Detected:
    """The encodings that may be a file's, the best one first."""

    encodings: tuple[str, ...]
    is_sure: bool


def chosen_encoding(source: BinaryIO, options: Options) -> str | Question:
    """Return the encoding that the user has said, or that the file has; or the question which one it is."""
    if options.encoding:
        return encoding_of(source, options)
    detected = detect(source)
    if not detected.encodings:
        raise UnreadableFile(NO_TEXT)
    if detected.is_sure:
        return detected.encodings[0]
    line, example = example_of(source, "latin-1")
    choices = tuple(Choice(name, shown(example_of(source, name)[1])) for name in detected.encodings)
    return Question("encoding", Message(WHICH_ENCODING), line, shown(example), choices)


def detect(source: BinaryIO) -> Detected:
    """Return the encodings that a file can have; none if it is no text."""
    source.seek(0)
    head = source.read(HEAD)
    for mark, name in MARKS:
        if head.startswith(mark):
            return Detected((name,), is_sure=True)
    if b"\0" in head:
        return Detected((), is_sure=False)
    if decodes(source, "utf-8"):
        return Detected(("utf-8",), is_sure=True)
    return _judge(source, head)


def example_of(source: BinaryIO, encoding: str) -> tuple[int, str]:
    """Return the first text that is more than ASCII, with the number of its line, as this encoding reads it."""
    with closing(lines(source, encoding)) as found:
        for number, line in found:
            if not line.isascii():
                first = next(place for place, letter in enumerate(line) if letter > "\x7f")
                return number, line[max(0, first - BEFORE) :]
    return 1, ""


def _judge(source: BinaryIO, head: bytes) -> Detected:
    spots = Counter(islice(_spots(source), SPOTS))
    scores: dict[str, float] = {}
    for encoding, alphabets in SINGLE_BYTE.items():
        # A text in several languages has letters of all, which proves less.
        mixed = _share(spots, encoding, "".join(alphabets)) * MIXED
        share = max(mixed, *(_share(spots, encoding, alphabet) for alphabet in alphabets))
        if share > 0:
            scores[encoding] = share + _bonus(head, encoding)
    for encoding in MULTI_BYTE:
        if decodes(source, encoding):
            scores[encoding] = _asian_share(head, encoding) + _bonus(head, encoding)
    if not scores:
        return Detected((), is_sure=False)
    best = sorted(scores, key=lambda name: -scores[name])
    if scores[best[0]] >= SURE and _is_usual(spots, best[0]):
        return Detected(tuple(best[:CHOICES]), is_sure=True)
    rivals = [
        name for name in best[1:] if scores[name] > scores[best[0]] - LEAD and not _read_alike(spots, best[0], name)
    ]
    return Detected(tuple(best[:CHOICES]), is_sure=len(best) == 1 or (scores[best[0]] >= SURE and not rivals))


def _is_usual(spots: Counter[bytes], best: str) -> bool:
    """Tell whether all letters are of a common Western language, which wins if others read them as well.

    Icelandic does not: its letters are Turkish ones in cp1254.
    """
    return best == USUAL and any(_share(spots, USUAL, alphabet) == 1 for alphabet in WESTERN[:-1])


def _spots(source: BinaryIO) -> Iterator[bytes]:
    source.seek(0)
    while block := source.read(CHUNK):
        yield from _NEIGHBOURS.findall(block)


def _read_alike(spots: Counter[bytes], one: str, other: str) -> bool:
    return all(spot.decode(one, "replace") == spot.decode(other, "replace") for spot in spots)


def _share(spots: Counter[bytes], encoding: str, alphabet: str) -> float:
    """Return which share of the characters beyond ASCII are letters of an alphabet, less those that are no text."""
    points = total = 0
    for spot, count in spots.items():
        try:
            before, letter, after = list(spot.decode(encoding))
        except UnicodeDecodeError:
            return -1.0
        is_within = before.isalpha() and after.isalpha()
        if letter in SIGNS and (letter in WITHIN_WORDS or not is_within):
            # Signs of money and within numbers are as good as letters. Others say nothing.
            is_usual = letter in MONEY or (letter in WITHIN_NUMBERS and before.isdigit() and after.isdigit())
            total += count * is_usual
            points += count * is_usual
            continue
        total += count
        # No word goes on with a capital after a small letter, and none mixes scripts: it is another encoding's.
        is_broken = (before.islower() and letter.isupper()) or (
            letter > "\u036f" and any(other.isalpha() and other.isascii() for other in (before, after))
        )
        points += count if letter.lower() in alphabet and not is_broken else -count
    return points / total if total else SURE


def _asian_share(head: bytes, encoding: str) -> float:
    points = total = 0.0
    before = ""
    for character in head.decode(encoding, "ignore"):
        if character > "\x7f":
            total += 1
            # Within a word of Latin letters it is one of them, in another encoding.
            points += -1 if "a" <= before <= "z" else _asian_points(character, encoding)
        before = character
    return points / total if total else 0.0


def _asian_points(character: str, encoding: str) -> float:
    if "\u3040" <= character <= "\u30ff":  # hiragana and katakana
        return 1.0 if encoding in ("cp932", "euc_jp") else 0.5
    if "\uac00" <= character <= "\ud7a3":  # hangul
        return 0.97
    if "\u3000" <= character <= "\u303f" or "\uff01" <= character <= "\uff5e":  # their punctuation
        return 0.9
    if "\uff61" <= character <= "\uff9f":  # katakana of half width, which nearly any two bytes read as
        return 0.4
    if "\u4e00" <= character <= "\u9fff":
        first, last = _COMMON.get(encoding, (0, 0))
        return 0.95 if first <= character.encode(encoding)[0] <= last else 0.3
    return -1.0


def _bonus(head: bytes, encoding: str) -> float:
    """Return the more, the more names of columns the beginning of the file has if it is read in this encoding."""
    return 0.05 * min(known_words(head.decode(encoding, "ignore")), 8)
