"""Which mark separates the cells: the one with which the rows have days and amounts of their own."""

import csv
import re
from collections import Counter
from contextlib import closing
from itertools import islice
from typing import BinaryIO, get_args

from ..encodings import lines
from ..results import Delimiter
from .dates import readings
from .numbers import number
from .records import CELLS

DELIMITERS: tuple[Delimiter, ...] = get_args(Delimiter)
LINES = 200
CHARACTERS = 60_000
# What Excel reads: a first line that names the delimiter.
DECLARED = re.compile(r'"?sep=(?P<delimiter>[,;|\t])"?[,;|\t]*')


def find_delimiter(source: BinaryIO, encoding: str) -> Delimiter | None:
    """Return the delimiter of a file. None if no line has two cells."""
    head: list[str] = []
    size = 0
    with closing(lines(source, encoding)) as found:
        for _number, line in islice(found, LINES):
            head.append(line)
            size += len(line)
            if size > CHARACTERS:
                break
    if head and (declared := DECLARED.fullmatch(head[0].strip())):
        return next(delimiter for delimiter in DELIMITERS if delimiter == declared["delimiter"])
    points = {delimiter: _points(head, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: points[delimiter])
    return best if any(points[best]) else None


def _points(head: list[str], delimiter: Delimiter) -> tuple[int, int, int]:
    """Return how many rows have a day and an amount, how many are as wide as most, and how wide that is."""
    movements = 0
    widths: Counter[int] = Counter()
    try:
        for cells in csv.reader((line + "\n" for line in head), delimiter=delimiter):
            cells = cells[:CELLS]
            widths[len(cells)] += 1
            movements += any(map(readings, cells)) and any(map(number, cells))
    except csv.Error:
        pass  # a cell beyond all bounds, which the reader reports
    del widths[0], widths[1]
    width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return movements, rows, width
