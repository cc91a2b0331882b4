"""JSON responses."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework import renderers


class JSONRenderer(renderers.BaseRenderer):
    """JSON in UTF-8. It refuses a Decimal, because money is sent as text by its own field."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return `data` as JSON; b"" for None. Raises orjson.JSONEncodeError on what JSON has no word for."""
        return b"" if data is None else json_of(data)


def json_of(data: object) -> bytes:
    """Return the JSON of what a serializer made. Raises orjson.JSONEncodeError on what JSON has no word for."""
    return orjson.dumps(data, default=plain)


def plain(value: object) -> str:
    if isinstance(value, Promise):  # a lazy translation
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here.")
