"""What must happen around every request, whichever view it reaches, or none."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError

from .errors import PROBLEM_JSON, LengthRequired, TooLarge, problem_details, problem_of, problem_response
from .views import LiveView, ReadyView

PROBES = {"/livez": LiveView.as_view(), "/readyz": ReadyView.as_view()}
CODES = {400: "bad_request", 403: "permission_denied", 404: "not_found", 405: "method_not_allowed"}
READ_SIZE = 65_536


class ProblemMiddleware:
    """Refuse what no view should see, and give errors from outside the views the API's shape.

    It answers the probes before a host is asked for or a redirect made. It refuses unknown hosts
    (400), chunked bodies (411: a WSGI view would see an empty one) and large ones (413) before they
    are parsed. An HTML error page becomes a problem unless the client prefers HTML, or the page is
    the admin's.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if probe := PROBES.get(request.path_info.rstrip("/")):
            response: HttpResponse = probe(request).render()
            return response
        try:
            _refuse_early(request)
        except APIException as error:
            return problem_response(problem_of(error))
        response = self.get_response(request)
        if response.status_code >= 400 and _is_page(response) and not _wants_page(request):
            return _as_problem(response)
        return response


def _refuse_early(request: HttpRequest) -> None:
    """Raise the APIException of a request that no view should see."""
    try:
        request.get_host()
    except DisallowedHost:
        raise ParseError(_("This service does not answer to that host name."), code="unknown_host") from None
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise LengthRequired
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > settings.BODY_LIMIT:
        # A client that is still sending when the connection closes sees a reset, not the answer.
        remaining = min(length, 4 * settings.BODY_LIMIT)
        while remaining > 0 and (chunk := request.read(min(READ_SIZE, remaining))):
            remaining -= len(chunk)
        raise TooLarge(_("The body is larger than %(limit)d bytes.") % {"limit": settings.BODY_LIMIT})


def _is_page(response: HttpResponse) -> bool:
    return response.get("Content-Type", "text/html").startswith("text/html")


def _wants_page(request: HttpRequest) -> bool:
    if request.path_info.startswith(reverse("admin:index")):
        return True
    return request.get_preferred_type([PROBLEM_JSON, "application/json", "text/html"]) == "text/html"


def _as_problem(page: HttpResponse) -> HttpResponse:
    status = page.status_code
    detail = {
        400: _("The request is malformed."),
        403: _("This is not allowed."),
        404: _("There is nothing at this path."),
        405: _("This method is not allowed here."),
    }.get(status, _("Something went wrong here. It has been logged."))
    problem = problem_response(problem_details(status, CODES.get(status, "error"), detail))
    for name in ("Allow", "Retry-After", "WWW-Authenticate", "Access-Control-Allow-Origin", "Vary"):
        if name in page:
            problem[name] = page[name]
    problem.cookies = page.cookies
    return problem
