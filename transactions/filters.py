"""The filters of the lists and of the summary."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias, TypeVar, cast
from uuid import UUID

import django_filters
from django import forms
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.choices import CallableChoiceIterator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from cashman_project.api.filters import DateFilter, FilterSet, FlagFilter, TextsFilter, TimestampFilter
from cashman_project.api.owner import owner_of
from cashman_project.api.types import Validated
from cashman_project.api.viewsets import UUID_FORM
from cashman_project.db.compiled import Parameter, Statement
from cashman_project.db.search import LONGEST
from cashman_project.money.amounts import parse_amount
from cashman_project.money.currencies import validate_currency
from transactions.models import NamedModel
from transactions.querysets import TransferQuerySet

from .choices import TransactionType
from .models import Account, Category, Tag, Transaction, TransactionTag, Transfer
from .names import name_key
from .services.categories import group_names
from .transaction_querysets import TransactionQuerySet

RowsT = TypeVar("RowsT", bound=QuerySet[Model])

MOST_NAMES = 500  # categories that a page offers to filter by, besides those that it is filtered by
CATEGORY_FILTERS = frozenset({"category", "exclude_category"})
NamedModels: TypeAlias = type[NamedModel]
NAME_FILTERS: dict[str, NamedModels] = {  # the models of the rows that these filters name; they may be repeated
    **dict.fromkeys(sorted(CATEGORY_FILTERS), Category),
    "group": Category,  # those that are in it
    "account": Account,
    "exclude_account": Account,
    "tag": Tag,
    "exclude_tag": Tag,
}
NO_SUCH_NAME = {
    Account: _("You have no account with this name."),
    Category: _("You have no category with this name."),
    Tag: _("You have no tag with this name."),
}
NO_SUCH_GROUP = _("You have no group of categories with this name.")


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


class IdFormField(forms.Field):
    """An id, in its usual form."""

    def to_python(self, value: str | None) -> UUID | None:
        if value and not UUID_FORM.fullmatch(value):
            raise forms.ValidationError(_("Not an id: give the id of a split."), "invalid")
        return UUID(value) if value else None


@extend_schema_field(OpenApiTypes.UUID)
class IdFilter(django_filters.Filter):
    field_class = IdFormField


@extend_schema_field({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,19})(\.[0-9]{1,19})?$"})
class AbsoluteAmountFilter(django_filters.Filter):
    field_class = AbsoluteAmountFormField


class NameFilter(TextsFilter):
    """Filters by the id of one row that is referred to, or by a list of several ids."""

    def filter(self, qs: QuerySet[Model], value: UUID | list[UUID] | Parameter) -> QuerySet[Model]:
        name = str(self.field_name)
        return qs.filter(**{f"{name}__in": value}) if isinstance(value, list) else qs.filter(**{name: value})


class ExcludedNameFilter(TextsFilter):
    """Leaves out one such row by its id, or several by a list of ids. Rows that refer to none stay."""

    def filter(self, qs: QuerySet[Model], value: UUID | list[UUID] | Parameter) -> QuerySet[Model]:
        name = str(self.field_name)
        return qs.exclude(**{f"{name}__in": value}) if isinstance(value, list) else qs.exclude(**{name: value})


def _at_least(rows: TransactionQuerySet, name: str, amount: Decimal) -> TransactionQuerySet:
    return rows.filter(Q(amount__gte=amount) | Q(amount__lte=amount.copy_negate()))


def _at_most(rows: TransactionQuerySet, name: str, amount: Decimal) -> TransactionQuerySet:
    return rows.filter(amount__gte=amount.copy_negate(), amount__lte=amount)


def _uncategorized(rows: TransactionQuerySet, name: str, flag: bool) -> TransactionQuerySet:
    return rows.uncategorized(flag)


def _transfers(rows: TransactionQuerySet, name: str, flag: bool) -> TransactionQuerySet:
    return rows.filter(transfer__isnull=not flag)


def _containing(rows: TransactionQuerySet, name: str, text: str) -> TransactionQuerySet:
    return rows.containing(text)


Names = tuple[UUID, list[str]]  # an owner, and names of the owner's tags, or keys of the owner's groups


def _of_groups(rows: RowsT, name: str, groups: Names) -> RowsT:
    owner, keys = groups
    return rows.filter(category_id__in=Category.objects.filter(owner=owner, group_key__in=keys).values("pk"))


def _tagged(owner: UUID, names: list[str]) -> Exists:
    """Return that a transaction has one of these tags of the owner."""
    return Exists(TransactionTag.objects.filter(owner=owner, transaction_id=OuterRef("pk"), name__in=names))


def _with_tags(rows: TransactionQuerySet, name: str, tags: Names) -> TransactionQuerySet:
    owner, names = tags
    for one in names:
        rows = rows.filter(_tagged(owner, [one]))
    return rows


def _without_tags(rows: TransactionQuerySet, name: str, tags: Names) -> TransactionQuerySet:
    return rows.filter(~_tagged(*tags))


class AccountFilterSet(FilterSet):
    archived = FlagFilter(field_name="archived", label=_("Those that are archived, or the others."))

    class Meta:
        model = Account
        fields: list[str] = []


def _between(rows: TransferQuerySet, name: str, accounts: tuple[UUID, list[UUID]]) -> TransferQuerySet:
    """Return the transfers that have a leg of one of these accounts of an owner."""
    owner, keys = accounts
    legs = Transaction.objects.filter(owner=owner, transfer=OuterRef("pk"), account__in=keys)
    return rows.filter(Exists(legs))


class TransferFilterSet(FilterSet):
    date_after = DateFilter(field_name="date", lookup_expr="gte", label=_("On or after this date."))
    date_before = DateFilter(field_name="date", lookup_expr="lte", label=_("On or before this date."))
    account = TextsFilter(method=_between, label=_("From or to any of these accounts, by name."))

    class Meta:
        model = Transfer
        fields: list[str] = []

    @classmethod
    def values_of(cls, request: Request) -> Validated:
        values = super().values_of(request)
        if "account" in values:
            found = _ids_of(request, "account", values["account"])
            values["account"] = owner_of(request).pk, found if isinstance(found, list) else [found]
        return values


class TransactionFilterSet(FilterSet):
    date = DateFilter()
    date_after = DateFilter(field_name="date", lookup_expr="gte", label=_("On or after this date."))
    date_before = DateFilter(field_name="date", lookup_expr="lte", label=_("On or before this date."))
    amount_min = AbsoluteAmountFilter(method=_at_least, label=_("At least this absolute amount."))
    amount_max = AbsoluteAmountFilter(method=_at_most, label=_("At most this absolute amount."))
    category = NameFilter(field_name="category_id", label=_("Of any of these categories, by name."))
    exclude_category = ExcludedNameFilter(
        field_name="category_id", label=_("Of none of these categories, by name; also without a category.")
    )
    group = TextsFilter(method=_of_groups, label=_("Of the categories of any of these groups, by name."))
    uncategorized = FlagFilter(method=_uncategorized, label=_("Without a category, or with one."))
    account = NameFilter(field_name="account_id", label=_("Of any of these accounts, by name."))
    exclude_account = ExcludedNameFilter(
        field_name="account_id", label=_("Of none of these accounts, by name; also without an account.")
    )
    tag = TextsFilter(method=_with_tags, label=_("With all of these tags, by name."))
    exclude_tag = TextsFilter(method=_without_tags, label=_("With none of these tags, by name."))
    currency = django_filters.CharFilter(validators=[validate_currency], strip=False)
    transfer = FlagFilter(method=_transfers, label=_("Legs of transfers, or all others."))
    split = IdFilter(label=_("The parts of this split."))
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
        """The form of the filters. It offers the owner's categories and accounts, which are read only if a page shows
        them."""
        form: forms.Form = super().form
        for name in NAME_FILTERS.keys() & form.fields.keys():
            widget = form.fields[name].widget
            assert isinstance(widget, forms.Select)
            others = {Account: self.account_choices, Tag: self.tag_choices}
            choices = self.group_choices if name == "group" else others.get(NAME_FILTERS[name], self.category_choices)
            widget.choices = CallableChoiceIterator(choices)
        return form

    def category_choices(self) -> list[tuple[str, str]]:
        return self._category_choices

    def group_choices(self) -> list[tuple[str, str]]:
        request = cast("Request", self.request)
        return self._with_given(list(group_names(owner_of(request)).values())[:MOST_NAMES], ["group"])

    def account_choices(self) -> list[tuple[str, str]]:
        return self._account_choices

    @cached_property
    def _account_choices(self) -> list[tuple[str, str]]:
        return self._choices(Account, ["account", "exclude_account"])

    def tag_choices(self) -> list[tuple[str, str]]:
        return self._tag_choices

    @cached_property
    def _tag_choices(self) -> list[tuple[str, str]]:
        return self._choices(Tag, ["tag", "exclude_tag"])

    @cached_property
    def _category_choices(self) -> list[tuple[str, str]]:
        return self._choices(Category, CATEGORY_FILTERS)

    def _choices(self, model: NamedModels, filters: Iterable[str]) -> list[tuple[str, str]]:
        """Return the names of the owner's rows, as the choices of an input, and those that are chosen."""
        request = cast("Request", self.request)
        names = model.objects.for_owner(owner_of(request)).values_list("name", flat=True)[:MOST_NAMES]
        return self._with_given(names, filters)

    def _with_given(self, names: Iterable[str], filters: Iterable[str]) -> list[tuple[str, str]]:
        request = cast("Request", self.request)
        given = [text for name in filters for text in request.query_params.getlist(name)[:MOST_NAMES]]
        return [(name, name) for name in dict.fromkeys([*names, *filter(None, given)])]

    @classmethod
    def values_of(cls, request: Request) -> Validated:
        values = super().values_of(request)
        for name in NAME_FILTERS.keys() & values.keys():
            found = _ids_of(request, name, values[name])
            values[name] = found
            if NAME_FILTERS[name] is Tag or name == "group":
                values[name] = owner_of(request).pk, found if isinstance(found, list) else [found]
        return values


def _ids_of(request: Request, parameter: str, names: list[str]) -> object:
    """Return the id of the category or account with the name that the parameter has, or a list of ids for several
    names. Of tags, return the names as transactions have them, and of groups their keys.

    Raises ValidationError (400) if one doesn't exist.
    """
    model = NAME_FILTERS[parameter]
    owner, keys = owner_of(request), {name_key(name) for name in names}
    if parameter == "group":
        if len(Category.objects.for_owner(owner).filter(group_key__in=keys).groups()) < len(keys):
            raise ValidationError({parameter: [NO_SUCH_GROUP]}, code="does_not_exist")
        return sorted(keys)
    if len(keys) > 1:
        found = list(model.objects.for_owner(owner).filter(key__in=keys).values_list(_shown(model), flat=True))
    else:
        found = [pk for key in keys for (pk,) in _key_statement(model).rows({"owner": owner.pk, "key": key})]
    if len(found) < len(keys):
        raise ValidationError({parameter: [NO_SUCH_NAME[model]]}, code="does_not_exist")
    return found if len(found) > 1 else found[0]


@lru_cache
def _key_statement(model: NamedModels) -> Statement:
    owner, key = (Parameter(name, model._meta.get_field(name)) for name in ("owner", "key"))
    return Statement(model.objects.for_owner(owner).filter(key=key).values_list(_shown(model)))


def _shown(model: NamedModels) -> str:
    """Return the column that a transaction has of a row of the model."""
    return "name" if model is Tag else "id"
