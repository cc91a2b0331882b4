"""The page of a row of an import: what can happen with it, and what a transaction of it has."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from cashman_project.api.pages.inputs import Input
from cashman_project.api.problems import FieldError
from cashman_project.api.templatetags.days import day
from cashman_project.api.types import JSONObject
from transactions.models import Transaction
from transactions.services.accounts import account_names
from transactions.services.suggestions import form_suggestions
from transactions.services.transfers import APART

from .choices import Status, Verdict
from .import_forms import EDITED, WHAT, texts_of, what_of
from .models import Import, ImportRow
from .services.identities import valid
from .services.lines import LONGEST_DESCRIPTION, LONGEST_NOTES
from .services.shown import rows_json

if TYPE_CHECKING:
    from users.models import User

MOST_OFFERED = 10  # transactions that a row may be, or be a transfer with
NEAR = datetime.timedelta(days=10)


@dataclass
class RowPage:
    """The page of a row. If its form was refused, it has what was `sent`, with the `errors` beside the inputs."""

    owner: "User"
    plan: Import
    content: JSONObject
    sent: Mapping[str, object] | None = None
    errors: Sequence[FieldError] = ()

    @property
    def is_preview(self) -> bool:
        return self.plan.status == Status.PREVIEW

    @property
    def plan_url(self) -> str:
        return reverse("import-detail", args=[self.plan.pk])

    @property
    def is_refused(self) -> bool:
        return self.sent is not None

    @cached_property
    def texts(self) -> dict[str, str]:
        sent = self.sent or {}
        return {name: str(sent.get(name, text)) for name, text in texts_of(self.content).items()}

    @property
    def what(self) -> Input:
        """The input that says what happens with the row."""
        errors = [one["detail"] for one in self.errors if one["field"] not in EDITED]
        return Input(WHAT, _("What happens with this line"), "radio", [self.texts[WHAT]], self.choices, errors=errors)

    @property
    def choices(self) -> list[tuple[str, str]]:
        verdict = self.content["verdict"]
        found = {what_of(self.content): self._present()}
        if verdict == Verdict.DUPLICATE:
            found[Verdict.NEW.value] = _("Import it again, as a new transaction")
        else:
            found.setdefault(Verdict.NEW.value, _("Create a new transaction"))
            for row in self._matches():
                values = {"description": row.description, "day": day(row.date)}
                found.setdefault(f"match:{row.pk}", _("It is “%(description)s” of %(day)s") % values)
            for key, description, account in self._sides():
                values = {"description": description, "account": account}
                found.setdefault(f"transfer:{key}", _("A transfer, with “%(description)s” in %(account)s") % values)
            found.setdefault(Verdict.SKIPPED.value, _("Leave it out"))
        return [(value, label) for value, label in found.items() if label]

    def _present(self) -> str:
        """Return what happens with the row now, if nothing below says it."""
        if self.content["verdict"] == Verdict.ERROR:
            return _("Leave it out, because it can't be read")
        if self.content["verdict"] == Verdict.DUPLICATE:
            return _("Leave it out, because it was imported before")
        named = self.content["transaction" if self.content["verdict"] == Verdict.MATCH else "transfer_with"]
        found = Transaction.objects.filter(owner=self.owner, pk=named).select_related("account")
        row = found.first() if named else None
        if self.content["verdict"] == Verdict.MATCH and row:
            return _("It is “%(description)s” of %(day)s") % {"description": row.description, "day": day(row.date)}
        if self.content["verdict"] == Verdict.TRANSFER:
            side = (row.description, row.account.name) if row and row.account else self._inner_side(named)
            return _("A transfer, with “%(description)s” in %(account)s") % {"description": side[0], "account": side[1]}
        return {Verdict.NEW: _("Create a new transaction")}.get(self.content["verdict"], _("Leave it out"))

    def _inner_side(self, key: str) -> tuple[str, str]:
        rows = self._rows(Verdict.TRANSFER).filter(transaction_id=key)
        for row in rows_json(self.owner, self.plan, list(rows[:1])):
            return row["description"], row["account"] or ""
        return "…", "…"

    def _rows(self, verdict: Verdict) -> QuerySet[ImportRow]:
        return ImportRow.objects.filter(owner=self.owner, import_id=self.plan.pk, verdict=verdict)

    @cached_property
    def stored(self) -> ImportRow:
        return ImportRow.objects.get(owner=self.owner, import_id=self.plan.pk, number=self.content["number"])

    def _matches(self) -> list[Transaction]:
        """Return transactions of the row's account with its amount that no file has brought."""
        row = self.stored
        if not (row.account_id and row.date and row.amount and row.key):
            return []
        brought = valid(self.owner.pk).filter(transaction_id=OuterRef("pk"))
        found = Transaction.objects.filter(
            ~Exists(brought),
            owner=self.owner,
            account=row.account_id,
            amount=row.amount,
            date__range=(row.date - NEAR, row.date + NEAR),
        )
        return list(found.order_by("-date", "-pk")[:MOST_OFFERED])

    def _sides(self) -> list[tuple[str, str, str]]:
        """Return the ids, descriptions and accounts of what the row may be a transfer with."""
        row = self.stored
        if not (row.account_id and row.date and row.amount):
            return []
        apart = datetime.timedelta(days=APART)
        fits: dict[str, Decimal | str | object] = {
            "amount": -row.amount,
            "currency": row.currency,
            "date__range": (row.date - apart, row.date + apart),
            "account__isnull": False,
        }
        rows = Transaction.objects.filter(owner=self.owner, transfer__isnull=True, split__isnull=True, **fits)
        found = rows.exclude(account=row.account_id).select_related("account").order_by("-date", "-pk")
        sides = [(str(one.pk), one.description, one.account.name) for one in found[:MOST_OFFERED]]
        fits["account_id__isnull"] = fits.pop("account__isnull")
        inner = self._rows(Verdict.NEW).filter(**fits).exclude(account_id=row.account_id)[:MOST_OFFERED]
        contents = rows_json(self.owner, self.plan, list(inner))
        return sides + [(str(one["transaction"]), one["description"], str(one["account"])) for one in contents]

    @property
    def inputs(self) -> list[Input]:
        """The inputs of what a transaction of the row has."""
        names = account_names(self.owner)
        account = self.content["account"] or ""
        if account and account not in names:  # which the commit makes
            names = [account, *names]
        categories = form_suggestions(self.owner, None)["category"]
        found = [
            Input("date", _("Date"), "date"),
            Input("amount", _("Amount")),
            Input("description", _("Description"), max_length=LONGEST_DESCRIPTION),
            Input("account", _("Account"), "select", choices=[(name, name) for name in names]),
            Input("category", _("Category"), suggestions=categories),
            Input("tags", _("Tags")),
            Input("notes", _("Notes"), "textarea", max_length=LONGEST_NOTES),
        ]
        is_transfer = self.content["verdict"] == Verdict.TRANSFER
        return [
            replace(
                one,
                values=[self.texts[one.name]] if self.texts[one.name] else [],
                errors=[error["detail"] for error in self.errors if error["field"] == one.name],
            )
            for one in found
            if not (is_transfer and one.name in ("date", "amount", "account"))
        ]
