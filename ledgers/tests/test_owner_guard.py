"""The guard of all tests finds each statement that lacks the owner, and lets those be that have it."""

import re
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.db import connection
from django.db.models import OuterRef, Subquery

from cashman_project.db.postgresql.citus import has_citus
from transactions.models import Category, Transaction
from users.models import User

from .owner_guard import ALLOWED, GUARD, tables_without_owner

ROWS, NAMES = "transactions_transaction", "transactions_category"  # "rows" and "names" below
GIVEN = [
    "SELECT id FROM rows WHERE rows.owner_id = %s",
    "SELECT id FROM rows WHERE (rows.owner_id = (%s) AND (rows.a = 1 OR rows.b = 2))",
    "SELECT id FROM rows U0 WHERE U0.owner_id IN (%s, %s)",
    "UPDATE rows SET notes = 'owner' WHERE owner_id = $1 AND id = $2",
    "DELETE FROM rows WHERE owner_id = %s AND id IN (SELECT U0.id FROM rows U0 WHERE U0.owner_id = %s)",
    "SELECT 1 FROM rows JOIN names ON (names.owner_id = (rows.owner_id)) WHERE rows.owner_id = %s",
    "INSERT INTO rows (id, owner_id) VALUES (%s, %s)",
    "INSERT INTO ledgers_change (ledger_id, row_id) SELECT owner_id, id FROM rows WHERE owner_id = %s",
    "UPDATE ledgers_ledger SET revision = revision + 1 WHERE id = %s RETURNING revision",
    "SELECT id FROM users_user WHERE id = %s",
    "ALTER TABLE rows ADD COLUMN x integer",
]
LACKING = [
    "SELECT id FROM rows",
    "SELECT id FROM rows WHERE rows.id = %s FOR NO KEY UPDATE",
    "SELECT id FROM rows WHERE (rows.owner_id = %s OR rows.id = %s)",
    "SELECT id FROM rows WHERE rows.owner_id = %s OR rows.id = %s",
    "SELECT id FROM rows WHERE NOT (rows.owner_id = %s)",
    "SELECT id FROM rows WHERE rows.owner_id > %s",
    "SELECT 1 FROM users_user JOIN rows ON (rows.owner_id = users_user.id) WHERE users_user.id = %s",
    "SELECT (SELECT 1 FROM rows U0 WHERE U0.owner_id = (users_user.id)) FROM users_user WHERE id = %s",
    "SELECT 1 FROM rows WHERE rows.owner_id = %s UNION ALL SELECT 1 FROM rows",
    "DELETE FROM rows WHERE id IN (SELECT U0.id FROM rows U0 WHERE U0.owner_id = %s)",
    "INSERT INTO ledgers_change (ledger_id, row_id) SELECT owner_id, id FROM rows",
    "UPDATE ledgers_ledger SET revision = 0",
]


def in_full(sql: str) -> str:
    return sql.replace("rows", f'"{ROWS}"').replace("names", f'"{NAMES}"')


@pytest.mark.parametrize("sql", GIVEN)
def test_an_owner_that_is_given_is_found(sql: str) -> None:
    assert tables_without_owner(in_full(sql)) == ()


@pytest.mark.parametrize("sql", LACKING)
def test_an_owner_that_is_not_given_is_missed(sql: str) -> None:
    assert len(tables_without_owner(in_full(sql))) == 1


def ask(path: str, query: str, **names: Any) -> Any:
    """Run the query as if it stood in that file of ours."""
    exec(compile(f"def view(): return list({query})", str(settings.BASE_DIR / path), "exec"), names)  # noqa: S102
    return names["view"]()


def test_a_test_fails_if_a_view_forgets_the_owner(alice: User) -> None:
    rows: Any = Transaction.objects.for_owner(alice)
    outer = User.objects.filter(pk=alice.pk).annotate(
        first=Subquery(Category.objects.filter(owner=OuterRef("pk")).values("name")[:1])
    )
    ask("reports/views.py", "rows", rows=rows)
    list(Transaction.objects.all())  # asked by a test
    assert GUARD.found == []

    wrong: list[Any] = [Transaction.objects.all(), Transaction.objects.filter(pk=alice.pk)]
    if not has_citus(connection):  # which refuses the owner of an outer query itself
        wrong.append(outer)
    for query in wrong:
        ask("reports/views.py", "rows", rows=query)
        [found] = GUARD.found
        GUARD.found.clear()
        assert found.sender == "reports/views.py:view"
        assert found.tables in ((ROWS,), (NAMES,))


def test_a_test_fails_if_a_view_writes_what_a_search_finds(alice: User) -> None:
    """On PostgreSQL, whose searches Citus refuses there."""
    found = Category.objects.filter(owner=alice, name__holds="food")
    ask("reports/views.py", "found", found=found)
    assert GUARD.found == []

    if connection.vendor == "postgresql" and not has_citus(connection):
        ask("reports/views.py", "[found.update(group='Living')]", found=found)
        ask("reports/views.py", "found.delete()", found=found)
    else:
        for sql in ("UPDATE rows SET a = 1 WHERE (TEXTSEND(b) = %s)", "DELETE FROM rows WHERE TEXTSEND(b) = %s"):
            ask("reports/views.py", "look(connection, sql) or ()", look=GUARD._look, connection=connection, sql=sql)
    assert [(one.sender, one.tables) for one in GUARD.found] == 2 * [("reports/views.py:view", ())]
    assert "look its keys up" in str(GUARD.found[0])
    GUARD.found.clear()


def test_what_may_ask_across_owners_is_there() -> None:
    for allowed in ALLOWED:
        path, _colon, rest = allowed.partition(":")
        file = (Path(django.__file__).parent.parent if path.startswith("django/") else settings.BASE_DIR) / path
        assert re.search(rf"def {rest.split(' ')[0]}\b", file.read_text()), allowed
