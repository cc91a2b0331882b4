"""Changes of single rows of a preview."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from uuid_utils.compat import uuid7

from cashman_project.api.types import Validated
from transactions.models import Account, Transaction
from transactions.services.transfers import APART

from ..choices import CREATES, Verdict
from ..models import Import, ImportRow
from .identities import known, valid
from .lines import why_wrong
from .plans import change, locked_preview

if TYPE_CHECKING:
    from users.models import User

FIELDS = ("date", "amount", "description", "notes")
WRITTEN = (
    *(*FIELDS, "account_id", "line_account_id", "currency", "category_id", "tags"),
    *("verdict", "message", "reimport", "transaction_id", "transfer_with", "transfer_id", "seen_revision", "rule_id"),
)


def edit_row(owner: "User", import_id: UUID, number: int, values: Validated) -> tuple[Import, ImportRow]:
    """Change a row of a preview; return the plan and the row. Raises ValidationError if the row can't be so, NotFound,
    or NotAPreview."""
    plan = locked_preview(owner.pk, import_id)
    row = ImportRow.objects.filter(owner=owner, import_id=import_id, number=number).first()
    if row is None:
        raise NotFound
    before = row.verdict
    verdict = Verdict(values.get("verdict", before))
    edit = _Edit(owner, plan, row, values)
    edit.set_fields(verdict)
    edit.set_verdict(verdict)
    written = {name: getattr(row, name) for name in WRITTEN}
    ImportRow.objects.filter(owner=owner, import_id=import_id, number=number).update(**written)
    counts = {**plan.counts}
    counts[before] -= 1
    counts[row.verdict] += 1
    counts[Verdict.TRANSFER] -= edit.released
    counts[Verdict.NEW] += edit.released
    if edit.joined is not None:
        counts[edit.joined] -= 1
        counts[Verdict.TRANSFER] += 1
    change(plan, counts=counts)
    return plan, row


class _Edit:
    """The change of one row. `released` is how many other rows are no transfer any more, and `joined` what the row was
    before that is one now."""

    def __init__(self, owner: "User", plan: Import, row: ImportRow, values: Validated) -> None:
        self.owner = owner
        self.plan = plan
        self.row = row
        self.values = values
        self.released = 0
        self.joined: Verdict | None = None

    @property
    def rows(self) -> "QuerySet[ImportRow]":
        return ImportRow.objects.filter(owner=self.owner, import_id=self.plan.pk)

    @property
    def line_account(self) -> UUID | None:
        return self.row.line_account_id or self.row.account_id

    @property
    def is_known(self) -> bool:
        """Whether the line was imported before, and is not to be imported again."""
        row, account = self.row, self.line_account
        return bool(row.key and account and not row.reimport and known(self.owner.pk, account, [row.key]))

    def set_fields(self, verdict: Verdict) -> None:
        """Give the row its new values."""
        given = [name for name in (*FIELDS, "account", "category", "tags") if name in self.values]
        if given and verdict not in CREATES:
            raise _wrong(given[0], _("Only rows that become transactions have this to change."))
        fixed = [name for name in given if name in ("date", "amount", "account")]
        if fixed and verdict == Verdict.TRANSFER:
            raise _wrong(fixed[0], _("This row is a transfer, which needs both sides. Make it new first."))
        for name in FIELDS:
            if name in self.values:
                setattr(self.row, name, self.values[name])
        if {"description", "category", "tags"} & self.values.keys():
            self.row.rule_id = None  # somebody has decided
        if "category" in self.values:
            self.row.category_id = self.values["category"] and self.values["category"].pk
        if "tags" in self.values:
            self.row.tags = self.values["tags"]
        if account := self.values.get("account"):
            if self.row.currency not in ("", account.currency) and "amount" not in self.values:
                raise _wrong("account", _("The account has another currency. Give the amount in it, too."))
            self.row.line_account_id = self.line_account
            self.row.account_id, self.row.currency = account.pk, account.currency

    def set_verdict(self, verdict: Verdict) -> None:
        """Let the commit do this with the row."""
        row = self.row
        if verdict == row.verdict and verdict not in CREATES and not {"transaction", "transfer_with"} & {*self.values}:
            return
        if row.transfer_id and verdict == Verdict.TRANSFER and "transfer_with" not in self.values:
            return
        was_made = row.verdict in CREATES
        self._release()
        row.reimport = bool(self.values.get("reimport", row.reimport))
        if verdict in CREATES:
            self._check_new()
            if not was_made or row.transaction_id is None:
                row.transaction_id = uuid7()
        if verdict == Verdict.TRANSFER:
            self._join()
        elif verdict == Verdict.MATCH:
            self._match()
        elif verdict == Verdict.DUPLICATE:
            self._check_duplicate()
        elif verdict == Verdict.SKIPPED:
            row.transaction_id = None
        row.verdict = verdict
        row.message = "" if verdict != Verdict.SKIPPED else row.message

    def _release(self) -> None:
        """Let the row be no transfer. If its other side is in the plan, that is new again."""
        row = self.row
        if row.transfer_id:
            others = self.rows.filter(transfer_id=row.transfer_id).exclude(number=row.number)
            self.released = others.update(verdict=Verdict.NEW, transfer_id=None, transfer_with=None)
        row.transfer_id = row.transfer_with = row.seen_revision = None

    def _check_new(self) -> None:
        """Raise ValidationError unless a transaction can be made of the row."""
        row = self.row
        for name, value in (("account", row.account_id), ("date", row.date), ("amount", row.amount)):
            if value is None:
                raise _wrong(name, _("Give it: the file does not say it."), "required")
        assert row.date is not None
        assert row.amount is not None
        if row.currency != self._currency():
            raise _wrong("account", _("The account has another currency. Give the amount in it, too."))
        if not row.amount:
            raise _wrong("amount", _("No money moved."))
        if wrong := why_wrong(row.date, row.amount, row.currency):
            raise _wrong("amount", str(wrong))
        if not row.description.strip():
            raise _wrong("description", _("Give it: the file does not say it."), "required")
        self._check_unknown()

    def _check_unknown(self) -> None:
        if self.is_known:
            raise _wrong("reimport", _("This line was imported before. To import it again, set this to true."))

    def _currency(self) -> str | None:
        """Return the currency of the row's account, which the commit may make."""
        made = {one["id"]: one["currency"] for one in self.plan.makes.get("accounts", [])}
        key = self.row.account_id
        accounts = Account.objects.for_owner(self.owner).filter(pk=key) if key else Account.objects.none()
        return made.get(str(key)) or accounts.values_list("currency", flat=True).first()

    def _check_duplicate(self) -> None:
        row, account = self.row, self.line_account
        found = known(self.owner.pk, account, [row.key]) if account and row.key else {}
        if not row.key or row.key not in found:
            raise _wrong("verdict", _("This line was not imported before."))
        row.transaction_id, row.reimport = found[row.key], False

    def _match(self) -> None:
        """Let the row be the transaction that is named."""
        row, key = self.row, self.values.get("transaction") or self.row.transaction_id
        found = None
        if key and row.key and row.account_id and row.amount is not None:
            rows = Transaction.objects.filter(owner=self.owner, account=row.account_id, amount=row.amount)
            found = rows.filter(pk=key).first()
        if found is None:
            raise _wrong("transaction", _("You have no such transaction of this account and this amount."))
        self._check_unknown()
        is_brought = valid(self.owner.pk).filter(transaction_id=found.pk).exists()
        if is_brought or self.rows.filter(transaction_id=found.pk).exclude(number=row.number).exists():
            raise _wrong("transaction", _("Another line is this transaction."))
        row.transaction_id, row.seen_revision = found.pk, found.revision

    def _join(self) -> None:
        """Let the row be a transfer, with the transaction that is named, or with another row of the plan."""
        row, key = self.row, self.values.get("transfer_with")
        assert row.amount is not None
        assert row.date is not None
        apart = timedelta(days=APART)
        fits = {
            "amount": -row.amount,
            "currency": row.currency,
            "date__range": (row.date - apart, row.date + apart),
            "account_id__isnull": False,
        }
        inner = self.rows.filter(transaction_id=key, verdict=Verdict.NEW, **fits).exclude(account_id=row.account_id)
        rows = Transaction.objects.filter(owner=self.owner, transfer__isnull=True, split__isnull=True, **fits)
        other = inner.first() if key else None
        found = rows.filter(pk=key).exclude(account=row.account_id).first() if key else None
        is_taken = self.rows.filter(transfer_with=key).exclude(number=row.number).exists()
        if key is None or is_taken or not (other or found):
            message = _("You have no such transaction of another account, with the opposite amount, a few days apart.")
            raise _wrong("transfer_with", message)
        row.transfer_with, row.transfer_id = key, uuid7()
        row.seen_revision = found.revision if found else None
        if other:
            self.joined = Verdict.NEW
            self.rows.filter(number=other.number).update(
                verdict=Verdict.TRANSFER, transfer_id=row.transfer_id, transfer_with=row.transaction_id
            )


def _wrong(name: str, message: str, code: str = "invalid") -> ValidationError:
    return ValidationError({name: [message]}, code=code)
