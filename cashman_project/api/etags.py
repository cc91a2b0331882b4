"""Entity tags and preconditions (RFC 9110, section 13). A row's entity tag is made from its JSON.

The reasons are in docs/adr/0020-weak-tags-match.md.
"""

import hashlib
from collections.abc import Mapping

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from .errors import PreconditionFailed


def etag_of(content: bytes) -> str:
    """Return the strong entity tag of a row's JSON. It changes if the JSON changes."""
    return f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def wants_json(request: Request) -> bool:
    """Return whether the response is JSON and not a page."""
    return request.accepted_renderer.format == "json"


def tagged_response(
    request: Request, data: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponseBase:
    """Return `data` as a response, with its ETag if it is the JSON of one row.

    A page has no entity tag, because it is another representation. Raises PreconditionFailed (412) if `If-Match` of a
    GET does not name the tag.
    """
    if wants_json(request) and not isinstance(data, list):
        return tagged_json(request, orjson.dumps(data), status=status, headers=headers)
    return Response(data, status=status, headers=headers)


def tagged_json(
    request: Request,
    content: bytes,
    content_type: str = "application/json",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Return the content, the JSON of a row or another text, with its ETag.

    A GET whose `If-None-Match` names the tag gets a 304 without a body. Raises PreconditionFailed (412) if `If-Match`
    of a GET does not name the tag.
    """
    etag = etag_of(content)
    headers = {"ETag": etag, **(headers or {})}
    if request.method in ("GET", "HEAD"):
        _check_match(request, etag)
        if _is_named(request.META.get("HTTP_IF_NONE_MATCH", ""), etag):
            return HttpResponse(status=304, headers=headers)
    return HttpResponse(content, status=status, content_type=content_type, headers=headers)


def is_conditional(request: Request) -> bool:
    """Return whether the request has preconditions."""
    return not {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}.isdisjoint(request.META)


def check_preconditions(request: Request, data: object) -> None:
    """Raise PreconditionFailed (412) if the preconditions of a write are not met. `data` is the row as it is stored."""
    etag = etag_of(orjson.dumps(data))
    _check_match(request, etag)
    if _is_named(request.META.get("HTTP_IF_NONE_MATCH", ""), etag):
        raise PreconditionFailed


def check_untagged(request: Request) -> None:
    """Raise PreconditionFailed (412) if `If-Match` of a POST names a tag: what it creates has none yet."""
    _check_match(request, "")


def _check_match(request: Request, etag: str) -> None:
    """Raise PreconditionFailed unless `If-Match` is absent or names `etag`. A tag without its quotes names nothing."""
    wanted = request.META.get("HTTP_IF_MATCH")
    if wanted is not None and not _is_named(wanted, etag):
        raise PreconditionFailed


def _is_named(wanted: str, etag: str) -> bool:
    """Return whether the header names `etag`, even as a weak tag, which a proxy that compresses makes of it (ADR 20).

    The tag has its quotation marks, so the header needs no parsing: a search costs the same for one tag and for many.
    """
    return wanted.strip() == "*" or (bool(etag) and etag in wanted)
