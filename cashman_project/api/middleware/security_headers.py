"""Security headers of every response."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware

# A page may load files and send forms only from and to this service. No other site may show it in a frame.
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class SecurityHeadersMiddleware(SecurityMiddleware):
    """Give every response the headers that Django's middleware gives to most of them, and a Content-Security-Policy.

    It is the outermost one, so that errors, static files and preflights have them too. Django's own also
    runs, after the middleware that answers the probes, to redirect to HTTPS.
    """

    def process_request(self, request: HttpRequest) -> None:
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        is_traceback = settings.DEBUG and response.status_code == 500  # its page has an inline script
        if not is_traceback:
            response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        has_others = "X-Content-Type-Options" in response.headers  # from Django's own
        return response if has_others else super().process_response(request, response)
