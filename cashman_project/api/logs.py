"""Logs: one line of JSON for each request. It holds no secrets and no rows."""

import logging
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from uuid_utils import uuid7

if TYPE_CHECKING:
    from logging import _SysExcInfoType

logger = logging.getLogger("cashman.requests")

# No log line shows these, and finding them out takes a third of the time of a record (see the logging HOWTO).
logging._srcfile = None
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

HEADER = "X-Request-ID"
LONGEST_ID = 128
WITHOUT_BODY = (204, 304)  # these have no Content-Length either (RFC 9110, section 8.6)
LINE = "%(method)s %(path)s %(status)d %(duration_ms).1f ms"


class RequestLogMiddleware:
    """Log each request when its response is ready, and give it an id, which the response has in X-Request-ID.

    Nothing changes the response after this, so its Content-Length is set here too.

    The id is the client's own X-Request-ID if that is 1 to 128 visible ASCII characters. The path is logged without the
    query, because the query may hold what somebody searches for. `user` is the id of the user if the user is known.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        sent_id = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent_id if _is_id(sent_id) else uuid7().hex
        request.META["REQUEST_ID"] = request_id
        response = self.get_response(request)
        response.headers[HEADER] = request_id
        if not response.streaming and response.status_code not in WITHOUT_BODY:
            response.headers["Content-Length"] = str(len(response.content))
        fields = {
            "request_id": request_id,
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": round((time.perf_counter() - began) * 1_000, 1),
            "user": _user_id(request),
        }
        logger.info(LINE, fields)
        return response


class CrashFilter(logging.Filter):
    """Lets only exceptions pass; a refused request has its own log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return bool(record.exc_info)


class TextFormatter(logging.Formatter):
    """Format a record as text. What a client sent can't add a line to the log, or send commands to a terminal.

    Characters that can't be printed are escaped, and the lines of a traceback are indented.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        text = super().formatMessage(record)
        return text if text.isprintable() else _escaped(text)

    def formatException(self, ei: "_SysExcInfoType") -> str:
        return "\n".join([f"    {_escaped(line)}" for line in super().formatException(ei).split("\n")])


class JSONFormatter(logging.Formatter):
    """Format a record as one line of JSON.

    If the only argument of a message is a mapping, the line has its members. For an exception the line has its type and
    where it happened, but not its message, because a database or a parser may quote what was sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        if isinstance(record.args, Mapping):
            line |= record.args
        else:
            line["message"] = record.getMessage()
        if request := getattr(record, "request", None):
            line["request_id"] = request.META.get("REQUEST_ID")
        if record.exc_info and record.exc_info[1]:
            line["trace"] = _trace(record.exc_info[1])
        return orjson.dumps(line, default=str).decode()


def _escaped(text: str) -> str:
    return "".join([char if char.isprintable() else ascii(char)[1:-1] for char in text])


def _is_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and text.isascii() and text.isprintable() and " " not in text


def _user_id(request: HttpRequest) -> object:
    """Return the id of the request's user if the user was already looked up; None otherwise."""
    user = getattr(request, "_cached_user", None) or getattr(request, "user", None)
    return None if type(user) is SimpleLazyObject else getattr(user, "pk", None)


def _trace(error: BaseException) -> list[str]:
    """Return the types and places of an exception and of its causes, the first cause first."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines = _trace(cause) if cause else []
    lines += [
        f'File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    code = getattr(error, "pgcode", None)  # of an error of PostgreSQL
    return [*lines, type(error).__qualname__ + (f" {code}" if code else "")]
