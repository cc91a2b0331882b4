"""How much a request may hold. Lengths are compared before anything reads, parses or matches what was sent."""

from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from .errors import HeadersTooLarge, TooLarge

HEADERS = 32_768  # bytes of all headers, their names included
COOKIES = 8_192  # bytes of the Cookie header, which some versions of Python read in quadratic time (CVE-2024-7592)
CREDENTIALS = 16_384  # bytes of a body with a name, a password, a token or a preference
ROW = 65_536  # bytes of a body with one row, and of a form
ROWS = settings.BODY_LIMIT
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
READ_SIZE = 65_536
DRAINED = 4 * ROWS  # bytes of a refused body that are read, for its client to see the answer


def limited(view: Any, limit: int) -> Any:
    """Declare how many bytes a body may have that a view takes which is none of the API's; return the view."""

    @wraps(view)
    def limited_view(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    limited_view.body_limit = limit  # type: ignore[attr-defined]  # which is read as that of a class is
    return limited_view


def check_headers(request: HttpRequest) -> None:
    """Raise HeadersTooLarge (431) where the headers are too long, or the cookies among them."""
    meta = request.META
    length = len("".join([name + value for name, value in meta.items() if name[:5] == "HTTP_"]))
    if length > HEADERS:
        raise HeadersTooLarge(_("The headers are larger than %(limit)d bytes.") % {"limit": HEADERS})
    if length > COOKIES and len(meta.get("HTTP_COOKIE", "")) > COOKIES:
        message = _("The Cookie header is larger than %(limit)d bytes: delete the cookies of this site.")
        raise HeadersTooLarge(message % {"limit": COOKIES})


def check_body(request: HttpRequest, limit: int) -> None:
    """Raise TooLarge (413) where the body is longer than that many bytes.

    A client that is still sending when the connection closes would see a reset, not the answer, so the
    body is read to its end first, and thrown away.
    """
    length = body_length(request)
    if length <= limit:
        return
    drain(request, length)
    raise TooLarge(_("The body is larger than %(limit)d bytes.") % {"limit": limit})


def drain(stream: Any, length: int) -> None:
    """Read a refused body of that many bytes and throw it away, up to DRAINED bytes."""
    remaining = min(length, DRAINED)
    while remaining > 0 and (chunk := stream.read(min(READ_SIZE, remaining))):
        remaining -= len(chunk)


def body_length(request: HttpRequest) -> int:
    """Return how many bytes the body has, which nobody has read yet; Django takes a wrong Content-Length as none."""
    length: int = request._stream.limit  # type: ignore[attr-defined]  # of a LimitedStream, which the stub hides
    return length


def body_limit(view: Any, request: HttpRequest) -> int:
    """Return how many bytes the body of the request to the view may have, a function as URLs name it.

    A class declares its `body_limit`, and its `array_actions`, which take many rows. A form is always small.
    """
    kind = getattr(view, "cls", view)
    arrays = getattr(kind, "array_actions", ())
    if arrays and request.content_type not in FORMS and view.actions.get((request.method or "").lower()) in arrays:
        return ROWS
    limit: int = getattr(kind, "body_limit", ROW)
    return limit
