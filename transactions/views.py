"""Transactions and categories over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view

from cashman_project.api.bulk import BulkCreateViewSet, BulkViewSet
from cashman_project.api.filters import flag_of
from cashman_project.api.idempotency import Answer
from cashman_project.api.origin import origin_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Suggestion
from cashman_project.api.problems import PROBLEM_JSON
from cashman_project.api.serializers import MAX_ROWS
from cashman_project.api.types import AnySerializer
from cashman_project.api.viewsets import OwnedModelViewSet
from ledgers.at_once import can_insert_at_once
from ledgers.viewsets import LedgerMixin

from . import category_pages, examples
from .filters import NAME_FILTERS, TransactionFilterSet
from .list_page import ListPage
from .models import Category, Expense, Income, Tag, Transaction
from .orderings import ORDERINGS
from .serializers import (
    CategoryInUseSerializer,
    CategorySerializer,
    ExpenseSerializer,
    IncomeSerializer,
    TagInUseSerializer,
    TagSerializer,
    TransactionSerializer,
)
from .services.accounts import usual_account
from .services.categories import delete_category
from .services.fast_create import create_fast, create_one
from .services.suggestions import form_suggestions
from .services.tags import delete_tag, save_new_tags
from .services.transfers import ends_of, opposites
from .split_views import SplitMixin
from .tag_fields import BETWEEN
from .transaction_querysets import TransactionQuerySet


class BaseTransactionViewSet(LedgerMixin, BulkCreateViewSet):
    """The base of the viewsets of incomes, expenses, and both together."""

    fastpath = True
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

    def page_context(self, data: Any) -> dict[str, object]:  # Any: the response's JSON
        if self.action == "retrieve":
            owner, row = owner_of(self.request), data.serializer.instance
            further = {"ends": ends_of(owner, [data]).get(str(data["transfer"])), "opposites": opposites(row)}
            return {**super().page_context(data), **further}
        if self.action != "list":
            return super().page_context(data)
        kind = self.queryset.model.only_type
        return {"list": ListPage(self.request, self.get_queryset(), kind, data)}

    def suggestions(self) -> dict[str, list[Suggestion]]:
        is_new = self.action in ("list", "create")
        return form_suggestions(owner_of(self.request), self.get_queryset() if is_new else None)

    def form_note(self) -> str:
        return _("New category: %(name)s.") % {"name": self.new_category} if self.new_category else ""

    def perform_create(self, serializer: AnySerializer) -> None:
        with self._saved_names(serializer):
            super().perform_create(serializer)

    def perform_update(self, serializer: AnySerializer) -> None:
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

    def create_at_once(self, data: Any, minimal: bool) -> Answer | None:  # Any: parsed JSON
        if not (self.fastpath and isinstance(data, dict) and can_insert_at_once()):
            return None
        owner, origin = owner_of(self.request), origin_of(self.request)
        created = create_one(owner=owner, origin=origin, serializer=self.serializer_class, data=data)
        if created is None:
            return None
        row, revision = created
        self.wrote(revision)
        return self._created(row, minimal)

    def _create(self, data: Any, minimal: bool) -> Answer:  # Any: parsed JSON
        many = isinstance(data, list)
        items = data if many else [data]
        rows = None
        if self.fastpath and len(items) <= MAX_ROWS:
            owner, serializer = owner_of(self.request), self.serializer_class
            rows = create_fast(owner=owner, serializer=serializer, data=items, is_array=many)
        if not rows:
            return super()._create(data, minimal)
        return self._created(rows if many else rows[0], minimal)


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


class IncomeViewSet(BaseTransactionViewSet):
    """Money that came in."""

    queryset = Income.objects.select_related("category", "account")
    serializer_class = IncomeSerializer
    examples = {"create_many": examples.CREATE_INCOMES}


class ExpenseViewSet(BaseTransactionViewSet):
    """Money that went out. An amount is stored below zero, whatever sign it is sent with."""

    queryset = Expense.objects.select_related("category", "account")
    serializer_class = ExpenseSerializer
    examples = {"create_many": examples.CREATE_EXPENSES}


@extend_schema_view(
    destroy=extend_schema(
        parameters=[
            OpenApiParameter("force", OpenApiTypes.BOOL, default=False, description="Unlink its transactions first.")
        ],
        responses={
            204: OpenApiResponse(description="Deleted."),
            (409, PROBLEM_JSON): OpenApiResponse(
                CategoryInUseSerializer,
                "In use by this number of `transactions`; `force` removes the category from them.",
                examples=[examples.CATEGORY_IN_USE],
            ),
        },
    )
)
class CategoryViewSet(LedgerMixin, OwnedModelViewSet):
    """Names to group transactions by."""

    fastpath = True
    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    filterset_class = None
    orderings = {"name": "key", "created_at": "created_at"}
    default_ordering = "name"
    pages = {
        **LedgerMixin.pages,
        "list": "transactions/category_list.html",
        "retrieve": "transactions/category_detail.html",
    }
    error_pages = {"list": "transactions/category_list.html"}
    conflict_pages = {"destroy": "transactions/category_in_use.html"}

    def allowed_parameters(self) -> frozenset[str]:
        return super().allowed_parameters() | ({"force"} if self.action == "destroy" else set())

    def page_context(self, data: Any) -> dict[str, object]:  # Any: the response's JSON
        owner = owner_of(self.request)
        if self.action == "list":
            return category_pages.list_context(owner, data["results"])
        context = super().page_context(data)
        if self.action == "retrieve":
            context |= category_pages.page_context(owner, data.serializer.instance)
        return context

    def perform_destroy(self, instance: Category) -> None:
        delete_category(category=instance, force=flag_of(self.request, "force"))


@extend_schema_view(
    destroy=extend_schema(
        parameters=[
            OpenApiParameter(
                "force", OpenApiTypes.BOOL, default=False, description="Take it off its transactions first."
            )
        ],
        responses={
            204: OpenApiResponse(description="Deleted."),
            (409, PROBLEM_JSON): OpenApiResponse(
                TagInUseSerializer,
                "In use by this number of `transactions`; `force` takes the tag off them.",
                examples=[examples.TAG_IN_USE],
            ),
        },
    )
)
class TagViewSet(LedgerMixin, OwnedModelViewSet):
    """Names that any number of transactions may have, beside their category."""

    fastpath = True
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    filterset_class = None
    orderings = {"name": "key", "created_at": "created_at"}
    default_ordering = "name"
    pages = {**LedgerMixin.pages, "list": "transactions/tag_list.html", "retrieve": "transactions/tag_detail.html"}
    error_pages = {"list": "transactions/tag_list.html"}
    conflict_pages = {"destroy": "transactions/tag_in_use.html"}

    def allowed_parameters(self) -> frozenset[str]:
        return super().allowed_parameters() | ({"force"} if self.action == "destroy" else set())

    def page_context(self, data: Any) -> dict[str, object]:  # Any: the response's JSON
        context = super().page_context(data)
        if self.action == "retrieve":
            owner = owner_of(self.request)
            rows = Transaction.objects.for_owner(owner)
            tagged = TransactionFilterSet.applied(rows, {"tag": (owner.pk, [data["name"]])})
            context["latest"] = tagged[: category_pages.SHOWN]
        return context

    def perform_destroy(self, instance: Tag) -> None:
        delete_tag(tag=instance, force=flag_of(self.request, "force"))
