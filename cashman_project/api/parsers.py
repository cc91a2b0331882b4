"""Parsers of request bodies: strict JSON for every client, HTML forms only for browser sessions."""

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import IO, Any, TypeVar

from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ParseError, UnsupportedMediaType, ValidationError
from rest_framework.parsers import BaseParser, FormParser, MultiPartParser

from .types import JSON, RequestContext

ValueT = TypeVar("ValueT")
ResultT = TypeVar("ResultT")

MAX_DEPTH = 100  # Python's own limit depends on its version, and writing the same data may need more of it
CONTAINERS = (dict, list)
MAX_ERRORS = 20  # duplicate keys that a response lists; a body may have hundreds of thousands
METHOD_FIELD = "_method"  # of a form, because HTML sends forms only with GET and POST
KEY_FIELD = "_key"  # of a form that creates a row: its idempotency key, the same each time the form is sent
BASE_FIELD = "_base"  # of a form that changes a row: the values that it was opened with, as JSON
TAKE_FIELD = "_take"  # of a form with a conflict: the name of each field that is to stay as it is stored
NEXT_FIELD = "_next"  # of a form: the path to go to after it is saved; the page of a row takes it as a parameter
# Fields of a form that stand for headers, because HTML can't set headers.
FORM_HEADERS = {"_if_match": "HTTP_IF_MATCH", KEY_FIELD: "HTTP_IDEMPOTENCY_KEY"}
# How many objects, arrays and numbers a body may hold. A byte of these takes far longer to read than a byte of text.
MAX_VALUES = 1_000
MAX_VALUES_OF_ROWS = 50_000  # if arrays of rows are taken: 10,000 rows have two values each, and rarely more
SHORTEST_VALUE = 15  # characters: the shortest row has 31 with its comma, and two values
# A text in JSON, even if its closing quotation mark is missing. With ++ and *+ the search never goes back, so it needs
# no memory for each escape in a text.
TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
MAX_INTEGER_DIGITS = 100  # the time to convert a longer text to an int grows with the square of its length


class StrictJSONParser(BaseParser):
    """JSON (RFC 8259) in UTF-8, with a byte order mark or without, in which numbers keep every digit.

    Whole numbers become int, and others Decimal. NaN and Infinity become Decimal too, so that the error comes from the
    field and has its name. Duplicate keys, other encodings and nesting deeper than MAX_DEPTH are refused.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: RequestContext | None = None
    ) -> Any:  # Any: a JSON value; the stub promises an object
        """Return the parsed body. Raises ParseError (400) or ValidationError (400, a duplicate key)."""
        try:
            text = stream.read().removeprefix(BOM_UTF8).decode()
            small = len(text) <= 2 * MAX_VALUES  # each value also has a comma, a colon or a bracket
            decoder = DECODER if small else _bounded_decoder(text, _max_values(text, parser_context))
            data = decoder.decode(text)
            if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(data):
                raise RecursionError
        except UnicodeDecodeError:
            raise ParseError(_("The body is not UTF-8."), code="malformed_json") from None
        except RecursionError:
            raise ParseError(_("The body is nested too deeply."), code="malformed_json") from None
        except json.JSONDecodeError as error:
            raise ParseError(
                _("The body is not JSON: line %(line)d, column %(column)d.")
                % {"line": error.lineno, "column": error.colno},
                code="malformed_json",
            ) from None
        return data


def _is_deep(data: JSON) -> bool:
    """Return whether the arrays and objects in the data are nested more than MAX_DEPTH deep."""
    level: list[Any] = [[data]]  # Any: arrays and objects
    for _depth in range(MAX_DEPTH + 1):
        containers = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for container in containers for value in container if type(value) in CONTAINERS]
    return bool(level)


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) < MAX_INTEGER_DIGITS else Decimal(text)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # the exponent is too large
        return Decimal("NaN")


def _object(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    data = dict(pairs)
    if len(data) < len(pairs):
        counts = Counter(key for key, _value in pairs)
        twice = [key for key, count in counts.most_common(MAX_ERRORS) if count > 1]
        raise ValidationError({key: [_("This key is given twice.")] for key in twice}, code="duplicate_key")
    return data


DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_decimal, parse_constant=_decimal, object_pairs_hook=_object)


def _max_values(text: str, parser_context: RequestContext | None) -> int:
    """Return how many values this body may hold. Only an action that takes arrays of rows allows many."""
    view = (parser_context or {}).get("view")
    if getattr(view, "action", None) in getattr(view, "array_actions", ()):
        return min(max(MAX_VALUES, len(text) // SHORTEST_VALUE), MAX_VALUES_OF_ROWS)
    return MAX_VALUES


def _bounded_decoder(text: str, limit: int) -> json.JSONDecoder:
    """Return the decoder for this body. It, or this function, raises ParseError (400) if there are too many values."""
    too_many = ParseError(_("The body holds more than %(limit)d values.") % {"limit": limit}, "malformed_json")
    if text.count("[") > limit and TEXT.sub("", text).count("[") > limit:
        raise too_many
    rest = iter(range(limit))

    def bounded(hook: Callable[[ValueT], ResultT]) -> Callable[[ValueT], ResultT]:
        def read(value: ValueT) -> ResultT:
            if next(rest, None) is None:
                raise too_many
            return hook(value)

        return read

    return json.JSONDecoder(
        parse_int=bounded(_integer),
        parse_float=bounded(_decimal),
        parse_constant=_decimal,
        object_pairs_hook=bounded(_object),
    )


class _SessionOnly:
    """Takes forms from browser sessions only: forms come from our pages, and clients with a token send JSON."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: RequestContext | None = None
    ) -> Any:  # Any: as above
        request = (parser_context or {})["request"]
        if not isinstance(request.successful_authenticator, SessionAuthentication):
            raise UnsupportedMediaType(media_type or "")
        return super().parse(stream, media_type, parser_context)  # type: ignore[misc]  # of the parser mixed in


class SessionFormParser(_SessionOnly, FormParser):
    """HTML forms (application/x-www-form-urlencoded) from a browser session.

    Browsers send each end of a line as CR LF (HTML, section 4.10.21). It becomes a newline, as it was in the form.
    """

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: RequestContext | None = None
    ) -> Any:  # Any: as above
        body = stream.read().replace(b"%0D%0A", b"%0A")
        return super().parse(BytesIO(body), media_type, parser_context)


class SessionMultiPartParser(_SessionOnly, MultiPartParser):
    """HTML forms (multipart/form-data) from a browser session."""
