"""What happens when the form of a page is submitted (docs/adr/0009-pages-without-a-script.md)."""

from typing import TYPE_CHECKING, NamedTuple

from django.contrib import messages
from django.db.models import Model
from django.http import HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from ..parsers import FORM_HEADERS, METHOD_FIELD
from ..types import AnySerializer, JSONObject
from .requests import check_next, is_page_form, next_path

if TYPE_CHECKING:
    from ..views import StrictViewMixin

FORM_METHODS = {"PUT", "PATCH", "DELETE"}


class FormState(NamedTuple):
    """What the pages need to know about a form, besides the response to it.

    The method of a view that handles a form sets the view's `form_state`, once or, as soon as it knows more, again. If
    the form is refused, PageRenderer reads it to show the form again. If it is accepted, `see_other` reads it for its
    message. It is on the view because the REST framework passes only the view and the response to these two.
    """

    serializer: AnySerializer | None = None  # it has the values that were sent
    stored: object = None  # the data, as it is stored, of the row that they were to change
    conflicts: frozenset[str] | None = None  # the fields that the form and somebody else changed; None if not known
    deleted: object = None  # the row that the form deletes, or a text about several rows
    done: str = ""  # what the message says, if the method of the form doesn't tell it
    revision: int | None = None  # the number of what the form has written, which the message offers to undo


def take_method(request: Request, view: "StrictViewMixin") -> None:
    """Give the request the method and the headers that its form holds. Its CSRF token has been checked already."""
    if request._request.method == "POST" and is_page_form(request):
        check_next(request)
        for name, header in FORM_HEADERS.items():
            if name in request.data:
                request.META[header] = str(request.data[name])
        method = request.data.get(METHOD_FIELD)
        if method in FORM_METHODS:
            request._request.method = method
            if action_map := getattr(view, "action_map", None):
                view.action = action_map.get(method.lower())  # type: ignore[attr-defined]  # of a viewset


def see_other(request: Request, response: Response, view: "StrictViewMixin") -> HttpResponse:
    """Return the 303 for a form that was accepted, so that a reload of the next page does not send the form again."""
    after, message = next_path(request), view.form_state.done or _("Saved.")
    url = after or request.path
    basename: str | None = getattr(view, "basename", None)  # of a viewset
    if view.form_state.done:
        url = after or response.headers.get("Location") or reverse(f"{basename}-list" if basename else "root")
    elif response.status_code == 201:
        if row := _created_row(response.data, view):
            message = format_html('{} <a href="{}">{}</a>', _("Saved:"), response["Location"], row)
    elif response.status_code == 204 and basename is None:
        url, message = after or reverse("root"), _("Done.")
    elif response.status_code == 204:
        if not after or after.partition("?")[0].rstrip("/") == request.path.rstrip("/"):  # that page is gone
            url = reverse(f"{basename}-list")
        message = format_html("{} {}", _("Deleted:"), view.form_state.deleted)
    if note := view.form_note():
        message = format_html("{} {}", message, note)
    messages.success(request._request, message, extra_tags=str(view.form_state.revision or ""))
    return HttpResponse(status=303, headers={"Location": url})


def _created_row(data: JSONObject, view: "StrictViewMixin") -> Model | None:
    """Return the row that was created; None if the form was sent again after the row was deleted."""
    if serializer := getattr(data, "serializer", None):
        row: Model = serializer.instance
        return row
    assert isinstance(view, GenericAPIView)
    return view.get_queryset().filter(pk=data["id"]).first()  # the data is the stored answer to the same key
