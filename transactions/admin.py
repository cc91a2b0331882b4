"""Transactions, categories and tags of all owners in Django's admin, with the same rules as in the API."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import AutocompleteFilter, ChangesForm
from cashman_project.api.origin import admin_origin_of
from cashman_project.api.types import Validated
from cashman_project.db.types import AnyField, AnyForeignKey
from cashman_project.locales import current_formats
from cashman_project.money.amounts import format_amount
from cashman_project.money.currencies import DIGITS
from ledgers.writer import writing

from . import account_admin, rule_admin  # noqa: F401  # they register their pages
from .admin_merging import MergingAdmin
from .models import Account, Category, Expense, Income, NamedModel, Tag, Transaction
from .names import name_key, tag_names
from .owned_admin import DATES, NamedModelAdmin, NameFormField, NameSelect, OwnedModelAdmin
from .services.categories import delete_category
from .services.rules import fill_left_out
from .services.tags import delete_tag
from .templatetags.money import money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.admin.options import _FieldGroups
    from django.contrib.admin.views.main import ChangeList
    from django.utils.functional import _StrOrPromise

SHARED = ["type", "amount", "currency", "date", "account"]  # what changes with the transfer or the split only
RULED = ("description", "notes", "account", "type", "currency", "amount", "category", "tags")  # what rules ask and give
MODELS: dict[str, type[NamedModel]] = {"category": Category, "account": Account}  # of the rows that transactions name

admin.site.site_header = "Cashman"
admin.site.site_title = "Cashman"
admin.site.index_title = _("Administration")


class TagFilter(admin.SimpleListFilter):
    """Filters by the name of a tag, which is typed, because a list of all tags could be endless."""

    title = _("tag")
    parameter_name = "tag"
    template = "admin/text_filter.html"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[models.Model]") -> list[tuple[str, str]]:
        return [("", "")]  # without any, Django would not show the filter

    def choices(self, changelist: "ChangeList") -> "Iterator[Any]":  # Any: what our template needs
        others = {name: value for name, value in changelist.params.items() if name != self.parameter_name}
        yield {"others": others, "name": self.parameter_name, "value": self.value() or ""}

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[models.Model]) -> models.QuerySet[models.Model]:
        if not self.value():
            return queryset
        names = Tag.objects.filter(key=name_key(str(self.value()))).values("name").distinct()
        return queryset.filter(tag_names__name__in=names)


class TransferFilter(admin.SimpleListFilter):
    """Leaves the legs of transfers, or all others."""

    title = _("transfer")
    parameter_name = "leg"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[models.Model]"
    ) -> "list[tuple[str, _StrOrPromise]]":
        return [("1", _("Yes")), ("0", _("No"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[models.Model]) -> models.QuerySet[models.Model]:
        return queryset.filter(transfer__isnull=self.value() == "0") if self.value() in ("0", "1") else queryset


class TransactionForm(ChangesForm):
    """A transaction with the rules of the API. By default, a new one has its owner's currency and today's date."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: the arguments of Django's model forms
        super().__init__(*args, **kwargs)
        if "category" not in self.fields:  # it is missing on a page for users who may only view
            return
        owner = self.data.get("owner") if self.adding else self.instance.owner_id
        self._offer("category", Category, owner, _("This category belongs to another owner."))
        if "account" not in self.fields:  # of a leg
            return
        self._offer("account", Account, owner, _("This account belongs to another owner."))
        if self.adding:
            texts = {"currency": _("If empty, the owner's default currency."), "date": _("If empty, today.")}
            for name, help_text in texts.items():
                self.fields[name].required = False
                self.fields[name].help_text = help_text
        else:
            self.initial["amount"] = format_amount(self.instance.amount, self.instance.currency)

    # An id, or what the form has for one.
    def _offer(self, name: str, model: type[NamedModel], owner: Any, foreign: "_StrOrPromise") -> None:
        """Let the field offer only the owner's rows. `foreign` says that a row is not the owner's."""
        field = self.fields[name]
        assert isinstance(field, NameFormField)
        assert isinstance(field.widget, RelatedFieldWidgetWrapper)
        assert isinstance(field.widget.widget, NameSelect)
        field.error_messages["invalid"] = foreign
        field.widget.widget.owner = owner
        with suppress(ValidationError):  # the field of the owner tells what is no id
            if owner:
                field.queryset = model._default_manager.filter(owner=owner).select_related("owner")

    def clean(self) -> Validated:
        data = super().clean()
        if owner := data.get("owner"):
            account = data.get("account")
            data["currency"] = data.get("currency") or (account.currency if account else owner.currency)
            data["date"] = data.get("date") or owner.today()
        elif self.adding:
            for name in ("category", "account"):
                data.pop(name, None)  # which can't be checked without an owner
        if "type" in data and not self.adding:
            data = self.instance.with_sign(data)
            self.changed_data += {"amount"} - {*self.changed_data}
        return data


@admin.register(Transaction)
class TransactionAdmin(OwnedModelAdmin):
    """Incomes and expenses. The list shows the sums of all transactions that its filters select."""

    form = TransactionForm
    fields = [
        *("owner", "type", "description", "amount", "currency", "date", "category", "account"),
        *("notes", "external_id"),
    ]
    generated = ("tag_list", "transfer", "split", *OwnedModelAdmin.generated)
    date_hierarchy = "date"
    list_display = ["day", "description", "signed_amount", "currency", "category", "account", "owner", "tag_list"]
    list_display_links = ["description"]
    list_filter = [
        *("type", "currency"),
        *[(name, AutocompleteFilter) for name in ("category", "account", "owner")],
        TransferFilter,
        ("split", admin.EmptyFieldListFilter),
        TagFilter,
    ]
    list_select_related = ["category", "account", "owner"]
    sortable_by = ["day", "description", "signed_amount", "currency", "category", "account"]
    search_fields = ["description_folded__holds", "notes_folded__holds", "external_id__lowered__holds"]
    search_help_text = _("In descriptions, notes and external ids.")
    autocomplete_fields = ["owner", "category", "account"]
    radio_fields = {"type": admin.HORIZONTAL}
    formfield_overrides = DATES

    # A transaction.
    def save_model(self, request: HttpRequest, obj: Any, form: forms.BaseForm, change: bool) -> None:
        """Save the row. The owner's rules give a new one what the form leaves empty."""
        with writing(obj.owner_id, admin_origin_of(request)) as write:
            if not change:
                values = {name: getattr(obj, name) for name in RULED}
                fill_left_out(write, [values], is_form=True)
                obj.category, obj.tags = values["category"], values["tags"]
            super().save_model(request, obj, form, change)

    @admin.display(description=_("date"), ordering="date")
    def day(self, row: Transaction) -> str:
        """Return the date as the pages write it."""
        return current_formats().day(row.date)

    @admin.display(description=_("amount"), ordering="amount")
    def signed_amount(self, row: Transaction) -> str:
        """Return the amount as the pages write it, for the list and for users who may only view."""
        css_class = "income" if row.amount > 0 else "expense"
        return format_html('<span class="{}">{}</span>', css_class, money(row.amount, row.currency))

    @admin.display(description=_("tags"))
    def tag_list(self, row: Transaction) -> str:
        return ", ".join(tag_names(row.tags))

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        """Return also what changes with the transfer of a leg, or the split of a part, only."""
        shared = SHARED if isinstance(obj, Transaction) and (obj.transfer_id or obj.split) else []
        return [*super().get_readonly_fields(request, obj), *shared]

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> "_FieldGroups":
        fields = super().get_fields(request, obj)
        if obj and not self.has_change_permission(request, obj):
            return ["signed_amount" if field == "amount" else field for field in fields]
        return fields

    def formfield_for_dbfield(self, db_field: AnyField, request: HttpRequest, **kwargs: object) -> forms.Field | None:
        if db_field.name == "currency":
            kwargs["widget"] = forms.Select(choices=[("", "---------"), *((code, code) for code in sorted(DIGITS))])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(
        self,
        db_field: AnyForeignKey,
        request: HttpRequest,
        **kwargs: object,
    ) -> "forms.ModelChoiceField[models.Model] | None":
        if db_field.name in MODELS:
            kwargs |= {
                "form_class": NameFormField,
                "queryset": MODELS[db_field.name].objects.select_related("owner"),
                "widget": NameSelect(db_field, self.admin_site),
            }
        field: forms.ModelChoiceField[models.Model] | None
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Return the list. `totals` in its context has the sums of all transactions that its filters select."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            totals = context["cl"].queryset.without_transfers().totals()
            context["totals"] = [
                {"currency": total.currency, "count": total.count, **total.amounts()} for total in totals
            ]
        return response


@admin.register(Income, Expense)
class OneTypeAdmin(TransactionAdmin):
    """Transactions of one type. The form doesn't ask for it."""

    exclude = ["type"]
    fields = [field for field in TransactionAdmin.fields if field != "type"]
    list_filter = [item for item in TransactionAdmin.list_filter if item != "type"]


@admin.register(Category)
class CategoryAdmin(MergingAdmin[Category], NamedModelAdmin):
    fields = ["owner", "name", "group", "excluded"]
    list_display = ["name", "group", "excluded", "owner"]
    list_filter = ["excluded", ("owner", AutocompleteFilter)]

    def delete_into(self, row: Category, into: Category) -> None:
        delete_category(category=row, into=into, force=False)


@admin.register(Tag)
class TagAdmin(MergingAdmin[Tag], NamedModelAdmin):
    """A tag that is in use is deleted in the API and on the pages, which can take it off its transactions."""

    fields = ["owner", "name"]
    list_display = ["name", "owner"]
    list_filter = [("owner", AutocompleteFilter)]

    def delete_into(self, row: Tag, into: Tag) -> None:
        delete_tag(tag=row, into=into, force=False)
