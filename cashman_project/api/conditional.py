"""Conditional requests (RFC 9110, section 13) by the entity tag of a resource's JSON."""

from typing import Any

from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from .errors import PreconditionFailed
from .renderers import etag_of


def tagged_response(request: Request, data: Any, **kwargs: Any) -> Response:
    """Return `data` with its ETag; 304 without a body where `If-None-Match` of a GET names it.

    The browsable page has no tag: it is another representation; nor has a list of resources. Raises
    PreconditionFailed (412) where `If-Match` of a GET does not name the tag.
    """
    if request.accepted_renderer.format != "json" or isinstance(data, list):
        return Response(data, **kwargs)
    etag = etag_of(data)
    headers = {"ETag": etag} | kwargs.pop("headers", {})
    if request.method in ("GET", "HEAD"):
        _check_match(request, etag)
        if _is_named(request.headers.get("If-None-Match", ""), etag):
            return Response(status=304, headers=headers)
    return Response(data, headers=headers, **kwargs)


def is_conditional(request: Request) -> bool:
    """Return whether the request has preconditions."""
    return not {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}.isdisjoint(request.META)


def check_preconditions(request: Request, data: Any) -> None:
    """Raise PreconditionFailed (412) where `If-Match` or `If-None-Match` of a write rules out the present `data`."""
    etag = etag_of(data)
    _check_match(request, etag)
    if _is_named(request.headers.get("If-None-Match", ""), etag):
        raise PreconditionFailed


def _check_match(request: Request, etag: str) -> None:
    """Raise PreconditionFailed unless `If-Match` is absent or names `etag`; a tag without its quotes names none."""
    wanted = request.META.get("HTTP_IF_MATCH")  # `headers` may have been read before a form's field became one
    if wanted is not None and not {"*", etag} & set(parse_etags(wanted)):
        raise PreconditionFailed


def _is_named(wanted: str, etag: str) -> bool:
    """Return whether `If-None-Match` names `etag`, be it as a weak one (a proxy that compresses makes it so)."""
    return bool({"*", etag, f"W/{etag}"} & set(parse_etags(wanted)))
