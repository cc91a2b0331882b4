"""The language of a response."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from .problems import LONGEST_LANGUAGES


class LanguageMiddleware:
    """Activate the language that the request asks for, or else the default language.

    Django's LocaleMiddleware also looks for a language in the path, and parses the header anew for each request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        header = request.META.get("HTTP_ACCEPT_LANGUAGE", "")[:LONGEST_LANGUAGES]
        translation.activate(_language_of(header, settings.LANGUAGE_CODE))
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        if "Accept-Language" not in response.get("Vary", ""):
            patch_vary_headers(response, ["Accept-Language"])
        return response


@lru_cache
def _language_of(header: str, default: str) -> str:
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = header
    return translation.get_language_from_request(request) if header else default
