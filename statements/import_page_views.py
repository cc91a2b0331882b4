"""The pages of imports: which template an action has, and what it shows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from cashman_project.api.origin import origin_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.requests import is_page_form, own_path
from cashman_project.api.pagination import PAGE_SIZE, KeysetPagination, OrderedBy, Page, read_page_request
from cashman_project.api.parsers import NEXT_FIELD
from cashman_project.api.problems import FieldError
from cashman_project.api.types import AnyResponse, JSONObject, SerializerField
from cashman_project.api.views import StrictViewMixin
from ledgers.writer import writing
from transactions.models import Category
from transactions.models.named import NamedModel
from transactions.tag_fields import TagsField

from .choices import Status, Verdict
from .examples import VERDICTS
from .import_forms import WHAT, changes_of
from .import_pages import PlanPage, file_inputs, listed, shown_number
from .import_questions import currency_input
from .import_row_pages import RowPage
from .models import Import, ImportRow
from .services.shown import plans_json, rows_json

if TYPE_CHECKING:
    Base = StrictViewMixin  # the mixin calls the methods of the view that it is mixed into
else:
    Base = object

LIST, PLAN, ROW = (f"statements/{name}.html" for name in ("import_list", "import_detail", "import_row"))
REFRESH = "2"  # seconds until the page of a file that is being read looks how far that is


class ByCreation:
    """The order of a list of plans: the newest ones first."""

    orderings: Mapping[str, OrderedBy] = {"created_at": "created_at"}
    default_ordering = "-created_at"

    def __init__(self, queryset: QuerySet[Import]) -> None:
        self.queryset = queryset


class ByNumber:
    """The order of the rows of a plan: that of the file."""

    queryset = None
    orderings: Mapping[str, OrderedBy] = {"number": "number"}
    default_ordering = "number"


def page_of_plans(request: Request) -> tuple[JSONObject, Page[Import]]:
    """Return a page of the list of plans, as JSON has it and with its rows. Raises ValidationError."""
    owner = owner_of(request)
    plans = Import.objects.filter(owner=owner)
    page_request = read_page_request(request, ByCreation(plans))
    found = list(page_request.window.of(plans, *page_request.start(Import)))
    page = page_request.page(found, lambda plan: (plan.created_at, plan.pk))
    return {"next": page.next, "previous": page.previous, "results": plans_json(owner, page.rows)}, page


def page_of_rows(request: Request, plan: Import) -> tuple[JSONObject, Page[ImportRow]]:
    """Return a page of the rows of a plan, likewise."""
    owner = owner_of(request)
    rows = ImportRow.objects.filter(owner=owner, import_id=plan.pk)
    if verdict := request.query_params.get("verdict"):
        if verdict not in Verdict.values:
            raise ValidationError({"verdict": [VERDICTS]}, code="invalid_choice")
        rows = rows.filter(verdict=verdict)
    page_request = read_page_request(request, ByNumber())
    window, cursor = page_request.window, page_request.cursor
    rows = rows.order_by("-number" if window.descending else "number")
    if cursor:
        rows = rows.filter(**{"number__lt" if window.descending else "number__gt": int(cursor.value)})
    page = page_request.page(list(rows[: window.size + 1]), lambda row: (row.number, row.number))
    return {"next": page.next, "previous": page.previous, "results": rows_json(owner, plan, page.rows)}, page


class ImportPagesMixin(Base):
    """Adds the pages to the viewset of imports. Their forms send what the API takes (import_forms.py)."""

    action: str  # as the viewset has it
    pages = {"index": LIST, "show": PLAN, "rows": PLAN, "row": ROW}
    error_pages = {"upload": LIST, "answer": PLAN, "read": PLAN, "edit": ROW}
    conflict_pages = {"upload": LIST, "answer": PLAN, "read": PLAN, "commit": PLAN, "remove": PLAN, "edit": ROW}
    read_plan: Import  # of a page
    shown_rows: JSONObject | None = None  # of the page of a plan

    def plan(self, key: str) -> Import:
        """Return the owner's plan; raises NotFound."""
        raise NotImplementedError

    def shown(self, plan: Import) -> JSONObject:
        """Return a plan as JSON."""
        raise NotImplementedError

    def page_parameters(self) -> frozenset[str]:
        further = {
            "index": {"account", NEXT_FIELD},
            "show": KeysetPagination.parameters | {"verdict", NEXT_FIELD},
            "rows": {NEXT_FIELD},
            "row": {NEXT_FIELD},
        }
        return frozenset(further.get(str(self.action), ()))

    def is_page(self) -> bool:
        return self.request.accepted_renderer.format == "api"

    def page_context(self, data: JSONObject) -> dict[str, object]:
        if self.action == "index":
            return self._list_context(data)
        if self.action == "row":
            return {"page": RowPage(owner_of(self.request), self.read_plan, data)}
        if self.action == "rows":
            return self._plan_context(self.read_plan, self.shown(self.read_plan), data)
        return self._plan_context(self.read_plan, data, self.shown_rows)

    def error_context(self, problem: JSONObject) -> dict[str, object]:
        if self.action == "upload":
            owner = owner_of(self.request)
            plans = Import.objects.filter(owner=owner).order_by("-created_at", "-id")[:PAGE_SIZE]
            return self._list_context({"results": plans_json(owner, list(plans))})
        plan = self.plan(self.kwargs["pk"])
        if self.action == "edit":
            content = self.row_of(plan)
            sent = self.request.data if is_page_form(self.request) else {}
            return {"page": RowPage(owner_of(self.request), plan, content, sent, problem["errors"])}
        return self._plan_context(plan, self.shown(plan), None, problem["errors"])

    def _list_context(self, data: JSONObject) -> dict[str, object]:
        owner = owner_of(self.request)
        inputs = file_inputs(owner, self.request.query_params.get("account", ""))
        return {"plans": listed(owner, data["results"]), "inputs": inputs}

    def _plan_context(
        self, plan: Import, content: JSONObject, data: JSONObject | None, errors: Sequence[FieldError] = ()
    ) -> dict[str, object]:
        owner, verdict = owner_of(self.request), self.request.query_params.get("verdict", "")
        rows = data["results"] if data else ()
        sent = self.request.data if self.action == "answer" and is_page_form(self.request) else {}
        page = PlanPage(owner, plan, content, verdict, rows, data or {}, own_path(self.request), sent, errors)
        context: dict[str, object] = {"page": page}
        if page.asks_currency:
            context["currency"] = currency_input(owner)
        return context

    # -- Forms --------------------------------------------------------------------------------

    def row_of(self, plan: Import) -> JSONObject:
        """Return the row of the path as JSON; raises NotFound."""
        owner = owner_of(self.request)
        rows = ImportRow.objects.filter(owner=owner, import_id=plan.pk, number=int(self.kwargs["row"]))
        for content in rows_json(owner, plan, list(rows)):
            return content
        raise NotFound

    def row_changes(self, plan: Import) -> JSONObject:
        """Return what the request changes of a row."""
        return changes_of(self.request.data, self.row_of(plan)) if is_page_form(self.request) else self.request.data

    def save_new_names(self, category: Category | None, tags: SerializerField) -> None:
        """Save the category and the tags that the form of a row has made up."""
        assert isinstance(tags, TagsField)
        new: list[NamedModel] = [*tags.new, *([category] if category is not None and category._state.adding else [])]
        if new:
            with writing(owner_of(self.request).pk, origin_of(self.request), in_transaction=True) as write:
                write.lock()
                for row in new:
                    row.save()

    def finalize_response(
        self, request: Request, response: AnyResponse, *args: object, **kwargs: object
    ) -> AnyResponse:
        response = super().finalize_response(request, response, *args, **kwargs)
        is_shown = self.action == "show" and response.status_code == 200 and self.is_page()
        if is_shown and self.read_plan.status == Status.READING:
            response.headers["Refresh"] = REFRESH
        if self.action == "edit" and response.status_code == 303 and WHAT not in request.data:
            response.headers["Location"] += f"#row-{self.kwargs['row']}"  # a button in the table: back to its row
        return response


def done_text(plan: JSONObject) -> str:
    """Return what the message says after a commit."""
    number = plan["counts"][Verdict.NEW] + plan["counts"][Verdict.TRANSFER]
    if not number:
        return _("Done.")
    text = ngettext("%(count)s transaction imported.", "%(count)s transactions imported.", number)
    return text % {"count": shown_number(number)}


def undone_text(number: int) -> str:
    """Return what the message says after an undo."""
    text = ngettext("%(count)s transaction deleted.", "%(count)s transactions deleted.", number)
    return text % {"count": shown_number(number)}
