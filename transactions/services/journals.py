"""Transactions as the entries of double-entry bookkeeping, which journals are made of.

Each row is an entry: of its account, and of its category. A transfer is one entry of two accounts, a split one entry of
several categories.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from django.db.models import Min
from django.db.models.functions import Coalesce

from cashman_project.api.dates import FIRST_DATE
from cashman_project.api.types import JSONObject
from cashman_project.money.amounts import EXACT, format_amount, format_units
from transactions.transaction_querysets import TransactionQuerySet

from ..choices import AccountKind, TransactionType
from ..models import Account, Category, Transaction

if TYPE_CHECKING:
    from users.models import User

Path: TypeAlias = tuple[str, ...]  # the names that an account of a journal consists of

BATCH = 2_000  # entries whose transfers are looked up together
DAY = datetime.timedelta(days=1)
LIABILITIES = {AccountKind.CARD, AccountKind.LOAN}
NO_ACCOUNT = ("Assets", "Without an account")
NO_CATEGORY = "Without a category"
IN_TRANSIT = ("Assets", "In transit")
ADJUSTMENTS = ("Equity", "Adjustments")
OPENINGS = ("Equity", "Opening balances")


class Posting(NamedTuple):
    account: Path
    amount: str
    currency: str
    total: tuple[str, str] | None = None  # what it is worth in another currency, if the entry has two
    tags: Sequence[str] = ()


class Entry(NamedTuple):
    date: str
    description: str
    postings: list[Posting]  # which add up to zero
    id: str = ""
    notes: Sequence[str] = ()
    tags: Sequence[str] = ()


class Leg(NamedTuple):
    type: str
    amount: str  # with its sign
    currency: str
    date: str
    account: Path


class Journal:
    """The entries of a list of transactions. `read` yields the rows of a queryset."""

    def __init__(
        self, owner: "User", rows: TransactionQuerySet, read: Callable[[TransactionQuerySet], Iterator[JSONObject]]
    ) -> None:
        self.owner = owner
        self.rows = rows
        self.read = read
        self.accounts = list(Account.objects.for_owner(owner))
        self.paths = {account.name: _account_path(account) for account in self.accounts}
        grouped = Category.objects.for_owner(owner).filter(group__isnull=False)
        self.groups = dict(grouped.values_list("name", "group"))

    def openings(self) -> Iterator[Entry]:
        """Yield what the accounts had before their first transactions. With these, a journal of all transactions has
        the balances of the accounts."""
        before = Account.objects.for_owner(self.owner).balances(self.owner.pk, FIRST_DATE - DAY)
        found = self.rows.order_by().values_list("account__name").annotate(Min("date"))
        firsts: dict[str | None, datetime.date] = dict(found)
        for account in self.accounts:
            if (units := before[account.pk]) and account.opening_date:
                date = min(account.opening_date, firsts.get(account.name, account.opening_date))
                amounts = [format_units(one, account.currency) for one in (units, -units)]
                postings = [
                    Posting(path, amount, account.currency)
                    for path, amount in zip((self.paths[account.name], OPENINGS), amounts, strict=True)
                ]
                yield Entry(date.isoformat(), "Opening balance", postings)

    def entries(self) -> Iterator[Entry]:
        """Yield the entries in the order of their dates."""
        rows = self.read(self.rows.order_by("date", Coalesce("split", "id"), "id"))
        splits = (list(parts) for _split, parts in groupby(rows, lambda row: row["split"] or row["id"]))
        for batch in iter(lambda: list(islice(splits, BATCH)), []):
            transfers = _Transfers(self, {row["transfer"] for parts in batch for row in parts if row["transfer"]})
            for parts in batch:
                if parts[0]["transfer"]:
                    yield from transfers.entries(parts[0])
                else:
                    yield self._entry(parts)

    def path(self, account: str | None) -> Path:
        return self.paths.get(account, ("Assets", account)) if account else NO_ACCOUNT

    def _entry(self, parts: Sequence[JSONObject]) -> Entry:
        """Return the entry of a transaction, or of all parts of a split."""
        first = parts[0]
        amounts = [Decimal(part["amount"]) for part in parts]
        own = Posting(self.path(first["account"]), _total(amounts, first["currency"]), first["currency"])
        others = [
            Posting(
                self._category(part),
                format_amount(EXACT.minus(amount), part["currency"]),
                part["currency"],
                tags=part["tags"] if len(parts) > 1 else (),
            )
            for part, amount in zip(parts, amounts, strict=True)
        ]
        notes = [part["notes"] for part in parts if part["notes"]]
        tags = list(dict.fromkeys(tag for part in parts for tag in part["tags"]))
        return Entry(first["date"], first["description"], [*others, own], first["id"], notes, tags)

    def _category(self, row: JSONObject) -> Path:
        root = "Income" if row["type"] == TransactionType.INCOME else "Expenses"
        name = row["category"]
        return (root, *filter(None, [self.groups.get(name)]), name) if name else (root, NO_CATEGORY)


class _Transfers:
    """The transfers of some rows, with all of their legs, whether these are in the list or not."""

    def __init__(self, journal: Journal, keys: set[str]) -> None:
        self.legs: dict[str, list[Leg]] = {}
        self.begun: set[str] = set()  # the transfers whose expense is in the list
        if not keys:
            return
        legs = Transaction.objects.for_owner(journal.owner).filter(transfer__in=keys).select_related("account")
        for leg in legs.order_by("amount"):  # the expense first
            path = journal.path(leg.account.name if leg.account else None)
            amount = format_amount(leg.amount, leg.currency)
            self.legs.setdefault(str(leg.transfer_id), []).append(
                Leg(leg.type, amount, leg.currency, leg.date.isoformat(), path)
            )
        listed = journal.rows.order_by().filter(transfer__in=keys, type=TransactionType.EXPENSE)
        self.begun = {str(key) for key in listed.values_list("transfer_id", flat=True)}

    def entries(self, row: JSONObject) -> Iterator[Entry]:
        """Yield the entry of the transfer, if it belongs to this leg. If the legs have two dates, each has an entry."""
        legs = self.legs.get(row["transfer"], [])
        is_income = row["type"] == TransactionType.INCOME
        if len(legs) < 2:
            postings = [Posting(leg.account, leg.amount, leg.currency) for leg in legs]
            postings += [Posting(ADJUSTMENTS, _negative(leg.amount), leg.currency) for leg in legs]
        else:
            out, came = legs
            price = (_negative(out.amount), out.currency) if out.currency != came.currency else None
            gone = Posting(out.account, out.amount, out.currency)
            arrived = Posting(came.account, came.amount, came.currency, price)
            if out.date == came.date:
                if is_income and row["transfer"] in self.begun:
                    return
                postings = [arrived, gone]
            elif is_income:
                postings = [arrived, Posting(IN_TRANSIT, out.amount, out.currency)]
            else:
                postings = [Posting(IN_TRANSIT, _negative(out.amount), out.currency), gone]
        notes = [row["notes"]] if row["notes"] else []
        yield Entry(row["date"], row["description"], postings, row["id"], notes, row["tags"])


class Names:
    """What the accounts of a journal are called in a format that does not allow every text.

    `clean` makes a name that is allowed. Two accounts never get the same one.
    """

    def __init__(self, clean: Callable[[str], str], between: str) -> None:
        self.clean = clean
        self.between = between  # a name and its number
        self.names: dict[Path, str] = {}
        self.taken: set[str] = set()

    def of(self, path: Path) -> str:
        if path not in self.names:
            name = first = ":".join(map(self.clean, path))
            number = 1
            while name in self.taken:
                number += 1
                name = f"{first}{self.between}{number}"
            self.names[path] = name
            self.taken.add(name)
        return self.names[path]


def _account_path(account: Account) -> Path:
    return ("Liabilities" if account.kind in LIABILITIES else "Assets", account.name)


def _total(amounts: Iterable[Decimal], currency: str) -> str:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return format_amount(total, currency)


def _negative(amount: str) -> str:
    return amount[1:] if amount.startswith("-") else f"-{amount}"
