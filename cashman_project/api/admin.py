"""The base of all admin pages. It handles concurrent changes, lost races and wrong input."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters, get_content_type_for_model
from django.contrib.admin.utils import model_ngettext
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest, MultipleObjectsReturned, ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cashman_project.db.types import AnyForeignKey

from ..db.derived_fields import derived_fields
from ..db.owned_tables import owner_field
from ..db.search import LONGEST, containing
from .exception_handler import exception_handler
from .idempotency import is_first_submission
from .models import AdminLogEntry
from .owner import owner_of
from .parsers import KEY_FIELD
from .types import AnyResponse, Validated

if TYPE_CHECKING:
    from rest_framework.request import Request

Row: TypeAlias = Any  # Any: of the model of the admin: a derived class names it
Rows: TypeAlias = models.QuerySet[Row]
LogMessage: TypeAlias = str | list[dict[str, dict[str, list[str]]]]  # a text, or what Django says about a form
Attributes: TypeAlias = dict[str, str | bool] | None  # of an HTML element
Groups: TypeAlias = list[tuple[str | None, list[dict[str, object]], int | None]]  # of the options of a select

# Rows that one action may take. Its confirmation has a field for each of them, and a form has at most 1,000 fields.
MAX_SELECTED = 500


class SentTwice(Exception):
    """A form that adds a row was sent, and saved, before."""


class ChangesForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A form that saves only what its user has changed since it was opened.

    The page has the first value of each field in a hidden input. If a field still has this value, it is not saved. It
    is validated with the row's current value, which somebody else may have changed since.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: the many arguments of Django's own
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # The hash of the password is a disabled field.
            field.show_hidden_initial = not (self.adding or field.disabled)

    @property
    def adding(self) -> bool:
        """Return whether the row is new."""
        return bool(self.instance._state.adding)

    def clean(self) -> Validated:
        super().clean()
        if not self.adding:
            for name in self.cleaned_data.keys() - self.changed_data:
                del self.cleaned_data[name]
        return self.cleaned_data


class StrictChangeList(ChangeList):
    """A list that is sorted as people expect. Its date hierarchy survives any date, and never shifts one by a day."""

    def get_ordering_field(self, field_name: Callable[..., object] | str) -> models.Expression | str | None:
        """Return the field that a column is ordered by: the derived field of a text, if it has one."""
        name = super().get_ordering_field(field_name)
        derived = derived_fields(self.model).get(str(name))
        return derived.name if derived else name

    def get_filters(
        self, request: HttpRequest
    ) -> tuple[list[admin.ListFilter], bool, dict[str, bool | str], bool, bool]:
        # Django converts the date to a timestamp in the current time zone, and back to a date in the default one.
        with timezone.override(None):
            try:
                return super().get_filters(request)
            except (OverflowError, ValueError) as error:
                raise IncorrectLookupParameters(error) from error


class StrictAutocompleteSelect(AutocompleteSelect):
    """A select that finds a row by typing. If a form was sent with an unknown row, it shows the form again."""

    def optgroups(self, name: str, value: Sequence[str], attr: Attributes = None) -> Groups:
        try:
            return super().optgroups(name, value, attr)
        except ValidationError:
            return super().optgroups(name, [], attr)


class AutocompleteFilter(admin.FieldListFilter):
    """Filters by a row that is found by typing, because a list of all rows could be endless."""

    template = "admin/autocomplete_filter.html"

    def __init__(
        self,
        field: AnyForeignKey,
        request: HttpRequest,
        params: Any,  # Any: by name, a list of texts; the stub still has one text
        model: type[models.Model],
        model_admin: "StrictModelAdmin",
        field_path: str,
    ) -> None:
        self.parameter = f"{field_path}__id__exact"
        if params.get(self.parameter) == [""]:  # an emptied field
            del params[self.parameter]
        super().__init__(field, request, params, model, model_admin, field_path)
        chooser = model_admin.formfield_for_foreignkey(field, request, required=False)
        assert chooser is not None
        self.chooser = chooser

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def choices(
        self, changelist: ChangeList
    ) -> Iterator[Any]:  # Any: what our template needs, which the stub does not know
        others = {name: value for name, value in changelist.params.items() if name != self.parameter}
        chosen = changelist.params.get(self.parameter, "")
        attributes = {"id": f"filter_{self.field_path}", "aria-label": capfirst(self.title)}
        yield {"others": others, "select": self.chooser.widget.render(self.parameter, chosen, attributes)}


class StrictModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """The base of all admins. It writes only what was changed, and no input makes it crash.

    A user who loses a race against another write sees the error in the form. Before a deletion, the rows that are
    deleted with a row are counted; Django would load and list them.
    """

    form = ChangesForm
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[ChangeList]:
        return StrictChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Return whether the list may be filtered by this lookup: only its filters and its date hierarchy may."""
        assert request is not None  # since Django 5
        filters = self.get_list_filter(request)
        names = {getattr(item, "parameter_name", item[0] if isinstance(item, tuple) else item) for item in filters}
        field, _separator, how = lookup.partition("__")
        by_date = field == self.date_hierarchy and how in ("year", "month", "day")
        return "\0" not in value and (by_date or (field in names and how in ("", "exact", "id__exact", "isnull")))

    def get_search_results(self, request: HttpRequest, queryset: Rows, search_term: str) -> tuple[Rows, bool]:
        """Return the rows that have every word in one of the lookups `search_fields`, and False: no duplicates."""
        if len(search_term) > LONGEST:
            message = _("Search for at most %(count)d characters.") % {"count": LONGEST}
            self.message_user(request, message, messages.ERROR, fail_silently=True)
            return queryset.none(), False
        return containing(queryset, search_term.replace("\0", ""), self.get_search_fields(request)), False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        return {}  # Django would take any value from the URL

    def formfield_for_foreignkey(
        self, db_field: AnyForeignKey, request: HttpRequest, **kwargs: object
    ) -> "forms.ModelChoiceField[models.Model] | None":
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", StrictAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def out_of_reach(self, request: HttpRequest, rows: Sequence[Row]) -> bool:
        """Return whether the request's user may change none of the rows, because one of them is out of reach."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and self.out_of_reach(request, [obj]))

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and self.out_of_reach(request, [obj]))

    def owner_id_of(self, row: Row) -> UUID | None:
        """Return the id of the row's owner; None if it has no owner."""
        return getattr(row, "owner_id", None)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: LogMessage) -> AdminLogEntry:
        return self._log(request, obj, ADDITION, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: LogMessage) -> AdminLogEntry:
        return self._log(request, obj, CHANGE, message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[models.Model]) -> list[LogEntry]:
        return [self._log(request, row, DELETION) for row in queryset]

    def _log(self, request: HttpRequest, row: models.Model, flag: int, message: LogMessage = "") -> AdminLogEntry:
        entry = AdminLogEntry(
            user_id=owner_of(cast("Request", request)).pk,
            content_type=get_content_type_for_model(row),
            object_id=row.pk,
            object_repr=str(row)[:200],
            action_flag=flag,
            change_message=message if isinstance(message, str) else json.dumps(message),
            about_id=self.owner_id_of(row),
        )
        entry.save()
        return entry

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model | None:
        """Return the row, or None if there is none, or if two owners have rows with this id.

        If it is going to be written, it is locked, so that it stays as it was validated.
        """
        try:
            row = super().get_object(request, object_id, from_field)
        except MultipleObjectsReturned:
            return None
        if row is not None and transaction.get_connection().in_atomic_block:
            rows = self.own(self.get_queryset(request), row)
            row = rows.select_for_update(of=("self",)).filter(pk=row.pk).first()
        return row

    def own(self, rows: Rows, row: Row) -> Rows:
        """Return the rows that have the same owner as the row, if rows of this model have owners."""
        owner = owner_field(self.model)
        return rows.filter(**{owner.name: getattr(row, owner.attname)}) if owner else rows

    def owners_of(self, keys: Sequence[object]) -> set[UUID]:
        """Return the owners of the rows with these keys. Raises BadRequest if one is a key of two owners' rows."""
        found = list(self.model._base_manager.filter(pk__in=keys).values_list("pk", "owner"))
        if len(found) > len({key for key, _owner in found}):
            raise BadRequest
        return {owner for _key, owner in found}

    def delete_model(self, request: HttpRequest, obj: Row) -> None:
        if owner_field(self.model):
            self.own(self.model._base_manager.filter(pk=obj.pk), obj).delete()
        else:
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Rows) -> None:
        if owner := owner_field(self.model):
            keys = [row.pk for row in queryset]
            for key in self.owners_of(keys):  # by their keys, because Citus takes no search in a DELETE
                self.model._base_manager.filter(**{owner.name: key, "pk__in": keys}).delete()
        else:
            super().delete_queryset(request, queryset)

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.BaseForm, change: bool) -> None:
        """Insert the row, or write its changed fields; raises SentTwice if the same form was saved before."""
        if not change and not is_first_submission(owner_of(cast("Request", request)), request.POST.get(KEY_FIELD, "")):
            raise SentTwice
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=columns.intersection(form.changed_data) if change else None)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> AnyResponse:
        context = {"form_key": uuid4(), **(extra_context or {})}
        view = super().changeform_view
        keys = [object_id] if object_id else []
        try:
            return _retried(
                request, lambda: self.write(request, keys, lambda: view(request, object_id, form_url, context))
            )
        except SentTwice:
            self.message_user(request, _("This form was saved before: nothing was added again."), messages.WARNING)
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> AnyResponse:
        view = super().delete_view
        return _retried(
            request, lambda: self.write(request, [object_id], lambda: view(request, object_id, extra_context))
        )

    def response_action(self, request: HttpRequest, queryset: Rows) -> AnyResponse:
        """Run the action on the selected rows. Its changes and their log entries are written together or not at all."""

        def respond() -> HttpResponseBase | None:
            with transaction.atomic():
                return super(StrictModelAdmin, self).response_action(request, queryset)

        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        try:
            for key in keys:
                self.opts.pk.clean(key, None)
                ProhibitNullCharactersValidator()(key)  # which PostgreSQL can't look up
        except ValidationError as error:
            raise BadRequest from error
        if request.POST.get("select_across", "0") != "0":
            keys = list(queryset.values_list("pk", flat=True)[: MAX_SELECTED + 1])
            if len(keys) > MAX_SELECTED:
                message = _("Select at most %(count)d at once: filter the list further.") % {"count": MAX_SELECTED}
                self.message_user(request, message, messages.ERROR)
                return None
        return _retried(request, lambda: self.write(request, keys, respond))

    def write(
        self, request: HttpRequest, keys: Sequence[object], view: Callable[[], HttpResponseBase | None]
    ) -> HttpResponseBase | None:
        """Return the view's response. It may write the rows with these keys, of which some may be wrong."""
        return view()

    def get_deleted_objects(
        self, objs: Iterable[models.Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return links to the rows, counts by model, the models that need more permission, and the rows in use."""
        rows = list(objs)
        counts = {str(self.opts.verbose_name_plural): len(rows)}
        may_delete = self.has_delete_permission(request) and not self.out_of_reach(request, rows)
        forbidden = set() if may_delete else {str(self.opts.verbose_name)}
        in_use: list[str] = []
        for relation in self.opts.get_fields(include_hidden=True):
            if not isinstance(relation, models.ManyToOneRel) or relation.field.model._meta.auto_created:
                continue
            model = relation.field.model
            field = relation.field.name
            related = model._base_manager.filter(**{f"{field}__in": rows})
            if owner_field(self.model) and (owner := owner_field(model)):
                related = related.filter(**{f"{owner.name}__in": {self.owner_id_of(row) for row in rows}})
            if relation.on_delete is models.RESTRICT:
                in_use += _uses(model, field, rows, dict(related.values_list(field).annotate(models.Count("pk"))))
            elif count := related.count():
                counts[str(model._meta.verbose_name_plural)] = count
                if not self.admin_site._registry.get(model, self).has_delete_permission(request):
                    forbidden.add(str(model._meta.verbose_name))
        return [_link(row) for row in rows], counts, forbidden, in_use


def _link(row: models.Model) -> str:
    """Return the model's name and the row's name, which is a link to its page."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('{}: <a href="{}">{}</a>', capfirst(row._meta.verbose_name), url, row)


def _uses(model: type[models.Model], field: str, rows: list[models.Model], numbers: dict[object, int]) -> list[str]:
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
            model_ngettext(model._meta, numbers[row.pk]),
        )
        for row in rows
        if row.pk in numbers
    ]


def _retried(request: HttpRequest, view: Callable[[], HttpResponseBase | None]) -> HttpResponseBase | None:
    """Return the view's response. If it loses a race, it runs again, and then it sees what the other write did.

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
