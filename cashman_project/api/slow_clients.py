"""What goes at a client's pace: bodies that come in and files that go out. A thread waits for each, and few may.

The reasons are in docs/adr/0018-slow-clients.md.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError

from .errors import Unavailable
from .limits import drain

logger = logging.getLogger("cashman.clients")

# Threads of a process that may wait for clients, beside those that run requests. What is read lies on the disk.
SENDERS, READERS = 64, 32
SMALL = 65_536  # bytes that need no file, and that a server's and a socket's buffers take, whether they are read or not
REFUSAL = "cashman.refusal"  # in a request's environ: the APIException that says why its body was not taken

# Places that are free: who waits takes one, and puts it back.
_senders: list[None] = [None] * SENDERS
_readers: list[None] = [None] * READERS


def receive(environ: dict[str, Any]) -> None:
    """Read the body of a WSGI request, before a view or a database connection can wait for it.

    `wsgi.input` holds all of it then. Where there is none to be had, REFUSAL says why: it is
    shorter than its Content-Length (400), or too many threads wait for clients already (503).
    """
    text = environ.get("CONTENT_LENGTH", "")
    length = int(text) if text.isdecimal() else 0  # Django, too, takes a wrong one as none
    if not length:
        return
    try:
        _senders.pop()
    except IndexError:
        environ[REFUSAL] = _busy()
        return
    try:
        environ["wsgi.input"] = _read(environ["wsgi.input"], length)
    except APIException as refusal:
        environ[REFUSAL] = refusal
    finally:
        _senders.append(None)


class SpooledResponse(FileResponse):
    """Sends a file that was made for this response alone; `place` is what `take_place` returned."""

    block_size = SMALL  # Django's own is a sixteenth

    def __init__(self, file: IO[bytes], place: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(file, **kwargs)
        self._resource_closers.append(place)  # type: ignore[attr-defined]  # not in the stub


def take_place() -> Callable[[], None]:
    """Take a place among the threads that wait for readers; return what gives it back.

    Raises Unavailable (503) if all are taken.
    """
    try:
        _readers.pop()
    except IndexError:
        raise _busy() from None
    return lambda: _readers.append(None)


def send_at_leisure(response: HttpResponseBase) -> None:
    """Take a place for a streaming response until it is closed, if it needs one; raises Unavailable (503)."""
    is_small = int(response.headers.get("Content-Length", SMALL)) < SMALL
    if is_small or isinstance(response, SpooledResponse):
        return
    try:
        response._resource_closers.append(take_place())  # type: ignore[attr-defined]  # not in the stub
    except Unavailable:
        response.close()
        raise


def spool() -> Any:
    """Return a file for what a client has sent or will read; a small one stays in memory."""
    return SpooledTemporaryFile(max_size=SMALL)


def _read(stream: IO[bytes], length: int) -> IO[bytes]:
    """Return a file of the body; raises ParseError (400) if it is cut off, Unavailable (503) if there is no room.

    Of a body that is too large nothing is kept: who looks at its length refuses it. It is read all the
    same: a client that is still sending when the connection closes sees a reset, not the answer.
    """
    if length > settings.BODY_LIMIT:
        drain(stream, length)
        return BytesIO()
    if length <= SMALL:
        data = stream.read(length)
        received = len(data)
        body: Any = BytesIO(data)
    else:
        body, received = spool(), 0
        try:
            while chunk := stream.read(min(SMALL, length - received)):
                received += body.write(chunk)
            body.seek(0)
        except OSError as error:
            raise no_room(body, error) from None
    if received < length:
        body.close()
        detail = _("The body ended after %(received)d of the %(length)d bytes that Content-Length announces.")
        raise ParseError(detail % {"received": received, "length": length}, code="incomplete_body")
    return body  # type: ignore[no-any-return]


def no_room(file: IO[bytes], error: OSError) -> Unavailable:
    """Return the error of a request whose file can't be written; close the file."""
    with suppress(OSError):  # which writes what it still holds, too
        file.close()
    logger.warning("Temporary file: %s", error.strerror)
    return Unavailable(_("There is no room for this at the moment. Try again later."))


def _busy() -> Unavailable:
    return Unavailable(_("Too many clients are slow to send or to read. Try again in a moment."))
