"""Users in Django's admin, with their preferences, their credentials and their permissions.

Only superusers grant permissions. Nobody else can change who is staff, who is a superuser, a group, or a permission.
And nobody can change or delete a user who may do more than they may themselves, or set such a user's password.
"""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, cast
from uuid import UUID
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from cashman_project.api.admin import ChangesForm, StrictModelAdmin
from cashman_project.api.owner import owner_of
from cashman_project.db.types import AnyField
from cashman_project.money.currencies import DIGITS

from .models import BrowserSession, PersonalToken, Session, User
from .staff import users_above

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry


PERMISSIONS = ["is_staff", "is_superuser", "groups", "user_permissions"]
PREFERENCES = ("currency", "time_zone", "month_start", "language")


class UserForm(ChangesForm, UserChangeForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A user's page. The password has a page of its own."""


def staff_of(request: HttpRequest) -> User:
    """Return the staff member who sent a request to the admin."""
    return owner_of(cast("Request", request))


@admin.register(User)
class UserAdmin(StrictModelAdmin, auth_admin.UserAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    form = UserForm
    list_display = ["username", "email", "currency", "time_zone", "is_active"]
    list_filter = ["is_active", "is_staff", "is_superuser", "currency", "language"]
    search_fields = ["username_key__holds", "email__lowered__holds", "subject__lowered__holds"]
    readonly_fields = ["id", "subject", "last_login", "date_joined"]
    filter_horizontal = ()  # its two boxes can't be used with a screen reader: these fields are lists of boxes to check
    fieldsets = [
        (None, {"fields": ["username", "password", "email"]}),
        (_("Preferences"), {"fields": PREFERENCES}),
        (_("Permissions"), {"fields": ["is_active", *PERMISSIONS]}),
        (_("Technical details"), {"fields": ["id", "subject", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "usable_password", "password1", "password2"]}),
        (_("Preferences"), {"fields": PREFERENCES}),
    ]
    add_form = AdminUserCreationForm

    def formfield_for_dbfield(self, db_field: AnyField, request: HttpRequest, **kwargs: object) -> forms.Field | None:
        choices = {
            "currency": ((code, code) for code in sorted(DIGITS)),
            "time_zone": ((name, name) for name in sorted(available_timezones())),
            "language": settings.LANGUAGES,
        }
        if db_field.name in choices:
            # With an empty choice, a stored value that is no longer a choice doesn't silently become another one.
            kwargs["widget"] = forms.Select(choices=[("", "---------"), *choices[db_field.name]])
        elif db_field.many_to_many:
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        permissions = [] if staff_of(request).is_superuser else PERMISSIONS
        return [*super().get_readonly_fields(request, obj), *permissions]

    def out_of_reach(self, request: HttpRequest, rows: Sequence[User]) -> bool:
        return users_above(staff_of(request)).filter(pk__in=[row.pk for row in rows]).exists()

    def owner_id_of(self, row: User) -> UUID:
        return row.pk

    def get_deleted_objects(
        self, objs: Iterable[Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what Django does. But who may delete a user may also delete the user's credentials."""
        links, counts, forbidden, in_use = super().get_deleted_objects(objs, request)
        credentials = {str(model._meta.verbose_name) for model in (PersonalToken, Session, BrowserSession)}
        return links, counts, forbidden - credentials, in_use

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> "list[LogEntry]":
        """Log that users were deleted, but not which ones, because an erasure leaves nothing of them."""
        nobody = User(pk=None, username="")
        entries: list[LogEntry] = super().log_deletions(request, [nobody for _user in queryset])
        return entries

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Return the page of the password. It writes the whole user, so the user is locked first."""
        with transaction.atomic() if request.method == "POST" else nullcontext():
            return super().user_change_password(request, id, form_url)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(StrictModelAdmin, auth_admin.GroupAdmin):
    """Groups. Only superusers may change them, because a group says what its members may do."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return staff_of(request).is_superuser

    def out_of_reach(self, request: HttpRequest, rows: Sequence[Model]) -> bool:
        return not staff_of(request).is_superuser


class CredentialAdmin(StrictModelAdmin):
    """The base of the pages of credentials, which staff can view and delete. None of them shows a secret."""

    owner = "owner"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).select_related(self.owner)

    def out_of_reach(self, request: HttpRequest, rows: Sequence[Model]) -> bool:
        above = users_above(staff_of(request))
        return above.filter(pk__in={self.owner_id_of(row) for row in rows} - {None}).exists()

    def owner_id_of(self, row: Model) -> UUID | None:
        owner_id: UUID | None = getattr(row, f"{self.owner}_id")
        return owner_id


@admin.register(PersonalToken)
class PersonalTokenAdmin(CredentialAdmin):
    fields = ["owner", "name", "scope", "created_at", "last_used_at", "expires_at"]
    list_display = ["name", "owner", "scope", "created_at", "last_used_at", "expires_at"]
    list_filter = ["scope"]
    search_fields = ["name", "owner__username"]
    ordering = ["-created_at"]


@admin.register(Session)
class SessionAdmin(CredentialAdmin):
    fields = ["owner", "created_at", "issued_at", "expires_at"]
    list_display = ["id", "owner", "created_at", "issued_at", "expires_at"]
    search_fields = ["owner__username"]
    ordering = ["-created_at"]


@admin.register(BrowserSession)
class BrowserSessionAdmin(CredentialAdmin):
    owner = "user"
    fields = ["user", "expire_date"]
    list_display = ["__str__", "user", "expire_date"]
    search_fields = ["user__username"]
    ordering = ["-expire_date"]
