"""Names that transactions have over HTTP: categories and tags."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError

from cashman_project.api.filters import flag_of
from cashman_project.api.owner import owner_of
from cashman_project.api.pages.inputs import Input, Suggestion
from cashman_project.api.pages.requests import is_page_form
from cashman_project.api.pagination import OrderedBy
from cashman_project.api.problems import PROBLEM_JSON
from cashman_project.api.schema import ProblemSerializer
from cashman_project.api.types import JSONObject
from cashman_project.api.viewsets import OwnedModelViewSet
from ledgers.viewsets import LedgerMixin

from . import category_pages, examples
from .filters import MOST_NAMES, NO_SUCH_NAME, TransactionFilterSet
from .models import Category, NamedModel, Tag, Transaction
from .name_fields import is_name
from .orderings import GroupKey
from .serializers import (
    CategoryInUseSerializer,
    CategorySerializer,
    TagInUseSerializer,
    TagSerializer,
)
from .services.categories import delete_category, group_names
from .services.tags import delete_tag

ViewT = TypeVar("ViewT", bound=Callable[..., object])


def _deletion(
    problem: type[ProblemSerializer], example: OpenApiExample, into: str, force: str
) -> Callable[[ViewT], ViewT]:
    """Describe the deletion of a name that transactions have: what the parameters do, and the 409 without them."""
    parameters = [
        OpenApiParameter("into", OpenApiTypes.STR, description=into),
        OpenApiParameter("force", OpenApiTypes.BOOL, default=False, description=force),
    ]
    in_use = OpenApiResponse(problem, "In use by this number of `transactions`.", examples=[example])
    deleted = OpenApiResponse(description="Deleted.")
    return extend_schema(parameters=parameters, responses={204: deleted, (409, PROBLEM_JSON): in_use})


class NameViewSet(LedgerMixin, OwnedModelViewSet):
    """The base of the viewsets of names that transactions have."""

    filterset_class = None
    orderings: Mapping[str, OrderedBy] = {"name": "key", "created_at": "created_at"}
    default_ordering = "name"

    def allowed_parameters(self) -> frozenset[str]:
        return super().allowed_parameters() | ({"into", "force"} if self.action == "destroy" else set())

    def into(self, deleted: NamedModel) -> Any:  # Any: a row of the viewset's model, or None
        """Return the row that the transactions of a deleted one get, by its name. Raises ValidationError (400)."""
        given = self.request.data if is_page_form(self.request) else self.request.query_params
        name = str(given.get("into", ""))
        if not name:
            return None
        if flag_of(self.request, "force"):
            raise ValidationError({"into": [_("Give into or force, not both.")]}, code="not_with_force")
        row = self.get_queryset().named(name).first() if is_name(name) else None
        if row is None:
            raise ValidationError({"into": [NO_SUCH_NAME[self.queryset.model]]}, code="does_not_exist")
        if row == deleted:
            raise ValidationError({"into": [_("This is the one that you delete: name another one.")]}, code="invalid")
        return row

    def into_input(self) -> Input | None:
        """Return the input of the page of one that is in use: the names of the others, if there are any."""
        others = self.get_queryset().exclude(pk=self.get_key()).values_list("name", flat=True)[:MOST_NAMES]
        choices = [(name, name) for name in others]
        return Input("into", "", kind="select", choices=choices, required=True) if choices else None


@extend_schema_view(
    destroy=_deletion(
        CategoryInUseSerializer,
        examples.CATEGORY_IN_USE,
        "The name of the category that its transactions get.",
        "Unlink its transactions first.",
    )
)
class CategoryViewSet(NameViewSet):
    """Names to group transactions by."""

    fastpath = True
    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    orderings = {**NameViewSet.orderings, "group": GroupKey()}
    pages = {
        **LedgerMixin.pages,
        "list": "transactions/category_list.html",
        "retrieve": "transactions/category_detail.html",
    }
    error_pages = {"list": "transactions/category_list.html"}
    conflict_pages = {"destroy": "transactions/category_in_use.html"}

    def page_query(self) -> dict[str, str]:
        return {"ordering": "group"} if self.action == "list" else {}

    def suggestions(self) -> dict[str, list[Suggestion]]:
        names = list(group_names(owner_of(self.request)).values())[:MOST_NAMES]
        return {"group": [Suggestion(name) for name in names]}

    def page_context(self, data: Any) -> dict[str, object]:  # Any: with its serializer
        owner = owner_of(self.request)
        if self.action == "list":
            by_group = self.request.query_params.get("ordering", "").removeprefix("-") == "group"
            return category_pages.list_context(owner, data["results"], by_group)
        context = super().page_context(data)
        if self.action == "retrieve":
            context |= category_pages.page_context(owner, data.serializer.instance)
        return context

    def perform_destroy(self, instance: Category) -> None:
        delete_category(category=instance, into=self.into(instance), force=flag_of(self.request, "force"))


@extend_schema_view(
    destroy=_deletion(
        TagInUseSerializer,
        examples.TAG_IN_USE,
        "The name of the tag that its transactions get instead.",
        "Take it off its transactions first.",
    )
)
class TagViewSet(NameViewSet):
    """Names that any number of transactions may have, beside their category."""

    fastpath = True
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    pages = {**LedgerMixin.pages, "list": "transactions/tag_list.html", "retrieve": "transactions/tag_detail.html"}
    error_pages = {"list": "transactions/tag_list.html"}
    conflict_pages = {"destroy": "transactions/tag_in_use.html"}

    def page_context(self, data: JSONObject) -> dict[str, object]:
        context = super().page_context(data)
        if self.action == "retrieve":
            owner = owner_of(self.request)
            rows = Transaction.objects.for_owner(owner)
            tagged = TransactionFilterSet.applied(rows, {"tag": (owner.pk, [data["name"]])})
            context["latest"] = tagged[: category_pages.SHOWN]
        return context

    def perform_destroy(self, instance: Tag) -> None:
        delete_tag(tag=instance, into=self.into(instance), force=flag_of(self.request, "force"))
