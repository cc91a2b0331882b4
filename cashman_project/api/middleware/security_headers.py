"""Security headers of every response."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware

# What a page may load and where its forms may go: only to this service. No other page may frame it.
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class SecurityHeadersMiddleware(SecurityMiddleware):
    """Give every response the headers that Django's middleware gives to most of them, and a Content-Security-Policy.

    It is the outermost one, so that errors, static files and preflights have them too. Django's own, further in,
    redirects to HTTPS. It comes after the middleware that answers the probes.
    """

    def process_request(self, request: HttpRequest) -> None:
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        is_traceback = settings.DEBUG and response.status_code == 500  # its page brings a script of its own
        if not is_traceback:
            response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        has_others = "X-Content-Type-Options" in response.headers  # it came past Django's own
        return response if has_others else super().process_response(request, response)
