"""Rules of all owners in Django's admin."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import AutocompleteFilter

from .models import Rule
from .models.rule import SET, WHEN
from .names import tag_names
from .owned_admin import OwnedModelAdmin
from .words import BETWEEN


@admin.register(Rule)
class RuleAdmin(OwnedModelAdmin):
    """Rules are made in the API and on the pages, where they can be tried. Here they can be seen and deleted."""

    fields = ["owner", "position", "name", *WHEN, *SET, "stop"]
    list_display = ["title", "position", "category", "tag_list", "stop", "owner"]
    list_filter = ["stop", ("owner", AutocompleteFilter)]
    list_select_related = ["category", "owner"]
    sortable_by = ["position"]

    @admin.display(description=_("rule"))
    def title(self, row: Rule) -> str:
        return str(row)

    @admin.display(description=_("tags"))
    def tag_list(self, row: Rule) -> str:
        return BETWEEN.join(tag_names(row.tags))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
