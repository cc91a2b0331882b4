"""The start page: the links to everything, and a dashboard for who is signed in."""

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cashman_project.api.authentication import BrowserAuthentication
from cashman_project.api.etags import wants_json
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Input, form_inputs
from cashman_project.api.views import PublicView
from ledgers.reads import LedgerReads
from transactions.models import Transaction
from transactions.serializers import ExpenseSerializer
from transactions.services.suggestions import form_suggestions

from .base_view import CHART_HEADERS
from .dashboard import Dashboard

ANSWER = {
    (200, "application/json"): OpenApiResponse(
        {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}},
        examples=[OpenApiExample("Links", {"incomes": "https://cashman.example/incomes"})],
    )
}
QUICK_FIELDS = ("description", "amount", "category", "date")


class StartView(LedgerReads, PublicView):
    """Cashman keeps track of your money. These are the URLs of its resources."""

    authentication_classes = (BrowserAuthentication,)  # the page shows who is signed in
    links: dict[str, str] = {}
    pages = {"get": "transactions/root.html"}
    dashboard: Dashboard

    @extend_schema(
        operation_id="get_root", summary="List the URLs of all resources", tags=["service"], responses=ANSWER
    )
    def get(self, request: Request) -> HttpResponseBase:
        links = {name: reverse(view_name, request=request) for name, view_name in self.links.items()}
        if wants_json(request) or not request.user.is_authenticated:
            return Response(links)
        self.pages = {"get": "reports/dashboard.html"}
        self.dashboard = Dashboard(owner_of(request))
        return Response(links, headers=CHART_HEADERS)

    def quick_inputs(self) -> list[Input]:
        """Return the inputs of the form for an expense or an income."""
        serializer = ExpenseSerializer(context={"request": self.request})
        owner = owner_of(self.request)
        suggestions = form_suggestions(owner, Transaction.objects.for_owner(owner))
        inputs = {one.name: one for one in form_inputs(serializer, suggestions=suggestions)}
        return [inputs[name] for name in QUICK_FIELDS]
