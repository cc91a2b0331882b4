"""Accounts, their checks and transfers of all owners in Django's admin."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cashman_project.api.admin import AutocompleteFilter
from cashman_project.api.origin import admin_origin_of
from cashman_project.locales import current_formats
from ledgers.writer import writing

from .models import Account, BalanceCheck, Transaction, Transfer
from .owned_admin import DATES, NamedModelAdmin, OwnedModelAdmin
from .services.transfers import Legs, delete_transfer
from .templatetags.money import money


@admin.register(Account)
class AccountAdmin(NamedModelAdmin):
    fields = ["owner", "name", "kind", "currency", "identifier", "opening_date", "opening_balance", "archived"]
    list_display = ["name", "kind", "currency", "archived", "is_default", "owner"]
    list_filter = ["kind", "currency", "archived", ("owner", AutocompleteFilter)]
    sortable_by = ["name", "kind", "currency"]
    formfield_overrides = DATES

    @admin.display(description=_("default account"), boolean=True)
    def is_default(self, row: Account) -> bool:
        """Return whether it is the account of the owner's new transactions."""
        return bool(row.owner.account == row.pk)


@admin.register(BalanceCheck)
class BalanceCheckAdmin(OwnedModelAdmin):
    """Checks are made in the API and on the pages, where they are compared. Here they can be seen and deleted."""

    fields = ["owner", "account", "date", "balance", "locked"]
    list_display = ["day", "account", "stated", "locked", "owner"]
    list_filter = ["locked", ("owner", AutocompleteFilter)]
    list_select_related = ["account", "owner"]
    date_hierarchy = "date"

    @admin.display(description=_("date"), ordering="date")
    def day(self, row: BalanceCheck) -> str:
        return current_formats().day(row.date)

    @admin.display(description=_("balance"))
    def stated(self, row: BalanceCheck) -> str:
        return format_html("{} {}", money(row.balance, row.currency), row.currency)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Transfer)
class TransferAdmin(OwnedModelAdmin):
    """Transfers are made and changed in the API and on the pages. Here they can be seen, and deleted with their
    legs, which are transactions."""

    fields = ["owner", "date"]
    generated = ("description", "source", "target", "moved", *OwnedModelAdmin.generated)
    list_display = ["day", "description", "source", "target", "moved", "owner"]
    list_filter = [("owner", AutocompleteFilter)]
    list_select_related = ["owner"]
    sortable_by = ["day"]
    date_hierarchy = "date"

    @admin.display(description=_("date"), ordering="date")
    def day(self, row: Transfer) -> str:
        return current_formats().day(row.date)

    @admin.display(description=_("description"))
    def description(self, row: Transfer) -> str:
        return str(_legs(row).first.description)

    @admin.display(description=pgettext_lazy("transfer", "From"))
    def source(self, row: Transfer) -> str:
        return _account(_legs(row).expense)

    @admin.display(description=pgettext_lazy("transfer", "To"))
    def target(self, row: Transfer) -> str:
        return _account(_legs(row).income)

    @admin.display(description=_("amount"))
    def moved(self, row: Transfer) -> str:
        """Return what left, and what arrived if that is in another currency."""
        amounts = dict.fromkeys(f"{money(abs(leg.amount), leg.currency)} {leg.currency}" for leg in _legs(row).both)
        return " \u2192 ".join(amounts)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if "cl" in (context := getattr(response, "context_data", None) or {}):
            _attach_legs(context["cl"].result_list)
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_deleted_objects(
        self, objs: Iterable[models.Model], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what the base returns, but the legs, which go with their transfer, keep none from being deleted."""
        rows: list[Any] = list(objs)  # of Transfers
        links, counts, forbidden, _legs = super().get_deleted_objects(rows, request)
        legs = Transaction.objects.filter(owner__in={row.owner_id for row in rows}, transfer__in=rows)
        return links, {**counts, str(Transaction._meta.verbose_name_plural): legs.count()}, forbidden, []

    def delete_model(self, request: HttpRequest, obj: Transfer) -> None:
        with writing(obj.owner_id, admin_origin_of(request)):
            delete_transfer(obj)

    def delete_queryset(self, request: HttpRequest, queryset: "models.QuerySet[Transfer]") -> None:
        for transfer in queryset:
            self.delete_model(request, transfer)


def _attach_legs(rows: Iterable[Transfer]) -> None:
    """Give each transfer its legs, with one query for all."""
    found: dict[tuple[UUID, UUID | None], Legs] = {(row.owner_id, row.pk): Legs(row) for row in rows}
    owners, keys = ({key[place] for key in found} for place in (0, 1))
    legs = Transaction.objects.filter(owner__in=owners, transfer__in=keys).select_related("account")
    for leg in legs if found else ():
        if one := found.get((leg.owner_id, leg.transfer_id)):
            setattr(one, "expense" if leg.amount < 0 else "income", leg)
    for one in found.values():
        one.transfer.shown_legs = one  # type: ignore[attr-defined]  # read below


def _legs(row: Any) -> Legs:  # Any: a Transfer, which gets an attribute
    if not hasattr(row, "shown_legs"):
        _attach_legs([row])
    legs: Legs = row.shown_legs
    return legs


def _account(leg: Transaction | None) -> str:
    return str(leg.account.name) if leg and leg.account else str(_("outside"))
