"""JSON responses."""

import orjson
from django.utils.functional import Promise
from rest_framework import renderers


class JSONRenderer(renderers.BaseRenderer):
    """JSON in UTF-8. It refuses a Decimal, because money is sent as text by its own field."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: object, accepted_media_type: str | None = None, renderer_context: object = None) -> bytes:
        """Return `data` as JSON; b"" for None. Raises orjson.JSONEncodeError for a value that JSON can't hold."""
        return b"" if data is None else json_of(data)


def json_of(data: object) -> bytes:
    """Return the JSON of a serializer's data. Raises orjson.JSONEncodeError for a value that JSON can't hold."""
    return orjson.dumps(data, default=text_of)


def text_of(value: object) -> str:
    """Return the text of a value that orjson does not know, which only a lazy translation may be."""
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here.")
