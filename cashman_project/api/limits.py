"""How much a request may hold. Lengths are checked before the content is read, parsed or matched."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from .errors import HeadersTooLarge, TooLarge

HEADERS = 32_768  # bytes of all headers with their names
COOKIES = 8_192  # bytes of the Cookie header, which some versions of Python read in quadratic time (CVE-2024-7592)
CREDENTIALS = 16_384  # bytes of a body with a name, a password, a token or a preference
ROW = 65_536  # bytes of a body with one row, and of a form
ROWS = settings.BODY_LIMIT
FILE = settings.FILE_LIMIT + ROW  # bytes of a body with a file, and with what a form puts around it
EXPORT = settings.EXPORT_LIMIT + ROW  # likewise with an export
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

ViewP = ParamSpec("ViewP")
ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)


def limited(view: Callable[ViewP, ResponseT], limit: int) -> Callable[ViewP, ResponseT]:
    """Return the view, which is not one of the API's, with a limit on its body in bytes."""

    @wraps(view)
    def limited_view(*args: ViewP.args, **kwargs: ViewP.kwargs) -> ResponseT:
        return view(*args, **kwargs)

    limited_view.body_limit = limit  # type: ignore[attr-defined]  # `body_limit` below reads it
    return limited_view


def check_headers(request: HttpRequest) -> None:
    """Raise HeadersTooLarge (431) if the headers are too long, or the Cookie header alone."""
    meta = request.META
    length = len("".join([name + value for name, value in meta.items() if name[:5] == "HTTP_"]))
    if length > HEADERS:
        raise HeadersTooLarge(_("The headers are larger than %(limit)d bytes.") % {"limit": HEADERS})
    if length > COOKIES and len(meta.get("HTTP_COOKIE", "")) > COOKIES:
        message = _("The Cookie header is larger than %(limit)d bytes: delete the cookies of this site.")
        raise HeadersTooLarge(message % {"limit": COOKIES})


def check_body(request: HttpRequest, limit: int) -> None:
    """Raise TooLarge (413) if the body is longer than that many bytes. `slow_clients` has read it to its end."""
    if body_length(request) > limit:
        raise TooLarge(_("The body is larger than %(limit)d bytes.") % {"limit": limit})


def longest_body(path: str) -> int:
    """Return how many bytes a body may have that is sent to the path, whatever its view is."""
    path = path.removesuffix("/")
    return EXPORT if path in settings.EXPORT_PATHS else FILE if path in settings.FILE_PATHS else ROWS


def body_length(request: HttpRequest) -> int:
    """Return how many bytes the unread body has. Django takes a wrong Content-Length as 0."""
    length: int = request._stream.limit  # type: ignore[attr-defined]  # of a LimitedStream, which the stub hides
    return length


def body_limit(view: Callable[..., HttpResponseBase], request: HttpRequest) -> int:
    """Return how many bytes the body of the request to the view may have.

    `view` is a function, as routes name it. The class behind it declares its `body_limit`, its `array_actions`, which
    take many rows, and its `file_actions`, which take a file. All other forms are small.
    """
    declared = getattr(view, "cls", view)
    files = getattr(declared, "file_actions", ())
    if files and getattr(view, "actions", {}).get((request.method or "").lower()) in files:
        return FILE
    arrays = getattr(declared, "array_actions", ())
    if arrays and request.content_type not in FORMS:
        actions: Mapping[str, str] = getattr(view, "actions", {})
        if actions.get((request.method or "").lower()) in arrays:
            return ROWS
    limit: int = getattr(declared, "body_limit", ROW)
    return limit
