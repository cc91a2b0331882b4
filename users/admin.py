"""Users in Django's admin, with what they prefer, what they sign in by, and what the staff may do.

Only a superuser grants anything: nobody else can change who is staff, who is a superuser, a group, or a permission.
And nobody can change a user who may do more than they may themselves, by whatever way: a form, a password, a deletion.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import ChangesForm, StrictModelAdmin
from cashman_project.api.owner import owner_of
from cashman_project.money.currencies import DIGITS

from .erasure import erase_users
from .models import BrowserSession, PersonalToken, Session, User
from .staff import users_above

PRIVILEGES = ["is_staff", "is_superuser", "groups", "user_permissions"]
PREFERENCES: Any = (_("Preferences"), {"fields": ["currency", "time_zone", "language"]})


class UserForm(ChangesForm, UserChangeForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A user's page; the password has one of its own."""


def staff_of(request: HttpRequest) -> User:
    """Return the staff member who sent a request to the admin."""
    return owner_of(cast("Any", request))


@admin.register(User)
class UserAdmin(StrictModelAdmin, auth_admin.UserAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    form = UserForm
    list_display = ["username", "email", "currency", "time_zone", "is_active"]
    list_filter = ["is_active", "is_staff", "is_superuser", "currency", "language"]
    search_fields = ["username_key__holds", "email__lowered__holds", "subject__lowered__holds"]
    readonly_fields = ["id", "subject", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "email"]}),
        PREFERENCES,
        (_("Permissions"), {"fields": ["is_active", *PRIVILEGES]}),
        (_("Record"), {"fields": ["id", "subject", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "usable_password", "password1", "password2"]}),
        PREFERENCES,
    ]
    add_form = AdminUserCreationForm

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        choices = {
            "currency": ((code, code) for code in sorted(DIGITS)),
            "time_zone": ((name, name) for name in sorted(available_timezones())),
            "language": settings.LANGUAGES,
        }
        if db_field.name in choices:
            # A value that is no longer a choice must not silently become another one, so there is an empty choice.
            kwargs["widget"] = forms.Select(choices=[("", "---------"), *choices[db_field.name]])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        privileges = [] if staff_of(request).is_superuser else PRIVILEGES
        return [*super().get_readonly_fields(request, obj), *privileges]

    def out_of_reach(self, request: HttpRequest, rows: Sequence[User]) -> bool:
        return users_above(staff_of(request)).filter(pk__in=[row.pk for row in rows]).exists()

    def owner_id_of(self, row: User) -> Any:
        return row.pk

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what Django's own does. Whoever may delete a user may end what the user signs in by."""
        links, counts, forbidden, in_use = super().get_deleted_objects(objs, request)
        credentials = {str(model._meta.verbose_name) for model in (PersonalToken, Session, BrowserSession)}
        return links, counts, forbidden - credentials, in_use

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Note that users were deleted, but not whom: nothing is left of them."""
        nobody = User(pk=None, username="")
        return super().log_deletions(request, [nobody for _user in queryset])

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Return the page of the password. It writes the whole user, so the user is locked."""
        with transaction.atomic() if request.method == "POST" else nullcontext():
            return super().user_change_password(request, id, form_url)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        erase_users(users=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        erase_users(users=queryset)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(StrictModelAdmin, auth_admin.GroupAdmin):
    """Groups, which superusers alone change: who changes one changes what its members may do."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return staff_of(request).is_superuser

    def out_of_reach(self, request: HttpRequest, rows: Sequence[Any]) -> bool:
        return not staff_of(request).is_superuser


class CredentialAdmin(StrictModelAdmin):
    """The base of the pages of what users sign in by: to look at and to revoke. None shows a secret."""

    owner = "owner"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(self.owner)

    def out_of_reach(self, request: HttpRequest, rows: Sequence[Any]) -> bool:
        above = users_above(staff_of(request))
        return above.filter(pk__in={self.owner_id_of(row) for row in rows} - {None}).exists()

    def owner_id_of(self, row: Any) -> Any:
        return getattr(row, f"{self.owner}_id")


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
