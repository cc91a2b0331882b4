"""Bytes to text: which encoding a file has, and its lines, each of bounded length."""

import codecs
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from .limits import CHUNK, TEXT
from .results import Options, UnreadableFile, shown

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
TOO_LONG = _("Line %(line)d has a text of more than %(most)d characters. No statement has such texts.")
USUAL = "cp1252"  # of files that don't say it; what it leaves undefined is shown as a replacement character
# Encodings that a file or a user may name. Others of Python decode no text, or take too long.
KNOWN = frozenset(
    ["ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp437", "cp850", "cp852", "cp866", "cp874", "cp932"]
    + ["cp936", "cp949", "cp950", "gb18030", "big5", "euc_jp", "euc_kr", "shift_jis", "koi8-r", "koi8-u", "mac-roman"]
    + [f"cp125{page}" for page in range(9)]
    + [f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)]
)


def find_encoding(source: BinaryIO, declared: str | None = None) -> str:
    """Return the encoding of a file: by its byte order mark, as UTF-8 if it is, else the one it declares, or the usual.

    UTF-8 comes before what is declared, since many files declare wrongly and no other text looks like UTF-8.
    """
    marked = marked_encoding(source)
    if marked is not None:
        return marked
    if decodes(source, "utf-8"):
        return "utf-8"
    named = known_encoding(declared)
    return named if named is not None and decodes(source, named) else USUAL


def marked_encoding(source: BinaryIO) -> str | None:
    """Return the encoding that the file's byte order mark says."""
    source.seek(0)
    head = source.read(4)
    return next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)


def known_encoding(name: str | None) -> str | None:
    """Return Python's name of an encoding. None if it is none that a file of text has."""
    try:
        found = codecs.lookup(name).name if name else None
    except (LookupError, ValueError):
        return None
    return found if found in KNOWN else None


def decodes(source: BinaryIO, encoding: str) -> bool:
    """Tell whether the whole file is text in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    source.seek(0)
    try:
        while chunk := source.read(CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def encoding_of(source: BinaryIO, options: Options, declared: str | None = None) -> str:
    """Return the encoding that the user has said, or else the one that is found."""
    if options.encoding is None:
        return find_encoding(source, declared)
    named = known_encoding(options.encoding)
    if named is None:
        raise UnreadableFile(
            _("Unknown encoding %(name)s. Give its usual name, such as UTF-8 or Windows-1252."),
            name=shown(options.encoding),
        )
    if named == "utf-16":
        return named if marked_encoding(source) == named else "utf-16-le"  # without a mark, Python refuses utf-16
    return named


@contextmanager
def opened(source: BinaryIO, encoding: str) -> Iterator[TextIOWrapper]:
    """Open a file as text from its start, with line ends made one. Leave it open, and where it was.

    So a reader can go through the file a second time while it is in the middle of the first.
    """
    place = source.tell()
    source.seek(0)
    text = TextIOWrapper(source, encoding, errors="replace", newline=None)
    try:
        yield text
    finally:
        text.detach()  # or it would close the source
        source.seek(place)


def chunks(source: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the text of a file, some of it at a time."""
    with opened(source, encoding) as text:
        while chunk := text.read(CHUNK):
            yield chunk


def lines(source: BinaryIO, encoding: str) -> Generator[tuple[int, str], None, None]:
    """Yield the lines of a file with their numbers, from 1, without what ends them: CR, LF or both.

    Raises UnreadableFile if a line is too long.
    """
    with opened(source, encoding) as text:
        number = 0
        while line := text.readline(TEXT + 1):
            number += 1
            if len(line) > TEXT:
                raise UnreadableFile(TOO_LONG, line=number, most=TEXT)
            yield number, line.rstrip("\n")
