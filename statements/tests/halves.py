"""Two parts of a file of statements that overlap, each as a bank would have written it: whole, with fewer lines."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from statements.formats.reading import read
from statements.formats.recognition import recognise
from statements.formats.results import Line, Options, UnreadableFile

RECORDS = {  # what begins and ends a line of each format that is not CSV
    "ofx": rb"(?is)<STMTTRN>(?:.(?!<STMTTRN>|</BANKTRANLIST>))*.(?<!\s)\s*",
    "qif": rb"(?ms)^D[^\r\n]*[\r\n]+(?:(?!\^|!)[^\r\n]*[\r\n]+)*\^[\r\n]*",
    "mt940": rb"(?ms)^:61:(?:.(?!^:6[0-9][A-Z]?:|^:20:|^-))*.",
    "camt": rb"(?s)<(?:\w+:)?Ntry>.*?</(?:\w+:)?Ntry>",
}
LINE_END = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
UTF_16 = b"\xff\xfe"


def lines_of(content: bytes, options: Options) -> "Counter[tuple[Any, ...]]":
    """Return how often the file has each line."""
    found = [item for item in read(io.BytesIO(content), options) if isinstance(item, Line)]
    names = ("date", "amount", "currency", "description", "counterparty", "memo", "bank_id")
    return Counter((line.statement.account, *(getattr(line, name) for name in names)) for line in found)


def halves(content: bytes, options: Options) -> tuple[bytes, bytes] | None:
    """Return a part with the first lines of the file, and one with the last, some of which are the same. Equal lines
    are together, as in a statement of whole days. None if the file has not enough lines for that."""
    whole = lines_of(content, options)
    records = [*_records(content, options)]
    count = len(records)
    for end in range(count - 1, 0, -1):
        for start in range(end - 1, -1, -1):
            first, second = (_without(content, those) for those in (records[end:], records[:start]))
            try:
                one, other = lines_of(first, options), lines_of(second, options)
            except UnreadableFile:
                continue
            if one | other == whole and one & other and one != whole:
                return first, second
    return None


def _records(content: bytes, options: Options) -> Iterator[tuple[int, int]]:
    """Yield where each line of the file begins, and where it ends."""
    form = recognise(io.BytesIO(content))
    if form in RECORDS:
        yield from (found.span() for found in re.finditer(RECORDS[form], content))
        return
    text = content.decode("utf-16" if content.startswith(UTF_16) else "latin-1")
    width = 2 if content.startswith(UTF_16) else 1
    starts = [width * (content.startswith(UTF_16) + found.start()) for found in LINE_END.finditer(text)]
    starts.append(len(content))
    numbers = [item.number for item in read(io.BytesIO(content), options) if isinstance(item, Line)]
    size = 1  # of the line before, as often as not that of the last one
    for number in numbers:
        end = number
        while end < len(starts) - 1 and content[starts[number - 1] : starts[end]].count(b'"') % 2:
            end += 1
        later = min((other for other in numbers if other > number), default=number + size)
        size = max(end + 1, later) - number
        yield starts[number - 1], starts[min(number - 1 + size, len(starts) - 1)]


def _without(content: bytes, records: list[tuple[int, int]]) -> bytes:
    for start, end in reversed(records):
        content = content[:start] + content[end:]
    return content
