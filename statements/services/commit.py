"""Commits: they do exactly what the plan shows, in one revision, or nothing (docs/adr/0048-statement-plans.md)."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from cashman_project.api.origin import IMPORT, Origin
from cashman_project.db.compiled import database_values
from cashman_project.db.insert_many import insert_target
from cashman_project.db.looked_up import looked_up
from cashman_project.db.types import SQL, DatabaseRow
from cashman_project.money.amounts import parse_amount
from ledgers.writer import Write, writing
from transactions.choices import TransactionType
from transactions.models import Account, BalanceCheck, Category, Tag, Transaction, Transfer
from transactions.models.named import NamedModel
from transactions.names import name_key, tag_names

from ..choices import CREATES, ENTERS, Status, Verdict
from ..errors import Stale, Unanswered
from ..models import Import, ImportFile, ImportRow, LineIdentity
from .accounts import Target, account_of
from .identities import LINE_ACCOUNT, imported, lowest_revision, valid
from .plans import change, locked_preview
from .profiles import save_profile

if TYPE_CHECKING:
    from users.models import User

CHUNK = 10_000  # rows that are written together
ROWS = ImportRow._meta.db_table
IDENTITY = ("owner_id", "account_id", "key", "transaction_id", "revision")
KEPT = ("owner_id", "account_id", "date", "amount", "currency", "category_id", "tags")  # of a row as they are
TEXTS = ("description", "notes", "description_folded", "notes_folded")
VALUES = {  # of a transaction, by the columns of its row; two parameters: the present
    **{name: name for name in (*KEPT, *TEXTS)},
    "id": "transaction_id",
    "version": "1",
    "created_at": "%s",
    "updated_at": "%s",
    "type": f"CASE WHEN amount < 0 THEN '{TransactionType.EXPENSE}' ELSE '{TransactionType.INCOME}' END",
    "transfer_id": f"CASE WHEN verdict = '{Verdict.TRANSFER}' THEN transfer_id END",
}
CHECKED = ("account_id", "date", "currency", "tags")


def commit(owner: "User", import_id: UUID, origin: Origin, version: int | None = None) -> Import:
    """Do what the plan shows. Raises Stale if that can't be done any more, Unanswered, NotAPreview, Locked if a check
    keeps an account as it is, or ObjectDoesNotExist if there is no such plan."""
    with writing(owner.pk, origin._replace(via=IMPORT)) as write:
        write.lock()
        plan = locked_preview(owner.pk, import_id)
        if version not in (None, plan.version):
            raise Stale
        if plan.questions:
            raise Unanswered
        rows = ImportRow.objects.filter(owner=owner, import_id=import_id).order_by("number")
        check_fresh(owner, plan, rows)
        _make(owner, plan)
        _insert(write, plan, rows)
        _store_checks(owner, plan)
        revision = write.revision if write.counts else None
        _store_identities(write, plan, rows, revision or lowest_revision(owner.pk) - 1)
        change(plan, status=Status.COMMITTED, revision=revision)
        if plan.options.get("save_profile"):
            save_profile(plan)
        ImportFile.objects.filter(owner=owner, import_id=import_id).delete()
    return plan


# -- What the plan relies on ------------------------------------------------------------------


def check_fresh(owner: "User", plan: Import, rows: "QuerySet[ImportRow]") -> None:
    """Raise Stale unless everything that the plan relies on is as it was: its lines are as new or as known as they
    were, the transactions that it names are unchanged, and its accounts, categories and tags are there."""
    lines = imported(owner.pk)
    seen = Coalesce(OuterRef("seen_revision"), plan.based_on)
    named = Transaction.objects.filter(owner=owner, revision__lte=seen)
    brought = looked_up(valid(owner.pk).filter(transaction_id=OuterRef("transaction_id")))
    own = ImportRow.objects.filter(owner=owner, import_id=plan.pk).order_by().values("transaction_id")
    linked = looked_up(named.filter(pk=OuterRef("transfer_with"), transfer__isnull=True))
    matches, transfers = rows.filter(verdict=Verdict.MATCH), rows.filter(verdict=Verdict.TRANSFER)
    stale = (  # each is a query of its own, which reads only the rows with its verdict
        rows.filter(verdict__in=ENTERS, reimport=False).filter(lines),
        rows.filter(verdict=Verdict.DUPLICATE).filter(~lines, ~brought),
        matches.filter(Q(brought) | ~Q(looked_up(named.filter(pk=OuterRef("transaction_id"))))),
        transfers.exclude(transfer_with__in=own.filter(transaction_id__isnull=False)).filter(~linked),
    )
    if any(found.order_by().exists() for found in stale) or _lacks(owner, plan, rows):
        raise Stale


def _lacks(owner: "User", plan: Import, rows: "QuerySet[ImportRow]") -> bool:
    """Return whether something is gone that rows name, or something is there that the commit would make."""
    entering = rows.filter(verdict__in=ENTERS).order_by()
    made = plan.makes.get("accounts", [])
    new = {UUID(one["id"]) for one in [*made, *plan.makes.get("categories", [])]}
    accounts = dict(Account.objects.for_owner(owner).values_list("pk", "currency"))
    for account, currency in entering.values_list("account_id", "currency").distinct():
        if account is None or (account not in new and accounts.get(account) != currency):
            return True
    categories = set(entering.filter(category_id__isnull=False).values_list("category_id", flat=True).distinct())
    if categories:
        there = Category.objects.for_owner(owner).filter(pk__in=categories - new).values_list("pk", flat=True)
        if categories - new - set(there):
            return True
    creating = rows.filter(verdict__in=CREATES).order_by()
    tags = {name for text in creating.values_list("tags", flat=True).distinct() for name in tag_names(text)}
    tags -= {*plan.makes.get("tags", [])}
    if tags and tags - {*Tag.objects.for_owner(owner).values_list("name", flat=True)}:
        return True
    return any(
        _is_taken(owner, model, names)
        for model, names in (
            (Account, [one["name"] for one in made]),
            (Category, [one["name"] for one in plan.makes.get("categories", [])]),
            (Tag, plan.makes.get("tags", [])),
        )
    )


def _is_taken(owner: "User", model: type[NamedModel], names: Sequence[str]) -> bool:
    keys = [name_key(name) for name in names]
    return bool(keys) and model.objects.for_owner(owner).filter(key__in=keys).exists()


# -- What is written --------------------------------------------------------------------------


def _make(owner: "User", plan: Import) -> None:
    """Create the accounts, the categories and the tags that the plan makes."""
    for one in plan.makes.get("accounts", []):
        account = account_of(owner, Target(UUID(one["id"]), one["name"], one["currency"], one["identifier"]))
        if opening := one.get("opening"):
            account.opening_date = date.fromisoformat(opening["date"])
            account.opening_balance = parse_amount(opening["balance"])
        account.full_clean(exclude=["owner", "id"])
        account.save()
    if categories := plan.makes.get("categories"):
        Category.objects.bulk_create(
            [Category(pk=UUID(one["id"]), owner=owner, name=one["name"]) for one in categories]
        )
    if tags := plan.makes.get("tags"):
        Tag.objects.bulk_create([Tag(owner=owner, name=name) for name in tags])


def _sources(plan: Import, verdicts: Sequence[Verdict], also: str = "") -> Iterator[SQL]:
    """Yield what selects the rows of a plan with these verdicts, a few at a time, in their order."""
    of_plan = f"{ROWS} WHERE owner_id = %s AND import_id = %s AND verdict IN ({', '.join(['%s'] * len(verdicts))})"
    for last in range(0, sum(plan.counts.values()), CHUNK):
        part = (plan.owner_id, plan.pk, *[verdict.value for verdict in verdicts], last, last + CHUNK)
        yield f"{of_plan} AND number > %s AND number <= %s {also} ORDER BY number", part


def _insert(write: Write, plan: Import, rows: "QuerySet[ImportRow]") -> None:
    """Create the transactions of the new lines, with their transfers, and link the other sides of these."""
    sides = rows.filter(verdict=Verdict.TRANSFER).values_list("transfer_id", "transfer_with", "amount", "date")
    days: dict[UUID | None, date | None] = {}
    linked: dict[UUID, UUID | None] = {}
    for transfer, other, amount, day in sides:
        days[transfer] = day if transfer not in days or (amount and amount < 0) else days[transfer]
        if other:
            linked[other] = transfer
    found = Transaction.objects.filter(owner=write.owner, pk__in=linked, transfer__isnull=True) if linked else ()
    others = list(found)
    for row in others:
        row.transfer_id = linked[row.pk]
        days[row.transfer_id] = row.date if row.amount < 0 else days[row.transfer_id]
    now = timezone.now()
    if days:
        made = [(pk, 1, now, now, day.isoformat()) for pk, day in days.items() if day]
        Transfer.objects.insert(write.owner, ("id", "version", "created_at", "updated_at", "date"), made)
    if others:
        Transaction.objects.filter(owner=write.owner).bulk_update(others, ["transfer"])
    checked = list(rows.filter(verdict__in=CREATES).order_by().values_list(*CHECKED).distinct())
    if checked:
        sources = _sources(plan, CREATES)
        Transaction.objects.insert_selected(write.owner, VALUES, (now, now), sources, (CHECKED, checked))


def _store_checks(owner: "User", plan: Import) -> None:
    """Let the closing balances of the file be checks of the accounts. What a check says already stays."""
    for one in plan.statements:
        days = {date.fromisoformat(day): balance for day, balance in one["checks"].items()}
        checks = BalanceCheck.objects.filter(owner=owner, account=one["account_id"])
        there = set(checks.filter(date__in=days).values_list("date", flat=True)) if days else set()
        new = [
            BalanceCheck(owner=owner, account_id=UUID(one["account_id"]), date=day, balance=parse_amount(balance))
            for day, balance in days.items()
            if day not in there
        ]
        if new:
            BalanceCheck.objects.bulk_create(new)


def _store_identities(write: Write, plan: Import, rows: "QuerySet[ImportRow]", revision: int) -> None:
    """Remember the lines, so that they are not imported again."""
    target = insert_target(LineIdentity._meta.db_table, IDENTITY)
    of_line = f"COALESCE({', '.join(LINE_ACCOUNT)})"
    values = ", ".join(of_line if name == "account_id" else name for name in IDENTITY[:-1])
    with connection.cursor() as cursor:
        for source, params in _sources(plan, ENTERS, "AND key IS NOT NULL"):
            select = f"SELECT {values}, %s FROM {source}"  # noqa: S608  # no input
            given: DatabaseRow = database_values(connection, (revision, *params))
            cursor.execute(f"INSERT INTO {target} {select}", given)
