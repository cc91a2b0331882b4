"""HTML out: the browsable pages (docs/adr/0009-pages-without-a-script.md)."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
from django.template import loader
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from rest_framework import renderers
from rest_framework.request import Request
from rest_framework.response import Response

from ..etags import etag_of
from ..owner import owner_of
from ..renderers import text_of
from ..types import JSONObject, RequestContext
from . import inputs as pages
from .layout import laid_out
from .merging import base_of, differences
from .requests import list_path, next_path, own_path

if TYPE_CHECKING:
    from ..views import StrictViewMixin


MOST_JSON_ROWS = 3  # that the page of a list shows as JSON, which would be half of the page


class PageRenderer(renderers.BrowsableAPIRenderer):
    """The browsable page: a template for the data, or for a form and its errors.

    The view names the templates, by action (or by method, if it has no actions): `pages`, `error_pages` for a 400,
    `missing_pages` for a 404 and `conflict_pages` for a 409. If a form was refused (400, 404, 409, 412, 422), its
    `form_page` shows the form again, as the view's `form_state` has it. If the row that it changes is gone (404), it
    becomes the form for a new one.
    """

    default_page = "pages/data.html"

    def render(
        self,
        data: JSONObject | None,
        accepted_media_type: str | None = None,
        renderer_context: RequestContext | None = None,
    ) -> bytes:
        """Return the page in UTF-8; b"" if there is no data."""
        assert renderer_context is not None
        view, request, response = (renderer_context[name] for name in ("view", "request", "response"))
        if data is None:
            return b""
        template = self.error_page(view, response.status_code) if response.exception else _page(view, view.pages)
        context = _context(data, view, request, response)
        with timezone.override(ZoneInfo(owner_of(request).time_zone) if request.user.is_authenticated else None):
            page = loader.render_to_string(template or self.default_page, context, request=request)
        return page.encode("utf-8", "backslashreplace")  # a JSON escape may have brought in half a surrogate pair

    @staticmethod
    def error_page(view: "StrictViewMixin", status: int) -> str | None:
        """Return the template that shows an error of the view on the page it belongs to; None if there is none."""
        if view.form_state.serializer is None:
            return _page(
                view, {400: view.error_pages, 404: view.missing_pages, 409: view.conflict_pages}.get(status, {})
            )
        return view.form_page if status in (400, 404, 409, 412, 422) else None


def _page(view: "StrictViewMixin", templates: Mapping[str, str]) -> str | None:
    return templates.get(getattr(view, "action", None) or (view.request.method or "").lower())


def _start_of(data: object) -> object:
    """Return the data; of a list, only the first rows."""
    if isinstance(data, dict) and isinstance(rows := data.get("results"), list):
        return {**data, "results": rows[:MOST_JSON_ROWS]}
    return data


def _as_content(text: str) -> SafeString:
    """Return the text as it stands between tags, where quotes are themselves: JSON has many."""
    return SafeString(escape(text, quote=False))


# Only viewsets, which have an `action`, have rows.
def _context(data: JSONObject, view: Any, request: Request, response: Response) -> dict[str, object]:
    """Return what the templates use."""
    problem = data if response.exception else None
    serializer, stored, conflicts, *_others = view.form_state
    errors = problem["errors"] if problem else []
    if problem and problem["status"] == 412:
        errors = differences(serializer, stored, conflicts)
    is_gone = serializer is not None and response.status_code == 404
    context: dict[str, object] = {
        "view": view,
        "data": data,
        "problem": problem,
        "description": view.get_view_description(html=True),
        "curl": f'curl -H "Authorization: Bearer $TOKEN" {shlex.quote(request.build_absolute_uri())}',
        "json": _as_content(orjson.dumps(_start_of(data), default=text_of, option=orjson.OPT_INDENT_2).decode()),
        "most_json_rows": MOST_JSON_ROWS,
        "method": "POST" if is_gone else request.method,
        "action": reverse(f"{view.basename}-list") if is_gone else request.path,
        "next": next_path(request),
        "here": own_path(request) if request.method == "GET" else "",
        "key": uuid4(),  # the idempotency key of the page's form: if it is sent twice, it creates one row
    }
    action = getattr(view, "action", None)
    if action:
        names = view.queryset.model._meta
        context |= {"one": names.verbose_name, "many": names.verbose_name_plural}
    if action == "list":
        serializer = view.get_serializer()
        context |= {"next": list_path(request), "next_after_new": list_path(request, first_page=True)}
        context |= {"orderings": pages.orderings(request, view), "order": pages.ordering_input(request, view)}
    elif serializer is None:
        serializer = getattr(data, "serializer", None)
    if hasattr(shown := data if stored is None else stored, "serializer"):
        context["etag"] = etag_of(orjson.dumps(shown))
    # On a list only the filters can be wrong: a form of the list that was refused is shown on a page of its own.
    form_errors = [] if action == "list" else errors
    new_row = view.new_row() if action == "list" and problem is None else {}
    form = [] if serializer is None else pages.form_inputs(serializer, form_errors, new_row, view.suggestions())
    if form and request.user.is_authenticated:
        form = laid_out(form, serializer, owner_of(request))
    if (original := getattr(shown, "serializer", None)) is not None and form and action != "list":
        present = pages.form_inputs(original)
        context["base"] = base_of(present)
        theirs = {one.name: one.value for one in present} if conflicts else {}
        form = [replace(one, theirs=theirs.get(one.name) if one.errors else None) for one in form]
    filters: dict[str, pages.Input] = {}
    if action in (None, "list") and getattr(view, "filterset_class", None):
        filterset = view.filterset_class(request.query_params, request=request)
        filters = pages.filter_inputs(filterset, request, errors)
        context["filtered"] = any(filter_input.values for filter_input in filters.values())
    inputs = [*filters.values()] if action == "list" else [*form, *filters.values()]
    names_of_inputs = {one.name for one in inputs}
    context |= view.page_context(data) if problem is None else view.error_context(problem)
    return {
        **context,
        "form": form,
        "form_more": (more := [one for one in form if one.more]),
        "form_more_open": any(one.value or one.errors for one in more),
        "filters": filters,
        "other_errors": [error for error in errors if error["field"] not in names_of_inputs],
        "focused": next(
            (one for one in inputs if one.errors), form[0] if form and view.form_state.serializer else None
        ),
    }
