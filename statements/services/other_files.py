"""Lines that a file of another shape has brought, such as OFX and CSV of the same days. They name lines differently, so
identities don't tell."""

import datetime
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop as _

from cashman_project.money.amounts import format_amount
from cashman_project.texts import fold

from ..choices import ENTERS, Status, Verdict
from ..formats.results import Choice, Message, Question, shown
from ..models import Import, ImportRow
from .identities import LINE_ACCOUNT, imported
from .rows import Row

MOST_FILES = 100  # of other shapes, the newest ones
MOST_READ = 50_000  # their lines
MOST_COMPARED = 100  # lines of one day and amount on each side: more are certainly unclear
WORD = re.compile(r"\w+")

SAME_LINE = _("Another file has brought this line, as “%(text)s”.")
WHICH = _(
    "Some lines have the day and the amount of lines that another file has brought, but another text. Are they the"
    " same?"
)
Key = tuple[datetime.date | None, Decimal | None]


class Brought(NamedTuple):
    """A line that another file has brought."""

    transaction: UUID
    description: str
    words: frozenset[str]


def find_lines_of_other_files(
    owner: UUID, account: UUID, shape: str, rows: Sequence[Row], answer: str | None
) -> Question | None:
    """Let new lines of the account be duplicates of lines that files of other shapes have brought: of the same day and
    amount, one for one, if the words of one are all in the other. Return a question about those of another text; the
    answer "same" makes duplicates of them, too."""
    brought = _brought(owner, account, shape, rows)
    question = None
    for key, lines in _new(rows, brought).items():
        others = brought[key]
        if max(len(lines), len(others)) <= MOST_COMPARED:
            for agree in (_equal, _within):
                _pair(lines, others, agree)
        if answer == "same":
            _pair(lines, others, lambda one, other: True)
        if lines and others and answer is None and question is None:
            question = _question(lines[0], others[0])
    return question


def _new(rows: Sequence[Row], brought: dict[Key, list[Brought]]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        if row.verdict == Verdict.NEW and (row.date, row.amount) in brought:
            found[row.date, row.amount].append(row)
    return found


def _brought(owner: UUID, account: UUID, shape: str, rows: Sequence[Row]) -> dict[Key, list[Brought]]:
    """Return the lines of files of other shapes that no line of this file is, by their days and amounts."""
    days = [row.date for row in rows if row.date and row.verdict == Verdict.NEW]
    found: dict[Key, list[Brought]] = defaultdict(list)
    if not days or not shape:
        return found
    span = (min(days), max(days))
    plans = Import.objects.filter(owner=owner, status=Status.COMMITTED, last_day__gte=span[0], first_day__lte=span[1])
    others = list(
        plans.exclude(shape__in=["", shape]).order_by("-created_at").values_list("pk", flat=True)[:MOST_FILES]
    )
    if not others:
        return found
    claimed = {row.transaction_id for row in rows if row.verdict == Verdict.DUPLICATE}
    lines = (
        ImportRow.objects.annotate(line_account=Coalesce(*LINE_ACCOUNT))
        .filter(
            imported(owner),
            owner=owner,
            import_id__in=others,
            verdict__in=ENTERS,
            line_account=account,
            date__range=span,
        )
        .order_by("import_id", "number")
    )
    values = lines.values_list("date", "amount", "transaction_id", "description", "notes")
    for date, amount, transaction, description, notes in values[:MOST_READ]:
        if transaction and transaction not in claimed:
            found[date, amount].append(Brought(transaction, description, words(f"{description} {notes}")))
    return found


def words(text: str) -> frozenset[str]:
    """Return the words of a line, without case, accents and what is between them."""
    return frozenset(WORD.findall(fold(text)))


def _equal(one: frozenset[str], other: frozenset[str]) -> bool:
    return one == other


def _within(one: frozenset[str], other: frozenset[str]) -> bool:
    """Return whether the words of one are all in the other. The last one may be cut off, as in OFX."""
    short, long = sorted((one, other), key=len)
    missing = short - long
    return bool(short) and (not missing or (len(missing) == 1 and len(short) > 1 and _is_cut(missing, long)))


def _is_cut(missing: frozenset[str], long: frozenset[str]) -> bool:
    [cut] = missing
    return any(word.startswith(cut) for word in long)


def _pair(lines: list[Row], others: list[Brought], agree: Callable[[frozenset[str], frozenset[str]], bool]) -> None:
    """Make lines duplicates of others that agree, one for one, and take both away."""
    for line in list(lines):
        own = words(f"{line.description} {line.notes}")
        same = next((one for one in others if agree(own, one.words)), None)
        if same:
            lines.remove(line)
            others.remove(same)
            line.verdict, line.transaction_id = Verdict.DUPLICATE, same.transaction
            line.message = Message(SAME_LINE, {"text": shown(same.description)})


def _question(line: Row, other: Brought) -> Question:
    assert line.amount is not None
    choices = (Choice("same", shown(other.description)), Choice("different", shown(line.description)))
    example = f"{line.date} {format_amount(line.amount, line.currency)} {shown(line.description)}"
    return Question("other_files", Message(WHICH), line.line, example, choices)
