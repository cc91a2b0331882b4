"""The filters of the lists and of the summary."""

from decimal import Decimal
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import django_filters
from django import forms
from django.db.models import Model, Q, QuerySet
from django.utils.choices import CallableChoiceIterator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from cashman_project.api.filters import DateFilter, FilterSet, FlagFilter, TextsFilter, TimestampFilter
from cashman_project.api.owner import owner_of
from cashman_project.db.compiled import Parameter, Statement
from cashman_project.db.search import LONGEST
from cashman_project.money.amounts import parse_amount
from cashman_project.money.currencies import validate_currency

from .choices import TransactionType
from .models import Category, Transaction
from .names import name_key
from .querysets import TransactionQuerySet

MOST_NAMES = 500  # categories that a page offers to filter by, besides those that it is filtered by
CATEGORY_FILTERS = frozenset({"category", "exclude_category"})  # which may be repeated


class AbsoluteAmountFormField(forms.Field):
    """An absolute amount, which has no sign."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value: str | None) -> Decimal | None:
        try:
            amount = parse_amount(value) if value else None
        except ValueError:
            amount = Decimal(-1)
        if amount is not None and amount < 0:
            raise forms.ValidationError(_("Not an absolute amount: give a number such as 12.50."), "invalid")
        return amount


@extend_schema_field({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,19})(\.[0-9]{1,19})?$"})
class AbsoluteAmountFilter(django_filters.Filter):
    field_class = AbsoluteAmountFormField


class CategoryFilter(TextsFilter):
    """Filters by the id of one category, or by a list of several ids."""

    def filter(self, qs: QuerySet[Model], value: UUID | list[UUID] | Parameter) -> QuerySet[Model]:
        return qs.filter(category_id__in=value) if isinstance(value, list) else qs.filter(category_id=value)


class ExcludedCategoryFilter(TextsFilter):
    """Leaves out one category by its id, or several by a list of ids. Rows without a category stay."""

    def filter(self, qs: QuerySet[Model], value: UUID | list[UUID] | Parameter) -> QuerySet[Model]:
        return qs.exclude(category_id__in=value) if isinstance(value, list) else qs.exclude(category_id=value)


def _at_least(rows: TransactionQuerySet, name: str, amount: Decimal) -> TransactionQuerySet:
    return rows.filter(Q(amount__gte=amount) | Q(amount__lte=amount.copy_negate()))


def _at_most(rows: TransactionQuerySet, name: str, amount: Decimal) -> TransactionQuerySet:
    return rows.filter(amount__gte=amount.copy_negate(), amount__lte=amount)


def _uncategorized(rows: TransactionQuerySet, name: str, flag: bool) -> TransactionQuerySet:
    return rows.uncategorized(flag)


def _containing(rows: TransactionQuerySet, name: str, text: str) -> TransactionQuerySet:
    return rows.containing(text)


class TransactionFilterSet(FilterSet):
    date = DateFilter()
    date_after = DateFilter(field_name="date", lookup_expr="gte", label=_("On or after this date."))
    date_before = DateFilter(field_name="date", lookup_expr="lte", label=_("On or before this date."))
    amount_min = AbsoluteAmountFilter(method=_at_least, label=_("At least this absolute amount."))
    amount_max = AbsoluteAmountFilter(method=_at_most, label=_("At most this absolute amount."))
    category = CategoryFilter(field_name="category_id", label=_("Of any of these categories, by name."))
    exclude_category = ExcludedCategoryFilter(
        field_name="category_id", label=_("Of none of these categories, by name; also without a category.")
    )
    uncategorized = FlagFilter(method=_uncategorized, label=_("Without a category, or with one."))
    currency = django_filters.CharFilter(validators=[validate_currency], strip=False)
    type = django_filters.ChoiceFilter(choices=TransactionType.choices)
    external_id = django_filters.CharFilter(max_length=255, strip=False)
    updated_after = TimestampFilter(
        field_name="updated_at", lookup_expr="gte", label=_("Last written at this timestamp or later.")
    )
    search = django_filters.CharFilter(
        method=_containing, max_length=LONGEST, label=_("With these words in the description or the notes.")
    )

    class Meta:
        model = Transaction
        fields: list[str] = []

    @property
    def form(self) -> forms.Form:
        """The form of the filters. It offers the owner's categories, which are read only if a page shows them."""
        form: forms.Form = super().form
        for name in CATEGORY_FILTERS & form.fields.keys():
            widget = form.fields[name].widget
            assert isinstance(widget, forms.Select)
            widget.choices = CallableChoiceIterator(lambda: self.category_choices)
        return form

    @cached_property
    def category_choices(self) -> list[tuple[str, str]]:
        """The names of the owner's categories, as the choices of an input, and those that are chosen."""
        request = cast("Request", self.request)
        names = Category.objects.for_owner(owner_of(request)).values_list("name", flat=True)[:MOST_NAMES]
        given = [name for filters in CATEGORY_FILTERS for name in request.query_params.getlist(filters)[:MOST_NAMES]]
        return [(name, name) for name in dict.fromkeys([*names, *filter(None, given)])]

    @classmethod
    def values_of(cls, request: Request) -> dict[str, Any]:  # Any: each value has the type that its filter makes
        values = super().values_of(request)
        for name in CATEGORY_FILTERS & values.keys():
            values[name] = _category_ids(request, name, values[name])
        return values


def _category_ids(request: Request, parameter: str, names: list[str]) -> UUID | list[UUID]:
    """Return the id of the category with the name that the parameter has, or a list of ids for several names.

    Raises ValidationError (400) if a category doesn't exist.
    """
    owner, keys = owner_of(request), {name_key(name) for name in names}
    if len(keys) > 1:
        found = list(Category.objects.for_owner(owner).filter(key__in=keys).values_list("id", flat=True))
    else:
        found = [pk for key in keys for (pk,) in _category_statement().rows({"owner": owner.pk, "key": key})]
    if len(found) < len(keys):
        raise ValidationError({parameter: [_("You have no category with this name.")]}, code="does_not_exist")
    return found if len(found) > 1 else found[0]


@lru_cache
def _category_statement() -> Statement:
    owner, key = (Parameter(name, Category._meta.get_field(name)) for name in ("owner", "key"))
    return Statement(Category.objects.for_owner(owner).filter(key=key).values_list("id"))
