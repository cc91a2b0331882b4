"""HTML out: the browsable pages (docs/adr/0009-pages-without-a-script.md)."""

import shlex
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson
from django.template import loader
from rest_framework import renderers
from rest_framework.request import Request
from rest_framework.response import Response

from ..etags import etag_of
from ..renderers import plain
from . import inputs as pages


class PageRenderer(renderers.BrowsableAPIRenderer):
    """The browsable page: a template around the data, or around a form and the faults of what it sent.

    The view says which: `pages` by action (or by method, where there are no actions), likewise
    `fault_pages` for a 400 and `conflict_pages` for a 409, and `form_page` for these, a 412 and a 422 of what
    its `submitted` serializer holds, which was to replace the `present` data.
    """

    default_page = "pages/data.html"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the page in UTF-8; b"" where there is no data."""
        assert renderer_context is not None
        view, request, response = (renderer_context[name] for name in ("view", "request", "response"))
        if data is None:
            return b""
        template = self.fault_page(view, response.status_code) if response.exception else _page(view, view.pages)
        context = _context(data, view, request, response)
        page = loader.render_to_string(template or self.default_page, context, request=request)
        return page.encode("utf-8", "backslashreplace")  # half a character may come in by an escape

    @staticmethod
    def fault_page(view: Any, status: int) -> str | None:
        """Return the template that shows a problem of the view beside what was asked; None where there is none."""
        if view.submitted is None:
            return _page(view, {400: view.fault_pages, 409: view.conflict_pages}.get(status, {}))
        form_page: str = view.form_page
        return form_page if status in (400, 409, 412, 422) else None


def _page(view: Any, templates: Mapping[str, str]) -> str | None:
    return templates.get(getattr(view, "action", None) or view.request.method.lower())


def _context(data: Any, view: Any, request: Request, response: Response) -> dict[str, Any]:
    action = getattr(view, "action", None)
    problem = data if response.exception else None
    faults = problem["errors"] if problem else []
    if problem and problem["status"] == 412:
        faults = pages.differences(view.submitted, view.present)
    context: dict[str, Any] = {
        "view": view,
        "data": data,
        "problem": problem,
        "description": view.get_view_description(html=True),
        "curl": f'curl -H "Authorization: Bearer $TOKEN" {shlex.quote(request.build_absolute_uri())}',
        "json": orjson.dumps(data, default=plain, option=orjson.OPT_INDENT_2).decode(),
        "method": request.method,
        "key": uuid4(),  # of the page's form: sent twice, it creates once
    }
    serializer = getattr(data, "serializer", None) if view.submitted is None else view.submitted
    if action:
        names = view.queryset.model._meta
        context |= {"one": names.verbose_name, "many": names.verbose_name_plural}
    if action == "list":
        serializer = view.get_serializer()
        context |= {"orderings": pages.orderings(request, view), "order": pages.ordering_input(request, view)}
    present = data if view.present is None else view.present
    if hasattr(present, "serializer"):
        context["etag"] = etag_of(orjson.dumps(present))
    if serializer is not None:
        context["form"] = pages.form_inputs(serializer, faults)
    if action in (None, "list") and getattr(view, "filterset_class", None):
        filterset = view.filterset_class(request.query_params, request=request)
        context["filters"] = pages.filter_inputs(filterset, request, faults)
        context["filtered"] = any(one.values for one in context["filters"].values())
    inputs = {one.name: one for one in (*context.get("form", ()), *context.get("filters", {}).values())}
    context["other_faults"] = [fault for fault in faults if fault["field"] not in inputs]
    context["first_faulty"] = next((one for one in inputs.values() if one.errors), None)
    return context
