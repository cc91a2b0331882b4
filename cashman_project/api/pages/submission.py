"""What happens when the form of a page is submitted (docs/adr/0009-pages-without-a-script.md)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request, is_form_media_type
from rest_framework.response import Response
from rest_framework.reverse import reverse

from ..parsers import FORM_HEADERS, METHOD_FIELD
from .inputs import _created

FORM_METHODS = {"PUT", "PATCH", "DELETE"}


def is_page_form(request: Request) -> bool:
    """Return whether a browser session sent this request by a form, and takes a page for an answer."""
    return (
        is_form_media_type(request.content_type)
        and request.accepted_renderer.format == "api"
        and isinstance(request.successful_authenticator, SessionAuthentication)
    )


def take_method(request: Request, view: Any) -> None:
    """Give the request the method and the headers that its form holds. Its CSRF token has been checked by then."""
    if request._request.method == "POST" and is_page_form(request):
        for name, header in FORM_HEADERS.items():
            if name in request.data:
                request.META[header] = str(request.data[name])
        method = request.data.get(METHOD_FIELD)
        if method in FORM_METHODS:
            request._request.method = method
            if hasattr(view, "action_map"):
                view.action = view.action_map.get(method.lower())


def see_other(request: Request, response: Response, view: Any) -> HttpResponse:
    """Return the 303 that answers a form that was accepted: a reload of what it leads to sends nothing again."""
    url, notice = request.path, _("Saved.")
    if response.status_code == 201:
        if row := _created(response.data, view):
            notice = format_html('{} <a href="{}">{}</a>', _("Saved:"), response["Location"], row)
    elif response.status_code == 204 and not hasattr(view, "basename"):
        url, notice = reverse("root"), _("Done.")
    elif response.status_code == 204:
        url, notice = reverse(f"{view.basename}-list"), format_html("{} {}", _("Deleted:"), view.row)
    messages.success(request._request, notice)
    return HttpResponse(status=303, headers={"Location": url})
