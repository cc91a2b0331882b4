"""Plans: what a commit makes of a file of statements (docs/adr/0048-statement-plans.md)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from uuid_utils.compat import uuid7

from cashman_project.api.errors import PreconditionFailed
from ledgers.models import Ledger

from ..choices import Status, Verdict
from ..errors import NotAPreview, TooManyPlans
from ..formats.reading import read
from ..formats.recognition import recognise
from ..formats.results import Line, Options, Question, Statement, UnreadableFile
from ..models import LONGEST_FILE_NAME, Import, ImportRow
from .accounts import Accounts, Answers, Source, Target, source_of
from .balances import statement_of
from .identities import Keys, known
from .lines import one_line
from .matching import find_matches, find_transfers
from .names import Names
from .rows import Row, row_of_line, row_of_note, settle, store_rows
from .storage import store

if TYPE_CHECKING:
    from users.models import User

MOST_PREVIEWS = 20  # that an owner has at a time, each with its file
Json = dict[str, Any]  # what is stored of a plan, in JSON


@dataclass(frozen=True)
class Said:
    """What the user has said of a file, in JSON."""

    options: Mapping[str, Any] = field(default_factory=dict)

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

    format: str
    based_on: int
    rows: list[Row] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    accounts: dict[Source, Target] = field(default_factory=dict)
    names: Names | None = None


def draft(owner: "User", source: BinaryIO, said: Said) -> Draft:
    """Read a file, and plan what a commit makes of it. Raises ValidationError if it can't be read."""
    based_on = Ledger.objects.filter(pk=owner.pk).values_list("revision", flat=True).first() or 0
    try:
        options = said.reader
        options = replace(options, format=options.format or recognise(source))
        plan = Draft(str(options.format), based_on)
        _read(plan, source, options)
    except UnreadableFile as error:
        raise ValidationError({"file": [str(error)]}, code="unreadable") from None
    _find_currencies(plan)
    accounts = Accounts(owner, said.answers)
    accounts.find(plan.statements)
    plan.questions += accounts.questions
    if plan.questions:
        plan.rows = [row for row in plan.rows if row.statement is None]  # the others wait for the answers
        return plan
    plan.names = Names(owner, said.makes_categories)
    plan.accounts = {source: target for source, target in accounts.found.items() if target}
    by_account: dict[Target, list[Row]] = {}
    for row in plan.rows:
        if row.statement:
            target = plan.accounts[source_of(row.statement)]
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
            find_matches(owner.pk, target.id, [row for row in rows if row.verdict == Verdict.NEW])
    new = [row for row in plan.rows if row.verdict == Verdict.NEW]
    for row in new:
        row.transaction_id = uuid7()
    find_transfers(owner.pk, new)
    return plan


def _read(plan: Draft, source: BinaryIO, options: Options) -> None:
    """Read the file into the draft."""
    keys = Keys()
    for item in read(source, options):
        if isinstance(item, Line):
            plan.rows.append(row_of_line(item, keys))
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


def create_plan(owner: "User", source: BinaryIO, name: str, plan: Draft, said: Said) -> Import:
    """Store a draft with its file. Raises TooManyPlans if the owner has too many previews."""
    if Import.objects.filter(owner=owner, status=Status.PREVIEW).count() >= MOST_PREVIEWS:
        message = _("You have %(most)d previews. Commit or delete one of them first.")
        raise TooManyPlans(message % {"most": MOST_PREVIEWS})
    Ledger.objects.bulk_create([Ledger(owner=owner)], ignore_conflicts=True)  # which the plan refers to
    row = Import(owner=owner, name=one_line(name)[:LONGEST_FILE_NAME], options=dict(said.options), **_stored(plan))
    Import.objects.bulk_create([row])
    store(owner.pk, row.pk, source)
    store_rows(owner.pk, row.pk, plan.rows)
    return row


def replan(owner: "User", plan: Import, made: Draft | None, said: Said) -> Import:
    """Store a draft that was made of the file of a preview with other options. Changes of single rows are lost.

    Raises NotAPreview, and PreconditionFailed if the plan has changed since it was read.
    """
    locked = locked_preview(owner.pk, plan.pk)
    if made is None or locked.version != plan.version:
        raise PreconditionFailed
    ImportRow.objects.filter(owner=owner, import_id=plan.pk).delete()
    store_rows(owner.pk, plan.pk, made.rows)
    change(locked, **_stored(made), options=dict(said.options))
    return locked


def change(plan: Import, **values: object) -> None:
    """Write these values of the plan, which is locked."""
    values["version"] = plan.version + 1
    for name, value in values.items():
        setattr(plan, name, value)
    Import.objects.filter(owner=plan.owner_id, pk=plan.pk).update(**values)


def locked_preview(owner: UUID, import_id: UUID) -> Import:
    """Return the plan, locked. Raises NotAPreview, or ObjectDoesNotExist if it is gone."""
    plan = Import.objects.select_for_update(no_key=True).get(owner=owner, pk=import_id)
    if plan.status != Status.PREVIEW:
        raise NotAPreview
    return plan


def _stored(plan: Draft) -> Json:
    """Return the fields of the plan's row."""
    return {
        "format": plan.format,
        "based_on": plan.based_on,
        "questions": [_question(question) for question in plan.questions],
        "statements": _statements(plan),
        "makes": {
            "accounts": [_made(target) for target in dict.fromkeys(plan.accounts.values()) if target.is_new],
            **(plan.names.stored() if plan.names else {}),
        },
        "counts": counted(row.verdict for row in plan.rows),
    }


def counted(verdicts: Iterable[str]) -> dict[str, int]:
    """Return how many rows have each verdict."""
    counts = Counter(verdicts)
    return {verdict.value: counts[verdict] for verdict in Verdict}


def _question(question: Question) -> Json:
    return {
        "option": {"date_order": "date_format"}.get(question.option, question.option),
        "message": [question.message.text, dict(question.message.values)],
        "line": question.number,
        "example": question.example,
        "choices": [{"value": choice.value, "reading": choice.reading} for choice in question.choices],
    }


def _made(target: Target) -> Json:
    return {
        "id": str(target.id),
        "name": target.name,
        "currency": target.currency,
        "identifier": target.identifier,
    }


def _statements(plan: Draft) -> list[Json]:
    """Return what the file says of each account, and whether its lines add up to it."""
    of_account: dict[Target, list[Statement]] = {}
    rows: dict[UUID | None, list[Row]] = {}
    for statement in plan.statements:
        if target := plan.accounts.get(source_of(statement)):
            of_account.setdefault(target, []).append(statement)
    for row in plan.rows:
        rows.setdefault(row.account_id, []).append(row)
    return [statement_of(target, those, rows.get(target.id, [])) for target, those in of_account.items()]
