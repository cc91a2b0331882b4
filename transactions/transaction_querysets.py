"""Queries of transactions, and what is refused when they are written."""

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldError
from django.db.models import Count, Exists, Expression, Max, Model, OuterRef, Q, QuerySet

from cashman_project.api.errors import Conflict
from cashman_project.api.origin import UNDO
from cashman_project.db.derived_fields import FoldedField, derived_fields
from cashman_project.db.search import containing
from cashman_project.db.types import DatabaseRow
from cashman_project.money.sums import MoneySum
from ledgers.writer import Write

from .choices import TransactionType
from .errors import Locked, NoSuchTag, PartOfSplit, PartOfTransfer
from .names import NO_TAGS, name_key, tag_names
from .split_rules import moved_splits, splits_of
from .totals import SummedQuerySet
from .undo_rules import check_currencies, check_transfers, transfers_of

if TYPE_CHECKING:
    from .models import BalanceCheck, Tag, Transaction

KEPT = {"amount", "currency", "type", "date", "account", "account_id"}  # what a lock keeps, and a transfer of its legs
OF_ONE_PART = {"amount", "type"}  # of these, what a split keeps of each part. The others it keeps of all together


class TransactionQuerySet(SummedQuerySet["Transaction"]):
    number = Count("id")
    of_transfers = False  # whether the legs of transfers may be changed
    of_splits = False  # and the parts of splits

    def legs(self) -> Self:
        """Return the same rows. A transfer is being written: its legs may be changed and deleted."""
        rows = self.all()
        rows.of_transfers = True
        return rows

    def parts(self) -> Self:
        """Return the same rows. A split is being written, which keeps its account, its day and what it adds up to: its
        parts may be created, changed and deleted, also if they are locked."""
        rows = self.all()
        rows.of_splits = True
        return rows

    def _clone(self) -> Self:
        rows: Self = super()._clone()  # type: ignore[misc]  # not in the stub
        rows.of_transfers, rows.of_splits = self.of_transfers, self.of_splits
        return rows

    def sum_of(self, transaction_type: TransactionType) -> Expression:
        return MoneySum("amount", filter=Q(type=transaction_type))

    def without_transfers(self) -> Self:
        return self.filter(transfer__isnull=True)

    def containing(self, text: str) -> Self:
        """Return the rows that have all words of the text in the texts that have a `FoldedField`: the description and
        the notes."""
        folded = [field.name for field in derived_fields(self.model).values() if isinstance(field, FoldedField)]
        return containing(self, text, [f"{name}__holds" for name in folded])

    def uncategorized(self, flag: bool) -> Self:
        """Return the rows without a category if the flag is on, otherwise those with one."""
        return self.filter(category__isnull=flag)

    def _written(self, values: Mapping[str, object], write: Write) -> dict[str, object]:
        if "type" in values and "amount" not in values:
            raise FieldError("The sign of the amount follows the type: write both.")
        return super()._written(values, write)

    # -- What is refused ----------------------------------------------------------------------

    def check_new(self, rows: "Sequence[Transaction]") -> None:
        for owner in {row.owner_id for row in rows if row.tags != NO_TAGS}:
            check_tags(owner, [row.tags for row in rows if row.owner_id == owner])
        if self.of_splits:
            return
        if any(row.split for row in rows):
            raise PartOfSplit
        for owner in {row.owner_id for row in rows if row.account_id}:
            own = [row for row in rows if row.owner_id == owner]
            _check_accounts(owner, {(row.account_id, row.currency) for row in own})
            self._check_days(owner, [(row.account_id, row.date) for row in own])

    def check_inserted(self, write: Write, columns: tuple[str, ...], rows: Sequence[DatabaseRow]) -> None:
        if "tags" in columns:
            place = columns.index("tags")
            check_tags(write.owner, [row[place] for row in rows], write.origin.via == UNDO)
        if "account_id" not in columns:
            return
        if "split" in columns:  # an undo inserts rows again; `being_undone` checks what it makes of splits
            place = columns.index("split")
            rows = [row for row in rows if row[place] is None]
        account, date = columns.index("account_id"), columns.index("date")
        stored = [(row[account], row[date]) for row in rows if row[account]]
        if write.origin.via != UNDO and "currency" in columns:  # what an undo leaves is checked at its end
            place = columns.index("currency")
            _check_accounts(write.owner, {(UUID(str(row[account])), row[place]) for row in rows if row[account]})
        self._check_days(write.owner, [(UUID(str(key)), _date(day)) for key, day in stored])

    def check_update(self, write: Write, values: Mapping[str, object]) -> None:
        if isinstance(tags := values.get("tags"), str):
            check_tags(write.owner, [tags])
        if values.get("transfer") is not None and self.filter(split__isnull=False).exists():
            raise PartOfSplit
        names = KEPT & values.keys()
        if not names:
            return
        is_locked = Exists(_locks(write.owner, OuterRef("account"), OuterRef("date")))
        refused = Q(is_locked)
        account = values.get("account", values.get("account_id", OuterRef("account")))
        if {"date", "account", "account_id"} & names and account is not None:
            key = account.pk if isinstance(account, Model) else account
            refused |= Q(Exists(_locks(write.owner, key, values.get("date", OuterRef("date")))))
        self._refuse(write, refused, names)

    def check_rows(self, write: Write, rows: "Sequence[Transaction]", names: Collection[str]) -> None:
        if "tags" in names:
            check_tags(write.owner, [row.tags for row in rows], write.origin.via == UNDO)
        if not (kept := KEPT.intersection(names)) or self.of_splits:
            return
        if write.origin.via == UNDO:  # `being_undone` checks what it makes of splits
            own = self.filter(pk__in=[row.pk for row in rows], split__isnull=False)
            parts = {*own.values_list("pk", flat=True)}
            rows = [row for row in rows if row.pk not in parts and row.split is None]
        is_locked = Exists(_locks(write.owner, OuterRef("account"), OuterRef("date")))
        self.filter(pk__in=[row.pk for row in rows])._refuse(write, Q(is_locked), kept)
        if {"currency", "account", "account_id"} & kept and write.origin.via != UNDO:
            _check_accounts(write.owner, {(row.account_id, row.currency) for row in rows})
        if {"date", "account", "account_id"} & kept:
            self._check_days(write.owner, [(row.account_id, row.date) for row in rows])
        shared = {row.split: (row.account_id, row.date, row.currency) for row in rows if row.split}
        if any(row.split and shared[row.split] != (row.account_id, row.date, row.currency) for row in rows):
            raise PartOfSplit

    def check_delete(self, write: Write) -> None:
        locked = Q(Exists(_locks(write.owner, OuterRef("account"), OuterRef("date"))))
        if write.origin.via == UNDO:  # as above
            locked &= Q(split__isnull=True)
        self._refuse(write, locked)

    @contextmanager
    def being_undone(self, write: Write, keys: Collection[UUID]) -> Iterator[None]:
        """Let an undo take splits and transfers apart and put them together row by row. What it leaves is checked."""
        rows: Any = self.model._base_manager.filter(owner=write.owner)  # the stub knows no class of ours
        splits, transfers = splits_of(rows, keys), transfers_of(write.owner, "pk", keys)
        yield
        check_transfers(write.owner, transfers | transfers_of(write.owner, "pk", keys))
        check_currencies(write.owner, "pk", keys)
        if splits := splits | splits_of(rows, keys):
            self._check_days(write.owner, [*moved_splits(rows, write, splits)])

    def _refuse(self, write: Write, refused: Q, names: Collection[str] = ()) -> None:
        """Raise Locked, PartOfTransfer or PartOfSplit if any of the rows is refused. `names` are the fields that are
        written; a deletion has none. An undo may change the legs of transfers, because it takes back what a transfer
        has written, and parts of splits."""
        if self.of_splits:
            return
        is_undo = write.origin.via == UNDO
        may_change_legs = self.of_transfers or is_undo
        if not may_change_legs:
            refused |= Q(transfer__isnull=False)
        found = refused if is_undo else refused | Q(split__isnull=False)
        # Of the first such row its transfer and its split, either of which may be None: the stub sees one kind of id.
        first: Any = list(self.order_by().filter(found).values_list("transfer", "split")[:1])
        if first and first[0][1] is not None and not is_undo:
            if OF_ONE_PART & {*names} or self._leaves_parts(write.owner):
                raise PartOfSplit
            first = list(self.order_by().filter(refused).values_list("transfer", "split")[:1])
        for transfer, _part in first:
            raise Locked if transfer is None or may_change_legs else PartOfTransfer

    def _leaves_parts(self, owner: UUID) -> bool:
        """Return whether there are other parts of the splits that these rows are parts of."""
        rows = self.model._base_manager.filter(owner=owner)
        own = self.order_by()
        splits = own.filter(split__isnull=False).values("split")
        return bool(rows.filter(split__in=splits).exclude(pk__in=own.values("pk")).exists())

    def _check_days(self, owner: UUID, days: Sequence[tuple[UUID | None, datetime.date]]) -> None:
        """Raise Locked if an account is locked on one of the days."""
        accounts = {account for account, _day in days if account}
        if not accounts:
            return
        locked = _checks(owner).filter(account__in=accounts, locked=True).order_by()
        until = dict(locked.values_list("account").annotate(Max("date")))
        if any(account in until and day <= until[account] for account, day in days):
            raise Locked


def _check_accounts(owner: UUID, pairs: Collection[tuple[UUID | None, str]]) -> None:
    """Raise a Conflict if one of these accounts has another currency: it was changed after the request was read."""
    keys = {account for account, _currency in pairs if account}
    if not keys:
        return
    accounts = apps.get_model("transactions", "Account")._default_manager
    currencies = dict(accounts.filter(owner=owner, pk__in=keys).order_by().values_list("pk", "currency"))
    if any(account and currencies.get(account, currency) != currency for account, currency in pairs):
        raise Conflict(fields=("account",))


def check_tags(owner: UUID, texts: Iterable[str], is_undo: bool = False) -> None:
    """Raise NoSuchTag if the owner has not all tags in these texts. An undo makes those that are gone again."""
    names = {name for text in set(texts) for name in tag_names(text)}
    if not names:
        return
    tags: type[Tag] = apps.get_model("transactions", "Tag")
    missing = names.difference(tags.objects.filter(owner=owner, name__in=names).values_list("name", flat=True))
    if not missing:
        return
    keys = {name_key(name) for name in missing}
    if not is_undo or len(keys) < len(missing) or tags.objects.filter(owner=owner, key__in=keys).exists():
        raise NoSuchTag
    tags.objects.bulk_create([tags(owner_id=owner, name=name) for name in sorted(missing)])


def _locks(owner: UUID, account: Any, date: Any) -> "QuerySet[BalanceCheck]":  # Any: values or expressions
    """Return the checks that keep the transactions of the account on that day."""
    return _checks(owner).filter(account=account, date__gte=date, locked=True)


def _checks(owner: UUID) -> "QuerySet[BalanceCheck]":
    rows: QuerySet[BalanceCheck] = apps.get_model("transactions", "BalanceCheck")._default_manager.filter(owner=owner)
    return rows


def _date(value: object) -> datetime.date:
    """Return a date as the database stores it: SQLite has its text."""
    return value if isinstance(value, datetime.date) else datetime.date.fromisoformat(str(value))
