"""Transactions and categories of all owners in Django's admin, with the same rules as in the API."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import AutocompleteFilter, ChangesForm, StrictAutocompleteSelect, StrictModelAdmin
from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.api.filters import DateFormField
from cashman_project.api.origin import admin_origin_of
from cashman_project.db.types import AnyField
from cashman_project.locales import current_formats
from cashman_project.money.amounts import format_amount
from cashman_project.money.currencies import DIGITS
from ledgers.history_pages import version_rows
from ledgers.resources import RESOURCES
from ledgers.serializers import version_json
from ledgers.services.revisions import versions_of
from ledgers.writer import writing

from .models import Category, Expense, Income, Transaction
from .templatetags.money import money

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldGroups, _FieldsetSpec

VERSIONS = 100  # of a row that the page of its history lists

admin.site.site_header = "Cashman"
admin.site.site_title = "Cashman"
admin.site.index_title = _("Administration")


class CategorySelect(StrictAutocompleteSelect):
    """A select in which a category is found by typing. If `owner` is set, it offers only the owner's categories."""

    url_name = "%s:transactions_category_choices"
    owner: object = None

    def get_url(self) -> str:
        return f"{super().get_url()}?{urlencode({'owner': self.owner or ''})}"


class CategoryChoices(AutocompleteJsonView):
    """The categories that a `CategorySelect` offers."""

    def get_queryset(self) -> models.QuerySet[models.Model]:
        rows = super().get_queryset()
        try:
            return rows.filter(owner=self.request.GET["owner"]) if self.request.GET.get("owner") else rows
        except ValidationError:
            raise Http404 from None

    def serialize_result(self, obj: Category, to_field_name: str) -> dict[str, str]:
        return {"id": str(obj.pk), "text": CategoryField.label_from_instance(obj)}


class CategoryField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A category, shown with its owner, because another owner may have one with the same name."""

    @staticmethod
    def label_from_instance(obj: Category) -> str:
        return f"{obj.name} ({obj.owner})"


class TransactionForm(ChangesForm):
    """A transaction with the rules of the API. By default, a new one has its owner's currency and today's date."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: the arguments of Django's model forms
        super().__init__(*args, **kwargs)
        category = self.fields.get("category")
        if not isinstance(category, CategoryField):  # it is missing on a page for users who may only view
            return
        category.error_messages["invalid"] = _("This category belongs to another owner.")
        assert isinstance(category.widget, RelatedFieldWidgetWrapper)
        assert isinstance(category.widget.widget, CategorySelect)
        if self.adding:
            category.widget.widget.owner = owner = self.data.get("owner")
            with suppress(ValidationError):  # the field of the owner tells what is no id
                if owner:
                    category.queryset = Category.objects.filter(owner=owner).select_related("owner")
            texts = {"currency": _("If empty, the owner's default currency."), "date": _("If empty, today.")}
            for name, help_text in texts.items():
                self.fields[name].required = False
                self.fields[name].help_text = help_text
        else:
            category.widget.widget.owner = self.instance.owner_id
            category.queryset = Category.objects.filter(owner=self.instance.owner_id).select_related("owner")
            self.initial["amount"] = format_amount(self.instance.amount, self.instance.currency)

    def clean(self) -> dict[str, Any]:  # Any: each value has the type that its field makes
        data = super().clean()
        if owner := data.get("owner"):
            data["currency"] = data.get("currency") or owner.currency
            data["date"] = data.get("date") or owner.today()
        elif self.adding:
            data.pop("category", None)  # which can't be checked without an owner
        return data


class OwnedModelAdmin(StrictModelAdmin):
    """The base of the pages of owned rows. The `fixed` fields can only be set when a row is created."""

    fixed = ["owner"]
    generated = ("id", "version", "created_at", "updated_at")

    def write(
        self, request: HttpRequest, keys: Sequence[object], view: Callable[[], HttpResponseBase | None]
    ) -> HttpResponseBase | None:
        """Return the view's response, run as one write of the ledger of each row's owner.

        It takes no turns (`ledgers/turns.py`): a thread can't have those of several owners, and staff write rarely.
        """
        if request.method != "POST" or not keys:
            return view()
        try:
            owners = self.owners_of(keys)
        except ValidationError:  # what is no key names no row
            return view()
        origin = admin_origin_of(request)
        with ExitStack() as stack:
            for write in [stack.enter_context(writing(owner, origin)) for owner in sorted(owners)]:
                write.lock()
            return view()

    def save_model(self, request: HttpRequest, obj: Any, form: forms.BaseForm, change: bool) -> None:
        with writing(obj.owner_id, admin_origin_of(request)):  # of the owner that the form has named
            super().save_model(request, obj, form, change)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Return the page of the row's history: what the admin's log has of it, and its last versions."""
        row: Any = self.get_object(request, object_id)
        context: dict[str, object] = {}
        if row is not None and self.has_view_or_change_permission(request, row):
            versions = versions_of(row.owner_id, self.model, row.pk, VERSIONS, None, descending=True)
            words = version_rows(RESOURCES[row.resource], map(version_json, versions), row.owner.get_username())
            context = {"versions": words, "most_versions": VERSIONS}
        return super().history_view(request, object_id, {**context, **(extra_context or {})})

    @property
    def media(self) -> forms.Media:
        chooser = StrictAutocompleteSelect(Transaction._meta.get_field("owner"), self.admin_site)
        own = forms.Media(
            css={"all": ["transactions/admin.css"]}, js=["admin/js/autocomplete.js", "transactions/admin.js"]
        )
        return super().media + chooser.media + own

    def formfield_for_dbfield(self, db_field: AnyField, request: HttpRequest, **kwargs: object) -> forms.Field | None:
        if db_field.name in ("name", "external_id"):
            kwargs["error_messages"] = {"unique": _("This owner already has it.")}
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # A cross beside the select looks as if it cleared the field, but it would delete the chosen row.
            field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> "_FieldsetSpec":
        fieldsets = super().get_fieldsets(request, obj)
        return [*fieldsets, (_("Technical details"), {"fields": self.generated})] if obj else fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return [*self.generated, *self.fixed] if obj else []


@admin.register(Transaction)
class TransactionAdmin(OwnedModelAdmin):
    """Incomes and expenses. The list shows the sums of all transactions that its filters select."""

    form = TransactionForm
    fields = ["owner", "type", "description", "amount", "currency", "date", "category", "notes", "external_id"]
    fixed = ["owner", "type"]
    date_hierarchy = "date"
    list_display = ["day", "description", "signed_amount", "currency", "category", "owner"]
    list_display_links = ["description"]
    list_filter = ["type", "currency", ("category", AutocompleteFilter), ("owner", AutocompleteFilter)]
    list_select_related = ["category", "owner"]
    sortable_by = ["day", "description", "signed_amount", "currency", "category"]
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

    @admin.display(description=_("date"), ordering="date")
    def day(self, row: Transaction) -> str:
        """Return the date as the pages write it."""
        return current_formats().day(row.date)

    @admin.display(description=_("amount"), ordering="amount")
    def signed_amount(self, row: Transaction) -> str:
        """Return the amount as the pages write it, for the list and for users who may only view."""
        css_class = "income" if row.amount > 0 else "expense"
        return format_html('<span class="{}">{}</span>', css_class, money(row.amount, row.currency))

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
        # Any: to a row of any model
        self,
        db_field: "models.ForeignKey[Any, Any]",
        request: HttpRequest,
        **kwargs: object,
    ) -> "forms.ModelChoiceField[models.Model] | None":
        if db_field.name == "category":
            kwargs |= {
                "form_class": CategoryField,
                "queryset": Category.objects.select_related("owner"),
                "widget": CategorySelect(db_field, self.admin_site),
            }
        field: forms.ModelChoiceField[models.Model] | None
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return field

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Return the list. `totals` in its context has the sums of all transactions that its filters select."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            totals = context["cl"].queryset.totals()
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
class CategoryAdmin(OwnedModelAdmin):
    fields = ["owner", "name"]
    list_display = ["name", "owner"]
    list_filter = [("owner", AutocompleteFilter)]
    sortable_by = ["name"]
    search_fields = ["key__holds", "owner__username_key__holds"]
    autocomplete_fields = ["owner"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[models.Model]:
        return super().get_queryset(request).select_related("owner")

    def get_urls(self) -> list[URLPattern]:
        choices = self.admin_site.admin_view(CategoryChoices.as_view(admin_site=self.admin_site))
        return [path("choices/", choices, name="transactions_category_choices"), *super().get_urls()]
