"""Which transactions: the filters of the lists and of the summary."""

import datetime
from calendar import monthrange
from decimal import Decimal
from typing import Any, cast

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.constants import EMPTY_VALUES
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from cashman_project.api.filters import DateFilter, FlagFilter, MomentFilter, TextsFilter
from cashman_project.api.owner import owner_of

from .choices import TransactionType
from .models import Category, MonthTotal, Transaction
from .money import parse_amount, validate_currency
from .querysets import TransactionQuerySet, category_key


class SizeFormField(forms.Field):
    """The size of an amount, without sign."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value: Any) -> Decimal | None:
        try:
            size = parse_amount(value) if value else None
        except ValueError:
            size = Decimal(-1)
        if size is not None and size < 0:
            raise forms.ValidationError(_("Not a size: give a plain number without a sign, such as 12.50."), "invalid")
        return size


@extend_schema_field({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,19})(\.[0-9]{1,19})?$"})
class SizeFilter(django_filters.Filter):
    field_class = SizeFormField


class TransactionFilterSet(django_filters.FilterSet):
    date = DateFilter()
    date_after = DateFilter(field_name="date", lookup_expr="gte", label=_("On or after this date."))
    date_before = DateFilter(field_name="date", lookup_expr="lte", label=_("On or before this date."))
    amount_min = SizeFilter(method="filter_amount_min", label=_("At least this size, whatever the sign."))
    amount_max = SizeFilter(method="filter_amount_max", label=_("At most this size, whatever the sign."))
    category = TextsFilter(method="filter_category", label=_("Of any of these categories, by name."))
    uncategorized = FlagFilter(method="filter_uncategorized", label=_("Without a category, or with one."))
    currency = django_filters.CharFilter(validators=[validate_currency], strip=False)
    type = django_filters.ChoiceFilter(choices=TransactionType.choices)
    external_id = django_filters.CharFilter(max_length=255, strip=False)
    updated_after = MomentFilter(
        field_name="updated_at", lookup_expr="gte", label=_("Written at this moment or after it.")
    )
    search = django_filters.CharFilter(
        method="filter_search", max_length=200, label=_("Text in the description or the notes.")
    )

    class Meta:
        model = Transaction
        fields: list[str] = []

    @property
    def form(self) -> forms.Form:
        """The form of the filters, which offers a page the owner's categories; they are read where it shows them."""
        form: forms.Form = super().form
        widget: Any = form.fields["category"].widget
        widget.choices = self._categories
        return form

    def _categories(self) -> list[tuple[str, str]]:
        names = Category.objects.for_owner(owner_of(cast("Request", self.request))).values_list("name", flat=True)
        return [(name, name) for name in names]

    def filter_amount_min(self, rows: TransactionQuerySet, name: str, size: Decimal) -> TransactionQuerySet:
        return rows.filter(Q(amount__gte=size) | Q(amount__lte=size.copy_negate()))

    def filter_amount_max(self, rows: TransactionQuerySet, name: str, size: Decimal) -> TransactionQuerySet:
        return rows.filter(amount__gte=size.copy_negate(), amount__lte=size)

    def filter_category(self, rows: TransactionQuerySet, name: str, names: list[str]) -> TransactionQuerySet:
        keys = {category_key(text) for text in names}
        categories = Category.objects.for_owner(owner_of(cast("Request", self.request)))
        found = dict(categories.filter(key__in=keys).values_list("key", "id"))
        if len(found) < len(keys):
            message = _("You have no category of this name.")
            raise ValidationError({"category": [message]}, code="does_not_exist")
        return rows.filter(category_id__in=found.values())

    def filter_uncategorized(self, rows: TransactionQuerySet, name: str, flag: bool) -> TransactionQuerySet:
        return rows.uncategorized(flag)

    def filter_search(self, rows: TransactionQuerySet, name: str, text: str) -> TransactionQuerySet:
        return rows.filter(Q(description__icontains=text) | Q(notes__icontains=text))


class SummaryFilterSet(TransactionFilterSet):
    """The same filters, applied to the owner's month totals, where these know what is asked for."""

    known = frozenset({"date_after", "date_before", "category", "uncategorized", "currency", "type"})

    def filter_queryset(self, queryset: QuerySet[Any]) -> Any:
        asked = {name: value for name, value in self.form.cleaned_data.items() if value not in EMPTY_VALUES}
        if asked.keys() <= self.known and _of_whole_months(asked.get("date_after"), asked.get("date_before")):
            return super().filter_queryset(MonthTotal.objects.for_owner(owner_of(cast("Request", self.request))))
        return super().filter_queryset(queryset)


def _of_whole_months(after: datetime.date | None, before: datetime.date | None) -> bool:
    begins = after is None or after.day == 1
    return begins and (before is None or before.day == monthrange(before.year, before.month)[1])
