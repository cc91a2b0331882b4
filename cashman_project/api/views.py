"""The base of every view, and the views that belong to no resource."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views import View
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, inline_serializer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ..db.postgresql.citus import local_tables
from ..db.replica import REPLICA
from .errors import Unavailable
from .etags import check_untagged, tagged_json
from .fastpath.owner_query import OwnerColumn, OwnerQuery
from .filters import check_parameters
from .freshness import LEDGER_REVISION, choose_database, revision_first
from .limits import ROW
from .owner import language_of
from .pages.inputs import Suggestion
from .pages.requests import ask_for, check_next, is_page_form
from .pages.submission import FormState, see_other, take_method
from .parsers import NEXT_FIELD
from .renderers import JSONRenderer
from .schema import problems
from .types import AnyResponse, JSONObject

STATUS = OpenApiResponse(
    inline_serializer("Status", {"status": serializers.CharField()}),
    examples=[OpenApiExample("Good", {"status": "ok"})],
)
if TYPE_CHECKING:
    Base = APIView  # the mixin calls the methods of the view that it is mixed into
else:
    Base = object

VARY = ["Accept", "Accept-Language", "Authorization", "Cookie"]


class StrictViewMixin(Base):
    """Refuses unknown query parameters, uses the user's language, and keeps responses out of caches."""

    body_limit = ROW  # bytes of a body
    array_actions: frozenset[str] = frozenset()  # actions that take an array of rows, and so a body up to BODY_LIMIT
    file_actions: frozenset[str] = frozenset()  # actions that take a file
    bodiless: frozenset[str] = frozenset({"options", "metadata"})  # actions, or methods, whose response has no body
    query_parameters: frozenset[str] = frozenset()
    repeatable_parameters: frozenset[str] = frozenset()
    repeatable_on_pages: frozenset[str] = frozenset()  # and these on pages, because of their forms
    # Templates by action (or by method, in a view without actions): of a good response, a 400, a 404 and a 409.
    pages: Mapping[str, str] = {}
    error_pages: Mapping[str, str] = {}
    missing_pages: Mapping[str, str] = {}
    conflict_pages: Mapping[str, str] = {}
    form_page = "pages/form.html"  # the template of a refused form
    form_state = FormState()
    owner_query: OwnerQuery | None = None
    revision_query: OwnerQuery | None = None  # of a read, if it has to find the last revision before any rows
    ledger_revision: int | None = None  # which the response is at least as new as, if that is known

    def perform_authentication(self, request: Request) -> None:
        if REPLICA.is_configured or "HTTP_MIN_REVISION" in request._request.META:
            with revision_first(self):
                super().perform_authentication(request)
        else:
            super().perform_authentication(request)
        take_method(request, self)  # before the permissions are checked, because they look at the method
        if language := language_of(request):
            translation.activate(language)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if not hasattr(self, str(request.method).lower()):  # whatever its parameters are
            raise MethodNotAllowed(str(request.method))
        allowed, repeatable = self.allowed_parameters(), self.repeatable_parameters
        if request.accepted_renderer.format == "api":
            allowed, repeatable = allowed | self.page_parameters(), repeatable | self.repeatable_on_pages
            if not request.query_params and (query := self.page_query()):
                ask_for(request, query)
        check_parameters(request, allowed, repeatable)
        if NEXT_FIELD in allowed:
            check_next(request)
        if request.method == "POST" and hasattr(self, "post"):  # without `post` it is a 405
            check_untagged(request)
        if self.revision_query is not None:
            self.ledger_revision = choose_database(self, self.revision_query)

    def owner_columns(self) -> tuple[OwnerColumn, ...]:
        """Return what a read needs to know of the owner besides the rows. The first one is the last revision of the
        owner's ledger."""
        return ()

    def allowed_parameters(self) -> frozenset[str]:
        """Return the names of the query parameters that this request may have."""
        return self.query_parameters

    def page_parameters(self) -> frozenset[str]:
        """Return the names of further query parameters that a page may have."""
        return frozenset()

    def page_query(self) -> Mapping[str, str]:
        """Return the parameters of a page whose request has none."""
        return {}

    def page_context(self, data: JSONObject) -> dict[str, object]:
        """Return what the page of a good response shows beside `data`."""
        return {}

    def error_context(self, problem: JSONObject) -> dict[str, object]:
        """Return what the page of an error shows beside the problem."""
        return {}

    def suggestions(self) -> "Mapping[str, list[Suggestion]]":
        """Return what the inputs of the page's form suggest, by the names of its fields."""
        return {}

    def form_note(self) -> str:
        """Return what the user should know of a form that was accepted, besides that it was; "" if there is nothing."""
        return ""

    def finalize_response(
        self, request: Request, response: AnyResponse, *args: object, **kwargs: object
    ) -> AnyResponse:
        response = super().finalize_response(request, response, *args, **kwargs)
        is_change = request.method not in SAFE_METHODS and response.status_code < 400
        if is_change and is_page_form(request) and getattr(self, "action", None) not in self.pages:
            response = see_other(request, response, self)
        if self.ledger_revision is not None and response.status_code < 400:
            response.headers[LEDGER_REVISION] = str(self.ledger_revision)
        response.headers.setdefault("Cache-Control", "no-store")
        if "Vary" in response.headers:
            patch_vary_headers(response, VARY)
        else:
            response.headers["Vary"] = ", ".join(VARY)
        return response

    @property
    def default_response_headers(self) -> dict[str, str]:
        view: Any = self.__class__  # mypy does not see that a class is hashable
        return {"Allow": _allow(view, *getattr(self, "action_map", ()))}

    def options(self, request: HttpRequest, *args: object, **kwargs: object) -> AnyResponse:
        """Return the methods that are allowed here, in the header Allow."""
        response = HttpResponse(status=204)  # not a Response: a view with a template can't render it without data
        del response.headers["Content-Type"]
        return response


@lru_cache
def _allow(view: type[View], *methods: str) -> str:
    """Return the header Allow of a view: the methods that it defines, and those that a route maps to its actions."""
    names = {name for name in view.http_method_names if name in methods or hasattr(view, name)}
    if "get" in names:
        names.add("head")
    return ", ".join([name.upper() for name in view.http_method_names if name in names])


class ApiView(StrictViewMixin, APIView):
    """The base of the views that belong to no viewset."""


class PublicView(ApiView):
    """The base of a view that needs no token and ignores one."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes = (AllowAny,)


class PingView(PublicView):
    """Says that the service works. It needs no token."""

    @extend_schema(operation_id="ping", summary="Check that the service works", tags=["service"], responses=STATUS)
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class SecuredPingView(ApiView):
    """Says that the service works and your token is valid."""

    @extend_schema(
        operation_id="ping_with_token", summary="Check that a token is valid", tags=["service"], responses=STATUS
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class LiveView(PublicView):
    """200 if the process answers. It does not need the database."""

    renderer_classes = (JSONRenderer,)

    @extend_schema(
        operation_id="get_liveness", summary="Check that the process answers", tags=["service"], responses=STATUS
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class ReadyView(PublicView):
    """200 if the database can be reached, is migrated and, on a Citus, distributed; 503 otherwise."""

    renderer_classes = (JSONRenderer,)
    has_tables = False  # once this process has seen them all in their places, it does not look again

    @extend_schema(
        operation_id="get_readiness",
        summary="Check that the database can be used",
        tags=["service"],
        responses={200: STATUS, **problems(503)},
    )
    def get(self, request: Request) -> Response:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            if not ReadyView.has_tables and _pending_migrations():
                raise Unavailable(_("The database is not migrated yet."))
            if not ReadyView.has_tables and local_tables(connection):
                raise Unavailable(_("Some tables are not distributed yet."))
        except Error:
            raise Unavailable from None
        ReadyView.has_tables = True
        return Response({"status": "ok"})


def _pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


class SchemaView(StrictViewMixin, SpectacularAPIView):
    """The OpenAPI description of this API, in English. Each process makes it once."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: object, **kwargs: object) -> HttpResponse:
        renderer: Any = request.accepted_renderer  # mypy does not see that its class is hashable
        headers = {
            "Cache-Control": "no-cache",  # a cache may keep it, but asks each time whether it has changed
            "Content-Disposition": f'inline; filename="Cashman.{renderer.format}"',
        }
        content = _document(renderer.__class__, get_script_prefix())
        content_type = f"{renderer.media_type}; charset={renderer.charset}" if renderer.charset else renderer.media_type
        return tagged_json(request, content, content_type, headers=headers)


@lru_cache
def _document(renderer: type[BaseRenderer], prefix: str) -> bytes:
    """Return the description of the API at the URL prefix. It is in English, because names in clients come from it."""
    with translation.override("en"):
        document = SchemaGenerator().get_schema(request=None, public=True)
    content: bytes = renderer().render(document, renderer_context={})
    return content


class DocsView(StrictViewMixin, SpectacularSwaggerSplitView):
    """All operations of this API. You can read about them and try them here."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    query_parameters = frozenset({"script"})  # the page loads its script from this path with it
    template_name = "pages/docs.html"
