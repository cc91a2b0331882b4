"""What files of one origin have in common: their format, and for CSV the names of the columns."""

import hashlib
from contextlib import closing
from itertools import islice
from typing import BinaryIO

from .delimited.detection import chosen_encoding
from .delimited.dialect import find_delimiter
from .delimited.layout import find_layout
from .delimited.reader import HEAD
from .delimited.records import Record, records
from .results import Format, Options, Question, UnreadableFile


def shape_of(source: BinaryIO, form: Format) -> str:
    """Return the shape of a file. Files of one shape name their lines alike, and are read with the same options."""
    if form != "csv":
        return form
    try:
        encoding = chosen_encoding(source, Options())
        text = _columns(source, "latin-1" if isinstance(encoding, Question) else encoding)
    except UnreadableFile:
        return form
    digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()
    return f"{form}:{digest}"


def format_of(shape: str) -> str:
    """Return the format of the files of a shape."""
    return shape.partition(":")[0]


def _columns(source: BinaryIO, encoding: str) -> str:
    delimiter = find_delimiter(source, encoding) or ","
    with closing(records(source, encoding, delimiter)) as found:
        head = [item for item in islice(found, HEAD) if isinstance(item, Record)]
    layout = find_layout(head, Options())
    return "\n".join([delimiter, *layout.names] if layout.names else [delimiter, str(layout.width)])
