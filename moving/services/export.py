"""Everything of an owner as one zip, a few rows at a time.

All files show the same state, while others go on writing.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import IO, TYPE_CHECKING, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson
from django.utils import timezone

from cashman_project.api.dates import format_timestamp
from cashman_project.api.export import ROWS, cells_of, csv_texts
from cashman_project.api.export import columns_of as table_columns
from cashman_project.api.fastpath.row_json import row_json
from cashman_project.db.types import DatabaseRow
from cashman_project.money.amounts import format_units, units_of
from ledgers.history import read_before
from ledgers.models import Change, Ledger
from ledgers.resources import RESOURCES
from transactions.models import Transaction
from transactions.serializers import TransactionSerializer

from ..files import CSV, FILES, FORMAT, MANIFEST, README, File
from .columns import columns_of, line_of, object_of
from .readme import readme

RowT = TypeVar("RowT")

if TYPE_CHECKING:
    from users.models import User

LEVEL = 6  # of the compression
PREFERENCES = ("currency", "time_zone", "month_start", "language")
Progress = Callable[[int], None]  # is told how many rows were written, or read, since it was told last


def write_export(owner: "User", file: IO[bytes], progress: Progress = lambda number: None) -> None:
    """Write everything of the owner to the file, as a zip. Call it in a `snapshot`."""
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL) as packed:
        Export(owner, packed, progress).write()


class Sums:
    """The number and the sums of transactions, by currency. They say whether an export has arrived as it was."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.units: dict[str, list[int]] = defaultdict(lambda: [0, 0])  # income and expense

    def add(self, currency: str, units: int) -> None:
        self.count[currency] += 1
        self.units[currency][units < 0] += units

    def content(self) -> list[dict[str, object]]:
        """Return the sums in JSON."""
        return [
            {
                "currency": currency,
                "count": self.count[currency],
                "income": format_units(income, currency),
                "expense": format_units(expense, currency),
            }
            for currency, (income, expense) in sorted(self.units.items())
        ]


class Export:
    """An export that is being written. The manifest comes last, because it has what the other files are known by."""

    def __init__(self, owner: "User", packed: ZipFile, progress: Progress) -> None:
        self.owner = owner
        self.packed = packed
        self.progress = progress
        self.now = timezone.now()
        self.files: list[dict[str, object]] = []
        self.sums = Sums()

    def write(self) -> None:
        ledger = Ledger.objects.filter(pk=self.owner.pk).first() or Ledger(owner=self.owner)
        self._add(README, [readme(FILES).encode()], None)
        for file in FILES:
            self._add(file.path, self._lines(file), 0)
        self._add(CSV, self._csv(), None)
        manifest = {
            "format": FORMAT,
            "application": "Cashman",
            "exported_at": format_timestamp(self.now),
            "user": {
                "username": self.owner.username,
                "email": self.owner.email,
                **{name: getattr(self.owner, name) for name in PREFERENCES},
                "account": self.owner.account,
            },
            "ledger": {"revision": ledger.revision, "kept_from": ledger.kept_from},
            "totals": self.sums.content(),
            "files": self.files,
        }
        with self._opened(MANIFEST) as target:
            target.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

    def _opened(self, name: str) -> IO[bytes]:
        info = ZipInfo(name, self.now.timetuple()[:6])
        info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
        info._compresslevel = LEVEL  # type: ignore[attr-defined]  # public since Python 3.13
        return self.packed.open(info, "w", force_zip64=True)

    def _add(self, name: str, pieces: Iterable[bytes], rows: int | None) -> None:
        """Write a file, and what it is known by. `rows` is None if its lines don't count as rows."""
        digest, size = hashlib.sha256(), 0
        with self._opened(name) as target:
            for piece in pieces:
                digest.update(piece)
                size += target.write(piece)
                rows = None if rows is None else rows + piece.count(b"\n")
        counted = {} if rows is None else {"rows": rows}
        self.files.append({"name": name, **counted, "bytes": size, "sha256": digest.hexdigest()})

    def _lines(self, file: File) -> Iterator[bytes]:
        """Yield the rows as lines of JSON, ROWS of them together."""
        names = [column.name for column in columns_of(file.model)]
        rows = file.rows(self.owner.pk).values_list(*names)
        write = _change_line if file.model is Change else line_of
        for chunk in _chunks(rows.iterator(chunk_size=ROWS)):
            if file.model is Transaction:
                self._add_up(names, chunk)
            yield b"".join([write(names, row) for row in chunk])
            self.progress(len(chunk))

    def _add_up(self, names: Sequence[str], rows: Iterable[DatabaseRow]) -> None:
        currency, amount = names.index("currency"), names.index("amount")
        for row in rows:
            self.sums.add(row[currency], units_of(row[amount]))

    def _csv(self) -> Iterator[bytes]:
        """Yield the transactions as GET /transactions has them in CSV."""
        rows = Transaction.objects.for_owner(self.owner).order_by("-date", "-id")
        texts = rows.values_list(row_json(TransactionSerializer()), flat=True).iterator(chunk_size=ROWS)
        columns = table_columns(TransactionSerializer())
        for text in csv_texts(columns, cells_of(columns, _chunks(texts))):
            yield text.encode()


def _change_line(names: Sequence[str], values: Sequence[object]) -> bytes:
    """Return a row of the history as a line of JSON. What its row was is an object, as rows of its resource are."""
    row = dict(zip(names, values, strict=True))
    before = str(row["before"])
    model = RESOURCES[str(row["resource"])].model
    row["before"] = object_of(read_before(model, before)) if before else None
    return line_of([*row], [*row.values()])


def _chunks(rows: Iterator[RowT]) -> Iterator[list[RowT]]:
    while chunk := list(islice(rows, ROWS)):
        yield chunk
