"""Rules over HTTP."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from cashman_project.api.filters import flag_of
from cashman_project.api.origin import RULE, origin_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Suggestion
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pages.submission import FormState
from cashman_project.api.types import AnyResponse, AnySerializer, JSONObject, OwnedRows
from cashman_project.api.viewsets import OwnedModelViewSet
from cashman_project.db.retry import in_transaction
from ledgers.viewsets import LedgerMixin
from ledgers.writer import writing
from transactions.tag_fields import TagsField

from . import rule_pages
from .filters import NAME_FILTERS, TransactionFilterSet
from .models import Rule, Transaction
from .rule_serializers import (
    ApplySerializer,
    RuleFormSerializer,
    RuleSerializer,
    RuleSuggestionsSerializer,
    RunSerializer,
    TrySerializer,
    transaction_json,
)
from .services.rule_runs import Run, apply_rule, changes_of, plan_rule, try_rule
from .services.rule_suggestions import rule_suggestions
from .services.splits import save_new_names
from .services.suggestions import form_suggestions

ResultT = TypeVar("ResultT")

TRIED_ON_PAGE = 10  # transactions that the page of a rule that is tried lists
MOST_VALUES = 100  # of a filter, in a body
OVERWRITE = OpenApiParameter(
    "overwrite", OpenApiTypes.BOOL, default=False, description="Whether it replaces what transactions have."
)
FILTERS = TransactionFilterSet.base_filters


class RuleViewSet(LedgerMixin, OwnedModelViewSet):
    """What new transactions get where they say nothing themselves."""

    queryset = Rule.objects.select_related("category", "account")
    serializer_class = RuleSerializer
    orderings = {"position": "position", "created_at": "created_at"}
    default_ordering = "position"
    repeatable_parameters = frozenset(NAME_FILTERS)
    changes = OwnedModelViewSet.changes | {"create", "apply"}
    pages = {
        **LedgerMixin.pages,
        "list": "transactions/rule_list.html",
        "retrieve": "transactions/rule_detail.html",
        "test": "transactions/rule_test.html",
        "preview": "transactions/rule_apply.html",
    }
    error_pages = {"list": "transactions/rule_list.html"}
    form_page = "transactions/rule_form.html"

    # -- JSON, or a form with an input for each condition ---------------------------------------

    def get_serializer_class(self) -> type[AnySerializer]:
        if getattr(self, "swagger_fake_view", False) or self.request.accepted_renderer.format != "api":
            return RuleSerializer
        is_form = self.request.method in SAFE_METHODS or is_page_form(self.request)
        return RuleFormSerializer if is_form else RuleSerializer

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        if self.action == "test" and is_page_form(request):
            request.META.pop("HTTP_IF_MATCH", None)  # of the form that changes the rule, which is only tried

    def perform_create(self, serializer: AnySerializer) -> None:
        self._save_new_names(serializer)
        super().perform_create(serializer)

    def perform_update(self, serializer: AnySerializer) -> None:
        self._save_new_names(serializer)
        super().perform_update(serializer)

    def _save_new_names(self, serializer: AnySerializer) -> None:
        """Save the category and the tags that a page's form has named, and that are not there yet."""
        if isinstance(serializer, RuleFormSerializer):
            tags = serializer.fields["tags"]
            assert isinstance(tags, TagsField)
            save_new_names(owner_of(self.request), [serializer.validated_data], tags.new)

    # -- Trying ---------------------------------------------------------------------------------

    @extend_schema(
        operation_id="test_rule", summary="Try a rule", request=TrySerializer, responses={200: RunSerializer}
    )
    @action(methods=["post"], detail=False, pagination_class=None, filterset_class=None)
    def test(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Say what a rule would do to your latest transactions. Nothing is saved."""
        if key := request.query_params.get("rule"):
            self.kwargs["pk"] = key
            self._rule()  # which may be gone
        kind = RuleFormSerializer if is_page_form(request) else TrySerializer
        serializer = kind(data=request.data, context=self.get_serializer_context())
        self.form_state = FormState(serializer)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        overwrite = bool(values.pop("overwrite", False))
        rule = Rule(owner=owner_of(request), **values)
        return Response(self._run_json(try_rule(owner_of(request), rule, overwrite=overwrite)))

    def _run_json(self, run: Run) -> JSONObject:
        context = self.get_serializer_context()
        return {
            "compared": run.compared,
            "meet": run.meet,
            "changed": len(run.changed),
            "results": [
                {"transaction": transaction_json(row, context), "changes": changes} for row, changes in changes_of(run)
            ],
        }

    # -- Applying -------------------------------------------------------------------------------

    @extend_schema(
        operation_id="get_rule_preview",
        summary="Say what applying a rule would do",
        parameters=[OVERWRITE],
        filters=True,
        responses=RunSerializer,
    )
    @action(
        detail=True,
        url_path="apply",
        url_name="apply",
        pagination_class=None,
        queryset=Transaction.objects.all(),
        filterset_class=TransactionFilterSet,
    )
    def preview(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Say what the rule would do to the transactions that these filters choose. Nothing is written."""
        overwrite = flag_of(request, "overwrite")
        return Response(self._run_json(plan_rule(self._rule(), self._chosen(), overwrite=overwrite)))

    @extend_schema(
        operation_id="apply_rule",
        summary="Apply a rule to transactions that are there",
        request=ApplySerializer,
        responses={200: RunSerializer},
    )
    @preview.mapping.post
    def apply(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Give the transactions that the filter chooses and that meet the rule what they lack, in one revision."""
        serializer = ApplySerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        chosen = query_of(serializer.validated_data["filter"])

        def work() -> Run:
            rule = self._rule()
            request._request.GET = chosen  # type: ignore[assignment]  # as the filters of a list
            try:
                rows = self._chosen()
            except ValidationError as error:
                found = error.detail
                assert isinstance(found, dict)
                raise ValidationError({f"filter.{name}": found[name] for name in found}) from None
            return apply_rule(rule, rows, overwrite=serializer.validated_data["overwrite"])

        with self.turn():
            run = in_transaction(lambda: self.write(work))
        changed = ngettext(
            "The rule has changed %(count)d transaction.",
            "The rule has changed %(count)d transactions.",
            len(run.changed),
        )
        self.form_state = self.form_state._replace(done=changed % {"count": len(run.changed)})
        return Response(self._run_json(run))

    def write(self, work: Callable[[], ResultT]) -> ResultT:
        if self.action != "apply":
            return super().write(work)
        origin = origin_of(self.request)._replace(via=RULE)
        with writing(owner_of(self.request).pk, origin, in_transaction=True) as write:
            write.lock()
            result = work()
        self.ledger_revision = write.revision
        if write.counts:
            self.wrote(write.revision)
        return result

    def _rule(self) -> Rule:
        """Return the rule that the request names; raises NotFound."""
        rules = Rule.objects.for_owner(owner_of(self.request)).select_related("category", "account")
        rule: Rule | None = rules.filter(pk=self.get_key()).first()
        if rule is None:
            raise NotFound
        return rule

    def _chosen(self) -> OwnedRows:
        """Return the transactions that the filters of the request choose."""
        return self.filter_queryset(self.get_queryset())

    # -- Suggestions ----------------------------------------------------------------------------

    @extend_schema(
        operation_id="list_rule_suggestions", summary="List rules to make", responses=RuleSuggestionsSerializer
    )
    @action(detail=False, url_path="suggestions", url_name="suggestions", pagination_class=None, filterset_class=None)
    def suggested(self, request: Request, *args: object, **kwargs: object) -> AnyResponse:
        """Words that stand with one category in your latest transactions, and in which no rule gives it yet."""
        return Response({"results": [vars(one) for one in rule_suggestions(owner_of(request))]})

    # -- Pages ----------------------------------------------------------------------------------

    def allowed_parameters(self) -> frozenset[str]:
        if self.action == "preview":
            return frozenset({*FILTERS, "overwrite"})
        return super().allowed_parameters()

    def page_parameters(self) -> frozenset[str]:
        further = {"list": frozenset(rule_pages.PREFILLED), "test": frozenset({"rule"})}
        return super().page_parameters() | further.get(str(self.action), frozenset())

    def suggestions(self) -> Mapping[str, list[Suggestion]]:
        return form_suggestions(owner_of(self.request), None)

    def new_row(self) -> dict[str, str]:
        """Return what a suggestion fills in."""
        given = self.request.query_params
        return {name: given[name] for name in rule_pages.PREFILLED if given.get(name)}

    def page_context(self, data: Any) -> dict[str, object]:  # Any: with its serializer
        owner = owner_of(self.request)
        if self.action == "list":
            found = data["results"].serializer.instance
            context = rule_pages.list_context(owner, data["results"], data)
            return {**context, "json": rule_pages.rules_json(found[:3]), "is_new": bool(self.new_row())}
        if self.action == "retrieve":
            return {**super().page_context(data), "json": rule_pages.rules_json([data.serializer.instance])}
        if self.action == "test":
            return {"rows": rule_pages.change_rows(data["results"][:TRIED_ON_PAGE]), **self._form_context()}
        if self.action == "preview":
            rule = self._rule()
            return {
                "rows": rule_pages.change_rows(data["results"]),
                "rule": rule,
                "told": RuleFormSerializer(rule, context=self.get_serializer_context()).data,
                "overwrite": flag_of(self.request, "overwrite"),
            }
        return super().page_context(data)

    def error_context(self, problem: JSONObject) -> dict[str, object]:
        return self._form_context() if self.action == "test" else super().error_context(problem)

    @property
    def rule_key(self) -> str:
        """The id of the rule that is changed by the form; "" if it is a new one."""
        return str(self.kwargs.get("pk", ""))

    def _form_context(self) -> dict[str, object]:
        """Return where the form of a rule that was tried leads to, and what it names of the rule that is stored."""
        key, sent = self.rule_key, self.request.data
        stored = {"etag": sent.get("_if_match", ""), "base": sent.get("_base", "")} if key else {}
        path = reverse("rule-detail", args=[key]) if key else reverse("rule-list")
        return {"action": path, "method": "PATCH" if key else "POST", **stored}


def query_of(chosen: Mapping[str, object]) -> QueryDict:
    """Return the filters of a body as a query. Raises ValidationError (400) that names each wrong one."""
    query, errors = QueryDict(mutable=True), {}
    for name, value in chosen.items():
        values = value if isinstance(value, list) and name in NAME_FILTERS else [value]
        texts = [str(one).lower() if isinstance(one, bool) else one for one in values[:MOST_VALUES]]
        if name not in FILTERS:
            errors[f"filter.{name[:100]}"] = [ErrorDetail(_("There is no such parameter here."), "unknown_parameter")]
        elif len(values) > MOST_VALUES or not all(isinstance(one, str) for one in texts):
            errors[f"filter.{name}"] = [ErrorDetail(_("Give a text, as in the query of a list."), "invalid")]
        else:
            query.setlist(name, texts)
        if len(errors) == MOST_VALUES:
            break
    if errors:
        raise ValidationError(errors)
    return query
