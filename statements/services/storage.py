"""The files of previews, which are read again when a question is answered."""

import time
import zlib
from collections.abc import Callable
from io import BufferedReader, RawIOBase
from typing import BinaryIO, cast
from uuid import UUID

from cashman_project.api.slow_clients import spool

from ..models import ImportFile

PART = 1_000_000  # bytes that are stored together
TOLD_EACH = 0.5  # seconds


def store(owner: UUID, import_id: UUID, source: BinaryIO) -> None:
    """Store the file, compressed."""
    source.seek(0)
    number = 0
    while content := source.read(PART):
        row = ImportFile(owner_id=owner, import_id=import_id, part=number, content=zlib.compress(content, 1))
        ImportFile.objects.bulk_create([row])
        number += 1


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
