"""The base of all admin pages: it handles concurrent changes, lost races and wrong input."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION
from django.contrib.admin.options import IncorrectLookupParameters, get_content_type_for_model
from django.contrib.admin.utils import model_ngettext
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest, ValidationError
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ..db.derived_fields import derived_fields
from ..db.search import LONGEST, containing
from .exception_handler import exception_handler
from .idempotency import is_first
from .models import AdminLogEntry
from .owner import owner_of
from .parsers import KEY_FIELD

if TYPE_CHECKING:
    from rest_framework.request import Request

AT_ONCE = 500  # rows that one action takes: its confirmation names each of them in a form of at most 1,000 fields


class SentTwice(Exception):
    """A form that adds a row has been sent, and saved, before."""


class ChangesForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A form that saves only what its user has changed since it was opened.

    The page holds each field's first value in a hidden input. A field that still has this value is left as the row has
    it now, which somebody else may have changed meanwhile, and is validated with that.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = not (self.adding or field.disabled)  # a disabled one is the password's hash

    @property
    def adding(self) -> bool:
        """Return whether the row is new."""
        return bool(self.instance._state.adding)

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.adding:
            for name in self.cleaned_data.keys() - self.changed_data:
                del self.cleaned_data[name]
        return self.cleaned_data


class StrictChangeList(ChangeList):
    """A list in an order of letters, whose date hierarchy neither crashes at the end of time nor shifts a date."""

    def get_ordering_field(self, field_name: Any) -> Any:
        """Return the field that a column is ordered by: what follows the text of that name, if something does."""
        name = super().get_ordering_field(field_name)
        following = derived_fields(self.model).get(str(name))
        return following.name if following else name

    def get_filters(self, request: HttpRequest) -> Any:
        # Django converts the date to a timestamp in the current time zone, and back to a date in the default one.
        with timezone.override(None):
            try:
                return super().get_filters(request)
            except (OverflowError, ValueError) as error:
                raise IncorrectLookupParameters(error) from error


class StrictAutocompleteSelect(AutocompleteSelect):
    """A select that finds a row by typing. If a form was sent with an unknown row, it shows the form again."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        try:
            return super().optgroups(name, value, attr)
        except ValidationError:
            return super().optgroups(name, [], attr)


class AutocompleteFilter(admin.FieldListFilter):
    """Filters by a row that is found by typing, because a list of all rows could be endless."""

    template = "admin/autocomplete_filter.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        self.parameter = f"{field_path}__id__exact"
        if params.get(self.parameter) == [""]:  # as the emptied field is sent
            del params[self.parameter]
        super().__init__(field, request, params, model, model_admin, field_path)
        self.chooser = model_admin.formfield_for_foreignkey(field, request, required=False)

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def choices(self, changelist: ChangeList) -> Any:
        others = {name: value for name, value in changelist.params.items() if name != self.parameter}
        chosen = changelist.params.get(self.parameter, "")
        attributes = {"id": f"filter_{self.field_path}", "aria-label": capfirst(self.title)}
        return [{"others": others, "select": self.chooser.widget.render(self.parameter, chosen, attributes)}]


class StrictModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """The base of all admins: it writes only what was changed, and no input makes it crash.

    A user who loses a race against another write sees that in the form. Deleting counts the rows that are deleted with
    a row; Django would load and list them.
    """

    form = ChangesForm
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StrictChangeList

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        """Return whether the list may be filtered by this lookup: only by its filters and its dates."""
        filters = self.get_list_filter(request)
        names = {item if isinstance(item, str) else item[0] for item in filters}  # type: ignore[index]
        field, _separator, how = lookup.partition("__")
        by_date = field == self.date_hierarchy and how in ("year", "month", "day")
        return "\0" not in value and (by_date or (field in names and how in ("", "exact", "id__exact", "isnull")))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """Return the rows that have every word in any of `search_fields`, each a lookup, and that none comes twice."""
        if len(search_term) > LONGEST:
            message = _("Search for at most %(count)d characters.") % {"count": LONGEST}
            self.message_user(request, message, messages.ERROR, fail_silently=True)
            return queryset.none(), False
        return containing(queryset, search_term.replace("\0", ""), self.get_search_fields(request)), False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {}  # Django would take any value from the URL

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", StrictAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def out_of_reach(self, request: HttpRequest, rows: Sequence[Any]) -> bool:
        """Return whether the staff member who asks may change none of the rows because of what one of them is."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and self.out_of_reach(request, [obj]))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and self.out_of_reach(request, [obj]))

    def owner_id_of(self, row: Any) -> Any:
        """Return the id of the user whose row it is; None for nobody's."""
        return getattr(row, "owner_id", None)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> AdminLogEntry:
        return self._log(request, obj, ADDITION, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> AdminLogEntry:
        return self._log(request, obj, CHANGE, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return [self._log(request, row, DELETION) for row in queryset]

    def _log(self, request: HttpRequest, row: Any, flag: int, message: Any = "") -> AdminLogEntry:
        entry = AdminLogEntry(
            user_id=owner_of(cast("Any", request)).pk,
            content_type=get_content_type_for_model(row),
            object_id=row.pk,
            object_repr=str(row)[:200],
            action_flag=flag,
            change_message=message if isinstance(message, str) else json.dumps(message),
            about_id=self.owner_id_of(row),
        )
        entry.save()
        return entry

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row. If it is going to be written, it is locked, so that what is validated is what is stored."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and transaction.get_connection().in_atomic_block:
            row = self.get_queryset(request).select_for_update(of=("self",)).filter(pk=row.pk).first()
        return row

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        """Insert the row, or write its changed fields; raises SentTwice where the same form has been saved before."""
        if not change and not is_first(owner_of(cast("Request", request)), request.POST.get(KEY_FIELD, "")):
            raise SentTwice
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data) if change else None)

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        context = {"form_key": uuid4(), **(extra_context or {})}
        view = super().changeform_view
        try:
            return _retried(request, lambda: view(request, object_id, form_url, context))
        except SentTwice:
            self.message_user(request, _("This form was saved before: nothing was added again."), messages.WARNING)
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return _retried(request, lambda: super(StrictModelAdmin, self).delete_view(request, *args, **kwargs))

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """Run the action on the selected rows. Its changes and their log entries are written together or not at all."""

        def respond() -> HttpResponseBase | None:
            try:
                with transaction.atomic():
                    return super(StrictModelAdmin, self).response_action(request, queryset)
            except ValidationError as error:
                raise BadRequest from error  # a key that is none

        if request.POST.get("select_across", "0") != "0" and queryset.count() > AT_ONCE:
            message = _("Select at most %(count)d at once: filter the list further.") % {"count": AT_ONCE}
            self.message_user(request, message, messages.ERROR)
            return None
        return _retried(request, respond)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return links to the rows, counts by model, the models that need more permission, and the rows in use."""
        rows = list(objs)
        counts = {self.opts.verbose_name_plural: len(rows)}
        may_delete = self.has_delete_permission(request) and not self.out_of_reach(request, rows)
        forbidden = set() if may_delete else {self.opts.verbose_name}
        in_use: list[str] = []
        for relation in self.opts.get_fields(include_hidden=True):
            model: Any = relation.related_model
            if not isinstance(relation, models.ManyToOneRel) or model._meta.auto_created:
                continue
            field = relation.field.name
            related = model._base_manager.filter(**{f"{field}__in": rows})
            if relation.on_delete is models.RESTRICT:
                in_use += _uses(model, field, rows, dict(related.values_list(field).annotate(models.Count("pk"))))
            elif count := related.count():
                counts[model._meta.verbose_name_plural] = count
                if not self.admin_site._registry.get(model, self).has_delete_permission(request):
                    forbidden.add(model._meta.verbose_name)
        return [_link(row) for row in rows], counts, forbidden, in_use


def _link(row: models.Model) -> str:
    """Return the model's name and the row's name, which is a link to its page."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('{}: <a href="{}">{}</a>', capfirst(row._meta.verbose_name), url, row)


def _uses(model: Any, field: str, rows: list[models.Model], numbers: dict[Any, int]) -> list[str]:
    """Return a line for each row in use, with a link to the rows that use it; `numbers` has their count by key."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return [
        format_html(
            '{}: <a href="{}?{}__id__exact={}">{} {}</a>',
            row,
            url,
            field,
            row.pk,
            numbers[row.pk],
            model_ngettext(model, numbers[row.pk]),
        )
        for row in rows
        if row.pk in numbers
    ]


def _retried(request: HttpRequest, view: Callable[[], HttpResponseBase | None]) -> HttpResponseBase | None:
    """Return the view's response. If it loses a race, it is run again, and then sees the row that is in its way.

    If it loses again, the response is the page of a conflict (409).
    """
    try:
        return view()
    except IntegrityError:
        pass
    try:
        return view()
    except IntegrityError as error:
        response = exception_handler(error, {"request": request})
        if response is None:
            raise
        return response
