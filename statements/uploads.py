"""Files that clients send: as a part of multipart/form-data, or as the whole body."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, cast

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from cashman_project.api.errors import TooLarge
from cashman_project.api.parsers import SessionFormParser
from cashman_project.api.serializers import FORM_FIELDS
from cashman_project.api.slow_clients import SMALL, spool
from cashman_project.api.types import RequestContext

FIELD = "file"


@dataclass
class Upload:
    """A file that was sent: its content, its name, and the other fields of the form."""

    file: BinaryIO
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> bytes:
        """Return what tells this file from others."""
        self.file.seek(0)
        found = hashlib.blake2b()
        while chunk := self.file.read(SMALL):
            found.update(chunk)
        return found.digest()


class FileParser(BaseParser):
    """A body that is the file, whatever its type is called."""

    media_type = "*/*"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: RequestContext | None = None
    ) -> Any:  # Any: an Upload, where the REST framework expects the fields of a form
        file = cast("BinaryIO", spool())
        while chunk := stream.read(SMALL):
            file.write(chunk)
        return Upload(file)


class FormFileParser(MultiPartParser):
    """A form with a file. Clients with a token may send it, too."""


def file_parsers() -> list[BaseParser]:
    """Return the parsers of a view that takes a file. A form of a browser session may lack it, which is an error."""
    return [FormFileParser(), SessionFormParser(), FileParser()]


def upload_of(request: Request, limit: int | None = None) -> Upload:
    """Return the file that the request has sent, which has at most `limit` bytes, by default FILE_LIMIT.

    Raises ValidationError if there is none, or more than one, and TooLarge.
    """
    data: Any = request.data  # an Upload, or the fields of a form
    if isinstance(data, Upload):
        upload = data
    else:
        files = request.FILES.getlist(FIELD)
        unknown = {name: [_("There is no such field.")] for name in request.FILES if name != FIELD}
        if unknown:
            raise ValidationError(unknown, code="unknown_field")
        if len(files) != 1:
            raise ValidationError({FIELD: [_("Send one file, in the field “file”.")]}, code="required")
        fields = {name: str(data[name]) for name in data if name != FIELD and name not in FORM_FIELDS}
        upload = Upload(cast("BinaryIO", files[0].file), str(files[0].name or ""), fields)
    most = settings.FILE_LIMIT if limit is None else limit
    if upload.file.seek(0, os.SEEK_END) > most:
        upload.file.close()
        raise TooLarge(_("The file is larger than %(limit)d bytes.") % {"limit": most})
    return upload
