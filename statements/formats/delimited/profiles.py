"""Exports of other programs, known by the names of their columns.

Facts about them are from their public documentation and sources. How their rows become lines is in moving_in.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .columns import Columns, changed


@dataclass(frozen=True, slots=True)
class Profile:
    """How a program writes its exports."""

    name: str
    known_by: frozenset[str]  # columns that only its exports have together
    columns: Mapping[str, str]  # the name of the column that has each thing
    description: str = ""
    asks_sign: bool = False  # its users choose whether expenses are above or below zero
    filled_down: tuple[str, ...] = ()  # columns that are empty if they would repeat the row above

    def place(self, names: Sequence[str]) -> Columns:
        """Return where the columns are in this file; a version of the program may have more or fewer."""
        found = {meaning: names.index(name) for meaning, name in self.columns.items() if name in names}
        description = (names.index(self.description),) if self.description in names else ()
        return changed(Columns(description=description), found)


PROFILES = (
    Profile(
        "Firefly III",
        frozenset(["journal_id", "source_name", "destination_name", "source_type", "destination_type", "amount"]),
        {
            "date": "date",
            "amount": "amount",
            "currency": "currency_code",
            "category": "category",
            "tags": "tags",
            "memo": "notes",
            "kind": "type",
            "bank_id": "journal_id",
        },
        description="description",
    ),
    Profile(
        "Actual",
        frozenset(["Account", "Date", "Payee", "Notes", "Category", "Amount", "Cleared"]),
        {
            "date": "Date",
            "amount": "Amount",
            "account": "Account",
            "counterparty": "Payee",
            "category": "Category",
            "memo": "Notes",
        },
    ),
    Profile(
        "YNAB",
        frozenset(["Account", "Date", "Payee", "Category", "Memo", "Outflow", "Inflow", "Cleared"]),
        {
            "date": "Date",
            "debit": "Outflow",
            "credit": "Inflow",
            "account": "Account",
            "counterparty": "Payee",
            "category": "Category",
            "tags": "Flag",
            "memo": "Memo",
        },
    ),
    Profile(
        "Lunch Money",
        frozenset(["date", "payee", "amount", "currency", "category", "account_name", "original_name"]),
        {
            "date": "date",
            "amount": "amount",
            "currency": "currency",
            "account": "account_name",
            "counterparty": "payee",
            "category": "category",
            "tags": "tags",
            "memo": "notes",
            "bank_id": "transaction_id",
        },
        description="original_name",
        asks_sign=True,
    ),
    Profile(
        "GnuCash",
        frozenset(["Date", "Transaction ID", "Description", "Full Account Name", "Amount Num.", "Value Num."]),
        {
            "date": "Date",
            "amount": "Amount Num.",
            "currency": "Commodity/Currency",
            "account": "Full Account Name",
            "memo": "Memo",
            "check_number": "Number",
            "bank_id": "Transaction ID",
        },
        description="Description",
        filled_down=("Date", "Transaction ID", "Number", "Description", "Commodity/Currency", "Void Reason"),
    ),
    Profile(
        "GnuCash, simple layout",
        frozenset(["Date", "Account Name", "Description", "Full Category Path", "Amount Num.", "Value Num."]),
        {
            "date": "Date",
            "amount": "Amount Num.",
            "account": "Account Name",
            "category": "Full Category Path",
            "check_number": "Number",
        },
        description="Description",
    ),
)


def profile_of(names: Sequence[str]) -> Profile | None:
    """Return the program whose export has these columns."""
    columns = set(names)
    return next((profile for profile in PROFILES if profile.known_by <= columns), None)
