"""The language of a response."""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import APIException

from ..limits import COOKIES
from ..owner import language_of

LONGEST_LANGUAGES = 501  # characters of Accept-Language; Django cuts a longer one at the last comma before 500


class LanguageMiddleware:
    """Activate the language of the request: that of its user, else the one chosen in the browser's menu, else the best
    of Accept-Language, else the default.

    The user is known only later. So views of the API activate the user's language themselves (StrictViewMixin), and
    `process_view` does it for Django's own views.

    Django's LocaleMiddleware knows no user, also looks for a language in the path, and parses the header anew for each
    request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        translation.activate(asked_language(request) or settings.LANGUAGE_CODE)
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        if "Accept-Language" not in response.get("Vary", ""):
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *arguments: object) -> None:
        """Activate the user's language, if the view is not one of the API. The view has to say if nobody is known
        because the database is down."""
        if not hasattr(view, "cls") and settings.SESSION_COOKIE_NAME in request.COOKIES:
            with suppress(APIException, OperationalError, InterfaceError):
                translation.activate(language_of(request) or "")


def asked_language(request: HttpRequest) -> str | None:
    """Return the language that the browser or the program asks for; None if it asks for none."""
    header = request.META.get("HTTP_ACCEPT_LANGUAGE", "")[:LONGEST_LANGUAGES]
    chosen = _chosen(request)
    return _language_of(chosen, header) if chosen or header else None


def _chosen(request: HttpRequest) -> str:
    """Return the language that was chosen in the menu; "" if there is none. Cookies that are too large stay unread."""
    if 0 < len(request.META.get("HTTP_COOKIE", "")) <= COOKIES:
        return request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")[:LONGEST_LANGUAGES]
    return ""


@lru_cache
def _language_of(chosen: str, header: str) -> str:
    request = HttpRequest()
    request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = chosen
    request.META["HTTP_ACCEPT_LANGUAGE"] = header
    return translation.get_language_from_request(request)
