"""Transactions and categories in Django's admin: those of all owners, with the same rules as in the API."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import AutocompleteFilter, ChangesForm, StrictAutocompleteSelect, StrictModelAdmin
from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.api.filters import DateFormField
from cashman_project.money.amounts import format_amount
from cashman_project.money.currencies import DIGITS

from .models import Category, Expense, Income, Transaction

admin.site.site_header = "Cashman"
admin.site.site_title = "Cashman"
admin.site.index_title = _("Administration")


class CategorySelect(StrictAutocompleteSelect):
    """Finds a category by typing, among those of `owner` if it is set."""

    url_name = "%s:transactions_category_choices"
    owner: object = None

    def get_url(self) -> str:
        return f"{super().get_url()}?{urlencode({'owner': self.owner or ''})}"


class CategoryChoices(AutocompleteJsonView):
    """The categories that a `CategorySelect` offers."""

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        try:
            return rows.filter(owner=self.request.GET["owner"]) if self.request.GET.get("owner") else rows
        except ValidationError:
            raise Http404 from None

    def serialize_result(self, obj: Category, to_field_name: str) -> dict[str, str]:
        return {"id": str(obj.pk), "text": CategoryField.label_from_instance(obj)}


class CategoryField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A category, shown with its owner, since others may have one of the same name."""

    @staticmethod
    def label_from_instance(obj: Category) -> str:
        return f"{obj.name} ({obj.owner})"


class TransactionForm(ChangesForm):
    """A transaction under the rules of the API: a new one has its owner's currency and today's date by default."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        category: Any = self.fields.get("category")
        if category is None:  # as on a page for users who may only view
            return
        category.error_messages["invalid"] = _("This category belongs to another owner.")
        if self.adding:
            category.widget.widget.owner = self.data.get("owner")
            for name, help_text in (("currency", _("If empty, the owner's own.")), ("date", _("Today if empty."))):
                self.fields[name].required = False
                self.fields[name].help_text = help_text
        else:
            category.widget.widget.owner = self.instance.owner_id
            category.queryset = category.queryset.filter(owner=self.instance.owner_id)
            self.initial["amount"] = format_amount(self.instance.amount, self.instance.currency)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if owner := data.get("owner"):
            data["currency"] = data.get("currency") or owner.currency
            data["date"] = data.get("date") or owner.today()
        elif self.adding:
            data.pop("category", None)  # which can't be checked without an owner
        return data


class LedgerAdmin(StrictModelAdmin):
    """The base of the pages of owned rows. Their `fixed` fields can only be set when a row is created."""

    fixed = ["owner"]
    record = ["id", "version", "created_at", "updated_at"]

    @property
    def media(self) -> forms.Media:
        chooser = StrictAutocompleteSelect(Transaction._meta.get_field("owner"), self.admin_site)
        own = forms.Media(
            css={"all": ["transactions/admin.css"]}, js=["admin/js/autocomplete.js", "transactions/admin.js"]
        )
        return super().media + chooser.media + own

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in ("name", "external_id"):
            kwargs["error_messages"] = {"unique": _("This owner already has it.")}
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in self.autocomplete_fields:
            # A cross beside the select looks as if it cleared the field, but it would delete the chosen row.
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return [*fieldsets, (_("Record"), {"fields": self.record})] if obj else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.record, *self.fixed] if obj else []


@admin.register(Transaction)
class TransactionAdmin(LedgerAdmin):
    """Incomes and expenses, with the sums of all transactions that the list's filters select."""

    form = TransactionForm
    fields = ["owner", "type", "description", "amount", "currency", "date", "category", "notes", "external_id"]
    fixed = ["owner", "type"]
    date_hierarchy = "date"
    list_display = ["date", "description", "signed_amount", "currency", "category", "owner"]
    list_display_links = ["description"]
    list_filter = ["type", "currency", ("category", AutocompleteFilter), ("owner", AutocompleteFilter)]
    list_select_related = ["category", "owner"]
    sortable_by = ["date", "description", "signed_amount", "currency", "category"]
    search_fields = ["description_folded__holds", "notes_folded__holds", "external_id__lowered__holds"]
    search_help_text = _("In descriptions, notes and external ids.")
    autocomplete_fields = ["owner", "category"]
    radio_fields = {"type": admin.HORIZONTAL}
    formfield_overrides = {
        models.DateField: {
            "form_class": DateFormField,
            "widget": forms.DateInput({"type": "date", "min": FIRST_DATE, "max": LAST_DATE}, "%Y-%m-%d"),
        },
    }

    @admin.display(description=_("amount"), ordering="amount")
    def signed_amount(self, entry: Transaction) -> str:
        """Return the amount with its currency's decimals, for the list and for users who may only view."""
        kind = "income" if entry.amount > 0 else "expense"
        return format_html('<span class="{}">{}</span>', kind, format_amount(entry.amount, entry.currency))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        if obj and not self.has_change_permission(request, obj):
            return ["signed_amount" if field == "amount" else field for field in fields]
        return fields

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "currency":
            kwargs["widget"] = forms.Select(choices=[("", "---------"), *((code, code) for code in sorted(DIGITS))])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "category":
            kwargs |= {
                "form_class": CategoryField,
                "queryset": Category.objects.select_related("owner"),
                "widget": CategorySelect(db_field, self.admin_site),
            }
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Return the list; `totals` in its context are the sums of all transactions that its filters select."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            totals = context["cl"].queryset.totals()
            context["totals"] = [
                {"currency": total.currency, "count": total.count, **total.amounts()} for total in totals
            ]
        return response


@admin.register(Income, Expense)
class KindAdmin(TransactionAdmin):
    """Transactions of one type, which the form doesn't ask for."""

    exclude = ["type"]
    fields = [field for field in TransactionAdmin.fields if field != "type"]
    list_filter = [item for item in TransactionAdmin.list_filter if item != "type"]


@admin.register(Category)
class CategoryAdmin(LedgerAdmin):
    fields = ["owner", "name"]
    list_display = ["name", "owner"]
    list_filter = [("owner", AutocompleteFilter)]
    sortable_by = ["name"]
    search_fields = ["key__holds", "owner__username_key__holds"]
    autocomplete_fields = ["owner"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("owner")

    def get_urls(self) -> list[Any]:
        choices = self.admin_site.admin_view(CategoryChoices.as_view(admin_site=self.admin_site))
        return [path("choices/", choices, name="transactions_category_choices"), *super().get_urls()]
