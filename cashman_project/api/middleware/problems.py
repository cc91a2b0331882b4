"""Refusing requests before a view sees them, and errors that come from outside the views."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.template import loader
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType

from ..errors import LengthRequired, Unavailable
from ..exception_handler import exception_handler
from ..limits import CREDENTIALS, body_length, body_limit, check_body, check_headers, longest_body
from ..negotiation import preferred
from ..owner import signed_in_user
from ..pages.error_words import ERROR_WORDS, ErrorWords
from ..pages.signing_in import keep_form
from ..problems import PROBLEM_JSON, problem_details, problem_of, problem_response
from ..slow_clients import REFUSAL, limit_streaming
from ..types import JSONObject
from ..views import LiveView, ReadyView

if TYPE_CHECKING:
    from users.models import User

PROBES = {"/livez": LiveView.as_view(), "/readyz": ReadyView.as_view()}

CODES = {400: "bad_request", 403: "permission_denied", 404: "not_found", 405: "method_not_allowed"}


class ProblemMiddleware:
    """Refuse requests that no view should see, and turn errors from outside the views into problems.

    It answers the probes first, so they need no known host and no HTTPS. It refuses large headers (431), unknown hosts
    (400), cookies with NUL (400), chunked bodies (411, because a WSGI view would see an empty body), incomplete bodies
    (400, 503), and bodies that are larger than their view's limit (413) before they are parsed.

    An HTML error page becomes a problem. If the client prefers HTML, or the path is the admin's, it is the other way
    round: a problem, or one of Django's plain pages, becomes one of our pages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self._answer(request)
        except APIException as error:
            wait = {"Retry-After": str(error.wait)} if isinstance(error, Unavailable) else {}
            response = problem_response(problem_of(error), wait)
            if request.META.get("CONTENT_LENGTH") not in (None, "", "0"):
                response.headers["Connection"] = "close"  # a part of the body may be unread
        if response.status_code < 400:
            return response
        if _wants_page(request):
            if _lacks_page(response):
                _replace(response, "text/html; charset=utf-8", _page(request, response))
        elif response.get("Content-Type", "").startswith("text/"):  # with DEBUG on, a traceback is plain text
            _replace(response, PROBLEM_JSON, orjson.dumps(_problem(response)))
        patch_vary_headers(response, ["Accept"])
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], *arguments: object
    ) -> HttpResponseBase | None:
        """Refuse a body that is larger than the view takes, before the body is searched for a CSRF token."""
        if body_length(request) > CREDENTIALS:  # the lowest limit of all
            try:
                check_body(request, body_limit(view, request))
            except APIException as error:
                return problem_response(problem_of(error))
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Return the problem (such as a 503 or a 429) for an exception of a view outside the API: the login page, the
        admin."""
        if isinstance(exception, APIException | OperationalError | InterfaceError):
            return exception_handler(exception, {"request": request})
        return None

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if probe := PROBES.get(request.path_info.removesuffix("/")):
            response: HttpResponse = probe(request)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response
        _refuse_early(request)
        response = self.get_response(request)
        if response.streaming:
            limit_streaming(response)
        return response


def _refuse_early(request: HttpRequest) -> None:
    """Raise the APIException of a request that no view should see."""
    check_headers(request)
    if refusal := request.META.get(REFUSAL):
        raise refusal
    try:
        request.get_host()
    except DisallowedHost:
        raise ParseError(_("This service does not answer to that host name."), code="unknown_host") from None
    if any("\0" in value for value in request.COOKIES.values()):
        raise ParseError  # PostgreSQL can't look up such a session
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise LengthRequired
    if (request.content_params or {}).get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(request.headers["Content-Type"])
    if (coding := request.META.get("HTTP_CONTENT_ENCODING", "")) and coding.lower() != "identity":
        raise UnsupportedMediaType(coding)
    check_body(request, longest_body(request.path_info))


def _wants_page(request: HttpRequest) -> bool:
    if request.path.startswith(reverse("admin:index")):
        return True
    return preferred(request.META.get("HTTP_ACCEPT"), [PROBLEM_JSON, "application/json", "text/html"]) == "text/html"


def _replace(response: HttpResponse, content_type: str, content: bytes) -> None:
    """Give the response another body; its status, cookies and other headers stay."""
    response.content = content
    response["Content-Type"] = content_type
    response["Content-Length"] = str(len(content))
    response["Cache-Control"] = "no-store"


def _lacks_page(response: HttpResponse) -> bool:
    """Return whether the response is a problem or one of Django's plain pages, but not a developer's traceback."""
    content_type = response.get("Content-Type", "")
    if not content_type.startswith("text/") or isinstance(response, SimpleTemplateResponse):
        return content_type == PROBLEM_JSON
    return not (settings.DEBUG and response.status_code == 500)


def _page(request: HttpRequest, response: HttpResponse) -> bytes:
    user = _user_of(request, response.status_code)
    if user is not None:
        translation.activate(user.language or "")
    is_problem = response.get("Content-Type") == PROBLEM_JSON
    problem = orjson.loads(response.content) if is_problem else _problem(response)
    if response.status_code == 401 and "Authorization" not in request.headers:
        return _sign_in_page(request, response)
    context = {
        "problem": problem,
        "words": ERROR_WORDS.get(response.status_code, ErrorWords(problem["title"])),
        "path": request.get_full_path(),
        "method": request.method,
    }
    if user is not None and settings.CSRF_COOKIE_NAME in request.COOKIES:  # the bar's form that signs out needs it
        context |= {"user": user, "csrf_token": get_token(request)}
    return loader.render_to_string("pages/problem.html", context).encode()


def _sign_in_page(request: HttpRequest, response: HttpResponse) -> bytes:
    """Return the page to sign in at, which leads back to this path, or keeps the form that was sent."""
    has_page = "GET" in response.get("Allow", "GET")
    context = {
        "kept": keep_form(request),
        "next": request.get_full_path() if has_page else reverse("root"),
        "csrf_token": get_token(request),
        "is_refusal": True,
        "request": request,
    }
    page = loader.render_to_string("rest_framework/login.html", context).encode()
    # The middleware that gives browsers the cookie of their CSRF tokens has seen this response already.
    CsrfViewMiddleware(lambda _request: response).process_response(request, response)
    return page


def _user_of(request: HttpRequest, status: int) -> "User | None":
    """Return who is signed in in this browser; None also if the request was refused before its cookies were read.

    An error of the server asks nothing of the database, which may be its cause.
    """
    if status >= 500 or not hasattr(request, "user") or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    try:
        return signed_in_user(request)
    except (APIException, OperationalError, InterfaceError):
        return None


def _problem(page: HttpResponse) -> JSONObject:
    """Return the problem that replaces one of Django's error pages."""
    status = page.status_code
    detail = {
        400: _("The request is malformed."),
        403: _("This is not allowed."),
        404: _("There is nothing at this path."),
        405: _("This method is not allowed here."),
    }.get(status, _("Something went wrong here. It has been logged."))
    return problem_details(status, CODES.get(status, "error"), detail)
