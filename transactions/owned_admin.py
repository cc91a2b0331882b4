"""What the admin's pages of all owned rows have in common."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import StrictAutocompleteSelect, StrictModelAdmin
from cashman_project.api.dates import FIRST_DATE, LAST_DATE
from cashman_project.api.errors import Conflict
from cashman_project.api.filters import DateFormField
from cashman_project.api.origin import admin_origin_of
from cashman_project.db.types import AnyField
from ledgers.history_pages import version_rows
from ledgers.resources import RESOURCES
from ledgers.serializers import version_json
from ledgers.services.revisions import versions_of
from ledgers.writer import writing

from .models import NamedModel, Transaction

if TYPE_CHECKING:
    from django.contrib.admin.options import _FieldsetSpec

VERSIONS = 100  # of a row that the page of its history lists
DATES: Mapping[type[AnyField], Mapping[str, object]] = {  # how forms ask for dates
    models.DateField: {
        "form_class": DateFormField,
        "widget": forms.DateInput({"type": "date", "min": FIRST_DATE, "max": LAST_DATE}, "%Y-%m-%d"),
    },
}


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

    # A row of the model of the admin.
    def save_model(self, request: HttpRequest, obj: Any, form: forms.BaseForm, change: bool) -> None:
        with writing(obj.owner_id, admin_origin_of(request)):  # of the owner that the form has named
            super().save_model(request, obj, form, change)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Return the page of the row's history: what the admin's log has of it, and its last versions."""
        row: Any = self.get_object(request, object_id)  # of the model of the admin
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
