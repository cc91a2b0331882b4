"""A zip of CAMT files, as banks offer a month of them. What it may unpack to is bounded before and while it does."""

import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from django.utils.translation import gettext_noop as _

from .limits import BYTES, HEAD, MEMBERS
from .recognition import recognise_head
from .results import Message, Skipped, UnreadableFile, shown

MAGIC = b"PK\x03\x04"
END, END_64 = b"PK\x05\x06", b"PK\x06\x07"  # what the list of files ends with; the second allows for millions of them
TAIL = 65_600  # bytes at the end of a zip that have the end of its list
LIST = MEMBERS * 300  # bytes of the list
ENCRYPTED = 1
BROKEN = _("The zip is damaged. Download it again.")
TOO_MANY = _("The zip has more than %(most)d files. Unpack it, and send fewer at once.")
TOO_LARGE = _("The files in the zip have more than %(most)d bytes together. Unpack it, and send fewer at once.")
SPREADSHEET = _("This is a spreadsheet or a document. Save it as CSV, and send that.")
NESTED = _("“%(name)s” in the zip is a zip itself. Unpack it, and send what is in it.")
LOCKED = _("“%(name)s” in the zip has a password. Unpack it, and send what is in it.")
METHOD = _("“%(name)s” in the zip is packed in an unusual way. Unpack it, and send what is in it.")
NOTHING = _("The zip has no CAMT file. Unpack it, and send each file by itself.")
NO_CAMT = _("“%(name)s” in the zip is not a CAMT file. Send it by itself.")


class Budget:
    """How many bytes may still be unpacked."""

    def __init__(self) -> None:
        self.left = BYTES

    def spend(self, number: int) -> None:
        self.left -= number
        if self.left < 0:
            raise UnreadableFile(TOO_LARGE, most=BYTES)


class Member:
    """One file of a zip, to be read once."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self.file = file
        self.budget = budget

    def read(self, size: int, /) -> bytes:
        try:
            data = self.file.read(size)
        except (BadZipFile, EOFError, OSError, zlib.error) as error:
            raise UnreadableFile(BROKEN) from error
        self.budget.spend(len(data))
        return data


def is_zip(source: BinaryIO) -> bool:
    """Tell whether a file is a zip, and leave it at its start."""
    head = source.read(len(MAGIC))
    source.seek(0)
    return head == MAGIC


def members(source: BinaryIO) -> Iterator[Member | Skipped]:
    """Yield the CAMT files of a zip by their names, each to be read before the next, and what else is in it."""
    check_list(source)
    budget, has_any = Budget(), False
    try:
        with ZipFile(source) as packed:
            names = set(packed.namelist())
            if "[Content_Types].xml" in names or "mimetype" in names:
                raise UnreadableFile(SPREADSHEET)
            if len(packed.infolist()) > MEMBERS:
                raise UnreadableFile(TOO_MANY, most=MEMBERS)
            for info in sorted(packed.infolist(), key=lambda info: info.filename):
                if info.is_dir() or is_hidden(info.filename):
                    continue
                check(info)
                with packed.open(info) as file:
                    is_camt = recognised(Member(file, budget), info)
                if not is_camt:
                    yield Skipped(1, Message(NO_CAMT, {"name": shown(info.filename)}))
                    continue
                has_any = True
                with packed.open(info) as file:
                    yield Member(file, budget)
    except (BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFile(BROKEN) from error
    if not has_any:
        raise UnreadableFile(NOTHING)


def check_list(source: BinaryIO) -> None:
    """Refuse a zip whose list of files is long, before it is read."""
    size = source.seek(0, 2)
    source.seek(max(size - TAIL, 0))
    tail = source.read(TAIL)
    place = tail.rfind(END)
    if place < 0 or len(tail) < place + 22:
        raise UnreadableFile(BROKEN)
    if END_64 in tail or int.from_bytes(tail[place + 12 : place + 16], "little") > LIST:
        raise UnreadableFile(TOO_MANY, most=MEMBERS)
    source.seek(0)


def is_hidden(name: str) -> bool:
    """Tell whether a file is one that systems add to a zip by themselves."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith(".")


def check(info: ZipInfo) -> None:
    if info.flag_bits & ENCRYPTED:
        raise UnreadableFile(LOCKED, name=shown(info.filename))
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise UnreadableFile(METHOD, name=shown(info.filename))


def recognised(member: Member, info: ZipInfo) -> bool:
    """Tell whether a file of a zip is CAMT."""
    head = member.read(HEAD)
    if head.startswith(MAGIC):
        raise UnreadableFile(NESTED, name=shown(info.filename))
    try:
        return recognise_head(head) == "camt"
    except UnreadableFile:
        return False
