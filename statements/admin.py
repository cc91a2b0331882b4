"""Imports of all owners in Django's admin, for inspection. Nothing can be changed here."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from cashman_project.api.admin import AutocompleteFilter, StrictModelAdmin
from cashman_project.locales import current_formats
from cashman_project.money.currencies import DIGITS
from transactions.templatetags.money import money

from .choices import Verdict
from .models import Import, ImportRow
from .services.rows import message_of

SHOWN = 200  # rows of an import that its page lists


@admin.register(Import)
class ImportAdmin(StrictModelAdmin):
    """Plans are made in the API and on the pages, where their rows can be changed. Here they can be seen."""

    fields = ["owner", "name", "format", "status", "created_at", "revision", "number_of_rows", "first_rows"]
    readonly_fields = ["number_of_rows", "first_rows"]
    list_display = ["__str__", "format", "status", "created_at", "owner"]
    list_filter = ["status", ("owner", AutocompleteFilter)]
    list_select_related = ["owner"]
    sortable_by = ["created_at"]

    @admin.display(description=_("rows by verdict"))
    def number_of_rows(self, row: Import) -> str:
        counts = [f"{label}: {row.counts[verdict]}" for verdict, label in Verdict.choices if row.counts.get(verdict)]
        return ", ".join(counts) or "-"

    @admin.display(description=_("first rows"))
    def first_rows(self, row: Import) -> str:
        rows = ImportRow.objects.filter(owner=row.owner_id, import_id=row.pk).order_by("number")
        line = "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
        return format_html("<table>{}</table>", format_html_join("", line, map(_cells, rows[:SHOWN])))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Return whether imports may be deleted: only with their owner, whose own page asks for it."""
        match = request.resolver_match
        is_here = match is not None and str(match.url_name).startswith("statements_import_")
        return not is_here and super().has_delete_permission(request, obj)


def _cells(row: ImportRow) -> tuple[object, ...]:
    """Return what the page shows of a row: its line, day, amount and text, and what the commit does with it."""
    day = current_formats().day(row.date) if row.date else ""
    amount = f"{money(row.amount, row.currency)} {row.currency}" if row.amount and row.currency in DIGITS else ""
    return row.line, day, amount, row.description or message_of(row.message), Verdict(row.verdict).label
