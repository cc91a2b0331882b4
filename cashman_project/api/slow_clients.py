"""Bodies that clients send slowly, and files that they read slowly. Only a few threads may wait for them.

The reasons are in docs/adr/0018-slow-clients.md.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

from django.conf import settings
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError

from .errors import Unavailable
from .limits import FILE, longest_body

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

logger = logging.getLogger("cashman.clients")

# Threads of a process that may wait for clients that send, and for clients that read, besides those that run requests.
SENDERS, READERS = 64, 32
LARGE = 2  # of the senders may send more than a file of statements, because it takes room on the disk
SMALL = 65_536  # bytes that need no file; the buffers of the server and the socket hold them even if nobody reads
DRAINED = 4 * settings.BODY_LIMIT  # bytes of a body that is too large which are read, so that the client sees the error
REFUSAL = "cashman.refusal"  # in a request's environ: the APIException that says why its body was refused

# The free places: a thread that waits for a client takes one, and then puts it back.
_senders: list[None] = [None] * SENDERS
_readers: list[None] = [None] * READERS
_large: list[None] = [None] * LARGE


def receive(environ: "WSGIEnvironment") -> IO[bytes] | None:
    """Read the body of a WSGI request to its end, so that neither a view nor a database connection waits for it.

    Afterwards `wsgi.input` is a file of the whole body, which is returned, so that it can be closed. If it is not,
    REFUSAL is the error: the body is shorter than its Content-Length (400), or too many threads wait for clients
    already (503).
    """
    text = environ.get("CONTENT_LENGTH", "")
    length = int(text) if text.isdecimal() else 0  # Django takes a wrong one as 0, too
    if not length:
        return None
    places = _large if FILE < length <= longest_body(environ["PATH_INFO"]) else _senders
    try:
        places.pop()
    except IndexError:
        environ[REFUSAL] = _busy()
        return None
    try:
        environ["wsgi.input"] = body = _read(environ["wsgi.input"], length, longest_body(environ.get("PATH_INFO", "")))
        return body
    except APIException as refusal:
        environ[REFUSAL] = refusal
        return None
    finally:
        places.append(None)


class SpooledResponse(FileResponse):
    """Sends a file that was made for this response; `give_back` is what `take_place` returned."""

    block_size = SMALL  # 16 times Django's own

    def __init__(self, file: IO[bytes], give_back: Callable[[], None], *, filename: str, content_type: str) -> None:
        super().__init__(file, as_attachment=True, filename=filename, content_type=content_type)
        self._resource_closers.append(give_back)  # type: ignore[attr-defined]  # not in the stub


def take_place() -> Callable[[], None]:
    """Take a place among the threads that wait for readers; return the function that gives it back.

    Raises Unavailable (503) if all are taken.
    """
    try:
        _readers.pop()
    except IndexError:
        raise _busy() from None
    return lambda: _readers.append(None)


def limit_streaming(response: HttpResponseBase) -> None:
    """Take a place for a streaming response until it is closed, if it needs one; raises Unavailable (503)."""
    is_small = int(response.headers.get("Content-Length", SMALL)) < SMALL
    if is_small or isinstance(response, SpooledResponse):
        return
    try:
        response._resource_closers.append(take_place())  # type: ignore[attr-defined]  # not in the stub
    except Unavailable:
        response.close()
        raise


def spool() -> IO[bytes]:
    """Return a temporary file for what a client sent or will read; a small one stays in memory."""
    return SpooledTemporaryFile(max_size=SMALL)


def _read(stream: IO[bytes], length: int, longest: int) -> IO[bytes]:
    """Return a file of the body; raises ParseError (400) if it is cut off, Unavailable (503) if there is no room.

    A body that is too large is read and thrown away, and `check_body` refuses it later. It is read because a client
    that is still sending when the connection closes sees a reset instead of the response.
    """
    if length > longest:
        remaining = min(length, DRAINED)
        while remaining > 0 and (chunk := stream.read(min(SMALL, remaining))):
            remaining -= len(chunk)
        return BytesIO()
    if length <= SMALL:
        data = stream.read(length)
        received = len(data)
        body: IO[bytes] = BytesIO(data)
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
    return body


def no_room(file: IO[bytes], error: OSError) -> Unavailable:
    """Return the error for a temporary file that can't be written; close the file."""
    with suppress(OSError):  # closing writes what is still in the buffer, which may fail again
        file.close()
    logger.warning("Temporary file: %s", error.strerror)
    return Unavailable(_("There is no room for this at the moment. Try again later."))


def _busy() -> Unavailable:
    return Unavailable(_("Too many clients are slow to send or to read. Try again in a moment."))
