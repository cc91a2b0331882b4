"""What an export holds: a file of JSON lines for each table of owned rows (docs/moving.md).

A table that is not here stays behind, with its reason in LEFT_OUT. A test fails if one is in neither.
"""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from django.db.models import Model, QuerySet

from ledgers.models import Change, Revision
from statements.choices import Status
from statements.models import Import, ImportProfile, ImportRow, LineIdentity
from transactions.models import (
    Account,
    BalanceCheck,
    Category,
    RejectedTransfer,
    Rule,
    Tag,
    Transaction,
    Transfer,
)

CARRIED_OUT = (Status.COMMITTED, Status.UNDONE)  # statuses of imports that go out
FORMAT = 1  # of exports; a reader refuses those that are newer
MANIFEST, README, CSV = "manifest.json", "README.txt", "transactions.csv"
Rows = QuerySet[Model]  # of any model of owned rows


class File(NamedTuple):
    """One file of an export: the model of its rows, and what the README says of it. `chosen` leaves out some rows."""

    name: str
    model: type[Model]  # whose fields only the model knows
    about: str
    chosen: Callable[[Rows, UUID], Rows] | None = None

    @property
    def path(self) -> str:
        return f"{self.name}.jsonl"

    def all_rows(self, owner: UUID) -> Rows:
        """Return the owner's rows, also those that are left out."""
        field = "ledger" if self.model in (Revision, Change) else "owner"
        rows: Rows = self.model._base_manager.filter(**{field: owner})
        return rows

    def rows(self, owner: UUID) -> Rows:
        """Return the rows that go out, in the order of their keys."""
        rows = self.all_rows(owner)
        return (self.chosen(rows, owner) if self.chosen else rows).order_by("pk")


def _carried_out(rows: Rows, owner: UUID) -> Rows:
    return rows.filter(status__in=CARRIED_OUT)


def _of_carried_out(rows: Rows, owner: UUID) -> Rows:
    return rows.filter(import_id__in=_carried_out(Import.objects.filter(owner=owner), owner).order_by().values("pk"))


# In the order in which they are read again: each after those that it refers to.
FILES = (
    File("revisions", Revision, "Each write of your ledger: its number, when it was made and how."),
    File("categories", Category, "Your categories."),
    File("tags", Tag, "Your tags."),
    File("accounts", Account, "Your accounts, with their openings."),
    File("rules", Rule, "What new transactions get by themselves."),
    File("transfers", Transfer, "Your transfers. Their legs are in transactions.jsonl."),
    File("transactions", Transaction, "Your incomes (above zero) and expenses (below zero), with the ids of the rest."),
    File("checks", BalanceCheck, "What the bank says that the balance of an account is at the end of a day."),
    File(
        "rejected_transfers", RejectedTransfer, "Pairs that look like a transfer, of which you said that they are none."
    ),
    File("imports", Import, "The statements that you have imported. Previews are left out.", _carried_out),
    File("import_rows", ImportRow, "What was made of each line of these statements.", _of_carried_out),
    File("import_profiles", ImportProfile, "What you said of the files of a bank, for the next one."),
    File("import_lines", LineIdentity, "By what imported lines are known, so that none is imported twice."),
    File("changes", Change, "What each row was before a revision changed or deleted it."),
)

LEFT_OUT = {
    "ledgers.Ledger": "the manifest has its two numbers",
    "transactions.MonthTotal": "the database counts it again",
    "transactions.TransactionTag": "the database makes it of the transactions",
    "statements.ImportFile": "it belongs to previews, which are drafts",
    "users.Session": "it opens the account",
    "users.PersonalToken": "it opens the account",
    "api.IdempotencyKey": "it is for a day, and of this service",
}


def name_of(model: type[Model]) -> str:
    """Return the name of the file that has the model's rows."""
    return next(file.name for file in FILES if file.model is model)
