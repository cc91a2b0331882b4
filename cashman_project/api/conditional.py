"""Conditional requests (RFC 9110, section 13) by the entity tag of a resource's JSON."""

import hashlib
from typing import Any

import orjson
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.request import Request
from rest_framework.response import Response

from .errors import PreconditionFailed


def etag_of(data: Any) -> str:
    """Return the strong entity tag of a resource's JSON data: another one whenever a byte of it differs."""
    return f'"{hashlib.blake2b(orjson.dumps(data), digest_size=16).hexdigest()}"'


def tagged_response(request: Request, data: Any, **kwargs: Any) -> HttpResponseBase:
    """Return `data` with its ETag; 304 without a body where `If-None-Match` of a GET holds it.

    The browsable page has no tag: it is another representation.
    """
    if request.accepted_renderer.format != "json":
        return Response(data, **kwargs)
    etag = etag_of(data)
    response = Response(data, headers={"ETag": etag} | kwargs.pop("headers", {}), **kwargs)
    if request.method not in ("GET", "HEAD"):
        return response
    conditional = get_conditional_response(request._request, etag=etag, response=response)
    assert conditional is not None
    return conditional


def check_preconditions(request: Request, data: Any) -> None:
    """Raise PreconditionFailed (412) where `If-Match` or `If-None-Match` of a write rules out the present `data`."""
    refusal = get_conditional_response(request._request, etag=etag_of(data))
    if refusal is not None:
        raise PreconditionFailed
