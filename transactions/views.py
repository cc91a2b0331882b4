"""Transactions over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request

from cashman_project.api.bulk import BulkCreateViewSet, BulkViewSet
from cashman_project.api.filters import flag_of
from cashman_project.api.idempotency import Answer
from cashman_project.api.origin import origin_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Suggestion
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.serializers import MAX_ROWS
from cashman_project.api.types import JSON, AnySerializer
from ledgers.at_once import can_insert_at_once
from ledgers.viewsets import LedgerMixin

from . import examples
from .choices import TransactionType
from .exports import BOOKS
from .filters import NAME_FILTERS, TransactionFilterSet
from .list_page import ListPage
from .models import Category, Expense, Income, Tag, Transaction
from .orderings import ORDERINGS
from .resending import EXISTING, SENT_AGAIN, create_new, skips_existing
from .serializers import (
    ExpenseSerializer,
    ExpensesSentAgainSerializer,
    IncomeSerializer,
    IncomesSentAgainSerializer,
    SentAgainSerializer,
    TransactionSerializer,
    TransactionsSentAgainSerializer,
)
from .services.accounts import usual_account
from .services.fast_create import create_fast, create_one
from .services.rules import fill_left_out
from .services.suggestions import form_suggestions
from .services.tags import save_new_tags
from .services.transfers import ends_of, opposites
from .split_views import SplitMixin
from .tag_fields import BETWEEN
from .transaction_querysets import TransactionQuerySet

ViewT = TypeVar("ViewT", bound=Callable[..., object])

# What a page says after the type of a row was corrected.
NOW: Mapping[str | None, object] = {
    TransactionType.INCOME: gettext_lazy("It is an income now."),
    TransactionType.EXPENSE: gettext_lazy("It is an expense now."),
}


CREATIONS = ("create", "create_many")
APPLY_RULES = OpenApiParameter(
    "apply_rules", OpenApiTypes.BOOL, default=True, description="Whether your rules give new rows what they leave out."
)
CREATION_PARAMETERS = frozenset({EXISTING.name, APPLY_RULES.name})


def _creations(
    serializer: type[TransactionSerializer], sent_again: type[SentAgainSerializer]
) -> Callable[[ViewT], ViewT]:
    """Describe the creation of rows: what `existing=skip` does, and its response."""
    responses = {201: serializer, 207: OpenApiResponse(sent_again, SENT_AGAIN)}
    return extend_schema_view(
        create=extend_schema(parameters=[EXISTING, APPLY_RULES]),
        create_many=extend_schema(parameters=[EXISTING, APPLY_RULES], responses=responses),
    )


class BaseTransactionViewSet(LedgerMixin, BulkCreateViewSet):
    """The base of the viewsets of incomes, expenses, and both together."""

    fastpath = True
    exports = (*BulkCreateViewSet.exports, *BOOKS)
    queryset: TransactionQuerySet
    serializer_class: type[TransactionSerializer]
    filterset_class = TransactionFilterSet
    repeatable_parameters = frozenset(NAME_FILTERS)
    orderings = ORDERINGS
    default_ordering = "-date"
    pages = {
        **LedgerMixin.pages,
        "list": "transactions/transaction_list.html",
        "retrieve": "transactions/transaction_detail.html",
    }
    error_pages = {"list": "transactions/transaction_list.html"}
    refused = frozenset({"destroy", "destroy_many"})  # actions that a lock or a transfer may refuse
    new_category: Category | None = None  # which was saved with the row
    runs_rules = True  # on new rows
    ruled = ""  # what rules have given a row
    new_type: str | None = None  # which a row that was there has got

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        if self.action == "list":
            flag_of(request, "excluded")  # which only pages have, for their sums
        elif self.action in CREATIONS:
            skips_existing(request)
            self.runs_rules = flag_of(request, "apply_rules", default=True)

    def page_parameters(self) -> frozenset[str]:
        return super().page_parameters() | ({"excluded"} if self.action == "list" else set())

    def page_context(self, data: Any) -> dict[str, object]:  # Any: with its serializer
        if self.action == "retrieve":
            owner, row = owner_of(self.request), data.serializer.instance
            further = {"ends": ends_of(owner, [data]).get(str(data["transfer"])), "opposites": opposites(row)}
            context = {**super().page_context(data), **further}
            if _is_turned(context["versions"]):  # where an undo leads to: the page of the other type will be gone
                context["here"] = reverse("transaction-detail", args=[data["id"]])
            return context
        if self.action != "list":
            return super().page_context(data)
        kind = self.queryset.model.only_type
        return {"list": ListPage(self.request, self.get_queryset(), kind, data)}

    def suggestions(self) -> dict[str, list[Suggestion]]:
        is_new = self.action in ("list", "create")
        return form_suggestions(owner_of(self.request), self.get_queryset() if is_new else None)

    def form_note(self) -> str:
        category = _("New category: %(name)s.") % {"name": self.new_category} if self.new_category else ""
        ruled = _("A rule has added: %(what)s.") % {"what": self.ruled} if self.ruled else ""
        return " ".join(filter(None, [str(NOW.get(self.new_type, "")), category, ruled]))

    def perform_create(self, serializer: AnySerializer) -> None:
        values = serializer.validated_data  # of a row, or of many
        rows = values if isinstance(values, list) else [values]
        if self.runs_rules:
            with self.queryset.writing(owner_of(self.request).pk) as write:
                given = fill_left_out(write, rows, is_form=is_page_form(self.request))
            self.ruled = BETWEEN.join(given[0].names()) if given else ""
        if rows is values:
            super().perform_create(serializer)
            return
        with self._saved_names(serializer):
            super().perform_create(serializer)

    def perform_update(self, serializer: AnySerializer) -> None:
        row: Any = serializer.instance  # a transaction
        kind = serializer.validated_data.get("type")
        self.new_type = kind if kind != row.type else None
        with self._saved_names(serializer):
            super().perform_update(serializer)

    @contextmanager
    def _saved_names(self, serializer: AnySerializer) -> Iterator[None]:
        """Save the row's category and tags first if a page's form has named new ones; all are saved, or none."""
        new: list[Tag] = serializer.fields["tags"].new if hasattr(serializer, "fields") else []
        if not new:
            with self._saved_category(serializer):
                yield
            return
        with transaction.atomic():
            values = serializer.validated_data
            values["tags"] = save_new_tags(owner_of(self.request), new, values["tags"])
            with self._saved_category(serializer):
                yield

    @contextmanager
    def _saved_category(self, serializer: AnySerializer) -> Iterator[None]:
        """Save the row's category first if a page's form has named a new one; both are saved, or neither.

        If another form saves a category of that name meanwhile, the row gets that one.
        """
        category = getattr(serializer, "validated_data", {}).get("category")
        if category is None or not category._state.adding:
            yield
            return
        with transaction.atomic():
            Category.objects.bulk_create([category], ignore_conflicts=True)
            stored = Category.objects.for_owner(owner_of(self.request)).named(category.name).first() or category
            serializer.validated_data["category"] = stored
            self.new_category = category if stored == category else None
            yield

    def new_row(self) -> dict[str, str]:
        """Return the values of the filters that a new row most likely has, too."""
        parameters = self.request.query_params
        given = {name: parameters.getlist(name) for name in ("category", "currency", "type")}
        tags = {"tags": BETWEEN.join(filter(None, parameters.getlist("tag")))}
        row = {name: texts[0] for name, texts in given.items() if len(texts) == 1} | (tags if tags["tags"] else {})
        return {**usual_account(owner_of(self.request), parameters.getlist("account"), row.get("currency")), **row}

    def allowed_parameters(self) -> frozenset[str]:
        return CREATION_PARAMETERS if self.action in CREATIONS else super().allowed_parameters()

    def create_at_once(self, data: JSON, minimal: bool) -> Answer | None:
        if not (self.fastpath and isinstance(data, dict) and can_insert_at_once()):
            return None
        if self.request.META["QUERY_STRING"]:
            return None
        owner, origin = owner_of(self.request), origin_of(self.request)
        created = create_one(owner=owner, origin=origin, serializer=self.serializer_class, data=data)
        if created is None:
            return None
        row, revision = created
        self.wrote(revision)
        return self._created(row, minimal)

    def _create(self, data: JSON, minimal: bool) -> Answer:
        if skips_existing(self.request):
            answer = create_new(self.request, data, lambda rows: self._create_rows(rows, False, is_new=True).data)
            return Answer(status.HTTP_204_NO_CONTENT) if minimal else answer
        return self._create_rows(data, minimal)

    def _create_rows(self, data: JSON, minimal: bool, *, is_new: bool = False) -> Answer:
        items = data if isinstance(data, list) else [data]
        many = items is data
        rows = None
        if self.fastpath and len(items) <= MAX_ROWS:
            owner, serializer = owner_of(self.request), self.serializer_class
            rows = create_fast(
                owner=owner,
                serializer=serializer,
                data=items,
                is_array=many,
                is_new=is_new,
                runs_rules=self.runs_rules,
            )
        if not rows:
            return super()._create(data, minimal)
        return self._created(rows if many else rows[0], minimal)


def _is_turned(versions: Any) -> bool:  # Any: of a row in words, the last one first
    return any(change["field"] == "type" for version in versions[:1] for change in version["changes"])


@_creations(TransactionSerializer, TransactionsSentAgainSerializer)
class TransactionViewSet(SplitMixin, BulkViewSet, BaseTransactionViewSet):
    """Both incomes and expenses."""

    changes = BulkViewSet.changes | {"put_split", "delete_split"}
    bodiless = BulkViewSet.bodiless | {"delete_split"}
    pages = {**BaseTransactionViewSet.pages, "split": "transactions/split.html"}
    error_pages = {**BaseTransactionViewSet.error_pages, "put_split": "transactions/split.html"}

    queryset = Transaction.objects.select_related("category", "account")
    serializer_class = TransactionSerializer
    examples = {
        "create_many": examples.CREATE_TRANSACTIONS,
        "update_many": examples.UPDATE_MANY,
        "destroy_many": examples.DESTROY_MANY,
    }


@_creations(IncomeSerializer, IncomesSentAgainSerializer)
class IncomeViewSet(BaseTransactionViewSet):
    """Money that came in."""

    queryset = Income.objects.select_related("category", "account")
    serializer_class = IncomeSerializer
    examples = {"create_many": examples.CREATE_INCOMES}


@_creations(ExpenseSerializer, ExpensesSentAgainSerializer)
class ExpenseViewSet(BaseTransactionViewSet):
    """Money that went out. An amount is stored below zero, whatever sign it is sent with."""

    queryset = Expense.objects.select_related("category", "account")
    serializer_class = ExpenseSerializer
    examples = {"create_many": examples.CREATE_EXPENSES}
