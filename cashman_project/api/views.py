"""The base of every view, and the views that belong to no resource."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, inline_serializer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from .authentication import BrowserAuthentication
from .errors import Unavailable
from .etags import check_untagged, tagged_json
from .filters import check_parameters
from .limits import ROW
from .owner import owner_of
from .pages.submission import is_page_form, see_other, take_method
from .renderers import JSONRenderer
from .schema import problems

STATUS = OpenApiResponse(
    inline_serializer("Status", {"status": serializers.CharField()}),
    examples=[OpenApiExample("Good", {"status": "ok"})],
)
ROOT_ANSWER = {
    (200, "application/json"): OpenApiResponse(
        {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}},
        examples=[OpenApiExample("Links", {"incomes": "https://cashman.example/incomes"})],
    )
}

VARY = ["Accept", "Accept-Language", "Authorization", "Cookie"]


class StrictViewMixin:
    """Refuses unknown query parameters, speaks the user's language, and keeps answers out of caches."""

    body_limit = ROW  # bytes of a body
    array_actions: frozenset[str] = frozenset()  # which take an array of rows, and so a body up to BODY_LIMIT
    bodiless: frozenset[str] = frozenset({"options", "metadata"})  # actions, or methods, that answer without a body
    query_parameters: frozenset[str] = frozenset()
    repeatable_parameters: frozenset[str] = frozenset()
    pages: Mapping[str, str] = {}
    fault_pages: Mapping[str, str] = {}
    conflict_pages: Mapping[str, str] = {}
    form_page = "pages/form.html"
    submitted: Any = None  # the serializer of what was sent, for its page to show again with the faults
    present: Any = None  # the data of what it was to replace

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)  # type: ignore[misc]  # of the view mixed in
        take_method(request, self)  # before permissions are checked, which ask for the method

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # of the view mixed in
        check_parameters(request, self.allowed_parameters(), self.repeatable_parameters)
        if request.method == "POST" and hasattr(self, "post"):  # elsewhere it is a 405
            check_untagged(request)
        if request.user.is_authenticated and "HTTP_ACCEPT_LANGUAGE" not in request.META:
            language = owner_of(request).language
            if language != settings.LANGUAGE_CODE:  # which is spoken already
                translation.activate(language)

    def allowed_parameters(self) -> frozenset[str]:
        """Return the names of the query parameters that this request may have."""
        return self.query_parameters

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        is_change = request.method not in SAFE_METHODS and response.status_code < 400
        if is_change and is_page_form(request) and getattr(self, "action", None) not in self.pages:
            response = see_other(request, cast("Response", response), self)
        response.headers.setdefault("Cache-Control", "no-store")
        if "Vary" in response.headers:
            patch_vary_headers(response, VARY)
        else:
            response.headers["Vary"] = ", ".join(VARY)
        return response

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {"Allow": _allow(cast("Any", self.__class__), *getattr(self, "action_map", ()))}

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer with the methods that are allowed here."""
        response = HttpResponse(status=204)  # a rendered one would need data where the view's renderer has a template
        del response.headers["Content-Type"]
        return response


@lru_cache
def _allow(view: Any, *methods: str) -> str:
    """Return the methods that a view answers: its own, and those that a viewset is given."""
    names = {name for name in view.http_method_names if name in methods or hasattr(view, name)}
    if "get" in names:
        names.add("head")
    return ", ".join([name.upper() for name in view.http_method_names if name in names])


class ApiView(StrictViewMixin, APIView):
    """The base of a view of its own."""


class PublicView(ApiView):
    """The base of a view that needs no token, and reads none."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes = (AllowAny,)


class RootView(PublicView):
    """Cashman keeps what comes in and what goes out. Here is where to find what."""

    authentication_classes = (BrowserAuthentication,)  # for the page, which says who you are
    links: dict[str, str] = {}

    @extend_schema(operation_id="get_root", summary="List where to find what", tags=["service"], responses=ROOT_ANSWER)
    def get(self, request: Request) -> Response:
        return Response({name: reverse(view_name, request=request) for name, view_name in self.links.items()})


class PingView(PublicView):
    """Answers without a token: the service is there."""

    @extend_schema(operation_id="ping", summary="Say that the service is there", tags=["service"], responses=STATUS)
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class SecuredPingView(ApiView):
    """Answers with a good token alone: the service is there, and knows you."""

    @extend_schema(
        operation_id="ping_with_token", summary="Say that a token is good", tags=["service"], responses=STATUS
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class LiveView(PublicView):
    """200 while the process answers; the database is not asked."""

    renderer_classes = (JSONRenderer,)

    @extend_schema(
        operation_id="get_liveness", summary="Say whether the process answers", tags=["service"], responses=STATUS
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class ReadyView(PublicView):
    """200 while the database is reachable and migrated; 503 otherwise."""

    renderer_classes = (JSONRenderer,)
    migrated = False  # what this process has once seen so stays so

    @extend_schema(
        operation_id="get_readiness",
        summary="Say whether the database can be used",
        tags=["service"],
        responses={200: STATUS, **problems(503)},
    )
    def get(self, request: Request) -> Response:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            ReadyView.migrated = ReadyView.migrated or not _pending_migrations()
        except Error:
            raise Unavailable from None
        if not ReadyView.migrated:
            raise Unavailable(_("The database is not migrated yet."))
        return Response({"status": "ok"})


def _pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


class SchemaView(StrictViewMixin, SpectacularAPIView):
    """The OpenAPI description of this API: made once by each process, in English."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer: Any = request.accepted_renderer
        headers = {
            "Cache-Control": "no-cache",  # it may be kept, and is asked for by its tag
            "Content-Disposition": f'inline; filename="Cashman.{renderer.format}"',
        }
        content = _document(renderer.__class__, get_script_prefix())
        content_type = f"{renderer.media_type}; charset={renderer.charset}" if renderer.charset else renderer.media_type
        return tagged_json(request, content, content_type, headers=headers)


@lru_cache
def _document(renderer: Any, prefix: str) -> bytes:
    """Return the description of the API as mounted at the prefix; in English, since names in clients come from it."""
    with translation.override("en"):
        document = SchemaGenerator().get_schema(request=None, public=True)
    content: bytes = renderer().render(document, renderer_context={})
    return content


class DocsView(StrictViewMixin, SpectacularSwaggerSplitView):
    """The OpenAPI description of this API, to read and to try."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    query_parameters = frozenset({"script"})  # how its page asks for its script
    template_name = "pages/docs.html"
