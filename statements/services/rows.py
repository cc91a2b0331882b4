"""The rows of a plan while it is made, and how they are stored."""

import datetime
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import orjson
from django.db import connection

from cashman_project.api.slow_clients import spool
from cashman_project.db.derived_fields import with_derived
from cashman_project.db.insert_many import Insert, insert_target, prepare_insert
from cashman_project.db.types import DatabaseRow
from cashman_project.money.amounts import LIMIT, STORED_DIGITS, units_of
from transactions.names import NO_TAGS

from ..choices import Verdict
from ..formats.results import Line, Message, Problem, Skipped, Statement, shown
from ..models import LONGEST_BANK_ID, ImportRow
from . import lines
from .accounts import Target
from .identities import shared_key

CHUNK = 2_000  # rows that are stored together: SQLite takes several times the memory of their JSON
COLUMNS = (
    *("owner_id", "import_id", "number", "line", "verdict", "message", "account_id", "date", "amount", "currency"),
    *("description", "notes", "category_id", "tags", "bank_id", "key", "transaction_id", "transfer_with"),
    *("transfer_id", "rule_id", "reimport"),
)


@dataclass(slots=True, eq=False)
class Row:
    """A row of a plan. `statement` and the names are as the file has them."""

    line: int
    verdict: Verdict
    message: Message | None = None
    statement: Statement | None = None
    account_id: UUID | None = None
    date: datetime.date | None = None
    amount: Decimal | None = None
    currency: str = ""
    description: str = ""
    notes: str = ""
    category_id: UUID | None = None
    tags: str = NO_TAGS
    bank_id: str = ""
    key: UUID | None = None
    transaction_id: UUID | None = None
    transfer_with: UUID | None = None
    transfer_id: UUID | None = None
    rule_id: UUID | None = None
    category: str = ""
    tag_names: tuple[str, ...] = ()
    transfer_account: str = ""


def row_of_line(line: Line) -> Row:
    """Return the row of a line. Its account is not known yet, so its key is what equal lines share."""
    description, notes = lines.texts_of(line)
    return Row(
        line.number,
        Verdict.SKIPPED if line.is_pending else Verdict.NEW,
        Message(lines.PENDING) if line.is_pending else None,
        line.statement,
        date=line.date,
        amount=line.amount,
        currency=line.currency or "",
        description=description,
        notes=notes,
        bank_id=lines.one_line(line.bank_id or "")[:LONGEST_BANK_ID],
        key=shared_key(line),
        category=line.category,
        tag_names=line.tags,
        transfer_account=line.transfer_account,
    )


def row_of_note(note: Problem | Skipped) -> Row:
    """Return the row of something that is no line."""
    verdict = Verdict.ERROR if isinstance(note, Problem) else Verdict.SKIPPED
    return Row(note.number, verdict, note.message)


def settle(row: Row, target: Target) -> None:
    """Give the row its account, and its verdict if it were the only one of its kind."""
    assert row.date is not None
    assert row.amount is not None
    row.account_id = target.id
    if row.currency not in ("", target.currency):
        row.verdict = Verdict.ERROR
        row.message = Message(lines.OTHER_CURRENCY, {"currency": shown(row.currency), "other": target.currency})
    elif wrong := lines.why_wrong(row.date, row.amount, target.currency):
        row.verdict, row.message = Verdict.ERROR, wrong
    elif not row.amount:
        row.verdict, row.message = Verdict.SKIPPED, Message(lines.ZERO)
    row.currency = row.currency or target.currency


class Inserts:
    """Statements that insert rows, in their order. The rows wait in a temporary file, because they take much memory."""

    def __init__(self) -> None:
        self.file = spool()
        weakref.finalize(self, self.file.close)
        self.inserts: list[tuple[Insert, int]] = []

    def add(self, insert: Insert) -> None:
        self.file.write(insert.rows)
        self.inserts.append((insert._replace(rows=b""), len(insert.rows)))

    def __iter__(self) -> Iterator[Insert]:
        self.file.seek(0)
        for insert, size in self.inserts:
            yield insert._replace(rows=self.file.read(size))


def prepare_rows(owner: UUID, import_id: UUID, rows: list[Row]) -> Inserts:
    """Return the statements that store the rows of a plan, which has none yet. They take the place of the rows, which
    are not needed any more: the list is empty then."""
    columns, derived = with_derived(ImportRow, COLUMNS)
    target = insert_target(ImportRow._meta.db_table, columns)
    inserts = Inserts()
    for first in range(1, len(rows) + 1, CHUNK):
        numbered = list(enumerate(rows[:CHUNK], first))
        del rows[:CHUNK]
        many: list[DatabaseRow] = list(zip(*_values(owner, import_id, numbered), strict=True))
        many += [field.derive_all(many[position]) for position, field in derived]
        inserts.add(prepare_insert(connection, target, many))
    return inserts


def _values(owner: UUID, import_id: UUID, rows: Sequence[tuple[int, Row]]) -> Iterator[tuple[object, ...]]:
    for number, row in rows:
        yield (
            *(owner, import_id, number, row.line, row.verdict.value, message_text(row.message), row.account_id),
            None if row.date is None else row.date.isoformat(),
            *(_units(row.amount), lines.one_line(row.currency)[:3], row.description, row.notes, row.category_id),
            *(row.tags, row.bank_id, row.key, row.transaction_id, row.transfer_with, row.transfer_id, row.rule_id),
            False,
        )


def _units(amount: Decimal | None) -> int | None:
    """Return an amount as it is stored; None if no transaction could have it."""
    is_fine = amount is not None and -LIMIT < amount < LIMIT and int(amount.as_tuple().exponent) >= -STORED_DIGITS
    return units_of(amount) if amount is not None and is_fine else None


def message_text(message: Message | None) -> str:
    """Return a message as it is stored, so that it can be read in each language."""
    return "" if message is None else orjson.dumps([message.text, dict(message.values)]).decode()


def message_of(text: str) -> str:
    """Return a stored message in the reader's language."""
    return str(Message(*orjson.loads(text))) if text else ""
