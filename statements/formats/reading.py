"""The one door to all readers: a file in, its items out."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from django.utils.translation import gettext_noop as _

from .camt import read_camt
from .delimited.reader import read_csv
from .limits import BYTES, ROWS, TOO_MANY_ROWS
from .mt940 import read_mt940
from .ofx import read_ofx
from .qif import read_qif
from .recognition import recognise
from .results import Format, Item, Line, Options, Statement, UnreadableFile

READERS: Mapping[Format, Callable[[BinaryIO, Options], Iterator[Item]]] = {
    "csv": read_csv,
    "camt": read_camt,
    "mt940": read_mt940,
    "ofx": read_ofx,
    "qif": read_qif,
}
NOTHING = _("Cashman can't read this format. It reads CSV, OFX, QIF, CAMT and MT940.")
TOO_LARGE = _("The file is larger than %(most)d bytes. Ask your bank for a shorter period.")


def read(source: BinaryIO, options: Options) -> Iterator[Item]:
    """Yield what is in a file of statements, which must be seekable. Raises UnreadableFile, also after some items."""
    if source.seek(0, os.SEEK_END) > BYTES:
        raise UnreadableFile(TOO_LARGE, most=BYTES)
    reader = READERS.get(options.format or recognise(source))
    if reader is None:
        raise UnreadableFile(NOTHING)
    rows = statements = 0
    for item in reader(source, options):
        if isinstance(item, Statement):
            statements += 1
        else:
            rows += 1 + (len(item.parts) if isinstance(item, Line) else 0)
        if max(rows, statements) > ROWS:
            raise UnreadableFile(TOO_MANY_ROWS, most=ROWS)
        yield item
