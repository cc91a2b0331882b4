"""The files of previews, which are read again when a question is answered."""

import time
import zlib
from collections.abc import Callable
from io import BufferedReader, RawIOBase
from typing import BinaryIO, NamedTuple, cast
from uuid import UUID

from cashman_project.api.slow_clients import spool

from ..models import ImportFile

PART = 1_000_000  # bytes that are stored together
TOLD_EACH = 0.5  # seconds


class Packed(NamedTuple):
    """A file as it is stored: its size in bytes, and its parts, compressed."""

    size: int
    parts: list[bytes]


def pack(source: BinaryIO) -> Packed:
    """Return the file as it is stored. Do so before a transaction, which others wait for on SQLite."""
    source.seek(0)
    parts = [zlib.compress(content, 1) for content in iter(lambda: source.read(PART), b"")]
    return Packed(source.tell(), parts)


def store(owner: UUID, import_id: UUID, file: Packed) -> None:
    """Store the file."""
    for number, content in enumerate(file.parts):
        row = ImportFile(owner_id=owner, import_id=import_id, part=number, content=content)
        ImportFile.objects.bulk_create([row])


def stored(owner: UUID, import_id: UUID) -> BinaryIO:
    """Return the stored file."""
    file = cast("BinaryIO", spool())
    rows = ImportFile.objects.filter(owner=owner, import_id=import_id).order_by("part")
    for content in rows.values_list("content", flat=True).iterator(chunk_size=1):
        file.write(zlib.decompress(bytes(content)))
    file.seek(0)
    return file


class WatchedFile(BufferedReader):
    """A file that tells now and then how many bytes were read of it, in all passes."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], object]) -> None:
        super().__init__(_Watched(file, tell), PART // 10)


class _Watched(RawIOBase):
    def __init__(self, file: BinaryIO, tell: Callable[[int], object]) -> None:
        self.file = file
        self.tell_read = tell
        self.number = 0
        self.told_at = time.monotonic()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # a narrower type
        content = self.file.read(len(buffer))
        buffer[: len(content)] = content
        self.number += len(content)
        if time.monotonic() - self.told_at > TOLD_EACH:
            self.tell_read(self.number)
            self.told_at = time.monotonic()
        return len(content)
