"""Conditional requests (RFC 9110, section 13) by the entity tag of a resource's JSON.

The reasons are in docs/adr/0020-weak-tags-match.md.
"""

import hashlib
from typing import Any

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from .errors import PreconditionFailed


def etag_of(content: bytes) -> str:
    """Return the strong entity tag of a resource's JSON: a different one for each different JSON."""
    return f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def wants_json(request: Request) -> bool:
    """Return whether the answer is JSON, not a page."""
    return request.accepted_renderer.format == "json"


def tagged_response(request: Request, data: Any, **kwargs: Any) -> HttpResponseBase:
    """Return `data` as a response. If it is JSON, it has its ETag.

    A page has no entity tag, because it is another representation, and a list has none either. Raises
    PreconditionFailed (412) if `If-Match` of a GET does not name the tag.
    """
    if wants_json(request) and not isinstance(data, list):
        return tagged_json(request, orjson.dumps(data), **kwargs)
    return Response(data, **kwargs)


def tagged_json(
    request: Request, content: bytes, content_type: str = "application/json", **kwargs: Any
) -> HttpResponse:
    """Return a resource's JSON (or other text) with its ETag; 304 without a body if `If-None-Match` of a GET names it.

    Raises PreconditionFailed (412) if `If-Match` of a GET does not name the tag.
    """
    etag = etag_of(content)
    headers = {"ETag": etag} | kwargs.pop("headers", {})
    if request.method in ("GET", "HEAD"):
        _check_match(request, etag)
        if _is_named(request.META.get("HTTP_IF_NONE_MATCH", ""), etag):
            return HttpResponse(status=304, headers=headers)
    return HttpResponse(content, content_type=content_type, headers=headers, **kwargs)


def is_conditional(request: Request) -> bool:
    """Return whether the request has preconditions."""
    return not {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}.isdisjoint(request.META)


def check_preconditions(request: Request, data: Any) -> None:
    """Raise PreconditionFailed (412) if `If-Match` or `If-None-Match` of a write does not allow the present `data`."""
    etag = etag_of(orjson.dumps(data))
    _check_match(request, etag)
    if _is_named(request.META.get("HTTP_IF_NONE_MATCH", ""), etag):
        raise PreconditionFailed


def check_untagged(request: Request) -> None:
    """Raise PreconditionFailed (412) where `If-Match` of a POST names a tag: what it makes or does has none yet."""
    _check_match(request, "")


def _check_match(request: Request, etag: str) -> None:
    """Raise PreconditionFailed unless `If-Match` is absent or names `etag`; a tag without its quotes names none."""
    wanted = request.META.get("HTTP_IF_MATCH")
    if wanted is not None and not _is_named(wanted, etag):
        raise PreconditionFailed


def _is_named(wanted: str, etag: str) -> bool:
    """Return whether the header names `etag`, be it as a weak one: a proxy that compresses makes it so (ADR 20).

    A tag holds its quotation marks, so it is looked for as it is: a list of thousands costs no more than its length.
    """
    return wanted.strip() == "*" or (bool(etag) and etag in wanted)
