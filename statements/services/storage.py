"""The files of previews, which are read again when a question is answered."""

import zlib
from typing import BinaryIO, cast
from uuid import UUID

from cashman_project.api.slow_clients import spool

from ..models import ImportFile

PART = 1_000_000  # bytes that are stored together


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
