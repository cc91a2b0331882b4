"""Reads an export and checks all of it, before anything is written.

The rows are kept in a temporary file as the database stores them, so that a write, which others may wait for, only has
to pass them on.
"""

from collections.abc import Iterator, Sequence
from typing import IO, BinaryIO, NamedTuple
from uuid import UUID

import orjson
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cashman_project.api.slow_clients import no_room, spool
from cashman_project.api.types import JSONObject
from cashman_project.db.derived_fields import with_derived
from cashman_project.db.types import DatabaseRow
from cashman_project.money.amounts import units_of
from transactions.models import Account, Transaction
from users.models import User

from ..errors import unreadable
from ..files import FILES, MANIFEST, File
from .archive import Archive, changed, no_export
from .columns import LARGEST, Column, column_of, columns_of, read_line, read_values, stored_values
from .export import PREFERENCES, Progress, Sums
from .rules import Rules

ROWS = 2_000  # rows that are stored together
BYTES = 4_000_000  # of their lines, about


class Chunk(NamedTuple):
    """Some rows of a table: the names of their columns, and the values of each column, as the database stores them."""

    file: File
    names: tuple[str, ...]
    values: Sequence[Sequence[object]]


class Read:
    """An export that was read and is right."""

    def __init__(self, source: BinaryIO, progress: Progress = lambda number: None) -> None:
        """Read the zip. Raises ValidationError (400), and Unavailable (503) if there is no room for the rows."""
        self.archive = Archive(source)
        self.progress = progress
        self.revision, self.kept_from = _numbers(self.archive.manifest)
        self.preferences = _preferences(self.archive.manifest)
        self.counts: dict[str, int] = {}
        self.sums = Sums()
        self.rules = Rules(self.revision)
        self._rows: IO[bytes] = spool()
        try:
            for file in FILES:
                self._read_file(file)
            # The newest revision is never deleted alone, so a ledger that has any has that one.
            if self.sums.content() != self.archive.manifest.get("totals") or self.rules.latest != self.revision:
                raise changed(MANIFEST)
        except OSError as error:
            raise no_room(self._rows, error) from None
        except BaseException:
            self.close()
            raise
        self.account = self._account()

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows, those that others refer to first."""
        files = {file.name: file for file in FILES}
        self._rows.seek(0)
        for line in self._rows:
            name, names, values = orjson.loads(line)
            yield Chunk(files[name], tuple(names), values)

    def _read_file(self, file: File) -> None:
        columns, keys = columns_of(file.model), [field.attname for field in file.model._meta.pk_fields]
        number = size = 0
        last: tuple[object, ...] = ()
        rows: list[list[object]] = []
        keys = [key for key in keys if key not in ("owner_id", "ledger_id")]
        for number, line in enumerate(self.archive.lines(file.path), 1):
            try:
                values = read_values(columns, read_line(line))
                key = tuple(values[name] for name in keys)
                if last and not key > last:
                    raise ValidationError({keys[0]: _("The rows are not in the order of their keys.")})
                last = key
                self.rules.check(file.model, values)
            except ValidationError as error:
                raise _at(file, number, error) from None
            if file.model is Transaction:
                self.sums.add(values["currency"], units_of(values["amount"]))
            rows.append(stored_values(columns, values))
            size += len(line)
            if len(rows) == ROWS or size >= BYTES:
                self._keep(file, columns, rows)
                rows, size = [], 0
        self._keep(file, columns, rows)
        self.counts[file.name] = number

    def _keep(self, file: File, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
        """Write rows to the temporary file, with the columns that are derived from others."""
        if not rows:
            return
        names, derived = with_derived(file.model, tuple(column.name for column in columns))
        values: list[DatabaseRow] = list(zip(*rows, strict=True))
        values += [field.derive_all(values[position]) for position, field in derived]
        self._rows.write(orjson.dumps((file.name, names, values), option=orjson.OPT_APPEND_NEWLINE))
        self.progress(len(rows))

    def _account(self) -> UUID | None:
        """Return the default account of new rows."""
        key = self.archive.manifest["user"].get("account")
        return next((pk for pk in self.rules.ids.get(Account, ()) if str(pk) == key), None)

    def close(self) -> None:
        """Delete the temporary file."""
        self._rows.close()


def _numbers(manifest: JSONObject) -> tuple[int, int]:
    """Return the ledger's last revision, and from which one its history is kept."""
    ledger = manifest.get("ledger")
    found = ledger if type(ledger) is dict else {}
    revision, kept_from = found.get("revision"), found.get("kept_from")
    if type(revision) is not int or type(kept_from) is not int:
        raise no_export()
    if not (0 <= revision <= LARGEST and 0 <= kept_from <= revision + 1):
        raise no_export()
    return revision, kept_from


def _preferences(manifest: JSONObject) -> JSONObject:
    """Return what the user has chosen, but for the account."""
    user = manifest.get("user")
    if type(user) is not dict:
        raise no_export()
    columns = [column_of(User._meta.get_field(name)) for name in PREFERENCES]
    try:
        return read_values(columns, {name: user.get(name) for name in PREFERENCES})
    except ValidationError as error:
        raise unreadable(f"{MANIFEST}: {_told(error)}") from None


def _at(file: File, line: int, error: ValidationError) -> Exception:
    """Return the error of a line."""
    message = _("%(file)s, line %(line)d: %(reason)s")
    return unreadable(message % {"file": file.path, "line": line, "reason": _told(error)})


def _told(error: ValidationError) -> str:
    """Return the first of the messages, after the name of its column."""
    if hasattr(error, "error_dict"):
        name, messages = next(iter(error.message_dict.items()))
        return f"{name}: {messages[0]}"
    return str(error.messages[0])
