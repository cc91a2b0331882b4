"""Reads the zip of an export. Whatever it holds, it is bounded before it is unpacked and while it is.

Nothing is unpacked to a disk, and no name in it is used as a path: only the files that an export has are read.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import orjson
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from cashman_project.api.types import JSONObject

from ..errors import unreadable
from ..files import FILES, FORMAT, MANIFEST

END, END_64, END_SIZE = b"PK\x05\x06", b"PK\x06\x07", 22  # what a zip ends with; END_64 is for millions of files
MOST_MEMBERS = 50
LIST = MOST_MEMBERS * 300  # bytes of the list of files
MANIFEST_LIMIT = 1_000_000  # bytes
LINE_LIMIT = 1_000_000  # bytes
BYTES = 4_000_000_000  # of all files, unpacked
ROWS = 3_000_000  # of all files
PIECE = 262_144  # bytes that are unpacked together
ENCRYPTED = 1
PATHS = {file.path: file for file in FILES}


class Archive:
    """An export: its manifest, and the lines of its files. All errors are those of `unreadable`."""

    def __init__(self, source: BinaryIO) -> None:
        """Read the list of files and the manifest. Raises ValidationError."""
        _check_end(source)
        try:
            self.packed = ZipFile(source)
        except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise broken() from error
        names = self.packed.namelist()
        if len(names) > MOST_MEMBERS or len(set(names)) < len(names) or MANIFEST not in names:
            raise no_export()
        for info in self.packed.infolist():
            if info.flag_bits & ENCRYPTED or info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise no_export()
        self.manifest = self._read_manifest()
        self.files = _described(self.manifest, names)

    def _read_manifest(self) -> JSONObject:
        content = b"".join(self._pieces(MANIFEST, MANIFEST_LIMIT))
        try:
            manifest = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise no_export() from None
        if type(manifest) is not dict or type(manifest.get("format")) is not int:
            raise no_export()
        if manifest["format"] != FORMAT:
            message = _(
                "This export has the format %(format)d, but this Cashman knows only %(known)d. Update it first."
            )
            values = {"format": min(manifest["format"], 10**9), "known": FORMAT}
            raise unreadable(message % values, "unknown_format")
        return manifest

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield the lines of a file. Raises ValidationError, at its end too if it is not what the manifest says."""
        described = self.files.get(path)
        if described is None:  # an export from before there were such rows
            return
        digest, size, number, rest = hashlib.sha256(), 0, 0, b""
        for piece in self._pieces(path, described["bytes"]):
            digest.update(piece)
            size += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            number += len(lines)
            if number > described["rows"] or len(rest) > LINE_LIMIT:
                raise changed(path)
            yield from lines
        if rest or (size, number, digest.hexdigest()) != tuple(described[name] for name in ("bytes", "rows", "sha256")):
            raise changed(path)

    def _pieces(self, name: str, most: int) -> Iterator[bytes]:
        """Yield the content of a file, which has at most that many bytes."""
        try:
            with self.packed.open(name) as file:
                while piece := file.read(PIECE):
                    most -= len(piece)
                    if most < 0:
                        raise changed(name)
                    yield piece
        except (BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, zlib.error) as error:
            raise broken() from error
        except struct.error as error:
            raise broken() from error


def _check_end(source: BinaryIO) -> None:
    """Refuse a file that is no zip, and one whose list of files is long, before that is read."""
    size = source.seek(0, 2)
    source.seek(max(size - END_SIZE - len(END_64) - 16, 0))
    tail = source.read()
    source.seek(0)
    end = tail[-END_SIZE:]
    if len(end) < END_SIZE or not end.startswith(END) or end[-2:] != b"\0\0":
        raise no_export()
    if tail.startswith(END_64) or int.from_bytes(end[12:16], "little") > LIST:
        raise no_export()


def _described(manifest: JSONObject, names: list[str]) -> dict[str, JSONObject]:
    """Return what the manifest says of each file of rows. Raises ValidationError unless all of them are there."""
    listed = manifest.get("files")
    found: dict[str, JSONObject] = {}
    for one in listed if type(listed) is list and len(listed) <= MOST_MEMBERS else ():
        if type(one) is dict and type(one.get("name")) is str and one["name"] in PATHS:
            numbers = [one.get("rows"), one.get("bytes")]
            if any(type(number) is not int or number < 0 for number in numbers) or type(one.get("sha256")) is not str:
                raise no_export()
            found[one["name"]] = one
    if not found.keys() <= {*names}:
        raise no_export()
    rows, size = (sum(one[name] for one in found.values()) for name in ("rows", "bytes"))
    if rows > ROWS or size > BYTES:
        message = _("This export has more than %(rows)d rows, or %(bytes)d bytes.")
        raise unreadable(message % {"rows": ROWS, "bytes": BYTES}, "too_large")
    return found


def no_export() -> ValidationError:
    return unreadable(_("This is no export: send the zip as you got it."))


def broken() -> ValidationError:
    return unreadable(_("The zip is damaged. Download it again."), "damaged")


def changed(name: str) -> ValidationError:
    message = _("%(file)s is not as it was exported. Send the zip as you got it.")
    return unreadable(message % {"file": name}, "changed")
