"""Transactions and categories of all owners in Django's admin, with the same rules as in the API."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import AutocompleteFilter, ChangesForm, StrictAutocompleteSelect, StrictModelAdmin
from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.api.errors import Conflict
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

from .models import Account, BalanceCheck, Category, Expense, Income, NamedModel, Tag, Transaction, Transfer
from .services.transfers import delete_transfer
from .templatetags.money import money

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldGroups, _FieldsetSpec
    from django.utils.functional import _StrOrPromise

MODELS: dict[str, Any] = {"category": Category, "account": Account}  # of the rows that transactions name
VERSIONS = 100  # of a row that the page of its history lists

admin.site.site_header = "Cashman"
admin.site.site_title = "Cashman"
admin.site.index_title = _("Administration")


class NameSelect(StrictAutocompleteSelect):
    """A select in which a category or an account is found by typing. If `owner` is set, it offers only the owner's."""

    owner: object = None

    def get_url(self) -> str:
        self.url_name = f"%s:transactions_{self.field.name}_choices"
        return f"{super().get_url()}?{urlencode({'owner': self.owner or ''})}"


class NameChoices(AutocompleteJsonView):
    """The rows that a `NameSelect` offers."""

    def get_queryset(self) -> models.QuerySet[models.Model]:
        rows = super().get_queryset()
        try:
            return rows.filter(owner=self.request.GET["owner"]) if self.request.GET.get("owner") else rows
        except ValidationError:
            raise Http404 from None

    def serialize_result(self, obj: NamedModel, to_field_name: str) -> dict[str, str]:
        return {"id": str(obj.pk), "text": NameFormField.label_from_instance(obj)}


class NameFormField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A category or an account, shown with its owner, because another owner may have one with the same name."""

    @staticmethod
    def label_from_instance(obj: NamedModel) -> str:
        return f"{obj.name} ({obj.owner})"


class TransactionForm(ChangesForm):
    """A transaction with the rules of the API. By default, a new one has its owner's currency and today's date."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: the arguments of Django's model forms
        super().__init__(*args, **kwargs)
        if "category" not in self.fields:  # it is missing on a page for users who may only view
            return
        owner = self.data.get("owner") if self.adding else self.instance.owner_id
        self._offer("category", Category, owner, _("This category belongs to another owner."))
        self._offer("account", Account, owner, _("This account belongs to another owner."))
        if self.adding:
            texts = {"currency": _("If empty, the owner's default currency."), "date": _("If empty, today.")}
            for name, help_text in texts.items():
                self.fields[name].required = False
                self.fields[name].help_text = help_text
        else:
            self.initial["amount"] = format_amount(self.instance.amount, self.instance.currency)

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

    def clean(self) -> dict[str, Any]:  # Any: each value has the type that its field makes
        data = super().clean()
        if owner := data.get("owner"):
            account = data.get("account")
            data["currency"] = data.get("currency") or (account.currency if account else owner.currency)
            data["date"] = data.get("date") or owner.today()
        elif self.adding:
            for name in ("category", "account"):
                data.pop(name, None)  # which can't be checked without an owner
        return data


class OwnedModelAdmin(StrictModelAdmin):
    """The base of the pages of owned rows. The `fixed` fields can only be set when a row is created."""

    fixed = ["owner"]
    generated: tuple[str, ...] = ("id", "version", "created_at", "updated_at")

    def write(
        self, request: HttpRequest, keys: Sequence[object], view: Callable[[], HttpResponseBase | None]
    ) -> HttpResponseBase | None:
        """Return the view's response, run as one write of the ledger of each row's owner. If the ledger refuses it,
        nothing is written, and the page says why.

        It takes no turns (`ledgers/turns.py`): a thread can't have those of several owners, and staff write rarely.
        """
        try:
            return self._write(request, keys, view)
        except Conflict as refused:
            self.message_user(request, str(refused.detail), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def _write(
        self, request: HttpRequest, keys: Sequence[object], view: Callable[[], HttpResponseBase | None]
    ) -> HttpResponseBase | None:
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
    fields = [
        *("owner", "type", "description", "amount", "currency", "date", "category", "account", "notes", "external_id")
    ]
    fixed = ["owner", "type"]
    generated = ("tags", "split", *OwnedModelAdmin.generated)
    date_hierarchy = "date"
    list_display = ["day", "description", "signed_amount", "currency", "category", "account", "owner"]
    list_display_links = ["description"]
    list_filter = ["type", "currency", *[(name, AutocompleteFilter) for name in ("category", "account", "owner")]]
    list_select_related = ["category", "account", "owner"]
    sortable_by = ["day", "description", "signed_amount", "currency", "category", "account"]
    search_fields = ["description_folded__holds", "notes_folded__holds", "external_id__lowered__holds"]
    search_help_text = _("In descriptions, notes and external ids.")
    autocomplete_fields = ["owner", "category", "account"]
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


class NamedModelAdmin(OwnedModelAdmin):
    """The base of the pages of rows that transactions name."""

    sortable_by = ["name"]
    search_fields = ["key__holds", "owner__username_key__holds"]
    autocomplete_fields = ["owner"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[models.Model]:
        return super().get_queryset(request).select_related("owner")

    def get_urls(self) -> list[URLPattern]:
        choices = self.admin_site.admin_view(NameChoices.as_view(admin_site=self.admin_site))
        name = f"transactions_{self.opts.model_name}_choices"
        return [path("choices/", choices, name=name), *super().get_urls()]


@admin.register(Category)
class CategoryAdmin(NamedModelAdmin):
    fields = ["owner", "name"]
    list_display = ["name", "owner"]
    list_filter = [("owner", AutocompleteFilter)]


@admin.register(Tag)
class TagAdmin(NamedModelAdmin):
    """A tag that is in use is deleted in the API and on the pages, which can take it off its transactions."""

    fields = ["owner", "name"]
    list_display = ["name", "owner"]
    list_filter = [("owner", AutocompleteFilter)]


@admin.register(Account)
class AccountAdmin(NamedModelAdmin):
    fields = ["owner", "name", "kind", "currency", "identifier", "opening_date", "opening_balance", "archived"]
    list_display = ["name", "kind", "currency", "archived", "owner"]
    list_filter = ["kind", "archived", ("owner", AutocompleteFilter)]
    formfield_overrides = TransactionAdmin.formfield_overrides


@admin.register(BalanceCheck)
class BalanceCheckAdmin(OwnedModelAdmin):
    """Checks are made in the API and on the pages, where they are compared. Here they can be seen and deleted."""

    fields = ["owner", "account", "date", "balance", "locked"]
    list_display = ["date", "account", "balance", "locked", "owner"]
    list_filter = ["locked", ("owner", AutocompleteFilter)]
    list_select_related = ["account", "owner"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Transfer)
class TransferAdmin(OwnedModelAdmin):
    """Transfers are made and changed in the API and on the pages. Here they can be seen, and deleted with their
    legs, which are transactions."""

    fields = ["owner", "date"]
    list_display = ["date", "owner"]
    list_filter = [("owner", AutocompleteFilter)]
    list_select_related = ["owner"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_deleted_objects(
        self, objs: Iterable[models.Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what the base returns, but the legs, which go with their transfer, keep none from being deleted."""
        rows: list[Any] = list(objs)  # Any: transfers
        links, counts, forbidden, _legs = super().get_deleted_objects(rows, request)
        legs = Transaction.objects.filter(owner__in={row.owner_id for row in rows}, transfer__in=rows)
        return links, {**counts, str(Transaction._meta.verbose_name_plural): legs.count()}, forbidden, []

    def delete_model(self, request: HttpRequest, obj: Transfer) -> None:
        with writing(obj.owner_id, admin_origin_of(request)):
            delete_transfer(obj)

    def delete_queryset(self, request: HttpRequest, queryset: "models.QuerySet[Transfer]") -> None:
        for transfer in queryset:
            self.delete_model(request, transfer)
