"""Plans: what a commit makes of a file of statements (docs/adr/0048-statement-plans.md)."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, cast
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from uuid_utils.compat import uuid7

from cashman_project.api.errors import PreconditionFailed
from cashman_project.api.types import JSONObject
from cashman_project.db.insert_many import run_insert
from cashman_project.db.retry import in_transaction
from cashman_project.db.types import Values
from ledgers.models import Ledger

from ..choices import Status, Verdict, option_name
from ..errors import NotAPreview, TooManyPlans
from ..formats.reading import read
from ..formats.recognition import recognise
from ..formats.results import Format, Line, Options, Question, Statement, UnreadableFile
from ..formats.shapes import shape_of
from ..models import LONGEST_FILE_NAME, Import, ImportRow
from .accounts import Accounts, Answers, Source, Target, called, source_of
from .balances import statement_of
from .identities import Keys, known
from .lines import one_line
from .matching import find_matches, find_named_transfers, find_transfers
from .names import Names
from .other_files import find_lines_of_other_files
from .profiles import account_named, profiles_of
from .rows import Inserts, Row, prepare_rows, row_of_line, row_of_note, settle
from .ruling import run_rules
from .storage import Packed, WatchedFile, store, stored

if TYPE_CHECKING:
    from users.models import User

WAITING = (Status.READING, Status.PREVIEW)  # for their commit
MOST_LINES = 5  # of a file that a question shows
MOST_PREVIEWS = 20  # that an owner has at a time, each with its file


@dataclass(frozen=True)
class Said:
    """What the user has said of a file, in JSON."""

    options: JSONObject = field(default_factory=dict)

    @property
    def reader(self) -> Options:
        names = {name: value for name, value in self.options.items() if name in Options.__dataclass_fields__}
        if columns := names.pop("columns", None):
            names["columns"] = {meaning: tuple(those) for meaning, those in columns.items()}
        return replace(Options(), **names)

    @property
    def answers(self) -> Answers:
        said = self.options.get
        return Answers(said("account"), said("accounts") or {}, bool(said("create_account")), said("currency"))

    @property
    def makes_categories(self) -> bool:
        return bool(self.options.get("create_categories"))


@dataclass
class Draft:
    """A plan that is not stored yet. `based_on` is the last revision of the ledger before it was made."""

    format: Format
    shape: str
    based_on: int
    rows: list[Row] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    accounts: dict[Source, Target] = field(default_factory=dict)
    names: Names | None = None
    profile: JSONObject | None = None  # the options that were kept of an earlier file
    waiting: list[Row] = field(default_factory=list)  # lines that wait for the answers to the questions


def draft(owner: "User", source: BinaryIO, said: Said) -> Draft:
    """Read a file, and plan what a commit makes of it. Raises ValidationError if it can't be read.

    If options were kept for files of its shape and its account, they are used, too.
    """
    based_on = Ledger.objects.filter(pk=owner.pk).values_list("revision", flat=True).first() or 0
    form = format_of_file(source, said)
    try:
        shape = shape_of(source, form)
        profiles = {} if said.options.get("profile") is False else profiles_of(owner, shape)
        account = account_named(owner, said.options.get("account")) if profiles else None
        plan = _drafted(
            owner, source, Draft(form, shape, based_on, profile=profiles.get(account) if account else None), said
        )
        found = {target.id for target in plan.accounts.values()}
        if account is None and len(found) == 1 and (kept := profiles.get(found.pop())):  # the file has named it
            plan = _drafted(owner, source, Draft(form, shape, based_on, profile=kept), said)
    except UnreadableFile as error:
        raise ValidationError({"file": [str(error)]}, code="unreadable") from None
    return plan


def _drafted(owner: "User", source: BinaryIO, plan: Draft, said: Said) -> Draft:
    said = Said({**(plan.profile or {}), **said.options})
    _read(plan, source, replace(said.reader, format=plan.format))
    _find_currencies(plan)
    accounts = Accounts(owner, said.answers)
    accounts.find(plan.statements)
    plan.accounts = {source: target for source, target in accounts.found.items() if target}
    plan.questions += accounts.questions
    if plan.questions:
        return _waiting(plan)
    plan.names = Names(owner, said.makes_categories)
    by_account: dict[Target, list[Row]] = {}
    keys = Keys()
    for row in plan.rows:
        if row.statement and row.key:
            target = plan.accounts[source_of(row.statement)]
            row.key = keys.of(target.id, row.key)
            settle(row, target)
            plan.names.give(row)
            by_account.setdefault(target, []).append(row)
    if len(targets := {*plan.accounts.values()}) == 1:  # then what can't be read is of this account, too
        [target] = targets
        for row in plan.rows:
            if row.verdict == Verdict.ERROR and row.statement is None:
                row.account_id, row.currency = target.id, target.currency
    for target, rows in by_account.items():
        if not target.is_new:
            _find_duplicates(owner, target.id, rows)
            question = find_lines_of_other_files(owner.pk, target.id, plan.shape, rows, said.options.get("other_files"))
            if question:
                plan.questions.append(question)
                return _waiting(plan)
            find_matches(owner.pk, target.id, [row for row in rows if row.verdict == Verdict.NEW])
    new = [row for row in plan.rows if row.verdict == Verdict.NEW]
    for row in new:
        row.transaction_id = uuid7()
    named = {account: target.id for (account, _currency), target in plan.accounts.items() if account}
    find_named_transfers(new, named)
    find_transfers(owner.pk, [row for row in new if row.verdict == Verdict.NEW])
    if said.options.get("apply_rules", True):
        run_rules(owner.pk, new)
    return plan


def _waiting(plan: Draft) -> Draft:
    """Return the plan without its lines, which wait for the answers to its questions."""
    plan.waiting = [row for row in plan.rows if row.statement]
    plan.rows = [row for row in plan.rows if row.statement is None]
    plan.names = None
    return plan


def _read(plan: Draft, source: BinaryIO, options: Options) -> None:
    """Read the file into the draft."""
    for item in read(source, options):
        if isinstance(item, Line):
            plan.rows.append(row_of_line(item))
        elif isinstance(item, Statement):
            plan.statements.append(item)
        elif isinstance(item, Question):
            plan.questions.append(item)
        else:
            plan.rows.append(row_of_note(item))


def _find_currencies(plan: Draft) -> None:
    """Give each statement that lacks its currency the one that all its lines have."""
    codes: dict[int, set[str]] = {}
    for row in plan.rows:
        codes.setdefault(id(row.statement), set()).add(row.currency)
    for statement in plan.statements:
        found = codes.get(id(statement), set())
        if statement.currency is None and len(found) == 1:
            statement.currency = next(iter(found)) or None


def _find_duplicates(owner: "User", account: UUID, rows: Sequence[Row]) -> None:
    lines = {row.key: row for row in rows if row.verdict == Verdict.NEW and row.key}
    for key, transaction in known(owner.pk, account, lines.keys()).items():
        lines[key].verdict, lines[key].transaction_id = Verdict.DUPLICATE, transaction


@dataclass
class Prepared:
    """A draft as it is stored: the id and the fields of the plan's row, and what inserts its lines."""

    id: UUID
    values: JSONObject
    inserts: Inserts


def prepare(owner: "User", plan: Draft, pk: UUID | None = None) -> Prepared:
    """Return the draft as it is stored, in place of the plan with that id or as a new one. The draft loses its lines,
    which take much memory. Do so before a transaction, which others wait for on SQLite."""
    pk, values = pk or uuid7(), _stored(plan)
    return Prepared(pk, values, prepare_rows(owner.pk, pk, plan.rows))


def create_plan(owner: "User", file: Packed, name: str, plan: Prepared, said: Said) -> Import:
    """Store a plan with its file. Raises TooManyPlans if the owner has too many previews."""
    row = _create(owner, file, name, said, {"id": plan.id, **plan.values})
    _store_lines(plan)
    return row


def _store_lines(plan: Prepared) -> None:
    for insert in plan.inserts:
        run_insert(connection, insert)


def format_of_file(source: BinaryIO, said: Said) -> Format:
    """Return the format of a file. Raises ValidationError if no reader knows it."""
    try:
        return said.reader.format or recognise(source)
    except UnreadableFile as error:
        raise ValidationError({"file": [str(error)]}, code="unreadable") from None


def create_unread(owner: "User", file: Packed, name: str, form: Format, said: Said) -> Import:
    """Store a file that is read later. Raises TooManyPlans."""
    return _create(owner, file, name, said, {"format": form, "status": Status.READING})


def _create(owner: "User", file: Packed, name: str, said: Said, values: Values) -> Import:
    previews = Import.objects.filter(owner=owner, status__in=WAITING)
    if previews.count() >= MOST_PREVIEWS:
        message = _("You have %(most)d previews. Commit or delete one of them first.")
        raise TooManyPlans(message % {"most": MOST_PREVIEWS})
    Ledger.objects.bulk_create([Ledger(owner=owner)], ignore_conflicts=True)  # which the plan refers to
    name = one_line(name)[:LONGEST_FILE_NAME]
    row = Import(owner=owner, name=name, options=dict(said.options), size=file.size, **values)
    Import.objects.bulk_create([row])
    store(owner.pk, row.pk, file)
    return row


def read_plan(owner: "User", plan: Import) -> Import:
    """Read the file of a plan that waits for that, and return the plan. If another request has done so meanwhile, its
    plan stays. Raises ValidationError if the file can't be read."""
    if plan.status != Status.READING:
        return plan
    own = Import.objects.filter(owner=owner, pk=plan.pk, version=plan.version)
    passes = 2 if plan.format == "csv" else 1  # of the reader
    said = Said(plan.options)
    with stored(owner.pk, plan.pk) as file:
        watched = WatchedFile(file, lambda read: own.update(read=min(read // passes, plan.size)))
        made = prepare(owner, draft(owner, cast("BinaryIO", watched), said), plan.pk)
    try:
        return in_transaction(lambda: replan(owner, plan, made, said))
    except (PreconditionFailed, NotAPreview):
        return Import.objects.get(owner=owner, pk=plan.pk)


def read_later(owner: "User", plan: Import, said: Said) -> Import:
    """Let the file of a preview be read again with other options, later. Raises NotAPreview, and PreconditionFailed if
    the plan has changed since it was read."""
    locked = locked_preview(owner.pk, plan.pk, WAITING)
    if locked.version != plan.version:
        raise PreconditionFailed
    ImportRow.objects.filter(owner=owner, import_id=plan.pk).delete()
    empty: JSONObject = {"counts": {}, "questions": [], "statements": [], "makes": {}, "profile": None}
    change(locked, **empty, options=dict(said.options), status=Status.READING, read=0)
    return locked


def replan(owner: "User", plan: Import, made: Prepared | None, said: Said) -> Import:
    """Store a draft that was made of the file of a preview with other options. Changes of single rows are lost.

    Raises NotAPreview, and PreconditionFailed if the plan has changed since it was read.
    """
    locked = locked_preview(owner.pk, plan.pk, WAITING)
    if made is None or locked.version != plan.version:
        raise PreconditionFailed
    ImportRow.objects.filter(owner=owner, import_id=plan.pk).delete()
    _store_lines(made)
    change(locked, **made.values, options=dict(said.options), status=Status.PREVIEW)
    return locked


def change(plan: Import, **values: object) -> None:
    """Write these values of the plan, which is locked."""
    values["version"] = plan.version + 1
    for name, value in values.items():
        setattr(plan, name, value)
    Import.objects.filter(owner=plan.owner_id, pk=plan.pk).update(**values)


def locked_preview(owner: UUID, import_id: UUID, statuses: Collection[Status] = (Status.PREVIEW,)) -> Import:
    """Return the plan, locked. Raises NotAPreview, or ObjectDoesNotExist if it is gone."""
    plan = Import.objects.select_for_update(no_key=True).get(owner=owner, pk=import_id)
    if plan.status not in statuses:
        raise NotAPreview
    return plan


def _stored(plan: Draft) -> JSONObject:
    """Return the fields of the plan's row."""
    accounts = {} if plan.questions else plan.accounts
    days = [row.date for row in plan.rows if row.date]
    statements = _statements(plan)
    return {
        "format": plan.format,
        "shape": plan.shape,
        "profile": plan.profile,
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
        "based_on": plan.based_on,
        "questions": [_question(question, plan.waiting) for question in plan.questions],
        "statements": statements,
        "makes": {
            "accounts": [_made(target, statements) for target in dict.fromkeys(accounts.values()) if target.is_new],
            **(plan.names.stored() if plan.names else {}),
        },
        "counts": counted(row.verdict for row in plan.rows),
    }


def counted(verdicts: Iterable[str]) -> dict[str, int]:
    """Return how many rows have each verdict."""
    counts = Counter(verdicts)
    return {verdict.value: counts[verdict] for verdict in Verdict}


def _question(question: Question, waiting: Iterable[Row]) -> JSONObject:
    """Return the question in JSON. One of an account has the first lines of it, by which people know it."""
    is_of_account = question.option in ("account", "accounts", "currency")
    lines = (row for row in waiting if is_of_account and row.statement and called(row.statement) == question.example)
    return {
        "option": option_name(question.option),
        "message": [question.message.text, dict(question.message.values)],
        "line": question.number,
        "example": question.example,
        "choices": [{"value": choice.value, "reading": choice.reading} for choice in question.choices],
        "lines": [_line(row) for row in islice(lines, MOST_LINES)],
    }


def _line(row: Row) -> JSONObject:
    return {
        "line": row.line,
        "date": row.date and row.date.isoformat(),
        "amount": f"{row.amount:f}",
        "currency": row.currency or None,
        "description": row.description,
    }


def _made(target: Target, statements: Iterable[JSONObject]) -> JSONObject:
    openings = (one["begins"] for one in statements if one["account_id"] == str(target.id))
    return {
        "id": str(target.id),
        "name": target.name,
        "currency": target.currency,
        "identifier": target.identifier,
        "opening": next(openings, None),
    }


def _statements(plan: Draft) -> list[JSONObject]:
    """Return what the file says of each account, and whether its lines add up to it."""
    of_account: dict[Target, list[Statement]] = {}
    rows: dict[UUID | None, list[Row]] = {}
    for statement in plan.statements:
        if (target := plan.accounts.get(source_of(statement))) and not plan.questions:
            of_account.setdefault(target, []).append(statement)
    for row in plan.rows:
        rows.setdefault(row.account_id, []).append(row)
    unreadable = [row for row in rows.get(None, []) if row.verdict == Verdict.ERROR]  # which may be of any account
    return [statement_of(target, those, rows.get(target.id, []) + unreadable) for target, those in of_account.items()]
