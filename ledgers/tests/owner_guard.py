"""A guard for all tests: each statement about an owner's rows has the owner as a parameter.

So it goes to one node if the tables are distributed by owner, and an id that two owners have never brings the other
one's row. An owner from a join or from an outer query does not count, because then the database has to look everywhere.
What tests themselves ask by a model or a queryset is left out.

It also finds an UPDATE or a DELETE of what a search finds, which Citus refuses: TEXTSEND is not immutable.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from django.conf import settings
from django.db.backends.signals import connection_created

from cashman_project.db.owned_tables import owned_models, owner_field
from cashman_project.db.postgresql import base as postgresql
from cashman_project.db.sqlite import base as sqlite

# What may ask across owners, with the reason. Each is a file, or a function in it, of ours or of Django.
ALLOWED = {
    "cashman_project/api/admin.py:get_deleted_objects": "staff delete rows of several owners at once",
    "cashman_project/api/admin.py:optgroups": "staff choose from the rows of all owners",
    "cashman_project/api/admin.py:owners_of": "staff name rows by their ids alone: here their owners are found",
    "cashman_project/api/admin.py:response_action": "staff select all rows of a list",
    "cashman_project/api/sweeping.py:owners_of": "the sweep looks for the owners of what has expired",
    "django/contrib/admin/actions.py": "staff select rows of several owners at once",
    "django/contrib/admin/filters.py": "staff see lists of the rows of all owners",
    "django/contrib/admin/options.py:changelist_view": "staff see lists of the rows of all owners",
    "django/contrib/admin/options.py:get_object": "staff name a row by its id alone: here it is found",
    "django/contrib/admin/templatetags/admin_list.py": "staff see lists of the rows of all owners",
    "django/contrib/admin/views/autocomplete.py": "staff choose from the rows of all owners",
    "django/contrib/admin/views/main.py": "staff see lists of the rows of all owners",
    "django/forms/models.py:to_python": "staff choose a category before its owner",
    "ledgers/querysets.py:by_owner": "an update of many owners' rows first finds the owners",
    "ledgers/services/retention.py:_ledgers": "the sweep walks through all ledgers",
    "transactions/admin.py:changelist_view": "staff see the sums of the rows of all owners",
    "transactions/admin_merging.py:merge": "staff select rows by their ids alone: here their owners are found",
    "transactions/services/admin_front.py": "staff see what is new in all ledgers",
    "transactions/triggers.py": "`recount` compares and counts the totals of all owners",
    "users/erasure.py:erase_users ledgers_revision": "who is erased has perhaps changed the rows of others",
}
# What models and querysets are made of: a test that calls only these has asked itself.
BELOW = re.compile(
    r"cashman_project/db/|[a-z]+/models\b|[a-z_/]+/migrations/|ledgers/(querysets|history|writer)\.py"
    r"|transactions/(querysets|totals)\.py|users/models\.py"
)

TOKEN = re.compile(r"""'(?:[^']|'')*' | "[^"]+" | %s | \$\d+ | \w+ | <> | [<>!]= | \S""", re.VERBOSE)
PARAMETER = r"(?:%s|\$\d+|'[^']*')"
STARTS = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}
BEFORE_TABLE = {"FROM", "JOIN", "UPDATE", "INTO"}
NO_ALIAS = re.compile(
    "AS|CROSS|DEFAULT|FOR|FROM|GROUP|HAVING|INNER|JOIN|LEFT|LIMIT|OFFSET|ON|ORDER|RETURNING|SELECT|SET|UNION|USING|VALUES"
    "|WHERE"
)
SEARCHING = re.compile(r"(UPDATE|DELETE)\b.*\bTEXTSEND\(", re.DOTALL)
OWN_PATH = "ledgers/tests/owner_guard.py"
SUBQUERY, OPAQUE = "?query", "?condition"


@lru_cache
def owner_columns() -> dict[str, str]:
    """Return the column that names the owner, by table."""
    return {model._meta.db_table: str(getattr(owner_field(model), "column", "")) for model in owned_models()}


@lru_cache(maxsize=10_000)
def tables_without_owner(sql: str) -> tuple[str, ...]:
    """Return the owned tables that a statement reads or writes without the owner as a parameter."""
    tokens = [token.strip('"') if token.startswith('"') else token for token in TOKEN.findall(sql)]
    if not tokens or tokens[0].upper() not in STARTS or not owner_columns().keys() & set(tokens):
        return ()
    levels: list[list[str]] = []
    _read_level(iter(tokens), levels)
    return tuple(table for level in levels for part in _parts(level) for table in _bare_tables(part))


def _read_level(tokens: Iterator[str], levels: list[list[str]]) -> list[str]:
    """Return the tokens up to the closing bracket. Queries within go to `levels`, and so does what is returned if it is
    a query."""
    level: list[str] = []
    for token in tokens:
        if token == ")":
            break
        if token != "(":
            level.append(token)
            continue
        inner = _read_level(tokens, levels)
        if inner and inner[0].upper() in STARTS:
            level.append(SUBQUERY)
        elif level[-1:] in (["="], ["("]) and (len(inner) == 1 or (inner[1:2] == ["."] and len(inner) == 3)):
            level += inner  # a value or a column in brackets of its own
        elif "OR" in inner or level[-1:] == ["NOT"]:  # which may hold for any owner
            level.append(OPAQUE)
        else:
            level += ["(", *inner, ")"]
    if level and level[0].upper() in STARTS:
        levels.append(level)
    return level


def _parts(level: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the queries of a UNION, or the two parts of an INSERT that selects."""
    start = 0
    for position, token in enumerate(level):
        if token.upper() == "UNION" or (token.upper() == "SELECT" and level[start].upper() == "INSERT"):
            yield level[start:position]
            start = position + (token.upper() == "UNION")
    yield level[start:]


def _bare_tables(level: Sequence[str]) -> Iterator[str]:
    """Yield the tables of one query whose owner is not given."""
    columns, aliases = owner_columns(), dict(_tables(level))
    owned = {alias: f"{alias}.{columns[table]}" for alias, table in aliases.items() if table in columns}
    text = " ".join(level).replace(" . ", ".")
    if level[0].upper() == "INSERT":  # the owner is among the columns
        listed = text.partition("(")[2].partition(")")[0].split(" , ")
        target = level[level.index("INTO") + 1]
        if columns.get(target) in [name.strip() for name in listed]:
            owned.pop(target, None)
    if "OR" in level:  # which may hold for any owner
        yield from (aliases[alias] for alias in owned)
        return
    given = {alias for alias, column in owned.items() if _is_given(text, column, alone=len(aliases) == 1)}
    while more := {  # what is joined to these by the owner
        alias
        for alias, column in owned.items()
        if alias not in given and any(_are_equal(text, column, owned[other]) for other in given)
    }:
        given |= more
    yield from (aliases[alias] for alias in owned.keys() - given)


def _tables(level: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the aliases of a query with their tables."""
    position = 0
    while position < len(level) - 1:
        is_table = level[position].upper() in BEFORE_TABLE
        position += 1
        while is_table and position < len(level):
            table, following = level[position], [*level[position + 1 : position + 3], "", ""]
            step = 2 if following[0].upper() == "AS" else 1
            alias = following[step - 1]
            has_alias = re.fullmatch(r"\w+", alias) and not NO_ALIAS.fullmatch(alias.upper())
            if table not in (SUBQUERY, OPAQUE):
                yield (alias if has_alias else table), table
            position += step + 1 if has_alias else 1
            is_table = level[position : position + 1] == [","]
            position += is_table


def _is_given(text: str, column: str, *, alone: bool) -> bool:
    """Return whether the column has to be equal to a parameter. Alone, a table's column needs no name of the table."""
    alias, name = column.split(".")
    name = rf"(?<![\w.])(?:{alias}\.){'?' if alone else ''}{name}"
    forms = (
        rf"{name} = (?:ANY \( )?{PARAMETER}(?!\S)",
        rf"(?<!\S){PARAMETER} = {name}(?!\S)",
        rf"{name} IN \( {PARAMETER}(?: , {PARAMETER})* \)",
    )
    return any(re.search(form, text) for form in forms)


def _are_equal(text: str, one: str, other: str) -> bool:
    return f"{one} = {other}" in text or f"{other} = {one}" in text


class Statement(NamedTuple):
    """A statement that lacks the owner of these tables, or that writes what a search finds if there are none: who sent
    it, and its SQL."""

    tables: tuple[str, ...]
    sender: str
    sql: str

    def __str__(self) -> str:
        lacks = f"lacks the owner of {self.tables}" if self.tables else "writes what a search finds: look its keys up"
        return f"{self.sender} {lacks}:\n{self.sql}"


class OwnerGuard:
    """Looks at all statements that are sent while a test runs. `found` are those that are wrong."""

    def __init__(self) -> None:
        self.is_on = False
        self.found: list[Statement] = []

    def install(self) -> None:
        """Look at all connections from now on."""
        connection_created.connect(self._watch)
        for backend in (postgresql.DatabaseWrapper, sqlite.DatabaseWrapper):
            self._watch_waiting(backend)

    def _watch(self, connection: Any, **kwargs: object) -> None:
        if self not in connection.execute_wrappers:
            connection.execute_wrappers.append(self)

    def _watch_waiting(self, backend: Any) -> None:
        """Look at the statements that wait for the next one."""
        send = backend.execute_later

        def execute_later(connection: Any, sql: str, params: Sequence[object]) -> None:
            self._look(connection, sql)
            send(connection, sql, params)

        backend.execute_later = execute_later

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:  # as Django calls it
        self._look(context["connection"], str(sql))
        return execute(sql, params, many, context)

    def _look(self, connection: Any, sql: str) -> None:
        if not self.is_on:
            return
        if sql.startswith("EXECUTE "):  # what was prepared
            sql = next((text for (text, _places), executed in connection.statements.items() if executed == sql), sql)
        tables = tables_without_owner(sql)
        if (tables or SEARCHING.match(sql)) and (sender := _sender(sys._getframe(1), tables)):
            self.found.append(Statement(tables, sender, sql))


def _sender(frame: FrameType | None, tables: tuple[str, ...]) -> str:
    """Return the function of ours that has sent a statement; "" if it was a test, or if it may do so."""
    while frame:
        path = _path(frame.f_code.co_filename)
        name = f"{path}:{frame.f_code.co_name}"
        if not ALLOWED.keys().isdisjoint({path, name, f"{name} {' '.join(tables)}"}):
            return ""
        if "tests/" in path or path == "conftest.py":
            if path != OWN_PATH:
                return ""
        elif path and not path.startswith("django/") and not BELOW.match(path):
            return name
        frame = frame.f_back
    return ""


@lru_cache
def _path(filename: str) -> str:
    """Return the path of a file of ours or of Django; "" for one of others."""
    _before, django, rest = filename.rpartition("/site-packages/django/")
    if django:
        return f"django/{rest}"
    path = Path(filename)
    is_own = path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts
    return path.relative_to(settings.BASE_DIR).as_posix() if is_own else ""


GUARD = OwnerGuard()
