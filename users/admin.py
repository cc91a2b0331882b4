"""Users in Django's admin, with what they prefer."""

from contextlib import nullcontext
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import ChangesForm, StrictModelAdmin
from transactions.money import DIGITS
from transactions.services.erasure import erase_users

from .models import User

PREFERENCES: Any = (_("Preferences"), {"fields": ["currency", "time_zone", "language"]})


class UserForm(ChangesForm, UserChangeForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A user's page; the password has one of its own."""


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
        (_("Permissions"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
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
            # One that is no choice any more must not turn into another unasked: the empty one asks for it.
            kwargs["widget"] = forms.Select(choices=[("", "---------"), *choices[db_field.name]])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Return the password's page. It writes the whole user, who is locked meanwhile."""
        with transaction.atomic() if request.method == "POST" else nullcontext():
            return super().user_change_password(request, id, form_url)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        erase_users(users=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        erase_users(users=queryset)
