"""Which requests come from a page's form, and the page that they lead to."""

import re
from collections.abc import Mapping

from django.http import QueryDict
from django.urls import get_script_prefix
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request, is_form_media_type

from ..parsers import NEXT_FIELD

MAX_NEXT = 2_000  # characters: a list with many filters and a cursor has a few hundred
PATH = re.compile(r"/[!-\[\]-~]*")  # visible ASCII, as in a URL, without the backslash that browsers read as a slash


def is_page_form(request: Request) -> bool:
    """Return whether a form in a browser session sent the request, and the response is a page."""
    return (
        is_form_media_type(request.content_type)
        and request.accepted_renderer.format == "api"
        and isinstance(request.successful_authenticator, SessionAuthentication)
    )


def next_path(request: Request) -> str:
    """Return the path, with its query, that a page's form leads to after it is saved; "" if the request names none.

    A form has it in a field, and the page of a row in a parameter, which goes into the forms of that page.
    """
    path = _named_next(request)
    return path if _is_own(path) else ""


def list_path(request: Request, *, first_page: bool = False) -> str:
    """Return the path of a list with its query, so that its filters survive what the user does next.

    It is "" for a list without a query, which every page leads back to anyway.
    """
    query = request.query_params.copy()
    if first_page:
        query.pop("cursor", None)
    path = f"{request.path}?{query.urlencode()}" if query else ""
    return path if _is_own(path) else ""


def own_path(request: Request) -> str:
    """Return the path of the request with its query, as a form of its page leads back to it; "" if it is too long."""
    path = request.get_full_path()
    return path if _is_own(path) else ""


def ask_for(request: Request, parameters: Mapping[str, str]) -> None:
    """Give the request, which has no query, these parameters, which everything then reads as its query."""
    query = QueryDict(mutable=True)
    query.update(parameters)
    request._request.GET = query  # type: ignore[assignment]  # the stub wants an immutable one
    request.META["QUERY_STRING"] = query.urlencode()


def check_next(request: Request) -> None:
    """Raise ValidationError (400) if the request names a page to go to that is not a path of this site."""
    path = _named_next(request)
    if path and not _is_own(path):
        raise ValidationError({NEXT_FIELD: [_("Not a path of this site.")]}, code="invalid")


def _named_next(request: Request) -> str:
    values = request.data if is_page_form(request) else request.query_params
    return str(values.get(NEXT_FIELD, ""))


def _is_own(path: str) -> bool:
    return (
        len(path) <= MAX_NEXT
        and PATH.fullmatch(path) is not None
        and path.startswith(get_script_prefix())
        and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    )
